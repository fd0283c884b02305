//! Reads the exports of other URL shorteners: a file becomes a stream of the links that it contains.
//!
//! ```no_run
//! # fn main() -> Result<(), shortlink_import::ImportError> {
//! let path = std::path::Path::new("links.json");
//! let source = shortlink_import::open(path, shortlink_import::detect(path)?)?;
//! for row in source {
//!     let row = row?;
//!     println!("{}: {:?}", row.position, row.outcome);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Nothing is written, and no source is asked over the network. A file is streamed: whatever its size, a few rows of it
//! are in memory. A row that cannot be read is a row with a reason ([`Outcome::Unreadable`]) and ends nothing.

mod allowance;
mod count;
mod detect;
mod draft;
mod encoding;
mod error;
mod format;
mod input;
mod instant;
mod json;
mod json_item;
mod json_lines;
mod json_text;
mod link;
mod open;
mod short_url;
mod source;
mod sources;
mod sql_rows;
mod sql_tokens;
mod table;

use std::io::Read;
use std::path::Path;

use input::Input;

pub use error::ImportError;
pub use format::{Format, UnknownFormat};
pub use link::{Outcome, Row, SourceLink};
pub use source::Source;

/// Finds out the format of a file by several signs: the names of columns, fields and tables, and what follows them.
///
/// # Errors
///
/// [`ImportError::Unknown`] or [`ImportError::Ambiguous`] if not exactly one format fits, [`ImportError::Open`] or
/// [`ImportError::Read`] if the file cannot be read.
pub fn detect(path: &Path) -> Result<Format, ImportError> {
    detect::detect(path)
}

/// Opens a file. One that gzip has compressed is read, too.
///
/// # Errors
///
/// [`ImportError::Open`], [`ImportError::Read`] or [`ImportError::NotOfFormat`].
pub fn open(path: &Path, format: Format) -> Result<Source, ImportError> {
    match format {
        Format::ChhotoSqlite => open::file(path),
        _ => open::stream(Input::open(path)?, format),
    }
}

/// As [`open`], for a stream, such as the standard input. A [`Format::ChhotoSqlite`] is a file and cannot be a stream.
///
/// # Errors
///
/// As for [`open`].
pub fn read(stream: impl Read + Send + 'static, format: Format) -> Result<Source, ImportError> {
    open::stream(Input::new(stream)?, format)
}
