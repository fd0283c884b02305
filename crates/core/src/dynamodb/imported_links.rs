//! The items of links that were imported from another shortener.

use aws_sdk_dynamodb::types::AttributeValue;
use sha2::{Digest, Sha256};

use crate::domain::clock::Timestamp;
use crate::domain::labels::Labels;
use crate::domain::link::Link;
use crate::domain::owner::Owner;
use crate::domain::visit::month_of;
use crate::dynamodb::item_json::JsonItem;
use crate::dynamodb::items::{Item, attribute, instant, label_attributes, number, text};
use crate::dynamodb::visit_items;

/// A link as it is imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedLink {
    /// The link.
    pub link: Link,
    /// To whom it belongs.
    pub owner: Option<Owner>,
    /// What its owner calls it.
    pub labels: Labels,
    /// The number of its visits at its source; `None`: not known.
    pub visits: Option<u64>,
    /// The format of the source, and the host of the short URL there, if that is known.
    pub imported_from: String,
    /// The id of the import.
    pub import_id: String,
}

impl ImportedLink {
    /// The item of the link.
    pub fn item(&self) -> Item {
        let Link { code, target, created_at, expires_at, withdrawn_at, blocked_at, purge_at } = &self.link;
        let instant = |instant: &Option<Timestamp>| instant.map(|instant| number(instant.unix()));
        let mut attributes = vec![
            (attribute::CODE, Some(AttributeValue::S(code.to_string()))),
            (attribute::TARGET, Some(AttributeValue::S(target.to_string()))),
            (attribute::CREATED_AT, Some(number(created_at.unix()))),
            (attribute::EXPIRES_AT, instant(expires_at)),
            (attribute::WITHDRAWN_AT, instant(withdrawn_at)),
            (attribute::BLOCKED_AT, instant(blocked_at)),
            (attribute::PURGE_AT, instant(purge_at)),
            (attribute::OWNER, self.owner.as_ref().map(|owner| AttributeValue::S(owner.to_string()))),
            (attribute::IMPORTED_FROM, Some(AttributeValue::S(self.imported_from.clone()))),
            (attribute::IMPORT_ID, Some(AttributeValue::S(self.import_id.clone()))),
        ];
        attributes.extend(label_attributes(&self.labels));
        let mut item: Item =
            attributes.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        let digest = digest(&item);
        item.insert(attribute::IMPORT_DIGEST.to_owned(), AttributeValue::S(digest));
        item
    }

    /// The item with the total of its visits, if that is known and there are any. `existing` is the link's item, if an
    /// earlier run of the same import has put it; `now` is when visits begin to be counted here.
    pub fn visits_item(&self, existing: Option<&Item>, now: Timestamp) -> Option<Item> {
        let hits = self.visits.filter(|hits| *hits > 0)?;
        let created_at = existing.and_then(|item| instant(item, attribute::CREATED_AT).ok().flatten());
        let link = Link { created_at: created_at.unwrap_or(self.link.created_at), ..self.link.clone() };
        let today = now.date();
        Some(visit_items::imported_total(&link, month_of(&today)?, hits, &self.import_id))
    }
}

/// Whether an import with this id has put the item.
pub fn is_of_import(item: &Item, import_id: &str) -> bool {
    text(item, attribute::IMPORT_ID) == Some(import_id)
}

/// Whether the item of a link is as it was imported, to the byte.
pub fn is_as_imported(item: &Item) -> bool {
    text(item, attribute::IMPORT_DIGEST).is_some_and(|stored| stored == digest(item))
}

/// The code of the link whose visits the item with this key counts; `None` if it counts none, a month that has ended, or
/// another region.
pub fn visited_code(key: &str) -> Option<&str> {
    key.strip_prefix("visits#").filter(|code| !code.contains(['#', '@']))
}

/// The first 16 hexadecimal digits of the SHA-256 digest of an item in DynamoDB's JSON, without the digest itself and without
/// the checksum of an embedded table.
fn digest(item: &Item) -> String {
    let mut item = item.clone();
    item.remove(attribute::IMPORT_DIGEST);
    item.remove(attribute::CHECKSUM);
    let json = serde_json::to_string(&JsonItem::from(item)).unwrap_or_default();
    Sha256::digest(json).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::code::Code;
    use crate::domain::target::Target;

    #[test]
    fn every_change_of_an_imported_item_is_noticed() {
        let target = Target::parse("https://example.com/", &[]).expect("a target");
        let link = Link::new(Code::parse("1").expect("a code"), target, Timestamp::UNKNOWN, None);
        let imported = ImportedLink {
            link,
            owner: Owner::parse("web").ok(),
            labels: Labels::default(),
            visits: Some(7),
            imported_from: "csv".to_owned(),
            import_id: "0123456789abcdef".to_owned(),
        };
        let item = imported.item();
        assert!(is_as_imported(&item) && is_of_import(&item, &imported.import_id) && !is_of_import(&item, "0"));
        for name in item.keys() {
            let mut changed = item.clone();
            changed.insert(name.clone(), AttributeValue::S("other".to_owned()));
            assert!(!is_as_imported(&changed), "{name}");
        }
        let added = Item::from([(attribute::VERSION.to_owned(), number(1))]);
        assert!(!is_as_imported(&item.clone().into_iter().chain(added).collect()));
        let checked = Item::from([(attribute::CHECKSUM.to_owned(), AttributeValue::S("0".to_owned()))]);
        assert!(is_as_imported(&item.into_iter().chain(checked).collect()));
        let none = ImportedLink { visits: Some(0), ..imported };
        assert_eq!(none.visits_item(None, Timestamp::UNKNOWN), None);
    }
}
