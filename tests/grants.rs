//! Grants: what a token allows, how the key that signs is read, and the program that signs.

use std::os::unix::fs::PermissionsExt;

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Value, json};
use shorten::grant::key::{GrantKey, GrantKeys};
use shorten::grant::key_source::KeySource;
use shorten::grant::parameter::Parameter;
use shorten::grant::{Grant, MaxLinks, token};
use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::permissions::Scope;
use shortlink_core::dynamodb::client;

use crate::support::app::{NOW, Response, TestApp, TestAppBuilder, send};
use crate::support::function_process::{self, SHORTEN};
use crate::support::parameter_store::{Behaviour, PARAMETER, ParameterStore};
use crate::support::runtime_api::RuntimeApi;
use crate::support::server::{Server, command, run};

const TARGET: &str = "https://example.com/";

/// The key of the tests that consists of this digit.
pub fn keys(digit: &str) -> GrantKeys {
    GrantKeys::new(GrantKey::parse(&format!("slk_{}", digit.repeat(64))).expect("a key"))
}

/// A grant for an hour and for links that live for at most a day.
pub fn grant() -> Grant {
    Grant {
        id: "0123456789abcdef".to_owned(),
        expires_at: Timestamp::from_unix(NOW + 3_600).expect("in range"),
        max_life: 86_400,
        hosts: vec!["example.com".parse().expect("a host")],
        owner: None,
        maximum: None,
    }
}

pub fn sign(grant: &Grant) -> String {
    token::sign(grant, &keys("1")).expect("a token")
}

/// A service whose grant key is in a parameter.
pub async fn with_parameter(builder: TestAppBuilder, store: &ParameterStore) -> TestApp {
    let config = client::local_sdk_config(&store.url).await;
    builder.grant_key(KeySource::Parameter(Box::new(Parameter::new(PARAMETER, config)))).start().await
}

async fn app(door: &str) -> TestApp {
    let store = ParameterStore::start(Behaviour::Value(keys("1").to_text())).await;
    with_parameter(TestApp::builder().env("DOOR", door), &store).await
}

async fn create(app: &TestApp, token: &str, body: &Value) -> Response {
    send(app.create_link(body).bearer_auth(token)).await
}

#[tokio::test]
async fn grant_creates_links_within_its_bounds() {
    for door in ["open", "key"] {
        let app = app(door).await;
        let token = sign(&grant());
        let created = create(&app, &token, &json!({"url": "https://a.example.com/x"})).await;
        assert_eq!(created.status, 201, "{created}");
        // The default lifetime of 90 days is shortened to that of the grant, and the creator gets a management token.
        assert_eq!(created.json()["expires_at"], "2030-01-02T00:00:00Z");
        assert!(created.json()["manage_token"].is_string(), "{created}");
        let in_other_header =
            app.create_link(&json!({"url": TARGET, "expires_in": 86_400})).header("x-api-key", &token);
        assert_eq!(send(in_other_header).await.status, 201);
        for (field, value) in [
            ("url", json!("https://example.com.evil.example/")),
            ("url", json!("https://notexample.com/")),
            ("url", json!("https://evil.example/#example.com")),
            ("expires_in", json!(86_401)),
            ("expires_at", json!("2030-01-02T00:00:01Z")),
            ("expires_at", json!(null)),
        ] {
            let mut body = json!({"url": TARGET});
            body[field] = value;
            let refused = create(&app, &token, &body).await;
            assert_eq!((refused.status, &refused.json()["field"]), (403, &json!(field)), "{body}: {refused}");
        }
        // A body that is wrong is wrong with a grant, too.
        assert_eq!(create(&app, &token, &json!({"url": "x"})).await.status, 400);
    }
    let refused = create(&app("key").await, &sign(&grant()), &json!({"url": "https://evil.example/"})).await;
    assert_snapshot!(refused.body, @r#"{"type":"urn:shortlink:problem:forbidden","title":"These credentials do not allow this","status":403,"detail":"url leads to another host than this grant allows: example.com, and hosts below.","field":"url"}"#);
}

#[tokio::test]
async fn expired_or_forged_grant_is_refused() {
    let app = app("open").await;
    let token = sign(&grant());
    let (head, signature) = token.rsplit_once('.').expect("a signature");
    let other = sign(&Grant { max_life: 1_000_000, ..grant() });
    let (_, other_signature) = other.rsplit_once('.').expect("a signature");
    let by_another_key = token::sign(&grant(), &keys("2")).expect("a token");
    for forged in [
        format!("{head}."),
        format!("{head}.{other_signature}"),
        head.replacen("slg_1.", "slg_2.", 1) + "." + signature,
        by_another_key,
        "slg_1.none.e30.e30".to_owned(),
        "slg_1".to_owned(),
    ] {
        assert_eq!(create(&app, &forged, &json!({"url": TARGET})).await.status, 401, "{forged}");
    }
    app.advance_clock(3_599);
    assert_eq!(create(&app, &token, &json!({"url": TARGET})).await.status, 201);
    app.advance_clock(1);
    let expired = create(&app, &token, &json!({"url": TARGET})).await;
    assert_eq!((expired.status, expired.header("www-authenticate")), (401, "Bearer error=\"invalid_token\""));
    assert!(expired.body.contains("The grant expired at 2030-01-01T01:00:00Z"), "{expired}");
}

#[tokio::test]
async fn grant_neither_reads_nor_changes_links() {
    let app = app("key").await;
    let token = sign(&Grant { owner: Some("web".parse().expect("a name")), ..grant() });
    let created = create(&app, &token, &json!({"url": TARGET, "alias": "granted"})).await;
    assert_eq!((created.status, created.json().get("manage_token")), (201, None), "its owner's keys manage it");
    let links = app.keys().await;
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        for code in ["granted", "missing"] {
            let request = app.request(method.clone(), &format!("/links/{code}")).bearer_auth(&token).body("{}");
            assert_eq!(send(request).await.status, 403, "{method} {code}");
        }
    }
    assert_eq!(app.keys().await, links);
    let key = app.create_key("web", &[Scope::Own]).await;
    assert_eq!(send(app.get("/links/granted").bearer_auth(key)).await.status, 200);
}

#[tokio::test]
async fn grants_are_refused_without_a_key_and_all_else_works() {
    let unset = TestApp::builder().env("DOOR", "open").start().await;
    let missing = ParameterStore::start(Behaviour::Missing).await;
    let missing_app = with_parameter(TestApp::builder(), &missing).await;
    for app in [&unset, &missing_app] {
        let refused = create(app, &sign(&grant()), &json!({"url": TARGET})).await;
        assert_eq!((refused.status, refused.header("retry-after")), (503, "60"), "{refused}");
        assert_eq!(send(app.create_link(&json!({"url": TARGET}))).await.status, 201);
    }
    // Strangers cannot make the service ask more often than every 30 seconds.
    for n in 0..20 {
        assert_eq!(create(&missing_app, &format!("slg_1.{n}.e30.e30"), &json!({"url": TARGET})).await.status, 503);
    }
    assert_eq!(missing.reads(), 1);
    missing.behave(Behaviour::Value(keys("1").to_text()));
    missing_app.advance_clock(30);
    assert_eq!(create(&missing_app, &sign(&grant()), &json!({"url": TARGET})).await.status, 201);
    for behaviour in [
        Behaviour::Plain(keys("1").to_text()),
        Behaviour::Value("slk_short".to_owned()),
        Behaviour::Error("AccessDeniedException"),
        Behaviour::Error("ThrottlingException"),
    ] {
        let store = ParameterStore::start(behaviour.clone()).await;
        let app = with_parameter(TestApp::builder(), &store).await;
        assert_eq!(create(&app, &sign(&grant()), &json!({"url": TARGET})).await.status, 503, "{behaviour:?}");
    }
}

#[tokio::test]
async fn last_good_key_is_kept_while_parameter_store_fails() {
    let store = ParameterStore::start(Behaviour::Value(keys("1").to_text())).await;
    let app = with_parameter(TestApp::builder(), &store).await;
    let token = sign(&Grant { expires_at: Timestamp::from_unix(NOW + 86_400).expect("in range"), ..grant() });
    let status = async || create(&app, &token, &json!({"url": TARGET})).await.status;
    assert_eq!(store.reads(), 0, "the key is read when it is needed");
    for _ in 0..5 {
        assert_eq!(status().await, 201);
    }
    app.advance_clock(539);
    assert_eq!((status().await, store.reads()), (201, 1));
    for behaviour in [Behaviour::Error("InternalServerError"), Behaviour::Value("no key".to_owned()), Behaviour::Hang] {
        store.behave(behaviour);
        app.advance_clock(660);
        let before = store.reads();
        assert_eq!(status().await, 201);
        assert!(store.reads() > before, "it was tried");
    }
    // It is not in use any more once the operator has deleted it.
    store.behave(Behaviour::Missing);
    app.advance_clock(660);
    assert_eq!(status().await, 503);
}

#[tokio::test]
async fn replaced_key_works_at_once_and_the_one_before_still_does() {
    let store = ParameterStore::start(Behaviour::Value(keys("1").to_text())).await;
    let app = with_parameter(TestApp::builder(), &store).await;
    let status = async |keys: &GrantKeys| {
        let token = token::sign(&grant(), keys).expect("a token");
        create(&app, &token, &json!({"url": TARGET})).await.status
    };
    assert_eq!(status(&keys("1")).await, 201);
    store.behave(Behaviour::Value(keys("1").replaced_by(keys("2").current().clone()).to_text()));
    // An unknown key is looked for at most every 30 seconds.
    app.advance_clock(29);
    assert_eq!((status(&keys("2")).await, store.reads()), (401, 1));
    app.advance_clock(1);
    assert_eq!((status(&keys("2")).await, store.reads()), (201, 2));
    assert_eq!(status(&keys("1")).await, 201);
    assert_eq!((status(&keys("3")).await, store.reads()), (401, 2));
}

/// The program signs what a function accepts, with the key that it has put into Parameter Store.
#[tokio::test(flavor = "multi_thread")]
async fn function_accepts_what_the_program_signs() {
    let table = TestApp::start().await;
    let store = ParameterStore::start(Behaviour::Missing).await;
    let program = async |arguments: &[&str]| {
        let mut program = tokio::process::Command::new(command(&[]).as_std().get_program());
        program.envs([("AWS_ENDPOINT_URL_SSM", store.url.as_str()), ("GRANT_KEY_PARAMETER", PARAMETER)]);
        program.envs([
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_REGION", "eu-central-1"),
        ]);
        let output = program.args(arguments).output().await.expect("a process");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8").trim().to_owned();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let sign = ["grant", "--expires", "1h", "--max-life", "7d", "--host", "example.com", "--max-links", "2"];
    let (status, _, error) = program(&sign).await;
    assert!(status == Some(1) && error.contains("does not exist"), "{error}");
    assert_eq!(program(&["grant-key", "create"]).await.0, Some(0));
    let (status, _, error) = program(&["grant-key", "create"]).await;
    assert!(status == Some(1) && error.contains("exists already"), "{error}");
    let (status, token, error) = program(&sign).await;
    assert!(status == Some(0) && token.starts_with("slg_1."), "{error}");
    let first = store.value();
    assert_eq!(program(&["grant-key", "replace"]).await.0, Some(0));
    assert!(store.value().ends_with(&first) && store.value() != first, "the first key is the previous one now");

    let mut runtime_api = RuntimeApi::start().await;
    let mut function = function_process::command(SHORTEN, &runtime_api, table.endpoint_url());
    function.envs([("AWS_ENDPOINT_URL_SSM", store.url.as_str()), ("GRANT_KEY_PARAMETER", PARAMETER), ("DOOR", "key")]);
    let mut function = function.stdout(std::process::Stdio::piped()).spawn().expect("a process");
    let event = json!({
        "routeKey": "POST /shorten", "headers": {"authorization": format!("Bearer {token}")},
        "requestContext": {"http": {"method": "POST"}}, "body": format!("{{\"url\": \"{TARGET}\"}}"),
    });
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(runtime_api.invoke(&event).await["statusCode"].clone());
    }
    assert_eq!(statuses, [201, 201, 403], "the grant is for two links");
    assert_eq!(table.keys().await.iter().filter(|key| key.starts_with("limit#grant#")).count(), 1);
    function.start_kill().expect("a process");
    let log = function.wait_with_output().await.expect("an exit status").stdout;
    let log = String::from_utf8(log).expect("UTF-8");
    assert!(log.contains("\"grant\":\""), "{log}");
    assert!(!log.contains("slk_") && !log.contains(&token), "{log}");
}

/// The local server has its key in a file.
#[tokio::test]
async fn key_file_must_be_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("grant.key");
    let file = path.to_str().expect("UTF-8");
    assert_eq!(run(&["grant-key", "create", "--grant-key-file", file]).await.0, Some(0));
    let mode = || std::fs::metadata(&path).expect("a file").permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    let (status, _, error) = run(&["grant-key", "create", "--grant-key-file", file]).await;
    assert!(status == Some(1) && error.contains("exists already"), "{error}");
    assert_eq!(run(&["grant-key", "replace", "--grant-key-file", file]).await.0, Some(0));
    assert_eq!((mode(), std::fs::read_to_string(&path).expect("a file").lines().count()), (0o600, 2));

    let sign = ["grant", "--expires", "1h", "--max-life", "1h", "--host", "example.com", "--grant-key-file", file];
    let (_, token, _) = run(&sign).await;
    let arguments = ["--listen", "127.0.0.1:0", "--data", "memory", "--grant-key-file", file];
    let server = Server::start(command(&arguments).env("DOOR", "key")).await;
    let request = reqwest::Client::new().post(format!("http://{}/shorten", server.address)).bearer_auth(&token);
    assert_eq!(request.body(format!("url={TARGET}")).send().await.expect("a response").status(), 201);

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("a file");
    let (status, _, error) = run(&[&["serve"], &arguments[..]].concat()).await;
    assert!(status == Some(1) && error.contains("is not secret"), "{error}");
    for wrong in [
        &["grant", "--expires", "0s", "--max-life", "1h", "--host", "example.com", "--grant-key-file", file][..],
        &["grant", "--expires", "1h", "--max-life", "1h", "--host", "https://example.com", "--grant-key-file", file],
        &["grant", "--expires", "1h", "--max-life", "1h", "--grant-key-file", file],
    ] {
        assert_eq!(run(wrong).await.0, Some(2), "{wrong:?}");
    }
}

#[tokio::test]
async fn grant_for_a_number_of_links_is_used_up() {
    let app = app("key").await;
    let token = sign(&Grant { maximum: Some(MaxLinks::InTotal(2)), ..grant() });
    let mut statuses = Vec::new();
    for n in 0..3 {
        statuses.push(create(&app, &token, &json!({"url": format!("{TARGET}{n}")})).await.status);
    }
    assert_eq!(statuses, [201, 201, 403]);
    let counter = app.item("limit#grant#0123456789abcdef").await.expect("a counter");
    let purge_at = counter["purgeAt"].as_n().expect("a number");
    assert_eq!(*purge_at, (NOW + 3_600 + 86_400).to_string(), "a day after the grant has expired");
}
