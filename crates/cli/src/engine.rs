//! A DynamoDB in this process: `dynoxide` over SQLite, in a file or in memory, which the SDK talks to over loopback.

use std::fs::{self, File, TryLockError};
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dynoxide::Database;
use rand::RngExt;
use thiserror::Error;
use tokio::net::TcpListener;

/// How often items whose time has passed are deleted. (DynamoDB itself takes up to days.)
const SWEEP_INTERVAL: Duration = Duration::from_secs(300);

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
    endpoint_url: String,
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
    /// No port on a loopback address.
    #[error("the embedded database cannot listen on a loopback address: {0}")]
    Listen(io::Error),
}

impl Engine {
    /// Starts an engine, which runs until the runtime ends.
    ///
    /// # Errors
    ///
    /// [`EngineError`].
    pub async fn start(data: &Data) -> Result<Self, EngineError> {
        let (database, lock) = match data {
            Data::Memory => (Database::memory().map_err(|error| unusable(Path::new("memory"), error))?, None),
            Data::File(path) => {
                let lock = lock(path)?;
                // Absolute: SQLite gives some relative names, such as `:memory:` and `file:`, a meaning.
                let path = &std::path::absolute(path).map_err(|error| unusable(path, error))?;
                let name = path.to_str().ok_or_else(|| unusable(path, "its name is not UTF-8"))?;
                (Database::new(name).map_err(|error| unusable(path, error))?, Some(lock))
            }
        };
        let listener = listen().await.map_err(EngineError::Listen)?;
        let address = listener.local_addr().map_err(EngineError::Listen)?;
        tokio::spawn(sweep(database.clone()));
        tokio::spawn(dynoxide::server::serve_on(listener, database));
        Ok(Self { endpoint_url: format!("http://{address}"), _lock: lock })
    }

    /// Where the SDK finds it.
    pub fn endpoint_url(&self) -> &str {
        &self.endpoint_url
    }
}

/// A port that a web page in this machine's browser will not find. The engine asks nobody who they are, and lets pages
/// of other origins in; so it listens on one of the 16 million loopback addresses, at random, where the system has
/// them (Linux), and not only on one of the ports of the one address that everybody knows. Programs of this machine's
/// users can find it all the same: where they are not to be trusted, use a DynamoDB that asks, with `--endpoint-url`.
async fn listen() -> io::Result<TcpListener> {
    let [a, b, c] = rand::rand_core::UnwrapErr(rand::rngs::SysRng).random::<[u8; 3]>();
    match TcpListener::bind((Ipv4Addr::new(127, a, b, c.clamp(1, 254)), 0)).await {
        Ok(listener) => Ok(listener),
        Err(_) => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await,
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
