//! The tokens of a dump in the SQL of MySQL and MariaDB.

use std::io::{self, BufRead};

use crate::allowance::Allowance;

/// A token. Comments and white space are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A keyword, a name without quotes, or a number.
    Word(String),
    /// A name in backticks.
    Name(String),
    /// A text in quotes, its escapes undone, or in hexadecimal digits.
    Text(Vec<u8>),
    /// Any other character.
    Symbol(u8),
}

/// The tokens of a stream.
pub(crate) struct Tokens {
    bytes: Box<dyn BufRead + Send>,
    allowance: Allowance,
    line: u64,
}

impl Tokens {
    pub(crate) fn new(bytes: Box<dyn BufRead + Send>, allowance: Allowance) -> Self {
        Self { bytes, allowance, line: 1 }
    }

    /// The line of what is read next, from 1.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.bytes.fill_buf()?.first().copied())
    }

    fn take(&mut self) -> io::Result<Option<u8>> {
        let byte = self.peek()?;
        if byte.is_some() {
            self.bytes.consume(1);
        }
        self.line += u64::from(byte == Some(b'\n'));
        Ok(byte)
    }

    /// Skips what follows, up to and including `end`.
    fn skip_to(&mut self, end: &[u8]) -> io::Result<()> {
        let mut matched = 0;
        while let Some(byte) = self.take()? {
            matched = match end.get(matched) {
                Some(expected) if *expected == byte => matched + 1,
                _ => usize::from(end.first() == Some(&byte)),
            };
            if matched == end.len() {
                break;
            }
            self.allowance.renew();
        }
        Ok(())
    }

    /// The next token, or `None` at the end.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidData`] if the stream ends within a token.
    pub(crate) fn next(&mut self) -> io::Result<Option<Token>> {
        self.allowance.renew();
        while let Some(byte) = self.take()? {
            let token = match byte {
                _ if byte.is_ascii_whitespace() => continue,
                b'#' => {
                    self.skip_to(b"\n")?;
                    continue;
                }
                b'-' if self.peek()? == Some(b'-') => {
                    self.skip_to(b"\n")?;
                    continue;
                }
                b'/' if self.peek()? == Some(b'*') => {
                    self.take()?;
                    self.skip_to(b"*/")?;
                    continue;
                }
                b'`' => Token::Name(String::from_utf8_lossy(&self.quoted(b'`', false)?).into_owned()),
                b'\'' | b'"' => Token::Text(self.quoted(byte, true)?),
                _ if is_word(byte) => return self.word(byte).map(Some),
                _ => Token::Symbol(byte),
            };
            return Ok(Some(token));
        }
        Ok(None)
    }

    /// A word, or a text in hexadecimal digits: `0x616263` and `X'616263'`.
    fn word(&mut self, first: u8) -> io::Result<Token> {
        let mut word = vec![first];
        while let Some(byte) = self.peek()?.filter(|byte| is_word(*byte)) {
            word.push(byte);
            self.take()?;
        }
        let word = String::from_utf8_lossy(&word).into_owned();
        if word.eq_ignore_ascii_case("x") && self.peek()? == Some(b'\'') {
            self.take()?;
            let digits = self.quoted(b'\'', false)?;
            return Ok(unhex(&digits).map_or(Token::Word(word), Token::Text));
        }
        let digits = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"));
        Ok(digits.and_then(|digits| unhex(digits.as_bytes())).map_or(Token::Word(word), Token::Text))
    }

    /// What is in quotes. A quote is doubled, or follows a backslash, which begins other escapes, too.
    fn quoted(&mut self, quote: u8, has_escapes: bool) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        while let Some(byte) = self.take()? {
            if byte == quote {
                if self.peek()? != Some(quote) {
                    return Ok(text);
                }
                self.take()?;
                text.push(quote);
            } else if byte == b'\\' && has_escapes {
                text.push(match self.take()? {
                    Some(b'n') => b'\n',
                    Some(b'r') => b'\r',
                    Some(b't') => b'\t',
                    Some(b'0') => 0,
                    Some(b'b') => 8,
                    Some(b'Z') => 26,
                    Some(other) => other,
                    None => break,
                });
            } else {
                text.push(byte);
            }
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "the file ends in the middle, so that it is not complete"))
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'.' | b'@') || byte >= 0x80
}

fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let value = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => Some(value(*high)? << 4 | value(*low)?),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn tokens(sql: &str) -> Vec<Token> {
        let mut tokens = Tokens::new(Box::new(Cursor::new(sql.to_owned().into_bytes())), Allowance::new());
        std::iter::from_fn(|| tokens.next().expect("a token")).collect()
    }

    #[test]
    fn texts_are_read_without_their_quotes_and_escapes() {
        let text = |text: &str| Token::Text(text.into());
        assert_eq!(
            tokens(r"'it\'s' 'it''s' 'a\\' '\n\t\0\Z' ''"),
            [text("it's"), text("it's"), text("a\\"), text("\n\t\0\u{1a}"), text("")]
        );
        assert_eq!(tokens("0x6162 X'6162' 0x"), [text("ab"), text("ab"), text("")]);
        assert_eq!(tokens("0x616 0xzz"), [Token::Word("0x616".to_owned()), Token::Word("0xzz".to_owned())]);
    }

    #[test]
    fn comments_are_left_out() {
        let sql = "-- it's\n# don't\n/*!40101 SET 'a */ a /* ; **/ `b``c` --\n;-1.5";
        let word = |text: &str| Token::Word(text.to_owned());
        let expected =
            [word("a"), Token::Name("b`c".to_owned()), Token::Symbol(b';'), Token::Symbol(b'-'), word("1.5")];
        assert_eq!(tokens(sql), expected);
    }
}
