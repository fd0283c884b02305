//! An export, restored into an embedded table that ends with this process.

use std::path::Path;

use shortlink_core::dynamodb::store::Store;
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::error::ExportError;
use super::file::{ExportReader, Header, Record, Trailer};
use crate::embedded::{Durability, EmbeddedTable, Location, OpenOptions};
use crate::error::CliError;
use crate::output::progress::Progress;

/// The name of the table.
const TABLE: &str = "export";

/// How many items are put at the same time. The table puts about a hundred with one transaction.
const CONCURRENCY: usize = 500;

/// An export in an embedded table. Its file is deleted when this is dropped.
#[derive(Debug)]
pub struct Restored {
    table: EmbeddedTable,
    /// The first line of the export.
    pub header: Header,
    /// The last line.
    pub trailer: Trailer,
    /// The keys of the items that the table does not accept, and why not.
    pub refused: Vec<(String, String)>,
    folder: TempDir,
}

impl Restored {
    /// The store that reads the table.
    pub fn store(&self) -> Store {
        self.table.store()
    }

    /// The table, and its folder, which is deleted when it is dropped.
    pub fn into_table(self) -> (EmbeddedTable, TempDir) {
        (self.table, self.folder)
    }
}

/// Restores the export in the file at `path`.
///
/// # Errors
///
/// [`CliError`], also if the file is damaged.
pub async fn restore(path: &Path) -> Result<Restored, CliError> {
    let mut export = ExportReader::open(path)?;
    let folder = tempfile::tempdir().map_err(|error| ExportError::Write(std::env::temp_dir(), error))?;
    let options = OpenOptions { durability: Durability::Relaxed, keeps_purged: true, ..OpenOptions::default() };
    let table = EmbeddedTable::open(Location::File(folder.path().join("links.db")), TABLE, options).await?;
    let progress = Progress::new(std::fs::metadata(path).ok().map(|file| file.len()), "bytes restored");
    let (store, mut refused, mut puts) = (table.store(), Vec::new(), JoinSet::new());
    loop {
        let record = export.next_record()?;
        let is_end = record.is_none();
        if let Some(Record { key, item, .. }) = record {
            let store = store.clone();
            puts.spawn(async move { (key, store.put_if_new(item).await) });
        }
        while puts.len() >= CONCURRENCY || is_end && !puts.is_empty() {
            match puts.join_next().await {
                Some(Ok((_, Ok(_)))) | None => {}
                Some(Ok((key, Err(error)))) if error.is_about_item() => refused.push((key, error.to_string())),
                Some(Ok((_, Err(error)))) => return Err(error.into()),
                Some(Err(error)) => return Err(CliError::Runtime(error.into())),
            }
        }
        progress.set(export.bytes());
        if let Some(trailer) = export.trailer().filter(|_| is_end).cloned() {
            return Ok(Restored { table, header: export.header().clone(), trailer, refused, folder });
        }
    }
}
