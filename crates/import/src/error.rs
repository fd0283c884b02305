//! What ends the reading of a source.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::format::{Format, names};

/// The reason that a source cannot be read, or not be read further.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The file cannot be opened.
    #[error("cannot open {}: {reason}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: io::Error,
    },
    /// The file cannot be read further.
    #[error("cannot read further{}: {reason}", after(position))]
    Read {
        /// The last place that was read, such as `line 12`. Empty: nothing was read.
        position: String,
        /// Why not.
        reason: String,
    },
    /// No format fits.
    #[error(
        "the format of this file is not known: it {saw}; if you know it, say --format with one of {}",
        names(Format::ALL)
    )]
    Unknown {
        /// What the file has, as the end of a sentence that begins with "it".
        saw: String,
    },
    /// Several formats fit.
    #[error("this file can be of several formats, because it {saw}; say which with --format: {}", names(formats))]
    Ambiguous {
        /// What the file has, as the end of a sentence that begins with "it".
        saw: String,
        /// The formats that fit.
        formats: Vec<Format>,
    },
    /// The file is not of this format.
    #[error("this is no {format}: {reason}")]
    NotOfFormat {
        /// The format.
        format: Format,
        /// A sentence without its full stop: what is missing.
        reason: String,
    },
}

fn after(position: &str) -> String {
    if position.is_empty() { String::new() } else { format!(" after {position}") }
}
