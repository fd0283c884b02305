//! `shortlink links update`.

use std::io;

use clap::Args;
use shortlink_core::domain::base_url::BaseUrl;
use shortlink_core::domain::clock::Clock;
use shortlink_core::domain::code::Code;
use shortlink_core::domain::labels::LabelChange;
use shortlink_core::domain::link::LinkChange;
use shortlink_core::domain::target::Target;
use shortlink_core::dynamodb::operator_changes::OperatorChange;

use super::argument;
use super::expiry_options::ExpiryOptions;
use super::label_options::LabelOptions;
use super::link_document::LinkDocument;
use crate::error::CliError;
use crate::output::json_line::to_line;
use crate::storage::StorageOptions;

/// The options of `links update`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  shortlink links update spring --url https://example.com/new --expires-in 90d --note ''

What is not named stays as it is. An empty title, note or list of tags removes it. The history of the link records the
change.")]
pub struct UpdateOptions {
    /// The code of the link
    #[arg(value_parser = argument::code)]
    code: Code,

    /// The URL that the link redirects to from now on
    #[arg(long)]
    url: Option<String>,

    #[command(flatten)]
    expiry: ExpiryOptions,

    #[command(flatten)]
    labels: LabelOptions,

    /// Print a JSON document
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    storage: StorageOptions,
}

/// Changes a link. `print` is called with each line for the user.
///
/// # Errors
///
/// [`CliError`].
pub async fn update(options: UpdateOptions, print: impl Fn(&str) -> io::Result<()>) -> Result<(), CliError> {
    let UpdateOptions { code, url, expiry, labels, json, storage } = options;
    let labels = labels.change();
    if url.is_none() && !expiry.is_given() && labels == LabelChange::default() {
        return Err(CliError::NothingToChange);
    }
    let storage = storage.open_existing().await?;
    let (store, settings, now) = (storage.store(), storage.settings()?, Clock::system().now());
    let own_host = settings.base_url.as_ref().map(BaseUrl::host).unwrap_or_default();
    let target = url.map(|url| Target::parse(&url, &[own_host])).transpose()?;
    if let Some(target) = &target {
        store.host_rules().await?.check(target)?;
    }
    let expires_at = if expiry.is_given() { Some(expiry.expires_at(None, now)?) } else { None };
    let change = LinkChange { target, expires_at, labels, ..LinkChange::default() };
    let changed = store.change_as_operator(&code, &change, |_| true, now, settings.expiry.purge_after).await?;
    let OperatorChange::Done { before, after } = changed else { return Err(CliError::NoSuchLink(code.to_string())) };
    let line = match (json, before == after) {
        (true, _) => to_line(&LinkDocument::new(&after, now))?,
        (false, true) => format!("The link {code} is as it should be; nothing was changed."),
        (false, false) => format!("The link {code} is changed. Visitors see it within two and a half minutes."),
    };
    print(&line).map_err(CliError::Output)
}
