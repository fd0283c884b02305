//! `GET /links/{code}/history`: who changed what of a link, and when.

use http::StatusCode;
use serde::Serialize;
use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::link_history::{Editor, HistoryEntry, MAX_ENTRIES};
use shortlink_core::http::problem::Problem;
use shortlink_core::http::request::Request;
use shortlink_core::http::response::{self, Response};

use crate::Shorten;
use crate::changed_values_document::ChangedValuesDocument;
use crate::manage_link::{Action, authorize};

#[derive(Serialize)]
struct HistoryDocument<'a> {
    code: &'a str,
    history: Vec<EntryDocument<'a>>,
}

/// A change. Version 0 is the creation.
#[derive(Serialize)]
struct EntryDocument<'a> {
    version: u64,
    changed_at: Timestamp,
    changed_by: Option<EditorDocument<'a>>,
    fields: Vec<&'a str>,
    before: ChangedValuesDocument<'a>,
    after: ChangedValuesDocument<'a>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum EditorDocument<'a> {
    Key { name: &'a str },
    Subject { name: &'a str },
    ManagementToken,
    Operator,
}

/// Shows the latest changes of a link, and its creation if they are all.
pub(crate) async fn show_history(shorten: &Shorten, request: &Request) -> Result<Response, Problem> {
    let (_, managed) = authorize(shorten, request, Action::Read).await?;
    let entries = shorten.store.history(&managed).await?;
    let mut history: Vec<_> = entries.iter().map(to_document).collect();
    if managed.version < MAX_ENTRIES && managed.link.created_at.known().is_some() {
        // Writing an entry with each link would double what a creation costs, and says no more than the link does.
        history.push(EntryDocument {
            version: 0,
            changed_at: managed.link.created_at,
            changed_by: None,
            fields: Vec::new(),
            before: ChangedValuesDocument::default(),
            after: ChangedValuesDocument::default(),
        });
    }
    Ok(response::json(StatusCode::OK, &HistoryDocument { code: managed.link.code.as_str(), history }))
}

fn to_document(entry: &HistoryEntry) -> EntryDocument<'_> {
    EntryDocument {
        version: entry.version,
        changed_at: entry.changed_at,
        changed_by: entry.changed_by.as_ref().map(|editor| match editor {
            Editor::Key(name) => EditorDocument::Key { name: name.as_str() },
            Editor::Subject(owner) => EditorDocument::Subject { name: owner.as_str() },
            Editor::Token => EditorDocument::ManagementToken,
            Editor::Operator => EditorDocument::Operator,
        }),
        fields: entry.fields.iter().map(String::as_str).collect(),
        before: (&entry.before).into(),
        after: (&entry.after).into(),
    }
}
