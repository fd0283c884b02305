//! `shortlink block` and `shortlink unblock`: what an operator does about abuse.

use std::io;
use std::time::{Duration, Instant};

use clap::Args;
use shortlink_core::domain::clock::Clock;
use shortlink_core::domain::code::Code;
use shortlink_core::domain::host_rules::ListedHost;
use shortlink_core::dynamodb::host_rules::{HostList, LinkPass};
use shortlink_core::dynamodb::store::Store;

use crate::error::CliError;
use crate::hosts;
use crate::output::json_line::to_line;
use crate::output::progress::Progress;
use crate::storage::{Storage, StorageOptions};

/// How long after a host was blocked the functions may still create links to it: they keep the list for a minute, and a
/// request takes some seconds.
const LISTED_AFTER: Duration = Duration::from_secs(66);

/// The options of both subcommands.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shortlink block PrnfGhg evil.example --table links
  shortlink unblock evil.example --table links

`shortlink links block` and `shortlink links unblock` are the same. The history of each link records the change.")]
pub struct BlockOptions {
    /// The codes of the links, as in their short URLs; or hosts, such as example.com, each of which stands for all hosts
    /// below it, too
    #[arg(required = true, value_name = "CODE|HOST")]
    links: Vec<String>,

    /// Do not wait to look for links once more that are created while a running service does not know yet that a host is
    /// blocked
    #[arg(long)]
    no_wait: bool,

    /// Print a JSON document for each link and host, one a line
    #[arg(long)]
    json: bool,

    /// Where the links are kept
    #[command(flatten)]
    storage: StorageOptions,
}

/// What is done with the links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// They answer 451 from now on.
    Block,
    /// They redirect again.
    Unblock,
}

/// What was done with a link or a host.
enum Done {
    Link(String),
    Host(ListedHost, LinkPass),
}

impl Done {
    /// The line for people.
    fn to_line(&self, action: Action) -> String {
        let seen = "Visitors see it within two and a half minutes.";
        match (self, action) {
            (Self::Link(code), Action::Block) => format!("The link {code} is blocked. {seen}"),
            (Self::Link(code), Action::Unblock) => format!("The link {code} is no longer blocked. {seen}"),
            (Self::Host(host, pass), Action::Block) => {
                format!("The host {host} is blocked, and with it {}. {seen}", links(*pass))
            }
            (Self::Host(host, pass), Action::Unblock) => {
                format!("The host {host} is no longer blocked, nor are {}. {seen}", links(*pass))
            }
        }
    }

    /// The document for programs.
    fn to_document(&self, action: Action) -> serde_json::Value {
        let blocked = action == Action::Block;
        match self {
            Self::Link(code) => serde_json::json!({ "code": code, "blocked": blocked }),
            Self::Host(host, pass) => {
                serde_json::json!({ "host": host.as_str(), "blocked": blocked, "links": pass.changed })
            }
        }
    }
}

/// Blocks or unblocks links and hosts. `print` is called with each line for the user.
///
/// # Errors
///
/// [`CliError`]; the links and hosts before the one with an error have been changed. The command can be repeated.
pub async fn block(
    action: Action,
    options: BlockOptions,
    print: impl Fn(&str) -> io::Result<()>,
) -> Result<(), CliError> {
    let BlockOptions { links, no_wait, json, storage } = options;
    let storage = storage.open_existing().await?;
    // Nobody else uses an embedded table.
    let waits = !no_wait && matches!(storage, Storage::Remote { .. });
    for text in links {
        let done = match (ListedHost::is_meant_by(&text), action) {
            (false, _) => block_link(action, text, &storage.store()).await?,
            (true, Action::Block) => block_host(&hosts::parse(&text)?, &storage.store(), waits).await?,
            (true, Action::Unblock) => unblock_host(&hosts::parse(&text)?, &storage.store()).await?,
        };
        let line = if json { to_line(&done.to_document(action))? } else { done.to_line(action) };
        print(&line).map_err(CliError::Output)?;
    }
    Ok(())
}

/// Blocks or unblocks a link.
async fn block_link(action: Action, text: String, store: &Store) -> Result<Done, CliError> {
    let now = Clock::system().now();
    let is_done = match (Code::parse(&text), action) {
        (Err(_), _) => false,
        (Ok(code), Action::Block) => store.block(&code, now).await?,
        (Ok(code), Action::Unblock) => store.unblock(&code, now).await?,
    };
    if !is_done {
        return Err(CliError::NoSuchLink(text));
    }
    Ok(Done::Link(text))
}

/// Blocks a host, and then the links to it.
async fn block_host(host: &ListedHost, store: &Store, waits: bool) -> Result<Done, CliError> {
    store.list_host(HostList::Blocked, host).await?;
    let listed_at = Instant::now();
    let mut pass = store.block_links_to(host, Clock::system().now(), progress(store).await).await?;
    if waits {
        let rest = LISTED_AFTER.saturating_sub(listed_at.elapsed());
        eprintln!(
            "{} links are blocked. Waiting {} s for the service to know the host, to look once more for new links.",
            pass.changed,
            rest.as_secs()
        );
        tokio::time::sleep(rest).await;
        let changed = pass.changed;
        pass = store.block_links_to(host, Clock::system().now(), progress(store).await).await?;
        pass.changed += changed;
    }
    Ok(Done::Host(host.clone(), pass))
}

/// Unblocks a host, and then the links that were blocked with it.
async fn unblock_host(host: &ListedHost, store: &Store) -> Result<Done, CliError> {
    let mut rules = store.host_rules().await?;
    let was_listed = rules.blocked.remove(host);
    store.unlist_host(HostList::Blocked, host).await?;
    let pass = store.unblock_links_to(host, &rules, Clock::system().now(), progress(store).await).await?;
    // A command that was interrupted has removed the host already.
    if !was_listed && pass.changed == 0 {
        return Err(CliError::HostNotListed { host: host.clone(), list: "blocked" });
    }
    Ok(Done::Host(host.clone(), pass))
}

fn links(pass: LinkPass) -> String {
    match pass.changed {
        1 => "1 link".to_owned(),
        count => format!("{count} links"),
    }
}

/// Shows how many links were read.
async fn progress(store: &Store) -> impl Fn(LinkPass) {
    let progress = Progress::new(store.approximate_items().await, "items");
    move |pass| progress.set(pass.read)
}
