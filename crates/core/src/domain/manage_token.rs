//! Management tokens: whoever has the token of a link may change and withdraw the link.
//!
//! The creator gets the token in the response and nowhere else. The table contains its digest only, so neither a backup
//! nor a log reveals it.

use sha2::{Digest, Sha256};

use crate::domain::idempotency_key::IdempotencyKey;
use crate::domain::secret::{Kind, Secret};

/// The kind of a management token.
#[derive(Debug)]
pub struct ManageTokenKind;

impl Kind for ManageTokenKind {
    const NAME: &'static str = "ManageToken";
    const PREFIX: &'static str = PREFIX;
}

/// What every token begins with.
pub const PREFIX: &str = "slm_";

/// A management token.
pub type ManageToken = Secret<ManageTokenKind>;

impl ManageToken {
    /// The token of a link that was created with an idempotency key, so that a repeated request gets it again. `secret`
    /// is random for each creation and never leaves the table: whoever has the key, but neither the table nor the
    /// request, cannot compute the token. The key must be [unguessable](IdempotencyKey::is_unguessable).
    pub fn derived(key: &IdempotencyKey, secret: &str) -> Self {
        let digest = Sha256::digest(format!("manage token\n{secret}\n{}", key.as_str()));
        Self::from_bytes(&digest)
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
        assert_eq!(token.as_str().len(), PREFIX.len() + 64, "256 bits in hexadecimal");
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
