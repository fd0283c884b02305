//! `shortlink links transfer`: gives all links of an owner to another one.

use std::io;

use clap::Args;
use serde::Serialize;
use shortlink_core::domain::clock::Clock;
use shortlink_core::domain::link::LinkChange;
use shortlink_core::domain::owner::Owner;
use shortlink_core::dynamodb::link_changes::ManagedLink;
use shortlink_core::dynamodb::operator_changes::OperatorChange;

use super::argument;
use crate::error::CliError;
use crate::output::json_line::to_line;
use crate::output::progress::Progress;
use crate::storage::StorageOptions;

/// How many links are read at once.
const PAGE_LINKS: usize = 100;

/// The options of `links transfer`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  shortlink links transfer --from marketing --to press --table links

The owner of an API key is the name that was given with `keys create --owner`; that of an account is jwt: and its subject.
The API keys of the first owner stay that owner's, and new links that they create, too. The history of each link records
the change. The command can be repeated; it finds links by the index of links by owner, which lacks the latest ones for
some seconds.")]
pub struct TransferOptions {
    /// The owner whose links are transferred
    #[arg(long, value_name = "OWNER", value_parser = argument::owner)]
    from: Owner,

    /// The owner who gets them
    #[arg(long, value_name = "OWNER", value_parser = argument::owner)]
    to: Owner,

    /// Print a JSON document
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    storage: StorageOptions,
}

/// What was done.
#[derive(Serialize)]
struct Document<'a> {
    from: &'a str,
    to: &'a str,
    links: u64,
}

/// Transfers links. `print` is called with each line for the user.
///
/// # Errors
///
/// [`CliError`]; the links that were read before are transferred.
pub async fn transfer(options: TransferOptions, print: impl Fn(&str) -> io::Result<()>) -> Result<(), CliError> {
    let TransferOptions { from, to, json, storage } = options;
    if from == to {
        return Err(CliError::NothingToChange);
    }
    let storage = storage.open_existing().await?;
    let (store, now) = (storage.store(), Clock::system().now());
    let change = LinkChange { owner: Some(to.clone()), ..LinkChange::default() };
    let is_still_owned = |seen: &ManagedLink| seen.owner.as_deref() == Some(from.as_str());
    let (mut links, mut after) = (0, None);
    let progress = Progress::new(None, "links");
    loop {
        let page = store.list_links(&from, PAGE_LINKS, after.as_ref()).await?;
        for managed in &page.links {
            // The expiry does not change, so the item is kept for as long as before.
            let code = &managed.link.code;
            let changed = store.change_as_operator(code, &change, is_still_owned, now, None).await?;
            links += u64::from(matches!(changed, OperatorChange::Done { .. }));
            progress.add(1);
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    drop(progress);
    let (from, to) = (from.as_str(), to.as_str());
    let line = match (json, links) {
        (true, _) => to_line(&Document { from, to, links })?,
        (false, 1) => format!("1 link of {from} belongs to {to} now."),
        (false, links) => format!("{links} links of {from} belong to {to} now."),
    };
    print(&line).map_err(CliError::Output)
}
