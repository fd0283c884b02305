//! The kinds of items, by their keys. [`items`](crate::dynamodb::items) describes them.

use crate::dynamodb::items::{HOST_RULES_KEY, Item, attribute, text};

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemKind {
    /// A link.
    Link,
    /// The visits of a link: those of the current month and the total, or those of a month that has ended.
    Visits,
    /// An entry of a link's history.
    History,
    /// An API key, its name, or its last use.
    ApiKey,
    /// The hosts that the operator lists.
    Hosts,
    /// What the service needs for a while: an entry for deduplication or idempotency, or a count of created links.
    Entry,
    /// An item that this program has not written and does not know.
    Unknown,
}

impl ItemKind {
    /// The kind of an item.
    pub fn of(item: &Item) -> Self {
        let key = text(item, attribute::CODE).unwrap_or_default();
        let Some((prefix, _)) = key.split_once('#') else {
            return if item.contains_key(attribute::TARGET) { Self::Link } else { Self::Unknown };
        };
        match prefix {
            "visits" => Self::Visits,
            "history" => Self::History,
            "key" | "keyname" | "keyuse" => Self::ApiKey,
            "reuse" | "idempotency" | "limit" => Self::Entry,
            _ if key == HOST_RULES_KEY => Self::Hosts,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;

    #[test]
    fn the_key_tells_the_kind() {
        let item = |key: &str| Item::from([(attribute::CODE.to_owned(), AttributeValue::S(key.to_owned()))]);
        for (key, kind) in [
            ("visits#abc", ItemKind::Visits),
            ("visits#abc#2030-01", ItemKind::Visits),
            ("history#abc#1", ItemKind::History),
            ("key#00", ItemKind::ApiKey),
            ("keyname#ci", ItemKind::ApiKey),
            ("keyuse#00", ItemKind::ApiKey),
            ("hosts#", ItemKind::Hosts),
            ("hosts#other", ItemKind::Unknown),
            ("reuse#00", ItemKind::Entry),
            ("limit#key#ci", ItemKind::Entry),
            ("abc", ItemKind::Unknown),
            ("users#abc", ItemKind::Unknown),
        ] {
            assert_eq!(ItemKind::of(&item(key)), kind, "{key}");
        }
        let mut link = item("abc");
        link.insert(attribute::TARGET.to_owned(), AttributeValue::S("https://example.com/".to_owned()));
        assert_eq!(ItemKind::of(&link), ItemKind::Link);
    }
}
