//! The door `jwt`: what a token that the gateway has verified allows, and that nothing else opens the door.

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Value, json};
use shortlink_core::domain::permissions::Scope;

use crate::support::app::{NOW, Response, TestApp, send};
use crate::support::events;
use crate::support::server::{command, run};

const TARGET: &str = "https://example.com/";

const PREFIX: &str = "shortlink/";

async fn app_with(door: &str) -> TestApp {
    TestApp::builder().env("DOOR", door).env("JWT_SCOPE_PREFIX", PREFIX).env("LINK_CACHE_SECONDS", "0").start().await
}

/// The claims of an access token with this subject and these scopes.
fn claims(subject: &str, scopes: &str) -> Value {
    json!({"sub": subject, "scope": scopes, "iss": "https://example.com", "client_id": "c", "token_use": "access"})
}

/// Invokes the function with the event of a request that the authorizer has let pass with these claims.
async fn invoke(app: &TestApp, method: &Method, code: Option<&str>, body: &Value, claims: &Value) -> Response {
    let name = if code.is_some() { "49-show-link" } else { "01-shorten-json" };
    let mut event: Value = serde_json::from_str(&events::named(name)).expect("JSON");
    if let Some(code) = code {
        event["routeKey"] = json!(format!("{method} /links/{{code}}"));
        event["rawPath"] = json!(format!("/links/{code}"));
        event["pathParameters"] = json!({ "code": code });
        event["requestContext"]["http"]["method"] = json!(method.as_str());
        event["headers"]["content-type"] = json!("application/json");
    }
    event["headers"]["authorization"] = json!("Bearer ey.ey.sig");
    event["isBase64Encoded"] = json!(false);
    event["body"] = if *method == Method::GET { Value::Null } else { json!(body.to_string()) };
    if !claims.is_null() {
        event["requestContext"]["authorizer"] = json!({"jwt": {"claims": claims, "scopes": null}});
    }
    events::invoke(app, &event.to_string()).await
}

async fn create(app: &TestApp, alias: &str, claims: &Value) -> Response {
    invoke(app, &Method::POST, None, &json!({"url": TARGET, "alias": alias}), claims).await
}

#[tokio::test]
async fn token_creates_links_of_its_subject() {
    let app = app_with("jwt").await;
    for (scope, name) in Scope::ALL {
        let created = create(&app, &format!("by-{name}"), &claims("auth0|a", &format!("openid {PREFIX}{name}"))).await;
        let expected = if *scope == Scope::Read { 403 } else { 201 };
        assert_eq!(created.status, expected, "{name}: {created}");
    }
    let item = app.item("by-own").await.expect("a link");
    assert_eq!(item["owner"].as_s().expect("a string"), "jwt:auth0|a");
    assert!(!item.contains_key("manageDigest"), "behind this door a token could not be sent");
    for scopes in ["", "own", "openid email", "other/own", "shortlink/"] {
        assert_eq!(create(&app, "refused", &claims("a", scopes)).await.status, 403, "{scopes}");
    }
    // Okta and Microsoft Entra name the claim otherwise, and the gateway writes a list in brackets.
    let of_okta = json!({"sub": "a", "scp": "[openid shortlink/own]"});
    assert_eq!(create(&app, "of-okta", &of_okta).await.status, 201);
    assert_snapshot!(create(&app, "refused", &claims("a", "shortlink/read")).await, @r#"
    403
    cache-control: no-store
    content-type: application/problem+json
    vary: accept
    x-content-type-options: nosniff

    {"type":"urn:shortlink:problem:forbidden","title":"These credentials do not allow this","status":403,"detail":"This access token does not allow you to create links. Ask the operator for the scope."}
    "#);
}

/// A route that lacks the authorizer by mistake stays closed.
#[tokio::test]
async fn without_a_verified_token_the_jwt_door_is_closed() {
    let app = app_with("jwt").await;
    assert_eq!(create(&app, "mine", &claims("a", "shortlink/own")).await.status, 201);
    for claims in [Value::Null, json!({}), json!({"scope": "shortlink/admin"})] {
        assert_eq!(create(&app, "refused", &claims).await.status, 401, "{claims}");
        for method in [Method::GET, Method::PATCH, Method::DELETE] {
            let refused = invoke(&app, &method, Some("mine"), &json!({}), &claims).await;
            assert_eq!(refused.status, 401, "{method} {claims}");
        }
    }
    // Neither a credential of another door, nor what looks like the claims, replaces the token.
    let key = app.create_key("admin", &[Scope::Admin]).await;
    let request = || app.create_link(&json!({"url": TARGET}));
    for request in [
        request(),
        request().bearer_auth(&key),
        request().header("x-api-key", &key),
        request().bearer_auth(format!("slm_{}", "0".repeat(64))),
        request().bearer_auth("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIiwic2NvcGUiOiJzaG9ydGxpbmsvYWRtaW4ifQ."),
        request().header("x-amzn-request-context", "{\"authorizer\":{\"jwt\":{\"claims\":{\"sub\":\"a\"}}}}"),
    ] {
        let refused = send(request).await;
        assert_eq!((refused.status, refused.header("www-authenticate")), (401, "Bearer"), "{refused}");
    }
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        let refused = send(app.request(method, "/links/mine").bearer_auth(&key).body("{}")).await;
        assert_eq!(refused.status, 401, "{refused}");
    }
}

#[tokio::test]
async fn subject_without_the_form_of_an_owner_is_refused() {
    let app = app_with("jwt").await;
    for subject in ["", "a#b", "a b", "ü", &"a".repeat(256)] {
        let refused = create(&app, "refused", &claims(subject, "shortlink/admin")).await;
        assert_eq!(refused.status, 403, "{subject}: {refused}");
    }
    assert_eq!(create(&app, "long", &claims(&"a".repeat(255), "shortlink/own")).await.status, 201);
}

/// An operator may put an authorizer of their own in front.
#[tokio::test]
async fn token_means_nothing_behind_the_other_doors() {
    let closed = app_with("key").await;
    assert_eq!(create(&closed, "refused", &claims("a", "shortlink/admin")).await.status, 401);
}

/// Every scope on every kind of link.
#[tokio::test]
async fn subjects_manage_their_own_links() {
    let app = app_with("jwt").await;
    assert_eq!(create(&app, "of-a", &claims("a", "shortlink/own")).await.status, 201);
    // The owner of an API key has the name that the subject has chosen.
    app.put_item(json!({"shortCode": "of-key", "originalUrl": TARGET, "createdAt": NOW, "owner": "a"})).await;
    app.put_item(json!({"shortCode": "of-nobody", "originalUrl": TARGET, "createdAt": NOW})).await;
    let mut actual = String::new();
    for (subject, scope) in
        [("a", "own"), ("a", "read"), ("a", "create"), ("b", "own"), ("A", "own"), ("b", "admin"), ("a", "none")]
    {
        let claims = claims(subject, &format!("{PREFIX}{scope}"));
        let mut statuses = Vec::new();
        for code in ["of-a", "of-key", "of-nobody", "missing"] {
            for (method, body) in [
                (Method::GET, json!({})),
                (Method::PATCH, json!({"url": format!("{TARGET}{subject}{scope}")})),
                (Method::DELETE, json!({})),
                (Method::PATCH, json!({"withdrawn": false})),
            ] {
                statuses.push(invoke(&app, &method, Some(code), &body, &claims).await.status.to_string());
            }
        }
        actual += &format!("{subject} {scope}: {}\n", statuses.join(" "));
    }
    // Read, change, withdraw and restore: a link of the subject, of a key's owner `a`, of nobody, and one that does not
    // exist.
    assert_snapshot!(actual, @r"
    a own: 200 200 204 200 404 404 404 404 404 404 404 404 404 404 404 404
    a read: 200 403 403 403 404 403 403 403 404 403 403 403 404 403 403 403
    a create: 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
    b own: 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404
    A own: 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404
    b admin: 200 200 204 200 200 200 204 200 200 200 204 200 404 404 404 404
    a none: 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
    ");
}

#[tokio::test]
async fn local_server_refuses_the_jwt_door() {
    let mut command = command(&["--listen", "127.0.0.1:0", "--data", "memory"]);
    let output = command.env("DOOR", "jwt").output().await.expect("a process");
    assert_eq!(output.status.code(), Some(1));
    assert_snapshot!(String::from_utf8_lossy(&output.stderr).trim(), @"shortlink: DOOR=jwt needs the authorizer of API Gateway, which verifies tokens; here, use DOOR=key");
    // It is a setting of `serve` only.
    assert_eq!(run(&["login", "--help"]).await.0, Some(0));
}

#[tokio::test]
async fn each_subject_creates_as_many_links_a_day_as_it_may() {
    let app = TestApp::builder().env("DOOR", "jwt").env("JWT_SCOPE_PREFIX", PREFIX).env("SUBJECT_DAILY_LIMIT", "2");
    let app = app.start().await;
    let status =
        async |subject: &str, alias: &str| create(&app, alias, &claims(subject, &format!("{PREFIX}own"))).await.status;
    assert_eq!((status("a", "a-1").await, status("a", "a-2").await, status("a", "a-3").await), (201, 201, 429));
    assert_eq!(status("b", "b-1").await, 201);
    assert_eq!(app.number("limit#subject#jwt:a#2030-01-01", "links").await, 2);
    app.advance_clock(86_400);
    assert_eq!(status("a", "a-4").await, 201);
}
