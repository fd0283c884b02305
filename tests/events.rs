//! The same through Lambda: API Gateway's events (`events/*.json`, of the form that `sam local generate-event
//! apigateway http-api-proxy` prints) through the code that the binaries run.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use lambda_http::RequestExt;
use reqwest::Method;
use serde_json::json;
use serde_json::value::RawValue;
use shortlink_core::reply::Reply;
use shortlink_core::request::Request;
use shortlink_lambda::Handler;
use shortlink_lambda::event::Event;

use crate::app::{Answer, NOW, TestApp, answer, headers};

const VARIABLES: &[(&str, &str)] = &[("BASE_URL", "https://sho.rt")];

/// The events of a folder, by name.
fn events(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    files.sort();
    let event = |path: &PathBuf| fs::read_to_string(path).expect("an event");
    files.iter().map(|path| (path.file_stem().expect("a name").to_string_lossy().into_owned(), event(path))).collect()
}

/// A service that knows one live link and one that has expired.
async fn app() -> TestApp {
    let app = TestApp::with(VARIABLES).await;
    for (code, expires_at) in [("live", NOW + 60), ("expired", NOW - 60)] {
        app.put_item(json!({
            "shortCode": code, "originalUrl": format!("https://example.com/{code}"),
            "createdAt": NOW - 1_000, "expiresAt": expires_at, "purgeAt": NOW + 1_000,
        }))
        .await;
    }
    app
}

/// What Lambda answers to an event: by the function that its route belongs to.
pub async fn through_lambda(app: &TestApp, event: &str) -> Answer {
    let raw = RawValue::from_string(event.to_owned()).expect("JSON");
    let response = if event.contains("/{code}\"") {
        shortlink_lambda::answer(&app.resolve, &raw).await
    } else {
        shortlink_lambda::answer(&app.shorten, &raw).await
    };
    // As the gateway reads it (format 2.0): strings by name for the headers, a string for the body.
    let json = serde_json::to_value(&response).expect("a response that serialises");
    assert!(json["headers"].as_object().expect("headers").values().all(serde_json::Value::is_string), "{json}");
    let body = json.get("body").map_or("", |body| body.as_str().expect("a string"));
    let body = if json["isBase64Encoded"] == true {
        // As `reqwest` reads a picture.
        String::from_utf8_lossy(&decoded(body)).into_owned()
    } else {
        body.to_owned()
    };
    let status = json["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok()).expect("a status");
    Answer { status, headers: headers(&response.headers), body }
}

fn decoded(base64: &str) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(base64).expect("base64")
}

/// The request that makes API Gateway send this event.
async fn through_serve(app: &TestApp, event: &str) -> Answer {
    let event: serde_json::Value = serde_json::from_str(event).expect("JSON");
    let text = |pointer: &str| event.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or_default();
    let (method, path) = text("/routeKey").split_once(' ').expect("a method and a path");
    let code: String = text("/pathParameters/code").bytes().map(|byte| format!("%{byte:02X}")).collect();
    let path = format!("{}?{}", path.replace("{code}", &code), text("/rawQueryString"));
    let mut request = app.request(method.parse().expect("a method"), &path);
    for (name, value) in event["headers"].as_object().expect("headers") {
        if !matches!(name.as_str(), "host" | "content-length") {
            request = request.header(name, value.as_str().expect("a string"));
        }
    }
    let body = text("/body");
    let body = if event["isBase64Encoded"] == true { decoded(body) } else { body.into() };
    answer(request.body(body)).await
}

#[tokio::test]
async fn every_event_gets_the_answer_that_the_local_server_gives() {
    let (lambda, serve) = (app().await, app().await);
    let mut statuses = BTreeMap::new();
    for (name, event) in events("events") {
        let answered = through_lambda(&lambda, &event).await;
        assert_eq!(answered, through_serve(&serve, &event).await, "{name}");
        statuses.insert(name, answered.status);
    }
    insta::assert_debug_snapshot!(statuses, @r#"
    {
        "01-shorten-json": 201,
        "02-shorten-form": 201,
        "03-shorten-text": 201,
        "04-shorten-json-as-form": 201,
        "05-shorten-alias": 201,
        "06-shorten-alias-taken": 409,
        "07-shorten-reuse-makes": 201,
        "08-shorten-reuse-finds": 200,
        "09-shorten-for-text": 201,
        "10-shorten-invalid-url": 400,
        "11-shorten-invalid-alias": 400,
        "12-shorten-invalid-expiry": 400,
        "13-shorten-invalid-json": 400,
        "14-shorten-not-utf8": 400,
        "15-shorten-media-type": 415,
        "16-shorten-too-large": 413,
        "17-shorten-no-body": 400,
        "18-openapi": 200,
        "19-follow": 301,
        "20-follow-made": 301,
        "21-follow-query": 301,
        "22-follow-head": 301,
        "23-follow-unknown": 404,
        "24-follow-unknown-browser": 404,
        "25-follow-unknown-head": 404,
        "26-follow-expired": 410,
        "27-follow-expired-browser": 410,
        "28-follow-dots": 404,
        "29-follow-non-ascii": 404,
        "30-follow-controls": 404,
        "31-page": 200,
        "32-page-head": 200,
        "33-page-known": 304,
        "34-robots": 200,
        "35-favicon": 200,
        "36-shorten-browser": 201,
        "37-shorten-browser-invalid-url": 400,
        "38-preview": 200,
        "39-preview-browser": 200,
        "40-preview-expired": 410,
        "41-qr-svg": 200,
        "42-qr-png": 200,
        "43-qr-png-head": 200,
        "44-qr-invalid-size": 400,
        "45-qr-unknown": 404,
    }
    "#);
}

#[tokio::test]
async fn a_hostile_event_gets_the_answer_that_its_name_says() {
    let app = app().await;
    for (name, event) in events("events/hostile") {
        let answered = through_lambda(&app, &event).await;
        assert!(name.starts_with(&format!("{}-", answered.status)), "{name}: {answered}");
        if answered.status == 301 {
            assert_eq!(answered.header("location"), "https://example.com/live", "{name}");
        } else {
            assert_eq!(answered.header("content-type"), "application/problem+json", "{name}");
        }
    }
}

/// What our own reading of events must not differ in from `lambda_http`'s, where that one can read them.
#[test]
fn lambda_http_reads_the_same_from_an_event() {
    for (name, event) in events("events") {
        // The request of a path that is not one would panic `lambda_http`, which is why it is not used.
        let theirs = lambda_http::request::from_str(&event).unwrap_or_else(|error| panic!("{name}: {error}"));
        let ours: Event<'_> = serde_json::from_str(&event).expect("an event");
        let ours = ours.into_request().expect("a request");
        assert_eq!(ours.headers, *theirs.headers(), "{name}");
        assert_eq!(ours.body, theirs.body().to_vec(), "{name}");
        assert_eq!(ours.code.as_deref(), theirs.path_parameters().first("code"), "{name}");
        assert_eq!(ours.query.unwrap_or_default(), theirs.uri().query().unwrap_or_default(), "{name}");
        assert_eq!(ours.base_url.join(""), format!("https://{}/", theirs.uri().host().expect("a host")), "{name}");
    }
}

#[test]
fn lambda_http_would_panic_on_what_a_client_may_send() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let panics = |name: &str| {
        let (_, event) = events("events/hostile").into_iter().find(|(n, _)| n == name).expect("an event");
        std::panic::catch_unwind(|| lambda_http::request::from_str(&event)).is_err()
    };
    let seen = ["301-raw-path", "301-query", "301-host", "400-not-base64"].map(panics);
    std::panic::set_hook(hook);
    assert_eq!(seen, [false, true, true, true], "if none did, `lambda_http`'s own conversion would do");
}

#[tokio::test]
async fn a_stage_is_a_part_of_the_short_url_and_the_default_stage_is_not() {
    let app = TestApp::start().await;
    let (_, event) = events("events").into_iter().find(|(name, _)| name.ends_with("shorten-alias")).expect("an event");
    let made = through_lambda(&app, &event).await;
    assert_eq!(made.header("location"), "https://sho.rt/my-alias");
    let staged = event.replace("$default", "prod").replace("my-alias", "staged");
    assert_eq!(through_lambda(&app, &staged).await.header("location"), "https://sho.rt/prod/staged");
    // A client's Host header is not where short URLs come from.
    let forged = event.replace("\"host\": \"sho.rt\"", "\"host\": \"evil.example\"").replace("my-alias", "forged");
    assert_eq!(through_lambda(&app, &forged).await.header("location"), "https://sho.rt/forged");
    assert_eq!(answer(app.request(Method::GET, "/forged")).await.status, 301);
}

/// A handler that never answers.
struct Stuck;

impl Handler for Stuck {
    async fn handle(&self, _: Request) -> Reply {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_ends_with_a_word_before_lambda_ends_it_without() {
    let (_, event) = events("events").into_iter().find(|(name, _)| name.ends_with("-follow")).expect("an event");
    let event = RawValue::from_string(event).expect("JSON");
    let began = tokio::time::Instant::now();
    let response = shortlink_lambda::answer(&Stuck, &event).await;
    assert_eq!((response.status_code, &response.headers["retry-after"]), (503, &"1".parse().expect("a header")));
    // The clock of a test that is paused goes only as far as it is waited for: no time is measured here.
    assert!(began.elapsed() < std::time::Duration::from_secs(5), "template.yaml's Timeout");
}
