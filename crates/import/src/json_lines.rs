//! Files with one object of JSON a line. Unlike in a document, a damaged line does no harm to the others.

use std::io::{BufRead, Read};

use crate::allowance::Allowance;
use crate::error::ImportError;
use crate::input::{Input, read_error};
use crate::json_item::JsonItem;
use crate::json_text::JsonText;
use crate::link::{Row, rows};
use crate::source::Warnings;

/// The lines of a file.
pub(crate) struct JsonLines {
    bytes: Box<dyn BufRead + Send>,
    allowance: Allowance,
    warnings: Warnings,
    line: u64,
}

impl JsonLines {
    pub(crate) fn new(input: Input) -> Self {
        Self { bytes: input.bytes, allowance: input.allowance, warnings: input.warnings, line: 0 }
    }

    /// The next line that is not empty, and its object, if it is one.
    fn next(&mut self) -> Result<Option<(String, Option<JsonItem>)>, ImportError> {
        loop {
            let mut line = Vec::new();
            let read = self.bytes.read_until(b'\n', &mut line);
            let length = read.map_err(|error| read_error(&error, format!("line {}", self.line)))?;
            if length == 0 {
                return Ok(None);
            }
            self.line += 1;
            self.allowance.renew();
            if !line.trim_ascii().is_empty() {
                return Ok(Some((format!("line {}", self.line), object(line.trim_ascii(), &self.warnings))));
            }
        }
    }

    /// The objects of the lines that have one, until the first error.
    pub(crate) fn items(mut self) -> impl Iterator<Item = JsonItem> {
        std::iter::from_fn(move || self.next().ok().flatten()).filter_map(|(_, item)| item)
    }

    /// The rows, as `read` reads each object.
    pub(crate) fn rows(
        mut self,
        mut read: impl FnMut(&JsonItem, &str) -> Vec<Row> + Send + 'static,
    ) -> impl Iterator<Item = Result<Row, ImportError>> + Send + 'static {
        rows(std::iter::from_fn(move || self.next().transpose()), move |(position, item)| match item {
            Some(item) => read(&item, &position),
            None => vec![Row::unreadable(position, None, "the line is not an object of JSON")],
        })
    }
}

/// The object in a line.
pub(crate) fn object(line: &[u8], warnings: &Warnings) -> Option<JsonItem> {
    let mut text = String::new();
    JsonText::new(line, warnings.clone()).read_to_string(&mut text).ok()?;
    JsonItem::parse(&text)
}
