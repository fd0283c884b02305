//! Sink: its export (Dashboard, Links, Export), which is also `GET /api/link/export`.
//!
//! ```json
//! {"version": "1.0", "exportedAt": "...", "count": 1, "links": [{"id": "x", "url": "https://example.com/",
//!   "slug": "abc", "comment": "A", "createdAt": 1603732840, "updatedAt": 1603732840, "expiration": 1893456000,
//!   "title": "A"}],
//!   "cursor": "", "list_complete": true}
//! ```
//!
//! Files may begin with a byte order mark. Unless the operator has set it otherwise, Sink keeps slugs in small letters
//! and ignores the case of what visitors ask for. If it is set otherwise, there are slugs with capitals.

use crate::draft::Draft;
use crate::json::Shape;
use crate::json_item::JsonItem;
use crate::link::Row;

use super::{CLOAKING, OTHER_TARGETS};

pub(crate) const SHAPE: Shape = Shape { containers: &[], lists: &["links"], named: &[] };

pub(crate) fn read(item: &JsonItem, position: &str) -> Vec<Row> {
    let mut draft = Draft::new(position, item.text("slug"), item.text("url"));
    draft.created(item.text("createdAt").as_deref());
    draft.expires(item.text("expiration").as_deref());
    let others = ["apple", "google", "geo"];
    let sentences = [(item.is_set("cloaking"), CLOAKING), (others.iter().any(|name| item.is_set(name)), OTHER_TARGETS)];
    draft.not_carried_where(sentences);
    let link = &mut draft.link;
    link.has_password = item.is_set("password");
    link.title = item.text("title");
    link.note = item.text("comment");
    link.tags = item.texts("tags");
    link.codes_ignore_case = link.code == link.code.to_lowercase();
    vec![draft.finish()]
}
