//! The file of an export: a line that says what it is, a line for each item, and a line with counts and digests.
//!
//! | line | contents |
//! | --- | --- |
//! | first | [`Header`] |
//! | each item | `{"Item":{...}}`, in DynamoDB's JSON, as DynamoDB's own export to S3 writes it; in the order of the keys |
//! | last | `{"trailer":{...}}`, a [`Trailer`] |
//!
//! Equal tables give equal lines, except for the first one, and for `sha256` in the last one, which covers the first.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use shortlink_core::domain::clock::Timestamp;
use shortlink_core::dynamodb::item_json::JsonItem;
use shortlink_core::dynamodb::item_kind::ItemKind;
use shortlink_core::dynamodb::items::{Item, attribute};

use super::error::ExportError;

/// What the first line has as `format`.
const FORMAT: &str = "shortlink-export";

/// The version of the format that this program writes, and the latest that it reads.
const VERSION: u32 = 1;

/// The maximum length of a line, in bytes. DynamoDB allows 400 KB for an item, and JSON may need six bytes for one.
const MAX_LINE_BYTES: u64 = 4_000_000;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Header {
    format: String,
    version: u32,
    /// Where the items were, in a form for people.
    pub table: String,
    /// When the export began, as RFC 3339.
    pub exported_at: String,
}

/// How many items of each kind there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Counts {
    /// All items.
    pub items: u64,
    /// Links.
    pub links: u64,
    /// Counts of visits.
    pub visits: u64,
    /// Entries of histories.
    pub history: u64,
    /// API keys, their names and last uses.
    pub api_keys: u64,
    /// Lists of hosts: one or none.
    pub hosts: u64,
    /// Entries for deduplication and idempotency, and counts of created links.
    pub entries: u64,
    /// Items that this program does not know.
    pub unknown: u64,
}

/// The last line.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Trailer {
    /// How many items there are.
    #[serde(flatten)]
    pub counts: Counts,
    /// The SHA-256 digest of the lines of the items, in hexadecimal: the same for the same items.
    pub items_sha256: String,
    /// The SHA-256 digest of all lines before this one, in hexadecimal.
    pub sha256: String,
}

#[derive(Deserialize, Serialize)]
struct ItemLine {
    #[serde(rename = "Item")]
    item: JsonItem,
}

#[derive(Deserialize, Serialize)]
struct TrailerLine {
    trailer: Trailer,
}

impl Header {
    /// The header of an export that begins `now`.
    pub(super) fn new(table: String, now: Timestamp) -> Self {
        Self { format: FORMAT.to_owned(), version: VERSION, table, exported_at: now.to_string() }
    }

    /// When the export began.
    pub fn instant(&self) -> Option<Timestamp> {
        Timestamp::parse(&self.exported_at)
    }
}

impl Counts {
    /// Counts an item.
    pub fn add(&mut self, kind: ItemKind) {
        self.items += 1;
        *match kind {
            ItemKind::Link => &mut self.links,
            ItemKind::Visits => &mut self.visits,
            ItemKind::History => &mut self.history,
            ItemKind::ApiKey => &mut self.api_keys,
            ItemKind::Hosts => &mut self.hosts,
            ItemKind::Entry => &mut self.entries,
            ItemKind::Unknown => &mut self.unknown,
        } += 1;
    }
}

/// The line of an item, without its line break. The checksum is left out: it belongs to an embedded table, which computes it
/// anew.
///
/// # Errors
///
/// None that an item could cause.
pub fn line_of(mut item: Item) -> serde_json::Result<String> {
    item.remove(attribute::CHECKSUM);
    serde_json::to_string(&ItemLine { item: item.into() })
}

/// The item of a line; `None` if the line is none of an item.
pub fn item_of(line: &str) -> Option<Item> {
    serde_json::from_str::<ItemLine>(line).ok()?.item.into_item()
}

/// The key of an item.
pub fn key_of(item: &Item) -> &str {
    item.get(attribute::CODE).and_then(|key| key.as_s().ok()).map_or("", String::as_str)
}

/// Digests and counts of the lines so far.
#[derive(Default)]
struct Totals {
    all: Sha256,
    items: Sha256,
    counts: Counts,
}

impl Totals {
    fn add_header(&mut self, line: &str) {
        self.all.update(line);
        self.all.update("\n");
    }

    fn add_item(&mut self, line: &str, kind: ItemKind) {
        self.add_header(line);
        self.items.update(line);
        self.items.update("\n");
        self.counts.add(kind);
    }

    fn trailer(&self) -> Trailer {
        let hexadecimal = |digest: &Sha256| format!("{:x}", digest.clone().finalize());
        Trailer { counts: self.counts, items_sha256: hexadecimal(&self.items), sha256: hexadecimal(&self.all) }
    }
}

/// Writes the lines of an export.
pub(super) struct ExportWriter<W> {
    output: W,
    totals: Totals,
}

impl<W: Write> ExportWriter<W> {
    /// Begins an export.
    pub(super) fn new(mut output: W, header: &Header) -> io::Result<Self> {
        let (line, mut totals) = (serde_json::to_string(header)?, Totals::default());
        writeln!(output, "{line}")?;
        totals.add_header(&line);
        Ok(Self { output, totals })
    }

    /// Writes the line of an item.
    pub(super) fn item(&mut self, line: &str, kind: ItemKind) -> io::Result<()> {
        self.totals.add_item(line, kind);
        writeln!(self.output, "{line}")
    }

    /// Ends the export.
    pub(super) fn finish(mut self) -> io::Result<(W, Trailer)> {
        let trailer = self.totals.trailer();
        writeln!(self.output, "{}", serde_json::to_string(&TrailerLine { trailer: trailer.clone() })?)?;
        self.output.flush()?;
        Ok((self.output, trailer))
    }
}

/// An item of an export.
#[derive(Clone, Debug)]
pub struct Record {
    /// The number of its line, from 1.
    pub line: u64,
    /// Its key.
    pub key: String,
    /// What it is.
    pub kind: ItemKind,
    /// The item.
    pub item: Item,
    /// Its line, without the line break.
    pub text: String,
}

/// Reads an export, and checks all that its trailer says.
pub struct ExportReader {
    path: PathBuf,
    input: BufReader<File>,
    header: Header,
    totals: Totals,
    line: u64,
    bytes: u64,
    last_key: Option<String>,
    trailer: Option<Trailer>,
}

impl ExportReader {
    /// Opens an export and reads its header.
    ///
    /// # Errors
    ///
    /// [`ExportError`], also if the file is no export.
    pub fn open(path: &Path) -> Result<Self, ExportError> {
        let file = File::open(path).map_err(|error| ExportError::Open(path.to_owned(), error))?;
        let mut input = BufReader::with_capacity(1 << 16, file);
        let text = read_line(&mut input, path, 1)?.ok_or_else(|| ExportError::NotAnExport(path.to_owned()))?;
        let header: Header = serde_json::from_str(&text).map_err(|_| ExportError::NotAnExport(path.to_owned()))?;
        if header.format != FORMAT {
            return Err(ExportError::NotAnExport(path.to_owned()));
        }
        if header.version > VERSION {
            return Err(ExportError::LaterVersion { path: path.to_owned(), version: header.version });
        }
        let mut totals = Totals::default();
        totals.add_header(&text);
        let bytes = text.len() as u64 + 1;
        Ok(Self { path: path.to_owned(), input, header, totals, line: 1, bytes, last_key: None, trailer: None })
    }

    /// Whether a file begins as an export does.
    pub fn is_export(path: &Path) -> bool {
        let mut start = Vec::new();
        let read = File::open(path).and_then(|file| file.take(64).read_to_end(&mut start));
        read.is_ok() && start.starts_with(format!("{{\"format\":\"{FORMAT}\"").as_bytes())
    }

    /// The first line.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The last line, once [`next_record`](Self::next_record) has returned `None`.
    pub fn trailer(&self) -> Option<&Trailer> {
        self.trailer.as_ref()
    }

    /// How many bytes have been read.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next item; `None` after the last one, once the trailer has proved right.
    ///
    /// # Errors
    ///
    /// [`ExportError`] if the file is damaged or was cut off.
    pub fn next_record(&mut self) -> Result<Option<Record>, ExportError> {
        if self.trailer.is_some() {
            return Ok(None);
        }
        let line = self.line + 1;
        let Some(text) = read_line(&mut self.input, &self.path, line)? else {
            return Err(ExportError::CutOff(self.path.clone()));
        };
        (self.line, self.bytes) = (line, self.bytes + text.len() as u64 + 1);
        if text.starts_with("{\"trailer\":") {
            return self.check_trailer(&text).map(|()| None);
        }
        let invalid = |reason: &str| ExportError::Line { path: self.path.clone(), line, reason: reason.to_owned() };
        let item = item_of(&text).ok_or_else(|| invalid("is not an item in DynamoDB's JSON"))?;
        let (key, kind) = (key_of(&item).to_owned(), ItemKind::of(&item));
        if key.is_empty() || self.last_key.as_ref().is_some_and(|last| *last >= key) {
            return Err(invalid("has no key, or not one after that of the line before"));
        }
        self.totals.add_item(&text, kind);
        self.last_key = Some(key.clone());
        Ok(Some(Record { line, key, kind, item, text }))
    }

    fn check_trailer(&mut self, text: &str) -> Result<(), ExportError> {
        let trailer = serde_json::from_str::<TrailerLine>(text).ok().map(|line| line.trailer);
        let mut rest = [0];
        let is_last = self.input.read(&mut rest).map_err(|error| ExportError::Read(self.path.clone(), error))? == 0;
        match trailer {
            Some(trailer) if is_last && trailer == self.totals.trailer() => self.trailer = Some(trailer),
            _ => return Err(ExportError::Damaged(self.path.clone())),
        }
        Ok(())
    }
}

/// The next line without its line break; `None` at the end of the file.
fn read_line(input: &mut BufReader<File>, path: &Path, line: u64) -> Result<Option<String>, ExportError> {
    let mut bytes = Vec::new();
    let read = input.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut bytes);
    if read.map_err(|error| ExportError::Read(path.to_owned(), error))? == 0 {
        return Ok(None);
    }
    let reason = |reason: &str| ExportError::Line { path: path.to_owned(), line, reason: reason.to_owned() };
    if bytes.pop() != Some(b'\n') {
        return Err(if line == 1 {
            ExportError::NotAnExport(path.to_owned())
        } else {
            ExportError::CutOff(path.to_owned())
        });
    }
    String::from_utf8(bytes).map(Some).map_err(|_| reason("is not in UTF-8"))
}
