//! What the clock changes. It stands still until a test moves it; nothing waits.

use insta::assert_snapshot;
use serde_json::json;

use crate::app::{NOW, TestApp, answer};
use crate::pages::bare;

const DAY: i64 = 86_400;

#[tokio::test]
async fn a_link_lives_ninety_days_unless_asked_otherwise() {
    let app = TestApp::start().await;
    for (more, expires_at) in [
        (json!({}), "2030-04-01T00:00:00Z"),
        (json!({"expires_in": 60}), "2030-01-01T00:01:00Z"),
        (json!({"expires_in": 60.0}), "2030-01-01T00:01:00Z"),
        (json!({"expires_at": "2030-06-01T02:00:00+02:00"}), "2030-06-01T00:00:00Z"),
    ] {
        let mut order = json!({"url": "https://example.com/"});
        order.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        assert_eq!(answer(app.shorten(&order)).await.json()["expires_at"], expires_at);
    }
}

#[tokio::test]
async fn a_link_that_never_expires_can_be_had_where_it_is_allowed() {
    let app = TestApp::with(&[("ALLOW_NEVER", "true")]).await;
    let made = answer(app.shorten(&json!({"url": "https://example.com/", "alias": "ever", "expires_at": null}))).await;
    assert_eq!((made.status, &made.json()["expires_at"]), (201, &serde_json::Value::Null));
    let form = app.request(reqwest::Method::POST, "/shorten").body("url=https://example.com&expires_at=never");
    assert_eq!(answer(form).await.json()["expires_at"], serde_json::Value::Null);
    app.pass(2_000 * 365 * DAY);
    assert_eq!(answer(app.get("/ever")).await.status, 301);

    let app = TestApp::with(&[("ALLOW_NEVER", "true"), ("EXPIRES_IN_DEFAULT", "never")]).await;
    let made = answer(app.shorten(&json!({"url": "https://example.com/"}))).await;
    assert_eq!(made.json()["expires_at"], serde_json::Value::Null);
}

#[tokio::test]
async fn a_redirect_is_kept_for_90_seconds_but_never_past_the_links_end() {
    let app = TestApp::start().await;
    answer(app.shorten(&json!({"url": "https://example.com/", "alias": "brief", "expires_in": 100}))).await;
    let cache_control = async || answer(app.get("/brief")).await.header("cache-control").to_owned();
    assert_eq!(cache_control().await, "private, max-age=90");
    app.pass(30);
    assert_eq!(cache_control().await, "private, max-age=70");
    app.pass(69);
    assert_eq!(cache_control().await, "private, max-age=1");
    app.pass(1);
    assert_eq!(answer(app.get("/brief")).await.status, 410);
}

#[tokio::test]
async fn an_expired_link_that_is_still_in_the_table_is_gone() {
    let app = TestApp::start().await;
    // As DynamoDB leaves it: its time to be deleted has come and gone, too.
    app.put_item(json!({
        "shortCode": "old", "originalUrl": "https://example.com/", "createdAt": NOW - 200 * DAY,
        "expiresAt": NOW - 100 * DAY, "purgeAt": NOW - 70 * DAY,
    }))
    .await;
    let gone = answer(app.get("/old")).await;
    assert_snapshot!(gone, @r#"
    410
    cache-control: no-store
    content-type: application/problem+json
    vary: accept
    x-content-type-options: nosniff

    {"type":"urn:shortlink:problem:gone","title":"This link has expired","status":410,"detail":"This link expired on 23 September 2029, 00:00 UTC and leads nowhere now. Ask whoever gave it to you for a new one."}
    "#);
    assert_snapshot!(bare(answer(app.get("/old").header("accept", "text/html")).await), @r#"
    410
    cache-control: no-store
    content-security-policy: default-src 'none'; style-src (our style); img-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'
    content-type: text/html; charset=utf-8
    referrer-policy: same-origin
    vary: accept
    x-content-type-options: nosniff

    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>This link has expired</title>
    <link rel="icon" href="./favicon.svg" type="image/svg+xml">
    <style>…</style>
    </head>
    <body>
    <header><a href="./"><svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path d="M3 8h18M3 16h7"/></svg>Shortlink</a></header>
    <main>
    <p class="kicker">410</p>
    <h1>This link has expired</h1>
    <p class="lead">This link expired on 23 September 2029, 00:00 UTC and leads nowhere now. Ask whoever gave it to you for a new one.</p>
    <p class="next"><a href="./">Make a short link</a></p>
    </main>
    </body>
    </html>
    "#);
    let head = answer(app.request(reqwest::Method::HEAD, "/old")).await;
    assert_eq!((head.status, &head.headers, head.body.as_str()), (410, &gone.headers, ""));
    // Nobody can take over a code that may still be printed somewhere.
    let taken = answer(app.shorten(&json!({"url": "https://evil.example/", "alias": "old"}))).await;
    assert_eq!(taken.status, 409);
}

#[tokio::test]
async fn an_item_is_deleted_its_grace_period_after_its_link_expired() {
    let app = TestApp::with(&[("PURGE_AFTER", "1000")]).await;
    answer(app.shorten(&json!({"url": "https://example.com/", "alias": "brief", "expires_in": 100, "reuse": true})))
        .await;
    let key = aws_sdk_dynamodb::types::AttributeValue::S("brief".to_owned());
    let item = app.dynamodb.get_item().table_name("links").key("shortCode", key).send().await.expect("an answer").item;
    let item = item.expect("an item");
    assert_eq!(item["expiresAt"].as_n().map(String::as_str), Ok((NOW + 100).to_string().as_str()));
    assert_eq!(item["purgeAt"].as_n().map(String::as_str), Ok((NOW + 1_100).to_string().as_str()));
}

#[tokio::test]
async fn an_expired_link_is_not_reused() {
    let app = TestApp::start().await;
    for more in [json!({}), json!({"expires_in": 60})] {
        let mut order = json!({"url": "https://example.com/", "reuse": true});
        order.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let first = answer(app.shorten(&order)).await;
        app.pass(91 * DAY);
        let second = answer(app.shorten(&order)).await;
        assert_eq!((first.status, second.status), (201, 201));
        assert_ne!(first.json()["code"], second.json()["code"]);
        assert_eq!(answer(app.shorten(&order)).await.json()["code"], second.json()["code"]);
    }
}
