//! `shortlink links create`.

use std::io;

use clap::Args;
use serde::Serialize;
use shortlink_core::domain::base_url::BaseUrl;
use shortlink_core::domain::clock::Clock;
use shortlink_core::domain::code::Code;
use shortlink_core::domain::code_generator::CodeGenerator;
use shortlink_core::domain::link::NewLink;
use shortlink_core::domain::manage_token::ManageToken;
use shortlink_core::domain::owner::Owner;
use shortlink_core::domain::target::Target;

use super::argument;
use super::expiry_options::ExpiryOptions;
use super::label_options::LabelOptions;
use super::link_document::LinkDocument;
use crate::error::CliError;
use crate::output::json_line::to_line;
use crate::storage::StorageOptions;

/// The options of `links create`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  shortlink links create https://example.com/page --alias spring --expires-in 30d --owner marketing

The default lifetime is that of the service: of the stack, or of the environment variable EXPIRES_IN_DEFAULT. A link
without an owner has a management token, which is printed once.")]
pub struct CreateOptions {
    /// The URL that the link redirects to
    url: String,

    /// The code; else one is generated
    #[arg(long, value_parser = argument::alias)]
    alias: Option<Code>,

    #[command(flatten)]
    expiry: ExpiryOptions,

    /// To whom the link belongs
    #[arg(long, value_parser = argument::owner)]
    owner: Option<Owner>,

    #[command(flatten)]
    labels: LabelOptions,

    /// Print a JSON document
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    storage: StorageOptions,
}

/// The new link, as JSON.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    link: LinkDocument<'a>,
    short_url: Option<String>,
    manage_token: Option<&'a str>,
}

/// Creates a link. `print` is called with each line for the user.
///
/// # Errors
///
/// [`CliError`].
pub async fn create(options: CreateOptions, print: impl Fn(&str) -> io::Result<()>) -> Result<(), CliError> {
    let CreateOptions { url, alias, expiry, owner, labels, json, storage } = options;
    let storage = storage.open_persistent().await?;
    let (settings, now) = (storage.settings()?, Clock::system().now());
    let own_host = settings.base_url.as_ref().map(BaseUrl::host).unwrap_or_default();
    let target = Target::parse(&url, &[own_host])?;
    let store = storage.store();
    store.host_rules().await?.check(&target)?;
    let new_link = NewLink {
        purge_after: settings.expiry.purge_after.filter(|_| alias.is_none()),
        alias,
        target,
        requested_expiry: expiry.requested(),
        created_at: now,
        expires_at: expiry.expires_at(settings.expiry.default, now)?,
        creator: None,
        has_token: owner.is_none(),
        owner,
        labels: labels.labels(),
    };
    let created = store.create(&new_link, &CodeGenerator::from_os_rng(settings.code_length)).await?;
    let short_url = settings.base_url.map(|base| base.join(created.link.code.as_str()));
    let token = created.token.as_ref().map(ManageToken::as_str);
    if json {
        let managed = store.find_managed(&created.link.code).await?;
        let managed = managed.ok_or_else(|| CliError::NoSuchLink(created.link.code.to_string()))?;
        let document = Document { link: LinkDocument::new(&managed, now), short_url, manage_token: token };
        return print(&to_line(&document)?).map_err(CliError::Output);
    }
    // The short URL alone is on standard output, so that a script can read it.
    print(&short_url.unwrap_or_else(|| created.link.code.to_string())).map_err(CliError::Output)?;
    let expiry =
        created.link.expires_at.map_or_else(|| "It never expires.".to_owned(), |at| format!("It expires {at}."));
    eprintln!("{expiry}");
    if let Some(token) = token {
        eprintln!("Whoever has this token can change the link; it is not shown again: {token}");
    }
    Ok(())
}
