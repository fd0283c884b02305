//! The secret by which a CDN in front of the service proves itself.

use std::fmt;

use http::HeaderMap;
use sha2::{Digest, Sha256};

use crate::config::{ConfigError, Environment};

/// The header in which the CDN sends the secret.
pub const HEADER: &str = "x-shortlink-edge";

/// The secret. Headers that a CDN adds, such as the visitor's country, can be trusted only if it is sent with them.
#[derive(Clone, PartialEq, Eq)]
pub struct EdgeKey {
    /// Digests are compared instead of the secrets themselves, so that the time of a comparison reveals nothing.
    digest: [u8; 32],
}

impl EdgeKey {
    /// `EDGE_KEY`: the secret that a CDN or proxy in front of the service sends in the header `x-shortlink-edge`, 16 to 128
    /// letters, digits, `_` or `-`. Both functions read this variable.
    ///
    /// # Errors
    ///
    /// The value has another form.
    pub fn read(environment: &Environment<'_>) -> Result<Option<Self>, ConfigError> {
        const VARIABLE: &str = "EDGE_KEY";
        let Some(text) = environment.text(VARIABLE) else { return Ok(None) };
        // The message does not repeat the value, because it is a secret.
        let error = || ConfigError::new(VARIABLE, "must be 16 to 128 letters, digits, _ or -");
        Self::parse(&text).map(Some).ok_or_else(error)
    }

    /// Parses a secret: 16 to 128 letters, digits, `_` or `-`.
    pub fn parse(secret: &str) -> Option<Self> {
        let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let is_key = (16..=128).contains(&secret.len()) && secret.bytes().all(is_valid);
        is_key.then(|| Self { digest: Sha256::digest(secret).into() })
    }

    /// Whether a request with these headers comes from the CDN: the header occurs once and contains the secret.
    pub fn is_in(&self, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(HEADER).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => <[u8; 32]>::from(Sha256::digest(value.as_bytes())) == self.digest,
            _ => false,
        }
    }
}

impl fmt::Debug for EdgeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EdgeKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_is_recognised_if_it_is_sent_once() {
        let key = EdgeKey::parse("0123456789abcdef").expect("a key");
        let is_in = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(HEADER, http::HeaderValue::from_static(value));
            }
            key.is_in(&headers)
        };
        assert!(is_in(&["0123456789abcdef"]));
        for others in [&[][..], &[""], &["0123456789abcde"], &["0123456789abcdef", "0123456789abcdef"]] {
            assert!(!is_in(others), "{others:?}");
        }
    }

    #[test]
    fn short_keys_and_other_characters_are_rejected() {
        for secret in
            ["", "0123456789abcde", "0123456789abcde\n", "0123456789 abcdef", "0123456789abcdeü", &"a".repeat(129)]
        {
            assert_eq!(EdgeKey::parse(secret), None, "{secret:?}");
        }
        for secret in ["0123456789_-abcd", &"a".repeat(128)] {
            assert!(EdgeKey::parse(secret).is_some(), "{secret:?}");
        }
    }
}
