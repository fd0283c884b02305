//! A position in the list of an owner's links, as a text that a client sends back.

use sha2::{Digest, Sha256};

use crate::domain::clock::Timestamp;
use crate::domain::code::Code;
use crate::domain::owner::Owner;

/// The last link of a page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPosition {
    /// When the link was created. The list is in this order, the latest first.
    pub created_at: Timestamp,
    /// Its code.
    pub code: Code,
}

impl ListPosition {
    /// The cursor of this position in the list of `owner`.
    pub fn to_cursor(&self, owner: &Owner) -> String {
        format!("{}.{}.{}", self.created_at.unix(), self.code, self.check(owner))
    }

    /// The position of a cursor; `None` if it is not one of the list of `owner`.
    pub fn from_cursor(cursor: &str, owner: &Owner) -> Option<Self> {
        let mut parts = cursor.split('.');
        let (created_at, code, check) = (parts.next()?, parts.next()?, parts.next()?);
        let position =
            Self { created_at: Timestamp::from_unix(created_at.parse().ok()?)?, code: Code::parse(code).ok()? };
        (parts.next().is_none() && check == position.check(owner)).then_some(position)
    }

    /// What tells a cursor of this list from others, and from one that was changed. It need not be secret: whoever makes up
    /// a cursor gets another part of the list that they may read anyway.
    fn check(&self, owner: &Owner) -> String {
        let digest = Sha256::digest(format!("list\n{owner}\n{}\n{}", self.created_at.unix(), self.code));
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_belongs_to_one_list() {
        let owner = |text: &str| Owner::parse(text).expect("an owner");
        let position = ListPosition {
            created_at: Timestamp::from_unix(100).expect("in range"),
            code: Code::parse("a-b_c").expect("a code"),
        };
        let cursor = position.to_cursor(&owner("web"));
        assert_eq!(ListPosition::from_cursor(&cursor, &owner("web")), Some(position));
        assert_eq!(ListPosition::from_cursor(&cursor, &owner("other")), None);
        for mangled in ["", ".", "..", &cursor[1..], &cursor[..cursor.len() - 1], &format!("{cursor}."), "100.a-b_c."] {
            assert_eq!(ListPosition::from_cursor(mangled, &owner("web")), None, "{mangled}");
        }
    }
}
