//! API keys: who may create links where the door is closed, and who may manage whose links.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use shortlink_core::domain::permissions::Scope;
use shortlink_core::http::handler::Handler;

use crate::support::app::{KEY_LIFETIME, NOW, Response, TestApp, send};
use crate::support::fault_proxy::{FaultProxy, RequestFault};
use crate::support::server::{Server, command, run};
use crate::support::user_agents::BROWSER_ACCEPT;

const TARGET: &str = "https://example.com/";

async fn closed_app() -> TestApp {
    TestApp::builder().env("DOOR", "key").env("LINK_CACHE_SECONDS", "0").start().await
}

fn create(app: &TestApp, key: &str) -> RequestBuilder {
    app.create_link(&json!({"url": TARGET})).bearer_auth(key)
}

async fn create_alias(app: &TestApp, key: &str, alias: &str) -> Response {
    send(app.create_link(&json!({"url": TARGET, "alias": alias})).bearer_auth(key)).await
}

#[tokio::test]
async fn closed_door_opens_for_keys_that_may_create() {
    let app = closed_app().await;
    for (scope, name) in Scope::ALL {
        let key = app.create_key(name, &[*scope]).await;
        let expected = if *scope == Scope::Read { 403 } else { 201 };
        assert_eq!(send(create(&app, &key)).await.status, expected, "{name}");
        let in_other_header = app.create_link(&json!({"url": TARGET})).header("x-api-key", &key);
        assert_eq!(send(in_other_header).await.status, expected, "{name}");
    }
    let links = app.keys().await;
    assert_snapshot!(send(app.create_link(&json!({"url": TARGET}))).await, @r#"
    401
    cache-control: no-store
    content-type: application/problem+json
    vary: accept
    www-authenticate: Bearer
    x-content-type-options: nosniff

    {"type":"urn:shortlink:problem:unauthorized","title":"Credentials are missing or wrong","status":401,"detail":"An API key is required to create links. Send it in the Authorization header, as Bearer <key>."}
    "#);
    let manage_token = format!("slm_{}", "0".repeat(64));
    for key in ["sl_0", &format!("sl_{}", "0".repeat(64)), &manage_token, "", "é"] {
        let refused = send(create(&app, key)).await;
        assert_eq!(refused.status, 401, "{key}: {refused}");
    }
    // A key in the query would be logged by every proxy on the way.
    let key = app.create_key("in-query", &[Scope::Admin]).await;
    let in_query = app.request(Method::POST, &format!("/shorten?key={key}&x-api-key={key}"));
    assert_eq!(send(in_query.body(format!("url={TARGET}"))).await.status, 401);
    assert_eq!(app.keys().await.len(), links.len() + 2, "the key and its name");
    // Links are followed without a key.
    let followed = links.iter().find(|key| !key.contains('#')).expect("a link");
    assert_eq!(send(app.get(&format!("/{followed}"))).await.status, 301);
}

#[tokio::test]
async fn invalid_key_is_refused_where_the_door_is_open() {
    let app = TestApp::start().await;
    assert_eq!(send(app.create_link(&json!({"url": TARGET}))).await.status, 201);
    assert_eq!(send(create(&app, &format!("sl_{}", "0".repeat(64)))).await.status, 401);
    let key = app.create_key("mine", &[Scope::Own]).await;
    // Another scheme is for somebody else, such as a proxy in front.
    let with_basic = app.create_link(&json!({"url": TARGET})).basic_auth("me", Some("secret"));
    assert_eq!(send(with_basic).await.status, 201);
    let created = create_alias(&app, &key, "owned").await;
    assert_eq!(created.status, 201);
    let shown = send(app.get("/links/owned").bearer_auth(&key)).await;
    assert_eq!((shown.status, &shown.json()["owner"]), (200, &json!("mine")));
}

/// Every kind of key, and a management token, on every kind of link.
#[tokio::test]
async fn keys_manage_the_links_of_their_owner() {
    let app = closed_app().await;
    let creator = app.create_key_of("web", "web-1", &[Scope::Own]).await;
    let other = app.create_key("other", &[Scope::Own]).await;
    let created = create_alias(&app, &creator, "of-web").await;
    assert_eq!(created.json().get("manage_token"), None, "the token would survive the key");
    // A link of nobody, which is shared.
    app.put_item(json!({"shortCode": "of-nobody", "originalUrl": TARGET, "createdAt": NOW})).await;
    assert_eq!(create_alias(&app, &other, "of-other").await.status, 201);
    let mut actual = String::new();
    for (sender, credentials) in [
        ("its creator", creator.clone()),
        ("another key of its owner", app.create_key_of("web", "web-2", &[Scope::Own]).await),
        ("its owner's key to read", app.create_key_of("web", "web-3", &[Scope::Read]).await),
        ("its owner's key to create", app.create_key_of("web", "web-4", &[Scope::Create]).await),
        ("another owner's key", other),
        ("an administrator", app.create_key("admin", &[Scope::Admin]).await),
        ("anybody", String::new()),
    ] {
        let mut statuses = Vec::new();
        for code in ["of-web", "of-nobody", "missing"] {
            for (method, body) in [
                (Method::GET, "".to_owned()),
                (Method::PATCH, json!({"url": format!("{TARGET}{}", sender.len())}).to_string()),
                (Method::DELETE, "".to_owned()),
                (Method::PATCH, json!({"withdrawn": false}).to_string()),
            ] {
                let request = app.request(method, &format!("/links/{code}")).body(body);
                let request = if credentials.is_empty() { request } else { request.bearer_auth(&credentials) };
                statuses.push(send(request).await.status.to_string());
            }
        }
        actual += &format!("{sender}: {}\n", statuses.join(" "));
    }
    // Read, change, withdraw and restore: a link of the owner `web`, one of nobody, and one that does not exist.
    assert_snapshot!(actual, @r"
    its creator: 200 200 204 200 404 404 404 404 404 404 404 404
    another key of its owner: 200 200 204 200 404 404 404 404 404 404 404 404
    its owner's key to read: 200 403 403 403 404 403 403 403 404 403 403 403
    its owner's key to create: 403 403 403 403 403 403 403 403 403 403 403 403
    another owner's key: 404 404 404 404 404 404 404 404 404 404 404 404
    an administrator: 200 200 204 200 200 200 204 200 404 404 404 404
    anybody: 401 401 401 401 401 401 401 401 401 401 401 401
    ");
}

#[tokio::test]
async fn revoked_or_expired_key_is_refused_within_a_minute() {
    let app = closed_app().await;
    let key = app.create_key("mine", &[Scope::Own]).await;
    assert_eq!(send(create(&app, &key)).await.status, 201);
    app.revoke_key("mine").await;
    // The key is in memory for a minute.
    app.advance_clock(59);
    assert_eq!(send(create(&app, &key)).await.status, 201);
    app.advance_clock(1);
    assert_eq!(send(create(&app, &key)).await.status, 401);

    // Expiry needs no read.
    let key = app.create_key("brief", &[Scope::Own]).await;
    app.advance_clock(KEY_LIFETIME - 61);
    assert_eq!(send(create(&app, &key)).await.status, 201);
    app.advance_clock(1);
    assert_eq!(send(create(&app, &key)).await.status, 401);
}

/// The operator sees which keys nobody needs. A use is written after the response, at most once an hour.
#[tokio::test]
async fn last_use_of_a_key_is_known_to_the_hour() {
    let app = closed_app().await;
    let key = app.create_key("mine", &[Scope::Own]).await;
    let used_at = async || {
        app.shorten.after_response().await;
        let (keys, malformed) = app.store.list_keys(|_| ()).await.expect("keys");
        assert_eq!((keys.len(), malformed.len()), (1, 0));
        keys[0].1.map(|instant| instant.unix() - NOW)
    };
    assert_eq!(used_at().await, None);
    for (seconds, expected) in [(0, 0), (3_599, 0), (1, 3_600)] {
        app.advance_clock(seconds);
        assert_eq!(send(create(&app, &key)).await.status, 201);
        assert_eq!(used_at().await, Some(expected));
    }
    // What is refused is no use.
    assert_eq!(send(create(&app, &format!("sl_{}", "0".repeat(64)))).await.status, 401);
    app.revoke_key("mine").await;
    app.advance_clock(7_200);
    assert_eq!(send(create(&app, &key)).await.status, 401);
    assert_eq!(used_at().await, Some(3_600));
    assert_eq!(app.keys().await.iter().filter(|key| key.starts_with("keyuse#")).count(), 1);
}

#[tokio::test]
async fn reuse_and_idempotency_keys_are_apart_for_each_owner() {
    let app = TestApp::start().await;
    let keys = [app.create_key("a", &[Scope::Own]).await, app.create_key("b", &[Scope::Own]).await, String::new()];
    let mut bodies = BTreeMap::new();
    for (n, key) in keys.iter().enumerate() {
        for (kind, body) in [("reuse", json!({"url": TARGET, "reuse": true})), ("key", json!({"url": TARGET}))] {
            let request = || {
                let request = app.create_link(&body);
                let request = if kind == "key" { request.header("idempotency-key", "1") } else { request };
                if key.is_empty() { request } else { request.bearer_auth(key) }
            };
            let first = send(request()).await;
            assert_eq!(first.status, 201, "{n} {kind}: {first}");
            let again = send(request()).await;
            assert_eq!(again.json()["code"], first.json()["code"]);
            bodies.insert((kind, n), first.json()["code"].to_string());
        }
    }
    let codes: std::collections::BTreeSet<_> = bodies.values().collect();
    assert_eq!(codes.len(), 6, "{bodies:?}");
}

/// If the table cannot be asked, the door stays closed.
#[tokio::test]
async fn unreachable_table_does_not_open_the_door() {
    let proxy = FaultProxy::builder().on_request(|_| RequestFault::Reset);
    let app = TestApp::builder().env("DOOR", "key").proxy(proxy).start().await;
    let refused = send(create(&app, &format!("sl_{}", "0".repeat(64)))).await;
    assert_eq!(refused.status, 503, "{refused}");
    assert_eq!(send(app.create_link(&json!({"url": TARGET}))).await.status, 401);
}

#[tokio::test]
async fn page_says_that_a_key_is_required() {
    let app = closed_app().await;
    let page = send(app.get("/").header("accept", BROWSER_ACCEPT)).await;
    assert_eq!(page.status, 200);
    // Without JavaScript the page can send no key, and says so.
    let (_, without_script) = page.body.split_once("<noscript>").expect("a sentence");
    assert!(without_script.contains("API key") && !page.body.contains("id=\"made\""), "{page}");
    let refused = app.request(Method::POST, "/shorten?page").header("accept", BROWSER_ACCEPT).body("url=x");
    let refused = send(refused).await;
    assert_eq!((refused.status, refused.header("content-type")), (401, "text/html; charset=utf-8"), "{refused}");
    assert!(!refused.body.contains("<form"), "{refused}");
}

/// The program creates keys in the file of a server that is stopped.
#[tokio::test]
async fn program_creates_lists_and_revokes_keys() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("links.db");
    let data_argument = data.to_str().expect("UTF-8");
    let run = async |arguments: &[&str]| run(&[&["keys"], arguments, &["--data", data_argument]].concat()).await;
    let (status, key, error) = run(&["create", "ci", "--owner", "web", "--scope", "create,read"]).await;
    assert!(status == Some(0) && error.contains("ci") && !error.contains(&key[3..]), "{error}");
    let again = "shortlink: the name ci is already in use, possibly by a revoked key; choose another";
    assert_eq!(run(&["create", "ci", "--owner", "web"]).await, (Some(1), String::new(), again.to_owned()));
    let (_, list, _) = run(&["list"]).await;
    let row: Vec<_> = list.lines().nth(1).expect("a key").split_whitespace().collect();
    assert_eq!((row[0], row[1], row[2], row[4]), ("ci", "web", "create,read", "never"));
    assert_eq!(row[5], "valid");
    assert!(!list.contains(&key[3..]), "{list}");
    // A key that cannot be printed is revoked.
    let full = std::fs::File::options().write(true).open("/dev/full").expect("a device");
    let mut program = tokio::process::Command::new(command(&[]).as_std().get_program());
    let unprinted = program.args(["keys", "create", "lost", "--owner", "web", "--data"]).arg(&data).stdout(full);
    assert_eq!(unprinted.status().await.expect("a process").code(), Some(1));
    assert!(run(&["list"]).await.1.lines().any(|line| line.starts_with("lost") && line.contains("revoked")));

    let start = async || {
        let mut command = command(&["--listen", "127.0.0.1:0", "--data", data_argument]);
        Server::start(command.env("DOOR", "key")).await
    };
    let create = async |server: &Server| {
        let url = format!("http://{}/shorten", server.address);
        let request = reqwest::Client::new().post(url).bearer_auth(&key).body(format!("url={TARGET}"));
        request.send().await.expect("a response").status().as_u16()
    };
    let server = start().await;
    assert_eq!(create(&server).await, 201);
    server.signal("TERM").await;
    let log = String::from_utf8(server.exit().await.stderr).expect("UTF-8");
    assert!(!log.contains(&key[3..]), "{log}");
    let (_, list, _) = run(&["list"]).await;
    let row: Vec<_> = list.lines().nth(1).expect("a key").split_whitespace().collect();
    assert!(row[0] == "ci" && row[4] != "never" && row[4].ends_with('Z'), "the key was used: {list}");
    assert_eq!(run(&["revoke", "ci"]).await.0, Some(0));
    assert_eq!(run(&["revoke", "other"]).await.0, Some(1));
    assert_eq!(create(&start().await).await, 401);
}
