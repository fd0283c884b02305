//! Counting the visits in CloudFront's logs.

use std::fmt::Write as _;
use std::io::Write as _;

use edge_log::counter::{self, Counted};
use edge_log::log_file::{self, FileCounts};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::code::Code;
use shortlink_core::domain::visit::VisitCounts;
use shortlink_core::dynamodb::log_entries::LogEntry;
use shortlink_core::http::handler::Handler;
use shortlink_core::visits::recorder::VisitTracking;

use crate::support::app::{NOW, TestApp, send};
use crate::support::user_agents::{CURL, FIREFOX, IPHONE};

const RETENTION: i64 = 400 * 86_400;
const FILE: &str = "AWSLogs/123456789012/CloudFront/E2EXAMPLE/2030/01/01/00/E2EXAMPLE.2030-01-01-00.0a1b2c3d.gz";

/// A line as CloudFront writes it: all values are texts, and what clients send is percent-encoded.
fn line(code: &str, time: &str, result: &str, user_agent: &str) -> String {
    let (date, time) = time.split_once(' ').expect("a date and a time");
    let line = json!({
        "date": date, "time": time, "cs-method": "GET", "cs-uri-stem": format!("/{code}"), "sc-status": "301",
        "x-edge-result-type": result, "cs(User-Agent)": user_agent.replace(' ', "%20"),
        "cs(Referer)": "https://news.example.org/a%20page", "c-country": "DE",
    });
    line.to_string()
}

fn compressed(lines: &[String]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    for line in lines {
        writeln!(encoder, "{line}").expect("memory");
    }
    encoder.finish().expect("memory")
}

fn counts(lines: &[String]) -> FileCounts {
    log_file::count(&compressed(lines), VisitTracking::Daily)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(seconds).expect("in range")
}

async fn count(app: &TestApp, name: &str, counts: &FileCounts) -> Counted {
    counter::count_once(&app.store, name, counts, RETENTION, at(NOW)).await.expect("counted")
}

/// A service with these links, which were created a day ago.
async fn app_with(codes: &[&str]) -> TestApp {
    let app = TestApp::start().await;
    for code in codes {
        app.put_item(json!({
            "shortCode": code, "originalUrl": "https://example.com/", "createdAt": NOW - 86_400,
            "expiresAt": NOW + 86_400, "purgeAt": NOW + 2 * 86_400,
        }))
        .await;
    }
    app
}

/// The counts of a link, without its flush id.
async fn item(app: &TestApp, key: &str) -> Value {
    let item = app.item(key).await.unwrap_or_default();
    let values = item.into_iter().filter(|(name, _)| name != "flushId").map(|(name, value)| {
        let value = match (value.as_n(), value.as_s(), value.as_ss()) {
            (Ok(number), ..) => json!(number.parse::<i64>().expect("a number")),
            (_, Ok(text), _) => json!(text),
            (.., Ok(texts)) => json!(texts),
            _ => panic!("{value:?}"),
        };
        (name, value)
    });
    values.collect()
}

#[tokio::test]
async fn visits_in_a_log_are_counted_with_the_others() {
    let app = app_with(&["here"]).await;
    let request = app.get("/here").header("user-agent", FIREFOX).header("referer", "https://example.org/");
    assert_eq!(send(request).await.status, 301);
    app.resolve.shutdown().await;
    let lines = [
        line("here", "2030-01-01 00:00:10", "Hit", FIREFOX),
        line("here", "2030-01-01 00:00:12", "Miss", FIREFOX),
        line("here", "2030-01-01 00:00:11", "RefreshHit", IPHONE),
        line("here", "2030-01-01 00:00:13", "Hit", CURL),
        line("here", "2029-12-31 23:59:59", "Hit", FIREFOX),
        line("gone", "2030-01-01 00:00:10", "Hit", FIREFOX),
    ];
    let counted = count(&app, FILE, &counts(&lines)).await;
    assert_eq!(counted, Counted { visits: 3, links: 1, unknown: 1 });
    assert_eq!(
        item(&app, "visits#here").await,
        json!({
            "shortCode": "visits#here", "linkCreatedAt": NOW - 86_400, "visitMonth": "2030-01", "hits": 4,
            "lastHitAt": NOW + 11, "d0101": 3, "b0101": 1, "d1231": 1, "desktop": 3, "phone": 1, "c:DE": 3,
            "r:example.org": 1, "r:news.example.org": 3, "referrers": ["example.org", "news.example.org"],
            "purgeAt": NOW + 2 * 86_400,
        })
    );
    assert!(!app.keys().await.contains(&"visits#gone".to_owned()));
}

/// The functions write the same item between two deliveries, so its last flush is another one.
#[tokio::test]
async fn a_file_that_is_delivered_twice_counts_once() {
    let app = app_with(&["here", "there"]).await;
    let lines = ["here", "there", "here"].map(|code| line(code, "2030-01-01 00:00:10", "Hit", FIREFOX));
    let counts = counts(&lines);
    for expected in 2..5 {
        count(&app, FILE, &counts).await;
        assert_eq!(app.number("visits#here", "hits").await, expected, "after the functions' visits");
        assert_eq!(send(app.get("/here").header("user-agent", FIREFOX)).await.status, 301);
        app.advance_clock(2);
        app.resolve.shutdown().await;
    }
    assert_eq!(app.number("visits#there", "hits").await, 1);
    // Another file with the same lines is of other visits.
    count(&app, "another", &counts).await;
    assert_eq!(app.number("visits#there", "hits").await, 2);
}

/// A run ends after some links of a file, and the next one counts the others.
#[tokio::test]
async fn a_file_that_was_counted_in_part_is_completed() {
    let codes: Vec<String> = (0..40).map(|n| format!("link-{n}")).collect();
    let app = app_with(&codes.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let lines: Vec<_> = codes.iter().map(|code| line(code, "2030-01-01 00:00:10", "Hit", FIREFOX)).collect();
    let all = counts(&lines);
    let part = FileCounts {
        by_code: all.by_code.iter().take(17).map(|(k, v)| (k.clone(), v.clone())).collect(),
        ..all.clone()
    };
    count(&app, FILE, &part).await;
    count(&app, FILE, &all).await;
    for code in &codes {
        assert_eq!(app.number(&format!("visits#{code}"), "hits").await, 1, "{code}");
    }
}

#[tokio::test]
async fn concurrent_runs_count_a_file_once() {
    let app = app_with(&["here", "there"]).await;
    let lines = ["here", "there"].map(|code| line(code, "2030-01-01 00:00:10", "Hit", FIREFOX));
    let counts = counts(&lines);
    let runs = (0..4).map(|_| {
        let (store, counts) = (app.store.clone(), counts.clone());
        tokio::spawn(async move { counter::count_once(&store, FILE, &counts, RETENTION, at(NOW)).await })
    });
    for run in runs.collect::<Vec<_>>() {
        run.await.expect("no panic").expect("counted");
    }
    for code in ["here", "there"] {
        assert_eq!(app.number(&format!("visits#{code}"), "hits").await, 1, "{code}");
    }
}

#[tokio::test]
async fn a_log_of_another_month_is_counted_once_in_its_month() {
    let app = app_with(&["here"]).await;
    count(&app, "december", &counts(&[line("here", "2029-12-31 23:59:59", "Hit", FIREFOX)])).await;
    let january = counts(&[line("here", "2030-01-01 00:00:10", "Hit", FIREFOX)]);
    for _ in 0..2 {
        count(&app, "january", &january).await;
    }
    assert_eq!(app.number("visits#here", "hits").await, 2);
    assert_eq!(app.number("visits#here#2029-12", "d1231").await, 1);
    // A file of December that arrives late.
    for _ in 0..2 {
        count(&app, "late", &counts(&[line("here", "2029-12-31 23:00:00", "Hit", IPHONE)])).await;
    }
    assert_eq!(app.number("visits#here", "hits").await, 3);
    assert_eq!(app.number("visits#here", "d1231").await, 1);
}

#[test]
fn garbage_does_not_hide_visits() {
    let good = line("here", "2030-01-01 00:00:10", "Hit", FIREFOX);
    let lines = [
        good.clone(),
        "#Version: 1.0".to_owned(),
        String::new(),
        "{\"date\":\"2030-01-01\"".to_owned(),
        "x".repeat(200_000),
        "\u{0}\u{0}".to_owned(),
        good.clone(),
    ];
    let counts = counts(&lines);
    assert_eq!(counts.by_code[&Code::parse("here").expect("a code")].hits, 2);
    assert!(counts.garbage >= 4 && !counts.is_damaged, "{counts:?}");

    let truncated = compressed(
        &(0..2_000).map(|n| line(&format!("link-{n}"), "2030-01-01 00:00:10", "Hit", FIREFOX)).collect::<Vec<_>>(),
    );
    let counts = log_file::count(&truncated[..truncated.len() / 2], VisitTracking::Daily);
    assert!(
        counts.is_damaged && !counts.by_code.is_empty() && counts.by_code.len() < 2_000,
        "{}",
        counts.by_code.len()
    );
    for nothing in [&b""[..], b"not compressed", &[0x1f, 0x8b, 0xff]] {
        assert!(log_file::count(nothing, VisitTracking::Daily).by_code.is_empty(), "{nothing:?}");
    }
}

/// CloudFront may write a file in several parts, each compressed by itself.
#[test]
fn files_of_several_parts_are_read_to_the_end() {
    let part = compressed(&[line("here", "2030-01-01 00:00:10", "Hit", FIREFOX)]);
    let counts = log_file::count(&[part.clone(), part].concat(), VisitTracking::Daily);
    assert_eq!(counts.by_code[&Code::parse("here").expect("a code")].hits, 2);
}

#[tokio::test]
async fn only_what_the_operator_wants_is_counted() {
    let app = app_with(&["here"]).await;
    let lines = [line("here", "2030-01-01 00:00:10", "Hit", FIREFOX), line("here", "2030-01-01 00:00:10", "Hit", CURL)];
    let total = log_file::count(&compressed(&lines), VisitTracking::Total);
    count(&app, FILE, &total).await;
    let keys: Vec<_> = item(&app, "visits#here").await.as_object().expect("an item").keys().cloned().collect();
    assert_eq!(keys.join(" "), "hits lastHitAt linkCreatedAt purgeAt shortCode visitMonth");
    assert!(log_file::count(&compressed(&lines), VisitTracking::Off).by_code.values().all(VisitCounts::is_empty));
}

/// So that later runs need not read the file again.
#[tokio::test]
async fn a_counted_file_is_known() {
    let app = app_with(&["here"]).await;
    let mut entries = Vec::new();
    for n in 0..150 {
        let name = format!("file-{n}");
        if n % 2 == 0 {
            count(&app, &name, &FileCounts::default()).await;
        }
        entries.push(LogEntry::of_log(&name, at(NOW)));
    }
    let known = app.store.existing_log_entries(&entries).await.expect("entries");
    let expected: Vec<bool> = (0..150).map(|n| n % 2 == 0).collect();
    assert_eq!(known, expected);
    let mut listed = String::new();
    for key in app.keys().await.iter().filter(|key| key.starts_with("edgelog#")) {
        writeln!(listed, "{key}").expect("memory");
        assert!(app.number(key, "purgeAt").await > NOW.unsigned_abs() + 3 * 86_400, "{key}");
    }
    assert_eq!(listed.lines().count(), 75);
}
