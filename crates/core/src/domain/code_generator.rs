//! Random codes, ids and tokens for new links.

use std::sync::{Arc, Mutex, PoisonError};

use rand::{Rng, RngExt};

use crate::domain::code::Code;
use crate::domain::manage_token::ManageToken;

/// How many codes of one length are tried before the length grows.
pub const ATTEMPTS_PER_LENGTH: usize = 5;

/// By how many characters a code may be longer than configured. Even in a code space that is 99 % full, 5 codes of 7
/// characters and 5 of 8 are all taken once in 7 × 10^7 links.
pub const EXTRA_LENGTH: usize = 3;

/// Generates codes of a configured length from a random source. Clones share the source.
#[derive(Clone)]
pub struct CodeGenerator {
    length: usize,
    rng: Arc<Mutex<dyn Rng + Send>>,
}

impl CodeGenerator {
    /// Generates codes of `length` characters with `rng`.
    pub fn new(length: usize, rng: impl Rng + Send + 'static) -> Self {
        Self { length, rng: Arc::new(Mutex::new(rng)) }
    }

    /// Generates codes of `length` characters with the operating system's random source.
    pub fn from_os_rng(length: usize) -> Self {
        Self::new(length, rand::rand_core::UnwrapErr(rand::rngs::SysRng))
    }

    /// The codes to try for one link: [`ATTEMPTS_PER_LENGTH`] of the configured length, then as many of each of the
    /// next [`EXTRA_LENGTH`] lengths.
    pub fn candidates(&self) -> impl Iterator<Item = Code> {
        (self.length..=self.length + EXTRA_LENGTH)
            .flat_map(|length| std::iter::repeat_n(length, ATTEMPTS_PER_LENGTH))
            .map(|length| self.with_rng(|rng| Code::random(length, rng)))
    }

    /// A random id for one write: 16 hexadecimal digits.
    pub fn write_id(&self) -> String {
        self.with_rng(random_id)
    }

    /// A random management token.
    pub fn manage_token(&self) -> ManageToken {
        self.with_rng(|rng| ManageToken::random(rng))
    }

    fn with_rng<T>(&self, generate: impl FnOnce(&mut (dyn Rng + Send)) -> T) -> T {
        generate(&mut *self.rng.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A random id: 16 hexadecimal digits.
pub(crate) fn random_id(rng: &mut (dyn Rng + Send)) -> String {
    format!("{:016x}", rng.random::<u64>())
}

impl std::fmt::Debug for CodeGenerator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CodeGenerator").field("length", &self.length).finish_non_exhaustive()
    }
}
