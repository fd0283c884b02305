//! Tables: rows of values with a header, separated by commas, semicolons or tabs.

use std::sync::Arc;

use csv::{ByteRecord, Reader, ReaderBuilder, Terminator};

use crate::allowance::Allowance;
use crate::encoding::decode;
use crate::error::ImportError;
use crate::format::Format;
use crate::input::{Input, read_error};
use crate::link::Row;
use crate::source::Warnings;

/// How much is read to find out which character separates the values, in bytes.
const HEAD_BYTES: usize = 64 << 10;

/// What separates the values, the most frequent one first.
const DELIMITERS: [u8; 3] = *b",;\t";

const NO_LINE_BREAK: &str = "the file does not end with a line break, so that its last row may be incomplete";

/// The names of the columns of a table, without case, spaces and punctuation: `Short link` is `shortlink`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header {
    /// The names as they are written.
    written: Vec<String>,
    names: Vec<String>,
}

impl Header {
    fn new(written: Vec<String>) -> Self {
        let name = |text: &String| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        Self { names: written.iter().map(name).collect(), written }
    }

    /// The names as they are written.
    pub(crate) fn written(&self) -> &[String] {
        &self.written
    }

    /// The names without case, spaces and punctuation.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether there is a column with one of these names.
    pub(crate) fn has(&self, names: &[&str]) -> bool {
        self.place(names).is_some()
    }

    /// The first of these names that a column has.
    fn place(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.names.iter().position(|other| other == name))
    }
}

/// How a row ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// With a line break.
    LineBreak,
    /// With the file, which has no line break there.
    File,
    /// With the file, in a value whose quote is not closed. It contains all rows that follow.
    OpenQuote,
}

/// A row of a table.
pub(crate) struct TableRow {
    header: Arc<Header>,
    line: u64,
    values: Vec<String>,
    end: End,
}

impl TableRow {
    /// Where it is.
    pub(crate) fn position(&self) -> String {
        format!("line {}", self.line)
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// The value of the first of these columns that the table has, without spaces around it. `None` if it is empty.
    pub(crate) fn get(&self, names: &[&str]) -> Option<&str> {
        let place = self.header.place(names)?;
        self.values.get(place).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// As [`get`](Self::get), as a text of its own.
    pub(crate) fn text(&self, names: &[&str]) -> Option<String> {
        self.get(names).map(str::to_owned)
    }

    /// The number of visits in one of these columns.
    pub(crate) fn count(&self, names: &[&str]) -> Option<u64> {
        self.get(names).and_then(crate::count::parse)
    }

    /// The values of one of these columns, separated by `|` or, if there is none, by commas or semicolons.
    pub(crate) fn list(&self, names: &[&str]) -> Vec<String> {
        let text = self.get(names).unwrap_or_default();
        let separators: &[char] = if text.contains('|') { &['|'] } else { &[',', ';'] };
        text.split(separators).map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned).collect()
    }

    /// The names of the columns that have a value, as they are written, but for some.
    pub(crate) fn filled(&self, except: &[&str]) -> Vec<&str> {
        let names = self.header.written.iter().zip(&self.header.names).zip(&self.values);
        let names = names.filter(|((_, name), value)| !value.trim().is_empty() && !except.contains(&name.as_str()));
        names.map(|((written, _), _)| written.as_str()).collect()
    }

    /// Changes each value.
    pub(crate) fn map(&mut self, change: impl Fn(&str) -> Option<String>) {
        for value in &mut self.values {
            if let Some(changed) = change(value) {
                *value = changed;
            }
        }
    }

    /// What is wrong with the shape of the row, whatever it contains.
    fn misshapen(&self, delimiter: u8) -> Option<String> {
        let columns = self.header.names.len();
        if self.end == End::OpenQuote {
            return Some("a quote in it is not closed, so that the rest of the file is one value".to_owned());
        }
        if self.end == End::File && self.values.len() < columns {
            return Some("the file ends in the middle of it".to_owned());
        }
        let is_wide = self.values.iter().skip(columns).any(|value| !value.trim().is_empty());
        is_wide.then(|| {
            format!(
                "it has {} values where the header has {columns}, so that a value with {} in it is probably not in \
                 quotes",
                self.values.len(),
                delimiter_name(delimiter)
            )
        })
    }
}

/// A table that is being read.
pub(crate) struct Table {
    reader: Reader<Box<dyn std::io::Read + Send>>,
    header: Arc<Header>,
    delimiter: u8,
    allowance: Allowance,
    warnings: Warnings,
    /// The line before the header that Excel writes, in bytes and in lines.
    skipped: (u64, u64),
}

impl Table {
    /// Reads the header.
    pub(crate) fn open(mut input: Input) -> Result<Self, ImportError> {
        let head = input.peek(HEAD_BYTES)?;
        let (delimiter, is_declared) = delimiter(&head);
        let mut skipped = (0, 0);
        if is_declared {
            let read = input.bytes.read_until(b'\n', &mut Vec::new());
            skipped = (read.map_err(|error| read_error(&error, String::new()))? as u64, 1);
        }
        // With CRLF for a terminator, the reader counts lines one too low. The `\r` at the end of a row is removed
        // below.
        let terminator = if head.contains(&b'\n') { Terminator::Any(b'\n') } else { Terminator::CRLF };
        let bytes: Box<dyn std::io::Read + Send> = Box::new(input.bytes);
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).delimiter(delimiter).terminator(terminator);
        let reader = builder.from_reader(bytes);
        let (allowance, warnings) = (input.allowance, input.warnings);
        let mut table = Self { reader, header: Arc::default(), delimiter, allowance, warnings, skipped };
        if let Some(row) = table.row()? {
            table.header = Arc::new(Header::new(row.values));
        }
        Ok(table)
    }

    /// The columns. There are none if the file is empty.
    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// What separates the values.
    pub(crate) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// Requires one of each of these columns.
    pub(crate) fn require(&self, format: Format, columns: &[&[&str]]) -> Result<(), ImportError> {
        let Some(missing) = columns.iter().find(|names| !self.header.has(names)) else {
            return Ok(());
        };
        let reason = if self.header.names.is_empty() {
            "the file is empty".to_owned()
        } else {
            let shown = excerpt(&self.header.written.join(", "));
            format!("a column is missing, whose name is one of {}; the first line has {shown}", missing.join(", "))
        };
        Err(ImportError::NotOfFormat { format, reason })
    }

    /// The next row with a value.
    fn row(&mut self) -> Result<Option<TableRow>, ImportError> {
        loop {
            let mut record = ByteRecord::new();
            let is_some = self.reader.read_byte_record(&mut record).map_err(|error| self.error(&error))?;
            if !is_some {
                return Ok(None);
            }
            self.allowance.renew();
            let line = record.position().map_or(0, csv::Position::line) + self.skipped.1;
            let mut values: Vec<_> = record.iter().map(|value| decode(value.to_vec(), &self.warnings)).collect();
            if let Some(last) = values.last_mut().filter(|last| last.ends_with('\r')) {
                last.pop();
            }
            let end = self.end(values.last());
            if end != End::LineBreak {
                self.warnings.add(NO_LINE_BREAK);
            }
            if values.iter().any(|value| !value.trim().is_empty()) {
                return Ok(Some(TableRow { header: Arc::clone(&self.header), line, values, end }));
            }
        }
    }

    /// How the row ends that was just read, of which this is the last value.
    fn end(&self, last: Option<&String>) -> End {
        // A row ends with a line break or with the file. If all that was read belongs to it, and there is no line
        // break, it is the file; and in a well-formed file the number of quotes is even.
        if self.allowance.total() != self.reader.position().byte() + self.skipped.0 {
            return End::LineBreak;
        }
        if self.allowance.has_odd_quotes() && last.is_some_and(|last| last.contains('\n')) {
            return End::OpenQuote;
        }
        if self.allowance.is_after_line_break() { End::LineBreak } else { End::File }
    }

    fn error(&self, error: &csv::Error) -> ImportError {
        let position = format!("line {}", self.reader.position().line());
        ImportError::Read { position, reason: error.to_string() }
    }

    /// The rows, as `read` reads each of them. It may say that a row has no link, one or several.
    pub(crate) fn rows(
        mut self,
        mut read: impl FnMut(&mut TableRow) -> Vec<Row> + Send + 'static,
    ) -> impl Iterator<Item = Result<Row, ImportError>> + Send + 'static {
        let mut waiting = Vec::new().into_iter();
        std::iter::from_fn(move || {
            loop {
                if let Some(row) = waiting.next() {
                    return Some(Ok(row));
                }
                let mut row = match self.row() {
                    Ok(row) => row?,
                    Err(error) => return Some(Err(error)),
                };
                let rows = match row.misshapen(self.delimiter) {
                    Some(reason) => vec![Row::unreadable(row.position(), None, reason)],
                    None => read(&mut row).into_iter().map(without_line_breaks).collect(),
                };
                waiting = rows.into_iter();
            }
        })
    }

    /// The first row.
    pub(crate) fn first_row(&mut self) -> Result<Option<TableRow>, ImportError> {
        self.row()
    }
}

/// A quote that is not closed makes one value of the lines that follow. URL parsers leave out line breaks, so that it
/// would be a valid target.
fn without_line_breaks(row: Row) -> Row {
    use crate::link::Outcome;
    match row.outcome {
        Outcome::Link(link) if link.code.contains(['\n', '\r']) || link.target.contains(['\n', '\r']) => {
            let code = link.code.lines().next().map(str::to_owned);
            Row::unreadable(row.position, code, "there is a line break in it, so that a quote is probably not closed")
        }
        _ => row,
    }
}

/// The beginning of a text, for a message.
pub(crate) fn excerpt(text: &str) -> String {
    const MAX_CHARS: usize = 200;
    let shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_CHARS).collect();
    if shown.chars().count() == MAX_CHARS { format!("{shown}…") } else { shown }
}

fn delimiter_name(delimiter: u8) -> &'static str {
    match delimiter {
        b';' => "a semicolon",
        b'\t' => "a tab",
        _ => "a comma",
    }
}

/// What separates the values: the character that the first line has most often outside of quotes. Excel writes a line
/// `sep=;` before it; the second value says whether it is there.
fn delimiter(head: &[u8]) -> (u8, bool) {
    let first_line = head.split(|&byte| byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    let declared = first_line.strip_prefix(b"sep=").and_then(|rest| rest.first());
    if let Some(&declared) = declared.filter(|byte| DELIMITERS.contains(byte)) {
        return (declared, true);
    }
    let mut counts = [0_u32; 3];
    let mut is_quoted = false;
    for &byte in head {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' | b'\r' if !is_quoted && counts != [0; 3] => break,
            _ if is_quoted => {}
            _ => {
                for (count, _) in counts.iter_mut().zip(DELIMITERS).filter(|(_, delimiter)| *delimiter == byte) {
                    *count += 1;
                }
            }
        }
    }
    let most = counts.iter().zip(DELIMITERS).rev().max_by_key(|(count, _)| **count);
    (most.map_or(b',', |(_, delimiter)| delimiter), false)
}
