//! Dub: the table that the web application exports (Links, Export as CSV).
//!
//! ```csv
//! Short link,Destination URL,Clicks,Created at,Updated at,Tags,Archived
//! https://go.example.com/abc,https://example.com/,12,2020-10-26T17:20:40.000Z,...,"a, b",false
//! ```
//!
//! Only the first four columns are there by default. Dub puts a `'` before values that a spreadsheet would take for
//! formulas, and it is removed here. The end of links is not in this table.

use crate::draft::Draft;
use crate::link::Row;
use crate::short_url;
use crate::table::TableRow;

use super::dub_json::{IS_ROOT, ROOT};

pub(crate) const COLUMNS: &[&[&str]] = &[&["shortlink"], &["destinationurl"]];

/// To be added to the warnings.
pub(crate) const WARNING: &str = "this table does not say when links end, nor which are disabled or have a \
                                  password: read the pages of Dub's API (dub-json) instead";

pub(crate) fn read(row: &mut TableRow) -> Vec<Row> {
    row.map(unguarded);
    let (domain, code) = short_url::split(row.get(&["shortlink"]).unwrap_or_default());
    let mut draft = Draft::new(&row.position(), Some(code), row.text(&["destinationurl"]));
    if draft.link.code.is_empty() || draft.link.code == ROOT {
        draft.refuse(IS_ROOT);
    }
    draft.created(row.get(&["createdat"]));
    draft.archived(row.get(&["archived"]).is_some_and(|value| value.eq_ignore_ascii_case("true")));
    let link = &mut draft.link;
    link.domain = domain;
    link.title = row.text(&["title"]);
    link.note = row.text(&["comments"]);
    link.tags = row.list(&["tags"]);
    link.visits = row.count(&["clicks"]);
    link.codes_ignore_case = true;
    vec![draft.finish()]
}

/// A value without the `'` before what looks like a formula.
fn unguarded(value: &str) -> Option<String> {
    let rest = value.strip_prefix('\'')?;
    rest.starts_with(['=', '+', '-', '@', '\t', '\r']).then(|| rest.to_owned())
}
