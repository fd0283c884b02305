//! Shlink: the table that its web client exports (Short URLs, Export).
//!
//! ```csv
//! "createdAt","domain","shortCode","shortUrl","longUrl","title","tags","visits"
//! "2020-10-26T17:20:40+00:00","s.example","abc","https://s.example/abc","https://example.com/","A","a|b","12"
//! ```
//!
//! Web clients before April 2023 write neither `domain` nor `shortCode`. A code may contain `/`. The end and the limit
//! of visits are not in this table: the JSON of the API has them.

use crate::draft::Draft;
use crate::link::Row;
use crate::short_url;
use crate::table::TableRow;

pub(crate) const COLUMNS: &[&[&str]] = &[&["shorturl"], &["longurl"]];

/// To be added to the warnings.
pub(crate) const WARNING: &str =
    "this table does not say when links end: read the pages of Shlink's API (shlink-json) instead";

pub(crate) fn read(row: &mut TableRow) -> Vec<Row> {
    let (host, path) = short_url::split(row.get(&["shorturl"]).unwrap_or_default());
    let code = row.text(&["shortcode"]).unwrap_or(path);
    let mut draft = Draft::new(&row.position(), Some(code), row.text(&["longurl"]));
    draft.created(row.get(&["createdat"]));
    let link = &mut draft.link;
    // The web client calls the default domain DEFAULT.
    link.domain = row.text(&["domain"]).filter(|domain| domain != "DEFAULT").or(host);
    link.title = row.text(&["title"]);
    link.tags = row.list(&["tags"]);
    link.visits = row.count(&["visits"]);
    vec![draft.finish()]
}
