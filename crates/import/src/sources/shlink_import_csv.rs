//! Shlink: the table that `short-url:import csv` reads, which people make from other services.
//!
//! ```csv
//! Long URL;Tags;Domain;Short code;Title
//! https://example.com/;a|b;;abc;A
//! ```

use crate::draft::Draft;
use crate::link::Row;
use crate::table::TableRow;

pub(crate) const COLUMNS: &[&[&str]] = &[&["shortcode"], &["longurl"]];

pub(crate) fn read(row: &mut TableRow) -> Vec<Row> {
    let mut draft = Draft::new(&row.position(), row.text(&["shortcode"]), row.text(&["longurl"]));
    draft.link.domain = row.text(&["domain"]);
    draft.link.title = row.text(&["title"]);
    draft.link.tags = row.list(&["tags"]);
    vec![draft.finish()]
}
