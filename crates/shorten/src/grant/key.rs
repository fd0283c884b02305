//! The grant key: the secret that signs grants.
//!
//! There are at most two keys at a time, so that the operator can replace one: the current key signs, and the previous
//! one still verifies the grants that it has signed.

use hmac::digest::{Key, KeyInit};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use shortlink_core::domain::secret::{Kind, Secret};
use thiserror::Error;

/// What every key begins with.
pub const PREFIX: &str = "slk_";

/// The number of hexadecimal digits of a key's id.
const ID_LENGTH: usize = 8;

/// What the signed text begins with, so that a signature is valid for nothing else that may be signed with the key.
const DOMAIN: &[u8] = b"shortlink grant\n";

/// The kind of a grant key.
#[derive(Debug)]
pub struct GrantKeyKind;

impl Kind for GrantKeyKind {
    const NAME: &'static str = "GrantKey";
    const PREFIX: &'static str = PREFIX;
}

/// A secret that signs grants.
pub type GrantKey = Secret<GrantKeyKind>;

/// The keys that are in use. `Debug` shows nothing of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantKeys {
    current: GrantKey,
    previous: Option<GrantKey>,
}

/// A text that does not consist of one or two keys. The message does not contain the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("must contain one grant key, or the current and the previous one, each {PREFIX} and 64 hexadecimal digits")]
pub struct InvalidGrantKeys;

impl GrantKeys {
    /// A key without a previous one.
    pub fn new(current: GrantKey) -> Self {
        Self { current, previous: None }
    }

    /// Parses the current key and the previous one, if there is one, separated by white space.
    ///
    /// # Errors
    ///
    /// [`InvalidGrantKeys`].
    pub fn parse(text: &str) -> Result<Self, InvalidGrantKeys> {
        let keys: Vec<_> = text.split_ascii_whitespace().map(GrantKey::parse).collect();
        match keys.as_slice() {
            [Some(current)] => Ok(Self::new(current.clone())),
            [Some(current), Some(previous)] => Ok(Self { current: current.clone(), previous: Some(previous.clone()) }),
            _ => Err(InvalidGrantKeys),
        }
    }

    /// The keys as text, which [`parse`](Self::parse) reads.
    pub fn to_text(&self) -> String {
        let previous = self.previous.as_ref().map(|key| format!("{}\n", key.as_str())).unwrap_or_default();
        format!("{}\n{previous}", self.current.as_str())
    }

    /// These keys after `key` has replaced the current one, which becomes the previous one. The previous one is dropped.
    pub fn replaced_by(self, key: GrantKey) -> Self {
        Self { current: key, previous: Some(self.current) }
    }

    /// The key that signs.
    pub fn current(&self) -> &GrantKey {
        &self.current
    }

    /// The key with this id.
    pub fn find(&self, id: &str) -> Option<&GrantKey> {
        std::iter::once(&self.current).chain(&self.previous).find(|key| key_id(key) == id)
    }
}

/// The id of a key: the beginning of a digest, which reveals nothing about the key.
pub fn key_id(key: &GrantKey) -> String {
    let digest = format!("{:x}", Sha256::digest(format!("shortlink grant key id\n{}", key.as_str())));
    digest.chars().take(ID_LENGTH).collect()
}

/// The signature of a text: HMAC-SHA-256. Its `verify_slice` takes the same time whatever the signature is.
pub(super) fn signature(key: &GrantKey, text: &str) -> Hmac<Sha256> {
    // The digits of a key are as long as a block of SHA-256, 64 bytes, so none are lost.
    let mut block = Key::<Hmac<Sha256>>::default();
    let digits = key.as_str().bytes().skip(PREFIX.len());
    block.iter_mut().zip(digits).for_each(|(byte, digit)| *byte = digit);
    <Hmac<Sha256> as KeyInit>::new(&block).chain_update(DOMAIN).chain_update(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_key_still_verifies_and_the_one_before_does_not() {
        let key = |digit: &str| GrantKey::parse(&format!("{PREFIX}{}", digit.repeat(64))).expect("a key");
        let keys = GrantKeys::new(key("1")).replaced_by(key("2")).replaced_by(key("3"));
        assert_eq!(keys.current(), &key("3"));
        assert_eq!(keys.find(&key_id(&key("2"))), Some(&key("2")));
        assert_eq!(keys.find(&key_id(&key("1"))), None);
        assert_eq!(GrantKeys::parse(&keys.to_text()), Ok(keys.clone()));
        assert!(!format!("{keys:?}").contains("22"));
        for text in ["", "slk_1", &format!("{} {} {}", key("1").as_str(), key("2").as_str(), key("3").as_str())] {
            assert_eq!(GrantKeys::parse(text), Err(InvalidGrantKeys), "{text}");
        }
    }

    /// The signature is that of HMAC-SHA-256 (RFC 2104) over the domain and the text, as other programs compute it.
    #[test]
    fn a_signature_is_hmac_sha_256() {
        let key = GrantKey::parse(&format!("{PREFIX}{}", "0".repeat(64))).expect("a key");
        let same = <Hmac<Sha256> as Mac>::new_from_slice("0".repeat(64).as_bytes()).expect("any length is valid");
        let same = same.chain_update("shortlink grant\ntext").finalize().into_bytes();
        assert_eq!(signature(&key, "text").finalize().into_bytes(), same);
    }
}
