//! Links, and their items in the table.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::clock::Timestamp;
use crate::code::Code;
use crate::target::Target;

/// The attributes of the table's items: the one place where they are named.
///
/// A link is one item. Items that are not links bear a [`CODE`](attribute::CODE) with a character that no code has.
pub mod attribute {
    /// S, the partition key: the code as in the path.
    pub const CODE: &str = "shortCode";
    /// S: the target.
    pub const TARGET: &str = "originalUrl";
    /// N, Unix seconds: when the link was made.
    pub const CREATED_AT: &str = "createdAt";
    /// N, Unix seconds: from then on the link answers 410. Absent: never.
    pub const EXPIRES_AT: &str = "expiresAt";
    /// N, Unix seconds: the table's TTL attribute. From then on DynamoDB may delete the item.
    pub const PURGE_AT: &str = "purgeAt";
    /// S, 16 hexadecimal digits drawn for each creation. A put that is repeated because its answer was
    /// lost finds its own item in its way, and knows it by this.
    pub const WRITE_ID: &str = "writeId";
    /// N: how often the link has been followed.
    pub const HITS: &str = "hits";
    /// N, Unix seconds: when it was last followed.
    pub const LAST_HIT_AT: &str = "lastHitAt";
    /// S, of an item of [`crate::reuse`]: the code of the link to give again.
    pub const REUSE_CODE: &str = "reuseCode";
}

/// An item as the SDK has it.
pub type Item = HashMap<String, AttributeValue>;

/// A short link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its code.
    pub code: Code,
    /// Where it leads.
    pub target: Target,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it answers 410; `None`: never.
    pub expires_at: Option<Timestamp>,
    /// How often it has been followed.
    pub hits: u64,
    /// When it was last followed.
    pub last_hit_at: Option<Timestamp>,
}

impl Link {
    /// A link that nobody has followed yet.
    pub fn new(code: Code, target: Target, created_at: Timestamp, expires_at: Option<Timestamp>) -> Self {
        Self { code, target, created_at, expires_at, hits: 0, last_hit_at: None }
    }

    /// Whether it no longer leads anywhere. The clock decides, not whether DynamoDB has deleted the item
    /// yet: that takes it up to days.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|instant| instant <= now)
    }

    /// The link's item: `purge_after` is how many seconds it stays after its expiry.
    pub fn to_item(&self, write_id: &str, purge_after: i64) -> Item {
        let mut item = Item::from([
            (attribute::CODE.to_owned(), AttributeValue::S(self.code.to_string())),
            (attribute::TARGET.to_owned(), AttributeValue::S(self.target.to_string())),
            (attribute::CREATED_AT.to_owned(), number(self.created_at.unix())),
            (attribute::WRITE_ID.to_owned(), AttributeValue::S(write_id.to_owned())),
        ]);
        if let Some(expires_at) = self.expires_at {
            item.insert(attribute::EXPIRES_AT.to_owned(), number(expires_at.unix()));
            item.insert(attribute::PURGE_AT.to_owned(), number(expires_at.unix().saturating_add(purge_after)));
        }
        item
    }

    /// The link of an item, or the name of the attribute that is missing or not of its type.
    pub(crate) fn from_item(mut item: Item) -> Result<Self, &'static str> {
        let mut text = |name: &'static str| match item.remove(name) {
            Some(AttributeValue::S(text)) => Ok(text),
            _ => Err(name),
        };
        let code = Code::parse(&text(attribute::CODE)?).map_err(|_| attribute::CODE)?;
        let target = Target::from_stored(text(attribute::TARGET)?).ok_or(attribute::TARGET)?;
        let instant = |name: &'static str| match item.get(name) {
            None => Ok(None),
            Some(AttributeValue::N(digits)) => digits.parse().ok().and_then(Timestamp::from_unix).map(Some).ok_or(name),
            Some(_) => Err(name),
        };
        Ok(Self {
            code,
            target,
            created_at: instant(attribute::CREATED_AT)?.ok_or(attribute::CREATED_AT)?,
            expires_at: instant(attribute::EXPIRES_AT)?,
            hits: match item.get(attribute::HITS) {
                None => 0,
                Some(AttributeValue::N(digits)) => digits.parse().map_err(|_| attribute::HITS)?,
                Some(_) => return Err(attribute::HITS),
            },
            last_hit_at: instant(attribute::LAST_HIT_AT)?,
        })
    }
}

/// A number as DynamoDB takes it.
pub(crate) fn number(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> Link {
        Link::new(
            Code::parse("abc").expect("a code"),
            Target::parse("https://example.com/", &[]).expect("a target"),
            Timestamp::from_unix(100).expect("in range"),
            Timestamp::from_unix(200),
        )
    }

    #[test]
    fn an_item_becomes_the_same_link() {
        assert_eq!(Link::from_item(link().to_item("0", 50)), Ok(link()));
        let eternal = Link { expires_at: None, ..link() };
        assert_eq!(Link::from_item(eternal.to_item("0", 50)), Ok(eternal));
    }

    #[test]
    fn a_broken_item_is_an_error_that_names_the_attribute() {
        for name in [attribute::CODE, attribute::TARGET, attribute::CREATED_AT] {
            let mut item = link().to_item("0", 50);
            item.remove(name);
            assert_eq!(Link::from_item(item), Err(name));
        }
        let mut item = link().to_item("0", 50);
        item.insert(attribute::TARGET.to_owned(), AttributeValue::S("javascript:alert(1)".to_owned()));
        assert_eq!(Link::from_item(item), Err(attribute::TARGET));
    }

    #[test]
    fn a_link_expires_at_its_instant() {
        assert!(!link().is_expired(Timestamp::from_unix(199).expect("in range")));
        assert!(link().is_expired(Timestamp::from_unix(200).expect("in range")));
    }
}
