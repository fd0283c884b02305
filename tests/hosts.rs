//! Hosts that the operator blocks or allows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_dynamodb::types::AttributeValue;
use insta::assert_snapshot;
use reqwest::Method;
use serde_json::json;
use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::host_rules::ListedHost;
use shortlink_core::dynamodb::host_rules::HostList;

use crate::support::app::{NOW, TestApp, send};
use crate::support::fault_proxy::{FaultProxy, RequestFault};
use crate::support::server::{Server, run};
use crate::support::user_agents::BROWSER_ACCEPT;

fn host(text: &str) -> ListedHost {
    ListedHost::parse(text).expect("a host")
}

async fn list(app: &TestApp, list: HostList, hosts: &[&str]) {
    for text in hosts {
        app.store.list_host(list, &host(text)).await.expect("a response");
    }
}

async fn create(app: &TestApp, host: &str) -> u16 {
    send(app.create_link(&json!({"url": format!("https://{host}/")}))).await.status
}

/// The number of links that a pass blocks.
async fn block_links(app: &TestApp, text: &str) -> u64 {
    let now = Timestamp::from_unix(NOW).expect("in range");
    app.store.block_links_to(&host(text), now, |_| ()).await.expect("a response").changed
}

/// The number of links that a pass unblocks, after the host is removed from the list.
async fn unblock_host(app: &TestApp, text: &str) -> u64 {
    app.store.unlist_host(HostList::Blocked, &host(text)).await.expect("a response");
    let rules = app.store.host_rules().await.expect("a response");
    let now = Timestamp::from_unix(NOW).expect("in range");
    app.store.unblock_links_to(&host(text), &rules, now, |_| ()).await.expect("a response").changed
}

async fn follow(app: &TestApp, code: &str) -> u16 {
    send(app.get(&format!("/{code}"))).await.status
}

async fn app() -> TestApp {
    TestApp::builder().env("LINK_CACHE_SECONDS", "0").start().await
}

#[tokio::test]
async fn blocked_host_is_refused_at_creation_and_change() {
    let app = app().await;
    list(&app, HostList::Blocked, &["evil.example", "bücher.example", "8.8.8.8"]).await;
    assert_snapshot!(send(app.create_link(&json!({"url": "https://a.EVIL.example:8443/path"}))).await, @r#"
    403
    cache-control: no-store
    content-type: application/problem+json
    vary: accept
    x-content-type-options: nosniff

    {"type":"urn:shortlink:problem:host-blocked","title":"This host is blocked","status":403,"detail":"url leads to a.evil.example, which the operator of this service has blocked.","field":"url"}
    "#);
    for refused in [
        "evil.example",
        "evil.example.",
        "ｅｖｉｌ.example",
        "e%76il.example",
        "evil。example",
        "www.xn--bcher-kva.example",
        "BÜCHER.example",
        "8.8.8.8",
        "134744072",
        "0x8.8.8.8",
    ] {
        assert_eq!(create(&app, refused).await, 403, "{refused}");
    }
    for allowed in ["notevil.example", "evil.example.org", "example.com", "8.8.4.4"] {
        assert_eq!(create(&app, allowed).await, 201, "{allowed}");
    }
    let reused = app.create_link(&json!({"url": "https://evil.example/", "reuse": true}));
    assert_eq!(send(reused.header("idempotency-key", "1")).await.status, 403);

    let created = send(app.create_link(&json!({"url": "https://example.com/", "alias": "mine"}))).await.json();
    let token = created["manage_token"].as_str().expect("a token");
    let change = async |body| {
        let request =
            app.request(Method::PATCH, "/links/mine").bearer_auth(token).body(serde_json::Value::to_string(&body));
        send(request).await.status
    };
    assert_eq!(change(json!({"url": "https://evil.example/"})).await, 403);
    assert_eq!(change(json!({"url": "https://example.org/"})).await, 200);
    assert_eq!(send(app.get("/mine")).await.header("location"), "https://example.org/");

    let form = app.request(Method::POST, "/shorten?page").header("accept", BROWSER_ACCEPT);
    let page = send(form.body("url=https%3A%2F%2Fevil.example%2F")).await;
    assert_eq!(page.status, 403);
    assert!(page.body.contains("<form") && page.body.contains("allow links to evil.example."), "{page}");
}

#[tokio::test]
async fn only_allowed_hosts_may_be_targets_once_one_is_listed() {
    let app = app().await;
    list(&app, HostList::Allowed, &["example.org"]).await;
    list(&app, HostList::Blocked, &["bad.example.org"]).await;
    for (host, expected) in [
        ("example.org", 201),
        ("www.example.org", 201),
        ("example.com", 403),
        ("example.org.evil.example", 403),
        ("notexample.org", 403),
        ("bad.example.org", 403),
    ] {
        assert_eq!(create(&app, host).await, expected, "{host}");
    }
    let refused = send(app.create_link(&json!({"url": "https://example.com/"}))).await.json();
    assert_eq!(refused["type"], "urn:shortlink:problem:host-not-allowed");
    assert_eq!(refused["detail"], "url leads to example.com; the links of this service may lead only to example.org.");
    app.store.unlist_host(HostList::Allowed, &host("example.org")).await.expect("a response");
    app.advance_clock(60);
    assert_eq!(create(&app, "example.com").await, 201);
}

#[tokio::test]
async fn lists_of_hosts_are_read_once_a_minute() {
    let app = TestApp::builder().proxy(FaultProxy::builder()).start().await;
    for _ in 0..10 {
        assert_eq!(create(&app, "evil.example").await, 201);
    }
    assert_eq!(app.proxy().count("GetItem"), 1);
    list(&app, HostList::Blocked, &["evil.example"]).await;
    app.advance_clock(59);
    assert_eq!(create(&app, "evil.example").await, 201);
    app.advance_clock(1);
    assert_eq!(create(&app, "evil.example").await, 403);
    assert_eq!(app.proxy().count("GetItem"), 2);
}

/// The last lists count for an hour; without any, or after that, no link is created.
#[tokio::test]
async fn lists_that_cannot_be_read_never_allow_a_host() {
    let fails = Arc::new(AtomicBool::new(true));
    let is_failing = Arc::clone(&fails);
    let proxy = FaultProxy::builder().on_request(move |request| {
        let is_read = request.contains("hosts#");
        if is_read && is_failing.load(Ordering::SeqCst) { RequestFault::Reset } else { RequestFault::None }
    });
    let app = TestApp::builder().proxy(proxy).start().await;
    let unread = send(app.create_link(&json!({"url": "https://example.com/"}))).await;
    assert_eq!((unread.status, unread.header("retry-after")), (503, "1"), "{unread}");
    fails.store(false, Ordering::SeqCst);
    list(&app, HostList::Blocked, &["evil.example"]).await;
    assert_eq!(create(&app, "evil.example").await, 403);
    fails.store(true, Ordering::SeqCst);
    app.advance_clock(3_599);
    assert_eq!((create(&app, "evil.example").await, create(&app, "example.com").await), (403, 201));
    app.advance_clock(1);
    assert_eq!((create(&app, "evil.example").await, create(&app, "example.com").await), (503, 503));
}

/// Somebody has edited the item by hand.
#[tokio::test]
async fn damaged_list_of_hosts_creates_no_link() {
    for value in [json!("evil.example"), json!("not a host"), json!(["evil.example", "not a host"])] {
        let app = app().await;
        app.put_item(json!({"shortCode": "hosts#", "blockedHosts": value})).await;
        assert_eq!(create(&app, "example.com").await, 500, "{value}");
        assert_eq!(app.keys().await, ["hosts#"]);
    }
}

/// More links than are read at once.
#[tokio::test]
async fn links_to_a_blocked_host_answer_451_until_it_is_unblocked() {
    let app = app().await;
    let mut expected = 0;
    for n in 0..1_100 {
        let is_below = n % 3 == 0;
        let host = if is_below { "a.evil.example" } else { "example.com" };
        expected += u64::from(is_below);
        app.put_item(
            json!({"shortCode": format!("link{n}"), "originalUrl": format!("https://{host}/{n}"), "createdAt": NOW}),
        )
        .await;
    }
    // Rows of other tools.
    app.put_item(
        json!({"shortCode": "userinfo", "originalUrl": "http://good.example@EVIL.example./", "createdAt": NOW}),
    )
    .await;
    app.put_item(json!({"shortCode": "broken", "originalUrl": "javascript:evil.example", "createdAt": NOW})).await;
    app.block("link0").await;
    list(&app, HostList::Blocked, &["evil.example"]).await;
    assert_eq!(block_links(&app, "evil.example").await, expected, "all but link0, and userinfo");
    assert_eq!(block_links(&app, "evil.example").await, 0, "it can be repeated");
    for (code, status) in [("link0", 451), ("link3", 451), ("link1098", 451), ("userinfo", 451), ("link1", 301)] {
        assert_eq!(follow(&app, code).await, status, "{code}");
    }
    // A link that the operator blocks by itself stays blocked.
    app.block("link3").await;
    assert_eq!(unblock_host(&app, "evil.example").await, expected - 1);
    assert_eq!(unblock_host(&app, "evil.example").await, 0);
    for (code, status) in [("link0", 451), ("link3", 451), ("link6", 301), ("link1098", 301), ("userinfo", 301)] {
        assert_eq!(follow(&app, code).await, status, "{code}");
    }
}

#[tokio::test]
async fn block_of_a_host_is_in_the_history_of_its_links() {
    let app = app().await;
    let created = send(app.create_link(&json!({"url": "https://evil.example/", "alias": "mine"}))).await.json();
    let token = created["manage_token"].as_str().expect("a token");
    list(&app, HostList::Blocked, &["evil.example"]).await;
    assert_eq!(block_links(&app, "evil.example").await, 1);
    assert_eq!(unblock_host(&app, "evil.example").await, 1);
    let history = send(app.get("/links/mine/history").bearer_auth(token)).await.json();
    let entries = history["history"].as_array().expect("entries");
    let changes: Vec<_> = entries.iter().map(|entry| (&entry["changed_by"]["kind"], &entry["after"])).collect();
    let operator = json!("operator");
    let (blocked, unblocked) = (json!({"blocked": true}), json!({"blocked": false}));
    assert_eq!(changes, [(&operator, &unblocked), (&operator, &blocked), (&json!(null), &json!({}))]);
}

#[tokio::test]
async fn link_stays_blocked_while_another_blocked_host_is_above_it() {
    let app = app().await;
    app.put_item(json!({"shortCode": "link", "originalUrl": "https://a.evil.example/", "createdAt": NOW})).await;
    list(&app, HostList::Blocked, &["evil.example", "a.evil.example"]).await;
    assert_eq!((block_links(&app, "evil.example").await, block_links(&app, "a.evil.example").await), (1, 0));
    assert_eq!(unblock_host(&app, "evil.example").await, 0);
    assert_eq!(follow(&app, "link").await, 451);
    assert_eq!(unblock_host(&app, "a.evil.example").await, 1);
    assert_eq!(follow(&app, "link").await, 301);
}

/// A function that has the lists in memory creates links for a minute, and owners change theirs.
#[tokio::test]
async fn link_that_is_made_meanwhile_is_blocked_by_the_next_pass() {
    let app = app().await;
    assert_eq!(create(&app, "example.com").await, 201);
    list(&app, HostList::Blocked, &["evil.example"]).await;
    assert_eq!(block_links(&app, "evil.example").await, 0);
    assert_eq!(create(&app, "evil.example").await, 201);
    app.advance_clock(60);
    assert_eq!(create(&app, "evil.example").await, 403);
    assert_eq!(block_links(&app, "evil.example").await, 1);
}

/// An owner cannot end it by leading the link elsewhere.
#[tokio::test]
async fn owner_cannot_unblock_a_link_that_is_blocked_with_its_host() {
    let app = app().await;
    let created = send(app.create_link(&json!({"url": "https://evil.example/", "alias": "mine"}))).await.json();
    list(&app, HostList::Blocked, &["evil.example"]).await;
    assert_eq!(block_links(&app, "evil.example").await, 1);
    let token = created["manage_token"].as_str().expect("a token");
    let change = app.request(Method::PATCH, "/links/mine").bearer_auth(token);
    assert_eq!(send(change.body(json!({"url": "https://example.com/"}).to_string())).await.status, 200);
    assert_eq!(follow(&app, "mine").await, 451);
    let blocked = app.item("mine").await.expect("an item");
    assert_eq!(blocked["blockedHost"], AttributeValue::S("evil.example".to_owned()));
}

/// The program blocks and allows hosts in the file of a server that is stopped.
#[tokio::test]
async fn program_blocks_and_allows_hosts() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("links.db");
    let data_argument = data.to_str().expect("UTF-8");
    let run = async |arguments: &[&str]| run(&[arguments, &["--data", data_argument]].concat()).await;
    let stop = async |server: Server| {
        server.signal("TERM").await;
        server.exit().await;
    };
    let server = Server::with_file(&data).await;
    for (alias, host) in [("below", "a.evil.example"), ("other", "example.com")] {
        let body = json!({"url": format!("https://{host}/"), "alias": alias});
        server.create_link(&body).await.expect("a link");
    }
    stop(server).await;
    let blocked =
        "The host evil.example is blocked, and with it 1 link. Visitors see it within two and a half minutes.";
    assert_eq!(run(&["block", "evil.example"]).await, (Some(0), blocked.to_owned(), String::new()));
    assert_eq!(run(&["hosts", "list"]).await.1, "blocked evil.example");
    let server = Server::with_file(&data).await;
    assert_eq!(server.location("/below").await, None);
    assert_eq!(server.location("/other").await.as_deref(), Some("https://example.com/"));
    let status = |refused: reqwest::Result<serde_json::Value>| {
        refused.expect_err("refused").status().map(|status| status.as_u16())
    };
    assert_eq!(status(server.create_link(&json!({"url": "https://evil.example/"})).await), Some(403));
    stop(server).await;

    assert_eq!(run(&["allow", "Example.ORG"]).await.0, Some(0));
    assert_eq!(run(&["hosts", "list"]).await.1, "blocked evil.example\nallowed example.org");
    let server = Server::with_file(&data).await;
    assert_eq!(status(server.create_link(&json!({"url": "https://example.com/"})).await), Some(403));
    stop(server).await;
    assert_eq!(run(&["disallow", "example.org"]).await.0, Some(0));
    assert_eq!(run(&["unblock", "evil.example"]).await.0, Some(0));
    assert_eq!(run(&["hosts", "list"]).await.1, "");
    for (arguments, error) in [
        (["unblock", "evil.example"], "the host evil.example is not blocked; `shortlink hosts list` shows the hosts"),
        (["disallow", "example.org"], "the host example.org is not allowed; `shortlink hosts list` shows the hosts"),
        (
            ["block", "https://evil.example/"],
            "\"https://evil.example/\" is more than a host; leave out what is before and after the host, as in example.com",
        ),
        (["block", "evil"], "there is no link with the code \"evil\"; upper and lower case matter"),
    ] {
        assert_eq!(run(&arguments).await, (Some(1), String::new(), format!("shortlink: {error}")));
    }
    let server = Server::with_file(&data).await;
    assert_eq!(server.location("/below").await.as_deref(), Some("https://a.evil.example/"));
}
