//! A checksum on each link of an embedded table.
//!
//! DynamoDB detects damage by itself. SQLite does not: if a disk changes a few bytes of a page, a link may lead to
//! another target. So each link is stored with a checksum, which is verified whenever the link is read. Links from
//! before there were checksums have none, and are not verified.

use dynoxide::AttributeValue;
use shortlink_core::dynamodb::items::{self, attribute};

use crate::embedded::values::EngineItem;

/// The attributes that determine where a link leads, and until when.
const COVERED: [&str; 3] = [attribute::CODE, attribute::TARGET, attribute::EXPIRES_AT];

/// Adds the checksum to an item if it is a link.
pub(super) fn add(item: &mut EngineItem) {
    if item.contains_key(attribute::TARGET) {
        item.insert(attribute::CHECKSUM.to_owned(), AttributeValue::S(of(item)));
    }
}

/// Whether an item has the checksum that it should have, or none.
pub(super) fn is_intact(item: &EngineItem) -> bool {
    match item.get(attribute::CHECKSUM) {
        None => true,
        Some(AttributeValue::S(stored)) => *stored == of(item),
        Some(_) => false,
    }
}

fn of(item: &EngineItem) -> String {
    let [code, target, expires_at] = COVERED.map(|name| match item.get(name) {
        Some(AttributeValue::S(value) | AttributeValue::N(value)) => value.as_str(),
        _ => "",
    });
    items::checksum(code, target, expires_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_of_a_link_is_detected() {
        let text = |value: &str| AttributeValue::S(value.to_owned());
        let mut link = EngineItem::from([
            (attribute::CODE.to_owned(), text("abc")),
            (attribute::TARGET.to_owned(), text("https://example.com/")),
            (attribute::EXPIRES_AT.to_owned(), AttributeValue::N("100".to_owned())),
        ]);
        assert!(is_intact(&link), "a link from before there were checksums");
        add(&mut link);
        assert!(is_intact(&link));
        for name in COVERED {
            let changed = EngineItem::from_iter([(name.to_owned(), text("101"))]);
            assert!(!is_intact(&link.clone().into_iter().chain(changed).collect()), "{name}");
        }
        link.remove(attribute::EXPIRES_AT);
        assert!(!is_intact(&link));
    }
}
