//! A DynamoDB in this process: `dynoxide` over SQLite, in a file or in memory.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use dynoxide::Database;
use shortlink_core::store::Store;
use thiserror::Error;

use crate::passage::Passage;
use crate::reader;

/// How often items whose time has passed are deleted. (DynamoDB itself takes up to days.)
const SWEEP_INTERVAL: Duration = Duration::from_secs(300);

/// How often it is waited for that the disk has what was written: what a power cut may cost.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);

/// Where the links are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// Nowhere: they are gone with the process.
    Memory,
    /// In this file.
    File(PathBuf),
}

/// A running engine.
#[derive(Debug)]
pub struct Engine {
    passage: Passage,
    file: Option<PathBuf>,
    /// Held for as long as the engine runs; the kernel lets go of it even after `kill -9`.
    _lock: Option<File>,
}

/// Why the engine does not run.
#[derive(Debug, Error)]
pub enum EngineError {
    /// Another process uses the file.
    #[error("{0} is in use by another shortlink; stop that one, or choose another file with --data")]
    InUse(PathBuf),
    /// The file or its folder cannot be used.
    #[error("{path} cannot be used: {reason}; choose another file with --data")]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl Engine {
    /// Starts an engine in the current runtime, which keeps it clean and on the disk.
    ///
    /// # Errors
    ///
    /// [`EngineError`].
    pub fn start(data: &Data) -> Result<Self, EngineError> {
        let (database, file, lock) = match data {
            Data::Memory => {
                let database = Database::memory().map_err(|error| unusable(Path::new("memory"), error))?;
                (database, None, None)
            }
            Data::File(path) => {
                let lock = lock(path)?;
                // Absolute: SQLite gives some relative names, such as `:memory:` and `file:`, a meaning.
                let path = &std::path::absolute(path).map_err(|error| unusable(path, error))?;
                let name = path.to_str().ok_or_else(|| unusable(path, "its name is not UTF-8"))?;
                let database = Database::new(name).map_err(|error| unusable(path, error))?;
                // The only way there is to `synchronous=NORMAL`, which it sets with three settings that are SQLite's
                // defaults: a commit is written before it is answered, but not waited for until the disk has it.
                database.disable_bulk_loading().map_err(|error| unusable(path, error))?;
                // As SQLite names the files beside it.
                (database, Some(path.canonicalize().map_err(|error| unusable(path, error))?), Some(lock))
            }
        };
        tokio::spawn(sweep(database.clone()));
        let passage = Passage::new(database);
        if let Some(file) = &file {
            tokio::spawn(sync(file.clone(), passage.clone()));
        }
        Ok(Self { passage, file, _lock: lock })
    }

    /// An SDK client that talks to it.
    pub fn client(&self) -> Client {
        self.passage.client()
    }

    /// The table of that name, which is there.
    pub fn store(&self, table: &str) -> Store {
        let store = Store::new(self.client(), table);
        match &self.file {
            Some(file) => store.with_shortcut(reader::shortcut(file, table)),
            None => store,
        }
    }
}

/// Makes sure that one process at a time writes the file. The lock is a file beside it, since SQLite has locks of its
/// own on the file itself.
fn lock(path: &Path) -> Result<File, EngineError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| unusable(path, error))?;
    }
    // A file of two names has one lock.
    let mut name = path.canonicalize().unwrap_or_else(|_| path.to_owned()).into_os_string();
    name.push(".lock");
    let file = File::create(name).map_err(|error| unusable(path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(EngineError::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(unusable(path, error)),
    }
}

/// Sees to it that the disk has what was committed. (SQLite itself waits for it now and then.)
async fn sync(file: PathBuf, passage: Passage) {
    // Until SQLite has brought it into the file, what is committed is in the log beside it.
    let mut name = file.into_os_string();
    name.push("-wal");
    let Ok(log) = OpenOptions::new().write(true).open(&name).map(Arc::new) else {
        tracing::warn!("links are on the disk only when the system has written them there");
        return;
    };
    loop {
        tokio::time::sleep(SYNC_INTERVAL).await;
        if !passage.has_written() {
            continue;
        }
        let log = Arc::clone(&log);
        match tokio::task::spawn_blocking(move || log.sync_data()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "links could not be brought to the disk"),
            Err(_) => return,
        }
    }
}

async fn sweep(database: Database) {
    loop {
        tokio::time::sleep(SWEEP_INTERVAL).await;
        let database = database.clone();
        match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
            Ok(Ok(0)) => {}
            Ok(Ok(items)) => tracing::info!(items, "deleted what expired long ago"),
            Ok(Err(error)) => tracing::warn!(%error, "what expired long ago could not be deleted"),
            Err(_) => return,
        }
    }
}

fn unusable(path: &Path, reason: impl std::fmt::Display) -> EngineError {
    EngineError::Unusable { path: path.to_owned(), reason: reason.to_string() }
}
