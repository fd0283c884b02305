//! YOURLS: the responses of its API, `yourls-api.php?action=stats&filter=last&limit=1000000&format=json`, or of the
//! plugins List Extended and Shlink Importer (`action=list`, `action=shlink-list`).
//!
//! ```json
//! {"links": {"link_1": {"shorturl": "https://s.example/a", "url": "https://example.com/", "title": "A",
//!   "timestamp": "2020-10-26 17:20:40", "ip": "192.0.2.1", "clicks": "12"}}, "stats": {}, "statusCode": "200"}
//! {"result": [{"keyword": "a", "url": "https://example.com/", "title": "A", "timestamp": "...", "clicks": "12"}]}
//! ```
//!
//! `links` is an object, and is absent if there are no links. Numbers are texts, times have no zone. The order is not
//! stable from page to page, so that a link can be on two of them: it is read once. Addresses are not carried.

use std::collections::HashSet;

use crate::draft::Draft;
use crate::json::Shape;
use crate::json_item::JsonItem;
use crate::link::{Outcome, Row};
use crate::source::Warnings;

use super::{NO_ZONE, last_segment};

pub(crate) const SHAPE: Shape = Shape { containers: &[], lists: &["links", "result"], named: &["links"] };

/// Reads elements, and leaves out those that were there before. This keeps all codes in memory.
pub(crate) fn reader(warnings: Warnings) -> impl FnMut(&JsonItem, &str) -> Vec<Row> + Send {
    let mut codes = HashSet::new();
    move |item, position| {
        let row = read(item, position, &warnings);
        match &row {
            Some(Row { outcome: Outcome::Link(link), .. }) if !codes.insert(link.code.clone()) => Vec::new(),
            _ => row.into_iter().collect(),
        }
    }
}

fn read(item: &JsonItem, position: &str, warnings: &Warnings) -> Option<Row> {
    if item.has(&["statusCode"]) && !item.has(&["url"]) {
        // A response without links.
        let is_success = item.text("statusCode").as_deref() == Some("200");
        let message = item.text("message").unwrap_or_default();
        return (!is_success)
            .then(|| Row::unreadable(position.to_owned(), None, format!("it is an error of YOURLS: {message}")));
    }
    let (domain, last) = last_segment(&item.text("shorturl").unwrap_or_default());
    let mut draft = Draft::new(position, Some(item.text("keyword").unwrap_or(last)), item.text("url"));
    let created = item.text("timestamp");
    if created.is_some() {
        warnings.add(NO_ZONE);
    }
    draft.created(created.as_deref());
    draft.link.domain = domain;
    draft.link.title = item.text("title");
    draft.link.visits = item.count("clicks");
    Some(draft.finish())
}
