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
fn respond(operation: &str, body: &[u8], history: History) -> Result<Value> {
    let request: Value = match operation {
        "GetItem" | "BatchGetItem" => serde_json::from_slice(body)?,
        _ => return Ok(json!({})),
    };
    Ok(match operation {
        "GetItem" => json!({"Item": link(request.pointer("/Key/shortCode"), history)}),
        _ => {
            let keys = request.pointer("/RequestItems/links/Keys").and_then(Value::as_array).cloned();
            let days: Vec<_> = keys.unwrap_or_default().iter().enumerate().map(|(n, key)| day(n, key)).collect();
            json!({"Responses": {"links": days}})
        }
    })
}

/// What has happened to the links of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum History {
    /// They have just been created.
    New,
    /// They have been visited, and so have a total.
    Visited,
}

/// The item of a link, of a usual size and far from its expiry.
fn link(code: Option<&Value>, history: History) -> Value {
    let mut link = json!({
        "shortCode": code,
        "originalUrl": {"S": "https://example.com/a/rather/long/path?with=a&query=string"},
        "createdAt": {"N": "1767225600"},
        "expiresAt": {"N": "4102444800"},
        "purgeAt": {"N": "4105036800"},
        "writeId": {"S": "0123456789abcdef"},
    });
    if let (History::Visited, Some(attributes)) = (history, link.as_object_mut()) {
        attributes.insert("hits".to_owned(), json!({"N": "12345"}));
        attributes.insert("lastHitAt".to_owned(), json!({"N": "1893455000"}));
    }
    link
}

/// The item with the counts of the `n`th requested day; every day has some.
fn day(n: usize, key: &Value) -> Value {
    json!({"shortCode": key.get("shortCode"), "hits": {"N": (n * 37).to_string()}, "bots": {"N": "3"}})
}
