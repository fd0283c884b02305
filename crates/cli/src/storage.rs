//! Where links are stored: the options of the command line that name a table, and opening it.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use directories::ProjectDirs;
use shortlink_core::config::{ConfigError, Environment};
use shortlink_core::domain::visit_regions::VisitRegions;
use shortlink_core::dynamodb::client::{self, ConnectionOptions, SdkConfig};
use shortlink_core::dynamodb::store::Store;
use shortlink_core::visits::recorder::{VisitRecorder, VisitTracking};
use shortlink_core::visits::writer::{PerLinkWriter, TransactionWriter};
use url::Url;

use crate::aws::stack::Stack;
use crate::embedded::{Durability, EmbeddedError, EmbeddedTable, Location, OpenOptions};
use crate::error::CliError;
use crate::table;

/// The table's name if none is given.
pub const DEFAULT_TABLE: &str = "shortlink";

/// The output of the stack with the table's name.
const TABLE_OUTPUT: &str = "TableName";

/// The heading in the help.
const HEADING: &str = "Where the links are kept";

/// The options that exclude a file.
const NOT_A_FILE: [&str; 3] = ["endpoint_url", "table", "stack"];

/// The options that name a table.
#[derive(Clone, Debug, Default, Args)]
#[command(group(ArgGroup::new("aws").args(NOT_A_FILE).multiple(true)))]
pub struct StorageOptions {
    /// Keep the links and keys in this file, or only in memory if PATH is "memory" [default: links.db in the user's data
    /// folder]
    #[arg(long, value_name = "PATH", conflicts_with_all = NOT_A_FILE, help_heading = HEADING)]
    pub data: Option<PathBuf>,

    /// Which links a power cut may lose
    #[arg(long, value_enum, default_value_t, conflicts_with_all = NOT_A_FILE, help_heading = HEADING)]
    pub durability: Durability,

    /// Check the file for damage first, and refuse to start if it is damaged
    #[arg(long, conflicts_with_all = NOT_A_FILE, help_heading = HEADING)]
    pub check: bool,

    /// Store the links in the DynamoDB at this URL instead of a file
    #[arg(long, value_name = "URL", value_parser = parse_endpoint, help_heading = HEADING)]
    pub endpoint_url: Option<String>,

    /// Store the links in this DynamoDB table instead of a file, using your AWS credentials and region
    #[arg(long, value_name = "NAME", help_heading = HEADING)]
    pub table: Option<String>,

    /// Use the table and the settings of this CloudFormation stack
    #[arg(long, value_name = "NAME", conflicts_with = "table", help_heading = HEADING)]
    pub stack: Option<String>,

    /// Use this profile of the AWS CLI, also one of IAM Identity Center [default: AWS_PROFILE]
    #[arg(long, value_name = "NAME", requires = "aws", help_heading = HEADING)]
    pub profile: Option<String>,

    /// Use this AWS region [default: AWS_REGION, or that of the profile]
    #[arg(long, value_name = "NAME", requires = "aws", help_heading = HEADING)]
    pub region: Option<String>,
}

fn parse_endpoint(text: &str) -> Result<String, String> {
    let is_valid = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let advice = || "give a URL that begins with http:// or https://, such as http://127.0.0.1:8000".to_owned();
    is_valid.then(|| text.to_owned()).ok_or_else(advice)
}

/// The regions that count visits, by the settings of the stack or by the environment variables. This program counts as the
/// region that it is connected to.
fn visit_regions(config: &SdkConfig, stack: Option<&Stack>) -> Result<VisitRegions, ConfigError> {
    let region = config.region().map(ToString::to_string);
    let read = |environment: &Environment<'_>| {
        let lookup = |name: &str| match name {
            "AWS_REGION" => region.clone(),
            name => environment.lookup(name),
        };
        Environment::new(&lookup).visit_regions()
    };
    stack.map_or_else(|| read(&Environment::process()), |stack| stack.with_settings(read))
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
        /// The stack that it belongs to, if the options name one.
        stack: Option<Box<Stack>>,
    },
}

impl StorageOptions {
    /// Opens the table that the options name, for a server. An embedded table is created if it does not exist.
    ///
    /// # Errors
    ///
    /// [`CliError`].
    pub async fn open(&self) -> Result<Storage, CliError> {
        self.open_with(false).await
    }

    async fn open_with(&self, is_patient: bool) -> Result<Storage, CliError> {
        let Some(location) = self.location()? else {
            let config = self.connect(is_patient).await;
            let stack = self.stack(&config).await?;
            let name = self.table_name(stack.as_ref())?;
            let client = client::from_sdk_config(&config);
            table::require_exists(&client, &name).await?;
            let description = match &self.endpoint_url {
                Some(url) => format!("the table {name:?} at {url}"),
                None => format!("the DynamoDB table {name:?}"),
            };
            let store = Store::new(client, name).with_visit_regions(visit_regions(&config, stack.as_ref())?);
            return Ok(Storage::Remote { store, description, stack: stack.map(Box::new) });
        };
        let options = OpenOptions { durability: self.durability, check: self.check, ..OpenOptions::default() };
        Ok(Storage::Embedded(EmbeddedTable::open(location, DEFAULT_TABLE, options).await?))
    }

    /// The configuration of AWS: profile, region, credentials, endpoint. If a person waits, calls have more time.
    pub async fn connect(&self, is_patient: bool) -> SdkConfig {
        let Self { profile, region, endpoint_url, .. } = self.clone();
        client::connect(&ConnectionOptions { profile, region, endpoint_url, is_patient }).await
    }

    /// The stack that the options name.
    ///
    /// # Errors
    ///
    /// [`CliError::Aws`], also if there is no such stack.
    pub async fn stack(&self, config: &SdkConfig) -> Result<Option<Stack>, CliError> {
        match &self.stack {
            Some(name) => Ok(Some(Stack::describe(config, name).await?)),
            None => Ok(None),
        }
    }

    /// The name of the table: that of the stack, or the one that the options name.
    ///
    /// # Errors
    ///
    /// The stack has no output with the name.
    pub fn table_name(&self, stack: Option<&Stack>) -> Result<String, CliError> {
        match stack {
            None => Ok(self.table.clone().unwrap_or_else(|| DEFAULT_TABLE.to_owned())),
            Some(stack) => {
                let name = stack.outputs.get(TABLE_OUTPUT).cloned();
                name.ok_or_else(|| CliError::NoTableInStack { stack: stack.name.clone(), output: TABLE_OUTPUT })
            }
        }
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
            _ => self.open_with(true).await,
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

    /// As [`open_existing`](Self::open_existing), for a command that only reads: a file may be in use by a server.
    ///
    /// # Errors
    ///
    /// [`CliError`].
    pub async fn open_for_reading(&self) -> Result<Storage, CliError> {
        match self.open_existing().await {
            Err(CliError::Embedded(EmbeddedError::InUse(path))) => {
                Ok(Storage::Embedded(EmbeddedTable::open_beside(&path, DEFAULT_TABLE).await?))
            }
            opened => opened,
        }
    }

    /// Where the embedded table is kept; `None` if the options name a table elsewhere.
    fn location(&self) -> Result<Option<Location>, CliError> {
        if self.endpoint_url.is_some() || self.table.is_some() || self.stack.is_some() {
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

    /// The settings of the service that uses the table: those of its stack, or environment variables, as for `serve`.
    ///
    /// # Errors
    ///
    /// A setting is invalid.
    pub fn settings(&self) -> Result<shorten::config::Config, ConfigError> {
        match self {
            Self::Remote { stack: Some(stack), .. } => stack.with_settings(shorten::config::Config::read),
            _ => shorten::config::Config::read(&Environment::process()),
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
