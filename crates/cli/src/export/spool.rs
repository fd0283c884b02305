//! Where the items wait that an export has read, until all are there and can be written in the order of their keys.
//!
//! It is an SQLite file, so that memory stays bounded whatever the size of the table, and that a page of items and how far its
//! segment has been read are kept together or not at all: an export that was stopped or killed continues exactly there.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction};
use shortlink_core::dynamodb::table_scan::Segment;

use super::error::ExportError;
use super::file::Header;

/// The memory for SQLite's pages, in KiB.
const CACHE_KIB: i64 = 32 * 1_024;

/// How far a segment has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) segment: Segment,
    /// The key of the last item; `None`: nothing has been read.
    pub(super) after: Option<String>,
}

/// The items of an unfinished export.
#[derive(Debug)]
pub(super) struct Spool {
    connection: Connection,
    path: PathBuf,
}

impl Spool {
    /// A new spool for the items of `segments` segments.
    pub(super) fn create(path: &Path, header: &Header, segments: i32) -> Result<Self, ExportError> {
        let create = || {
            let mut connection = Connection::open(path)?;
            prepare(&connection)?;
            let transaction = connection.transaction()?;
            transaction.execute_batch(
                "CREATE TABLE export (header TEXT NOT NULL, segments INTEGER NOT NULL);
                 CREATE TABLE segment (number INTEGER PRIMARY KEY, after_key TEXT, is_done INTEGER NOT NULL);
                 CREATE TABLE item (key TEXT NOT NULL, line TEXT NOT NULL);",
            )?;
            let header = serde_json::to_string(header).unwrap_or_default();
            transaction.execute("INSERT INTO export VALUES (?1, ?2)", (header, segments))?;
            for number in 0..segments {
                transaction.execute("INSERT INTO segment VALUES (?1, NULL, 0)", [number])?;
            }
            transaction.commit()?;
            Ok(connection)
        };
        let connection = create().map_err(|error| to_error(path, &error))?;
        Ok(Self { connection, path: path.to_owned() })
    }

    /// The spool of an export that was not finished, and its header.
    pub(super) fn open(path: &Path) -> Result<(Self, Header), ExportError> {
        let open = || {
            let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            prepare(&connection)?;
            let header: String = connection.query_row("SELECT header FROM export", [], |row| row.get(0))?;
            Ok((connection, header))
        };
        let (connection, header) = open().map_err(|error| to_error(path, &error))?;
        let header = serde_json::from_str(&header).map_err(|_| ExportError::NotAnExport(path.to_owned()))?;
        Ok((Self { connection, path: path.to_owned() }, header))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The segments that have not been read to their end.
    pub(super) fn unread(&self) -> Result<Vec<Progress>, ExportError> {
        self.read(|connection| {
            let total = connection.query_row("SELECT segments FROM export", [], |row| row.get(0))?;
            let mut select = connection.prepare("SELECT number, after_key FROM segment WHERE NOT is_done")?;
            let rows = select.query_map([], |row| {
                Ok(Progress { segment: Segment { number: row.get(0)?, total }, after: row.get(1)? })
            })?;
            rows.collect()
        })
    }

    /// Adds a page of a segment: the key and the line of each item, and the key after which the next page begins.
    pub(super) fn add(
        &mut self,
        segment: Segment,
        lines: &[(String, String)],
        next: Option<&str>,
    ) -> Result<(), ExportError> {
        let add = |transaction: Transaction<'_>| {
            {
                let mut insert = transaction.prepare_cached("INSERT INTO item VALUES (?1, ?2)")?;
                for (key, line) in lines {
                    insert.execute((key, line))?;
                }
                let mut update =
                    transaction.prepare_cached("UPDATE segment SET after_key = ?2, is_done = ?3 WHERE number = ?1")?;
                update.execute((segment.number, next, next.is_none()))?;
            }
            transaction.commit()
        };
        self.connection.transaction().and_then(add).map_err(|error| to_error(&self.path, &error))
    }

    /// How many items there are.
    pub(super) fn items(&self) -> Result<u64, ExportError> {
        let count: i64 =
            self.read(|connection| connection.query_row("SELECT count(*) FROM item", [], |row| row.get(0)))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Sorts the keys.
    pub(super) fn sort(&self) -> Result<(), ExportError> {
        self.read(|connection| connection.execute_batch("CREATE UNIQUE INDEX IF NOT EXISTS by_key ON item (key)"))
    }

    /// The line of the item with this key.
    pub(super) fn line(&self, key: &str) -> Result<Option<String>, ExportError> {
        self.read(|connection| {
            let mut select = connection.prepare_cached("SELECT line FROM item WHERE key = ?1")?;
            select.query_row([key], |row| row.get(0)).optional()
        })
    }

    /// Calls `act` with the line of each item, in the order of the keys, until it fails.
    pub(super) fn for_each(&self, mut act: impl FnMut(&str) -> Result<(), ExportError>) -> Result<(), ExportError> {
        let mut select = self
            .connection
            .prepare("SELECT line FROM item ORDER BY key")
            .map_err(|error| to_error(&self.path, &error))?;
        let mut rows = select.query([]).map_err(|error| to_error(&self.path, &error))?;
        while let Some(row) = rows.next().map_err(|error| to_error(&self.path, &error))? {
            let line = row.get_ref(0).ok().and_then(|line| line.as_str().ok()).unwrap_or_default();
            act(line)?;
        }
        Ok(())
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, ExportError> {
        read(&self.connection).map_err(|error| to_error(&self.path, &error))
    }
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A power cut may take the last pages, together with how far they had been read.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)
}

fn to_error(path: &Path, error: &rusqlite::Error) -> ExportError {
    let reason = match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => "no space is left on the disk".to_owned(),
        _ => error.to_string(),
    };
    ExportError::Spool { path: path.to_owned(), reason }
}
