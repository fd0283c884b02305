//! `PUT /links/{code}`: a link is created or changed, so that it is what the request says.

use insta::assert_snapshot;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use shortlink_core::domain::permissions::Scope;

use crate::support::app::{TestApp, send};

const TARGET: &str = "https://example.com/";

async fn app() -> TestApp {
    TestApp::builder().env("LINK_CACHE_SECONDS", "0").env("ALLOW_NEVER", "true").without_timeouts().start().await
}

/// A request that declares the link `mine`.
fn declare(app: &TestApp, credentials: &str, body: &Value) -> RequestBuilder {
    let request = app.request(Method::PUT, "/links/mine").body(body.to_string());
    if credentials.is_empty() { request } else { request.bearer_auth(credentials) }
}

#[tokio::test]
async fn declared_link_is_created_and_then_changed() {
    let app = app().await;
    let body = json!({"url": "https://example.org/é", "expires_in": 600, "title": "Sale", "tags": ["b", "a"]});
    let created = send(declare(&app, "", &body)).await;
    let token = created.json()["manage_token"].as_str().expect("a token").to_owned();
    assert_snapshot!(created.to_string().replace(&token, "slm_"), @r#"
    201
    cache-control: no-store
    content-type: application/json
    etag: "0"
    location: http://sho.rt/mine
    x-content-type-options: nosniff

    {"code":"mine","short_url":"http://sho.rt/mine","url":"https://example.org/%C3%A9","created_at":"2030-01-01T00:00:00Z","expires_at":"2030-01-01T00:10:00Z","changed_at":null,"visible_by":null,"withdrawn":false,"withdrawn_at":null,"blocked":false,"title":"Sale","tags":["a","b"],"note":null,"manage_token":"slm_"}
    "#);
    app.advance_clock(60);
    // The same request changes nothing, although its lifetime is relative.
    let repeated = send(declare(&app, &token, &body)).await;
    assert_eq!((repeated.status, repeated.header("etag")), (200, "\"0\""), "{repeated}");
    assert_eq!(repeated.json()["expires_at"], "2030-01-01T00:10:00Z");
    // Absent fields have their defaults.
    let changed = send(declare(&app, &token, &json!({"url": TARGET}))).await.json();
    assert_eq!((&changed["title"], &changed["tags"], &changed["url"]), (&Value::Null, &json!([]), &json!(TARGET)));
    assert_eq!(changed["expires_at"], "2030-04-01T00:01:00Z");
    app.advance_clock(60);
    let repeated = send(declare(&app, &token, &json!({"url": TARGET}))).await;
    assert_eq!((repeated.header("etag"), &repeated.json()["expires_at"]), ("\"1\"", &changed["expires_at"]));
    assert_eq!(send(app.get("/mine")).await.header("location"), TARGET);
}

#[tokio::test]
async fn declared_link_is_restored_and_revived() {
    let app = app().await;
    let body = json!({"url": TARGET, "expires_in": 600});
    let token = send(declare(&app, "", &body)).await.json()["manage_token"].as_str().expect("a token").to_owned();
    let withdrawn = app.request(Method::DELETE, "/links/mine").bearer_auth(&token);
    assert_eq!(send(withdrawn).await.status, 204);
    // Nobody else gets the code of a withdrawn or an expired link.
    for seconds in [0, 601] {
        app.advance_clock(seconds);
        assert_eq!(send(app.get("/mine")).await.status, 410);
        assert_eq!(send(declare(&app, "", &body)).await.status, 409);
        assert_eq!(send(declare(&app, &token, &body)).await.status, 200);
        assert_eq!(send(app.get("/mine")).await.status, 301);
    }
    app.block("mine").await;
    let declared = send(declare(&app, &token, &body)).await;
    assert_eq!((declared.status, &declared.json()["blocked"]), (200, &json!(true)));
    assert_eq!(send(app.get("/mine")).await.status, 451);
}

/// Each sender, on a link of the owner `web` and on one that does not exist.
#[tokio::test]
async fn only_who_may_change_a_link_declares_it() {
    let mut actual = String::new();
    for door in ["open", "key"] {
        let app = TestApp::builder().env("DOOR", door).start().await;
        let owner = app.create_key_of("web", "web-1", &[Scope::Own]).await;
        for (n, (sender, credentials)) in [
            ("its owner's key", owner.clone()),
            ("its owner's key to create", app.create_key_of("web", "web-2", &[Scope::Create]).await),
            ("its owner's key to read", app.create_key_of("web", "web-3", &[Scope::Read]).await),
            ("another owner's key", app.create_key("other", &[Scope::Own]).await),
            ("an administrator", app.create_key("admin", &[Scope::Admin]).await),
            ("a management token", format!("slm_{}", "0".repeat(64))),
            ("anybody", String::new()),
        ]
        .into_iter()
        .enumerate()
        {
            let existing = app.create_link(&json!({"url": TARGET, "alias": format!("existing{n}")}));
            assert_eq!(send(existing.bearer_auth(&owner)).await.status, 201);
            let declare = async |code: String, header: Option<(&'static str, &str)>| {
                let request =
                    app.request(Method::PUT, &format!("/links/{code}")).body(json!({"url": TARGET}).to_string());
                let request = if credentials.is_empty() { request } else { request.bearer_auth(&credentials) };
                let request = match header {
                    Some((name, value)) => request.header(name, value),
                    None => request,
                };
                send(request).await.status.to_string()
            };
            let mut statuses = Vec::new();
            for header in [None, Some(("if-none-match", "*")), Some(("if-match", "*")), Some(("if-match", "\"9\""))] {
                statuses.push(declare(format!("existing{n}"), header).await);
                statuses.push(declare(format!("new{n}-{}", statuses.len()), header).await);
            }
            actual += &format!("{door}, {sender}: {}\n", statuses.join(" "));
        }
    }
    // An existing link and a new one: without a condition, with `If-None-Match: *`, `If-Match: *`, and another version.
    assert_snapshot!(actual, @r"
    open, its owner's key: 200 201 412 201 200 412 412 412
    open, its owner's key to create: 409 201 412 201 412 412 412 412
    open, its owner's key to read: 403 403 403 403 403 403 403 403
    open, another owner's key: 409 201 412 201 412 412 412 412
    open, an administrator: 200 201 412 201 200 412 412 412
    open, a management token: 409 201 412 201 412 412 412 412
    open, anybody: 409 201 412 201 412 412 412 412
    key, its owner's key: 200 201 412 201 200 412 412 412
    key, its owner's key to create: 409 201 412 201 412 412 412 412
    key, its owner's key to read: 403 403 403 403 403 403 403 403
    key, another owner's key: 409 201 412 201 412 412 412 412
    key, an administrator: 200 201 412 201 200 412 412 412
    key, a management token: 401 401 401 401 401 401 401 401
    key, anybody: 401 401 401 401 401 401 401 401
    ");
}

#[tokio::test]
async fn invalid_declarations_are_rejected_with_a_reason() {
    let app = app().await;
    let mut actual = String::new();
    for (code, body) in [
        ("mine", json!({})),
        ("mine", json!({"url": null})),
        ("mine", json!({"url": TARGET, "alias": "other"})),
        ("mine", json!({"url": TARGET, "withdrawn": true})),
        ("mine", json!({"url": TARGET, "manageDigest": "0"})),
        ("mine", json!({"url": TARGET, "title": "a\u{0}b"})),
        ("mine", json!({"url": TARGET, "tags": ["A"]})),
        ("mine", json!({"url": TARGET, "tags": [1]})),
        ("mine", json!({"url": TARGET, "note": "n".repeat(1_001)})),
        ("mine", json!({"url": "http://sho.rt/mine"})),
        ("links", json!({"url": TARGET})),
        ("a", json!({"url": TARGET})),
        ("history%23mine%231", json!({"url": TARGET})),
    ] {
        let refused = send(app.request(Method::PUT, &format!("/links/{code}")).body(body.to_string())).await;
        assert_eq!(refused.status, 400, "{code} {body}: {refused}");
        let shown: String = body.to_string().chars().take(50).collect();
        actual += &format!("{code} {shown}: {} {}\n", refused.json()["field"], refused.json()["detail"]);
    }
    assert_snapshot!(actual, @r#"
    mine {}: "url" "url is missing: give the URL that the link should redirect to."
    mine {"url":null}: "url" "url is missing: give the URL that the link should redirect to."
    mine {"alias":"other","url":"https://example.com/"}: null "There is no field \"alias\"; the fields are url, expires_in, expires_at, title, tags and note. The code of the link is in the path."
    mine {"url":"https://example.com/","withdrawn":true}: null "There is no field \"withdrawn\"; the fields are url, expires_in, expires_at, title, tags and note. The code of the link is in the path."
    mine {"manageDigest":"0","url":"https://example.com/"}: null "There is no field \"manageDigest\"; the fields are url, expires_in, expires_at, title, tags and note. The code of the link is in the path."
    mine {"title":"a\u0000b","url":"https://example.com/"}: "title" "title contains the character U+0000, which is not allowed."
    mine {"tags":["A"],"url":"https://example.com/"}: "tags" "tags must each consist of 1 to 32 characters of a-z 0-9 _ . -."
    mine {"tags":[1],"url":"https://example.com/"}: "tags" "tags must be a list of strings, such as [\"spring\", \"sale\"]."
    mine {"note":"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn: "note" "note has 1001 characters; use at most 1000."
    mine {"url":"http://sho.rt/mine"}: "url" "url points to this service; give the URL that the short link redirects to."
    links {"url":"https://example.com/"}: "alias" "alias is reserved; choose another name."
    a {"url":"https://example.com/"}: "alias" "alias has 1 characters; use 3 to 64."
    history%23mine%231 {"url":"https://example.com/"}: "alias" "alias contains '#'; use only letters A-Z a-z, digits 0-9, '_' and '-'."
    "#);
    assert_eq!(app.keys().await, Vec::<String>::new());
}

/// Whether or not the link exists.
#[tokio::test]
async fn declaration_with_a_wrong_idempotency_key_is_rejected() {
    let app = app().await;
    let created = send(declare(&app, "", &json!({"url": TARGET}))).await.json();
    let token = created["manage_token"].as_str().expect("a token");
    for path in ["/links/mine", "/links/other"] {
        let request = app.request(Method::PUT, path).bearer_auth(token).header("idempotency-key", "\u{e9}");
        let refused = send(request.body(json!({"url": TARGET}).to_string())).await;
        assert_eq!((refused.status, &refused.json()["field"]), (400, &json!("idempotency-key")), "{path}");
    }
}

/// A request of nobody whose response was lost can be sent again with its idempotency key.
#[tokio::test]
async fn declaration_with_an_idempotency_key_gets_the_token_again() {
    let app = app().await;
    let key = "3f1c0e0a-5d0f-4c0e-8a51-0d2a4b8f9e11";
    let declare = |body: Value| declare(&app, "", &body).header("idempotency-key", key);
    let first = send(declare(json!({"url": TARGET}))).await;
    let again = send(declare(json!({"url": TARGET}))).await;
    assert_eq!((again.status, &again.body, &again.headers), (201, &first.body, &first.headers));
    for other in [json!({"url": "https://example.org/"}), json!({"url": TARGET, "title": "Sale"})] {
        assert_eq!(send(declare(other)).await.status, 422);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_declarations_one_creates_the_link() {
    let app = app().await;
    let key = app.create_key("web", &[Scope::Own]).await;
    for (code, is_new_only, credentials) in
        [("first", true, &key), ("second", false, &key), ("third", false, &String::new())]
    {
        let sent: Vec<_> = (0..20)
            .map(|_| {
                let request =
                    app.request(Method::PUT, &format!("/links/{code}")).body(json!({"url": TARGET}).to_string());
                let request = if credentials.is_empty() { request } else { request.bearer_auth(credentials) };
                tokio::spawn(send(if is_new_only { request.header("if-none-match", "*") } else { request }))
            })
            .collect();
        let mut statuses = Vec::new();
        for task in sent {
            statuses.push(task.await.expect("a response").status);
        }
        statuses.sort_unstable();
        // Nobody but its creator may change a link that has no owner.
        let others = match (is_new_only, credentials.is_empty()) {
            (true, _) => 412,
            (false, false) => 200,
            (false, true) => 409,
        };
        let expected =
            if others == 200 { [vec![200; 19], vec![201]].concat() } else { [vec![201], vec![others; 19]].concat() };
        assert_eq!(statuses, expected, "{code}");
        assert_eq!(app.number(code, "version").await, 0);
    }
}

/// The same handler creates links at both paths.
#[tokio::test]
async fn links_are_created_below_links() {
    let app = app().await;
    let post = |body: &str| app.request(Method::POST, "/links").body(body.to_owned());
    let created =
        send(post(&format!("url={TARGET}&alias=mine&title=Spring+sale&tags=b,+a,&note=&expires_in=60"))).await;
    assert_eq!((created.status, created.header("location")), (201, "http://sho.rt/mine"), "{created}");
    let token = created.json()["manage_token"].as_str().expect("a token").to_owned();
    let shown = send(app.get("/links/mine").bearer_auth(&token)).await.json();
    assert_eq!(
        (&shown["title"], &shown["tags"], &shown["note"]),
        (&json!("Spring sale"), &json!(["a", "b"]), &Value::Null)
    );
    let text = send(post(&format!("url={TARGET}")).header("accept", "text/plain")).await;
    assert!(text.status == 201 && text.body.starts_with("http://sho.rt/"), "{text}");
}
