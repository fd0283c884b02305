//! Limits on how many links a sender creates on a day.

use std::sync::Arc;

use insta::assert_snapshot;
use reqwest::RequestBuilder;
use serde_json::json;
use shorten::grant::{Grant, MaxLinks};

use crate::grants;
use crate::support::app::{TestApp, send};
use crate::support::fault_proxy::{Call, FaultProxy, RequestFault};
use crate::support::parameter_store::{Behaviour, ParameterStore};

const TARGET: &str = "https://example.com/";

fn create(app: &TestApp, key: &str, body: &serde_json::Value) -> RequestBuilder {
    app.create_link(body).bearer_auth(key)
}

#[tokio::test]
async fn key_creates_as_many_links_a_day_as_it_may() {
    let app = TestApp::builder().env("DOOR", "key").start().await;
    let key = app.create_limited_key("ci", 2).await;
    app.advance_clock(86_400 - 10);
    for _ in 0..2 {
        assert_eq!(send(create(&app, &key, &json!({"url": TARGET}))).await.status, 201);
    }
    let refused = send(create(&app, &key, &json!({"url": TARGET}))).await;
    assert_snapshot!(refused, @r#"
    429
    cache-control: no-store
    content-type: application/problem+json
    retry-after: 10
    vary: accept
    x-content-type-options: nosniff

    {"type":"urn:shortlink:problem:limit-reached","title":"Too many links were created today","status":429,"detail":"At most 2 links a day may be created with these credentials. The next day begins at 00:00 UTC, in 10 seconds."}
    "#);
    // The limit is that of one key.
    let other = app.create_limited_key("other", 1).await;
    assert_eq!(send(create(&app, &other, &json!({"url": TARGET}))).await.status, 201);
    app.advance_clock(10);
    assert_eq!(send(create(&app, &key, &json!({"url": TARGET}))).await.status, 201);
    let counters: Vec<_> = app.keys().await.into_iter().filter(|key| key.starts_with("limit#key#ci#")).collect();
    assert_eq!(counters.len(), 2, "{counters:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_concurrent_creations_as_many_succeed_as_the_limit_allows() {
    let store = ParameterStore::start(Behaviour::Value(grants::keys("1").to_text())).await;
    let app = Arc::new(grants::with_parameter(TestApp::builder().env("DOOR", "key").without_timeouts(), &store).await);
    let grant = grants::sign(&Grant { maximum: Some(MaxLinks::PerDay(10)), ..grants::grant() });
    for credentials in [app.create_limited_key("ci", 10).await, grant] {
        // Every other request takes the path of `reuse`, which writes a transaction.
        let requests = (0..50).map(|n| {
            let (app, key) = (Arc::clone(&app), credentials.clone());
            let body = json!({"url": format!("{TARGET}{n}"), "reuse": n % 2 == 0});
            tokio::spawn(async move { send(create(&app, &key, &body)).await.status })
        });
        let mut statuses = Vec::new();
        for request in requests.collect::<Vec<_>>() {
            statuses.push(request.await.expect("a response"));
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [vec![201; 10], vec![429; 40]].concat());
    }
}

#[tokio::test]
async fn only_links_that_are_created_count() {
    let app = TestApp::builder().env("DOOR", "key").start().await;
    let key = app.create_limited_key("ci", 3).await;
    let status = async |body: serde_json::Value| send(create(&app, &key, &body)).await.status;
    let count = async || app.number("limit#key#ci#2030-01-01", "links").await;
    for invalid in [json!({"url": "x"}), json!({"url": TARGET, "alias": "?"}), json!({"url": TARGET, "expires_in": 1})]
    {
        assert_eq!((status(invalid).await, count().await), (400, 0));
    }
    assert_eq!((status(json!({"url": TARGET, "alias": "mine"})).await, count().await), (201, 1));
    assert_eq!((status(json!({"url": TARGET, "alias": "mine"})).await, count().await), (409, 1));
    assert_eq!((status(json!({"url": TARGET, "reuse": true})).await, count().await), (201, 2));
    assert_eq!((status(json!({"url": TARGET, "reuse": true})).await, count().await), (200, 2));
    assert_eq!((status(json!({"url": TARGET, "alias": "mine", "reuse": true})).await, count().await), (200, 2));
    let with_key = || create(&app, &key, &json!({"url": TARGET})).header("idempotency-key", "1");
    let first = send(with_key()).await;
    assert_eq!((first.status, count().await), (201, 3));
    // Whoever has reached the limit still gets the response that was lost, and the links that exist.
    let again = send(with_key()).await;
    assert_eq!((again.status, &again.json()["code"]), (201, &first.json()["code"]));
    let other_request = create(&app, &key, &json!({"url": format!("{TARGET}other")})).header("idempotency-key", "1");
    assert_eq!(send(other_request).await.status, 422);
    assert_eq!(status(json!({"url": TARGET, "reuse": true})).await, 200);
    assert_eq!((status(json!({"url": TARGET})).await, count().await), (429, 3));
    // An idempotency key may be used again after a day.
    app.advance_clock(86_400);
    assert_eq!(send(with_key()).await.status, 201);
    assert_eq!(app.number("limit#key#ci#2030-01-02", "links").await, 1);
}

/// If the counter cannot be asked, no link is created.
#[tokio::test]
async fn limit_holds_while_the_counter_cannot_be_written() {
    let fail_updates = |request: &str| match Call::parse(request) {
        Some(call) if call.operation == "UpdateItem" => RequestFault::Reset,
        _ => RequestFault::None,
    };
    let app = TestApp::builder().env("DOOR", "key").proxy(FaultProxy::builder().on_request(fail_updates)).start().await;
    let key = app.create_limited_key("ci", 5).await;
    let before = app.keys().await.len();
    assert_eq!(send(create(&app, &key, &json!({"url": TARGET}))).await.status, 503);
    assert_eq!(app.keys().await.len(), before);
}
