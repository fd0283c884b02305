//! The title, the tags and the note of a link.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::{Response, TestApp, send};
use crate::support::user_agents::BROWSER_ACCEPT;

const TARGET: &str = "https://example.com/";

async fn change(app: &TestApp, token: &str, body: Value) -> Response {
    send(app.request(Method::PATCH, "/links/mine").bearer_auth(token).body(body.to_string())).await
}

#[tokio::test]
async fn labels_are_for_the_owner_alone() {
    let app = TestApp::builder().env("LINK_CACHE_SECONDS", "0").start().await;
    let secret = "<script>alert(1)</script>";
    let body = json!({"url": TARGET, "alias": "mine", "title": secret, "tags": ["confidential-tag"], "note": "confidential \u{1f600}"});
    let created = send(app.create_link(&body)).await;
    assert_eq!(created.status, 201, "{created}");
    let token = created.json()["manage_token"].as_str().expect("a token").to_owned();
    let shown = send(app.get("/links/mine").bearer_auth(&token)).await;
    assert_eq!(shown.header("content-type"), "application/json");
    let labels = |response: &Response| ["title", "tags", "note"].map(|name| response.json()[name].clone());
    assert_eq!(labels(&shown), [json!(secret), json!(["confidential-tag"]), json!("confidential \u{1f600}")]);
    for path in ["/mine", "/mine+", "/mine.svg"] {
        for accept in ["*/*", BROWSER_ACCEPT] {
            let seen = send(app.get(path).header("accept", accept)).await.to_string();
            assert!(!seen.contains("alert(1)") && !seen.contains("confidential"), "{seen}");
        }
    }

    let changed = change(&app, &token, json!({"tags": ["b", "a", "b"], "note": null})).await;
    assert_eq!(labels(&changed), [json!(secret), json!(["a", "b"]), Value::Null]);
    let cleared = change(&app, &token, json!({"tags": [], "title": " \u{200b}"})).await;
    assert_eq!(labels(&cleared), [Value::Null, json!([]), Value::Null]);
    let item = app.item("mine").await.expect("an item");
    assert!(["title", "tags", "note"].iter().all(|name| !item.contains_key(*name)), "{item:?}");
    assert_eq!(cleared.header("etag"), "\"2\"");
}

#[tokio::test]
async fn invalid_labels_are_rejected_with_a_reason() {
    let app = TestApp::start().await;
    let mut actual = String::new();
    for labels in [
        json!({"title": 1}),
        json!({"title": "a\u{202e}b"}),
        json!({"title": "é".repeat(201)}),
        json!({"note": "a\nb"}),
        json!({"note": ["a"]}),
        json!({"tags": {"a": 1}}),
        json!({"tags": [null]}),
        json!({"tags": ["a b"]}),
        json!({"tags": ["a".repeat(33)]}),
        json!({"tags": (0..11).map(|n| n.to_string()).collect::<Vec<_>>()}),
        json!({"title": "a", "reuse": true}),
    ] {
        let mut body = labels.clone();
        body["url"] = json!(TARGET);
        let refused = send(app.create_link(&body)).await;
        assert_eq!(refused.status, 400, "{labels}: {refused}");
        let problem = refused.json();
        actual += &format!("{} {} {}\n", problem["type"], problem["field"], problem["detail"]);
    }
    insta::assert_snapshot!(actual, @r#"
    "urn:shortlink:problem:invalid-body" "title" "title must be a string."
    "urn:shortlink:problem:invalid-label" "title" "title contains the character U+202E (directional formatting character), which is not allowed."
    "urn:shortlink:problem:invalid-label" "title" "title has 201 characters; use at most 200."
    "urn:shortlink:problem:invalid-label" "note" "note contains the character U+000A (white space), which is not allowed."
    "urn:shortlink:problem:invalid-body" "note" "note must be a string."
    "urn:shortlink:problem:invalid-body" "tags" "tags must be a list of strings, such as [\"spring\", \"sale\"]."
    "urn:shortlink:problem:invalid-body" "tags" "tags must be a list of strings, such as [\"spring\", \"sale\"]."
    "urn:shortlink:problem:invalid-label" "tags" "tags must each consist of 1 to 32 characters of a-z 0-9 _ . -."
    "urn:shortlink:problem:invalid-label" "tags" "tags must each consist of 1 to 32 characters of a-z 0-9 _ . -."
    "urn:shortlink:problem:invalid-label" "tags" "tags has 11 tags; use at most 10."
    "urn:shortlink:problem:invalid-label" "reuse" "reuse cannot be combined with title, tags or note; change them at /links/{code}."
    "#);
    assert_eq!(app.keys().await, Vec::<String>::new());
}
