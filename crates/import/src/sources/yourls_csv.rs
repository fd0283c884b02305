//! YOURLS: the table of its plugin Import Export.
//!
//! ```csv
//! source,target,hits
//! /abc/,"https://example.com/?a=1,2",12
//! ```
//!
//! The plugin puts values with commas and quotes in quotes, but not those with line breaks: such a link becomes two
//! rows, which are both refused. There are no times and no titles.

use crate::draft::Draft;
use crate::link::Row;
use crate::table::TableRow;

use super::last_segment;

pub(crate) const COLUMNS: &[&[&str]] = &[&["source"], &["target"], &["hits"]];

pub(crate) fn read(row: &mut TableRow) -> Vec<Row> {
    let source = row.get(&["source"]).unwrap_or_default().to_owned();
    let (domain, code) = last_segment(&source);
    let mut draft = Draft::new(&row.position(), Some(code), row.text(&["target"]));
    if row.len() < 3 || !source.contains('/') {
        draft.refuse("it is a part of a row, because the plugin does not put values with line breaks in quotes");
    }
    draft.link.domain = domain;
    draft.link.visits = row.count(&["hits"]);
    vec![draft.finish()]
}
