//! What can end an export, or the reading of one.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// The reason that an export cannot be written or read.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The file cannot be opened.
    #[error("cannot open {}: {}", .0.display(), reason(.1))]
    Open(PathBuf, io::Error),
    /// The file cannot be read.
    #[error("cannot read {}: {}", .0.display(), reason(.1))]
    Read(PathBuf, io::Error),
    /// The file cannot be written.
    #[error("cannot write {}: {}", .0.display(), reason(.1))]
    Write(PathBuf, io::Error),
    /// The items that have been read cannot be kept.
    #[error("cannot keep what has been read in {}: {reason}", path.display())]
    Spool {
        /// The file in which they are kept.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// An export into this file is not finished.
    #[error("an export into this file was not finished; continue it with --resume, or delete {}", .0.display())]
    Unfinished(PathBuf),
    /// The output is a device, a folder or a pipe, which the complete export would replace.
    #[error("{} is not a file; name one, or leave out --output and redirect the standard output", .0.display())]
    NotAFile(PathBuf),
    /// There is nothing to resume.
    #[error("there is no unfinished export {}; leave out --resume", .0.display())]
    NothingToResume(PathBuf),
    /// The unfinished export is of another table.
    #[error("the unfinished export {} is of {table}; name that table, or delete the file", path.display())]
    OtherTable {
        /// The file in which it is kept.
        path: PathBuf,
        /// The table, in a form for people.
        table: String,
    },
    /// Ctrl-C.
    #[error("stopped after {items} items, which are kept in {}; continue with --resume", path.display())]
    Stopped {
        /// How many items have been read.
        items: u64,
        /// The file in which they are kept.
        path: PathBuf,
    },
    /// Ctrl-C, and nothing is kept.
    #[error("stopped; nothing was written")]
    Cancelled,
    /// The file is something else.
    #[error("{} is not an export of Shortlink in the format ndjson", .0.display())]
    NotAnExport(PathBuf),
    /// The file was written by a later version of this program.
    #[error("{} has the version {version} of the format; use the version of this program that wrote it", path.display())]
    LaterVersion {
        /// The file.
        path: PathBuf,
        /// The version of the format.
        version: u32,
    },
    /// A line is wrong.
    #[error("{} is damaged: line {line} {reason}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: u64,
        /// What is wrong, as the end of a sentence that begins with the line.
        reason: String,
    },
    /// The last line is missing.
    #[error("{} was cut off: its last line, with counts and digests, is missing", .0.display())]
    CutOff(PathBuf),
    /// The last line says something else than the file has.
    #[error("{} is damaged: it does not have the items that its last line says", .0.display())]
    Damaged(PathBuf),
    /// The restored service differs from the export.
    #[error("{0} of the items or links in the export are not as they should be")]
    Differs(u64),
}

/// What the operating system says, without its number.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => "no space is left on the disk".to_owned(),
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission is denied".to_owned(),
        _ => error.to_string(),
    }
}
