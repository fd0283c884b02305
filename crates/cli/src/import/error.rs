//! What can end an import.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::export::error::reason;

/// The reason that an import is not done, or not wholly.
#[derive(Debug, Error)]
pub enum ImportFailure {
    /// The report cannot be written.
    #[error("cannot write the report {}: {}", .0.display(), reason(.1))]
    Report(PathBuf, io::Error),
    /// Ctrl-C.
    #[error("stopped after {0} rows; run the same command again to do the rest")]
    Stopped(u64),
    /// The file cannot be read.
    #[error(transparent)]
    Source(#[from] shortlink_import::ImportError),
    /// An option does not apply to the file.
    #[error(
        "--owner, --allow-reserved, --without-passwords, --lower-case-too and --verify are for exports of other shorteners; leave \
         them out, and use shortlink export verify to check the file"
    )]
    IsExport,
    /// The file cannot be opened.
    #[error("cannot open {}: {}", .0.display(), reason(.1))]
    Open(PathBuf, io::Error),
    /// The old or the new service does not agree with the import.
    #[error("{0} of the links do not answer alike at the old and the new service")]
    Disagree(u64),
    /// Some rows cannot be imported.
    #[error("some rows cannot be imported ({0}); --report FILE says which and why")]
    NotWholly(u64),
}
