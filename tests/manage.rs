//! `GET`, `PATCH` and `DELETE /links/{code}`: what the owner of a link can do, and nobody else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use insta::assert_snapshot;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::app::{NOW, Response, TestApp, send, without_token};
use crate::support::fault_proxy::{FaultProxy, RequestFault, ResponseFault};
use crate::support::server::{Server, run};
use crate::support::user_agents::BROWSER_ACCEPT;

const TARGET: &str = "https://example.com/";

/// Well-formed, and no link's token.
const OTHER_TOKEN: &str = "slm_0000000000000000000000000000000000000000000000000000000000000000";

/// Creates a link and returns its management token.
async fn create(app: &TestApp, body: &Value) -> String {
    let created = send(app.create_link(body)).await;
    assert_eq!(created.status, 201, "{created}");
    created.json()["manage_token"].as_str().expect("a token").to_owned()
}

/// A request about the link `mine`.
fn manage(app: &TestApp, method: Method, token: &str) -> RequestBuilder {
    app.request(method, "/links/mine").bearer_auth(token)
}

async fn change(app: &TestApp, token: &str, body: Value) -> Response {
    let request = manage(app, Method::PATCH, token).header("content-type", "application/merge-patch+json");
    send(request.body(body.to_string())).await
}

/// The status of following the link `mine`, and where it leads.
async fn follow(app: &TestApp) -> (u16, String) {
    let response = send(app.get("/mine")).await;
    (response.status, response.header("location").to_owned())
}

/// A service that caches no links, with the link `mine`, and its token.
async fn app_with_link() -> (TestApp, String) {
    let app = TestApp::builder().env("LINK_CACHE_SECONDS", "0").env("ALLOW_NEVER", "true").start().await;
    let token = create(&app, &json!({"url": TARGET, "alias": "mine"})).await;
    (app, token)
}

#[tokio::test]
async fn owner_changes_the_target_and_the_expiry() {
    let (app, token) = app_with_link().await;
    app.advance_clock(3600);
    let changed = change(&app, &token, json!({"url": "https://example.org/é", "expires_in": 600})).await;
    assert_snapshot!(changed, @r#"
    200
    cache-control: no-store
    content-type: application/json
    etag: "1"
    x-content-type-options: nosniff

    {"code":"mine","short_url":"http://sho.rt/mine","url":"https://example.org/%C3%A9","created_at":"2030-01-01T00:00:00Z","expires_at":"2030-01-01T01:10:00Z","changed_at":"2030-01-01T01:00:00Z","visible_by":"2030-01-01T01:02:30Z","withdrawn":false,"withdrawn_at":null,"blocked":false,"title":null,"tags":[],"note":null}
    "#);
    assert_eq!(follow(&app).await, (301, "https://example.org/%C3%A9".to_owned()));
    assert_eq!(app.number("mine", "expiresAt").await, (NOW + 3600 + 600) as u64);
    let shown = send(manage(&app, Method::GET, &token)).await;
    assert_eq!((shown.status, &shown.headers, &shown.body), (200, &changed.headers, &changed.body));
    let head = send(manage(&app, Method::HEAD, &token)).await;
    assert_eq!((head.status, &head.headers, head.body.as_str()), (200, &changed.headers, ""));

    let never = change(&app, &token, json!({"expires_at": null})).await;
    assert_eq!((never.status, &never.json()["expires_at"]), (200, &Value::Null));
    let item = app.item("mine").await.expect("an item");
    assert!(!item.contains_key("expiresAt") && !item.contains_key("purgeAt"), "{item:?}");
}

/// A change of nothing writes nothing.
#[tokio::test]
async fn empty_change_has_no_effect() {
    let (app, token) = app_with_link().await;
    let before = app.item("mine").await;
    for body in [json!({}), json!({"url": TARGET}), json!({"withdrawn": false})] {
        let unchanged = change(&app, &token, body).await;
        assert_eq!((unchanged.status, unchanged.header("etag")), (200, "\"0\""), "{unchanged}");
    }
    assert_eq!(app.item("mine").await, before);
}

#[tokio::test]
async fn withdrawn_link_answers_410_until_it_is_restored() {
    let (app, token) = app_with_link().await;
    let before = app.item("mine").await.expect("an item");
    for _ in 0..2 {
        let withdrawn = send(manage(&app, Method::DELETE, &token)).await;
        assert_eq!((withdrawn.status, withdrawn.body.as_str()), (204, ""));
    }
    for path in ["/mine", "/mine+", "/mine.svg"] {
        let gone = send(app.get(path)).await;
        assert_eq!((gone.status, &gone.json()["type"]), (410, &json!("urn:shortlink:problem:withdrawn")), "{gone}");
    }
    // The item stays for good, so nobody else gets the code, and `reuse` does not return the link.
    app.advance_clock(100 * 365 * 86_400);
    assert!(!app.item("mine").await.expect("an item").contains_key("purgeAt"));
    for reuse in [false, true] {
        let taken = send(app.create_link(&json!({"url": TARGET, "alias": "mine", "reuse": reuse}))).await;
        assert_eq!(taken.status, 409, "{taken}");
    }
    app.advance_clock(-100 * 365 * 86_400);
    let restored = change(&app, &token, json!({"withdrawn": false})).await;
    assert_eq!((restored.status, &restored.json()["withdrawn_at"]), (200, &Value::Null));
    assert_eq!(follow(&app).await, (301, TARGET.to_owned()));
    let after = app.item("mine").await.expect("an item");
    for attribute in ["expiresAt", "originalUrl"] {
        assert_eq!(after[attribute], before[attribute]);
    }
}

#[tokio::test]
async fn expired_link_can_be_revived() {
    let (app, token) = app_with_link().await;
    app.advance_clock(91 * 86_400);
    assert_eq!(follow(&app).await.0, 410);
    assert_eq!(change(&app, &token, json!({"expires_in": 60})).await.status, 200);
    assert_eq!(follow(&app).await.0, 301);
}

/// The answer does not tell whether there is such a link.
#[tokio::test]
async fn without_the_token_there_is_no_link() {
    let (app, token) = app_with_link().await;
    app.put_item(json!({"shortCode": "old", "originalUrl": TARGET, "createdAt": NOW})).await;
    let others = create(&app, &json!({"url": TARGET, "alias": "others"})).await;
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        let mut answers = BTreeMap::new();
        for path in ["/links/mine", "/links/nothing", "/links/old", "/links/no", "/links/day%23mine%232030-01-01"] {
            for authorization in [&format!("Bearer {OTHER_TOKEN}"), &format!("bearer {others}"), "Bearer", "Bearer x"] {
                let request = app.request(method.clone(), path).header("authorization", authorization);
                let answer = send(request.body("{}")).await;
                answers.entry((answer.status, answer.body)).or_insert_with(Vec::new).push((path, authorization.len()));
            }
        }
        // There are two answers: one to a header with a token, and one to a header without.
        assert_eq!(answers.len(), 2, "{method}: {answers:#?}");
        assert!(answers.keys().all(|(status, _)| *status == 401), "{method}: {answers:#?}");
        for authorization in ["", "Basic dXNlcjpwYXNz", &token, &format!("Token {token}")] {
            let request = app.request(method.clone(), "/links/mine").header("authorization", authorization);
            let refused = send(request.body("{}")).await;
            assert_eq!(refused.status, 401, "{refused}");
            assert!(refused.header("www-authenticate").starts_with("Bearer"), "{refused}");
        }
        let twice = manage(&app, method, &token).header("authorization", format!("Bearer {token}"));
        assert_eq!(send(twice.body("{}")).await.status, 401);
    }
    // Nothing that a browser sends by itself, or that a form of another page can send, takes the place of the header.
    for name in ["authorization", "manage_token", "token"] {
        let cookie = format!("{name}={token}; {name}=Bearer {token}");
        let refused = send(app.request(Method::DELETE, "/links/mine").header("cookie", cookie)).await;
        assert_eq!(refused.status, 401, "{refused}");
        let form = app.request(Method::PATCH, &format!("/links/mine?{name}={token}")).body(format!("{name}={token}"));
        let refused = send(form.header("content-type", "application/x-www-form-urlencoded")).await;
        assert_eq!(refused.status, 401, "{refused}");
    }
    // A token in the query is not read: it would be logged by every proxy on the way.
    assert_eq!(send(app.get(&format!("/links/mine?manage_token={token}"))).await.status, 401);
    assert_eq!(follow(&app).await, (301, TARGET.to_owned()));
}

#[tokio::test]
async fn invalid_changes_are_rejected_with_a_reason() {
    let (app, token) = app_with_link().await;
    let mut actual = String::new();
    for body in [
        json!({"url": null}),
        json!({"url": "javascript:alert(1)"}),
        json!({"url": "http://sho.rt/other"}),
        json!({"expires_in": 1}),
        json!({"expires_in": 60, "expires_at": null}),
        json!({"withdrawn": "yes"}),
        json!({"expires_at": 1}),
        json!({"code": "other"}),
        json!({"manageDigest": "0"}),
        json!(["url"]),
    ] {
        let refused = change(&app, &token, body.clone()).await;
        assert_eq!(refused.status, 400, "{body}: {refused}");
        actual += &format!("{body}: {} {}\n", refused.json()["field"], refused.json()["detail"]);
    }
    assert_snapshot!(actual, @r#"
    {"url":null}: "url" "url must be a string."
    {"url":"javascript:alert(1)"}: "url" "url has the scheme \"javascript\"; only http and https URLs can be shortened."
    {"url":"http://sho.rt/other"}: "url" "url points to this service; give the URL that the short link redirects to."
    {"expires_in":1}: "expires_in" "expires_in must be between 1 minute and 10 years from now (60 to 315360000 seconds); it is 1."
    {"expires_at":null,"expires_in":60}: "expires_in" "expires_in cannot be combined with expires_at; send only one of them."
    {"withdrawn":"yes"}: "withdrawn" "withdrawn must be true or false."
    {"expires_at":1}: "expires_at" "expires_at must be a string such as \"2030-01-31T12:00:00Z\", or null for never."
    {"code":"other"}: null "There is no field \"code\"; the fields are url, expires_in, expires_at, withdrawn, title, tags and note."
    {"manageDigest":"0"}: null "There is no field \"manageDigest\"; the fields are url, expires_in, expires_at, withdrawn, title, tags and note."
    ["url"]: null "The body is not a JSON object; send one such as {\"url\": \"https://example.com/\"}."
    "#);
    for (content_type, status) in
        [("text/plain", 415), ("application/json", 200), ("application/json; charset=utf-8", 200)]
    {
        let request = manage(&app, Method::PATCH, &token).header("content-type", content_type);
        assert_eq!(send(request.body("{}")).await.status, status, "{content_type}");
    }
    let large = manage(&app, Method::PATCH, &token).body("x".repeat(shorten::body::MAX_BYTES + 1));
    assert_eq!(send(large).await.status, 413);
    assert_eq!(follow(&app).await, (301, TARGET.to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_editors_with_one_etag_one_wins() {
    let app = TestApp::builder().env("LINK_CACHE_SECONDS", "0").without_timeouts().start().await;
    let token = create(&app, &json!({"url": TARGET, "alias": "mine"})).await;
    for version in 0..2 {
        let etag = format!("\"{version}\"");
        let sent: Vec<_> = (0..50)
            .map(|n| {
                let request = manage(&app, Method::PATCH, &token).header("if-match", &etag);
                tokio::spawn(send(request.body(json!({"url": format!("{TARGET}{version}/{n}")}).to_string())))
            })
            .collect();
        let mut winners = Vec::new();
        for task in sent {
            let response = task.await.expect("a response");
            match response.status {
                200 => winners.push(response.json()["url"].as_str().expect("a URL").to_owned()),
                status => assert_eq!(status, 412, "{response}"),
            }
        }
        assert_eq!(winners.len(), 1);
        assert_eq!(follow(&app).await, (301, winners[0].clone()));
    }
    for (tags, status) in [("\"1\"", 412), ("\"1\", \"2\"", 200), ("*", 200), ("W/\"2\"", 412), ("", 412)] {
        let request = manage(&app, Method::PATCH, &token).header("if-match", tags);
        assert_eq!(send(request.body("{}")).await.status, status, "{tags}");
    }
    assert_eq!(send(manage(&app, Method::DELETE, &token).header("if-match", "\"1\"")).await.status, 412);
}

/// Without `If-Match` every change is made, one after the other.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_changes_are_all_made() {
    const EDITORS: u64 = 10;
    let app = TestApp::builder().without_timeouts().start().await;
    let token = create(&app, &json!({"url": TARGET, "alias": "mine"})).await;
    let sent: Vec<_> = (0..EDITORS)
        .map(|n| {
            let body = json!({"url": format!("{TARGET}{n}")}).to_string();
            tokio::spawn(send(manage(&app, Method::PATCH, &token).body(body)))
        })
        .collect();
    for task in sent {
        assert_eq!(task.await.expect("a response").status, 200);
    }
    assert_eq!(app.number("mine", "version").await, EDITORS);
}

/// DynamoDB has made the change before its response is lost; the SDK repeats the call.
#[tokio::test]
async fn lost_response_is_no_conflict() {
    let update_is_sent = Arc::new(AtomicBool::new(false));
    let lost = Arc::new(AtomicUsize::new(0));
    let (sent, counted) = (Arc::clone(&update_is_sent), Arc::clone(&lost));
    let proxy = FaultProxy::builder()
        .on_request(move |request| {
            sent.fetch_or(request.contains("TransactWriteItems"), Ordering::SeqCst);
            RequestFault::None
        })
        .on_response(move |_| {
            if update_is_sent.swap(false, Ordering::SeqCst) && counted.fetch_add(1, Ordering::SeqCst) == 0 {
                return ResponseFault::Disconnect;
            }
            ResponseFault::None
        });
    let app = TestApp::builder().proxy(proxy).start().await;
    let token = create(&app, &json!({"url": TARGET, "alias": "mine"})).await;
    let changed = change(&app, &token, json!({"url": "https://example.org/"})).await;
    assert!(lost.load(Ordering::SeqCst) > 1, "a response was lost, and the call was repeated");
    assert_eq!((changed.status, changed.header("etag")), (200, "\"1\""), "{changed}");
    assert_eq!(app.number("mine", "version").await, 1);
}

#[tokio::test]
async fn only_the_creator_gets_the_token() {
    let app = TestApp::start().await;
    let text = send(app.create_link(&json!({"url": TARGET})).header("accept", "text/plain")).await;
    assert!(text.status == 201 && !text.body.contains("slm_"), "{text}");

    // A request that is repeated with its idempotency key gets it again, and it works.
    let body = json!({"url": TARGET, "alias": "mine"});
    let uuid = "3f1c0e0a-5d0f-4c0e-8a51-0d2a4b8f9e11";
    let keyed = || app.create_link(&body).header("idempotency-key", uuid);
    let (first, again) = (send(keyed()).await, send(keyed()).await);
    assert_eq!((again.status, &again.body), (201, &first.body));
    let token = again.json()["manage_token"].as_str().expect("a token").to_owned();
    assert_eq!(change(&app, &token, json!({"url": "https://example.org/"})).await.status, 200);
    // It gets it even after a change of the link.
    let after = send(keyed()).await;
    assert_eq!((after.status, after.json()["manage_token"].as_str()), (201, Some(token.as_str())));

    // A key that can be guessed does not lead to the token.
    let body = json!({"url": TARGET, "alias": "guessed"});
    let keyed = || app.create_link(&body).header("idempotency-key", "order-1");
    let (first, again) = (send(keyed()).await, send(keyed()).await);
    assert_eq!((again.status, again.json()), (201, without_token(&first)));

    // The table has only the digest.
    for key in app.keys().await {
        let item = format!("{:?}", app.item(&key).await);
        assert!(!item.contains("slm_") && !item.contains(&token[4..]), "{item}");
    }
}

/// Whoever gets a link with `reuse` shares it with others, so none of them may lead it elsewhere.
#[tokio::test]
async fn shared_link_cannot_be_changed() {
    let (app, token) = app_with_link().await;
    for body in [json!({"url": TARGET, "reuse": true}), json!({"url": TARGET, "reuse": true, "alias": "shared"})] {
        let created = send(app.create_link(&body)).await;
        assert_eq!((created.status, created.json().get("manage_token")), (201, None), "{created}");
        let found = send(app.create_link(&body)).await;
        assert_eq!((found.status, found.json()), (200, created.json()));
    }
    // Its owner could change this link.
    let own = send(app.create_link(&json!({"url": TARGET, "reuse": true, "alias": "mine"}))).await;
    assert_eq!(own.status, 409, "{own}");
    assert_eq!(change(&app, &token, json!({})).await.status, 200);
}

/// The item of a link that is restored after its expiry stays for the whole grace period, so that nobody gets its code.
#[tokio::test]
async fn change_never_shortens_the_grace_period() {
    let app = TestApp::start().await;
    let created = send(app.create_link(&json!({"url": TARGET}))).await.json();
    let (code, token) = (created["code"].as_str().expect("a code"), created["manage_token"].as_str().expect("a token"));
    let link = |method| app.request(method, &format!("/links/{code}")).bearer_auth(token);
    assert_eq!(app.number(code, "purgeAt").await, (NOW + (90 + 30) * 86_400) as u64);
    assert_eq!(send(link(Method::DELETE)).await.status, 204);
    assert_eq!(app.number(code, "purgeAt").await, 0, "it is absent");
    app.advance_clock(10 * 365 * 86_400);
    assert_eq!(send(link(Method::PATCH).body("{\"withdrawn\": false}")).await.status, 200);
    assert_eq!(app.number(code, "purgeAt").await, (NOW + (10 * 365 + 30) * 86_400) as u64);
}

/// While the table does not answer, links that are in memory are followed, but not those that were withdrawn.
#[tokio::test]
async fn withdrawn_link_stays_withdrawn_while_the_table_is_down() {
    let is_down = Arc::new(AtomicBool::new(false));
    let down = Arc::clone(&is_down);
    let proxy = FaultProxy::builder().on_request(move |_| match down.load(Ordering::SeqCst) {
        true => RequestFault::Reset,
        false => RequestFault::None,
    });
    let app = TestApp::builder().proxy(proxy).start().await;
    let token = create(&app, &json!({"url": TARGET, "alias": "mine"})).await;
    create(&app, &json!({"url": TARGET, "alias": "other"})).await;
    for path in ["/mine", "/other"] {
        assert_eq!(send(app.get(path)).await.status, 301);
    }
    assert_eq!(send(manage(&app, Method::DELETE, &token)).await.status, 204);
    app.advance_clock(6);
    assert_eq!(follow(&app).await.0, 410);
    is_down.store(true, Ordering::SeqCst);
    app.advance_clock(6);
    assert_eq!(send(app.get("/other")).await.status, 301);
    assert_eq!(follow(&app).await.0, 503);
}

/// A request whose link no longer works is not answered as if it did.
#[tokio::test]
async fn replay_of_a_withdrawn_link_is_refused() {
    let app = TestApp::start().await;
    let body = json!({"url": TARGET, "alias": "mine"});
    let keyed = || app.create_link(&body).header("idempotency-key", "3f1c0e0a-5d0f-4c0e-8a51-0d2a4b8f9e11");
    let token = send(keyed()).await.json()["manage_token"].as_str().expect("a token").to_owned();
    assert_eq!(send(manage(&app, Method::DELETE, &token)).await.status, 204);
    assert_eq!(send(keyed()).await.status, 422);
}

#[tokio::test]
async fn conditions_are_evaluated_for_every_method() {
    let (app, token) = app_with_link().await;
    for (method, name, tags, status) in [
        (Method::GET, "if-none-match", "\"0\"", 304),
        (Method::HEAD, "if-none-match", "W/\"0\"", 304),
        (Method::GET, "if-none-match", "\"1\", \"2\"", 200),
        (Method::GET, "if-match", "\"9\"", 412),
        (Method::PATCH, "if-none-match", "*", 412),
        (Method::DELETE, "if-none-match", "\"0\"", 412),
        (Method::DELETE, "if-none-match", "\"1\"", 204),
    ] {
        let response = send(manage(&app, method.clone(), &token).header(name, tags).body("{}")).await;
        assert_eq!(response.status, status, "{method} {name}: {tags}: {response}");
    }
}

/// An owner cannot restore what the operator has blocked, and nobody else gets the code.
#[tokio::test]
async fn blocked_link_answers_451_until_it_is_unblocked() {
    let app = TestApp::builder()
        .env("LINK_CACHE_SECONDS", "0")
        .env("REPORT_URL", "mailto:abuse@example.com?subject=<b>")
        .start()
        .await;
    let token = create(&app, &json!({"url": TARGET, "alias": "mine"})).await;
    let preview = send(app.get("/mine+").header("accept", BROWSER_ACCEPT)).await;
    let report = "<a href=\"mailto:abuse@example.com?subject=&lt;b&gt;\">Report this link</a>";
    assert!(preview.body.contains(report), "{preview}");
    app.block("mine").await;
    app.block("mine").await;
    for path in ["/mine", "/mine+", "/mine.svg"] {
        let blocked = send(app.get(path)).await;
        assert_eq!((blocked.status, &blocked.json()["type"]), (451, &json!("urn:shortlink:problem:blocked")));
        assert!(!blocked.body.contains(TARGET) && blocked.body.contains("contact abuse@example.com"), "{blocked}");
    }
    assert_eq!(change(&app, &token, json!({"withdrawn": false, "url": "https://example.org/"})).await.status, 200);
    assert_eq!(follow(&app).await.0, 451);
    for reuse in [false, true] {
        let taken = send(app.create_link(&json!({"url": TARGET, "alias": "mine", "reuse": reuse}))).await;
        assert_eq!(taken.status, 409, "{taken}");
    }
    let shared = json!({"url": TARGET, "reuse": true});
    let first = send(app.create_link(&shared)).await.json()["code"].as_str().expect("a code").to_owned();
    app.block(&first).await;
    assert_ne!(send(app.create_link(&shared)).await.json()["code"], first.as_str());
}

/// The program blocks links in the file of a server that is stopped.
#[tokio::test]
async fn program_blocks_links() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("links.db");
    let data_argument = data.to_str().expect("UTF-8");
    let run = async |arguments: &[&str]| {
        let (status, _, error) = run(&[arguments, &["--data", data_argument]].concat()).await;
        (status, error)
    };
    let server = Server::with_file(&data).await;
    server.create_link(&json!({"url": TARGET, "alias": "mine"})).await.expect("a link");
    server.signal("TERM").await;
    server.exit().await;
    let missing = "shortlink: there is no link with the code \"Mine\"; upper and lower case matter";
    assert_eq!(run(&["block", "mine", "Mine"]).await, (Some(1), missing.to_owned()));
    let status = async |server: &Server| {
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client")
            .get(format!("http://{}/mine", server.address))
            .send()
            .await
            .expect("a response")
            .status()
            .as_u16()
    };
    let server = Server::with_file(&data).await;
    assert_eq!(status(&server).await, 451);
    server.signal("TERM").await;
    server.exit().await;
    assert_eq!(run(&["unblock", "mine"]).await, (Some(0), String::new()));
    assert_eq!(status(&Server::with_file(&data).await).await, 301);
}

/// The embedded table verifies a checksum of each link.
#[tokio::test]
async fn changed_link_survives_a_restart_of_the_local_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("links.db");
    let mut token = String::new();
    for (target, expected) in [(None, TARGET), (Some("https://example.org/"), "https://example.org/")] {
        let server = Server::with_file(&data).await;
        if token.is_empty() {
            let created = server.create_link(&json!({"url": TARGET, "alias": "mine"})).await.expect("a link");
            token = created["manage_token"].as_str().expect("a token").to_owned();
        }
        if let Some(target) = target {
            let url = format!("http://{}/links/mine", server.address);
            let body = json!({"url": target, "expires_in": 3600}).to_string();
            let changed = reqwest::Client::new().patch(url).bearer_auth(&token).body(body).send().await;
            assert_eq!(changed.expect("a response").status(), 200);
        }
        assert_eq!(server.location("/mine").await.as_deref(), Some(expected));
        server.signal("TERM").await;
        let output = server.exit().await;
        assert!(
            output.status.success() && !String::from_utf8_lossy(&output.stderr).contains(&token[4..]),
            "{output:?}"
        );
    }
    let server = Server::with_file(&data).await;
    assert_eq!(server.location("/mine").await.as_deref(), Some("https://example.org/"));
}
