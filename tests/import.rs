//! `shortlink import`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use reqwest::Method;
use serde_json::{Value, json};
use shortlink_core::domain::permissions::Scope;
use shortlink_core::dynamodb::items::Item;
use shortlink_core::http::handler::Handler;
use shortlink_import::Outcome;

use crate::support::app::{TestApp, send};
use crate::support::fault_proxy::{FaultProxy, RequestFault, THROTTLED};
use crate::support::function_process::send_signal;
use crate::support::old_service::{Links, OldService};
use crate::support::program::{Run, program, run, succeed, text};
use crate::support::user_agents::FIREFOX;

/// A list with most of what can go wrong.
const LIST: &str = "\
code;target;created;expires;clicks;title;tags;note;owner\r
1;https://example.com/one;2020-01-01T00:00:00Z;;1234;One;\"News|2020\";\"a; note\";anna\r
ab;https://example.com/two;;2021-06-01T00:00:00Z;7;;;;\r
Mixed-Case_;HTTPS://EXAMPLE.com:443/three;2020-01-01T00:00:00Z;;;;;;no owner\r
same;https://example.com/same;;;9;;;;\r
taken;https://example.com/mine;;;;;;;\r
about;https://example.com/about;;;3;;;;\r
docs;https://example.com/docs;;;;;;;\r
a/b;https://example.com/slash;;;;;;;\r
intranet;http://wiki/;;;;;;;\r
1;https://example.com/one;;;;;;;\r
ab;https://example.com/other;;;;;;;\r
";

struct House {
    app: TestApp,
    _folder: tempfile::TempDir,
    file: PathBuf,
    report: PathBuf,
}

impl House {
    /// A table that has two of the codes in a file with this content.
    async fn new(content: impl AsRef<[u8]>) -> Self {
        let app = TestApp::builder().env("LINK_CACHE_SECONDS", "0").env("PREVIEW", "full").start().await;
        app.put_item(json!({"shortCode": "same", "originalUrl": "https://example.com/same", "createdAt": 5})).await;
        app.put_item(json!({"shortCode": "taken", "originalUrl": "https://example.com/theirs", "createdAt": 5})).await;
        let folder = tempfile::tempdir().expect("a folder");
        let [file, report] = ["list", "report.ndjson"].map(|name| folder.path().join(name));
        std::fs::write(&file, content).expect("a file");
        Self { app, _folder: folder, file, report }
    }

    async fn import(&self, arguments: &[&str]) -> Run {
        let table = ["--endpoint-url", self.app.endpoint_url(), "--table", "links"];
        run(&[&["import", text(&self.file), "--report", text(&self.report)], arguments, &table].concat()).await
    }

    async fn undo(&self, id: &str) -> Run {
        let table = ["--endpoint-url", self.app.endpoint_url(), "--table", "links"];
        run(&[&["import", "--undo", id, "--json"], &table[..]].concat()).await
    }

    /// All items, in a form that can be compared.
    async fn items(&self) -> BTreeMap<String, String> {
        let mut items = BTreeMap::new();
        for key in self.app.keys().await {
            let item: BTreeMap<_, _> = self.app.item(&key).await.expect("an item").into_iter().collect();
            items.insert(key, format!("{item:?}"));
        }
        items
    }

    fn report(&self) -> Vec<Value> {
        let report = std::fs::read_to_string(&self.report).expect("a report");
        report.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

/// The numbers of new, same, conflicting and refused rows.
fn counts(run: &Run) -> [u64; 4] {
    let counts = run.json();
    ["new", "same", "conflict", "refused"].map(|name| counts[name].as_u64().expect("a number"))
}

/// The time by the clock of the program, which is not that of the service under test.
fn unix_now() -> i64 {
    let elapsed = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("a clock");
    i64::try_from(elapsed.as_secs()).expect("small")
}

fn string(item: &Item, name: &str) -> Option<String> {
    item.get(name).map(|value| match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.clone(),
        AttributeValue::Ss(texts) => texts.join(","),
        other => format!("{other:?}"),
    })
}

#[tokio::test]
async fn links_are_imported_once_and_undone_to_the_byte() {
    let house = House::new(LIST).await;
    let before = house.items().await;
    let dry = house.import(&["--json"]).await;
    assert_eq!((dry.code, counts(&dry)), (Some(1), [3, 2, 2, 4]), "{dry:?}");
    assert_eq!(house.items().await, before, "a dry run writes nothing");

    let applied = house.import(&["--json", "--apply"]).await;
    assert_eq!((applied.code, counts(&applied)), (Some(1), [3, 2, 2, 4]), "{applied:?}");
    let outcomes: Vec<_> = house
        .report()
        .iter()
        .map(|row| format!("{} {} {}", row["code"].as_str().expect("a code"), row["outcome"], row["reason"]))
        .collect();
    assert_eq!(
        outcomes,
        [
            r#"1 "new" null"#,
            r#"ab "new" null"#,
            r#"Mixed-Case_ "new" null"#,
            r#"same "same" null"#,
            r#"taken "conflict" "the code leads to https://example.com/theirs already""#,
            r#"about "refused" "the code is a name that is reserved here; --allow-reserved imports it""#,
            r#"docs "refused" "the code is the path of a page of this service, so the link could not be followed""#,
            r#"a/b "refused" "the code contains '/'; use only letters A-Z a-z, digits 0-9, '_' and '-'""#,
            r#"intranet "refused" "the target points to \"wiki\", which works only on your own network""#,
            r#"1 "same" null"#,
            r#"ab "conflict" "the code leads to https://example.com/two already""#,
        ]
    );
    let not_carried = &house.report()[0]["not_carried"];
    assert_eq!(not_carried, &json!(["the spelling of the tag \"News\", which is \"news\" here"]));
    assert!(house.report()[2]["not_carried"][0].as_str().expect("a text").contains("the owner \"no owner\""));

    let item = house.app.item("1").await.expect("an item");
    let id = applied.json()["import_id"].as_str().expect("an id").to_owned();
    for (name, expected) in [
        ("originalUrl", Some("https://example.com/one")),
        ("createdAt", Some("1577836800")),
        ("expiresAt", None),
        ("purgeAt", None),
        ("owner", Some("anna")),
        ("title", Some("One")),
        ("note", Some("a; note")),
        ("tags", Some("2020,news")),
        ("importedFrom", Some("csv")),
        ("importId", Some(&id)),
        ("isAlias", None),
        ("manageDigest", None),
    ] {
        assert_eq!(string(&item, name).as_deref(), expected, "{name}");
    }
    let ended = house.app.item("ab").await.expect("an item");
    assert_eq!(string(&ended, "expiresAt").as_deref(), Some("1622505600"));
    let purge_at: i64 = string(&ended, "purgeAt").expect("an instant").parse().expect("a number");
    let days_left = (purge_at - unix_now()) / 86_400;
    assert!((29..=30).contains(&days_left), "it ended long ago, and stays for 30 days from now: {days_left}");
    let mixed = house.app.item("Mixed-Case_").await.expect("an item");
    assert_eq!(string(&mixed, "originalUrl").as_deref(), Some("https://example.com/three"));
    let visits = house.app.item("visits#1").await.expect("an item");
    assert_eq!(string(&visits, "hits").as_deref(), Some("1234"));
    assert!(!visits.keys().any(|name| name.len() == 5 && name.starts_with('d')), "no invented days: {visits:?}");
    assert_eq!(house.app.item("visits#same").await, None, "the visits of another link");

    let after = house.items().await;
    let again = house.import(&["--json", "--apply"]).await;
    assert_eq!(counts(&again), [0, 5, 2, 4]);
    assert_eq!(again.json()["import_id"], json!(id));
    assert_eq!(house.items().await, after, "nothing new");

    let undone = house.undo(&id).await;
    assert_eq!((undone.code, undone.json()), (Some(0), json!({"removed": 3, "kept": 0})), "{undone:?}");
    assert_eq!(house.items().await, before);
    assert_eq!(house.undo(&id).await.json(), json!({"removed": 0, "kept": 0}));
}

#[tokio::test]
async fn options_decide_about_owners_and_reserved_names() {
    let house = House::new(LIST).await;
    let applied = house.import(&["--json", "--apply", "--owner", "web", "--allow-reserved"]).await;
    assert_eq!(counts(&applied), [4, 2, 2, 3], "{applied:?}");
    for code in ["1", "ab", "Mixed-Case_", "about"] {
        let item = house.app.item(code).await.expect("an item");
        assert_eq!(string(&item, "owner").as_deref(), Some("web"), "{code}");
    }
    for (path, status) in [("/1", 301), ("/ab", 410), ("/Mixed-Case_", 301), ("/about", 301), ("/1+", 200)] {
        assert_eq!(send(house.app.get(path)).await.status, status, "{path}");
    }
    let key = house.app.create_key_of("web", "web-1", &[Scope::Own]).await;
    let listed = send(house.app.get("/links").bearer_auth(&key)).await.json();
    assert_eq!(listed["links"].as_array().expect("a list").len(), 4, "{listed}");
}

/// The total goes on where it was, also in the month after.
#[tokio::test]
async fn visits_are_added_to_those_at_the_source() {
    let house = House::new(LIST).await;
    house.import(&["--apply"]).await;
    for _ in 0..2 {
        assert_eq!(send(house.app.get("/1").header("user-agent", FIREFOX)).await.status, 301);
        house.app.resolve.after_response().await;
        house.app.advance_clock(40 * 86_400);
    }
    let preview = send(house.app.get("/1+").header("accept", "application/json")).await.json();
    assert_eq!(preview["visits"], 1236, "{preview}");
}

#[tokio::test]
async fn undo_leaves_what_somebody_has_changed() {
    let house = House::new(LIST).await;
    let applied = house.import(&["--json", "--apply"]).await;
    let id = applied.json()["import_id"].as_str().expect("an id").to_owned();
    let admin = house.app.create_key("admin", &[Scope::Admin]).await;
    let change = house.app.request(Method::PATCH, "/links/1").bearer_auth(&admin).body(r#"{"title":"New"}"#);
    assert_eq!(send(change).await.status, 200);
    // By another program.
    let update = house.app.dynamodb.update_item().table_name("links");
    let update = update.key("shortCode", AttributeValue::S("ab".to_owned())).update_expression("SET x = :x");
    update.expression_attribute_values(":x", AttributeValue::Bool(true)).send().await.expect("an update");
    // Visits are no change of the link.
    assert_eq!(send(house.app.get("/Mixed-Case_").header("user-agent", FIREFOX)).await.status, 301);
    house.app.resolve.after_response().await;
    let undone = house.undo(&id).await;
    assert_eq!(undone.json(), json!({"removed": 1, "kept": 2}), "{undone:?}");
    let mut keys = house.app.keys().await;
    keys.retain(|key| !key.starts_with("key") && !key.starts_with("history#"));
    keys.sort();
    assert_eq!(keys, ["1", "ab", "same", "taken", "visits#1", "visits#ab"]);
}

#[tokio::test]
async fn old_and_new_service_are_compared() {
    let house = House::new(LIST).await;
    let links = [
        ("1", "https://example.com/one"),
        ("Mixed-Case_", "HTTPS://EXAMPLE.com:443/three"),
        ("same", "https://example.com/same"),
        ("taken", "https://example.com/mine"),
        ("about", "https://example.com/about"),
    ];
    let links: Links = links.into_iter().map(|(code, target)| (code.to_owned(), target.to_owned())).collect();
    let old = OldService::start(links).await;
    let verify = ["--verify", &old.url, "--verify-rate", "1000"];
    let compared = house.import(&[&["--apply"], &verify[..]].concat()).await;
    assert_eq!(compared.code, Some(1), "{compared:?}");
    let summary = compared.stdout.lines().last().expect("a line");
    // `1` and `ab` are asked for twice, as they are in the list twice.
    let expected = "The old and the new service: 5 same, 1 same but for spelling, 1 differ, 0 missing, 4 refused, 0 without an \
                    answer.";
    assert_eq!(summary, expected, "{compared:?}");
    assert!(compared.stdout.contains(
        "taken: differs: the old service answers with a redirect to https://example.com/mine, the new one with a redirect to \
         https://example.com/theirs"
    ));
    assert_eq!(old.connections(), 1, "one connection for all codes");
    assert!(old.requests().contains(&"/Mixed-Case_".to_owned()), "{:?}", old.requests());

    // Once the difference is gone, and over HTTP on both sides.
    house.app.delete_item("taken").await;
    std::fs::write(&house.file, LIST.split("about;").next().expect("the first rows")).expect("a file");
    let new = format!("http://{}", house.app.address);
    let agreed = house.import(&[&["--apply", "--json", "--new", &new], &verify[..]].concat()).await;
    assert_eq!(agreed.code, Some(0), "{agreed:?}");
    let last: Value = serde_json::from_str(agreed.stdout.lines().last().expect("a line")).expect("JSON");
    let verified = &last["verified"];
    assert_eq!((&verified["same"], &verified["same_but_for_spelling"]), (&json!(4), &json!(1)), "{last}");

    house.app.delete_item("1").await;
    let missing = house.import(&[&["--json"], &verify[..]].concat()).await;
    let line: Value = serde_json::from_str(missing.stdout.lines().next().expect("a line")).expect("JSON");
    assert_eq!(
        (missing.code, &line["code"], &line["verdict"]),
        (Some(1), &json!("1"), &json!("missing")),
        "{missing:?}"
    );
}

#[tokio::test]
async fn throttled_import_is_done_wholly() {
    let mut list = "code,target\n".to_owned();
    for n in 0..200 {
        writeln!(list, "code-{n},https://example.com/{n}").expect("a text");
    }
    let house = House::new(list).await;
    let puts = std::sync::atomic::AtomicUsize::new(0);
    // More at once than the SDK itself repeats.
    let proxy = FaultProxy::builder().on_request(move |request| {
        let is_put = request.contains("DynamoDB_20120810.PutItem");
        let is_throttled = is_put && puts.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 1_500;
        if is_throttled { RequestFault::Respond(THROTTLED) } else { RequestFault::None }
    });
    let proxy = proxy.start(house.app.endpoint_url()).await;
    let table = ["--endpoint-url", proxy.url(), "--table", "links"];
    let applied = run(&[&["import", text(&house.file), "--apply", "--json"], &table[..]].concat()).await;
    // If the response to a put is lost, the next attempt finds its own link.
    let [new, same, conflict, refused] = counts(&applied);
    assert_eq!((applied.code, new + same, conflict, refused), (Some(0), 200, 0, 0), "{applied:?}");
    assert_eq!(house.app.keys().await.len(), 202);
}

/// What is wrong with the credentials is not wrong with the rows.
#[tokio::test]
async fn missing_permission_ends_the_import_with_a_sentence() {
    const DENIED: &[u8] =
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 79\r\n\r\n\
        {\"__type\":\"com.amazon.coral.service#AccessDeniedException\",\"Message\":\"Denied.\"}";
    let house = House::new(LIST).await;
    let proxy = FaultProxy::builder().on_request(|request| match request.contains("DynamoDB_20120810.PutItem") {
        true => RequestFault::Respond(DENIED),
        false => RequestFault::None,
    });
    let proxy = proxy.start(house.app.endpoint_url()).await;
    let table = ["--endpoint-url", proxy.url(), "--table", "links"];
    let denied = run(&[&["import", text(&house.file), "--apply"], &table[..]].concat()).await;
    assert_eq!((denied.code, denied.stdout.as_str()), (Some(1), ""), "{denied:?}");
    assert!(denied.stderr.contains("AccessDeniedException") && denied.stderr.lines().count() == 1, "{denied:?}");
}

/// A link with a password would be public here.
#[tokio::test]
async fn links_with_passwords_are_imported_only_on_request() {
    for (name, code, others) in [("kutt.json", "locked", 3), ("dub.json", "off", 1)] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("import").join(name);
        let house = House::new(std::fs::read(path).expect("a file")).await;
        let row = || house.report().into_iter().find(|row| row["code"] == code).expect("a row");

        let refused = house.import(&["--json", "--apply"]).await;
        assert_eq!((refused.code, counts(&refused)[0]), (Some(1), others), "{refused:?}");
        assert_eq!(row()["outcome"], "refused");
        assert_eq!(
            row()["reason"],
            "it has a password at the source, and here whoever has the short URL could follow it; --without-passwords imports it"
        );
        assert_eq!(house.app.item(code).await, None, "{name}");

        let imported = house.import(&["--json", "--apply", "--without-passwords"]).await;
        assert_eq!(counts(&imported)[..2], [1, others], "{imported:?}");
        assert_eq!((&row()["outcome"], &row()["reason"]), (&json!("new"), &Value::Null));
        let not_carried = row()["not_carried"].as_array().expect("a list").clone();
        assert!(
            not_carried.contains(&json!("the password: here whoever has the short URL can follow it")),
            "{not_carried:?}"
        );
        assert!(house.app.item(code).await.is_some(), "{name}");
    }
}

/// The exports of other shorteners, each with the traps of its service: dry run, import, again, comparison, undo.
#[tokio::test(flavor = "multi_thread")]
async fn each_source_moves_in_is_verified_and_moves_out() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("import");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let (count, mut moved) = (files.len(), 0);
    for path in files {
        let house = House::new(std::fs::read(&path).expect("a file")).await;
        let before = house.items().await;
        let format = shortlink_import::detect(&house.file).expect("a format");
        let mut links = Links::new();
        for row in shortlink_import::open(&house.file, format).expect("a source") {
            if let Outcome::Link(link) = row.expect("a row").outcome
                && !link.withdrawn
                && link.expires_at.is_none_or(|end| end > unix_now())
            {
                links.entry(link.code).or_insert(link.target);
            }
        }
        let old = OldService::start(links).await;
        let options = ["--json", "--allow-reserved"];
        let dry = house.import(&options).await;
        assert_eq!(house.items().await, before, "{}: {dry:?}", path.display());
        let verify = ["--verify", &old.url, "--verify-rate", "1000"];
        let applied = house.import(&[&options[..], &["--apply"], &verify].concat()).await;
        let summary: Value = serde_json::from_str(applied.stdout.lines().last().expect("a line")).expect("JSON");
        let number = |name: &str| summary[name].as_u64().unwrap_or_else(|| panic!("{name}: {summary}"));
        assert_eq!(counts(&dry)[0], number("new"), "{}: {dry:?} {summary}", path.display());
        moved += usize::from(number("new") > 0);
        assert_eq!(summary["format"], format.name());
        let rows = ["new", "same", "conflict", "refused"].map(number).iter().sum::<u64>();
        assert_eq!(house.report().len() as u64, rows, "a line for each row");
        // What could be imported answers as it did.
        let verified = &summary["verified"];
        for name in ["missing", "unanswered"] {
            assert_eq!(verified[name], 0, "{}: {applied:?}", path.display());
        }
        assert_eq!(verified["refused"], summary["refused"], "{}: {applied:?}", path.display());
        assert!(verified["differs"].as_u64() <= summary["conflict"].as_u64(), "{}: {applied:?}", path.display());
        let after = house.items().await;
        let again = house.import(&[&options[..], &["--apply"]].concat()).await;
        assert_eq!(counts(&again)[0], 0, "{}: {again:?}", path.display());
        assert_eq!(house.items().await, after, "{}", path.display());
        let undone = house.undo(summary["import_id"].as_str().expect("an id")).await;
        assert_eq!(undone.json(), json!({"removed": number("new"), "kept": 0}), "{}", path.display());
        assert_eq!(house.items().await, before, "{}", path.display());
    }
    assert!(count > 20 && moved + 2 > count, "{moved} of {count} files have links that can be imported");
}

/// `kill -9` in the middle of an import, and of restoring an export. Each is then run again.
#[tokio::test(flavor = "multi_thread")]
async fn killed_import_ends_the_same_when_it_is_run_again() {
    stopped_import_ends_the_same("KILL").await;
}

/// Ctrl-C, after which the rows that were under way are whole and in the report.
#[tokio::test(flavor = "multi_thread")]
async fn interrupted_import_ends_the_same_when_it_is_run_again() {
    stopped_import_ends_the_same("INT").await;
}

async fn stopped_import_ends_the_same(signal: &str) {
    const LINKS: usize = 4_000;
    let mut list = "code,target,clicks\n".to_owned();
    for n in 0..LINKS {
        writeln!(list, "code-{n},https://example.com/{n},{}", n + 1).expect("a text");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let [csv, first, second, export, again, report] =
        ["list.csv", "first.db", "second.db", "first.ndjson", "second.ndjson", "report.ndjson"]
            .map(|name| folder.path().join(name));
    std::fs::write(&csv, list).expect("a file");
    for (file, data) in [(&csv, &first), (&export, &second)] {
        if file == &export {
            succeed(&["export", "--data", text(&first), "--output", text(&export)]).await;
        }
        let arguments = ["import", text(file), "--apply", "--json", "--report", text(&report), "--data", text(data)];
        let mut process = program(&arguments).spawn().expect("a process");
        while items_so_far(data) < 500 {
            assert!(process.try_wait().expect("a status").is_none(), "it must be stopped before it ends");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        send_signal(&process, signal).await;
        let stopped = process.wait_with_output().await.expect("a status");
        let mut stopped_after = 0;
        if signal == "INT" {
            stopped_after = std::fs::read_to_string(&report).expect("a report").lines().count();
            let sentence = format!("stopped after {stopped_after} rows; run the same command again to do the rest");
            let stderr = String::from_utf8(stopped.stderr).expect("UTF-8");
            assert!(stderr.contains(&sentence) && stderr.lines().count() == 1, "{sentence}: {stderr}");
            assert_eq!((stopped.status.code(), stopped.stdout.len()), (Some(1), 0));
            let items = items_so_far(data);
            let expected = if file == &csv { 2 * stopped_after } else { stopped_after };
            assert_eq!(items, i64::try_from(expected).expect("small"), "each row that was begun is whole");
        } else {
            assert_eq!(stopped.status.code(), None);
        }
        let resumed = succeed(&arguments).await.json();
        let [new, same] = ["new", "same"].map(|name| resumed[name].as_u64().expect("a number"));
        assert!(same >= stopped_after as u64, "{resumed}");
        let rows = if file == &csv { LINKS } else { 2 * LINKS };
        assert_eq!(new + same, rows as u64, "{resumed}");
        assert!(new > 0 && same > 0, "it was stopped in the middle: {resumed}");
    }
    succeed(&["export", "--data", text(&second), "--output", text(&again)]).await;
    let items = |path: &Path| {
        let file = std::fs::read_to_string(path).expect("a file");
        let lines: Vec<_> = file.lines().map(str::to_owned).collect();
        lines[1..lines.len() - 1].to_vec()
    };
    let items = [items(&export), items(&again)];
    assert_eq!(items[0].len(), 2 * LINKS);
    assert!(items[0] == items[1], "the same items");
    succeed(&["export", "verify", text(&again)]).await;
}

/// How many items an embedded table has.
fn items_so_far(data: &Path) -> i64 {
    use rusqlite::{Connection, OpenFlags};
    let count = Connection::open_with_flags(data, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .and_then(|connection| connection.query_row("SELECT count(*) FROM shortlink", [], |row| row.get(0)));
    count.unwrap_or(0)
}

#[tokio::test]
async fn wrong_input_is_said_in_one_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("list");
    std::fs::write(&path, "hello\n").expect("a file");
    let data = folder.path().join("links.db");
    for (arguments, code, sentence) in [
        (&["import"][..], 2, "FILE"),
        (&["import", text(&path), "--undo", "x"], 2, "cannot be used with"),
        (&["import", text(&path), "--new", "https://x.example"], 2, "--verify"),
        (&["import", text(&path), "--verify", "old.example"], 2, "URL"),
        (&["import", text(&path), "--format", "paper"], 2, "no format is called"),
        (&["import", "missing", "--data", text(&data)], 1, "cannot open missing"),
        (&["import", text(&path), "--data", text(&data)], 1, "the format of this file is not known"),
        (&["import", "--undo", "x", "--data", text(&folder.path().join("none"))], 1, "there is no file"),
    ] {
        let run = run(arguments).await;
        assert_eq!(run.code, Some(code), "{run:?}");
        assert!(run.stderr.contains(sentence), "{sentence}: {run:?}");
        assert!(code == 2 || run.stderr.lines().count() == 1, "{run:?}");
    }
}
