//! Where links are stored: the options of the command line that name a table, and opening it.

use std::path::PathBuf;

use clap::Args;
use directories::ProjectDirs;
use shortlink_core::dynamodb::client;
use shortlink_core::dynamodb::store::Store;
use shortlink_core::visits::recorder::{VisitRecorder, VisitTracking};
use shortlink_core::visits::writer::{PerLinkWriter, TransactionWriter};

use crate::embedded::{Durability, EmbeddedTable, Location, OpenOptions};
use crate::error::CliError;
use crate::table;

/// The table's name if none is given.
const DEFAULT_TABLE: &str = "shortlink";

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
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,

    /// Store the links in this DynamoDB table instead of a file, using your AWS credentials and region
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,
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
        let options = OpenOptions { durability: self.durability, check: self.check, ..OpenOptions::default() };
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
        Ok(Some(match &self.data {
            Some(path) if path.as_os_str() == "memory" => Location::Memory,
            Some(path) => Location::File(path.clone()),
            None => {
                let folders = ProjectDirs::from("", "", "shortlink").ok_or(CliError::NoDataFolder)?;
                Location::File(folders.data_dir().join("links.db"))
            }
        }))
    }
}

impl Storage {
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
