//! Puts of new items into the embedded engine's file, without the engine.
//!
//! The engine reads the table's description and the item twice for each put, and prepares each of these statements
//! anew. Here a new item takes one statement, which is prepared once: an `INSERT` that does nothing if the key is not
//! free. The row is the one that the engine would write (a test compares the two), so the engine reads and changes it
//! as its own.

use std::path::Path;

use dynoxide::AttributeValue;
use dynoxide::storage_backend::sql_builders::escape_table_name;
use rusqlite::{CachedStatement, Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};
use shortlink_core::dynamodb::items::attribute;
use thiserror::Error;

use crate::embedded::values::EngineItem;
use crate::embedded::{Durability, checksum};

/// A connection that puts new items into one table.
#[derive(Debug)]
pub(super) struct SqliteWriter {
    connection: Connection,
    insert: String,
    select: String,
}

/// The reason that items could not be put.
#[derive(Debug, Error)]
pub(super) enum PutError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("the item cannot be stored: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the item {0:?} is damaged")]
    Damaged(String),
}

impl SqliteWriter {
    /// A writer of `table` in the file at `path`, which an engine has opened.
    ///
    /// # Errors
    ///
    /// Those of SQLite.
    pub(super) fn open(path: &Path, table: &str, durability: Durability) -> rusqlite::Result<Self> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // `FULL` waits for the disk at each commit, `NORMAL` does not.
        let synchronous = match durability {
            Durability::Durable => "FULL",
            Durability::Relaxed => "NORMAL",
        };
        connection.pragma_update(None, "synchronous", synchronous)?;
        let table = escape_table_name(table);
        let insert = format!(
            "INSERT INTO \"{table}\" (pk, sk, item_json, item_size, hash_prefix) VALUES (?1, '', ?2, ?3, ?4) \
             ON CONFLICT DO NOTHING"
        );
        let select = format!("SELECT item_json FROM \"{table}\" WHERE pk = ?1 AND sk = ''");
        Ok(Self { connection, insert, select })
    }

    /// Puts those items whose keys are free, in one transaction. For each item, returns the existing item if its key is
    /// not free.
    ///
    /// # Errors
    ///
    /// [`PutError`]. Then nothing has been written.
    pub(super) fn put_new<'a>(
        &mut self,
        items: impl IntoIterator<Item = &'a EngineItem>,
    ) -> Result<Vec<Option<EngineItem>>, PutError> {
        let transaction = Transaction::new(&mut self.connection, TransactionBehavior::Immediate)?;
        let existing = {
            let mut insert = transaction.prepare_cached(&self.insert)?;
            let put = |item| put_new(&transaction, &mut insert, &self.select, item);
            items.into_iter().map(put).collect::<Result<_, _>>()?
        };
        transaction.commit()?;
        Ok(existing)
    }
}

fn put_new(
    connection: &Connection,
    insert: &mut CachedStatement<'_>,
    select: &str,
    item: &EngineItem,
) -> Result<Option<EngineItem>, PutError> {
    let partition_key = item.get(attribute::CODE);
    let key = partition_key.and_then(AttributeValue::to_key_string).unwrap_or_default();
    let json = serde_json::to_string(item)?;
    let size = i64::try_from(dynoxide::types::item_size(item)).unwrap_or(i64::MAX);
    let hash_prefix = partition_key.map(dynoxide::storage::compute_hash_prefix).unwrap_or_default();
    if insert.execute(rusqlite::params![key, json, size, hash_prefix])? == 1 {
        return Ok(None);
    }
    let mut select = connection.prepare_cached(select)?;
    let json: Option<String> = select.query_row([&key], |row| row.get(0)).optional()?;
    let existing = json.and_then(|json| serde_json::from_str(&json).ok()).filter(checksum::is_intact);
    existing.map(Some).ok_or(PutError::Damaged(key))
}

#[cfg(test)]
mod tests {
    use dynoxide::Database;
    use dynoxide::actions::put_item::PutItemRequest;

    use super::*;

    const TABLE: &str = "links";

    fn link(code: &str) -> EngineItem {
        let text = |value: &str| AttributeValue::S(value.to_owned());
        let mut item = EngineItem::from([
            (attribute::CODE.to_owned(), text(code)),
            (attribute::TARGET.to_owned(), text("https://example.com/ü?\"'\u{1f600}")),
            (attribute::CREATED_AT.to_owned(), AttributeValue::N("1893456000".to_owned())),
            (attribute::IS_ALIAS.to_owned(), AttributeValue::BOOL(true)),
        ]);
        checksum::add(&mut item);
        item
    }

    fn table() -> (tempfile::TempDir, Database, SqliteWriter) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("links.db");
        let database = Database::new(path.to_str().expect("UTF-8")).expect("a database");
        let description = serde_json::json!({
            "TableName": TABLE,
            "AttributeDefinitions": [{ "AttributeName": attribute::CODE, "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": attribute::CODE, "KeyType": "HASH" }],
            "BillingMode": "PAY_PER_REQUEST",
        });
        database.create_table(serde_json::from_value(description).expect("a request")).expect("a table");
        let writer = SqliteWriter::open(&path, TABLE, Durability::Durable).expect("a writer");
        (folder, database, writer)
    }

    /// The columns of a row but for its key, with the item parsed: the order of its attributes is random.
    fn row(writer: &SqliteWriter, code: &str) -> (String, EngineItem, i64, Option<f64>, String) {
        let columns = "sk, item_json, item_size, cached_at, hash_prefix";
        let sql = format!("SELECT {columns} FROM {TABLE} WHERE pk = ?1");
        let read = |row: &rusqlite::Row<'_>| {
            let json: String = row.get(1)?;
            let item = serde_json::from_str(&json).expect("JSON");
            Ok((row.get(0)?, item, row.get(2)?, row.get(3)?, row.get(4)?))
        };
        let key = AttributeValue::S(code.to_owned()).to_key_string().expect("a key");
        writer.connection.query_row(&sql, [key], read).expect("a row")
    }

    #[test]
    fn the_row_is_the_one_that_the_engine_writes() {
        let (_folder, database, mut writer) = table();
        assert_eq!(writer.put_new([&link("abc")]).expect("put"), [None]);
        let ours = row(&writer, "abc");
        let put = PutItemRequest { table_name: TABLE.to_owned(), item: link("abc"), ..PutItemRequest::default() };
        database.put_item(put).expect("put");
        assert_eq!(ours, row(&writer, "abc"));
    }

    #[test]
    fn a_key_that_is_not_free_returns_its_item() {
        let (_folder, _database, mut writer) = table();
        let (first, other) = (link("abc"), link("other"));
        let mut second = first.clone();
        second.insert(attribute::WRITE_ID.to_owned(), AttributeValue::S("2".to_owned()));
        // Within one transaction, and in the next.
        assert_eq!(writer.put_new([&first, &second, &other]).expect("put"), [None, Some(first.clone()), None]);
        assert_eq!(writer.put_new([&second]).expect("put"), [Some(first)]);
    }
}
