//! A copy of the file of a table as it is at one instant, also while a server uses the file.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dynoxide::storage_backend::sql_builders::escape_table_name;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::embedded::data_file::{self, companion};
use crate::embedded::{EmbeddedError, fault, file_origin, unusable};
use crate::output::progress::Progress;

/// How many pages are copied at a time: 4 MB. In between, the copying can be cancelled.
const PAGES_PER_STEP: i32 = 1_024;

/// How long SQLite waits for another process that has locked the file, which a server does for milliseconds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// A copy that is complete and has been checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The number of items in the table.
    pub items: u64,
    /// The size of the copy, in bytes.
    pub bytes: u64,
}

/// Copies the file at `source`, which contains the table called `table`, to `target`, which must not exist. The copy is one
/// file, is checked for damage, and appears under its name once it is complete. Returns `None` if it was cancelled.
///
/// # Errors
///
/// [`EmbeddedError`]. Then there is no copy.
pub fn copy(
    source: &Path,
    target: &Path,
    table: &str,
    is_cancelled: &AtomicBool,
) -> Result<Option<Copied>, EmbeddedError> {
    if target.exists() {
        return Err(EmbeddedError::Exists(target.to_owned()));
    }
    if source.is_dir() {
        return Err(EmbeddedError::Folder(source.to_owned()));
    }
    file_origin::require_ours(source, table)?;
    let partial = PartialFile::create(target)?;
    let copied = copy_pages(source, &partial.0, is_cancelled)?;
    if !copied {
        return Ok(None);
    }
    data_file::check(&partial.0, table)?;
    let items = count_items(&partial.0, table).map_err(|error| unusable_copy(target, &error))?;
    let copied = finish(&partial.0, target).map_err(|error| unusable(target, &error))?;
    Ok(Some(Copied { items, bytes: copied }))
}

/// A file that is not complete, which is removed when this is dropped.
struct PartialFile(PathBuf);

impl PartialFile {
    fn create(target: &Path) -> Result<Self, EmbeddedError> {
        let path = companion(target, ".partial");
        fs::remove_file(&path).ok();
        data_file::create_private(&path).map_err(|error| unusable(target, &error))?;
        Ok(Self(path))
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        for suffix in ["", "-journal"] {
            fs::remove_file(companion(&self.0, suffix)).ok();
        }
    }
}

/// Returns whether all pages were copied.
fn copy_pages(source: &Path, target: &Path, is_cancelled: &AtomicBool) -> Result<bool, EmbeddedError> {
    let of_source = |error: rusqlite::Error| unusable_copy(source, &error);
    let of_target = |error: rusqlite::Error| unusable_copy(target, &error);
    // Without the right to write, SQLite would leave the files beside it behind.
    let from = Connection::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(of_source)?;
    from.busy_timeout(BUSY_TIMEOUT).map_err(of_source)?;
    // All steps read one state: otherwise each write of the server would begin the copying anew.
    from.execute_batch("BEGIN; SELECT 1 FROM sqlite_master LIMIT 1").map_err(of_source)?;
    let mut to = Connection::open_with_flags(target, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(of_target)?;
    {
        let progress = Progress::new(fs::metadata(source).ok().map(|file| file.len()), "bytes copied");
        let page_bytes: u64 = from.pragma_query_value(None, "page_size", |row| row.get(0)).map_err(of_source)?;
        let backup = Backup::new(&from, &mut to).map_err(of_target)?;
        loop {
            if is_cancelled.load(Ordering::Relaxed) {
                return Ok(false);
            }
            match backup.step(PAGES_PER_STEP).map_err(of_target)? {
                StepResult::Done => break,
                StepResult::More => {
                    let pages = backup.progress();
                    let copied = u64::try_from(pages.pagecount - pages.remaining).unwrap_or_default();
                    progress.set(copied * page_bytes);
                }
                _ => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }
    // One file, which can be read without files beside it. A server that opens it changes that.
    to.pragma_update(None, "journal_mode", "DELETE").map_err(of_target)?;
    Ok(true)
}

fn count_items(path: &Path, table: &str) -> rusqlite::Result<u64> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let sql = format!("SELECT count(*) FROM \"{}\"", escape_table_name(table));
    connection.query_row(&sql, [], |row| row.get(0))
}

/// Gives the copy its name, and waits until both are on the disk. Returns its size, in bytes.
fn finish(partial: &Path, target: &Path) -> std::io::Result<u64> {
    let file = File::open(partial)?;
    file.sync_all()?;
    fs::rename(partial, target)?;
    data_file::sync_folder(&std::path::absolute(target)?)?;
    Ok(file.metadata()?.len())
}

fn unusable_copy(path: &Path, error: &rusqlite::Error) -> EmbeddedError {
    EmbeddedError::Unusable { path: path.to_owned(), reason: fault::of_sqlite(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancelled_copy_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        let [source, target] = ["links.db", "copy.db"].map(|name| folder.path().join(name));
        let tables = "CREATE TABLE _tables (a); CREATE TABLE links (pk, item_json)";
        Connection::open(&source).expect("a database").execute_batch(tables).expect("valid SQL");
        let copy_if = |is_cancelled| copy(&source, &target, "links", &AtomicBool::new(is_cancelled));
        assert!(matches!(copy_if(true), Ok(None)));
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
        assert!(matches!(copy_if(false), Ok(Some(Copied { items: 0, .. }))));
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2);
    }
}
