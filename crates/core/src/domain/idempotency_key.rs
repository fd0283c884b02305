//! Idempotency keys: a client that repeats a request with the same key gets the same link.
//!
//! The header is that of the IETF draft `draft-ietf-httpapi-idempotency-key-header`, and of Stripe's API.

use thiserror::Error;

/// The maximum length of a key, in characters: Stripe's limit.
pub const MAX_KEY_LENGTH: usize = 255;

/// The length of a key that can contain 128 random bits, in characters of base64.
const UNGUESSABLE_LENGTH: usize = 22;

/// For how long a key is remembered, in seconds: a day.
pub const KEY_LIFETIME_SECONDS: i64 = 86_400;

/// A key: 1 to [`MAX_KEY_LENGTH`] printable ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// A string that is not a valid idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("must consist of 1 to {MAX_KEY_LENGTH} printable ASCII characters, such as a random UUID")]
pub struct InvalidIdempotencyKey;

impl IdempotencyKey {
    /// Parses the value of the header: a string in quotes, as in the IETF draft, or without quotes, as Stripe has it.
    ///
    /// # Errors
    ///
    /// [`InvalidIdempotencyKey`].
    pub fn parse(value: &[u8]) -> Result<Self, InvalidIdempotencyKey> {
        let text = str::from_utf8(value).map_err(|_| InvalidIdempotencyKey)?.trim_ascii();
        let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
        let is_printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if text.is_empty() || text.len() > MAX_KEY_LENGTH || !is_printable {
            return Err(InvalidIdempotencyKey);
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether the key is long enough to contain 128 random bits, as a UUID nearly does. Whoever knows a key and the
    /// request gets the same response, so only such a key may lead to a management token.
    pub fn is_unguessable(&self) -> bool {
        self.0.len() >= UNGUESSABLE_LENGTH
    }

    /// The key of one of several things that a request asks for, by its position.
    pub fn of_item(&self, index: usize) -> Self {
        Self(format!("{}#{index}", self.0))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_optional() {
        let key = |text: &str| IdempotencyKey::parse(text.as_bytes()).map(|key| key.as_str().to_owned());
        for (text, expected) in
            [("8e03978e-40d5", "8e03978e-40d5"), ("\"8e03978e-40d5\"", "8e03978e-40d5"), (" a b ", "a b"), ("\"", "\"")]
        {
            assert_eq!(key(text).as_deref(), Ok(expected), "{text}");
        }
        for text in ["", " ", "\"\"", "é", "a\tb", &"x".repeat(256)] {
            assert_eq!(key(text), Err(InvalidIdempotencyKey), "{text:?}");
        }
        assert_eq!(IdempotencyKey::parse(&[0xff]), Err(InvalidIdempotencyKey));
    }
}
