//! Short.io: the table that the web application exports.
//!
//! ```csv
//! idString,shortURL,originalPath,originalURL,title,clicks,createdAt,updatedAt,expiresAt,createdBy,tags
//! lnk_1,https://s.example/abc,abc,https://example.com/,A,12,2020-10-26T17:20:40.000Z,,,anna,"a,b"
//! ```
//!
//! Another version has the same names in words (`Short URL`). An empty path is the page of the domain itself.

use crate::draft::Draft;
use crate::link::Row;
use crate::short_url;
use crate::table::TableRow;

use super::shortio_json::IS_ROOT;

/// To be added to the warnings.
pub(crate) const WARNING: &str =
    "this table does not say which links have a password: read the pages of Short.io's API (shortio-json) instead";

pub(crate) const COLUMNS: &[&[&str]] = &[&["shorturl"], &["originalurl"]];

pub(crate) fn read(row: &mut TableRow) -> Vec<Row> {
    let (domain, path) = short_url::split(row.get(&["shorturl"]).unwrap_or_default());
    let code = row.text(&["originalpath", "path"]).unwrap_or(path);
    let mut draft = Draft::new(&row.position(), Some(code), row.text(&["originalurl"]));
    if draft.link.code.is_empty() && domain.is_some() {
        draft.refuse(IS_ROOT);
    }
    draft.created(row.get(&["createdat"]));
    draft.expires(row.get(&["expiresat"]));
    let link = &mut draft.link;
    link.domain = domain;
    link.owner = row.text(&["createdby"]);
    link.title = row.text(&["title"]);
    link.tags = row.list(&["tags"]);
    link.visits = row.count(&["clicks"]);
    vec![draft.finish()]
}
