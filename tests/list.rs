//! `GET /links`: the links of an owner, the latest first.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{DeleteGlobalSecondaryIndexAction, GlobalSecondaryIndexUpdate};
use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Value, json};
use shortlink_core::domain::permissions::Scope;
use shortlink_core::http::handler::Handler;

use crate::support::app::{NOW, Response, TestApp, send};
use crate::support::server::{Server, run};
use crate::support::user_agents::FIREFOX;

const TARGET: &str = "https://example.com/";

async fn create(app: &TestApp, key: &str, alias: &str) {
    let request = app.create_link(&json!({"url": TARGET, "alias": alias})).bearer_auth(key);
    assert_eq!(send(request).await.status, 201, "{alias}");
}

async fn list(app: &TestApp, key: &str, query: &str) -> Response {
    send(app.get(&format!("/links{query}")).bearer_auth(key)).await
}

fn codes(page: &Response) -> Vec<String> {
    let links = page.json()["links"].as_array().expect("links").clone();
    links.iter().map(|link| link["code"].as_str().expect("a code").to_owned()).collect()
}

/// The links of all pages.
async fn all(app: &TestApp, key: &str, limit: usize) -> Vec<String> {
    let (mut found, mut query) = (Vec::new(), format!("?limit={limit}"));
    loop {
        let page = list(app, key, &query).await;
        assert_eq!(page.status, 200, "{page}");
        let (codes, next) = (codes(&page), page.json()["next_cursor"].clone());
        assert!(codes.len() == limit || next.is_null(), "{page}");
        found.extend(codes);
        match next.as_str() {
            Some(cursor) => query = format!("?cursor={cursor}&limit={limit}"),
            None => return found,
        }
    }
}

#[tokio::test]
async fn links_are_listed_the_latest_first() {
    let app = TestApp::start().await;
    let key = app.create_key_of("web", "web-1", &[Scope::Own]).await;
    let other = app.create_key("other", &[Scope::Own]).await;
    let mut expected = Vec::new();
    for n in 0..13 {
        create(&app, &key, &format!("link-{n}")).await;
        create(&app, &other, &format!("other-{n}")).await;
        expected.insert(0, format!("link-{n}"));
        app.advance_clock(1);
    }
    assert_eq!(send(app.create_link(&json!({"url": TARGET, "alias": "of-nobody"}))).await.status, 201);
    let reader = app.create_key_of("web", "web-2", &[Scope::Read]).await;
    for limit in [1, 2, 12, 13, 14, 100] {
        assert_eq!(all(&app, &reader, limit).await, expected, "{limit}");
    }
    assert_eq!(codes(&list(&app, &key, "").await), expected);
    for n in 13..30 {
        create(&app, &key, &format!("link-{n}")).await;
    }
    // Links that were created at the same time are on different pages, each on one.
    for limit in [1, 7] {
        let found = all(&app, &key, limit).await;
        assert_eq!((found.len(), found.iter().collect::<BTreeSet<_>>().len()), (30, 30), "{found:?}");
    }
    assert_eq!(codes(&list(&app, &key, "").await).len(), 20, "the default");
    let head = send(app.head("/links").bearer_auth(&key)).await;
    assert_eq!((head.status, head.body.as_str(), head.header("cache-control")), (200, "", "no-store"));
}

#[tokio::test]
async fn list_shows_what_the_owner_knows() {
    let app = TestApp::builder().env("BASE_URL", "https://sho.rt").start().await;
    let key = app.create_key("web", &[Scope::Own]).await;
    create(&app, &key, "mine").await;
    let body = json!({"title": "Sale", "tags": ["b", "a"], "note": "For the posters.", "withdrawn": true});
    let change = app.request(Method::PATCH, "/links/mine").bearer_auth(&key).body(body.to_string());
    let changed = send(change).await;
    assert_eq!(changed.status, 200, "{changed}");
    let page = list(&app, &key, "").await;
    assert_eq!(page.json(), json!({"links": [changed.json()], "next_cursor": null}));
    app.block("mine").await;
    assert_eq!(list(&app, &key, "").await.json()["links"][0]["blocked"], true);
}

/// Neither API keys, nor counts, nor links of nobody.
#[tokio::test]
async fn index_contains_owned_links_alone() {
    let app = TestApp::start().await;
    let key = app.create_key("web", &[Scope::Own]).await;
    create(&app, &key, "mine").await;
    assert_eq!(send(app.get("/mine").header("user-agent", FIREFOX)).await.status, 301);
    app.resolve.shutdown().await;
    assert_eq!(app.number("visits#mine", "hits").await, 1);
    let change = app.request(Method::PATCH, "/links/mine").bearer_auth(&key).body("{\"title\": \"Sale\"}");
    assert_eq!(send(change).await.status, 200);
    assert_eq!(send(app.create_link(&json!({"url": TARGET}))).await.status, 201);
    assert_eq!(send(app.create_link(&json!({"url": TARGET, "reuse": true})).bearer_auth(&key)).await.status, 201);
    let items = app.dynamodb.scan().table_name("links").index_name("byOwner").send().await.expect("items");
    let items = items.items();
    let shown = |item: &aws_sdk_dynamodb::types::AttributeValue| item.as_s().cloned().unwrap_or_default();
    assert!(items.len() == 2 && items.iter().all(|item| shown(&item["owner"]) == "web"), "{items:?}");
    for hidden in ["hits", "manageDigest", "writeId", "keyName"] {
        assert!(items.iter().all(|item| !item.contains_key(hidden)), "{items:?}");
    }
}

/// Who may list whose links.
#[tokio::test]
async fn links_are_listed_for_their_owner_and_administrators() {
    let app = TestApp::start().await;
    let owner = app.create_key_of("web", "web-1", &[Scope::Own]).await;
    create(&app, &owner, "mine").await;
    let mut actual = String::new();
    for (sender, credentials) in [
        ("its owner's key", owner),
        ("its owner's key to read", app.create_key_of("web", "web-2", &[Scope::Read]).await),
        ("its owner's key to create", app.create_key_of("web", "web-3", &[Scope::Create]).await),
        ("another owner's key", app.create_key("other", &[Scope::Own]).await),
        ("an administrator", app.create_key("admin", &[Scope::Admin]).await),
        ("a management token", format!("slm_{}", "0".repeat(64))),
        ("anybody", String::new()),
    ] {
        let mut answers = Vec::new();
        for query in ["", "?owner=web", "?owner=nobody", "?owner=a%23b"] {
            let request = app.get(&format!("/links{query}"));
            let request = if credentials.is_empty() { request } else { request.bearer_auth(&credentials) };
            let answer = send(request).await;
            let count = answer.json()["links"].as_array().map_or(String::new(), |links| format!(" ({})", links.len()));
            answers.push(format!("{}{count}", answer.status));
        }
        actual += &format!("{sender}: {}\n", answers.join(", "));
    }
    // Without an owner, with that of the link, with one that has no links, and with what is no owner.
    assert_snapshot!(actual, @r"
    its owner's key: 200 (1), 200 (1), 403, 400
    its owner's key to read: 200 (1), 200 (1), 403, 400
    its owner's key to create: 403, 403, 403, 403
    another owner's key: 200 (0), 403, 403, 400
    an administrator: 200 (0), 200 (1), 200 (0), 400
    a management token: 401, 401, 401, 401
    anybody: 401, 401, 401, 401
    ");
}

#[tokio::test]
async fn invalid_parameters_of_a_list_are_rejected_with_a_reason() {
    let app = TestApp::start().await;
    let (key, other) = (app.create_key("web", &[Scope::Own]).await, app.create_key("other", &[Scope::Own]).await);
    for alias in ["one", "two"] {
        create(&app, &key, alias).await;
        create(&app, &other, &format!("other-{alias}")).await;
    }
    let cursor = list(&app, &other, "?limit=1").await.json()["next_cursor"].as_str().expect("a cursor").to_owned();
    let mut actual = String::new();
    for query in [
        "?limit=0".to_owned(),
        "?limit=101".to_owned(),
        "?limit=%2B1".to_owned(),
        "?limit=".to_owned(),
        "?limit=1&limit=2".to_owned(),
        "?cursor=".to_owned(),
        "?cursor=key%23abc".to_owned(),
        // That of another owner.
        format!("?cursor={cursor}"),
    ] {
        let refused = list(&app, &key, &query).await;
        assert_eq!(refused.status, 400, "{query}: {refused}");
        actual += &format!("{} {}\n", refused.json()["field"], refused.json()["detail"]);
    }
    assert_snapshot!(actual, @r#"
    "limit" "limit must be a whole number from 1 to 100."
    "limit" "limit must be a whole number from 1 to 100."
    "limit" "limit must be a whole number from 1 to 100."
    "limit" "limit must be a whole number from 1 to 100."
    "limit" "limit occurs twice; send it once."
    "cursor" "cursor is not a cursor of this list; send next_cursor as it was received."
    "cursor" "cursor is not a cursor of this list; send next_cursor as it was received."
    "cursor" "cursor is not a cursor of this list; send next_cursor as it was received."
    "#);
    // Parameters of others, such as those that messengers add, are ignored.
    assert_eq!(list(&app, &key, "?utm_source=mail").await.status, 200);
    let own = list(&app, &key, "?limit=1").await.json()["next_cursor"].as_str().expect("a cursor").to_owned();
    for (n, byte) in own.bytes().enumerate() {
        let mut mangled = own.clone().into_bytes();
        mangled[n] = if byte == b'1' { b'2' } else { b'1' };
        let mangled = String::from_utf8(mangled).expect("UTF-8");
        assert_eq!(list(&app, &key, &format!("?cursor={mangled}")).await.status, 400, "{mangled}");
    }
}

/// Keys from before there was a list have the attribute of a link. Other tools may write what is no link.
#[tokio::test]
async fn items_that_are_no_links_are_left_out_of_a_list() {
    let app = TestApp::start().await;
    let key = app.create_key("web", &[Scope::Own]).await;
    create(&app, &key, "mine").await;
    for n in 0..5 {
        app.put_item(json!({"shortCode": format!("key#{n}"), "owner": "web", "createdAt": NOW + n})).await;
        let target = "javascript:alert(1)";
        app.put_item(
            json!({"shortCode": format!("bad{n}"), "originalUrl": target, "owner": "web", "createdAt": NOW + n}),
        )
        .await;
    }
    for limit in [1, 3] {
        let page = list(&app, &key, &format!("?limit={limit}")).await;
        assert_eq!((codes(&page), &page.json()["next_cursor"]), (vec!["mine".to_owned()], &Value::Null));
    }
}

/// All but the list works with a table that another stack has left behind.
#[tokio::test]
async fn table_without_the_index_has_no_list() {
    let app = TestApp::start().await;
    let key = app.create_key("web", &[Scope::Own]).await;
    let delete = DeleteGlobalSecondaryIndexAction::builder().index_name("byOwner").build().expect("an action");
    let update = GlobalSecondaryIndexUpdate::builder().delete(delete).build();
    let update = app.dynamodb.update_table().table_name("links").global_secondary_index_updates(update);
    update.send().await.expect("a response");
    create(&app, &key, "mine").await;
    let change = app.request(Method::PATCH, "/links/mine").bearer_auth(&key).body("{\"title\": \"Sale\"}");
    assert_eq!(send(change).await.status, 200);
    assert_eq!(send(app.get("/mine")).await.status, 301);
    let refused = list(&app, &key, "").await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, "60"), "{refused}");
    assert!(refused.json()["detail"].as_str().expect("a detail").contains("operator"), "{refused}");
}

/// A file from before there was an index gets one, with the links that it contains.
#[tokio::test]
async fn file_without_the_index_gets_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("links.db");
    let data_argument = data.to_str().expect("UTF-8");
    {
        let database = dynoxide::Database::new(data_argument).expect("a database");
        let description = json!({
            "TableName": "shortlink",
            "AttributeDefinitions": [{"AttributeName": "shortCode", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "shortCode", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        });
        database.create_table(serde_json::from_value(description).expect("a request")).expect("a table");
        let put = json!({"TableName": "shortlink", "Item": {
            "shortCode": {"S": "old"}, "originalUrl": {"S": TARGET}, "createdAt": {"N": "1600000000"}, "owner": {"S": "web"},
        }});
        database.put_item(serde_json::from_value(put).expect("a request")).expect("an item");
    }
    let (status, key, error) = run(&["keys", "create", "ci", "--owner", "web", "--data", data_argument]).await;
    assert_eq!(status, Some(0), "{error}");
    for expected in [&["second", "old"][..], &["third", "second", "old"]] {
        let server = Server::with_file(&data).await;
        let http = reqwest::Client::new();
        let body = json!({"url": TARGET, "alias": expected[0], "expires_in": 600});
        let created = http.post(format!("http://{}/links", server.address)).bearer_auth(&key).body(body.to_string());
        assert_eq!(created.send().await.expect("a response").status(), 201);
        let listed = http.get(format!("http://{}/links", server.address)).bearer_auth(&key).send().await;
        let listed: Value =
            serde_json::from_str(&listed.expect("a response").text().await.expect("text")).expect("JSON");
        let codes = listed["links"].as_array().expect("links").iter().filter_map(|link| link["code"].as_str());
        // The clock of the server is the system's, and both new links may be of the same second.
        assert_eq!(codes.collect::<BTreeSet<_>>(), expected.iter().copied().collect());
        server.signal("TERM").await;
        server.exit().await;
    }
}
