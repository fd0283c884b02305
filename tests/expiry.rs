//! What depends on the clock. The clock is manual, so no test waits.

use std::time::SystemTime;

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::json;
use shortlink_core::http::handler::Handler;

use crate::support::app::{NOW, TestApp, send};
use crate::support::redact::redacted;
use crate::support::user_agents::FIREFOX;

const DAY: i64 = 86_400;

#[tokio::test]
async fn links_expire_after_ninety_days_by_default() {
    let app = TestApp::start().await;
    for (more, expires_at) in [
        (json!({}), "2030-04-01T00:00:00Z"),
        (json!({"expires_in": 60}), "2030-01-01T00:01:00Z"),
        (json!({"expires_in": 60.0}), "2030-01-01T00:01:00Z"),
        (json!({"expires_at": "2030-06-01T02:00:00+02:00"}), "2030-06-01T00:00:00Z"),
    ] {
        let mut body = json!({"url": "https://example.com/"});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        assert_eq!(send(app.create_link(&body)).await.json()["expires_at"], expires_at);
    }
}

#[tokio::test]
async fn allow_never_permits_links_without_expiry() {
    let app = TestApp::builder().env("ALLOW_NEVER", "true").start().await;
    let created =
        send(app.create_link(&json!({"url": "https://example.com/", "alias": "ever", "expires_at": null}))).await;
    assert_eq!((created.status, &created.json()["expires_at"]), (201, &serde_json::Value::Null));
    let form = app.request(reqwest::Method::POST, "/shorten").body("url=https://example.com&expires_at=never");
    assert_eq!(send(form).await.json()["expires_at"], serde_json::Value::Null);
    app.advance_clock(2_000 * 365 * DAY);
    assert_eq!(send(app.get("/ever")).await.status, 301);

    let app = TestApp::builder().env("ALLOW_NEVER", "true").env("EXPIRES_IN_DEFAULT", "never").start().await;
    let created = send(app.create_link(&json!({"url": "https://example.com/"}))).await;
    assert_eq!(created.json()["expires_at"], serde_json::Value::Null);
}

#[tokio::test]
async fn redirect_max_age_ends_at_the_expiry() {
    let app = TestApp::start().await;
    send(app.create_link(&json!({"url": "https://example.com/", "alias": "brief", "expires_in": 100}))).await;
    let cache_control = async || send(app.get("/brief")).await.header("cache-control").to_owned();
    assert_eq!(cache_control().await, "private, max-age=90");
    app.advance_clock(30);
    assert_eq!(cache_control().await, "private, max-age=70");
    app.advance_clock(69);
    assert_eq!(cache_control().await, "private, max-age=1");
    app.advance_clock(1);
    assert_eq!(send(app.get("/brief")).await.status, 410);
}

#[tokio::test]
async fn expired_link_returns_410() {
    let app = TestApp::start().await;
    // DynamoDB may keep an item for days after its purge time.
    app.put_item(json!({
        "shortCode": "old", "originalUrl": "https://example.com/", "createdAt": NOW - 200 * DAY,
        "expiresAt": NOW - 100 * DAY, "purgeAt": NOW - 70 * DAY,
    }))
    .await;
    let gone = send(app.get("/old")).await;
    assert_snapshot!(gone, @r#"
    410
    cache-control: no-store
    content-type: application/problem+json
    vary: accept
    x-content-type-options: nosniff

    {"type":"urn:shortlink:problem:gone","title":"This link has expired","status":410,"detail":"This link expired on 23 September 2029, 00:00 UTC and no longer works. Ask the person who sent it to you for a new one."}
    "#);
    assert_snapshot!(redacted(send(app.get("/old").header("accept", "text/html")).await), @r#"
    410
    cache-control: no-store
    content-language: en
    content-security-policy: default-src 'none'; style-src (our style); img-src 'self'; manifest-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'
    content-type: text/html; charset=utf-8
    referrer-policy: same-origin
    vary: accept, accept-encoding, accept-language
    x-content-type-options: nosniff

    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>This link has expired - Shortlink</title>
    <link rel="manifest" href="./manifest.webmanifest">
    <link rel="search" href="./opensearch.xml" type="application/opensearchdescription+xml" title="Shortlink">
    <link rel="icon" href="./favicon.svg" type="image/svg+xml">
    <style>…</style>
    </head>
    <body>
    <header><a href="./"><svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path d="M3 8h18M3 16h7"/></svg>Shortlink</a></header>
    <main>
    <p class="kicker">410</p>
    <h1>This link has expired</h1>
    <p class="lead">It expired 100 days ago, on 23 September 2029, 00:00 UTC. Ask the person who sent it to you for a new one.</p>
    <p class="next"><a href="./">Shorten a link</a></p>
    </main>
    <footer>
    <a href="./docs">API</a>
    </footer>
    </body>
    </html>
    "#);
    let head = send(app.head("/old")).await;
    assert_eq!((head.status, &head.headers, head.body.as_str()), (410, &gone.headers, ""));
    // The code cannot be taken over, because it may still be in print.
    let taken = send(app.create_link(&json!({"url": "https://evil.example/", "alias": "old"}))).await;
    assert_eq!(taken.status, 409);
}

#[tokio::test]
async fn purge_time_is_the_expiry_plus_the_grace_period() {
    let app = TestApp::builder().env("PURGE_AFTER", "1000").start().await;
    let created = send(app.create_link(&json!({"url": "https://example.com/", "expires_in": 100}))).await;
    let item = app.item(created.json()["code"].as_str().expect("a code")).await.expect("an item");
    assert_eq!(item["expiresAt"].as_n().map(String::as_str), Ok((NOW + 100).to_string().as_str()));
    assert_eq!(item["purgeAt"].as_n().map(String::as_str), Ok((NOW + 1_100).to_string().as_str()));
}

/// Nobody takes over a code that is in print.
#[tokio::test]
async fn alias_is_never_given_out_again() {
    for (purge_after, alias, is_purged) in [("0", Some("printed"), false), ("0", None, true), ("never", None, false)] {
        let app = TestApp::builder().env("PURGE_AFTER", purge_after).start().await;
        let body = json!({"url": "https://example.com/", "alias": alias, "expires_in": 100});
        let created = send(app.create_link(&body)).await.json();
        let code = created["code"].as_str().expect("a code");
        let has_purge_time = async || app.item(code).await.expect("an item").contains_key("purgeAt");
        assert_eq!(has_purge_time().await, is_purged, "{body}");
        // A change keeps it so.
        let change = app.request(Method::PATCH, &format!("/links/{code}")).body("{\"expires_in\": 200}");
        let changed = send(change.bearer_auth(created["manage_token"].as_str().expect("a token"))).await;
        assert_eq!((changed.status, has_purge_time().await), (200, is_purged), "{body}");
    }
}

#[tokio::test]
async fn items_are_deleted_after_their_purge_time() {
    let app = TestApp::builder().env("PURGE_AFTER", "1000").start().await;
    let body = |n: usize| json!({"url": format!("https://example.com/{n}"), "expires_in": 100, "reuse": true});
    let visit = async |path: &str| {
        assert_eq!(send(app.get(path).header("user-agent", FIREFOX)).await.status, 301);
        app.resolve.shutdown().await;
    };
    // The table compares with the system's clock: NOW is in its future, and this is two years in its past. (DynamoDB
    // ignores purge times that are more than five years old.)
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a time after 1970").as_secs();
    let two_years_ago = i64::try_from(now).expect("a small number") - 730 * DAY;
    app.advance_clock(two_years_ago - NOW);
    let old = send(app.create_link(&body(1))).await.json()["short"].as_str().expect("a path").to_owned();
    visit(&old).await;
    app.advance_clock(NOW - two_years_ago);
    let new = send(app.create_link(&body(2))).await.json()["short"].as_str().expect("a path").to_owned();
    visit(&new).await;
    assert_eq!(app.keys().await.len(), 6, "two links, their deduplication entries and their visits");
    assert_eq!(send(app.get(&old)).await.status, 410);

    assert_eq!(app.sweep_table(), 3);
    assert_eq!(send(app.get(&old)).await.status, 404);
    assert_eq!(send(app.get(&new)).await.status, 301);
    assert_eq!(app.keys().await.len(), 3);
}

#[tokio::test]
async fn expired_link_is_not_reused() {
    let app = TestApp::start().await;
    for more in [json!({}), json!({"expires_in": 60})] {
        let mut body = json!({"url": "https://example.com/", "reuse": true});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let first = send(app.create_link(&body)).await;
        app.advance_clock(91 * DAY);
        let second = send(app.create_link(&body)).await;
        assert_eq!((first.status, second.status), (201, 201));
        assert_ne!(first.json()["code"], second.json()["code"]);
        assert_eq!(send(app.create_link(&body)).await.json()["code"], second.json()["code"]);
    }
}

/// A board without a battery starts in 1970. A link that it created would have expired when the clock is right.
#[tokio::test]
async fn clock_that_has_not_been_set_creates_no_links() {
    let app = TestApp::start().await;
    app.advance_clock(-NOW);
    let refused = send(app.create_link(&json!({"url": "https://example.com/"}))).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, "60"), "{refused}");
}
