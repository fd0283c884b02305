//! The API Gateway events in `tests/events`, and a way to invoke the functions with them.
//!
//! The events have the form that `sam local generate-event apigateway http-api-proxy` prints.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use serde_json::value::RawValue;
use shortlink_core::http::handler::Handler;
use shortlink_core::http::routes::{self, Function};

use super::app::{Response, TestApp, headers};

/// An event as JSON, with the name of its file.
pub struct Event {
    pub name: String,
    pub json: String,
}

/// The events of ordinary requests, in the order of their names.
pub fn valid() -> Vec<Event> {
    read("events", 63)
}

/// The events that no client of API Gateway should cause. The name of each begins with the expected status.
pub fn hostile() -> Vec<Event> {
    read("events/hostile", 41)
}

/// The event of this name among the valid and the hostile ones, as JSON.
pub fn named(name: &str) -> String {
    let event = valid().into_iter().chain(hostile()).find(|event| event.name == name);
    event.unwrap_or_else(|| panic!("no event {name}")).json
}

/// Reads a folder. Fails unless it holds `count` events, so that no test passes for want of events.
fn read(folder: &str, count: usize) -> Vec<Event> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    files.sort();
    assert_eq!(files.len(), count, "events in {}; adjust the number if it changed on purpose", folder.display());
    let event = |path: &PathBuf| Event {
        name: path.file_stem().expect("a name").to_string_lossy().into_owned(),
        json: fs::read_to_string(path).expect("an event"),
    };
    files.iter().map(event).collect()
}

/// Invokes the function that the event's route belongs to, and returns the response as API Gateway reads it.
///
/// An event without a route goes to both functions. Fails unless they respond equally.
pub async fn invoke(app: &TestApp, event: &str) -> Response {
    let raw = RawValue::from_string(event.to_owned()).expect("JSON");
    let parsed: serde_json::Value = serde_json::from_str(event).expect("JSON");
    match parsed["routeKey"].as_str().and_then(routes::find_by_key).map(|route| route.function) {
        Some(Function::Shorten) => invoke_function(&app.shorten, &raw).await,
        Some(Function::Resolve) => invoke_function(&app.resolve, &raw).await,
        None => {
            let response = invoke_function(&app.shorten, &raw).await;
            assert_eq!(invoke_function(&app.resolve, &raw).await, response);
            response
        }
    }
}

/// Invokes the function that the event's route belongs to, or `resolve`, and returns its response as it is.
pub async fn invoke_raw(app: &TestApp, event: &str) -> ApiGatewayV2httpResponse {
    let raw = RawValue::from_string(event.to_owned()).expect("JSON");
    let parsed: serde_json::Value = serde_json::from_str(event).expect("JSON");
    match parsed["routeKey"].as_str().and_then(routes::find_by_key).map(|route| route.function) {
        Some(Function::Shorten) => shortlink_lambda::respond_to_event(&app.shorten, &raw).await,
        Some(Function::Resolve) | None => shortlink_lambda::respond_to_event(&app.resolve, &raw).await,
    }
}

async fn invoke_function(function: &impl Handler, event: &RawValue) -> Response {
    let response = shortlink_lambda::respond_to_event(function, event).await;
    // In payload format 2.0, each header is one string, and the body is a string.
    let json = serde_json::to_value(&response).expect("a response that serialises");
    assert!(json["headers"].as_object().expect("headers").values().all(serde_json::Value::is_string), "{json}");
    let body = json.get("body").map_or("", |body| body.as_str().expect("a string"));
    let body = if json["isBase64Encoded"] == true {
        // `reqwest` reads an image as text in the same way.
        String::from_utf8_lossy(&decode_base64(body)).into_owned()
    } else {
        body.to_owned()
    };
    let status = json["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok()).expect("a status");
    Response { status, headers: headers(&response.headers), body }
}

pub fn decode_base64(text: &str) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
}
