//! A table that another tool has filled, given to the service as it is: its items have a code, a target and perhaps an expiry.

use reqwest::Method;
use serde_json::json;
use shortlink_core::domain::permissions::Scope;
use shortlink_core::http::handler::Handler;

use crate::support::app::{NOW, TestApp, send};
use crate::support::user_agents::{BROWSER_ACCEPT, FIREFOX};

const TARGET: &str = "https://example.com/from/a/tutorial";

async fn adopted() -> TestApp {
    let app = TestApp::builder().env("PREVIEW", "full").env("LINK_CACHE_SECONDS", "0").start().await;
    app.put_item(json!({"shortCode": "old", "originalUrl": TARGET, "expiresAt": NOW + 100_000_000})).await;
    app.put_item(json!({"shortCode": "forever", "originalUrl": TARGET})).await;
    app.put_item(json!({"shortCode": "over", "originalUrl": TARGET, "expiresAt": NOW - 1})).await;
    app.put_item(json!({"shortCode": "1", "originalUrl": TARGET})).await;
    app
}

#[tokio::test]
async fn links_without_a_creation_time_are_followed_and_counted() {
    let app = adopted().await;
    for (code, status) in [("old", 301), ("forever", 301), ("over", 410), ("1", 301), ("old.svg", 200), ("1.png", 200)]
    {
        let followed = send(app.get(&format!("/{code}")).header("user-agent", FIREFOX)).await;
        assert_eq!(followed.status, status, "{followed}");
        if status == 301 {
            assert_eq!(followed.header("location"), TARGET);
        }
    }
    app.resolve.after_response().await;
    // The next month, so that the counts of the first one are moved.
    app.advance_clock(40 * 86_400);
    assert_eq!(send(app.get("/old").header("user-agent", FIREFOX)).await.status, 301);
    app.resolve.after_response().await;
    let preview = send(app.get("/old+").header("accept", "application/json")).await.json();
    assert_eq!((&preview["created_at"], &preview["visits"]), (&json!(null), &json!(2)), "{preview}");
    assert_eq!(app.number("visits#old#2030-01", "hits").await, 1);
    let page = send(app.get("/old+").header("accept", BROWSER_ACCEPT)).await;
    assert!(page.status == 200 && !page.body.contains("<dt>Created</dt>"), "{page}");
}

#[tokio::test]
async fn operator_and_administrators_manage_links_without_a_creation_time() {
    let app = adopted().await;
    let admin = app.create_key("admin", &[Scope::Admin]).await;
    let shown = send(app.get("/links/old").bearer_auth(&admin)).await;
    assert_eq!((shown.status, &shown.json()["created_at"]), (200, &json!(null)), "{shown}");
    let change = async |body: serde_json::Value| {
        let request = app.request(Method::PATCH, "/links/old").bearer_auth(&admin).body(body.to_string());
        send(request).await.status
    };
    assert_eq!(change(json!({"url": "https://example.com/new"})).await, 200);
    assert_eq!(change(json!({"title": "New"})).await, 200);
    assert_eq!(send(app.get("/old")).await.header("location"), "https://example.com/new");
    app.block("old").await;
    assert_eq!(send(app.get("/old")).await.status, 451);
    app.unblock("old").await;
    assert_eq!(send(app.get("/old")).await.status, 301);
    let history = send(app.get("/links/old/history").bearer_auth(&admin)).await.json();
    let versions: Vec<_> =
        history["history"].as_array().expect("a list").iter().map(|entry| &entry["version"]).collect();
    assert_eq!(versions, [4, 3, 2, 1], "nothing is said about its creation: {history}");
    // A link that is created under its code afterwards is another one.
    app.delete_item("old").await;
    assert_eq!(change(json!({"title": "Newer"})).await, 404);
    // What is there must be a number.
    app.put_item(json!({"shortCode": "text", "originalUrl": TARGET, "expiresAt": "2030-01-01"})).await;
    assert_eq!(send(app.get("/text")).await.status, 500);
}
