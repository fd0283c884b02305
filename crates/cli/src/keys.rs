//! `shortlink keys`: creates, lists and revokes API keys. There is no HTTP request that does so.

use clap::{Args, Subcommand};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use shortlink_core::domain::api_key::{ApiKey, KeyRecord, Name, Scope};
use shortlink_core::domain::clock::{Clock, Timestamp};

use crate::error::CliError;
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
    List {
        /// Where the keys are kept
        #[command(flatten)]
        storage: StorageOptions,
    },
    /// Revoke a key: it is no longer accepted after at most a minute
    Revoke {
        /// The name of the key
        name: Name,

        /// Where the keys are kept
        #[command(flatten)]
        storage: StorageOptions,
    },
}

#[derive(Debug, Args)]
struct CreateOptions {
    /// The name of the key, by which you can revoke it
    name: Name,

    /// To whom the links belong that are created with the key; several keys may have one owner [default: the name]
    #[arg(long, value_name = "NAME")]
    owner: Option<Name>,

    /// What the key allows: to "create" links, to "read" those of its owner, to do both and change them ("own"), or to do
    /// so with the links of anybody ("admin"); may be repeated
    #[arg(long = "scope", value_name = "SCOPE", default_value = "own")]
    scopes: Vec<Scope>,

    /// The lifetime of the key, in seconds [default: it does not expire]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(1..=31_557_600_000))]
    expires_in: Option<i64>,

    /// Where the keys are kept
    #[command(flatten)]
    storage: StorageOptions,
}

/// Runs a subcommand. `print` is called with each line for the user.
///
/// # Errors
///
/// [`CliError`].
pub async fn keys(options: KeysOptions, print: impl Fn(&str)) -> Result<(), CliError> {
    let now = Clock::system().now();
    match options.command {
        KeysCommand::Create(options) => print(create(options, now).await?.as_str()),
        KeysCommand::List { storage } => {
            print(&format!("{:<24} {:<24} {:<12} {:<20} STATUS", "NAME", "OWNER", "SCOPES", "CREATED"));
            for key in storage.open().await?.store().list_keys().await? {
                print(&line(&key, now));
            }
        }
        KeysCommand::Revoke { name, storage } => {
            if !storage.open().await?.store().revoke_key(&name, now).await? {
                return Err(CliError::NoSuchKey(name));
            }
            print(&format!("The key {name} is revoked. Servers may accept it for up to a minute more."));
        }
    }
    Ok(())
}

async fn create(options: CreateOptions, now: Timestamp) -> Result<ApiKey, CliError> {
    let CreateOptions { name, owner, scopes, expires_in, storage } = options;
    let record = KeyRecord {
        owner: owner.unwrap_or_else(|| name.clone()),
        name,
        scopes: scopes.into_iter().collect(),
        created_at: now,
        expires_at: expires_in.and_then(|seconds| now.plus(seconds)),
        revoked_at: None,
    };
    let key = ApiKey::random(&mut UnwrapErr(SysRng));
    if !storage.open().await?.store().create_key(&key, &record).await? {
        return Err(CliError::KeyExists(record.name));
    }
    Ok(key)
}

/// A line of the list.
fn line(key: &KeyRecord, now: Timestamp) -> String {
    let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let status = match (key.revoked_at, key.expires_at) {
        (Some(instant), _) => format!("revoked {instant}"),
        (None, Some(instant)) if instant <= now => format!("expired {instant}"),
        (None, Some(instant)) => format!("valid until {instant}"),
        (None, None) => "valid".to_owned(),
    };
    format!("{:<24} {:<24} {:<12} {:<20} {status}", key.name, key.owner, scopes.join(","), key.created_at.to_string())
}
