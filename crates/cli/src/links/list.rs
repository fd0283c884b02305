//! `shortlink links list`.

use std::cell::RefCell;
use std::io;

use clap::Args;
use shortlink_core::domain::clock::{Clock, Timestamp};
use shortlink_core::domain::host_rules::ListedHost;
use shortlink_core::domain::owner::Owner;
use shortlink_core::dynamodb::error::StoreError;
use shortlink_core::dynamodb::link_changes::ManagedLink;

use super::argument;
use super::link_document::{LinkDocument, coloured_state, state};
use super::scan::{ScanOptions, Unreadable, for_each_link};
use crate::error::CliError;
use crate::output::columns::Columns;
use crate::output::json_line::to_line;
use crate::output::progress::Progress;
use crate::output::safe_text::safe;
use crate::output::style::Style;
use crate::storage::{Storage, StorageOptions};

/// How many links of an owner are read at once.
const PAGE_LINKS: usize = 100;

/// The options of `links list`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shortlink links list --owner marketing --table links
  shortlink links list --host example.com --created-after 2026-11-01 --json | jq -r .code

With --owner, the links are read from the index of links by owner, the latest first; else the whole table is read, and the
links come in no particular order.")]
pub struct ListOptions {
    #[command(flatten)]
    filter: Filter,

    /// Print a JSON document for each link, one a line
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    scan: ScanOptions,

    #[command(flatten)]
    storage: StorageOptions,
}

/// Which links are listed: those that all of these apply to.
#[derive(Debug, Default, Args)]
struct Filter {
    /// Only links of this owner
    #[arg(long, value_name = "OWNER", value_parser = argument::owner)]
    owner: Option<Owner>,

    /// Only links to this host, or to one below it
    #[arg(long, value_name = "HOST")]
    host: Option<ListedHost>,

    /// Only links created at this day or instant (UTC), or later
    #[arg(long, value_name = "TIME", value_parser = argument::instant)]
    created_after: Option<Timestamp>,

    /// Only links created before this day or instant
    #[arg(long, value_name = "TIME", value_parser = argument::instant)]
    created_before: Option<Timestamp>,

    /// Only links that expire at this day or instant, or later; not those that never expire
    #[arg(long, value_name = "TIME", value_parser = argument::instant)]
    expires_after: Option<Timestamp>,

    /// Only links that expire before this day or instant, or have expired
    #[arg(long, value_name = "TIME", value_parser = argument::instant)]
    expires_before: Option<Timestamp>,

    /// Only links that their owners, or you, have withdrawn
    #[arg(long)]
    withdrawn: bool,

    /// Only links that you have blocked
    #[arg(long)]
    blocked: bool,
}

impl Filter {
    fn matches(&self, managed: &ManagedLink) -> bool {
        let link = &managed.link;
        let is_owned = |owner: &Owner| managed.owner.as_deref() == Some(owner.as_str());
        let expires = |is_in_range: &dyn Fn(Timestamp) -> bool| link.expires_at.is_some_and(is_in_range);
        self.owner.as_ref().is_none_or(is_owned)
            && self.host.as_ref().is_none_or(|host| host.includes(&link.target.host()))
            && self.created_after.is_none_or(|after| link.created_at >= after)
            && self.created_before.is_none_or(|before| link.created_at < before)
            && self.expires_after.is_none_or(|after| expires(&|instant| instant >= after))
            && self.expires_before.is_none_or(|before| expires(&|instant| instant < before))
            && (!self.withdrawn || link.withdrawn_at.is_some())
            && (!self.blocked || link.blocked_at.is_some())
    }
}

/// Lists links. `print` is called with each line for the user.
///
/// # Errors
///
/// [`CliError`], also if there are links that this version cannot read; the others have been listed.
pub async fn list(options: ListOptions, print: impl Fn(&str) -> io::Result<()>) -> Result<(), CliError> {
    let ListOptions { filter, json, scan, storage } = options;
    let storage = storage.open_for_reading().await?;
    let (now, style) = (Clock::system().now(), Style::of_stdout());
    let columns = RefCell::new(Columns::new(&["CODE", "STATE", "CREATED", "EXPIRES", "OWNER", "TARGET"], style));
    let total = if filter.owner.is_some() { None } else { storage.store().approximate_items().await };
    let progress = Progress::new(total, "items");
    let print = |line: &str| progress.print(line, &print).map_err(CliError::Output);
    let show = |managed: ManagedLink| -> Result<(), CliError> {
        if !filter.matches(&managed) {
            return Ok(());
        }
        if json {
            return print(&to_line(&LinkDocument::new(&managed, now))?);
        }
        let lines = columns.borrow_mut().push(row(&managed, now));
        lines.iter().try_for_each(|line| print(&colour(line, style)))
    };
    let unreadable = match &filter.owner {
        Some(owner) => match for_each_of_owner(&storage, owner, &progress, &show).await {
            Err(CliError::Store(StoreError::NoIndex(_))) => for_each_link(&storage, &scan, &progress, &show).await?,
            listed => listed.map(|()| Unreadable::default())?,
        },
        None => for_each_link(&storage, &scan, &progress, &show).await?,
    };
    if !json {
        columns.borrow_mut().flush().iter().try_for_each(|line| print(&colour(line, style)))?;
    }
    drop(progress);
    match unreadable {
        Unreadable { count: 0, .. } => Ok(()),
        Unreadable { count, first } => Err(CliError::Incomplete(format!(
            "{count} items are links that this version cannot read, such as {:?}; they are not listed",
            safe(&first)
        ))),
    }
}

/// Calls `act` with each link of an owner, the latest first.
async fn for_each_of_owner(
    storage: &Storage,
    owner: &Owner,
    progress: &Progress,
    act: impl Fn(ManagedLink) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let (store, mut after) = (storage.store(), None);
    loop {
        let page = store.list_links(owner, PAGE_LINKS, after.as_ref()).await?;
        progress.add(page.links.len() as u64);
        page.links.into_iter().try_for_each(&act)?;
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

fn row(managed: &ManagedLink, now: Timestamp) -> Vec<String> {
    let link = &managed.link;
    vec![
        link.code.to_string(),
        state(link, now).to_owned(),
        link.created_at.to_string(),
        link.expires_at.map_or_else(|| "never".to_owned(), |instant| instant.to_string()),
        managed.owner.as_deref().map_or_else(|| "-".to_owned(), safe),
        safe(link.target.as_str()),
    ]
}

/// A line with its state in colour. The width of the columns is counted without colours.
fn colour(line: &str, style: Style) -> String {
    let Some((code, rest)) = line.split_once("  ") else { return line.to_owned() };
    let state = rest.trim_start().split(' ').next().unwrap_or_default();
    match state {
        "live" | "expired" | "withdrawn" | "blocked" => {
            format!("{code}  {}", rest.replacen(state, &coloured_state(state, style), 1))
        }
        _ => line.to_owned(),
    }
}
