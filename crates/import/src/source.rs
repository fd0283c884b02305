//! An opened export.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::ImportError;
use crate::format::Format;
use crate::link::Row;

/// An opened export: an iterator of its rows. After an error it ends.
pub struct Source {
    format: Format,
    rows: Box<dyn Iterator<Item = Result<Row, ImportError>> + Send>,
    warnings: Warnings,
    has_failed: bool,
}

/// Sentences about a whole file, each of them once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Warnings(Arc<Mutex<BTreeSet<&'static str>>>);

impl Warnings {
    /// Adds a warning, unless it is there.
    pub(crate) fn add(&self, warning: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(warning);
    }
}

impl Source {
    pub(crate) fn new(
        format: Format,
        warnings: Warnings,
        rows: impl Iterator<Item = Result<Row, ImportError>> + Send + 'static,
    ) -> Self {
        Self { format, rows: Box::new(rows), warnings, has_failed: false }
    }

    /// The format that it is read as.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Sentences, without their full stops, about the file as a whole, such as that it is not in UTF-8. They are found
    /// while the rows are read, so that all are known at the end only.
    pub fn warnings(&self) -> Vec<String> {
        let warnings = self.warnings.0.lock().unwrap_or_else(PoisonError::into_inner);
        warnings.iter().map(|warning| (*warning).to_owned()).collect()
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("format", &self.format).field("warnings", &self.warnings).finish_non_exhaustive()
    }
}

impl Iterator for Source {
    type Item = Result<Row, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed {
            return None;
        }
        let row = self.rows.next();
        self.has_failed = matches!(row, Some(Err(_)));
        row
    }
}
