//! `shortlink export`, `export verify` and `serve --read-only`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use shortlink_core::domain::permissions::Scope;
use shortlink_core::dynamodb::client;
use shortlink_core::dynamodb::items::Item;
use shortlink_core::http::handler::Handler;

use crate::support::app::{NOW, TestApp, send};
use crate::support::dynamodb::DynamoDb;
use crate::support::function_process::send_signal;
use crate::support::program::{finish, program, run, succeed, text};
use crate::support::server::{Server, command};
use crate::support::user_agents::FIREFOX;

const TARGET: &str = "https://example.com/";

/// A second that is over by every clock.
const LONG_AGO: i64 = 1_500_000_000;

/// A service with links in every state, and with items of other programs.
async fn app_with_everything() -> TestApp {
    let app = TestApp::builder().env("ALLOW_NEVER", "true").start().await;
    let key = app.create_key_of("web", "web-1", &[Scope::Own]).await;
    for (alias, more) in [
        ("plain", json!({})),
        ("forever", json!({"expires_at": null})),
        ("labelled", json!({"title": "=1+1", "tags": ["b", "a"], "note": "a, \"note\" é"})),
        ("changed", json!({})),
        ("gone", json!({})),
        ("blocked", json!({})),
    ] {
        let mut body = json!({"url": format!("{TARGET}{alias}?q=é&x=%20"), "alias": alias});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let created = send(app.create_link(&body).bearer_auth(&key)).await;
        assert_eq!(created.status, 201, "{created}");
    }
    let reused = send(app.create_link(&json!({"url": TARGET, "reuse": true})).bearer_auth(&key)).await;
    assert_eq!(reused.status, 201, "{reused}");
    let change = json!({"url": format!("{TARGET}elsewhere")}).to_string();
    let changed = send(app.request(Method::PATCH, "/links/changed").bearer_auth(&key).body(change)).await;
    assert_eq!(changed.status, 200, "{changed}");
    assert_eq!(send(app.request(Method::DELETE, "/links/gone").bearer_auth(&key)).await.status, 204);
    app.block("blocked").await;
    for code in ["plain", "labelled"] {
        assert_eq!(send(app.get(&format!("/{code}")).header("user-agent", FIREFOX)).await.status, 301);
    }
    app.resolve.after_response().await;
    // The last use of the key.
    app.shorten.after_response().await;
    app.put_item(json!({"shortCode": "visits#plain#2029-12", "visitMonth": "2029-12", "hits": 7, "linkCreatedAt": 1}))
        .await;
    app.put_item(json!({"shortCode": "over", "originalUrl": TARGET, "createdAt": 1, "expiresAt": LONG_AGO})).await;
    app.put_item(json!({"shortCode": "purged", "originalUrl": TARGET, "createdAt": 1, "purgeAt": LONG_AGO})).await;
    app.put_item(json!({"shortCode": "hosts#", "blockedHosts": ["b.example", "a.example"]})).await;
    let nested = Item::from([
        ("shortCode".to_owned(), AttributeValue::S("config#of another program".to_owned())),
        ("bytes".to_owned(), AttributeValue::B(Blob::new([0, 255]))),
        ("numbers".to_owned(), AttributeValue::Ns(vec!["2".to_owned(), "10".to_owned()])),
        ("list".to_owned(), AttributeValue::L(vec![AttributeValue::Null(true), AttributeValue::Bool(false)])),
        ("map".to_owned(), AttributeValue::M([("a".to_owned(), AttributeValue::N("1.5".to_owned()))].into())),
    ]);
    app.dynamodb.put_item().table_name("links").set_item(Some(nested)).send().await.expect("an item");
    app
}

/// The lines of a file without the first and the last one, and the last one.
fn items_and_trailer(path: &Path) -> (Vec<String>, Value) {
    let file = std::fs::read_to_string(path).expect("a file");
    let mut lines: Vec<_> = file.lines().map(str::to_owned).collect();
    let trailer: Value = serde_json::from_str(&lines.pop().expect("a trailer")).expect("JSON");
    lines.remove(0);
    (lines, trailer["trailer"].clone())
}

fn sha256(text: &str) -> String {
    format!("{:x}", Sha256::digest(text))
}

#[tokio::test]
async fn everything_is_exported_verified_restored_and_exported_the_same() {
    let app = app_with_everything().await;
    let folder = tempfile::tempdir().expect("a folder");
    let [first, second, data] = ["first.ndjson", "second.ndjson", "new.db"].map(|name| folder.path().join(name));
    let table = ["--endpoint-url", app.endpoint_url(), "--table", "links"];
    succeed(&[&["export", "--segments", "5", "--output", text(&first)], &table[..]].concat()).await;

    let (lines, trailer) = items_and_trailer(&first);
    let exported: BTreeMap<_, _> = lines
        .iter()
        .map(|line| {
            let item: Value = serde_json::from_str(line).expect("JSON");
            (item["Item"]["shortCode"]["S"].as_str().expect("a key").to_owned(), line.clone())
        })
        .collect();
    let mut expected = app.keys().await;
    expected.retain(|key| key != "purged");
    expected.sort();
    assert_eq!(exported.keys().cloned().collect::<Vec<_>>(), expected);
    assert!(exported.values().eq(&lines), "the lines are in the order of the keys");
    let nested = r#"{"Item":{"bytes":{"B":"AP8="},"list":{"L":[{"NULL":true},{"BOOL":false}]},"map":{"M":{"a":{"N":"1.5"}}},"numbers":{"NS":["10","2"]},"shortCode":{"S":"config#of another program"}}}"#;
    assert_eq!(exported["config#of another program"], nested);
    for (kind, count) in
        [("links", 8), ("visits", 3), ("history", 3), ("api_keys", 3), ("hosts", 1), ("entries", 1), ("unknown", 1)]
    {
        assert_eq!(trailer[kind], count, "{kind}: {trailer} {expected:?}");
    }
    let whole = std::fs::read_to_string(&first).expect("a file");
    let (before, _) = whole.rsplit_once("{\"trailer\"").expect("a trailer");
    assert_eq!(trailer["sha256"], sha256(before));
    let (_, items) = before.split_once('\n').expect("a header");
    assert_eq!(trailer["items_sha256"], sha256(items));
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&first).expect("a file").permissions());
        assert_eq!(mode & 0o777, 0o600, "it has digests of keys");
    }

    let verified = succeed(&["export", "verify", text(&first), "--json"]).await.json();
    assert_eq!((&verified["links"], &verified["different"]), (&json!(8), &json!(0)), "{verified}");

    let import = |more: &'static [&'static str]| {
        let arguments = [&["import", text(&first), "--data", text(&data), "--json"], more].concat();
        async move { run(&arguments).await }
    };
    let count = lines.len();
    for (arguments, new, same) in [(&[][..], count, 0), (&["--apply"], count, 0), (&["--apply"], 0, count)] {
        let imported = import(arguments).await;
        assert_eq!(imported.code, Some(0), "{imported:?}");
        let counts = imported.json();
        assert_eq!((&counts["new"], &counts["same"]), (&json!(new), &json!(same)), "{arguments:?} {counts}");
    }
    // To standard output, as a pipe would get it.
    let printed = succeed(&["export", "--data", text(&data)]).await;
    std::fs::write(&second, printed.stdout + "\n").expect("a file");
    let (again, trailer_again) = items_and_trailer(&second);
    assert_eq!(again, lines);
    assert_eq!(trailer_again["items_sha256"], trailer["items_sha256"]);
    succeed(&["export", "verify", text(&second)]).await;
}

#[tokio::test]
async fn damaged_export_is_neither_verified_nor_restored() {
    let app = TestApp::start().await;
    for n in 0..3 {
        app.put_item(json!({"shortCode": format!("code-{n}"), "originalUrl": TARGET, "createdAt": NOW})).await;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let [path, data] = ["links.ndjson", "links.db"].map(|name| folder.path().join(name));
    succeed(&["export", "--endpoint-url", app.endpoint_url(), "--table", "links", "--output", text(&path)]).await;
    let whole = std::fs::read_to_string(&path).expect("a file");
    let lines: Vec<_> = whole.split_inclusive('\n').collect();
    let swapped = [lines[0], lines[2], lines[1], lines[3], lines[4]].concat();
    for (damaged, reason) in [
        (whole.replacen(TARGET, "https://example.org/", 1), "does not have the items"),
        (lines[..4].concat(), "was cut off"),
        (whole[..whole.len() - 1].to_owned(), "was cut off"),
        (whole.replacen("code-1", "code-", 1), "is damaged"),
        (swapped, "line 3 has no key, or not one after"),
        (format!("{whole}x"), "does not have the items"),
        (whole.replacen("\"S\"", "\"X\"", 1), "line 2 is not an item"),
        (whole.replacen("\"version\":1", "\"version\":2", 1), "has the version 2"),
        (String::new(), "is not an export"),
        ("{}\n".to_owned(), "is not an export"),
    ] {
        std::fs::write(&path, &damaged).expect("a file");
        let verified = run(&["export", "verify", text(&path)]).await;
        assert_eq!(verified.code, Some(1), "{verified:?}");
        assert!(verified.stderr.contains(reason) && verified.stderr.lines().count() == 1, "{reason}: {verified:?}");
        if damaged.starts_with("{\"format\"") {
            let imported = run(&["import", text(&path), "--apply", "--data", text(&data)]).await;
            assert_eq!(imported.code, Some(1), "{imported:?}");
            let exported = succeed(&["export", "--data", text(&data)]).await;
            assert_eq!(exported.stdout.lines().count(), 2, "nothing was written: {exported:?}");
        }
    }
}

#[tokio::test]
async fn verify_names_links_that_do_not_work() {
    let app = TestApp::start().await;
    app.put_item(json!({"shortCode": "good", "originalUrl": TARGET, "createdAt": NOW})).await;
    app.put_item(json!({"shortCode": "script", "originalUrl": "javascript:alert(1)", "createdAt": NOW})).await;
    app.put_item(json!({"shortCode": "no.code", "originalUrl": TARGET, "createdAt": NOW})).await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("links.ndjson");
    succeed(&["export", "--endpoint-url", app.endpoint_url(), "--table", "links", "--output", text(&path)]).await;
    let verified = run(&["export", "verify", text(&path)]).await;
    assert_eq!(verified.code, Some(1), "{verified:?}");
    let lines: Vec<_> = verified.stdout.lines().collect();
    assert_eq!(
        lines,
        [
            "line 3: \"no.code\" should answer with a redirect to https://example.com/; it answers with the status 404",
            "line 4: \"script\" should answer with a redirect to javascript:alert(1); it answers with the status 500",
        ]
    );
    assert_eq!(verified.stderr, "shortlink: 2 of the items or links in the export are not as they should be");
}

/// A table without the index accepts what one with it does not.
#[tokio::test]
async fn items_that_cannot_be_restored_are_named() {
    let server = DynamoDb::start().await;
    let client = client::local(&server.endpoint_url).await;
    let key = KeySchemaElement::builder().attribute_name("shortCode").key_type(KeyType::Hash).build();
    let kind =
        AttributeDefinition::builder().attribute_name("shortCode").attribute_type(ScalarAttributeType::S).build();
    let table = client.create_table().table_name("links").key_schema(key.expect("a key"));
    let table = table.attribute_definitions(kind.expect("a type")).billing_mode(BillingMode::PayPerRequest);
    table.send().await.expect("a table");
    for (code, owner) in [("good", AttributeValue::S("web".to_owned())), ("odd", AttributeValue::N("5".to_owned()))] {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let put = client.put_item().table_name("links").item("shortCode", text(code)).item("originalUrl", text(TARGET));
        put.item("createdAt", AttributeValue::N(NOW.to_string())).item("owner", owner).send().await.expect("an item");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let [path, data] = ["links.ndjson", "links.db"].map(|name| folder.path().join(name));
    succeed(&["export", "--endpoint-url", &server.endpoint_url, "--table", "links", "--output", text(&path)]).await;
    let verified = run(&["export", "verify", text(&path)]).await;
    assert_eq!(verified.code, Some(1), "{verified:?}");
    assert!(verified.stdout.starts_with("line 3: \"odd\" cannot be restored: "), "{verified:?}");
    assert_eq!(verified.stdout.lines().count(), 1, "{verified:?}");
    let imported = run(&["import", text(&path), "--apply", "--json", "--data", text(&data)]).await;
    let counts = imported.json();
    assert_eq!((imported.code, &counts["new"], &counts["refused"]), (Some(1), &json!(1), &json!(1)), "{imported:?}");
    let other = run(&["import", text(&path), "--owner", "web", "--data", text(&data)]).await;
    assert!(other.code == Some(1) && other.stderr.contains("leave them out"), "{other:?}");
}

#[tokio::test]
async fn export_alone_serves_its_links() {
    let app = app_with_everything().await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("links.ndjson");
    succeed(&["export", "--endpoint-url", app.endpoint_url(), "--table", "links", "--output", text(&path)]).await;
    let before = std::fs::read(&path).expect("a file");
    let server = Server::start(&mut command(&["--listen", "127.0.0.1:0", "--read-only", text(&path)])).await;
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let request = |method: Method, path: &str| http.request(method, format!("http://{}{path}", server.address));
    for (path, status) in [
        ("/plain", 301),
        ("/changed", 301),
        ("/forever+", 200),
        ("/plain.svg", 200),
        ("/plain.png", 200),
        ("/gone", 410),
        ("/over", 410),
        ("/blocked", 451),
        ("/missing", 404),
        ("/", 200),
    ] {
        let response = request(Method::GET, path).send().await.expect("a response");
        assert_eq!(response.status(), status, "{path}");
    }
    assert_eq!(server.location("/changed").await.as_deref(), Some("https://example.com/elsewhere"));
    for (method, path) in [
        (Method::POST, "/shorten"),
        (Method::POST, "/links"),
        (Method::PUT, "/links/plain"),
        (Method::PATCH, "/links/plain"),
        (Method::DELETE, "/links/plain"),
    ] {
        let response = request(method, path).body("url=https://example.com/").send().await.expect("a response");
        assert_eq!(
            (response.status().as_u16(), response.headers()["retry-after"].as_bytes()),
            (503, &b"60"[..]),
            "{path}"
        );
        let problem: Value = serde_json::from_str(&response.text().await.expect("a body")).expect("JSON");
        assert!(problem["detail"].as_str().expect("a text").contains("read-only"), "{problem}");
    }
    server.signal("TERM").await;
    assert_eq!(server.exit().await.status.code(), Some(0));
    assert_eq!(std::fs::read(&path).expect("a file"), before);

    let together = run(&["serve", "--read-only", text(&path), "--data", "memory"]).await;
    assert_eq!(together.code, Some(2), "{together:?}");
}

/// Ctrl-C and `kill -9` both leave an export that can be continued.
#[tokio::test]
async fn stopped_export_is_resumed_where_it_was() {
    let app = TestApp::start().await;
    for n in 0..2_500 {
        app.put_item(json!({"shortCode": format!("code-{n}"), "originalUrl": TARGET, "createdAt": NOW})).await;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let table = ["--endpoint-url", app.endpoint_url(), "--table", "links"];
    let straight = folder.path().join("straight.ndjson");
    succeed(&[&["export", "--output", text(&straight)], &table[..]].concat()).await;
    let expected = items_and_trailer(&straight).0;
    for signal in ["INT", "KILL"] {
        let path = folder.path().join(format!("{signal}.ndjson"));
        let partial = folder.path().join(format!("{signal}.ndjson.partial"));
        // One unit a second, so that the second page is not read before the test is over.
        let slow = ["export", "--segments", "1", "--read-units", "1", "--output", text(&path)];
        let mut process = program(&[&slow[..], &table].concat()).spawn().expect("a process");
        while read_so_far(&partial) == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        send_signal(&process, signal).await;
        let stopped = tokio::time::timeout(Duration::from_secs(60), process.wait()).await.expect("an end");
        let output = process.wait_with_output().await.expect("an output");
        if signal == "INT" {
            assert_eq!(stopped.expect("a status").code(), Some(1));
            let stderr = String::from_utf8(output.stderr).expect("UTF-8");
            assert!(stderr.contains("stopped after 1000 items") && stderr.contains("--resume"), "{stderr}");
        }
        assert!(!path.exists());
        let again = run(&[&["export", "--output", text(&path)], &table[..]].concat()).await;
        assert_eq!(again.code, Some(1));
        assert!(again.stderr.contains("continue it with --resume"), "{again:?}");
        let other =
            run(&["export", "--output", text(&path), "--resume", "--data", text(&folder.path().join("x"))]).await;
        assert_eq!(other.code, Some(1), "{other:?}");
        succeed(&[&["export", "--output", text(&path), "--resume"], &table[..]].concat()).await;
        assert!(items_and_trailer(&path).0 == expected, "the items are the same");
        assert!(!partial.exists());
        let nothing = run(&[&["export", "--output", text(&path), "--resume"], &table[..]].concat()).await;
        assert!(nothing.code == Some(1) && nothing.stderr.contains("leave out --resume"), "{nothing:?}");
    }
}

/// How many items an unfinished export has.
fn read_so_far(partial: &Path) -> i64 {
    use rusqlite::{Connection, OpenFlags};
    let count = Connection::open_with_flags(partial, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .and_then(|connection| connection.query_row("SELECT count(*) FROM item", [], |row| row.get(0)));
    count.unwrap_or(0)
}

#[tokio::test]
async fn spreadsheet_has_guarded_texts_and_says_that_it_cannot_be_restored() {
    let app = app_with_everything().await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("links.csv");
    let table = ["--endpoint-url", app.endpoint_url(), "--table", "links"];
    let exported = succeed(&[&["export", "--format", "csv", "--output", text(&path)], &table[..]].concat()).await;
    assert!(exported.stdout.contains("Links: 8.") && exported.stdout.contains("cannot be restored"), "{exported:?}");
    let csv = std::fs::read_to_string(&path).expect("a file");
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(
        lines[0],
        "code,url,created_at,expires_at,withdrawn_at,blocked_at,changed_at,owner,title,tags,note,visits,last_visit_at,\
         for spreadsheets only: cannot be restored"
    );
    assert_eq!(lines.len(), 9);
    let labelled = lines.iter().find(|line| line.starts_with("labelled,")).expect("a line");
    assert_eq!(
        *labelled,
        "labelled,https://example.com/labelled?q=%C3%A9&x=%20,2030-01-01T00:00:00Z,2030-04-01T00:00:00Z,,,,web,'=1+1,\
         \"a, b\",\"a, \"\"note\"\" é\",1,2030-01-01T00:00:00Z,"
    );
}

#[tokio::test]
async fn closed_pipe_and_full_disk_are_no_backtrace() {
    let app = TestApp::start().await;
    for n in 0..1_200 {
        app.put_item(json!({"shortCode": format!("code-{n}"), "originalUrl": TARGET, "createdAt": NOW})).await;
    }
    let export = ["export", "--endpoint-url", app.endpoint_url(), "--table", "links"];
    let mut closed = program(&export);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    closed.stdout(writer);
    let closed = finish_with_stderr(closed).await;
    assert_eq!(closed, (Some(1), String::new()));
    let mut full = program(&export);
    full.stdout(std::fs::File::options().write(true).open("/dev/full").expect("a device"));
    let (code, stderr) = finish_with_stderr(full).await;
    assert_eq!(code, Some(1));
    assert!(stderr.contains("cannot write to standard output") && stderr.lines().count() == 1, "{stderr}");
    let missing = run(&[&export[..], &["--output", "/missing/folder/links.ndjson"]].concat()).await;
    assert_eq!(missing.code, Some(1));
    let sentence = "shortlink: cannot write /missing/folder/links.ndjson.partial: there is no such file or folder";
    assert_eq!(missing.stderr, sentence);
    // A complete export replaces its file, and would replace a device, too.
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().display().to_string();
    for output in ["/dev/null", path.as_str()] {
        let refused = run(&[&export[..], &["--output", output]].concat()).await;
        assert_eq!(refused.code, Some(1));
        assert!(refused.stderr.starts_with(&format!("shortlink: {output} is not a file;")), "{}", refused.stderr);
    }
    assert_eq!(run(&["export", "--resume"]).await.code, Some(2));
    assert!(finish(program(&["export", "verify", "missing"])).await.stderr.contains("there is no such file"));
}

async fn finish_with_stderr(mut command: tokio::process::Command) -> (Option<i32>, String) {
    let output =
        command.stderr(Stdio::piped()).spawn().expect("a process").wait_with_output().await.expect("an output");
    (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8").trim_end().to_owned())
}
