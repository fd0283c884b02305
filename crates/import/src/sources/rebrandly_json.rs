//! Rebrandly: the responses of its API, `GET https://api.rebrandly.com/v1/links?limit=25&last=ID`.
//!
//! ```json
//! [{"id": "1", "slashtag": "a", "destination": "https://example.com/", "domain": {"fullName": "go.example.com"},
//!   "title": "A", "description": "B", "createdAt": "2020-10-26T17:20:40.000Z", "clicks": 12, "status": "active"}]
//! ```
//!
//! A slashtag has one character and more.

use crate::draft::Draft;
use crate::json::Shape;
use crate::json_item::JsonItem;
use crate::link::Row;
use crate::short_url;

pub(crate) const SHAPE: Shape = Shape { containers: &[], lists: &[], named: &[] };

pub(crate) fn read(item: &JsonItem, position: &str) -> Vec<Row> {
    let mut draft = Draft::new(position, item.text("slashtag"), item.text("destination"));
    draft.created(item.text("createdAt").as_deref());
    if let Some(status) = item.text("status").filter(|status| status != "active") {
        draft.not_carried(format!("its status there is {status}"));
    }
    let host = item.object("domain").and_then(|domain| domain.text("fullName"));
    let creator = item.object("creator");
    let link = &mut draft.link;
    link.domain = host.or_else(|| item.text("domainName")).or_else(|| short_url::split(&item.text("shortUrl")?).0);
    link.owner = creator.and_then(|creator| creator.first_text(&["email", "fullName"]));
    link.title = item.text("title");
    link.note = item.text("description");
    link.tags = item.texts("tags");
    link.visits = item.count("clicks");
    vec![draft.finish()]
}
