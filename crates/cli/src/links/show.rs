//! `shortlink links show`: everything that is known of a link.

use std::io;

use clap::Args;
use serde::Serialize;
use shorten::visit_range::VisitRange;
use shorten::visits_document::VisitsDocument;
use shortlink_core::domain::clock::{Clock, Timestamp};
use shortlink_core::domain::code::Code;
use shortlink_core::domain::labels::LabelText;
use shortlink_core::domain::link_history::HistoryEntry;
use shortlink_core::dynamodb::link_changes::ManagedLink;

use super::argument;
use super::history_document::{self, ChangeDocument};
use super::link_document::{LinkDocument, coloured_state, state};
use crate::error::CliError;
use crate::output::columns::Columns;
use crate::output::json_line::to_line;
use crate::output::safe_text::safe;
use crate::output::style::Style;
use crate::storage::StorageOptions;

/// The options of `links show`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  shortlink links show PrnfGhg --stack shortlink")]
pub struct ShowOptions {
    /// The code of the link
    #[arg(value_parser = argument::code)]
    code: Code,

    /// Print a JSON document
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    storage: StorageOptions,
}

/// Everything that is known of a link.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    link: LinkDocument<'a>,
    short_url: Option<String>,
    alias: bool,
    blocked_host: Option<&'a str>,
    /// From when on the table may delete the link; `null`: never.
    purge_at: Option<Timestamp>,
    /// Whether somebody has a management token for it.
    has_token: bool,
    creator: Option<CreatorDocument<'a>>,
    history: Vec<ChangeDocument<'a>>,
    visits: VisitsDocument<'a>,
}

/// What is kept of the creator.
#[derive(Serialize)]
struct CreatorDocument<'a> {
    user_agent: Option<&'a str>,
    address: Option<&'a str>,
    trace_id: Option<&'a str>,
}

impl<'a> Document<'a> {
    fn new(
        managed: &'a ManagedLink,
        short_url: Option<String>,
        history: &'a [HistoryEntry],
        visits: VisitsDocument<'a>,
        now: Timestamp,
    ) -> Self {
        Self {
            link: LinkDocument::new(managed, now),
            short_url,
            alias: managed.is_alias,
            blocked_host: managed.blocked_host.as_deref(),
            purge_at: managed.link.purge_at,
            has_token: managed.manage_digest.is_some(),
            creator: managed.creator.as_ref().map(|creator| CreatorDocument {
                user_agent: creator.user_agent.as_deref(),
                address: creator.address.as_deref(),
                trace_id: creator.trace_id.as_deref(),
            }),
            history: history.iter().map(ChangeDocument::new).collect(),
            visits,
        }
    }
}

/// Shows a link. `print` is called with each line for the user.
///
/// # Errors
///
/// [`CliError`].
pub async fn show(options: ShowOptions, print: impl Fn(&str) -> io::Result<()>) -> Result<(), CliError> {
    let ShowOptions { code, json, storage } = options;
    let storage = storage.open_for_reading().await?;
    let (store, now) = (storage.store(), Clock::system().now());
    let managed = store.find_managed(&code).await?.ok_or_else(|| CliError::NoSuchLink(code.to_string()))?;
    let history = store.history(&managed).await?;
    let range = VisitRange::new(None, None, now).map_err(|error| CliError::Incomplete(error.to_string()))?;
    let report = store.visit_report(&managed.link, range.dates(), now).await?;
    let visits = VisitsDocument::new(&managed.link, &report);
    let short_url = storage.settings()?.base_url.map(|base| base.join(code.as_str()));
    if json {
        let document = Document::new(&managed, short_url, &history, visits, now);
        return print(&to_line(&document)?).map_err(CliError::Output);
    }
    let style = Style::of_stdout();
    for (name, value) in fields(&managed, short_url, &visits, now, style) {
        print(&format!("{} {value}", style.heading(format_args!("{name:<14}")))).map_err(CliError::Output)?;
    }
    if !history.is_empty() {
        let mut columns = Columns::new(&["CHANGED", "BY", "WHAT"], style);
        history.iter().for_each(|entry| drop(columns.push(history_document::row(entry))));
        for line in std::iter::once(String::new()).chain(columns.flush()) {
            print(&line).map_err(CliError::Output)?;
        }
    }
    Ok(())
}

/// The fields for people, with their names. Those that the link has not are left out.
fn fields(
    managed: &ManagedLink,
    short_url: Option<String>,
    visits: &VisitsDocument<'_>,
    now: Timestamp,
    style: Style,
) -> Vec<(&'static str, String)> {
    let (link, labels) = (&managed.link, &managed.labels);
    let instant = |instant: Option<Timestamp>| instant.map(|instant| instant.to_string());
    let text = |text: Option<&str>| text.map(safe);
    let creator = managed.creator.clone().unwrap_or_default();
    let tags: Vec<_> = labels.tags.iter().collect();
    let last = visits.last_visit_at.map(|at| format!(", the last one {at}")).unwrap_or_default();
    let recent = format!("{} ({} since {}{last})", visits.total_visits, visits.visits, visits.from);
    let kind = if managed.is_alias { "alias" } else { "generated" };
    let fields = [
        ("Code", Some(format!("{} ({kind})", link.code))),
        ("Short URL", short_url),
        ("Target", text(Some(link.target.as_str()))),
        ("State", Some(coloured_state(state(link, now), style))),
        ("Created", instant(Some(link.created_at))),
        ("Expires", instant(link.expires_at).or_else(|| Some("never".to_owned()))),
        ("Deleted from", instant(link.purge_at)),
        ("Withdrawn", instant(link.withdrawn_at)),
        ("Blocked", instant(link.blocked_at)),
        ("Blocked host", text(managed.blocked_host.as_deref())),
        ("Owner", text(managed.owner.as_deref()).or_else(|| Some("nobody".to_owned()))),
        ("Managed by", managed.manage_digest.as_ref().map(|_| "a management token".to_owned())),
        ("Title", text(labels.title.as_ref().map(LabelText::as_str))),
        ("Tags", (!tags.is_empty()).then(|| tags.join(", "))),
        ("Note", text(labels.note.as_ref().map(LabelText::as_str))),
        ("User-Agent", text(creator.user_agent.as_deref())),
        ("Address", text(creator.address.as_deref())),
        ("Trace id", text(creator.trace_id.as_deref())),
        ("Changes", Some(managed.version.to_string())),
        ("Visits", Some(recent)),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}
