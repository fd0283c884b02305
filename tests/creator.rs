//! What is kept of the client that creates a link, and who sees it.

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use shortlink_core::domain::permissions::Scope;

use crate::support::app::{NOW, TestApp, send};
use crate::support::events;
use crate::support::server::Server;
use crate::support::user_agents::BROWSER_ACCEPT;

const AGENT: &str = "secret-agent/7";
const TRACE: &str = "1-6b4d4a80-0123456789abcdef01234567";

/// A request to create a link, from a client that can be recognised.
fn create(app: &TestApp, body: &Value) -> RequestBuilder {
    app.create_link(body).header("user-agent", AGENT).header("x-amzn-trace-id", format!("Root={TRACE};Sampled=1"))
}

/// Creates a link, and reads with its token what is kept of its creator.
async fn creator_of(app: &TestApp, request: RequestBuilder) -> Value {
    let created = send(request).await;
    assert_eq!(created.status, 201, "{created}");
    let created = created.json();
    let path = format!("/links/{}", created["code"].as_str().expect("a code"));
    send(app.get(&path).bearer_auth(created["manage_token"].as_str().expect("a token"))).await.json()["creator"].clone()
}

#[tokio::test]
async fn creator_is_kept_as_the_operator_says() {
    let body = json!({"url": "https://example.com/"});
    for (setting, expected) in [
        ("off", Value::Null),
        ("", json!({"user_agent": AGENT, "address": "127.0.0.0/24", "trace_id": TRACE})),
        ("anonymised", json!({"user_agent": AGENT, "address": "127.0.0.0/24", "trace_id": TRACE})),
        ("full", json!({"user_agent": AGENT, "address": "127.0.0.1", "trace_id": TRACE})),
    ] {
        let app = TestApp::builder().env("CREATOR", setting).start().await;
        assert_eq!(creator_of(&app, create(&app, &body)).await, expected, "{setting}");
        let code = app.keys().await.into_iter().find(|key| !key.contains('#')).expect("a link");
        assert_eq!(app.item(&code).await.expect("an item").contains_key("creator"), setting != "off", "{setting}");
    }
    let app = TestApp::builder().env("CREATOR", "").start().await;
    let long =
        app.create_link(&body).header("user-agent", "x".repeat(5_000)).header("x-amzn-trace-id", "Root=<script>");
    let kept = creator_of(&app, long).await;
    assert_eq!(kept, json!({"user_agent": "x".repeat(256), "address": "127.0.0.0/24", "trace_id": null}));
}

/// On AWS, the address is that of the event's context, which no client can set.
#[tokio::test]
async fn address_is_that_of_the_event() {
    let app = TestApp::builder().env("CREATOR", "full").start().await;
    let created = events::invoke(&app, &events::named("01-shorten-json")).await;
    let code = created.json()["code"].as_str().expect("a code").to_owned();
    let item = app.item(&code).await.expect("an item");
    assert_eq!(item["creator"].as_m().expect("a map")["address"].as_s().map(String::as_str), Ok("203.0.113.9"));
}

#[tokio::test]
async fn reported_address_is_that_of_the_client_behind_a_cdn() {
    let body = json!({"url": "https://example.com/"});
    let app = TestApp::builder().env("CREATOR", "full").edge_key("0123456789abcdef").start().await;
    for (reported, expected) in [
        ("203.0.113.7:443", json!("203.0.113.7")),
        ("2001:db8::7:443", json!("2001:db8::7")),
        ("[2001:db8::7]:443", json!("2001:db8::7")),
        ("nonsense", Value::Null),
        ("203.0.113.7, 10.0.0.1:443", Value::Null),
    ] {
        let request = create(&app, &body)
            .header("cloudfront-viewer-address", reported)
            .header("x-forwarded-for", "198.51.100.1")
            .header("forwarded", "for=198.51.100.1");
        assert_eq!(creator_of(&app, request).await["address"], expected, "{reported}");
    }
    let without_cdn = TestApp::builder().env("CREATOR", "full").start().await;
    let forged = create(&without_cdn, &body).header("cloudfront-viewer-address", "203.0.113.7:443");
    assert_eq!(creator_of(&without_cdn, forged).await["address"], "127.0.0.1");
}

#[tokio::test]
async fn creator_is_shown_to_owner_and_operator_only() {
    let app = TestApp::builder().env("CREATOR", "full").start().await;
    let owner = app.create_key("owner", &[Scope::Own]).await;
    let other = app.create_key("other", &[Scope::Own]).await;
    let admin = app.create_key("admin", &[Scope::Admin]).await;
    let created =
        send(create(&app, &json!({"url": "https://example.com/", "alias": "mine"})).bearer_auth(&owner)).await;
    assert_eq!(created.status, 201);
    for (key, expected) in [(&owner, 200), (&admin, 200), (&other, 404)] {
        let shown = send(app.get("/links/mine").bearer_auth(key)).await;
        assert_eq!((shown.status, shown.body.contains(AGENT)), (expected, expected == 200), "{shown}");
    }
    let mut seen = vec![created];
    for path in ["/mine", "/mine+", "/mine.svg", "/links/mine", "/mine/", "/"] {
        for accept in ["*/*", BROWSER_ACCEPT] {
            seen.push(send(app.get(path).header("accept", accept)).await);
        }
    }
    seen.push(send(app.create_link(&json!({"url": "https://example.com/", "alias": "mine"}))).await);
    for response in seen {
        let text = response.to_string();
        assert!(!text.contains(AGENT) && !text.contains(TRACE) && !text.contains("127.0.0.1"), "{text}");
    }
}

#[tokio::test]
async fn reuse_does_not_change_the_creator() {
    let app = TestApp::builder().env("CREATOR", "full").start().await;
    let body = json!({"url": "https://example.com/", "reuse": true});
    let first = send(create(&app, &body)).await.json();
    let again = send(app.create_link(&body).header("user-agent", "other/1")).await;
    assert_eq!((again.status, &again.json()["code"]), (200, &first["code"]));
    let item = app.item(first["code"].as_str().expect("a code")).await.expect("an item");
    assert_eq!(item["creator"].as_m().expect("a map")["userAgent"].as_s().map(String::as_str), Ok(AGENT));
    // An item that another tool has written.
    app.put_item(
        json!({"shortCode": "foreign", "originalUrl": "https://example.com/", "createdAt": NOW, "creator": "x"}),
    )
    .await;
    assert_eq!(send(app.get("/foreign")).await.status, 301);
}

#[tokio::test]
async fn log_does_not_contain_the_creator() {
    let server = Server::in_memory().await;
    let request = reqwest::Client::new().post(format!("http://{}/shorten", server.address)).header("user-agent", AGENT);
    assert_eq!(request.body("url=https://example.com/").send().await.expect("a response").status(), 201);
    server.signal("TERM").await;
    let log = String::from_utf8(server.exit().await.stderr).expect("UTF-8");
    assert!(log.contains("created a link") && !log.contains(AGENT), "{log}");
}
