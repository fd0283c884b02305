//! Codes: the last part of a short URL, drawn at random or chosen by a client (an alias).
//!
//! There is one parser, [`Code::parse`]: whatever reaches the table as a key has been through it.

use std::fmt;

use rand::Rng;
use thiserror::Error;

/// The characters of drawn codes: ASCII letters and digits without those that are mistaken for each
/// other in print (`1 l I`, `0 O o`, `u v`, `5 S s`, `2 Z`). It is nanoid-dictionary's `nolookalikes`:
/// 49 characters, 5.6 bits each.
pub const ALPHABET: &[u8; 49] = b"346789ABCDEFGHJKLMNPQRTUVWXYabcdefghijkmnpqrtwxyz";

/// The fewest characters of a code.
pub const MIN_LENGTH: usize = 3;

/// The most characters of a code.
pub const MAX_LENGTH: usize = 64;

/// Names that no alias may have, whatever its case: paths of this service, now or one day, and words
/// that would make a link look like a part of it.
pub const RESERVED: &[&str] = &[
    "about",
    "abuse",
    "account",
    "admin",
    "api",
    "app",
    "assets",
    "auth",
    "callback",
    "dashboard",
    "docs",
    "favicon",
    "health",
    "help",
    "home",
    "index",
    "info",
    "link",
    "links",
    "login",
    "logout",
    "me",
    "metrics",
    "new",
    "null",
    "oauth",
    "openapi",
    "ping",
    "preview",
    "privacy",
    "qr",
    "report",
    "robots",
    "root",
    "security",
    "settings",
    "shorten",
    "shortlink",
    "signin",
    "signup",
    "sitemap",
    "static",
    "stats",
    "status",
    "support",
    "terms",
    "undefined",
    "user",
    "users",
    "visits",
    "well-known",
    "www",
];

/// A code: 3 to 64 of `A-Z a-z 0-9 _ -`. Case matters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Code(String);

/// Why a string is not a code, or may not be an alias.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CodeError {
    /// Too short or too long.
    #[error("has {length} characters; use {MIN_LENGTH} to {MAX_LENGTH}")]
    Length {
        /// How many characters it has.
        length: usize,
    },
    /// A character that codes do not have.
    #[error("holds {character:?}; use only letters A-Z a-z, digits 0-9, '_' and '-'")]
    Character {
        /// The first such character.
        character: char,
    },
    /// One of [`RESERVED`].
    #[error("is a name that this service keeps for itself; choose another")]
    Reserved,
}

impl Code {
    /// Reads a code, the only way to get one from outside.
    ///
    /// # Errors
    ///
    /// [`CodeError::Character`] or [`CodeError::Length`].
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if let Some(character) = text.chars().find(|&c| !allowed(c)) {
            return Err(CodeError::Character { character });
        }
        if !(MIN_LENGTH..=MAX_LENGTH).contains(&text.len()) {
            return Err(CodeError::Length { length: text.len() });
        }
        Ok(Self(text.to_owned()))
    }

    /// Reads a code that a client chose for a new link.
    ///
    /// # Errors
    ///
    /// As [`Code::parse`], and [`CodeError::Reserved`].
    pub fn parse_alias(text: &str) -> Result<Self, CodeError> {
        let code = Self::parse(text)?;
        if code.is_reserved() { Err(CodeError::Reserved) } else { Ok(code) }
    }

    /// Draws a code of `length` characters (3 to 64; a length outside is brought inside) from
    /// [`ALPHABET`], each character as likely as any other if `rng` is uniform.
    pub fn draw(length: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        let length = length.clamp(MIN_LENGTH, MAX_LENGTH);
        loop {
            let code = Self(draw_characters(length, rng));
            if !code.is_reserved() {
                return code;
            }
        }
    }

    /// The code as it stands in a path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_reserved(&self) -> bool {
        RESERVED.iter().any(|name| name.eq_ignore_ascii_case(&self.0))
    }
}

/// Draws from bytes, many at once: each call of the operating system's source is a system call. The last few of the 256
/// bytes, which are not enough for the whole alphabet once more, are passed over: no character is likelier.
fn draw_characters(length: usize, rng: &mut (impl Rng + ?Sized)) -> String {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut bytes = [0_u8; 16];
        rng.fill_bytes(&mut bytes);
        let fair = bytes.into_iter().map(usize::from).filter(|byte| *byte < 256 / ALPHABET.len() * ALPHABET.len());
        let drawn = fair.filter_map(|byte| ALPHABET.get(byte % ALPHABET.len()));
        text.extend(drawn.take(length - text.len()).copied().map(char::from));
    }
    text
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alphabet_is_sorted_unique_and_made_of_code_characters() {
        assert!(ALPHABET.is_sorted_by(|a, b| a < b));
        assert!(ALPHABET.iter().all(u8::is_ascii_alphanumeric));
    }

    #[test]
    fn reserved_names_are_refused_in_any_case() {
        assert_eq!(Code::parse_alias("ShOrTeN"), Err(CodeError::Reserved));
        assert!(Code::parse_alias("shortened").is_ok());
    }

    /// A chi-squared test over 490,000 characters: 48 degrees of freedom exceed 101.9 once in 100,000
    /// runs of a fair draw (and a modulo-biased byte exceeds it a hundredfold).
    #[test]
    fn every_character_is_as_likely() {
        let mut rng = rand::rand_core::UnwrapErr(rand::rngs::SysRng);
        let mut seen = [0_u32; 128];
        for _ in 0..10_000 {
            for byte in Code::draw(49, &mut rng).as_str().bytes() {
                seen[usize::from(byte)] += 1;
            }
        }
        let expected = 10_000.0;
        let chi_squared: f64 =
            ALPHABET.iter().map(|&byte| (f64::from(seen[usize::from(byte)]) - expected).powi(2) / expected).sum();
        assert!(chi_squared < 101.9, "chi-squared {chi_squared}");
    }
}
