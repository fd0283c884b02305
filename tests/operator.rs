//! `shortlink links` and `shortlink visits`: what the operator sees and changes, over a table and over a file.

use std::collections::BTreeSet;
use std::process::Stdio;

use aws_sdk_dynamodb::types::AttributeValue;
use insta::assert_snapshot;
use serde_json::{Value, json};
use shortlink_core::domain::clock::{Clock, Timestamp};
use shortlink_core::domain::visit::{Flush, VisitCounts, VisitedLink, Visitor};
use shortlink_core::dynamodb::visit_counts::WriteLimits;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use crate::support::aws_services::{AwsServices, stack_xml};
use crate::support::function_process::send_signal;
use crate::support::operator::{TABLE, Table, program, run, to_run};
use crate::support::server::Server;

const DAY: i64 = 86_400;

/// Puts items as another tool would.
async fn put(table: &Table, item: &[(&str, AttributeValue)]) {
    let mut put = table.client.put_item().table_name(TABLE);
    for (name, value) in item {
        put = put.item(*name, value.clone());
    }
    put.send().await.expect("a response");
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// The codes that a list shows, in alphabetical order.
async fn codes(table: &Table, arguments: &[&str]) -> Vec<String> {
    let lines = table.run(&[&["links", "list", "--json"], arguments].concat()).await.ok();
    let code = |line: &str| {
        let link: Value = serde_json::from_str(line).expect("JSON");
        link["code"].as_str().expect("a code").to_owned()
    };
    lines.lines().map(code).collect::<BTreeSet<_>>().into_iter().collect()
}

#[tokio::test]
async fn links_are_filtered() {
    let table = Table::start().await;
    let now = Clock::system().now().unix();
    let link = |code, host: &str, created, expires: Option<i64>, rest: &[(&'static str, AttributeValue)]| {
        let target = format!("https://{host}/");
        let mut item = vec![("shortCode", s(code)), ("originalUrl", s(&target)), ("createdAt", n(created))];
        item.extend(expires.map(|at| ("expiresAt", n(at))));
        item.extend(rest.iter().cloned());
        item
    };
    for item in [
        link("old", "example.com", now - 10 * DAY, Some(now - DAY), &[("owner", s("web"))]),
        link("new", "www.example.com", now - DAY, Some(now + DAY), &[("owner", s("web"))]),
        link("eternal", "example.org", now - 5 * DAY, None, &[("owner", s("press"))]),
        link("gone", "notexample.com", now - 5 * DAY, Some(now + 9 * DAY), &[("withdrawnAt", n(now))]),
        link("evil", "evil.example", now - 5 * DAY, Some(now + 9 * DAY), &[("blockedAt", n(now))]),
    ] {
        put(&table, &item).await;
    }
    // What is no link is not listed.
    for key in ["visits#old", "history#old#1", "key#00", "hosts#"] {
        put(&table, &[("shortCode", s(key)), ("createdAt", n(now))]).await;
    }
    let day = |offset: i64| Timestamp::from_unix(now + offset * DAY).expect("in range").to_string();
    let (three_days_ago, in_two_days) = (day(-3), day(2));
    for (arguments, expected) in [
        (&[][..], &["eternal", "evil", "gone", "new", "old"][..]),
        (&["--segments", "7"], &["eternal", "evil", "gone", "new", "old"]),
        (&["--owner", "web"], &["new", "old"]),
        (&["--host", "example.com"], &["new", "old"]),
        (&["--created-after", &three_days_ago], &["new"]),
        (&["--created-before", &three_days_ago], &["eternal", "evil", "gone", "old"]),
        (&["--expires-before", &in_two_days], &["new", "old"]),
        (&["--expires-after", &in_two_days], &["evil", "gone"]),
        (&["--withdrawn"], &["gone"]),
        (&["--blocked"], &["evil"]),
        (&["--owner", "web", "--expires-after", "2000-01-01", "--created-after", &three_days_ago], &["new"]),
        (&["--owner", "nobody"], &[]),
    ] {
        assert_eq!(codes(&table, arguments).await, expected, "{arguments:?}");
    }
    let people = table.run(&["links", "list", "--owner", "web"]).await.ok();
    let rows: Vec<Vec<_>> = people.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["CODE", "STATE", "CREATED", "EXPIRES", "OWNER", "TARGET"]);
    assert_eq!((rows[1][0], rows[1][1], rows[1][5]), ("new", "live", "https://www.example.com/"));
    assert_eq!((rows[2][0], rows[2][1], rows[2][4]), ("old", "expired", "web"));
    for line in people.lines().skip(1) {
        assert_eq!(line.find("https"), people.find("TARGET"), "the columns are aligned: {people}");
    }
}

/// A page has 1,000 items, and each segment has several.
#[tokio::test(flavor = "multi_thread")]
async fn every_link_is_listed_once_whatever_the_segments() {
    const LINKS: usize = 4_500;
    let table = Table::start().await;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..10 {
        let client = table.client.clone();
        writers.spawn(async move {
            for number in (writer..LINKS).step_by(10) {
                let put = client.put_item().table_name(TABLE).item("shortCode", s(&format!("link-{number:04}")));
                let put = put.item("originalUrl", s("https://example.com/")).item("createdAt", n(1_800_000_000));
                put.send().await.expect("a response");
            }
        });
    }
    writers.join_all().await;
    let expected: Vec<_> = (0..LINKS).map(|number| format!("link-{number:04}")).collect();
    for segments in ["1", "3"] {
        let lines = table.run(&["links", "list", "--segments", segments, "--read-units", "1000000"]).await.ok();
        let mut codes: Vec<_> = lines.lines().skip(1).map(|line| line.split(' ').next().expect("a code")).collect();
        codes.sort_unstable();
        assert_eq!(codes, expected, "{segments}");
    }
    // A reader that has what it wanted, such as head, is no error to talk about.
    let url = &table.dynamodb.endpoint_url;
    let arguments = ["links", "list", "--table", TABLE, "--endpoint-url", url];
    let mut process =
        program(&arguments, &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a process");
    let mut lines = BufReader::new(process.stdout.take().expect("stdout")).lines();
    assert!(lines.next_line().await.expect("readable").expect("a line").starts_with("CODE"));
    drop(lines);
    let mut errors = String::new();
    process.stderr.take().expect("stderr").read_to_string(&mut errors).await.expect("UTF-8");
    assert_eq!((process.wait().await.expect("an exit status").code(), errors.as_str()), (Some(1), ""));
}

#[tokio::test]
async fn operator_changes_links_and_history_says_so() {
    let table = Table::start().await;
    let created = table.run(&[
        "links",
        "create",
        "https://example.com/a",
        "--alias",
        "spring",
        "--owner",
        "web",
        "--title",
        "Spring",
        "--tags",
        "a,b",
        "--expires-in",
        "30d",
        "--json",
    ]);
    let created = created.await.json();
    assert_eq!(
        (&created["code"], &created["owner"], &created["manage_token"]),
        (&json!("spring"), &json!("web"), &Value::Null)
    );
    let lifetime = |link: &Value| {
        let instant = |field: &str| Timestamp::parse(link[field].as_str().expect("an instant")).expect("an instant");
        instant("expires_at").since(instant("created_at"))
    };
    assert_eq!(lifetime(&created), 30 * DAY);
    let again = table.run(&["links", "create", "https://example.com/b", "--alias", "spring"]).await;
    assert_eq!((again.code, again.stderr.as_str()), (Some(1), "shortlink: the alias is taken\n"));
    // Without an owner there is a token; the short code alone is on standard output.
    let nobody = table.run(&["links", "create", "example.com/c"]).await;
    assert!(nobody.stderr.contains("slm_"), "{}", nobody.stderr);
    let code = nobody.ok();
    assert_eq!(code.trim().len(), 7);
    assert_eq!(lifetime(&table.run(&["links", "show", code.trim(), "--json"]).await.json()), 90 * DAY);

    for arguments in [
        &["update", "spring", "--url", "https://example.com/new", "--never-expires", "--tags", "", "--note", "n"][..],
        &["withdraw", "spring"],
        &["restore", "spring"],
        &["block", "spring"],
        &["unblock", "spring"],
    ] {
        table.run(&[&["links"], arguments].concat()).await.ok();
    }
    let transferred = table.run(&["links", "transfer", "--from", "web", "--to", "press", "--json"]).await.json();
    assert_eq!(transferred, json!({"from": "web", "to": "press", "links": 1}));
    let again = table.run(&["links", "transfer", "--from", "web", "--to", "press"]).await.ok();
    assert_eq!(again, "0 links of web belong to press now.\n");
    assert_eq!(codes(&table, &["--owner", "press"]).await, ["spring"]);

    let link = table.run(&["links", "show", "spring", "--json"]).await.json();
    let shown = ["url", "state", "expires_at", "purge_at", "owner", "title", "tags", "note", "alias", "has_token"];
    let shown: Vec<_> = shown.iter().map(|field| format!("{field} {}", link[field])).collect();
    assert_snapshot!(shown.join("\n"), @r#"
    url "https://example.com/new"
    state "live"
    expires_at null
    purge_at null
    owner "press"
    title "Spring"
    tags []
    note "n"
    alias true
    has_token false
    "#);
    let history = link["history"].as_array().expect("a history");
    assert!(history.iter().all(|change| change["changed_by"] == "operator"), "{link}");
    let changes: Vec<_> = history
        .iter()
        .map(|change| format!("{} {} {} {}", change["version"], change["fields"], change["before"], change["after"]))
        .collect();
    let changes = changes.join("\n").replace(created["expires_at"].as_str().expect("an instant"), "EXPIRY");
    assert_snapshot!(changes, @r#"
    6 ["owner"] {"owner":"web"} {"owner":"press"}
    5 ["blocked"] {"blocked":true} {"blocked":false}
    4 ["blocked"] {"blocked":false} {"blocked":true}
    3 ["withdrawn"] {"withdrawn":true} {"withdrawn":false}
    2 ["withdrawn"] {"withdrawn":false} {"withdrawn":true}
    1 ["expires_at","note","tags","url"] {"expires_at":"EXPIRY","url":"https://example.com/a"} {"expires_at":null,"url":"https://example.com/new"}
    "#);
    let people = table.run(&["links", "show", "spring"]).await.ok();
    assert!(people.contains("owner: web -> press"), "{people}");
}

#[tokio::test]
async fn what_is_not_done_ends_with_1_and_a_wrong_argument_with_2() {
    let table = Table::start().await;
    table.run(&["links", "create", "https://example.com/", "--alias", "spring"]).await.ok();
    table.run(&["block", "evil.example", "--no-wait"]).await.ok();
    // The links that exist are withdrawn all the same.
    let partly = table.run(&["links", "withdraw", "nope", "spring", "none"]).await;
    assert_eq!(partly.code, Some(1));
    assert!(partly.stdout.contains("spring is withdrawn") && partly.stderr.contains("nope, none"), "{partly:?}");
    assert_eq!(table.run(&["links", "show", "spring", "--json"]).await.json()["state"], "withdrawn");
    for (arguments, expected) in [
        (&["links", "show", "nope"][..], 1),
        (&["links", "update", "nope", "--title", "x"], 1),
        (&["links", "update", "spring"], 2),
        (&["links", "update", "spring", "--url", "javascript:alert(1)"], 2),
        (&["links", "update", "spring", "--expires-at", "2001-01-01"], 2),
        (&["links", "create", "https://a.evil.example/"], 1),
        (&["links", "create", "http://127.0.0.1/"], 2),
        (&["links", "transfer", "--from", "a", "--to", "a"], 2),
        (&["visits", "nope"], 1),
        (&["visits", "spring", "--from", "2030-02-01", "--to", "2030-01-01"], 2),
        (&["links", "show", "a b"], 2),
        (&["links", "create", "https://example.com/", "--alias", "admin"], 2),
        (&["links", "create", "https://example.com/", "--expires-in", "0s"], 2),
        (&["links", "create", "https://example.com/", "--expires-in", "1d", "--never-expires"], 2),
        (&["links", "list", "--created-after", "yesterday"], 2),
        (&["links", "list", "--segments", "0"], 2),
        (&["links", "list", "--read-units", "0"], 2),
        (&["links", "list", "--data", "x.db"], 2),
        (&["links", "list", "--stack", "x"], 2),
        (&["links", "transfer", "--from", "a b", "--to", "c"], 2),
        (&["visits", "spring", "--csv", "--json"], 2),
        (&["visits", "spring", "--from", "2030-1-1"], 2),
    ] {
        let run = table.run(arguments).await;
        assert_eq!(run.code, Some(expected), "{arguments:?}: {run:?}");
        assert!(!run.stderr.is_empty() && !run.stderr.contains("panicked"), "{arguments:?}: {run:?}");
    }
    // A profile or region without a table would be ignored.
    assert_eq!(run(&["links", "list", "--profile", "x"], &[]).await.code, Some(2));
}

/// Ctrl-C ends the program between two links. Each is transferred with its history, or not at all, and the command goes on
/// where it ended.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn interrupted_transfer_leaves_every_link_whole() {
    const LINKS: usize = 300;
    let table = Table::start().await;
    for number in 0..LINKS {
        let link = [
            ("shortCode", s(&format!("link-{number}"))),
            ("originalUrl", s("https://example.com/")),
            ("createdAt", n(1_800_000_000)),
            ("owner", s("web")),
        ];
        put(&table, &link).await;
    }
    let url = &table.dynamodb.endpoint_url;
    let arguments = ["links", "transfer", "--from", "web", "--to", "press", "--table", TABLE, "--endpoint-url", url];
    let mut process = program(&arguments, &[]).spawn().expect("a process");
    let transferred = async || {
        let items = table.client.scan().table_name(TABLE).send().await.expect("items");
        let of = |name: &str, value: &str| {
            let has = |item: &&std::collections::HashMap<String, AttributeValue>| item.get(name) == Some(&s(value));
            items.items().iter().filter(has).count()
        };
        (of("owner", "press"), of("changedBy", "operator"))
    };
    while transferred().await.0 == 0 {
        tokio::task::yield_now().await;
    }
    send_signal(&process, "INT").await;
    process.wait().await.expect("an exit status");
    let (links, entries) = transferred().await;
    assert!(links < LINKS, "it was interrupted");
    assert_eq!(links, entries);
    let rest = table.run(&["links", "transfer", "--from", "web", "--to", "press", "--json"]).await.json();
    assert_eq!(rest["links"], LINKS - links);
    assert_eq!(transferred().await, (LINKS, LINKS));
}

/// What strangers write cannot control the terminal of the operator.
#[tokio::test]
async fn control_characters_of_the_table_are_escaped() {
    let table = Table::start().await;
    let hostile = "a\u{1b}[2J\u{9b}31m\u{202e}";
    let creator = AttributeValue::M([("userAgent".to_owned(), s(hostile))].into());
    let link = [("shortCode", s("abc")), ("originalUrl", s("https://example.com/")), ("createdAt", n(1_800_000_000))];
    put(&table, &[&link[..], &[("owner", s(hostile)), ("blockedHost", s(hostile)), ("creator", creator)]].concat())
        .await;
    put(&table, &[("shortCode", s(hostile)), ("originalUrl", s("x"))]).await;
    for arguments in [
        &["links", "list"][..],
        &["links", "list", "--json"],
        &["links", "show", "abc"],
        &["links", "show", "abc", "--json"],
    ] {
        let run = table.run(arguments).await;
        let is_list = arguments[1] == "list";
        assert_eq!(run.code, Some(i32::from(is_list)), "one item cannot be read: {run:?}");
        let printed = format!("{}{}", run.stdout, run.stderr);
        assert!(printed.contains("1b") && printed.contains("202e"), "{arguments:?}: {printed}");
        let harmless = |character: char| !character.is_control() || character == '\n';
        assert!(printed.chars().all(|c| harmless(c) && c != '\u{202e}'), "{arguments:?}: {printed:?}");
    }
}

/// `script` runs a command on a terminal of its own.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn colours_are_for_terminals() {
    let table = Table::start().await;
    table.run(&["links", "create", "https://example.com/", "--alias", "spring"]).await.ok();
    let shortlink = program(&[], &[]).as_std().get_program().to_str().expect("UTF-8").to_owned();
    let command = format!("{shortlink} links list --table {TABLE} --endpoint-url {}", table.dynamodb.endpoint_url);
    for (variables, has_colours) in [
        (&[("TERM", "xterm")][..], true),
        (&[("TERM", "xterm"), ("NO_COLOR", "1")], false),
        (&[("TERM", "dumb")], false),
    ] {
        let mut script = program(&[], variables);
        let environment: Vec<_> =
            script.as_std().get_envs().map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned))).collect();
        script = tokio::process::Command::new("script");
        script.args(["-qec", &command, "/dev/null"]).env_clear().stdin(Stdio::null());
        script.envs(environment.into_iter().filter_map(|(name, value)| Some((name, value?))));
        let printed =
            to_run(script.env("PATH", std::env::var("PATH").unwrap_or_default()).output().await.expect("script"));
        assert!(printed.stdout.contains("spring"), "{printed:?}");
        assert_eq!(printed.stdout.contains("\u{1b}[32mlive\u{1b}[0m"), has_colours, "{variables:?}: {printed:?}");
    }
    assert!(!table.run(&["links", "list"]).await.ok().contains('\u{1b}'));
}

#[tokio::test]
async fn visits_are_shown_as_a_chart_csv_and_json() {
    let table = Table::start().await;
    let created = table.run(&["links", "create", "https://example.com/", "--alias", "spring", "--json"]).await.json();
    let created_at = Timestamp::parse(created["created_at"].as_str().expect("an instant")).expect("an instant");
    let link = VisitedLink { code: "spring".parse_code(), created_at };
    let mut counts = VisitCounts::default();
    for (visits, referrer, country, device, is_bot) in [
        (8, Some("=1+1"), Some("DE"), "phone", false),
        (4, None, Some("FR"), "desktop", false),
        (3, None, None, "phone", true),
    ] {
        let referrer = referrer.map(str::to_owned);
        let visitor = Visitor { is_bot, referrer, country: country.map(str::to_owned), device };
        for _ in 0..visits {
            counts.record_day(&visitor, created_at);
            if !is_bot {
                counts.record_total(created_at);
            }
        }
    }
    let flush = Flush { id: "0".repeat(16), counts, purge_at: None };
    let limits = WriteLimits { call_timeout: std::time::Duration::from_secs(5), until: None };
    table.store.add_visits(&link, &flush, DAY, limits).await.expect("a response");

    let today = created_at.date();
    let json = table.run(&["visits", "spring", "--json", "--from", &today, "--to", &today]).await.json();
    assert_eq!((&json["visits"], &json["bots"], &json["total_visits"]), (&json!(12), &json!(3), &json!(12)));
    assert_eq!(json["days"], json!([{"date": today, "visits": 12, "bots": 3}]));
    let csv = table.run(&["visits", "spring", "--csv", "--from", &today, "--to", &today]).await.ok();
    let expected = format!(
        "kind,name,visits,bots\r\nday,{today},12,3\r\nreferrer,\"'=1+1\",8,\r\ncountry,DE,8,\r\ncountry,FR,4,\r\n\
         device,phone,8,\r\ndevice,desktop,4,\r\n"
    );
    assert_eq!(csv, expected);
    let chart = table.run(&["visits", "spring"]).await.ok();
    let bar = |name: &str| {
        let line = chart.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name} in {chart}"));
        line.chars().filter(|c| *c == '█').count()
    };
    assert_eq!(bar("DE") / 2, bar("FR"), "bars are proportional: {chart}");
    assert!(bar(&today) > 10 && chart.contains("12 visits from"), "{chart}");
    assert_eq!(chart.lines().filter(|line| line.starts_with("20")).count(), 30, "{chart}");
}

/// Parses a code, which must be one.
trait ParseCode {
    fn parse_code(&self) -> shortlink_core::domain::code::Code;
}

impl ParseCode for str {
    fn parse_code(&self) -> shortlink_core::domain::code::Code {
        shortlink_core::domain::code::Code::parse(self).expect("a code")
    }
}

/// A server that uses the file goes on, and what it writes is seen.
#[tokio::test(flavor = "multi_thread")]
async fn file_is_read_while_a_server_uses_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("links.db");
    let path = data.to_str().expect("UTF-8");
    let shortlink = async |arguments: &[&str]| run(&[arguments, &["--data", path]].concat(), &[]).await;
    let missing = shortlink(&["links", "list"]).await;
    assert!(missing.code == Some(1) && missing.stderr.contains("there is no file"), "{missing:?}");
    let server = Server::with_file(&data).await;
    for alias in ["first", "second"] {
        server.create_link(&json!({"url": "https://example.com/", "alias": alias})).await.expect("a link");
        let list = shortlink(&["links", "list", "--json"]).await.ok();
        assert!(list.contains(&format!("\"code\":\"{alias}\"")), "{list}");
        assert_eq!(shortlink(&["links", "show", alias, "--json"]).await.json()["url"], "https://example.com/");
        assert_eq!(shortlink(&["visits", alias, "--json"]).await.json()["total_visits"], 0);
    }
    for command in [&["hosts", "list"][..], &["keys", "list"]] {
        shortlink(command).await.ok();
    }
    for command in
        [&["links", "withdraw", "first"][..], &["links", "create", "https://example.com/"], &["block", "first"]]
    {
        let refused = shortlink(command).await;
        assert!(refused.code == Some(1) && refused.stderr.contains("in use"), "{command:?}: {refused:?}");
    }
    assert_eq!(server.location("/first").await.as_deref(), Some("https://example.com/"));
    server.signal("TERM").await;
    assert_eq!(server.exit().await.status.code(), Some(0));
    shortlink(&["links", "withdraw", "first"]).await.ok();
    assert!(shortlink(&["links", "list", "--withdrawn"]).await.ok().contains("first"));
}

/// The stack names the table, and its parameters are the settings.
#[tokio::test]
async fn stack_names_the_table_and_the_settings() {
    let table = Table::start().await;
    let parameters = [("ExpiresInDefault", "3600"), ("PurgeAfter", "never"), ("CodeLength", "12"), ("HomeUrl", "")];
    let outputs = [("TableName", TABLE), ("ShortUrlBase", "https://sho.rt")];
    let xml = stack_xml("UPDATE_COMPLETE", &parameters, &outputs);
    let services = AwsServices::start(move |action, request| {
        assert_eq!(action, "cloudformation:DescribeStacks");
        match request.contains("StackName=links") {
            true => (200, xml.clone()),
            false => (
                400,
                "<ErrorResponse><Error><Code>ValidationError</Code><Message>Stack with id other does not \
                           exist</Message></Error></ErrorResponse>"
                    .to_owned(),
            ),
        }
    })
    .await;
    let variables = [
        ("AWS_ENDPOINT_URL_CLOUDFORMATION", services.url.as_str()),
        ("AWS_ENDPOINT_URL_DYNAMODB", table.dynamodb.endpoint_url.as_str()),
        // The settings of the stack apply, and not these.
        ("CODE_LENGTH", "30"),
    ];
    let created =
        run(&["links", "create", "https://example.com/", "--json", "--stack", "links"], &variables).await.json();
    let code = created["code"].as_str().expect("a code");
    assert_eq!((code.len(), &created["short_url"]), (12, &json!(format!("https://sho.rt/{code}"))));
    let link = run(&["links", "show", code, "--json", "--stack", "links"], &variables).await.json();
    assert_eq!(link["purge_at"], Value::Null);
    let own = run(&["links", "create", "https://sho.rt/x", "--stack", "links"], &variables).await;
    assert!(own.code == Some(2) && own.stderr.contains("points to this service"), "{own:?}");
    let other = run(&["links", "list", "--stack", "other"], &variables).await;
    assert_eq!(other.code, Some(1));
    assert!(other.stderr.contains("Stack with id other does not exist"), "{other:?}");
}

/// What programs read: one document, or one a line.
#[tokio::test]
async fn every_command_prints_json() {
    let table = Table::start().await;
    table.run(&["links", "create", "https://evil.example/", "--alias", "spring"]).await.ok();
    let key = table.run(&["keys", "create", "ci", "--owner", "web", "--json"]).await.json();
    assert!(key["key"].as_str().expect("a key").starts_with("sl_") && key["valid"] == true, "{key}");
    assert_eq!((&key["name"], &key["owner"], &key["scopes"]), (&json!("ci"), &json!("web"), &json!(["own"])));
    let listed = table.run(&["keys", "list", "--json"]).await.json();
    assert!(listed["key"].is_null() && listed["name"] == "ci" && listed["valid"] == true, "{listed}");
    let revoked = table.run(&["keys", "revoke", "ci", "--json"]).await.json();
    assert_eq!(revoked, json!({"name": "ci", "revoked": true}));
    assert_eq!(table.run(&["keys", "list", "--json"]).await.json()["valid"], false);
    let blocked = table.run(&["links", "block", "spring", "--json"]).await.json();
    assert_eq!(blocked, json!({"code": "spring", "blocked": true}));
    table.run(&["links", "unblock", "spring"]).await.ok();
    let host = table.run(&["block", "evil.example", "--no-wait", "--json"]).await.json();
    assert_eq!(host, json!({"host": "evil.example", "blocked": true, "links": 1}));
    let allowed = table.run(&["allow", "example.com", "--json"]).await.json();
    let lists = json!({"blocked": ["evil.example"], "allowed": ["example.com"]});
    assert_eq!((&allowed, &table.run(&["hosts", "list", "--json"]).await.json()), (&lists, &lists));
    assert_eq!(table.run(&["disallow", "example.com", "--json"]).await.json()["allowed"], json!([]));
    let withdrawn = table.run(&["links", "withdraw", "spring", "--json"]).await.json();
    assert_eq!((&withdrawn["code"], &withdrawn["withdrawn_at"].is_string()), (&json!("spring"), &true));
}

#[tokio::test]
async fn errors_of_the_connection_say_what_to_do() {
    let missing = Table::start().await;
    let url = &missing.dynamodb.endpoint_url;
    let error = async |arguments: &[&str], variables: &[(&str, &str)]| {
        let run = run(&[&["links", "list"], arguments].concat(), variables).await;
        assert_eq!((run.code, run.stderr.lines().count()), (Some(1), 1), "{run:?}");
        run.stderr
    };
    let no_table = error(&["--table", "none", "--endpoint-url", url], &[]).await;
    assert!(no_table.contains("\"none\" does not exist"), "{no_table}");
    let nobody = error(&["--table", TABLE, "--endpoint-url", "http://127.0.0.1:1"], &[]).await;
    assert!(nobody.contains("check the address and the network"), "{nobody}");
    let unknown = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];
    let no_credentials = error(&["--table", TABLE, "--endpoint-url", url], &unknown).await;
    assert!(no_credentials.contains("sign in with the AWS CLI"), "{no_credentials}");
    let no_region = error(&["--table", TABLE], &[("AWS_REGION", "")]).await;
    assert!(no_region.contains("AWS_REGION"), "{no_region}");
    let no_stack_region = error(&["--stack", TABLE], &[("AWS_REGION", "")]).await;
    assert!(no_stack_region.contains("--region"), "{no_stack_region}");
    let no_profile = error(&["--table", TABLE, "--endpoint-url", url, "--profile", "none"], &unknown).await;
    assert!(no_profile.contains("credentials"), "{no_profile}");
}

#[tokio::test]
async fn program_completes_and_says_its_version() {
    for (shell, expected) in [("bash", "complete -F"), ("zsh", "#compdef shortlink"), ("fish", "complete -c shortlink")]
    {
        let script = run(&["completions", shell], &[]).await.ok();
        assert!(script.contains(expected) && script.contains("transfer"), "{shell}");
    }
    assert_eq!(run(&["completions", "cmd"], &[]).await.code, Some(2));
    let version = run(&["--version"], &[]).await.ok();
    let number = version.trim().strip_prefix("shortlink ").expect("a version");
    assert_eq!(number.split(' ').next(), Some(env!("CARGO_PKG_VERSION")));
    // In a repository it names the commit; a tarball has none.
    let git = |arguments: &[&str]| {
        let output = std::process::Command::new("git").args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8(output.stdout).expect("UTF-8"))
    };
    let is_ours = git(&["ls-files", "--error-unmatch", "../crates/cli/build.rs"]).is_some();
    if is_ours && std::env::var_os("SHORTLINK_COMMIT").is_none() {
        let commit = git(&["rev-parse", "--short=12", "HEAD"]).expect("a commit");
        assert_eq!(number, format!("{} ({})", env!("CARGO_PKG_VERSION"), commit.trim()));
    }
}

/// Each command shows how it is called.
#[tokio::test]
async fn help_has_an_example() {
    for command in [
        "links list",
        "links show",
        "links create",
        "links update",
        "links withdraw",
        "links restore",
        "links block",
        "links unblock",
        "links transfer",
        "visits",
        "block",
        "unblock",
        "keys create",
        "keys list",
        "keys revoke",
        "hosts list",
        "allow",
        "disallow",
        "completions",
        "doctor",
        "smoke",
        "login",
        "grant",
        "grant-key create",
        "grant-key replace",
    ] {
        let help = run(&[&command.split(' ').collect::<Vec<_>>()[..], &["--help"]].concat(), &[]).await.ok();
        assert!(help.contains(&format!("shortlink {command}")) && help.contains("Example"), "{command}: {help}");
    }
}
