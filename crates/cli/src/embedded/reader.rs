//! Reads of single items from the embedded engine's file that do not wait for writes.
//!
//! `dynoxide` has one connection to SQLite behind one lock, and prepares each statement anew. Most requests need one
//! item by its key. In WAL mode SQLite can read that on another connection while a write is under way, and sees every
//! committed write. This module relies only on what `dynoxide` makes public: its SQL statements, and that it stores
//! items in DynamoDB's JSON.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use aws_sdk_dynamodb::types::AttributeValue;
use dynoxide::storage_backend::sql_builders;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use serde::Deserialize;
use shortlink_core::dynamodb::items::Item;
use shortlink_core::dynamodb::store::{PointReadFailed, PointReader};

/// A reader of one table, with read-only connections.
#[derive(Debug)]
pub(super) struct SqliteReader {
    path: PathBuf,
    table: String,
    /// Connections that are not in use. There are as many as were used at the same time, at most one per thread.
    idle: Mutex<Vec<Connection>>,
}

/// An attribute value of the types that links have.
#[derive(Deserialize)]
enum Value {
    S(String),
    N(String),
}

impl SqliteReader {
    /// A reader of `table` in the file at `path`, which an engine has opened.
    pub(super) fn new(path: &Path, table: &str) -> Self {
        Self { path: path.to_owned(), table: table.to_owned(), idle: Mutex::default() }
    }

    fn query(&self, connection: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
        let key = dynoxide::AttributeValue::S(key.to_owned()).to_key_string().unwrap_or_default();
        let (sql, parameters) = sql_builders::get_item(&self.table, &key, "");
        let mut select = connection.prepare_cached(&sql)?;
        select.query_row(rusqlite::params_from_iter(parameters.iter()), |row| row.get(0)).optional()
    }

    fn checkout(&self) -> rusqlite::Result<Connection> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY), Ok)
    }

    fn checkin(&self, connection: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

impl PointReader for SqliteReader {
    /// Fails if SQLite does, or if the item has attributes of types that links do not have.
    fn get_item(&self, key: &str) -> Result<Option<Item>, PointReadFailed> {
        let connection = self.checkout().map_err(|_| PointReadFailed)?;
        let json = self.query(&connection, key).map_err(|_| PointReadFailed)?;
        self.checkin(connection);
        let Some(json) = json else { return Ok(None) };
        let values: HashMap<String, Value> = serde_json::from_str(&json).map_err(|_| PointReadFailed)?;
        let item = values.into_iter().map(|(name, value)| match value {
            Value::S(text) => (name, AttributeValue::S(text)),
            Value::N(digits) => (name, AttributeValue::N(digits)),
        });
        Ok(Some(item.collect()))
    }
}
