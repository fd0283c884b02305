//! `shortlink links`: lists, shows, creates and changes links, whoever they belong to.
//!
//! What the operator changes is in the history of the link.
//!
//! | module | defines |
//! | --- | --- |
//! | [`list`] | `links list` |
//! | [`show`] | `links show` |
//! | [`create`] | `links create` |
//! | [`update`] | `links update` |
//! | [`withdraw`] | `links withdraw` and `restore` |
//! | [`transfer`] | `links transfer` |
//! | `link_document`, `history_document` | a link and its history as JSON |
//! | `expiry_options`, `label_options` | the options that `create` and `update` share |
//! | `scan` | reading all links, in segments, within a limit |
//! | `argument` | parsing codes, owners and instants of the command line |

mod argument;
pub mod create;
mod expiry_options;
mod history_document;
mod label_options;
mod link_document;
pub mod list;
mod scan;
pub mod show;
pub mod transfer;
pub mod update;
pub mod withdraw;

use std::io;

use clap::{Args, Subcommand};

use crate::block::{self, BlockOptions};
use crate::error::CliError;

pub(crate) use argument::{code, day};

/// The options of `shortlink links`.
#[derive(Debug, Args)]
pub struct LinksOptions {
    #[command(subcommand)]
    command: LinksCommand,
}

#[derive(Debug, Subcommand)]
enum LinksCommand {
    /// List links; this reads the whole table, or the links of one owner
    List(list::ListOptions),
    /// Show everything that is known of a link
    Show(show::ShowOptions),
    /// Create a link
    Create(create::CreateOptions),
    /// Change where a link leads, when it expires, or its labels
    Update(update::UpdateOptions),
    /// Withdraw links: they answer 410, and nobody else gets their codes
    Withdraw(withdraw::WithdrawOptions),
    /// Restore withdrawn links
    Restore(withdraw::WithdrawOptions),
    /// Block links, or hosts with all links to them: the links answer 451, and their owners cannot restore them
    Block(BlockOptions),
    /// Let blocked links redirect again, or allow links to blocked hosts
    Unblock(BlockOptions),
    /// Give all links of an owner to another one
    Transfer(transfer::TransferOptions),
}

/// Runs a subcommand. `print` is called with each line for the user.
///
/// # Errors
///
/// [`CliError`].
pub async fn links(options: LinksOptions, print: impl Fn(&str) -> io::Result<()>) -> Result<(), CliError> {
    match options.command {
        LinksCommand::List(options) => list::list(options, print).await,
        LinksCommand::Show(options) => show::show(options, print).await,
        LinksCommand::Create(options) => create::create(options, print).await,
        LinksCommand::Update(options) => update::update(options, print).await,
        LinksCommand::Withdraw(options) => withdraw::withdraw(withdraw::Action::Withdraw, options, print).await,
        LinksCommand::Restore(options) => withdraw::withdraw(withdraw::Action::Restore, options, print).await,
        LinksCommand::Block(options) => block::block(block::Action::Block, options, print).await,
        LinksCommand::Unblock(options) => block::block(block::Action::Unblock, options, print).await,
        LinksCommand::Transfer(options) => transfer::transfer(options, print).await,
    }
}
