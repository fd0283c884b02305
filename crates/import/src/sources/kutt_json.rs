//! Kutt: the responses of its API, `GET /api/v2/links?limit=50&skip=0`. Kutt exports no file.
//!
//! ```json
//! {"total": 1, "limit": 50, "skip": 0, "data": [{"address": "abc", "banned": false,
//!   "created_at": "2020-10-26T17:20:40.000Z", "id": "...", "link": "https://kutt.example/abc", "password": false,
//!   "target": "https://example.com/", "description": null, "visit_count": 12, "expire_in": null, "domain": null}]}
//! ```
//!
//! With SQLite, `expire_in` has no zone and is UTC. A banned link is withdrawn. The password itself is not in the
//! response.

use crate::draft::Draft;
use crate::json::Shape;
use crate::json_item::JsonItem;
use crate::link::Row;
use crate::short_url;

pub(crate) const SHAPE: Shape = Shape { containers: &[], lists: &["data"], named: &[] };

pub(crate) fn read(item: &JsonItem, position: &str) -> Vec<Row> {
    let mut draft = Draft::new(position, item.text("address"), item.text("target"));
    draft.created(item.text("created_at").as_deref());
    draft.expires(item.text("expire_in").as_deref());
    let link = &mut draft.link;
    link.has_password = item.is_set("password");
    link.domain = item.text("domain").or_else(|| short_url::split(&item.text("link")?).0);
    link.note = item.text("description");
    link.visits = item.count("visit_count");
    link.withdrawn = item.flag("banned");
    vec![draft.finish()]
}
