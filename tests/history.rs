//! `GET /links/{code}/history`: who changed what of a link, and when.

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Value, json};
use shortlink_core::domain::permissions::Scope;

use crate::support::app::{NOW, TestApp, send};

const TARGET: &str = "https://example.com/";

async fn change(app: &TestApp, credentials: &str, body: Value) {
    let request = app.request(Method::PATCH, "/links/mine").bearer_auth(credentials).body(body.to_string());
    let changed = send(request).await;
    assert_eq!(changed.status, 200, "{changed}");
}

async fn history(app: &TestApp, credentials: &str) -> Vec<Value> {
    let shown = send(app.get("/links/mine/history").bearer_auth(credentials)).await;
    assert_eq!((shown.status, shown.header("cache-control")), (200, "no-store"), "{shown}");
    shown.json()["history"].as_array().expect("entries").clone()
}

/// A service with the link `mine`, of which it returns the management token.
async fn app_with_link() -> (TestApp, String) {
    let app = TestApp::builder().env("ALLOW_NEVER", "true").start().await;
    let created = send(app.create_link(&json!({"url": TARGET, "alias": "mine", "title": "secret title"}))).await.json();
    (app, created["manage_token"].as_str().expect("a token").to_owned())
}

#[tokio::test]
async fn history_says_who_changed_what() {
    let (app, token) = app_with_link().await;
    let admin = app.create_key("admin", &[Scope::Admin]).await;
    app.advance_clock(60);
    change(&app, &token, json!({"url": "https://example.org/", "note": "secret note", "title": null})).await;
    change(&app, &admin, json!({"expires_at": null, "tags": ["secret-tag"]})).await;
    app.advance_clock(60);
    assert_eq!(send(app.request(Method::DELETE, "/links/mine").bearer_auth(&token)).await.status, 204);
    app.block("mine").await;
    // What changes nothing is no change.
    app.block("mine").await;
    change(&app, &token, json!({})).await;
    app.unblock("mine").await;
    let entries: Vec<_> = history(&app, &token).await.iter().map(ToString::to_string).collect();
    assert_snapshot!(entries.join("\n"), @r#"
    {"after":{"blocked":false},"before":{"blocked":true},"changed_at":"2030-01-01T00:00:00Z","changed_by":{"kind":"operator"},"fields":["blocked"],"version":5}
    {"after":{"blocked":true},"before":{"blocked":false},"changed_at":"2030-01-01T00:00:00Z","changed_by":{"kind":"operator"},"fields":["blocked"],"version":4}
    {"after":{"withdrawn":true},"before":{"withdrawn":false},"changed_at":"2030-01-01T00:02:00Z","changed_by":{"kind":"management_token"},"fields":["withdrawn"],"version":3}
    {"after":{"expires_at":null},"before":{"expires_at":"2030-04-01T00:00:00Z"},"changed_at":"2030-01-01T00:01:00Z","changed_by":{"kind":"key","name":"admin"},"fields":["expires_at","tags"],"version":2}
    {"after":{"url":"https://example.org/"},"before":{"url":"https://example.com/"},"changed_at":"2030-01-01T00:01:00Z","changed_by":{"kind":"management_token"},"fields":["note","title","url"],"version":1}
    {"after":{},"before":{},"changed_at":"2030-01-01T00:00:00Z","changed_by":null,"fields":[],"version":0}
    "#);
    let items = app.keys().await;
    assert_eq!(items.iter().filter(|key| key.starts_with("history#mine#")).count(), 5, "{items:?}");
    for key in items.iter().filter(|key| key.starts_with("history#")) {
        let item = format!("{:?}", app.item(key).await);
        assert!(!item.contains("secret") && !item.contains(&token[4..]), "{item}");
    }
}

#[tokio::test]
async fn history_has_the_last_fifty_changes() {
    let (app, token) = app_with_link().await;
    for n in 1..=53 {
        change(&app, &token, json!({"url": format!("{TARGET}{n}")})).await;
        if n == 49 {
            assert_eq!(history(&app, &token).await.len(), 50, "the creation, too");
        }
    }
    let versions: Vec<_> = history(&app, &token).await.iter().map(|entry| entry["version"].clone()).collect();
    assert_eq!(versions, (4..=53).rev().map(Value::from).collect::<Vec<_>>());
    let items = app.keys().await;
    assert_eq!(items.iter().filter(|key| key.starts_with("history#")).count(), 50, "{items:?}");
}

#[tokio::test]
async fn history_is_for_whoever_may_read_the_link() {
    let (app, token) = app_with_link().await;
    let others = send(app.create_link(&json!({"url": TARGET}))).await.json()["manage_token"].clone();
    let stranger = app.create_key("stranger", &[Scope::Own]).await;
    change(&app, &token, json!({"url": "https://example.org/"})).await;
    for (credentials, status) in [(others.as_str().expect("a token"), 401), (&stranger, 404), ("", 401)] {
        for path in ["/links/mine/history", "/links/missing/history"] {
            let refused = send(app.get(path).bearer_auth(credentials)).await;
            assert_eq!(refused.status, status, "{path}: {refused}");
        }
    }
}

/// A code that was purged may be given out again. The new link was changed by a program that wrote no history yet.
#[tokio::test]
async fn history_is_that_of_the_link_and_not_of_its_code() {
    let (app, token) = app_with_link().await;
    change(&app, &token, json!({"url": "https://example.org/private"})).await;
    let digest = app.item("mine").await.expect("an item")["manageDigest"].as_s().expect("a digest").clone();
    app.delete_item("mine").await;
    let item = json!({"shortCode": "mine", "originalUrl": TARGET, "manageDigest": digest});
    let mut item = item.as_object().expect("an object").clone();
    item.extend(["createdAt", "changedAt"].map(|name| (name.to_owned(), json!(NOW + 1))));
    item.insert("version".to_owned(), json!(1));
    app.put_item(Value::Object(item)).await;
    let entries = history(&app, &token).await;
    assert_eq!((entries.len(), &entries[0]["version"]), (1, &json!(0)), "{entries:#?}");
}

/// The history of a link is kept for as long as the link was to be kept, and for a year.
#[tokio::test]
async fn entries_are_purged_after_the_link() {
    let app = TestApp::start().await;
    let created = send(app.create_link(&json!({"url": TARGET}))).await.json();
    let (code, token) = (created["code"].as_str().expect("a code"), created["manage_token"].as_str().expect("a token"));
    let day = 86_400;
    for (n, days, expected) in [(1, 60, 365), (2, 3_000, 3_030)] {
        let request = app.request(Method::PATCH, &format!("/links/{code}")).bearer_auth(token);
        assert_eq!(send(request.body(json!({"expires_in": days * day}).to_string())).await.status, 200);
        let purge_at = app.number(&format!("history#{code}#{n}"), "purgeAt").await;
        assert_eq!(purge_at, (NOW + expected * day).cast_unsigned(), "{n}");
    }
}

/// What another tool has written can be blocked, too.
#[tokio::test]
async fn malformed_link_can_be_blocked() {
    let app = TestApp::start().await;
    app.put_item(json!({"shortCode": "foreign", "originalUrl": "javascript:alert(1)", "createdAt": NOW})).await;
    app.block("foreign").await;
    assert_eq!(app.number("foreign", "blockedAt").await, NOW as u64);
    app.unblock("foreign").await;
    assert_eq!(app.number("foreign", "blockedAt").await, 0, "it is absent");
}
