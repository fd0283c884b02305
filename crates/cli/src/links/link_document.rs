//! A link as JSON, and its state in a word.

use serde::Serialize;
use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::labels::LabelText;
use shortlink_core::domain::link::Link;
use shortlink_core::dynamodb::link_changes::ManagedLink;

use crate::output::style::Style;

/// What the index of links by owner says of a link, too.
#[derive(Serialize)]
pub(super) struct LinkDocument<'a> {
    code: &'a str,
    url: &'a str,
    /// `live`, `expired`, `withdrawn` or `blocked`.
    state: &'static str,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    changed_at: Option<Timestamp>,
    withdrawn_at: Option<Timestamp>,
    blocked_at: Option<Timestamp>,
    owner: Option<&'a str>,
    title: Option<&'a str>,
    tags: Vec<&'a str>,
    note: Option<&'a str>,
    version: u64,
}

impl<'a> LinkDocument<'a> {
    /// The document about a link, `now`.
    pub(super) fn new(managed: &'a ManagedLink, now: Timestamp) -> Self {
        let (link, labels) = (&managed.link, &managed.labels);
        Self {
            code: link.code.as_str(),
            url: link.target.as_str(),
            state: state(link, now),
            created_at: link.created_at,
            expires_at: link.expires_at,
            changed_at: managed.changed_at,
            withdrawn_at: link.withdrawn_at,
            blocked_at: link.blocked_at,
            owner: managed.owner.as_deref(),
            title: labels.title.as_ref().map(LabelText::as_str),
            tags: labels.tags.iter().collect(),
            note: labels.note.as_ref().map(LabelText::as_str),
            version: managed.version,
        }
    }
}

/// What a link answers, `now`, in a word.
pub(super) fn state(link: &Link, now: Timestamp) -> &'static str {
    match link {
        Link { blocked_at: Some(_), .. } => "blocked",
        Link { withdrawn_at: Some(_), .. } => "withdrawn",
        link if link.is_expired(now) => "expired",
        _ => "live",
    }
}

/// The word in its colour.
pub(super) fn coloured_state(state: &str, style: Style) -> String {
    match state {
        "live" => style.good(state),
        "blocked" => style.bad(state),
        _ => style.faint(state),
    }
}
