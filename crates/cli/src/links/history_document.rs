//! A change of a link as JSON, and as a line for people.

use serde::Serialize;
use shorten::changed_values_document::ChangedValuesDocument;
use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::link_history::{ChangedValues, Editor, HistoryEntry};

use crate::output::safe_text::safe;

/// A change.
#[derive(Serialize)]
pub(super) struct ChangeDocument<'a> {
    version: u64,
    changed_at: Timestamp,
    /// As in the table, such as `key ci` or `operator`.
    changed_by: Option<String>,
    fields: Vec<&'a str>,
    before: ChangedValuesDocument<'a>,
    after: ChangedValuesDocument<'a>,
}

impl<'a> ChangeDocument<'a> {
    /// The document of an entry.
    pub(super) fn new(entry: &'a HistoryEntry) -> Self {
        Self {
            version: entry.version,
            changed_at: entry.changed_at,
            changed_by: entry.changed_by.as_ref().map(Editor::to_string),
            fields: entry.fields.iter().map(String::as_str).collect(),
            before: (&entry.before).into(),
            after: (&entry.after).into(),
        }
    }
}

/// The change as a row for people: when, who, and what.
pub(super) fn row(entry: &HistoryEntry) -> Vec<String> {
    let editor = entry.changed_by.as_ref().map_or_else(|| "unknown".to_owned(), Editor::to_string);
    let change = |field: &String| match (value(&entry.before, field), value(&entry.after, field)) {
        (Some(before), Some(after)) => format!("{field}: {before} -> {after}"),
        _ => field.clone(),
    };
    let changes: Vec<_> = entry.fields.iter().map(change).collect();
    vec![entry.changed_at.to_string(), safe(&editor), safe(&changes.join(", "))]
}

/// The value of a field, if it is recorded.
fn value(values: &ChangedValues, field: &str) -> Option<String> {
    let yes_or_no = |is_so: bool| if is_so { "yes" } else { "no" }.to_owned();
    match field {
        "url" => values.target.clone(),
        "expires_at" => values.expires_at.map(|at| at.map_or_else(|| "never".to_owned(), |at| at.to_string())),
        "withdrawn" => values.is_withdrawn.map(yes_or_no),
        "blocked" => values.is_blocked.map(yes_or_no),
        "owner" => values.owner.clone().map(|owner| owner.unwrap_or_else(|| "nobody".to_owned())),
        _ => None,
    }
}
