//! TinyURL: the responses of its API, `GET https://api.tinyurl.com/urls/available`, `GET .../urls/archived` and
//! `GET .../alias/{domain}/{alias}`.
//!
//! ```json
//! {"data": [{"domain": "tinyurl.com", "alias": "abc", "tiny_url": "https://tinyurl.com/abc",
//!   "url": "https://example.com/", "created_at": "2020-10-26T17:20:40+00:00", "expires_at": null, "archived": false,
//!   "deleted": false, "hits": 12, "tags": ["a"]}], "code": 0, "errors": []}
//! ```
//!
//! Where the list has no targets, the responses of single aliases have them; they can be one after the other in a file.

use crate::draft::Draft;
use crate::json::Shape;
use crate::json_item::JsonItem;
use crate::link::Row;
use crate::short_url;

pub(crate) const SHAPE: Shape = Shape { containers: &[], lists: &["data"], named: &[] };

pub(crate) fn read(item: &JsonItem, position: &str) -> Vec<Row> {
    let (host, path) = short_url::split(&item.text("tiny_url").unwrap_or_default());
    let mut draft = Draft::new(position, Some(item.text("alias").unwrap_or(path)), item.text("url"));
    if draft.link.target.is_empty() {
        draft.refuse("it has no target; ask TinyURL for it at /alias/{domain}/{alias}");
    }
    draft.created(item.first_text(&["created_at", "created"]).as_deref());
    draft.expires(item.first_text(&["expires_at", "expires"]).as_deref());
    draft.archived(item.flag("archived"));
    let link = &mut draft.link;
    link.domain = item.text("domain").or(host);
    link.note = item.text("description");
    link.tags = item.texts("tags");
    link.visits = item.count("hits");
    link.withdrawn = item.flag("deleted");
    vec![draft.finish()]
}
