//! The form of secrets that this service issues: a prefix that names the kind, and 64 hexadecimal digits.

use rand::Rng;
use sha2::{Digest, Sha256};

/// The number of hexadecimal digits after the prefix: 256 bits.
const DIGITS: usize = 64;

/// A random secret. It reads all bytes at once, since each read of the operating system's random source is a system call.
pub(super) fn random(prefix: &str, rng: &mut (impl Rng + ?Sized)) -> String {
    let mut bytes = [0_u8; DIGITS / 2];
    rng.fill_bytes(&mut bytes);
    from_bytes(prefix, &bytes)
}

/// The secret with these 32 bytes.
pub(super) fn from_bytes(prefix: &str, bytes: &[u8]) -> String {
    let mut text = String::with_capacity(prefix.len() + DIGITS);
    text.push_str(prefix);
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    text.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)));
    text
}

/// Whether a text is a secret of this kind.
pub(super) fn is_secret(prefix: &str, text: &str) -> bool {
    let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.strip_prefix(prefix).is_some_and(|digits| digits.len() == DIGITS && digits.bytes().all(is_digit))
}

/// What the table stores of a secret: the SHA-256 digest, in hexadecimal. The secret has 256 random bits, so a slow
/// digest, as for passwords, would protect no better.
pub(super) fn digest(secret: &str) -> String {
    format!("{:x}", Sha256::digest(secret))
}
