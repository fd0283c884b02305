//! `shortlink keys`: creates, lists and revokes API keys. There is no HTTP request that does so.

use std::io;

use clap::{Args, Subcommand};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use serde::Serialize;
use shortlink_core::domain::api_key::{ApiKey, KeyRecord, Name};
use shortlink_core::domain::clock::{Clock, Timestamp};
use shortlink_core::domain::permissions::{Permissions, Scope};

use crate::error::CliError;
use crate::output::json_line::to_line;
use crate::output::progress::Progress;
use crate::storage::StorageOptions;

/// The options of `shortlink keys`.
#[derive(Debug, Args)]
pub struct KeysOptions {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Create a key and print it; it is not shown again
    Create(CreateOptions),
    /// List the keys, without their secrets; this reads the whole table
    #[command(after_help = "Example:\n  shortlink keys list --table links")]
    List {
        /// Print a JSON document for each key, one a line
        #[arg(long)]
        json: bool,

        /// Where the keys are kept
        #[command(flatten)]
        storage: StorageOptions,
    },
    /// Revoke a key: it is rejected within about a minute
    #[command(after_help = "Example:\n  shortlink keys revoke website --table links")]
    Revoke {
        /// The name of the key
        name: Name,

        /// Print a JSON document
        #[arg(long)]
        json: bool,

        /// Where the keys are kept
        #[command(flatten)]
        storage: StorageOptions,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  shortlink keys create website --owner marketing --scope create,read --table links")]
struct CreateOptions {
    /// The name of the key, by which you can revoke it
    name: Name,

    /// To whom the links belong that are created with the key; several keys may have one owner
    #[arg(long, value_name = "NAME")]
    owner: Name,

    /// What the key allows: to "create" links, to "read" those of its owner, to do both and change them ("own"), or to do
    /// so with the links of anybody ("admin"); several are separated by commas
    #[arg(long = "scope", value_name = "SCOPE", default_value = "own", value_delimiter = ',')]
    scopes: Vec<Scope>,

    /// The lifetime of the key, in seconds [default: it does not expire]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(1..=31_557_600_000))]
    expires_in: Option<i64>,

    /// How many links may be created with the key on a day, in UTC [default: any number]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    daily_limit: Option<u32>,

    /// Print a JSON document with the key, instead of the key alone
    #[arg(long)]
    json: bool,

    /// Where the keys are kept
    #[command(flatten)]
    storage: StorageOptions,
}

/// Runs a subcommand. `print` is called with each line for the user.
///
/// # Errors
///
/// [`CliError`].
pub async fn keys(options: KeysOptions, print: impl Fn(&str) -> io::Result<()>) -> Result<(), CliError> {
    let now = Clock::system().now();
    match options.command {
        KeysCommand::Create(options) => create(options, now, print).await,
        KeysCommand::List { json, storage } => {
            let store = storage.open_for_reading().await?.store();
            let progress = Progress::new(store.approximate_items().await, "items");
            let (keys, malformed) = store.list_keys(|items| progress.add(items)).await?;
            drop(progress);
            if json {
                for (key, last_used_at) in &keys {
                    print(&to_line(&KeyDocument::new(key, *last_used_at, now))?).map_err(CliError::Output)?;
                }
                return report_malformed(&malformed);
            }
            let header =
                format!("{:<24} {:<24} {:<12} {:<20} {:<20} STATUS", "NAME", "OWNER", "SCOPES", "CREATED", "LAST USED");
            let lines = keys.iter().map(|(key, last_used_at)| line(key, *last_used_at, now));
            for line in std::iter::once(header).chain(lines) {
                print(&line).map_err(CliError::Output)?;
            }
            report_malformed(&malformed)
        }
        KeysCommand::Revoke { name, json, storage } => {
            if !storage.open_existing().await?.store().revoke_key(&name, now).await? {
                return Err(CliError::NoSuchKey(name));
            }
            let line = match json {
                true => to_line(&serde_json::json!({ "name": name.as_str(), "revoked": true }))?,
                false => format!("The key {name} is revoked. It is rejected within about a minute."),
            };
            print(&line).map_err(CliError::Output)
        }
    }
}

/// Creates a key, and prints it to standard output alone, so that a script can read it.
async fn create(
    options: CreateOptions,
    now: Timestamp,
    print: impl Fn(&str) -> io::Result<()>,
) -> Result<(), CliError> {
    let CreateOptions { name, owner, scopes, expires_in, daily_limit, json, storage } = options;
    let record = KeyRecord {
        name,
        permissions: Permissions { owner: (&owner).into(), scopes: scopes.into_iter().collect() },
        daily_limit,
        created_at: now,
        expires_at: expires_in.and_then(|seconds| now.plus(seconds)),
        revoked_at: None,
    };
    let key = ApiKey::random(&mut UnwrapErr(SysRng));
    let storage = storage.open_persistent().await?;
    if !storage.store().create_key(&key, &record).await? {
        return Err(CliError::KeyExists(record.name));
    }
    let line = match json {
        true => to_line(&NewKeyDocument { key: key.as_str(), record: KeyDocument::new(&record, None, now) })?,
        false => key.as_str().to_owned(),
    };
    if let Err(error) = print(&line) {
        // Nobody has the key, so nobody should be able to use it.
        storage.store().revoke_key(&record.name, now).await?;
        return Err(CliError::Output(error));
    }
    let scopes: Vec<_> = record.permissions.scopes.iter().map(|scope| scope.as_str()).collect();
    let (name, owner, scopes) = (&record.name, &record.permissions.owner, scopes.join(", "));
    eprintln!("This is the key {name} of the owner {owner}, with the scope {scopes}. It is not shown again.");
    Ok(())
}

/// A key that was created, as JSON.
#[derive(Serialize)]
struct NewKeyDocument<'a> {
    /// The secret, which is not shown again.
    key: &'a str,
    #[serde(flatten)]
    record: KeyDocument<'a>,
}

/// A key as JSON, without its secret.
#[derive(Serialize)]
struct KeyDocument<'a> {
    name: &'a str,
    owner: &'a str,
    scopes: Vec<&'static str>,
    /// Whether it is accepted now.
    valid: bool,
    daily_limit: Option<u32>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
}

impl<'a> KeyDocument<'a> {
    fn new(key: &'a KeyRecord, last_used_at: Option<Timestamp>, now: Timestamp) -> Self {
        Self {
            name: key.name.as_str(),
            owner: key.permissions.owner.as_str(),
            scopes: key.permissions.scopes.iter().map(|scope| scope.as_str()).collect(),
            valid: key.revoked_at.is_none() && key.expires_at.is_none_or(|instant| instant > now),
            daily_limit: key.daily_limit,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at,
        }
    }
}

/// Says which items should be keys and are not.
fn report_malformed(keys: &[String]) -> Result<(), CliError> {
    match keys {
        [] => Ok(()),
        [key] => Err(CliError::Incomplete(format!("the item {key:?} is not an API key that this program has written"))),
        keys => Err(CliError::Incomplete(format!("the items {keys:?} are not API keys that this program has written"))),
    }
}

/// A line of the list.
fn line(key: &KeyRecord, last_used_at: Option<Timestamp>, now: Timestamp) -> String {
    let last_used = last_used_at.map_or_else(|| "never".to_owned(), |instant| instant.to_string());
    let Permissions { owner, scopes } = &key.permissions;
    let scopes: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
    let status = match (key.revoked_at, key.expires_at) {
        (Some(instant), _) => format!("revoked {instant}"),
        (None, Some(instant)) if instant <= now => format!("expired {instant}"),
        (None, Some(instant)) => format!("valid until {instant}"),
        (None, None) => "valid".to_owned(),
    };
    let (scopes, created) = (scopes.join(","), key.created_at.to_string());
    format!("{:<24} {:<24} {:<12} {:<20} {:<20} {status}", key.name, owner, scopes, created, last_used)
}
