//! JSON that is not quite valid, made valid.

use std::io::{self, BufRead, Read};

use encoding_rs::WINDOWS_1252;

use crate::encoding::NOT_UTF_8;
use crate::source::Warnings;

/// A reader that makes valid JSON of what some services send: raw control characters in texts are escaped, escapes that
/// JSON does not know are texts, and what is not in UTF-8 is read as Windows-1252.
pub(crate) struct JsonText<R> {
    inner: R,
    warnings: Warnings,
    /// The first bytes of a character whose others have not been read.
    incomplete: Vec<u8>,
    repaired: Vec<u8>,
    taken: usize,
    is_in_string: bool,
    is_escaped: bool,
}

impl<R: BufRead> JsonText<R> {
    pub(crate) fn new(inner: R, warnings: Warnings) -> Self {
        Self {
            inner,
            warnings,
            incomplete: Vec::new(),
            repaired: Vec::new(),
            taken: 0,
            is_in_string: false,
            is_escaped: false,
        }
    }

    /// Repairs what the inner reader has next. At the end, nothing is added.
    fn fill(&mut self) -> io::Result<()> {
        let mut bytes = std::mem::take(&mut self.incomplete);
        let new = self.inner.fill_buf()?;
        let (is_end, length) = (new.is_empty(), new.len());
        bytes.extend_from_slice(new);
        self.inner.consume(length);
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let Err(error) = std::str::from_utf8(rest) else {
                self.repair(rest);
                break;
            };
            let (valid, others) = rest.split_at(error.valid_up_to());
            self.repair(valid);
            let invalid = match error.error_len() {
                None if !is_end => {
                    self.incomplete = others.to_vec();
                    break;
                }
                None => others.len(),
                Some(length) => length,
            };
            let (invalid, others) = others.split_at(invalid);
            self.warnings.add(NOT_UTF_8);
            let text = WINDOWS_1252.decode_without_bom_handling(invalid).0.into_owned();
            self.repair(text.as_bytes());
            rest = others;
        }
        Ok(())
    }

    fn repair(&mut self, valid: &[u8]) {
        for &byte in valid {
            if !self.is_in_string {
                self.is_in_string = byte == b'"';
                self.repaired.push(byte);
                continue;
            }
            let is_known = matches!(byte, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' | b'u');
            if std::mem::take(&mut self.is_escaped) {
                if !is_known {
                    self.repaired.push(b'\\');
                }
            } else {
                self.is_escaped = byte == b'\\';
                self.is_in_string = byte != b'"';
            }
            if byte < b' ' {
                self.repaired.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
            } else {
                self.repaired.push(byte);
            }
        }
    }
}

impl<R: BufRead> Read for JsonText<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.repaired.len() {
            self.repaired.clear();
            self.taken = 0;
            self.fill()?;
            if self.repaired.is_empty() && self.incomplete.is_empty() {
                return Ok(0);
            }
        }
        let rest = self.repaired.get(self.taken..).unwrap_or_default();
        let read = io::Read::read(&mut &*rest, buffer)?;
        self.taken += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read};

    use super::*;

    fn repaired(bytes: &[u8]) -> String {
        let mut texts = (1..=bytes.len()).map(|capacity| {
            let mut text = String::new();
            let reader = BufReader::with_capacity(capacity, bytes);
            JsonText::new(reader, Warnings::default()).read_to_string(&mut text).expect("a text");
            text
        });
        let first = texts.next().expect("a text");
        assert!(texts.all(|text| text == first), "the size of the buffer matters");
        first
    }

    #[test]
    fn invalid_json_becomes_valid() {
        let valid = "{\n\t\"a\\\"b\": \"\\u00e9 é 🦀\", \"c\": [1, \"\\\\\"]}\r\n";
        assert_eq!(repaired(valid.as_bytes()), valid);
        assert_eq!(repaired(b"[\"a\tb\r\nc\x01\"]"), r#"["a\u0009b\u000d\u000ac\u0001"]"#);
        assert_eq!(repaired(br#"["it\'s", "\x"]"#), r#"["it\\'s", "\\x"]"#);
        assert_eq!(repaired(b"[\"caf\xe9 \xe2\x80\"]"), "[\"café â€\"]");
        assert_eq!(repaired(b"[\"caf\xe9"), "[\"café");
        assert_eq!(repaired(b"[\"\\"), "[\"\\");
    }
}
