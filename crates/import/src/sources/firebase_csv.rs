//! Firebase Dynamic Links: the table that Google Takeout had until the service ended in August 2025.
//!
//! ```csv
//! Short link,Deep link (link),Android package name (apn),iOS bundle ID (ibi),Social title (st)
//! https://example.page.link/abc,https://example.com/,com.example.app,com.example.App,A
//! ```
//!
//! The other columns open apps and shops. They are not carried, and the report names those that have a value.

use crate::draft::Draft;
use crate::link::Row;
use crate::short_url;
use crate::table::TableRow;

pub(crate) const COLUMNS: &[&[&str]] = &[&["shortlink"], &["deeplinklink"]];

const TITLE: &[&str] = &["socialtitlest", "socialtitle", "linkname"];

pub(crate) fn read(row: &mut TableRow) -> Vec<Row> {
    let (domain, code) = short_url::split(row.get(&["shortlink"]).unwrap_or_default());
    let mut draft = Draft::new(&row.position(), Some(code), row.text(&["deeplinklink"]));
    let mut carried = vec!["shortlink", "deeplinklink"];
    carried.extend(TITLE);
    let others = row.filled(&carried);
    if !others.is_empty() {
        draft.not_carried(format!("it opens apps or has other values there ({})", others.join(", ")));
    }
    draft.link.domain = domain;
    draft.link.title = row.text(TITLE);
    vec![draft.finish()]
}
