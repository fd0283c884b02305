//! API keys: who may create links where the door is closed, and manage the links of an owner.
//!
//! The operator creates keys with `shortlink keys`. The secret is shown once; the table contains its digest only.

use std::collections::BTreeSet;
use std::fmt;

use thiserror::Error;

use crate::domain::clock::Timestamp;
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
    /// To whom the links belong that are created with the key. Several keys may have one owner, so that one replaces
    /// another without losing the links.
    pub owner: Name,
    /// What the key allows.
    pub scopes: BTreeSet<Scope>,
    /// When it was created.
    pub created_at: Timestamp,
    /// From this instant on it is not accepted; `None`: it does not expire.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// What a key allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// To create links, and nothing else.
    Create,
    /// To read the links of its owner.
    Read,
    /// To create links, and to read, change and withdraw those of its owner.
    Own,
    /// To create links, and to read, change and withdraw those of anybody.
    Admin,
}

/// The name of a key or an owner: 1 to [`MAX_NAME_LENGTH`] characters of `a-z 0-9 . _ @ -`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

/// A string that is not a valid name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("must consist of 1 to {MAX_NAME_LENGTH} characters of a-z 0-9 . _ @ -")]
pub struct InvalidName;

/// A string that is not a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("must be create, read, own or admin")]
pub struct InvalidScope;

impl KeyRecord {
    /// Whether the key is accepted `now`: it is neither revoked nor expired.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|instant| now < instant)
    }

    /// Whether the key allows creating links.
    pub fn may_create(&self) -> bool {
        [Scope::Create, Scope::Own, Scope::Admin].iter().any(|scope| self.scopes.contains(scope))
    }

    /// Whether the key allows reading any links.
    pub fn may_read_links(&self) -> bool {
        self.may_read(Some(self.owner.as_str()))
    }

    /// Whether the key allows changing and withdrawing any links.
    pub fn may_change_links(&self) -> bool {
        self.may_change(Some(self.owner.as_str()))
    }

    /// Whether the key allows reading a link of `owner`.
    pub fn may_read(&self, owner: Option<&str>) -> bool {
        self.may_change(owner) || (self.scopes.contains(&Scope::Read) && owner == Some(self.owner.as_str()))
    }

    /// Whether the key allows changing and withdrawing a link of `owner`.
    pub fn may_change(&self, owner: Option<&str>) -> bool {
        let is_owner = owner == Some(self.owner.as_str());
        self.scopes.contains(&Scope::Admin) || (self.scopes.contains(&Scope::Own) && is_owner)
    }
}

impl Scope {
    /// Every scope, with its name.
    pub const ALL: &[(Self, &str)] =
        &[(Self::Create, "create"), (Self::Read, "read"), (Self::Own, "own"), (Self::Admin, "admin")];

    /// The name, as in the table and on the command line.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(scope, _)| *scope == self).map_or("", |(_, name)| name)
    }
}

impl std::str::FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(scope, _)| *scope).ok_or(InvalidScope)
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
    use super::*;

    fn key(scopes: &[Scope]) -> KeyRecord {
        let name = |text: &str| text.parse::<Name>().expect("a name");
        let at = |seconds| Timestamp::from_unix(seconds).expect("in range");
        KeyRecord {
            name: name("ci"),
            owner: name("web"),
            scopes: scopes.iter().copied().collect(),
            created_at: at(0),
            expires_at: Some(at(100)),
            revoked_at: None,
        }
    }

    #[test]
    fn scopes_allow_what_they_say() {
        let allowed = |scopes: &[Scope]| {
            let key = key(scopes);
            let owners = [Some("web"), Some("other"), None];
            let (reads, changes) = (owners.map(|owner| key.may_read(owner)), owners.map(|owner| key.may_change(owner)));
            (key.may_create(), reads, changes)
        };
        assert_eq!(allowed(&[]), (false, [false; 3], [false; 3]));
        assert_eq!(allowed(&[Scope::Create]), (true, [false; 3], [false; 3]));
        assert_eq!(allowed(&[Scope::Read]), (false, [true, false, false], [false; 3]));
        assert_eq!(allowed(&[Scope::Own]), (true, [true, false, false], [true, false, false]));
        assert_eq!(allowed(&[Scope::Admin]), (true, [true; 3], [true; 3]));
    }

    #[test]
    fn a_key_is_valid_until_it_expires_or_is_revoked() {
        let at = |seconds| Timestamp::from_unix(seconds).expect("in range");
        let key = key(&[]);
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
