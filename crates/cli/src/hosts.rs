//! `shortlink allow`, `disallow` and `hosts list`: the hosts that links may lead to. There is no HTTP request that changes
//! them.

use std::collections::BTreeSet;
use std::io;

use clap::{Args, Subcommand};
use shortlink_core::domain::host_rules::{HostRules, ListedHost};
use shortlink_core::dynamodb::host_rules::HostList;

use crate::error::CliError;
use crate::output::json_line::to_line;
use crate::storage::StorageOptions;

/// The options of `shortlink allow` and `disallow`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shortlink allow example.com --table links
  shortlink disallow example.com --table links")]
pub struct AllowOptions {
    /// The hosts, such as example.com; each stands for all hosts below it, too
    #[arg(required = true, value_name = "HOST")]
    hosts: Vec<String>,

    /// Print a JSON document: the lists as they are now
    #[arg(long)]
    json: bool,

    /// Where the links are kept
    #[command(flatten)]
    storage: StorageOptions,
}

/// The options of `shortlink hosts`.
#[derive(Debug, Args)]
pub struct HostsOptions {
    #[command(subcommand)]
    command: HostsCommand,
}

#[derive(Debug, Subcommand)]
enum HostsCommand {
    /// List the hosts that are blocked and those that are allowed
    #[command(after_help = "Example:\n  shortlink hosts list --table links")]
    List {
        /// Print a JSON document
        #[arg(long)]
        json: bool,

        /// Where the links are kept
        #[command(flatten)]
        storage: StorageOptions,
    },
}

/// Parses a host of the command line.
pub(crate) fn parse(text: &str) -> Result<ListedHost, CliError> {
    ListedHost::parse(text).map_err(|reason| CliError::InvalidHost { text: text.to_owned(), reason })
}

/// Allows links to hosts. `print` is called with each line for the user.
///
/// # Errors
///
/// [`CliError`]; if a host is invalid, none is allowed.
pub async fn allow(options: AllowOptions, print: impl Fn(&str) -> io::Result<()>) -> Result<(), CliError> {
    let AllowOptions { hosts, json, storage } = options;
    let hosts = hosts.iter().map(|text| parse(text)).collect::<Result<Vec<_>, _>>()?;
    let storage = storage.open_persistent().await?;
    for host in &hosts {
        storage.store().list_host(HostList::Allowed, host).await?;
    }
    let rules = storage.store().host_rules().await?;
    let line = if json { to_line(&to_document(&rules))? } else { describe_allowed(&rules) };
    print(&line).map_err(CliError::Output)
}

/// Removes hosts from the list of those that are allowed. `print` is called with each line for the user.
///
/// # Errors
///
/// [`CliError`]; the hosts before the one with an error have been removed.
pub async fn disallow(options: AllowOptions, print: impl Fn(&str) -> io::Result<()>) -> Result<(), CliError> {
    let AllowOptions { hosts, json, storage } = options;
    let hosts = hosts.iter().map(|text| parse(text)).collect::<Result<Vec<_>, _>>()?;
    let storage = storage.open_existing().await?;
    let mut rules = storage.store().host_rules().await?;
    for host in &hosts {
        if !rules.allowed.remove(host) {
            return Err(CliError::HostNotListed { host: host.clone(), list: "allowed" });
        }
        storage.store().unlist_host(HostList::Allowed, host).await?;
    }
    let line = if json { to_line(&to_document(&rules))? } else { describe_allowed(&rules) };
    print(&line).map_err(CliError::Output)
}

/// The lists as JSON.
fn to_document(rules: &HostRules) -> serde_json::Value {
    let texts = |hosts: &BTreeSet<ListedHost>| hosts.iter().map(ListedHost::to_string).collect::<Vec<_>>();
    serde_json::json!({ "blocked": texts(&rules.blocked), "allowed": texts(&rules.allowed) })
}

/// What the list of allowed hosts means.
fn describe_allowed(rules: &HostRules) -> String {
    match rules.allowed.len() {
        0 => "No host is listed as allowed: within a minute, new links may lead to any host that is not blocked."
            .to_owned(),
        1 => "Within a minute, new links may lead only to the host that is listed as allowed.".to_owned(),
        count => format!("Within a minute, new links may lead only to the {count} hosts that are listed as allowed."),
    }
}

/// Lists the hosts. `print` is called with each line for the user.
///
/// # Errors
///
/// [`CliError`].
pub async fn hosts(options: HostsOptions, print: impl Fn(&str) -> io::Result<()>) -> Result<(), CliError> {
    let HostsCommand::List { json, storage } = options.command;
    let rules = storage.open_for_reading().await?.store().host_rules().await?;
    if json {
        return print(&to_line(&to_document(&rules))?).map_err(CliError::Output);
    }
    for (kind, hosts) in [("blocked", &rules.blocked), ("allowed", &rules.allowed)] {
        for host in hosts {
            print(&format!("{kind} {host}")).map_err(CliError::Output)?;
        }
    }
    Ok(())
}
