//! A DynamoDB inside this process: the engine `dynoxide` over SQLite, in a file or in memory.
//!
//! | module | defines |
//! | --- | --- |
//! | `beside` | reading the file while a server uses it |
//! | [`backup`] | a copy of the file, also while a server uses it |
//! | `checksum` | a checksum on each link, which detects damage |
//! | `connector` | connects the SDK to the engine with function calls instead of a network |
//! | `data_file` | the file: opening it, and noticing that it is unusable, damaged or gone |
//! | `direct_table` | reads and puts of single items without the SDK |
//! | `fault` | faults of the disk and of the file, in words for the operator |
//! | `file_lock` | the lock that lets one process at a time write the file |
//! | `file_origin` | whether a file is ours or another program's |
//! | `operations` | the operations of DynamoDB that the engine carries out |
//! | `read_thread` | the thread that reads single items, while the disk answers |
//! | `reader` | reads of single items that do not wait for writes |
//! | `ttl_sweep` | deleting items whose TTL has passed |
//! | `values` | items as the engine represents them |
//! | `write_queue` | the one thread that writes, in groups |
//! | `writer` | puts of new items without the engine |

pub mod backup;
mod beside;
mod checksum;
mod connector;
mod data_file;
mod direct_table;
mod fault;
mod file_lock;
mod file_origin;
mod operations;
mod read_thread;
mod reader;
mod ttl_sweep;
mod values;
mod write_queue;
mod writer;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueEnum;
use dynoxide::Database;
use shortlink_core::dynamodb::store::Store;
use thiserror::Error;

use crate::error::CliError;
use crate::table;
use connector::InProcessConnector;
use data_file::DataFile;
use direct_table::DirectTable;
use file_lock::FileLock;
use read_thread::ReadThread;
use reader::SqliteReader;
use write_queue::{OpenFile, WriteQueue};
use writer::SqliteWriter;

/// Where an embedded table is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// In memory: the links are lost when the process ends.
    Memory,
    /// In this file.
    File(PathBuf),
}

/// Which links a power cut may lose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Durability {
    /// None: a link is on disk before the response is sent
    #[default]
    Durable,
    /// Recent links: the operating system decides when they reach the disk
    Relaxed,
}

/// How a table is opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenOptions {
    /// Which links a power cut may lose.
    pub durability: Durability,
    /// Whether to look for damage first, which takes about 3 s for 100 MB.
    pub check: bool,
    /// Whether to keep items whose TTL has passed.
    pub keeps_purged: bool,
}

/// An open embedded table.
#[derive(Debug)]
pub struct EmbeddedTable {
    store: Store,
    location: Location,
    /// Held while the table is open.
    _lock: Option<FileLock>,
}

/// The reason that an embedded table cannot be opened.
#[derive(Debug, Error)]
pub enum EmbeddedError {
    /// Another process has opened the file.
    #[error("{0} is in use by another shortlink process; stop it, or choose another file with --data")]
    InUse(PathBuf),
    /// The file contains something else.
    #[error(
        "{0} is not an SQLite database; choose another file with --data or, if it had your links, restore a backup"
    )]
    NotADatabase(PathBuf),
    /// The file belongs to another program.
    #[error("{0} is the database of another program and was left as it is; choose another file with --data")]
    OfAnotherProgram(PathBuf),
    /// There is a folder at the path.
    #[error("{0} is a folder; name a file in it, such as --data {example}", example = .0.join("links.db").display())]
    Folder(PathBuf),
    /// A backup would replace a file.
    #[error("{0} exists already and was left as it is; choose another name")]
    Exists(PathBuf),
    /// The engine takes only names that are UTF-8.
    #[error("the name of {0} is not UTF-8; choose another file with --data")]
    NameNotUtf8(PathBuf),
    /// The check has found damage.
    #[error(
        "{path} is damaged: {faults}; restore a backup, or start without --check to serve the links that can still be \
         read"
    )]
    Damaged {
        /// The path of the file.
        path: PathBuf,
        /// What was found, up to a limit.
        faults: String,
    },
    /// The file or its folder cannot be used.
    #[error("{path} cannot be used: {reason}")]
    Unusable {
        /// The path that the user gave, or `memory`.
        path: PathBuf,
        /// The cause, and what to do.
        reason: String,
    },
}

impl EmbeddedTable {
    /// Opens the table called `name`, and creates it if it does not exist. A task in the current runtime then deletes
    /// expired items.
    ///
    /// # Errors
    ///
    /// [`CliError`].
    pub async fn open(location: Location, name: &str, options: OpenOptions) -> Result<Self, CliError> {
        match &location {
            Location::Memory => {
                let database = Database::memory().map_err(|error| EmbeddedError::Unusable {
                    path: PathBuf::from("memory"),
                    reason: fault::of_engine(&error),
                })?;
                tokio::spawn(ttl_sweep::run(database.clone(), None));
                let (store, _) = Self::connect(database.clone(), name, None, database).await?;
                Ok(Self { store, location, _lock: None })
            }
            Location::File(path) => {
                if path.is_dir() {
                    return Err(EmbeddedError::Folder(path.clone()).into());
                }
                let lock = FileLock::acquire(path)?;
                let (file, database) = DataFile::open(path, name, options.durability)?;
                if options.check {
                    file.check(name)?;
                }
                if !options.keeps_purged {
                    tokio::spawn(ttl_sweep::run(database.clone(), file.last_written()));
                }
                let reads = file.open_for_reads()?;
                let reader = SqliteReader::new(file.path(), name);
                let path = file.path().to_owned();
                let writer = SqliteWriter::open(&path, name, options.durability)
                    .map_err(|error| EmbeddedError::Unusable { path, reason: fault::of_sqlite(&error) })?;
                let (store, writes) = Self::connect(database, name, Some(OpenFile { file, writer }), reads).await?;
                let reads = ReadThread::start(reader).map_err(CliError::Runtime)?;
                let store = store.with_direct_access(Arc::new(DirectTable::new(reads, writes)));
                Ok(Self { store, location, _lock: Some(lock) })
            }
        }
    }

    async fn connect(
        database: Database,
        name: &str,
        file: Option<OpenFile>,
        reads: Database,
    ) -> Result<(Store, Arc<WriteQueue>), CliError> {
        let writes = Arc::new(WriteQueue::start(database, name, file).map_err(CliError::Runtime)?);
        let client = InProcessConnector::new(reads, Arc::clone(&writes)).client();
        table::ensure(&client, name).await?;
        Ok((Store::new(client, name), writes))
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

fn unusable(path: &Path, error: &io::Error) -> EmbeddedError {
    EmbeddedError::Unusable { path: path.to_owned(), reason: fault::of_system(error) }
}
