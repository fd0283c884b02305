//! Shlink: the responses of its API, `GET /rest/v3/short-urls?itemsPerPage=1000&page=1`.
//!
//! ```json
//! {"shortUrls": {"data": [{"shortCode": "abc", "shortUrl": "https://s.example/abc", "longUrl": "https://example.com/",
//!   "dateCreated": "2020-10-26T17:20:40+00:00", "visitsSummary": {"total": 12, "nonBots": 10, "bots": 2},
//!   "tags": ["a"], "meta": {"validSince": null, "validUntil": null, "maxVisits": null}, "domain": null, "title": null,
//!   "hasRedirectRules": false}], "pagination": {"currentPage": 1, "pagesCount": 1}}}
//! ```
//!
//! Older versions have `visitsCount`. Whether case matters is a setting of the service, which is not in the response.

use crate::draft::Draft;
use crate::json::Shape;
use crate::json_item::JsonItem;
use crate::link::Row;
use crate::short_url;

use super::{OTHER_TARGETS, VISIT_LIMIT};

pub(crate) const SHAPE: Shape = Shape { containers: &["shortUrls"], lists: &["data"], named: &[] };

pub(crate) fn read(item: &JsonItem, position: &str) -> Vec<Row> {
    let (host, path) = short_url::split(&item.text("shortUrl").unwrap_or_default());
    let code = item.text("shortCode").unwrap_or(path);
    let mut draft = Draft::new(position, Some(code), item.text("longUrl"));
    draft.created(item.text("dateCreated").as_deref());
    let meta = item.object("meta").unwrap_or_default();
    draft.expires(meta.text("validUntil").as_deref());
    if let Some(start) = meta.text("validSince") {
        draft.not_carried(format!("it redirects there from {start} on, and here at once"));
    }
    if meta.is_set("maxVisits") {
        draft.not_carried(VISIT_LIMIT);
    }
    if item.flag("hasRedirectRules") {
        draft.not_carried(OTHER_TARGETS);
    }
    let visits = item.object("visitsSummary").and_then(|summary| summary.count("total"));
    let link = &mut draft.link;
    link.domain = item.text("domain").or(host);
    link.title = item.text("title");
    link.tags = item.texts("tags");
    link.visits = visits.or_else(|| item.count("visitsCount"));
    vec![draft.finish()]
}
