//! Bitly: the responses of `GET https://api-ssl.bitly.com/v4/groups/{group}/bitlinks?size=100&archived=both`, which
//! Bitly's API writes.
//!
//! ```json
//! {"links": [{"created_at": "2020-10-26T17:20:40+0000", "id": "bit.ly/3abc", "link": "https://bit.ly/3abc",
//!   "custom_bitlinks": ["https://go.example.com/sale"], "long_url": "https://example.com/", "title": "Sale",
//!   "archived": false, "tags": ["a"], "deeplinks": []}], "pagination": {"search_after": ""}}
//! ```
//!
//! The `id` and each of the `custom_bitlinks` are codes that people use. There are links without `long_url`. The
//! response is not always valid JSON, because titles contain raw control characters. An archived link redirects.

use crate::draft::Draft;
use crate::json::Shape;
use crate::json_item::JsonItem;
use crate::link::Row;
use crate::short_url;

pub(crate) const SHAPE: Shape = Shape { containers: &[], lists: &["links"], named: &[] };

pub(crate) fn read(item: &JsonItem, position: &str) -> Vec<Row> {
    let own = item.first_text(&["id", "link"]).unwrap_or_default();
    let own = (position.to_owned(), short_url::split(&own));
    let custom = item.texts("custom_bitlinks").into_iter().enumerate();
    let custom = custom.map(|(index, url)| (format!("{position}.custom_bitlinks[{index}]"), short_url::split(&url)));
    let mut addresses = vec![own];
    for (position, address) in custom {
        if !addresses.iter().any(|(_, other)| *other == address) {
            addresses.push((position, address));
        }
    }
    addresses.into_iter().map(|(position, (domain, code))| row(item, &position, domain, code)).collect()
}

fn row(item: &JsonItem, position: &str, domain: Option<String>, code: String) -> Row {
    let mut draft = Draft::new(position, Some(code), item.text("long_url"));
    draft.created(item.text("created_at").as_deref());
    draft.expires(item.text("expiration_at").as_deref());
    draft.archived(item.flag("archived"));
    if item.is_set("deeplinks") {
        draft.not_carried("it opens an app on phones there");
    }
    let link = &mut draft.link;
    link.domain = domain;
    link.title = item.text("title");
    link.tags = item.texts("tags");
    link.owner = item.text("created_by");
    link.withdrawn = item.flag("is_deleted");
    draft.finish()
}
