//! A DynamoDB table of one of two widespread tutorials, from which people have built shorteners.
//!
//! `aws dynamodb scan --table-name NAME` prints a document, and "Export to S3" writes files with one item a line,
//! compressed with gzip:
//!
//! ```json
//! {"Items": [{"shortCode": {"S": "abc"}, "originalUrl": {"S": "https://example.com/"}, "expiresAt":
//!   {"N": "1893456000"}}], "Count": 1, "ScannedCount": 1, "ConsumedCapacity": null}
//! {"Item":{"short_id":{"S":"abc"},"long_url":{"S":"https://example.com/"},"created_at":{"S":"2020-10-26T17:20:40"},
//!  "ttl":{"N":"1893456000"},"hits":{"N":"12"},"analytics":{"M":{"user_agent":{"S":"..."},"source_ip":{"S":"..."}}}}}
//! ```
//!
//! The analytics are about whoever created the link and are not carried.

use crate::draft::Draft;
use crate::json::Shape;
use crate::json_item::JsonItem;
use crate::link::Row;

pub(crate) const SHAPE: Shape = Shape { containers: &[], lists: &["Items", "Item"], named: &[] };

pub(crate) fn read(item: &JsonItem, position: &str) -> Vec<Row> {
    let inner = item.object("Item");
    let item = inner.as_ref().unwrap_or(item);
    let first = |names: &[&str]| names.iter().find_map(|name| value(item, name));
    let mut draft = Draft::new(position, first(&["shortCode", "short_id"]), first(&["originalUrl", "long_url"]));
    draft.created(first(&["createdAt", "created_at"]).as_deref());
    draft.expires(first(&["expiresAt", "ttl"]).as_deref());
    draft.link.visits = first(&["hits"]).and_then(|hits| crate::count::parse(&hits));
    vec![draft.finish()]
}

/// Whether an item has the attributes of one of the tutorials.
pub(crate) fn is_item(item: &JsonItem) -> bool {
    let inner = item.object("Item");
    let item = inner.as_ref().unwrap_or(item);
    let has = |names: [&str; 2]| names.iter().all(|name| value(item, name).is_some());
    has(["shortCode", "originalUrl"]) || has(["short_id", "long_url"])
}

/// The value of an attribute of type S or N.
fn value(item: &JsonItem, name: &str) -> Option<String> {
    item.object(name)?.first_text(&["S", "N"])
}
