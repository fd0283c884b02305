//! API keys: who may create links where the door is closed, and manage the links of an owner.
//!
//! The operator creates keys with `shortlink keys`. The secret is shown once; the table contains its digest only.

use std::fmt;

use thiserror::Error;

use crate::domain::clock::Timestamp;
use crate::domain::permissions::Permissions;
use crate::domain::secret::{Kind, Secret};

/// What every key begins with.
pub const PREFIX: &str = "sl_";

/// The maximum length of the name of a key or an owner, in characters.
pub const MAX_NAME_LENGTH: usize = 64;

/// The kind of an API key.
#[derive(Debug)]
pub struct ApiKeyKind;

impl Kind for ApiKeyKind {
    const NAME: &'static str = "ApiKey";
    const PREFIX: &'static str = PREFIX;
}

/// The secret of an API key.
pub type ApiKey = Secret<ApiKeyKind>;

/// What the table knows of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The name, by which the operator revokes the key. It is unique.
    pub name: Name,
    /// What the key allows, and to whom the links belong that are created with it. Several keys may have one owner, so
    /// that one replaces another without losing the links.
    pub permissions: Permissions,
    /// How many links may be created with it on a day, in UTC, at least 1; `None`: any number.
    pub daily_limit: Option<u32>,
    /// When it was created.
    pub created_at: Timestamp,
    /// From this instant on it is not accepted; `None`: it does not expire.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// The name of a key or an owner: 1 to [`MAX_NAME_LENGTH`] characters of `a-z 0-9 . _ @ -`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

/// A string that is not a valid name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("must consist of 1 to {MAX_NAME_LENGTH} characters of a-z 0-9 . _ @ -")]
pub struct InvalidName;

impl KeyRecord {
    /// Whether the key is accepted `now`: it is neither revoked nor expired.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|instant| now < instant)
    }
}

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Name {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let is_valid = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'@' | b'-');
        let is_name = (1..=MAX_NAME_LENGTH).contains(&text.len()) && text.bytes().all(is_valid);
        if is_name { Ok(Self(text.to_owned())) } else { Err(InvalidName) }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_key_is_valid_until_it_expires_or_is_revoked() {
        let at = |seconds| Timestamp::from_unix(seconds).expect("in range");
        let name = "ci".parse::<Name>().expect("a name");
        let permissions = Permissions { owner: (&name).into(), scopes: BTreeSet::new() };
        let key = KeyRecord {
            name,
            permissions,
            daily_limit: None,
            created_at: at(0),
            expires_at: Some(at(100)),
            revoked_at: None,
        };
        assert!(key.is_valid(at(99)) && !key.is_valid(at(100)));
        assert!(!KeyRecord { revoked_at: Some(at(1)), ..key }.is_valid(at(0)));
    }

    #[test]
    fn names_have_no_separators_of_the_table() {
        for name in ["ci", "a@example.com", "web_2-b.c"] {
            assert!(name.parse::<Name>().is_ok(), "{name}");
        }
        for name in ["", "a#b", "A", "a b", &"a".repeat(65)] {
            assert!(name.parse::<Name>().is_err(), "{name}");
        }
    }
}
