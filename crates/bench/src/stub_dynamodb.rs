//! A stub of DynamoDB: it gives each operation the response that lets a function do its work. How a real table behaves
//! is the subject of the tests, not of the benchmark.
//!
//! [`server`] serves the responses over HTTPS, for functions that run as processes. [`connector`] hands them to the SDK
//! without a connection.

use serde_json::{Value, json};

use crate::Result;

pub(crate) mod connector;
pub(crate) mod server;

/// The response to an operation, such as `GetItem`.
fn respond(operation: &str, body: &[u8]) -> Result<Value> {
    let request: Value = match operation {
        "GetItem" | "BatchGetItem" => serde_json::from_slice(body)?,
        _ => return Ok(json!({})),
    };
    Ok(match operation {
        "GetItem" => json!({"Item": link(request.pointer("/Key/shortCode"))}),
        _ => {
            let keys = request.pointer("/RequestItems/links/Keys").and_then(Value::as_array).cloned();
            let items: Vec<_> = keys.unwrap_or_default().iter().map(visits).collect();
            json!({"Responses": {"links": items}})
        }
    })
}

/// The item of a link, of a usual size and far from its expiry.
fn link(code: Option<&Value>) -> Value {
    json!({
        "shortCode": code,
        "originalUrl": {"S": "https://example.com/a/rather/long/path?with=a&query=string"},
        "createdAt": {"N": "1767225600"},
        "expiresAt": {"N": "4102444800"},
        "purgeAt": {"N": "4105036800"},
        "writeId": {"S": "0123456789abcdef"},
    })
}

/// The item with the counts of a link that was visited on each day of the month.
fn visits(key: &Value) -> Value {
    let mut item = json!({
        "shortCode": key.get("shortCode"),
        "linkCreatedAt": {"N": "1767225600"},
        "visitMonth": {"S": "2029-12"},
        "flushId": {"S": "0123456789abcdef"},
        "hits": {"N": "12345"},
        "lastHitAt": {"N": "1893455000"},
    });
    let days = (1..=31).flat_map(|day| {
        let (visits, bots) = (json!({"N": (day * 37).to_string()}), json!({"N": "3"}));
        [(format!("d12{day:02}"), visits), (format!("b12{day:02}"), bots)]
    });
    if let Some(attributes) = item.as_object_mut() {
        attributes.extend(days);
    }
    item
}
