//! Where links are stored: the options of the command line that name a table, and opening it.

use std::path::{Path, PathBuf};

use clap::Args;
use directories::ProjectDirs;
use shortlink_core::dynamodb::client;
use shortlink_core::dynamodb::store::Store;
use shortlink_core::visits::recorder::{VisitRecorder, VisitTracking};
use shortlink_core::visits::writer::{PerLinkWriter, TransactionWriter};
use url::Url;

use crate::embedded::{Durability, EmbeddedTable, Location, OpenOptions};
use crate::error::CliError;
use crate::table;

/// The table's name if none is given.
pub const DEFAULT_TABLE: &str = "shortlink";

/// The options that name a table.
#[derive(Debug, Args)]
pub struct StorageOptions {
    /// Keep the links and keys in this file, or only in memory if PATH is "memory" [default: links.db in the user's data
    /// folder]
    #[arg(long, value_name = "PATH", conflicts_with_all = ["endpoint_url", "table"])]
    pub data: Option<PathBuf>,

    /// Which links a power cut may lose
    #[arg(long, value_enum, default_value_t, conflicts_with_all = ["endpoint_url", "table"])]
    pub durability: Durability,

    /// Check the file for damage first, and refuse to start if it is damaged
    #[arg(long, conflicts_with_all = ["endpoint_url", "table"])]
    pub check: bool,

    /// Store the links in the DynamoDB at this URL instead of a file
    #[arg(long, value_name = "URL", value_parser = parse_endpoint)]
    pub endpoint_url: Option<String>,

    /// Store the links in this DynamoDB table instead of a file, using your AWS credentials and region
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,
}

fn parse_endpoint(text: &str) -> Result<String, String> {
    let is_valid = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let advice = || "give a URL that begins with http:// or https://, such as http://127.0.0.1:8000".to_owned();
    is_valid.then(|| text.to_owned()).ok_or_else(advice)
}

/// An open table.
#[derive(Debug)]
pub enum Storage {
    /// A table in this process.
    Embedded(EmbeddedTable),
    /// A table in a DynamoDB elsewhere.
    Remote {
        /// The store that reads and writes it.
        store: Store,
        /// Where it is, in a form for people.
        description: String,
    },
}

impl StorageOptions {
    /// Opens the table that the options name. An embedded table is created if it does not exist.
    ///
    /// # Errors
    ///
    /// [`CliError`].
    pub async fn open(&self) -> Result<Storage, CliError> {
        let Some(location) = self.location()? else {
            let name = self.table.as_deref().unwrap_or(DEFAULT_TABLE);
            let (client, description) = match &self.endpoint_url {
                Some(url) => (client::with_endpoint(url).await, format!("the table {name:?} at {url}")),
                None => (client::from_environment().await, format!("the DynamoDB table {name:?}")),
            };
            table::require_exists(&client, name).await?;
            return Ok(Storage::Remote { store: Store::new(client, name), description });
        };
        let options = OpenOptions { durability: self.durability, check: self.check };
        Ok(Storage::Embedded(EmbeddedTable::open(location, DEFAULT_TABLE, options).await?))
    }
}

impl StorageOptions {
    /// As [`open`](Self::open), for what outlives this process.
    ///
    /// # Errors
    ///
    /// [`CliError`], also if the table would be in memory.
    pub async fn open_persistent(&self) -> Result<Storage, CliError> {
        match self.location()? {
            Some(Location::Memory) => Err(CliError::InMemory),
            _ => self.open().await,
        }
    }

    /// As [`open_persistent`](Self::open_persistent), but creates no file.
    ///
    /// # Errors
    ///
    /// [`CliError`], also if there is no such file.
    pub async fn open_existing(&self) -> Result<Storage, CliError> {
        match self.location()? {
            Some(Location::File(path)) if !path.exists() => Err(CliError::NoFile(path)),
            _ => self.open_persistent().await,
        }
    }

    /// Where the embedded table is kept; `None` if the options name a table elsewhere.
    fn location(&self) -> Result<Option<Location>, CliError> {
        if self.endpoint_url.is_some() || self.table.is_some() {
            return Ok(None);
        }
        location(self.data.as_deref()).map(Some)
    }
}

/// Where an embedded table is kept, by the value of `--data`.
///
/// # Errors
///
/// [`CliError::NoDataFolder`].
pub fn location(data: Option<&Path>) -> Result<Location, CliError> {
    Ok(match data {
        // The second is SQLite's name for it.
        Some(path) if ["memory", ":memory:"].iter().any(|name| path.as_os_str() == *name) => Location::Memory,
        Some(path) => Location::File(path.to_owned()),
        None => {
            let folders = ProjectDirs::from("", "", "shortlink").ok_or(CliError::NoDataFolder)?;
            Location::File(folders.data_dir().join("links.db"))
        }
    })
}

impl Storage {
    /// An empty table in memory.
    ///
    /// # Errors
    ///
    /// [`CliError`].
    pub async fn in_memory() -> Result<Self, CliError> {
        let table = EmbeddedTable::open(Location::Memory, DEFAULT_TABLE, OpenOptions::default());
        Ok(Self::Embedded(table.await?))
    }

    /// Whether the links are lost when the process ends.
    pub fn is_in_memory(&self) -> bool {
        matches!(self, Self::Embedded(table) if *table.location() == Location::Memory)
    }

    /// The store that reads and writes the table.
    pub fn store(&self) -> Store {
        match self {
            Self::Embedded(table) => table.store(),
            Self::Remote { store, .. } => store.clone(),
        }
    }

    /// A recorder of visits that suits the table. Daily counts are kept for `retention_seconds` after their day.
    pub fn visit_recorder(&self, tracking: VisitTracking, retention_seconds: i64) -> VisitRecorder {
        match self {
            Self::Embedded(table) => {
                VisitRecorder::new(tracking, TransactionWriter::new(table.store(), retention_seconds))
            }
            Self::Remote { store, .. } => {
                VisitRecorder::new(tracking, PerLinkWriter::new(store.clone(), retention_seconds))
            }
        }
    }
}

/// Where the table is, in a form for people.
impl std::fmt::Display for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Embedded(table) => table.location().fmt(f),
            Self::Remote { description, .. } => f.write_str(description),
        }
    }
}
