//! Dub: the responses of its API, `GET https://api.dub.co/links?pageSize=100&startingAfter=ID`.
//!
//! ```json
//! [{"id": "link_1", "domain": "go.example.com", "key": "abc", "url": "https://example.com/", "shortLink": "...",
//!   "archived": false, "expiresAt": null, "expiredUrl": null, "disabledAt": null, "password": null, "title": null,
//!   "comments": null, "tags": [{"id": "tag_1", "name": "a"}], "clicks": 12, "createdAt": "2020-10-26T17:20:40.000Z"}]
//! ```
//!
//! The last page is `[]`. A key may contain `/`, dots and emoji; `_root` is the page of the domain itself, which is no
//! link with a code. Case does not matter. An archived link redirects, a disabled one does not.

use crate::draft::Draft;
use crate::json::Shape;
use crate::json_item::JsonItem;
use crate::link::Row;

use super::{CLOAKING, EXPIRED_TARGET, OTHER_TARGETS};

/// The key of the page of the domain itself.
pub(super) const ROOT: &str = "_root";
pub(super) const IS_ROOT: &str = "it is the page of the domain itself, which has no code";

pub(crate) const SHAPE: Shape = Shape { containers: &[], lists: &[], named: &[] };

pub(crate) fn read(item: &JsonItem, position: &str) -> Vec<Row> {
    let mut draft = Draft::new(position, item.text("key"), item.text("url"));
    if draft.link.code == ROOT {
        draft.refuse(IS_ROOT);
    }
    draft.created(item.text("createdAt").as_deref());
    draft.expires(item.text("expiresAt").as_deref());
    draft.archived(item.flag("archived"));
    let others = ["ios", "android", "geo", "testVariants"];
    let sentences = [
        (item.is_set("expiredUrl"), EXPIRED_TARGET),
        (item.is_set("rewrite"), CLOAKING),
        (others.iter().any(|name| item.is_set(name)), OTHER_TARGETS),
    ];
    draft.not_carried_where(sentences);
    let link = &mut draft.link;
    link.has_password = item.is_set("password");
    link.domain = item.text("domain");
    link.title = item.text("title");
    link.note = item.text("comments");
    link.tags = item.texts("tags");
    link.visits = item.count("clicks");
    link.withdrawn = item.is_set("disabledAt");
    link.codes_ignore_case = true;
    vec![draft.finish()]
}
