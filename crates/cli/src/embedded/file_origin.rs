//! Whether a database file is one of Shortlink's, or another program's: then nothing may be written into it.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::embedded::data_file::companion;
use crate::embedded::{EmbeddedError, fault, unusable};

/// What a database file of SQLite begins with.
const SQLITE_HEADER: &[u8; 16] = b"SQLite format 3\0";

/// The size of SQLite's header, in bytes.
const HEADER_BYTES: u64 = 100;

/// SQLite's `application_id` of our files: "Shlk".
const APPLICATION_ID: i32 = 0x5368_6c6b;

/// Where SQLite keeps the `application_id` in the header, in big-endian order.
const APPLICATION_ID_BYTES: std::ops::Range<usize> = 68..72;

/// The table in which the engine describes its tables.
const ENGINE_TABLE: &str = "_tables";

/// Checks that the file at `path` is empty or contains the table called `table` in our format, and writes nothing. Files
/// from before there was an `application_id` are recognised by their tables.
///
/// # Errors
///
/// [`EmbeddedError`].
pub(super) fn require_ours(path: &Path, table: &str) -> Result<(), EmbeddedError> {
    let mut header = Vec::new();
    let file = File::open(path).map_err(|error| unusable(path, &error))?;
    file.take(HEADER_BYTES).read_to_end(&mut header).map_err(|error| unusable(path, &error))?;
    if header.is_empty() {
        return Ok(());
    }
    if !header.starts_with(SQLITE_HEADER) {
        return Err(EmbeddedError::NotADatabase(path.to_owned()));
    }
    let id = header.get(APPLICATION_ID_BYTES).and_then(|id| id.try_into().ok()).map_or(0, i32::from_be_bytes);
    let is_ours = match id {
        APPLICATION_ID => true,
        // The latest header may be in the write-ahead log.
        0 => is_ours(path, table)
            .map_err(|error| EmbeddedError::Unusable { path: path.to_owned(), reason: fault::of_sqlite(&error) })?,
        _ => false,
    };
    if is_ours { Ok(()) } else { Err(EmbeddedError::OfAnotherProgram(path.to_owned())) }
}

/// Marks a file as ours, if it is not marked.
pub(super) fn mark(connection: &Connection) -> rusqlite::Result<()> {
    if application_id(connection)? == APPLICATION_ID {
        return Ok(());
    }
    connection.pragma_update(None, "application_id", APPLICATION_ID)
}

fn is_ours(path: &Path, table: &str) -> rusqlite::Result<bool> {
    let connection = open_untouched(path)?;
    if application_id(&connection)? == APPLICATION_ID {
        return Ok(true);
    }
    let names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let mut statement = connection.prepare(names)?;
    let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    // The engine's own tables begin with `_`, and those of an index with the name of its table.
    let is_expected = |name: &String| name.starts_with('_') || name.split("::").next() == Some(table);
    Ok(names.is_empty() || (names.iter().any(|name| name == ENGINE_TABLE) && names.iter().all(is_expected)))
}

fn application_id(connection: &Connection) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, "application_id", |row| row.get(0))
}

/// Opens a file so that nothing is written to it or beside it, unless it has a write-ahead log, which has to be read, too.
fn open_untouched(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let has_log = fs::metadata(companion(&absolute, "-wal")).is_ok_and(|log| log.len() > 0);
    let url = url::Url::from_file_path(&absolute).ok().filter(|_| !has_log);
    match url {
        Some(mut url) => {
            url.set_query(Some("immutable=1"));
            Connection::open_with_flags(url.as_str(), flags)
        }
        None => Connection::open_with_flags(&absolute, OpenFlags::SQLITE_OPEN_READ_ONLY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(sql: &str) -> Result<(), EmbeddedError> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a file?#%.db");
        Connection::open(&path).expect("a database").execute_batch(sql).expect("valid SQL");
        let before = std::fs::read(&path).expect("a file");
        let judged = require_ours(&path, "links");
        assert_eq!(std::fs::read(&path).expect("a file"), before);
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "no file beside it");
        judged
    }

    #[test]
    fn files_of_other_programs_are_recognised() {
        for sql in [
            "CREATE TABLE notes (text)",
            "PRAGMA journal_mode = WAL; CREATE TABLE notes (text)",
            "PRAGMA application_id = 1; CREATE TABLE _tables (a); CREATE TABLE links (a)",
            // Of the same engine, but with another table.
            "CREATE TABLE _tables (a); CREATE TABLE notes (text)",
            "CREATE TABLE links (url)",
        ] {
            assert!(matches!(judge(sql), Err(EmbeddedError::OfAnotherProgram(_))), "{sql}");
        }
    }

    #[test]
    fn our_files_are_recognised_also_without_a_mark() {
        for sql in [
            "VACUUM",
            "CREATE TABLE _config (a); CREATE TABLE _tables (a)",
            "CREATE TABLE _tables (a); CREATE TABLE links (a); CREATE TABLE \"links::gsi::byOwner\" (a)",
            "PRAGMA application_id = 1399352427; CREATE TABLE other (a)",
        ] {
            assert!(judge(sql).is_ok(), "{sql}");
        }
    }
}
