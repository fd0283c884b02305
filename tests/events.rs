//! The functions' responses to API Gateway's events, and to hostile ones.
//!
//! The events go through the code that the Lambda binaries run.

use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::time::Duration;

use lambda_http::RequestExt;
use reqwest::Method;
use serde_json::json;
use serde_json::value::RawValue;
use shortlink_core::domain::base_url::BaseUrl;
use shortlink_core::domain::manage_token::{self, ManageToken};
use shortlink_core::http::handler::{DEADLINE, Handler};
use shortlink_core::http::problem::Problem;
use shortlink_core::http::request::Request;
use shortlink_core::http::response;
use shortlink_core::visits::edge_key::EdgeKey;

use crate::support::app::{NOW, Response, TestApp, send};
use crate::support::events::{self, decode_base64, invoke};
use crate::support::template;

/// A service with the links `live` and `expired`, and `owned`, which has a management token of zeros.
async fn app() -> TestApp {
    let app = TestApp::builder().env("BASE_URL", "https://sho.rt").start().await;
    for (code, expires_at) in [("live", NOW + 60), ("expired", NOW - 60)] {
        app.put_item(json!({
            "shortCode": code, "originalUrl": format!("https://example.com/{code}"),
            "createdAt": NOW - 1_000, "expiresAt": expires_at, "purgeAt": NOW + 1_000,
        }))
        .await;
    }
    let token = ManageToken::parse(&format!("{}{}", manage_token::PREFIX, "0".repeat(64))).expect("a token");
    app.put_item(json!({
        "shortCode": "owned", "originalUrl": "https://example.com/owned", "createdAt": NOW - 1_000,
        "manageDigest": token.digest(),
    }))
    .await;
    app
}

/// Sends the local server the request for which API Gateway sends this event.
async fn send_to_local_server(app: &TestApp, event: &str) -> Response {
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
    let body = if event["isBase64Encoded"] == true { decode_base64(body) } else { body.into() };
    send(request.body(body)).await
}

#[tokio::test]
async fn lambda_and_local_server_respond_equally() {
    let (lambda, local) = (app().await, app().await);
    let mut statuses = BTreeMap::new();
    for event in events::valid() {
        let response = invoke(&lambda, &event.json).await;
        assert_eq!(response, send_to_local_server(&local, &event.json).await, "{}", event.name);
        // API Gateway adds `text/plain` to a response without Content-Type. Only responses that never have a body leave
        // it to that.
        let has_body = !response.headers.contains_key("location") && response.status != 204;
        assert!(!has_body || response.headers.contains_key("content-type"), "{}: {response}", event.name);
        statuses.insert(event.name, response.status);
    }
    insta::assert_debug_snapshot!(statuses, @r#"
    {
        "01-shorten-json": 201,
        "02-shorten-form": 201,
        "03-shorten-text": 201,
        "04-shorten-json-as-form": 201,
        "05-shorten-alias": 201,
        "06-shorten-alias-taken": 409,
        "07-shorten-reuse-creates": 201,
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
        "20-follow-created": 301,
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
        "46-follow-punctuation": 301,
        "47-shorten-get": 303,
        "48-shorten-multipart": 201,
        "49-show-link": 200,
        "50-show-link-head": 200,
        "51-show-link-without-token": 401,
        "52-show-link-with-wrong-token": 401,
        "53-change-link": 200,
        "54-change-link-again": 412,
        "55-withdraw-link": 204,
        "56-follow-withdrawn": 410,
        "57-create-link-with-labels": 201,
        "58-declare-new-link": 201,
        "59-declare-link-again": 412,
        "60-declare-link": 200,
        "61-show-history": 200,
        "62-list-links-without-key": 401,
        "70-show-visits": 200,
    }
    "#);
}

/// API Gateway keeps a `+` in a path parameter, in what has been seen. This is for the case that it does not.
#[tokio::test]
async fn plus_that_became_a_space_is_still_a_preview() {
    let app = app().await;
    let preview = invoke(&app, &events::named("38-preview")).await;
    assert_eq!(preview.header("content-type"), "application/json");
    let with_space = events::named("38-preview").replace("\"code\": \"live+\"", "\"code\": \"live \"");
    assert_eq!(invoke(&app, &with_space).await, preview);
    let sent_as_space = with_space.replace("\"rawPath\": \"/live+\"", "\"rawPath\": \"/live \"");
    assert_ne!(sent_as_space, with_space);
    assert_eq!(invoke(&app, &sent_as_space).await.status, 301);
}

#[tokio::test]
async fn hostile_events_return_the_status_in_their_name() {
    let app = app().await;
    for event in events::hostile() {
        let (name, response) = (event.name, invoke(&app, &event.json).await);
        assert!(name.starts_with(&format!("{}-", response.status)), "{name}: {response}");
        if response.status == 301 {
            assert_eq!(response.header("location"), "https://example.com/live", "{name}");
        } else {
            assert_eq!(response.header("content-type"), "application/problem+json", "{name}");
        }
    }
}

/// Compares our conversion of events into requests with that of `lambda_http`, which panics on some hostile events.
#[test]
fn lambda_http_reads_events_equally() {
    for event in events::valid() {
        let name = event.name;
        let theirs = lambda_http::request::from_str(&event.json).unwrap_or_else(|error| panic!("{name}: {error}"));
        let ours = serde_json::from_str(&event.json).expect("an event");
        let ours = shortlink_lambda::event::into_request(ours).expect("a request");
        assert_eq!(ours.headers, *theirs.headers(), "{name}");
        assert_eq!(ours.body, theirs.body().to_vec(), "{name}");
        assert_eq!(ours.code_param.as_deref(), theirs.path_parameters().first("code"), "{name}");
        assert_eq!(ours.query.unwrap_or_default(), theirs.uri().query().unwrap_or_default(), "{name}");
        assert_eq!(ours.base_url.join(""), format!("https://{}/", theirs.uri().host().expect("a host")), "{name}");
    }
}

/// The reason why the functions convert events themselves. Once this fails, `lambda_http`'s conversion will do.
#[test]
fn lambda_http_panics_on_client_input() {
    let panics = |name: &str| {
        let event = events::named(name);
        // The panic hook prints to the captured output of this test, and nothing else.
        catch_unwind(|| lambda_http::request::from_str(&event)).is_err()
    };
    let actual = ["301-raw-path", "301-query", "301-host", "400-not-base64"].map(panics);
    assert_eq!(actual, [false, true, true, true]);
}

#[tokio::test]
async fn named_stage_is_part_of_the_short_url() {
    let app = TestApp::start().await;
    let event = events::named("05-shorten-alias");
    let created = invoke(&app, &event).await;
    assert_eq!(created.header("location"), "https://sho.rt/my-alias");
    let staged = event.replace("$default", "prod").replace("my-alias", "staged");
    assert_eq!(invoke(&app, &staged).await.header("location"), "https://sho.rt/prod/staged");
    // The Host header, which a client can forge, does not affect short URLs.
    let forged = event.replace("\"host\": \"sho.rt\"", "\"host\": \"evil.example\"").replace("my-alias", "forged");
    assert_eq!(invoke(&app, &forged).await.header("location"), "https://sho.rt/forged");
    assert_eq!(send(app.request(Method::GET, "/forged")).await.status, 301);
}

/// A handler that never responds.
struct Stuck;

impl Handler for Stuck {
    fn edge_key(&self) -> Option<&EdgeKey> {
        None
    }

    fn public_base_url(&self) -> Option<&BaseUrl> {
        None
    }

    fn is_https(&self, _: &Request) -> bool {
        true
    }

    async fn handle(&self, _: &Request) -> Result<response::Response, Problem> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn slow_request_returns_503_before_lambdas_timeout() {
    let timeout = template::read()["Globals"]["Function"]["Timeout"].as_u64().expect("a number of seconds");
    let timeout = Duration::from_secs(timeout);
    assert!(DEADLINE < timeout);
    let event = RawValue::from_string(events::named("19-follow")).expect("JSON");
    let started = tokio::time::Instant::now();
    let response = shortlink_lambda::respond_to_event(&Stuck, &event).await;
    assert_eq!((response.status_code, &response.headers["retry-after"]), (503, &"1".parse().expect("a header")));
    // Tokio's clock is paused and advances only to the next timer, so this compares durations and measures none.
    assert!(started.elapsed() < timeout, "{:?}", started.elapsed());
}
