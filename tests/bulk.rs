//! `POST /links/bulk`: several links in one request.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use shortlink_core::domain::permissions::Scope;

use crate::support::app::{Response, TestApp, send};
use crate::support::dynamodb::UNREACHABLE;

fn bulk(app: &TestApp, key: &str, body: &Value) -> RequestBuilder {
    let request = app.request(Method::POST, "/links/bulk").header("content-type", "application/json");
    request.bearer_auth(key).body(body.to_string())
}

/// The status of each result.
fn statuses(response: &Response) -> Vec<u64> {
    let results = response.json()["results"].as_array().expect("results").clone();
    results.iter().map(|result| result["status"].as_u64().expect("a status")).collect()
}

/// On a slow machine the time for a request may be over before all its links exist. Then a client sends it again.
async fn send_until_done(request: &impl Fn() -> RequestBuilder) -> Response {
    for _ in 0..20 {
        let response = send(request()).await;
        if !statuses(&response).contains(&503) {
            return response;
        }
    }
    panic!("some links could not be created in twenty requests");
}

#[tokio::test]
async fn each_link_has_its_result_in_order() {
    let app = TestApp::start().await;
    let key = app.create_key("importer", &[Scope::Own]).await;
    let links = json!({"links": [
        {"url": "https://example.com/1", "alias": "one", "title": "One"},
        {"url": "http://localhost/"},
        {"url": "example.com/3"},
        {"url": "https://example.com/4", "alias": "one"},
        7,
        {"url": "https://example.com/6", "colour": "green"},
        {"url": "https://example.com/7", "reuse": true},
    ]});
    let response = send(bulk(&app, &key, &links)).await;
    assert_eq!((response.status, response.header("cache-control")), (200, "no-store"));
    assert_eq!(statuses(&response), [201, 400, 201, 409, 400, 400, 201]);
    let results = response.json()["results"].clone();
    assert_eq!(
        (&results[0]["short_url"], &results[2]["url"]),
        (&json!("http://sho.rt/one"), &json!("https://example.com/3"))
    );
    assert_eq!(
        (&results[1]["type"], &results[1]["field"]),
        (&json!("urn:shortlink:problem:invalid-url"), &json!("url"))
    );
    assert_eq!(results[3]["type"], "urn:shortlink:problem:alias-taken");
    assert_eq!(send(app.get("/one")).await.header("location"), "https://example.com/1");
    let shown = send(app.get("/links/one").bearer_auth(&key)).await.json();
    assert_eq!((&shown["title"], results[0].get("manage_token")), (&json!("One"), None), "the link belongs to the key");

    let again = send(bulk(&app, &key, &links)).await;
    assert_eq!(statuses(&again), [409, 400, 201, 409, 400, 400, 200], "an alias is taken, and `reuse` finds its link");
    assert_eq!(again.json()["results"][0]["suggestions"], json!(["one-2", "one-3"]));
}

#[tokio::test]
async fn repeated_request_with_a_key_creates_nothing() {
    let app = TestApp::start().await;
    let key = app.create_key("importer", &[Scope::Create]).await;
    let links: Vec<_> = (0..100).map(|index| json!({"url": format!("https://example.com/{index}")})).collect();
    let request =
        || bulk(&app, &key, &json!({"links": links})).header("idempotency-key", "8e03978e-40d5-43dd-bc93-6894a57f9324");
    let first = send_until_done(&request).await;
    assert_eq!(statuses(&first), [201; 100]);
    let count = app.keys().await.len();
    assert_eq!(first.json(), send_until_done(&request).await.json());
    assert_eq!(app.keys().await.len(), count, "nothing was created");
    let other = bulk(&app, &key, &json!({"links": [{"url": "https://example.com/other"}]}));
    let other = send(other.header("idempotency-key", "8e03978e-40d5-43dd-bc93-6894a57f9324")).await;
    assert_eq!(statuses(&other), [422], "the key was used for another link");
}

#[tokio::test]
async fn credentials_are_required_behind_every_door() {
    for door in ["open", "key"] {
        let app = TestApp::builder().env("DOOR", door).start().await;
        let reader = app.create_key("reader", &[Scope::Read]).await;
        let links = json!({"links": [{"url": "https://example.com/", "alias": "one"}]});
        let anybody = app.request(Method::POST, "/links/bulk").body(links.to_string());
        assert_eq!(send(anybody).await.status, 401, "{door}");
        assert_eq!(send(bulk(&app, &reader, &links)).await.status, 403, "{door}");
        assert_eq!(send(bulk(&app, "sl_0", &links)).await.status, 401, "{door}");
        assert_eq!(send(app.get("/one")).await.status, 404, "{door}");
    }
}

#[tokio::test]
async fn each_link_counts_for_the_daily_limit() {
    let app = TestApp::builder().env("DOOR", "key").start().await;
    let key = app.create_limited_key("limited", 3).await;
    let links: Vec<_> = (0..5).map(|index| json!({"url": format!("https://example.com/{index}")})).collect();
    let mut statuses = statuses(&send(bulk(&app, &key, &json!({"links": links}))).await);
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 201, 201, 429, 429]);
}

#[tokio::test]
async fn unreadable_bodies_create_nothing() {
    let app = TestApp::start().await;
    let key = app.create_key("importer", &[Scope::Own]).await;
    let link = json!({"url": "https://example.com/"});
    let before = app.keys().await.len();
    for (body, status) in [
        (json!({"links": []}), 400),
        (json!({"links": vec![&link; 101]}), 400),
        (json!({"links": [&link], "other": 1}), 400),
        (json!([&link]), 400),
        (json!({"links": "x"}), 400),
        (json!({"links": [{"url": "x".repeat(131_072)}]}), 413),
    ] {
        let response = send(bulk(&app, &key, &body)).await;
        assert_eq!(response.status, status, "{response}");
        assert!(response.header("content-type").starts_with("application/problem+json"), "{response}");
    }
    let text = bulk(&app, &key, &json!({"links": [&link]})).header("content-type", "text/xml");
    assert_eq!(send(text).await.status, 415);
    assert_eq!(app.keys().await.len(), before);
    // As large as it may be.
    let long = json!({"links": vec![json!({"url": format!("https://example.com/{}", "x".repeat(1_200))}); 100]});
    let request = || bulk(&app, &key, &long).header("idempotency-key", "a5b7fd53-5a3d-4c07-9d23-1ac1bdb1c0de");
    assert_eq!(statuses(&send_until_done(&request).await), [201; 100]);
}

#[tokio::test]
async fn unreachable_table_is_reported() {
    let app = TestApp::builder().endpoint_url(UNREACHABLE).start().await;
    let response = send(bulk(&app, &format!("sl_{}", "0".repeat(64)), &json!({"links": [{"url": "x.example"}]}))).await;
    assert_eq!(response.status, 503, "{response}");
}
