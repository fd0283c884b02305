//! chhoto-url: its database, a file of SQLite (`urls.sqlite`).
//!
//! ```sql
//! CREATE TABLE urls (id INTEGER PRIMARY KEY, long_url TEXT NOT NULL, short_url TEXT NOT NULL, hits INTEGER NOT NULL,
//!                    expiry_time INTEGER NOT NULL DEFAULT 0, notes TEXT)
//! ```
//!
//! Versions before 6.0 have no `expiry_time`, and those before 7.0 no `notes`. An `expiry_time` of 0 or `NULL` is
//! never. With its write-ahead log, the latest links are in the file `urls.sqlite-wal` beside it, which SQLite reads as
//! well. Nothing is written, and chhoto-url may run meanwhile; SQLite may leave a file `-shm` beside the others.

use std::collections::VecDeque;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use crate::draft::Draft;
use crate::encoding::decode;
use crate::error::ImportError;
use crate::format::Format;
use crate::link::Row;
use crate::source::Warnings;

/// How many rows are read at a time.
const BATCH: usize = 100;

/// What a file of SQLite begins with.
pub(crate) const MAGIC: &[u8] = b"SQLite format 3\0";

/// Whether a file is a database of chhoto-url: the table and its columns. Otherwise the names of its tables.
pub(crate) fn check(path: &Path) -> Result<Result<(), String>, ImportError> {
    let connection = open(path)?;
    let columns = columns(&connection)?;
    if ["short_url", "long_url", "hits"].iter().all(|name| columns.iter().any(|column| column == name)) {
        return Ok(Ok(()));
    }
    let tables = names(&connection, "SELECT name FROM sqlite_schema WHERE type = 'table' LIMIT 20")?;
    Ok(Err(tables.join(", ")))
}

/// The rows of a file. There is no transaction around the batches, because it would keep chhoto-url from writing
/// meanwhile.
pub(crate) fn rows(
    path: &Path,
    warnings: Warnings,
) -> Result<impl Iterator<Item = Result<Row, ImportError>> + Send + 'static, ImportError> {
    if let Err(tables) = check(path)? {
        let reason = format!("there is no table urls with short_url and long_url; the tables are: {tables}");
        return Err(ImportError::NotOfFormat { format: Format::ChhotoSqlite, reason });
    }
    let connection = open(path)?;
    let columns = columns(&connection)?;
    let column = |name: &'static str| if columns.iter().any(|column| column == name) { name } else { "NULL" };
    let (expiry, notes) = (column("expiry_time"), column("notes"));
    let query = format!(
        "SELECT rowid, short_url, long_url, hits, {expiry}, {notes} FROM urls WHERE rowid > ?1 ORDER BY rowid \
         LIMIT {BATCH}"
    );
    Ok(Batches { connection, query, warnings, last: i64::MIN, waiting: VecDeque::new(), failure: None })
}

/// The rows, of which a batch is read at a time.
struct Batches {
    connection: Connection,
    query: String,
    warnings: Warnings,
    /// The id of the last row that was read, or at first one that is before them all.
    last: i64,
    waiting: VecDeque<Row>,
    failure: Option<rusqlite::Error>,
}

impl Batches {
    fn read(&mut self) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(&self.query)?;
        let mut rows = statement.query([self.last])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            // In a damaged file, rows can be out of order, and would be read again and again.
            if id <= self.last {
                return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), None));
            }
            self.last = id;
            let text = |column| Ok::<_, rusqlite::Error>(text(row.get_ref(column)?, &self.warnings));
            let mut draft = Draft::new(&format!("id {id}"), text(1)?, text(2)?);
            draft.link.visits = text(3)?.and_then(|hits| crate::count::parse(&hits));
            draft.expires(text(4)?.as_deref());
            draft.link.note = text(5)?;
            self.waiting.push_back(draft.finish());
        }
        Ok(())
    }
}

impl Iterator for Batches {
    type Item = Result<Row, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.waiting.is_empty() && self.failure.is_none() {
            self.failure = self.read().err();
        }
        let row = self.waiting.pop_front().map(Ok);
        let position = if self.last == i64::MIN { String::new() } else { format!("id {}", self.last) };
        row.or_else(|| self.failure.as_ref().map(|error| Err(failed_after(error, position))))
    }
}

/// A value as a text. SQLite lets each value have any type.
fn text(value: ValueRef<'_>, warnings: &Warnings) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(decode(bytes.to_vec(), warnings)),
    }
}

fn open(path: &Path) -> Result<Connection, ImportError> {
    // SQLite's own message does not tell a missing file from one that may not be read.
    std::fs::File::open(path).map_err(|reason| ImportError::Open { path: path.to_owned(), reason })?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).map_err(|error| failed(&error))
}

fn columns(connection: &Connection) -> Result<Vec<String>, ImportError> {
    names(connection, "SELECT name FROM pragma_table_info('urls')")
}

fn names(connection: &Connection, query: &str) -> Result<Vec<String>, ImportError> {
    let read = || {
        let mut statement = connection.prepare(query)?;
        let names = statement.query_map([], |row| row.get(0))?;
        names.collect::<rusqlite::Result<Vec<String>>>()
    };
    read().map_err(|error| failed(&error))
}

fn failed(error: &rusqlite::Error) -> ImportError {
    failed_after(error, String::new())
}

fn failed_after(error: &rusqlite::Error, position: String) -> ImportError {
    let hint = match error.sqlite_error_code() {
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly) => {
            "; if the file is in a folder that you cannot write to, copy it with its -wal to another one"
        }
        _ => "",
    };
    ImportError::Read { position, reason: format!("SQLite says: {error}{hint}") }
}
