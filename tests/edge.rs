//! The service behind a CDN: `EDGE_KEY` and `EDGE_CACHE_SECONDS`.

use reqwest::Method;
use serde_json::json;

use crate::support::app::{NOW, TestApp, send};
use crate::support::events;
use crate::support::user_agents::BROWSER_ACCEPT;

const KEY: &str = "0123456789abcdef";
const HEADER: &str = "x-shortlink-edge";

#[tokio::test]
async fn requests_that_go_around_the_cdn_are_refused() {
    let app = TestApp::builder().edge_key(KEY).env("BASE_URL", "https://sho.rt").start().await;
    let created = send(app.create_link(&json!({"url": "https://example.com/", "alias": "here"}))).await;
    assert_eq!(created.status, 201, "{created}");
    let token = created.json()["manage_token"].as_str().expect("a token").to_owned();
    for key in ["", "0123456789abcdeF", "0123456789abcdef0"] {
        for (method, path) in [
            (Method::GET, "/here"),
            (Method::HEAD, "/here"),
            (Method::GET, "/here+"),
            (Method::GET, "/here.svg"),
            (Method::GET, "/here/"),
            (Method::GET, "/unknown"),
            (Method::GET, "/"),
            (Method::GET, "/openapi.json"),
            (Method::POST, "/shorten"),
            (Method::GET, "/links/here"),
            (Method::DELETE, "/links/here"),
        ] {
            let request = app.request(method.clone(), path).bearer_auth(&token).header(HEADER, key);
            let refused = send(request).await;
            assert_eq!(refused.status, 403, "{method} {path} with {key:?}: {refused}");
            assert_eq!(refused.header("cache-control"), "no-store", "{method} {path}");
            assert!(!refused.headers.contains_key("location"), "{method} {path}");
        }
    }
    // Twice is once too often: a client may have sent one of them.
    assert_eq!(send(app.get("/here").header(HEADER, KEY).header(HEADER, KEY)).await.status, 403);
    let refused = send(app.get("/here").header(HEADER, "")).await;
    insta::assert_snapshot!(refused.body, @r#"{"type":"urn:shortlink:problem:not-from-edge","title":"This address does not answer","status":403,"detail":"This service answers only at https://sho.rt/."}"#);
    let page = send(app.get("/here").header(HEADER, "").header("accept", BROWSER_ACCEPT)).await;
    assert!(page.status == 403 && page.body.contains("answers only at https://sho.rt/."), "{page}");

    let followed = send(app.get("/here")).await;
    assert_eq!((followed.status, followed.header("location")), (301, "https://example.com/"));
}

#[tokio::test]
async fn without_a_configured_address_the_refusal_names_none() {
    let app = TestApp::builder().edge_key(KEY).start().await;
    let refused = send(app.get("/").header(HEADER, "")).await.json();
    assert_eq!(refused["detail"], "This service answers only at the address of the CDN in front of it.");
}

/// The gateway's events, as the functions get them.
#[tokio::test]
async fn both_functions_require_the_key() {
    let app = TestApp::builder().env("EDGE_KEY", KEY).start().await;
    for (name, expected) in [("01-shorten-json", 201), ("19-follow", 404)] {
        let event = events::named(name);
        assert_eq!(events::invoke(&app, &event).await.status, 403, "{name}");
        let with_key = event.replacen("\"headers\": {", &format!("\"headers\": {{\"{HEADER}\": \"{KEY}\","), 1);
        assert_eq!(events::invoke(&app, &with_key).await.status, expected, "{name}");
    }
}

#[tokio::test]
async fn redirects_are_cached_at_the_edge_and_end_with_the_link() {
    let app = TestApp::builder().env("EDGE_CACHE_SECONDS", "3600").start().await;
    for (code, expires_at) in [("brief", NOW + 70), ("long", NOW + 86_400)] {
        app.put_item(json!({
            "shortCode": code, "originalUrl": "https://example.com/", "createdAt": NOW, "expiresAt": expires_at,
        }))
        .await;
    }
    app.put_item(json!({"shortCode": "forever", "originalUrl": "https://example.com/", "createdAt": NOW})).await;
    for (code, expected) in [
        ("brief", "public, max-age=70, s-maxage=70, stale-if-error=0"),
        ("long", "public, max-age=90, s-maxage=3600, stale-if-error=3600"),
        ("forever", "public, max-age=90, s-maxage=3600, stale-if-error=3600"),
    ] {
        for method in [Method::GET, Method::HEAD] {
            let followed = send(app.request(method, &format!("/{code}"))).await;
            assert_eq!((followed.status, followed.header("cache-control")), (301, expected), "{code}");
        }
    }
    // What is no redirect to a target is not cached.
    app.advance_clock(70);
    for (path, status) in [("/brief", 410), ("/unknown", 404)] {
        let response = send(app.get(path)).await;
        assert_eq!((response.status, response.header("cache-control")), (status, "no-store"), "{path}");
    }
}

#[tokio::test]
async fn a_change_is_visible_that_much_later() {
    for (seconds, expected) in [("", "2030-01-01T00:02:30Z"), ("600", "2030-01-01T00:12:30Z")] {
        let app = TestApp::builder().env("EDGE_CACHE_SECONDS", seconds).start().await;
        let created = send(app.create_link(&json!({"url": "https://example.com/", "alias": "mine"}))).await.json();
        let token = created["manage_token"].as_str().expect("a token");
        let change = json!({"url": "https://example.org/"}).to_string();
        let changed = send(app.request(Method::PATCH, "/links/mine").bearer_auth(token).body(change)).await;
        assert_eq!(changed.json()["visible_by"], expected, "{seconds:?}: {changed}");
    }
}
