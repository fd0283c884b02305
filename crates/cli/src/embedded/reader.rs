//! Reads of single items from the embedded engine's file that do not wait for writes.
//!
//! `dynoxide` has one connection to SQLite behind one lock, and prepares each statement anew. Most requests need one
//! item by its key. In WAL mode SQLite can read that on another connection while a write is under way, and sees every
//! committed write. This module relies only on what `dynoxide` makes public: its SQL statements, and that it stores
//! items in DynamoDB's JSON.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use dynoxide::storage_backend::sql_builders;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use shortlink_core::dynamodb::error::StoreError;

use crate::embedded::values::EngineItem;
use crate::embedded::{checksum, fault};

/// The maximum number of connections that are kept. Each has a cache of up to 2 MB and three open files.
const MAX_IDLE: usize = 16;

/// A reader of one table, with read-only connections.
#[derive(Debug)]
pub(super) struct SqliteReader {
    path: PathBuf,
    table: String,
    /// Connections that are not in use, at most [`MAX_IDLE`].
    idle: Mutex<Vec<Connection>>,
}

impl SqliteReader {
    /// A reader of `table` in the file at `path`, which an engine has opened.
    pub(super) fn new(path: &Path, table: &str) -> Self {
        Self { path: path.to_owned(), table: table.to_owned(), idle: Mutex::default() }
    }

    /// The item with this key. It waits for the disk if the page is not in memory.
    ///
    /// # Errors
    ///
    /// [`StoreError::Storage`] if SQLite fails, or if the item is damaged.
    pub(super) fn get_item(&self, key: &str) -> Result<Option<EngineItem>, StoreError> {
        let json = self
            .query(key)
            .map_err(|error| StoreError::Storage(format!("the database read failed: {}", fault::of_sqlite(&error))))?;
        let Some(json) = json else { return Ok(None) };
        let item = serde_json::from_str(&json).ok().filter(checksum::is_intact);
        item.map(Some).ok_or_else(|| StoreError::Storage(format!("the item {key:?} is damaged")))
    }

    fn query(&self, key: &str) -> rusqlite::Result<Option<String>> {
        let connection = self.checkout()?;
        let key = dynoxide::AttributeValue::S(key.to_owned()).to_key_string().unwrap_or_default();
        let (sql, parameters) = sql_builders::get_item(&self.table, &key, "");
        let mut select = connection.prepare_cached(&sql)?;
        let json = select.query_row(rusqlite::params_from_iter(parameters.iter()), |row| row.get(0)).optional();
        drop(select);
        if json.is_ok() {
            self.checkin(connection);
        }
        json
    }

    fn checkout(&self) -> rusqlite::Result<Connection> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY), Ok)
    }

    fn checkin(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE {
            idle.push(connection);
        }
    }
}
