//! Codes: the last segment of a short URL, generated at random or chosen by a client (an alias).
//!
//! [`Code::parse`] is the only parser: the key of every link in the table has passed through it.

use std::fmt;

use rand::Rng;
use thiserror::Error;

/// The characters of generated codes: ASCII letters and digits without those that look alike in print (`1 l I`,
/// `0 O o`, `u v`, `5 S s`, `2 Z`). This is nanoid-dictionary's `nolookalikes`: 49 characters, 5.6 bits each.
pub const ALPHABET: &[u8; 49] = b"346789ABCDEFGHJKLMNPQRTUVWXYabcdefghijkmnpqrtwxyz";

/// The minimum length of a code, in characters.
pub const MIN_LENGTH: usize = 3;

/// The maximum length of a code, in characters.
pub const MAX_LENGTH: usize = 64;

/// Names that cannot be an alias, regardless of case: present and likely future paths of this service, and words that
/// would make a link look like part of it.
pub const RESERVED: &[&str] = &[
    "about",
    "abuse",
    "account",
    "admin",
    "api",
    "app",
    "apple-app-site-association",
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
    "manifest",
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

/// Beginnings of names that cannot be an alias, regardless of case: files that browsers and crawlers request by
/// themselves, such as `/apple-touch-icon-precomposed.png`, which would be a link's QR code.
pub const RESERVED_PREFIXES: &[&str] =
    &["android-chrome", "apple-touch-icon", "browserconfig", "favicon", "mstile", "safari-pinned-tab"];

/// A code: 3 to 64 of `A-Z a-z 0-9 _ -`. Case matters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Code(String);

/// The reason that a text is not a code or cannot be an alias.
///
/// Each message continues a sentence that begins with the field's name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CodeError {
    /// Too short or too long.
    #[error("has {length} characters; use {MIN_LENGTH} to {MAX_LENGTH}")]
    Length {
        /// The number of characters.
        length: usize,
    },
    /// A character that is not allowed in a code.
    #[error("contains {character:?}; use only letters A-Z a-z, digits 0-9, '_' and '-'")]
    Character {
        /// The first such character.
        character: char,
    },
    /// An alias that begins or ends with `_` or `-`. Programs that turn addresses in text into links often leave these
    /// out of the link.
    #[error("must begin and end with a letter or digit")]
    Ends,
    /// One of [`RESERVED`], or begins with one of [`RESERVED_PREFIXES`].
    #[error("is reserved; choose another name")]
    Reserved,
}

impl Code {
    /// Parses a code.
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

    /// Parses a code that a client chose for a new link.
    ///
    /// # Errors
    ///
    /// As [`Code::parse`], and [`CodeError::Ends`] or [`CodeError::Reserved`].
    pub fn parse_alias(text: &str) -> Result<Self, CodeError> {
        let code = Self::parse(text)?;
        let ends_well = |end: Option<char>| end.is_some_and(|c| c.is_ascii_alphanumeric());
        if !ends_well(text.chars().next()) || !ends_well(text.chars().next_back()) {
            return Err(CodeError::Ends);
        }
        if code.is_reserved() { Err(CodeError::Reserved) } else { Ok(code) }
    }

    /// Generates a code of `length` characters (clamped to 3 to 64) from [`ALPHABET`]. All characters are equally
    /// likely if `rng` is uniform.
    pub fn random(length: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        let length = length.clamp(MIN_LENGTH, MAX_LENGTH);
        loop {
            let code = Self(random_chars(length, rng));
            if !code.is_reserved() {
                return code;
            }
        }
    }

    /// The code as it appears in a path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_reserved(&self) -> bool {
        let begins_with =
            |prefix: &&str| self.0.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        RESERVED.iter().any(|name| name.eq_ignore_ascii_case(&self.0)) || RESERVED_PREFIXES.iter().any(begins_with)
    }
}

/// Generates characters by rejection sampling: bytes of 245 (5 x 49) and above are discarded, because `byte % 49` would
/// otherwise favour some characters. It reads 16 bytes at a time, since each read of the operating system's random
/// source is a system call.
fn random_chars(length: usize, rng: &mut (impl Rng + ?Sized)) -> String {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut bytes = [0_u8; 16];
        rng.fill_bytes(&mut bytes);
        let accepted = bytes.into_iter().map(usize::from).filter(|byte| *byte < 256 / ALPHABET.len() * ALPHABET.len());
        let chars = accepted.filter_map(|byte| ALPHABET.get(byte % ALPHABET.len()));
        text.extend(chars.take(length - text.len()).copied().map(char::from));
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
    fn the_alphabet_is_sorted_unique_and_alphanumeric() {
        assert!(ALPHABET.is_sorted_by(|a, b| a < b));
        assert!(ALPHABET.iter().all(u8::is_ascii_alphanumeric));
    }

    #[test]
    fn reserved_names_are_rejected_in_any_case() {
        assert_eq!(Code::parse_alias("ShOrTeN"), Err(CodeError::Reserved));
        assert!(Code::parse_alias("shortened").is_ok());
        assert_eq!(Code::parse_alias("Apple-Touch-Icon-120x120"), Err(CodeError::Reserved));
    }

    #[test]
    fn aliases_begin_and_end_with_a_letter_or_digit() {
        for alias in ["abc_", "_abc", "-abc", "abc-", "___"] {
            assert_eq!(Code::parse_alias(alias), Err(CodeError::Ends), "{alias}");
            assert!(Code::parse(alias).is_ok(), "{alias}");
        }
        assert!(Code::parse_alias("a_c").is_ok());
    }

    /// A chi-squared test over 490,000 characters. With 48 degrees of freedom, an unbiased generator exceeds 101.9 once
    /// in 100,000 runs; one with modulo bias exceeds it a hundredfold.
    #[test]
    fn all_characters_are_equally_likely() {
        let mut rng = rand::rand_core::UnwrapErr(rand::rngs::SysRng);
        let mut seen = [0_u32; 128];
        for _ in 0..10_000 {
            for byte in Code::random(49, &mut rng).as_str().bytes() {
                seen[usize::from(byte)] += 1;
            }
        }
        let expected = 10_000.0;
        let chi_squared: f64 =
            ALPHABET.iter().map(|&byte| (f64::from(seen[usize::from(byte)]) - expected).powi(2) / expected).sum();
        assert!(chi_squared < 101.9, "chi-squared {chi_squared}");
    }
}
