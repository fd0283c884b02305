//! A DynamoDB inside this process: the engine `dynoxide` over SQLite, in a file or in memory.
//!
//! | module | defines |
//! | --- | --- |
//! | `connector` | connects the SDK to the engine with function calls instead of a network |
//! | `operations` | the operations of DynamoDB that the engine carries out |
//! | `reader` | reads of single items that do not wait for writes |

mod connector;
mod operations;
mod reader;

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use dynoxide::Database;
use shortlink_core::dynamodb::store::Store;
use thiserror::Error;

use crate::error::CliError;
use crate::table;
use connector::InProcessConnector;
use reader::SqliteReader;

/// The interval at which items whose TTL has passed are deleted. (DynamoDB itself takes up to days.)
const TTL_SWEEP_INTERVAL: Duration = Duration::from_secs(300);

/// The interval at which the file is synchronised with the disk. A power cut may lose the writes of this interval.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);

/// Where an embedded table is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// In memory: the links are lost when the process ends.
    Memory,
    /// In this file.
    File(PathBuf),
}

/// An open embedded table.
#[derive(Debug)]
pub struct EmbeddedTable {
    store: Store,
    location: Location,
    /// Held while the table is open. The kernel releases it even after `kill -9`.
    _lock: Option<File>,
}

/// The reason that an embedded table cannot be opened.
#[derive(Debug, Error)]
pub enum EmbeddedError {
    /// Another process has opened the file.
    #[error("{0} is in use by another shortlink process; stop it, or choose another file with --data")]
    InUse(PathBuf),
    /// The file or its folder cannot be used.
    #[error("{path} cannot be used: {reason}; choose another file with --data")]
    Unusable {
        /// The path that the user gave, or `memory`.
        path: PathBuf,
        /// The cause, as the engine or the operating system states it.
        reason: String,
    },
}

impl EmbeddedTable {
    /// Opens the table called `name`, and creates it if it does not exist. Tasks in the current runtime then delete
    /// expired items and synchronise the file with the disk.
    ///
    /// # Errors
    ///
    /// [`CliError`].
    pub async fn open(location: Location, name: &str) -> Result<Self, CliError> {
        let (database, lock) = match &location {
            Location::Memory => (Database::memory().map_err(|error| unusable(Path::new("memory"), error))?, None),
            Location::File(path) => {
                let lock = lock(path)?;
                (open_file(path)?, Some(lock))
            }
        };
        tokio::spawn(sweep_ttl(database.clone()));
        let connector = InProcessConnector::new(database);
        let client = connector.client();
        table::ensure(&client, name).await?;
        let store = match &location {
            Location::Memory => Store::new(client, name),
            Location::File(path) => {
                // SQLite derives the names of the files beside it from the resolved path.
                let path = path.canonicalize().map_err(|error| unusable(path, error))?;
                tokio::spawn(sync(path.clone(), connector));
                Store::new(client, name).with_point_reader(Arc::new(SqliteReader::new(&path, name)))
            }
        };
        Ok(Self { store, location, _lock: lock })
    }

    /// The store that reads and writes this table.
    pub fn store(&self) -> Store {
        self.store.clone()
    }

    /// Where it is kept.
    pub fn location(&self) -> &Location {
        &self.location
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

fn open_file(path: &Path) -> Result<Database, EmbeddedError> {
    // SQLite gives some relative names, such as `:memory:` and `file:`, a special meaning. An absolute path has none.
    let absolute = std::path::absolute(path).map_err(|error| unusable(path, error))?;
    let name = absolute.to_str().ok_or_else(|| unusable(path, "its name is not UTF-8"))?;
    // SQLite gives the files beside it the same mode.
    create_private(path).map_err(|error| unusable(path, error))?;
    let database = Database::new(name).map_err(|error| unusable(path, error))?;
    // This is dynoxide's only way to `synchronous=NORMAL`; the other three settings that it applies are SQLite's
    // defaults. A commit is then written before it is answered, but the disk is not waited for.
    database.disable_bulk_loading().map_err(|error| unusable(path, error))?;
    Ok(database)
}

/// Opens a file, and creates it so that only its owner can read it: targets are nobody else's business.
fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Ensures that only one process writes the file. The lock is on a file beside it, since SQLite has locks of its own on
/// the database file.
fn lock(path: &Path) -> Result<File, EmbeddedError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| unusable(path, error))?;
    }
    // A file that has two names must have one lock.
    let mut name = path.canonicalize().unwrap_or_else(|_| path.to_owned()).into_os_string();
    name.push(".lock");
    let file = create_private(Path::new(&name)).map_err(|error| unusable(path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(EmbeddedError::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(unusable(path, error)),
    }
}

/// Synchronises committed writes with the disk. (SQLite itself does so only at each checkpoint.)
async fn sync(file: PathBuf, connector: InProcessConnector) {
    // Committed writes are in the write-ahead log until SQLite moves them into the file.
    let mut name = file.into_os_string();
    name.push("-wal");
    let Ok(log) = OpenOptions::new().write(true).open(&name).map(Arc::new) else {
        tracing::warn!("cannot open the write-ahead log: the operating system decides when links reach the disk");
        return;
    };
    loop {
        tokio::time::sleep(SYNC_INTERVAL).await;
        if !connector.take_has_written() {
            continue;
        }
        let log = Arc::clone(&log);
        match tokio::task::spawn_blocking(move || log.sync_data()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "links could not be written to the disk"),
            Err(_) => return,
        }
    }
}

async fn sweep_ttl(database: Database) {
    loop {
        tokio::time::sleep(TTL_SWEEP_INTERVAL).await;
        let database = database.clone();
        match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
            Ok(Ok(0)) => {}
            Ok(Ok(items)) => tracing::info!(items, "deleted items whose TTL has passed"),
            Ok(Err(error)) => tracing::warn!(%error, "items whose TTL has passed could not be deleted"),
            Err(_) => return,
        }
    }
}

fn unusable(path: &Path, reason: impl fmt::Display) -> EmbeddedError {
    EmbeddedError::Unusable { path: path.to_owned(), reason: reason.to_string() }
}
