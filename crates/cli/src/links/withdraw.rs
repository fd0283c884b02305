//! `shortlink links withdraw` and `links restore`.

use std::io;

use clap::Args;
use shortlink_core::domain::clock::Clock;
use shortlink_core::domain::code::Code;
use shortlink_core::domain::link::LinkChange;
use shortlink_core::dynamodb::operator_changes::OperatorChange;

use super::argument;
use super::link_document::LinkDocument;
use crate::error::CliError;
use crate::output::json_line::to_line;
use crate::storage::StorageOptions;

/// The options of both subcommands.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shortlink links withdraw PrnfGhg spring
  shortlink links restore PrnfGhg

A link that has expired does not redirect when it is restored. The command can be repeated.")]
pub struct WithdrawOptions {
    /// The codes of the links
    #[arg(required = true, value_name = "CODE", value_parser = argument::code)]
    codes: Vec<Code>,

    /// Print a JSON document for each link, one a line
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    storage: StorageOptions,
}

/// What is done with the links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// They answer 410 from now on.
    Withdraw,
    /// They redirect again.
    Restore,
}

/// Withdraws or restores links. `print` is called with each line for the user.
///
/// # Errors
///
/// [`CliError`], also if one of the links does not exist; the others have been changed.
pub async fn withdraw(
    action: Action,
    options: WithdrawOptions,
    print: impl Fn(&str) -> io::Result<()>,
) -> Result<(), CliError> {
    let WithdrawOptions { codes, json, storage } = options;
    let storage = storage.open_existing().await?;
    let (store, purge_after) = (storage.store(), storage.settings()?.expiry.purge_after);
    let (mut missing, now) = (Vec::new(), Clock::system().now());
    let change = LinkChange { is_withdrawn: Some(action == Action::Withdraw), ..LinkChange::default() };
    for code in &codes {
        let changed = store.change_as_operator(code, &change, |_| true, now, purge_after).await?;
        let OperatorChange::Done { after, .. } = changed else {
            missing.push(code.as_str());
            continue;
        };
        let line = match (json, action) {
            (true, _) => to_line(&LinkDocument::new(&after, now))?,
            (false, Action::Withdraw) => {
                format!("The link {code} is withdrawn. Visitors see it within two and a half minutes.")
            }
            (false, Action::Restore) => {
                format!("The link {code} is not withdrawn. Visitors see it within two and a half minutes.")
            }
        };
        print(&line).map_err(CliError::Output)?;
    }
    match missing.len() {
        0 => Ok(()),
        1 => Err(CliError::NoSuchLink(missing.concat())),
        _ => Err(CliError::Incomplete(format!(
            "there are no links with the codes {}; upper and lower case matter",
            missing.join(", ")
        ))),
    }
}
