//! tiny.cc: the table that its web application exports.
//!
//! ```csv
//! "long URL";"short URL"
//! "https://example.com/";"https://tiny.cc/abc"
//! ```

use crate::draft::Draft;
use crate::link::Row;
use crate::short_url;
use crate::table::TableRow;

pub(crate) const COLUMNS: &[&[&str]] = &[&["shorturl"], &["longurl"]];

pub(crate) fn read(row: &mut TableRow) -> Vec<Row> {
    let (domain, code) = short_url::split(row.get(&["shorturl"]).unwrap_or_default());
    let mut draft = Draft::new(&row.position(), Some(code), row.text(&["longurl"]));
    draft.link.domain = domain;
    vec![draft.finish()]
}
