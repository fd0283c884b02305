//! To whom a link belongs.
//!
//! An owner is either the name that an operator gave to API keys, or the subject of a token that an identity provider
//! has issued. The two never meet: the owner of a subject begins with [`SUBJECT_PREFIX`], whose colon no name contains.
//! So whoever may choose a subject gets no links of an API key's owner, and the operator can change the door.

use std::fmt;

use thiserror::Error;

use crate::domain::api_key::Name;

/// What the owner of a token's subject begins with.
pub const SUBJECT_PREFIX: &str = "jwt:";

/// The maximum length of a subject, in bytes. OpenID Connect allows 255 ASCII characters.
pub const MAX_SUBJECT_LENGTH: usize = 255;

/// To whom a link belongs: 1 to 259 visible ASCII characters without `#`, which separates the parts of the table's keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner(String);

/// A string that is no owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("must consist of 1 to {MAX_SUBJECT_LENGTH} visible ASCII characters, without #")]
pub struct InvalidOwner;

impl Owner {
    /// The owner that is stored as `text`.
    ///
    /// # Errors
    ///
    /// The text is empty or too long, or has a character that no owner has.
    pub fn parse(text: &str) -> Result<Self, InvalidOwner> {
        let is_valid = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
        let lengths = 1..=SUBJECT_PREFIX.len() + MAX_SUBJECT_LENGTH;
        if lengths.contains(&text.len()) && text.bytes().all(is_valid) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidOwner)
        }
    }

    /// The owner of the links that the subject of a verified token creates.
    ///
    /// # Errors
    ///
    /// The subject is empty or too long, or has a character that no owner has.
    pub fn of_subject(subject: &str) -> Result<Self, InvalidOwner> {
        if subject.is_empty() { Err(InvalidOwner) } else { Self::parse(&format!("{SUBJECT_PREFIX}{subject}")) }
    }

    /// The owner as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&Name> for Owner {
    fn from(name: &Name) -> Self {
        Self(name.to_string())
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_of_the_usual_providers_are_owners() {
        for subject in ["9f1c-4e", "auth0|5f7c", "CN=a,O=b", "https://example.com/a", &"a".repeat(255)] {
            assert_eq!(Owner::of_subject(subject).map(|owner| owner.to_string()), Ok(format!("jwt:{subject}")));
        }
        for subject in ["", "a#b", "a b", "a\n", "ü", &"a".repeat(256)] {
            assert_eq!(Owner::of_subject(subject), Err(InvalidOwner), "{subject}");
        }
    }

    /// The operator may change the door from `key` to `jwt` and back.
    #[test]
    fn no_subject_has_the_owner_of_an_api_key() {
        let name = "web".parse::<Name>().expect("a name");
        assert_ne!(Owner::of_subject("web"), Ok(Owner::from(&name)));
        assert!(format!("{SUBJECT_PREFIX}web").parse::<Name>().is_err(), "no key has the owner of a subject");
    }
}
