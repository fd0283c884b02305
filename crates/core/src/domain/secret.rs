//! Secrets that this service issues: a prefix that names the kind, and 64 hexadecimal digits.

use std::fmt;
use std::marker::PhantomData;

use rand::Rng;
use sha2::{Digest, Sha256};

/// The number of random bytes: 256 bits.
const BYTES: usize = 32;

/// A kind of secret.
pub trait Kind {
    /// What `Debug` prints instead of the secret.
    const NAME: &'static str;

    /// What every secret of this kind begins with, by which people and secret scanners recognise it.
    const PREFIX: &'static str;
}

/// A secret of a kind: its [prefix](Kind::PREFIX) and 64 hexadecimal digits.
pub struct Secret<K> {
    text: String,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> Secret<K> {
    /// A random secret. It reads all bytes at once, since each read of the operating system's random source is a system
    /// call.
    pub fn random(rng: &mut (impl Rng + ?Sized)) -> Self {
        let mut bytes = [0_u8; BYTES];
        rng.fill_bytes(&mut bytes);
        Self::from_bytes(&bytes)
    }

    /// Parses a secret.
    pub fn parse(text: &str) -> Option<Self> {
        let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let digits = text.strip_prefix(K::PREFIX)?;
        (digits.len() == 2 * BYTES && digits.bytes().all(is_digit)).then(|| Self::new(text.to_owned()))
    }

    /// What the table stores: the SHA-256 digest, in hexadecimal. The secret has 256 random bits, so a slow digest, as
    /// for passwords, would protect no better.
    pub fn digest(&self) -> String {
        format!("{:x}", Sha256::digest(&self.text))
    }

    /// The secret as text, to be shown once.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The secret with these bytes.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        let mut text = String::with_capacity(K::PREFIX.len() + 2 * BYTES);
        text.push_str(K::PREFIX);
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        text.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)));
        Self::new(text)
    }

    fn new(text: String) -> Self {
        Self { text, kind: PhantomData }
    }
}

impl<K> Clone for Secret<K> {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), kind: PhantomData }
    }
}

impl<K> PartialEq for Secret<K> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<K> Eq for Secret<K> {}

/// Shows nothing of the secret.
impl<K: Kind> fmt::Debug for Secret<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(K::NAME)
    }
}
