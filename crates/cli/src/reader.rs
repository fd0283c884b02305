//! Reads of the embedded engine's file that do not wait for whoever writes it.
//!
//! `dynoxide` has one connection to SQLite behind one lock, and prepares each statement anew. What most requests need is
//! one item by its key. In WAL mode that can be read on other connections, while a write is under way, and what has been
//! committed is seen. What is known of `dynoxide`'s tables here is what it makes public: its statements, and that an item
//! is kept in DynamoDB's JSON.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use aws_sdk_dynamodb::types::AttributeValue;
use dynoxide::storage_backend::sql_builders;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use serde::Deserialize;
use shortlink_core::link::Item;
use shortlink_core::store::Shortcut;

/// Connections that only read.
#[derive(Debug)]
struct Reader {
    path: PathBuf,
    table: String,
    /// As many as have been used at once: no more than there are threads.
    idle: Mutex<Vec<Connection>>,
}

/// A value of the types that links have.
#[derive(Deserialize)]
enum Value {
    S(String),
    N(String),
}

/// A shortcut to the items of a table in the file at `path`, which an engine has opened.
pub(crate) fn shortcut(path: &Path, table: &str) -> Shortcut {
    let reader = Reader { path: path.to_owned(), table: table.to_owned(), idle: Mutex::default() };
    Shortcut::new(move |key| reader.item(key))
}

impl Reader {
    /// The item with this key. `None` if it cannot be read, or has attributes that no link has.
    fn item(&self, key: &str) -> Option<Option<Item>> {
        let connection = self.take()?;
        let found = self.find(&connection, key).ok()?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        let Some(item) = found else { return Some(None) };
        let values: HashMap<String, Value> = serde_json::from_str(&item).ok()?;
        let item = values.into_iter().map(|(name, value)| match value {
            Value::S(text) => (name, AttributeValue::S(text)),
            Value::N(digits) => (name, AttributeValue::N(digits)),
        });
        Some(Some(item.collect()))
    }

    fn find(&self, connection: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
        let key = dynoxide::AttributeValue::S(key.to_owned()).to_key_string().unwrap_or_default();
        let (sql, parameters) = sql_builders::get_item(&self.table, &key, "");
        let mut select = connection.prepare_cached(&sql)?;
        select.query_row(rusqlite::params_from_iter(parameters.iter()), |row| row.get(0)).optional()
    }

    fn take(&self) -> Option<Connection> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.or_else(|| Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY).ok())
    }
}
