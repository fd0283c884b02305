//! Management tokens: whoever has the token of a link may change and withdraw the link.
//!
//! The creator gets the token in the response and nowhere else. The table contains its digest only, so neither a backup
//! nor a log reveals it.

use std::fmt;

use rand::Rng;
use sha2::{Digest, Sha256};

use crate::domain::idempotency_key::IdempotencyKey;
use crate::domain::secret;

/// What every token begins with, by which people and secret scanners recognise it.
pub const PREFIX: &str = "slm_";

/// A management token: [`PREFIX`] and 64 hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct ManageToken(String);

impl ManageToken {
    /// A random token.
    pub fn random(rng: &mut (impl Rng + ?Sized)) -> Self {
        Self(secret::random(PREFIX, rng))
    }

    /// The token of a link that was created with an idempotency key, so that a repeated request gets it again. `secret`
    /// is random for each creation and never leaves the table: whoever has the key, but neither the table nor the
    /// request, cannot compute the token. The key must be [unguessable](IdempotencyKey::is_unguessable).
    pub fn derived(key: &IdempotencyKey, secret: &str) -> Self {
        let digest = Sha256::digest(format!("manage token\n{secret}\n{}", key.as_str()));
        Self(secret::from_bytes(PREFIX, &digest))
    }

    /// Parses a token.
    pub fn parse(text: &str) -> Option<Self> {
        secret::is_secret(PREFIX, text).then(|| Self(text.to_owned()))
    }

    /// What the table stores: the SHA-256 digest, in hexadecimal.
    pub fn digest(&self) -> String {
        secret::digest(&self.0)
    }

    /// The token as text, for the response to its creator.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Shows nothing of the token.
impl fmt::Debug for ManageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ManageToken")
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    use super::*;

    #[test]
    fn a_token_is_parsed_as_it_is_written() {
        let token = ManageToken::random(&mut Xoshiro256PlusPlus::seed_from_u64(1));
        assert_eq!(ManageToken::parse(token.as_str()), Some(token.clone()));
        assert_eq!(format!("{token:?}"), "ManageToken");
        for text in ["", "slm_", &token.as_str()[1..], &format!("{}0", token.as_str()), &token.as_str().to_uppercase()]
        {
            assert_eq!(ManageToken::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_derived_token_depends_on_the_key_and_the_secret() {
        let derived = |key: &[u8], secret| ManageToken::derived(&IdempotencyKey::parse(key).expect("a key"), secret);
        assert_eq!(derived(b"1", "a"), derived(b"1", "a"));
        assert_ne!(derived(b"1", "a"), derived(b"2", "a"));
        assert_ne!(derived(b"1", "a"), derived(b"1", "b"));
    }
}
