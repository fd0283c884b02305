//! What became of the rows of a source: counts, some examples, and a report with a line for each row.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::error::ImportFailure;

/// How many rows that were not imported are shown.
const MAX_EXAMPLES: usize = 5;

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// It was put, or would be in a dry run.
    New,
    /// It is there already.
    Same,
    /// Something else is there that belongs to a link, such as visits; it was left as it is.
    Kept,
    /// Its code belongs to a link with another target, which was left as it is.
    Conflict,
    /// It cannot be a link here.
    Refused,
}

/// A line of the report.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Where in the source the row is.
    pub position: String,
    /// Its code, or the key of its item.
    pub code: Option<String>,
    /// What became of it.
    pub outcome: Fate,
    /// Why, if it was not imported.
    pub reason: Option<String>,
    /// What the row has at its source and does not have here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_carried: Vec<String>,
}

/// How many rows had each fate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Rows that were put.
    pub new: u64,
    /// Rows that were there.
    pub same: u64,
    /// Rows whose place is taken by newer counts or the like.
    pub kept: u64,
    /// Rows whose code leads elsewhere.
    pub conflict: u64,
    /// Rows that cannot be links.
    pub refused: u64,
}

/// The report of an import.
pub struct Report {
    file: Option<(PathBuf, BufWriter<File>)>,
    tally: Tally,
    examples: Vec<Entry>,
}

impl Tally {
    /// The number of all rows.
    pub fn rows(&self) -> u64 {
        let Self { new, same, kept, conflict, refused } = self;
        new + same + kept + conflict + refused
    }

    /// The number of rows that are not here as the source has them.
    pub fn failed(&self) -> u64 {
        self.conflict + self.refused
    }
}

impl Report {
    /// A report, which is also written to a file if one is given.
    ///
    /// # Errors
    ///
    /// [`ImportFailure::Report`].
    pub fn new(path: Option<&Path>) -> Result<Self, ImportFailure> {
        let create = |path: &Path| -> Result<_, ImportFailure> {
            let file = File::create(path).map_err(|error| ImportFailure::Report(path.to_owned(), error))?;
            Ok((path.to_owned(), BufWriter::new(file)))
        };
        Ok(Self { file: path.map(create).transpose()?, tally: Tally::default(), examples: Vec::new() })
    }

    /// Adds a row.
    ///
    /// # Errors
    ///
    /// [`ImportFailure::Report`].
    pub fn add(&mut self, entry: Entry) -> Result<(), ImportFailure> {
        *match entry.outcome {
            Fate::New => &mut self.tally.new,
            Fate::Same => &mut self.tally.same,
            Fate::Kept => &mut self.tally.kept,
            Fate::Conflict => &mut self.tally.conflict,
            Fate::Refused => &mut self.tally.refused,
        } += 1;
        if let Some((path, file)) = &mut self.file {
            let written = serde_json::to_string(&entry).map_err(io::Error::from);
            let written = written.and_then(|line| writeln!(file, "{line}"));
            written.map_err(|error| ImportFailure::Report(path.clone(), error))?;
        }
        if matches!(entry.outcome, Fate::Conflict | Fate::Refused) && self.examples.len() < MAX_EXAMPLES {
            self.examples.push(entry);
        }
        Ok(())
    }

    /// The counts so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// The first rows that were not imported.
    pub fn examples(&self) -> &[Entry] {
        &self.examples
    }

    /// Writes what is pending.
    ///
    /// # Errors
    ///
    /// [`ImportFailure::Report`].
    pub fn flush(&mut self) -> Result<(), ImportFailure> {
        let Some((path, file)) = &mut self.file else { return Ok(()) };
        file.flush().map_err(|error| ImportFailure::Report(path.clone(), error))
    }
}
