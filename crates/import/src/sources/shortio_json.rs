//! Short.io: the responses of its API, `GET https://api.short.io/api/links?domain_id=ID&limit=150`.
//!
//! ```json
//! {"links": [{"idString": "lnk_1", "path": "abc", "originalURL": "https://example.com/",
//!   "shortURL": "https://s.example/abc", "title": "A", "tags": ["a"], "archived": false,
//!   "createdAt": "2020-10-26T17:20:40.000Z", "expiresAt": null,
//!   "password": null}], "count": 1, "nextPageToken": "..."}
//! ```
//!
//! An empty `path` is the page of the domain itself.

use crate::draft::Draft;
use crate::json::Shape;
use crate::json_item::JsonItem;
use crate::link::Row;
use crate::short_url;

use super::{CLOAKING, EXPIRED_TARGET, OTHER_TARGETS, VISIT_LIMIT};

pub(super) const IS_ROOT: &str = "it is the page of the domain itself, which has no code";

pub(crate) const SHAPE: Shape = Shape { containers: &[], lists: &["links"], named: &[] };

pub(crate) fn read(item: &JsonItem, position: &str) -> Vec<Row> {
    let (domain, path) = short_url::split(&item.text("shortURL").unwrap_or_default());
    // An empty path is no text here, and then the short URL has no path either.
    let code = item.text("path").unwrap_or(path);
    let mut draft = Draft::new(position, Some(code), item.text("originalURL"));
    if draft.link.code.is_empty() && item.has(&["path"]) {
        draft.refuse(IS_ROOT);
    }
    draft.created(item.text("createdAt").as_deref());
    draft.expires(item.text("expiresAt").as_deref());
    draft.archived(item.flag("archived"));
    let any = |names: &[&str]| names.iter().any(|name| item.is_set(name));
    let sentences = [
        (any(&["expiredURL"]), EXPIRED_TARGET),
        (any(&["clicksLimit"]), VISIT_LIMIT),
        (any(&["cloaking"]), CLOAKING),
        (any(&["iphoneURL", "androidURL", "splitURL"]), OTHER_TARGETS),
    ];
    draft.not_carried_where(sentences);
    let has_password = any(&["password", "hasPassword"]);
    let link = &mut draft.link;
    link.has_password = has_password;
    link.domain = domain;
    link.title = item.text("title");
    link.tags = item.texts("tags");
    link.visits = item.count("clicks");
    vec![draft.finish()]
}
