//! `shortlink block` and `shortlink unblock`: what an operator does about abuse.

use std::io;

use clap::Args;
use shortlink_core::domain::clock::Clock;
use shortlink_core::domain::code::Code;

use crate::error::CliError;
use crate::storage::StorageOptions;

/// The options of both subcommands.
#[derive(Debug, Args)]
pub struct BlockOptions {
    /// The codes of the links, as in their short URLs
    #[arg(required = true, value_name = "CODE")]
    codes: Vec<String>,

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

/// Blocks or unblocks links. `print` is called with each line for the user.
///
/// # Errors
///
/// [`CliError`]; the links before the one with an error have been changed.
pub async fn block(
    action: Action,
    options: BlockOptions,
    print: impl Fn(&str) -> io::Result<()>,
) -> Result<(), CliError> {
    let BlockOptions { codes, storage } = options;
    let storage = storage.open_existing().await?;
    let (store, now) = (storage.store(), Clock::system().now());
    for text in codes {
        let is_done = match (Code::parse(&text), action) {
            (Err(_), _) => false,
            (Ok(code), Action::Block) => store.block(&code, now).await?,
            (Ok(code), Action::Unblock) => store.unblock(&code, now).await?,
        };
        if !is_done {
            return Err(CliError::NoSuchLink(text));
        }
        let done = if action == Action::Block { "blocked" } else { "no longer blocked" };
        print(&format!("The link {text} is {done}. Visitors see it within two and a half minutes."))
            .map_err(CliError::Output)?;
    }
    Ok(())
}
