//! Is every visit counted, at nobody's cost?

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use aws_sdk_dynamodb::types::AttributeValue;
use resolve::Resolve;
use resolve::config::Config;
use serde_json::json;
use shortlink_core::clock::Timestamp;
use shortlink_core::code::Code;
use shortlink_core::config::Environment;
use shortlink_core::visitor::Visitor;
use shortlink_lambda::Handler;

use crate::app::{NOW, TestApp, answer};
use crate::way::{Answered, Asked, way};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const TODAY: &str = "day#here#2030-01-01";

const THROTTLED: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: 84\r\n\r\n\
{\"__type\":\"com.amazonaws.dynamodb.v20120810#ThrottlingException\",\"message\":\"no, not\"}";

/// A person follows the link `here`.
async fn visit(app: &TestApp) {
    let followed = answer(app.get("/here").header("user-agent", FIREFOX)).await;
    assert_eq!((followed.status, followed.header("location")), (301, "https://example.com/"));
}

/// Makes the link `here`.
async fn make(app: &TestApp) {
    let made = answer(app.shorten(&json!({"url": "https://example.com/", "alias": "here"}))).await;
    assert_eq!(made.status, 201);
}

#[tokio::test]
async fn of_many_links_that_are_written_together_one_that_is_gone_keeps_no_other_from_being_counted() {
    const LINKS: usize = 120; // more than a transaction takes
    let app = TestApp::start().await;
    for n in 0..LINKS {
        let order = json!({"url": "https://example.com/", "alias": format!("link-{n}")});
        assert_eq!(answer(app.shorten(&order)).await.status, 201);
    }
    for visits in 1..=2 {
        for n in 0..LINKS {
            let followed = answer(app.get(&format!("/link-{n}")).header("user-agent", FIREFOX)).await;
            assert_eq!(followed.status, 301);
        }
        if visits == 2 {
            let key = AttributeValue::S("link-7".to_owned());
            app.dynamodb.delete_item().table_name("links").key("shortCode", key).send().await.expect("deleted");
        }
        app.resolve.finish_in_batches().await;
        assert_eq!(app.number("link-0", "hits").await, visits);
    }
    for n in (0..LINKS).filter(|n| *n != 7) {
        assert_eq!(app.number(&format!("link-{n}"), "hits").await, 2, "{n}");
        assert_eq!(app.number(&format!("day#link-{n}#2030-01-01"), "desktop").await, 2, "{n}");
    }
    assert_eq!(app.item("link-7").await, None, "no item is made for counts");
}

#[tokio::test]
async fn people_are_counted_by_day_and_programs_apart_and_head_not_at_all() {
    let app = TestApp::start().await;
    make(&app).await;
    for (agent, more) in [
        (FIREFOX, ("referer", "https://www.example.org/page?private")),
        (FIREFOX, ("cloudfront-viewer-country", "DE")),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Mobile Safari/604.1", ("accept", "*/*")),
        ("facebookexternalhit/1.1", ("referer", "https://example.org/")),
        ("curl/8.14.1", ("accept", "*/*")),
    ] {
        assert_eq!(answer(app.get("/here").header("user-agent", agent).header(more.0, more.1)).await.status, 301);
    }
    answer(app.request(reqwest::Method::HEAD, "/here").header("user-agent", FIREFOX)).await;
    answer(app.get("/unknown").header("user-agent", FIREFOX)).await;
    app.resolve.finish().await;

    assert_eq!(app.number("here", "hits").await, 3);
    assert_eq!(app.number("here", "lastHitAt").await, NOW as u64);
    let mut day: Vec<_> = app.item(TODAY).await.expect("a day").into_iter().collect();
    day.sort_by(|(a, _), (b, _)| a.cmp(b));
    insta::assert_debug_snapshot!(day, @r#"
    [
        (
            "bots",
            N(
                "2",
            ),
        ),
        (
            "country:DE",
            N(
                "1",
            ),
        ),
        (
            "desktop",
            N(
                "2",
            ),
        ),
        (
            "from:example.org",
            N(
                "1",
            ),
        ),
        (
            "hits",
            N(
                "3",
            ),
        ),
        (
            "phone",
            N(
                "1",
            ),
        ),
        (
            "purgeAt",
            N(
                "1928102400",
            ),
        ),
        (
            "referrers",
            Ss(
                [
                    "example.org",
                ],
            ),
        ),
        (
            "shortCode",
            S(
                "day#here#2030-01-01",
            ),
        ),
    ]
    "#);
    assert_eq!(app.keys().await.len(), 2, "nothing was counted for what is not there");
}

#[tokio::test]
async fn a_day_begins_at_midnight_utc_and_the_history_has_thirty() {
    let app = TestApp::start().await;
    make(&app).await;
    visit(&app).await;
    app.pass(86_399);
    visit(&app).await;
    app.pass(1);
    visit(&app).await;
    app.resolve.finish().await;
    let code = Code::parse("here").expect("a code");
    let days = app.store.days(&code, Timestamp::from_unix(NOW + 86_400).expect("in range")).await.expect("days");
    assert_eq!(days.len(), 30);
    let shown: Vec<_> = days.iter().rev().take(3).map(|day| (day.date.as_str(), day.hits, day.bots)).collect();
    assert_eq!(shown, [("2030-01-02", 1, 0), ("2030-01-01", 2, 0), ("2029-12-31", 0, 0)]);
}

#[tokio::test]
async fn a_link_is_written_at_once_and_then_at_most_once_a_second() {
    let app = TestApp::start().await;
    make(&app).await;
    visit(&app).await;
    app.resolve.after().await;
    assert_eq!(app.number("here", "hits").await, 1);
    for _ in 0..10 {
        visit(&app).await;
        app.resolve.after().await;
    }
    assert_eq!(app.number("here", "hits").await, 1, "the second is not over");
    app.pass(1);
    visit(&app).await;
    app.resolve.after().await;
    assert_eq!(app.number("here", "hits").await, 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_visit_is_lost_to_a_store_that_throttles_and_stalls_and_no_visitor_waits_for_it() {
    const VISITS: usize = 300;
    let sound = Arc::new(AtomicBool::new(false));
    let asked = Arc::new(AtomicUsize::new(0));
    let (is_sound, count) = (Arc::clone(&sound), Arc::clone(&asked));
    let fault = move |piece: &[u8]| {
        if !String::from_utf8_lossy(piece).contains("DynamoDB_20120810.UpdateItem") {
            return Asked::Pass;
        }
        match count.fetch_add(1, Ordering::SeqCst) {
            // Not one write goes through while people visit.
            n if !is_sound.load(Ordering::SeqCst) => {
                if n % 2 == 0 {
                    Asked::Reply(THROTTLED)
                } else {
                    Asked::Stall
                }
            }
            n if n % 3 == 0 => Asked::Reply(THROTTLED),
            _ => Asked::Pass,
        }
    };
    let app = TestApp::with_through(&[("HOT_LINKS", "0")], async |url| way(url, fault, || Answered::Pass).await).await;
    make(&app).await;
    let app = Arc::new(app);
    for _ in 0..VISITS / 30 {
        let visitors: Vec<_> = (0..30)
            .map(|_| {
                let app = Arc::clone(&app);
                tokio::spawn(async move { visit(&app).await })
            })
            .collect();
        app.resolve.after().await;
        for visitor in visitors {
            visitor.await.expect("an answer");
        }
        app.pass(64);
    }
    assert!(asked.load(Ordering::SeqCst) > 2, "writes were tried");
    assert_eq!(app.number("here", "hits").await, 0, "every visitor had an answer before anything was written");
    sound.store(true, Ordering::SeqCst);
    // Each link backs off for 64 s at most.
    for _ in 0..12 {
        app.pass(64);
        app.resolve.after().await;
    }
    assert_eq!(app.number("here", "hits").await, VISITS as u64);
    let (code, later) = (Code::parse("here").expect("a code"), Timestamp::from_unix(NOW + 86_000).expect("in range"));
    let days = app.store.days(&code, later).await.expect("days");
    assert_eq!(days.iter().map(|day| day.hits).sum::<u64>(), VISITS as u64);
}

#[tokio::test]
async fn a_deleted_link_is_not_made_again_by_its_visits() {
    let app = TestApp::start().await;
    make(&app).await;
    visit(&app).await;
    let key = AttributeValue::S("here".to_owned());
    app.dynamodb.delete_item().table_name("links").key("shortCode", key).send().await.expect("deleted");
    app.resolve.finish().await;
    assert_eq!(app.keys().await, [""; 0]);
}

#[tokio::test]
async fn inventing_referrers_makes_no_item_grow() {
    let app = TestApp::start().await;
    make(&app).await;
    // Three environments, which know nothing of each other.
    let clock = shortlink_core::clock::Clock::manual(Arc::new(NOW.into()));
    let config = Config::read(&Environment::new(&|_| None)).expect("defaults");
    let environments = [(); 3].map(|()| Resolve::new(config.clone(), app.store.clone(), clock.clone()));
    let mut visits = 0;
    for round in 0..4 {
        for (n, environment) in environments.iter().enumerate() {
            for host in 0..9 {
                let event = json!({
                    "routeKey": "GET /{code}", "pathParameters": {"code": "here"},
                    "headers": {"user-agent": FIREFOX, "referer": format!("https://r{round}-{n}-{host}.example/")},
                    "requestContext": {"http": {"method": "GET"}},
                });
                let raw = serde_json::value::RawValue::from_string(event.to_string()).expect("JSON");
                assert_eq!(shortlink_lambda::answer(environment, &raw).await.status_code, 301);
                visits += 1;
            }
            environment.finish().await;
        }
    }
    let day = app.item(TODAY).await.expect("a day");
    assert_eq!(day["referrers"].as_ss().expect("a set").len(), 25);
    let from: Vec<u64> = day
        .iter()
        .filter(|(name, _)| name.starts_with("from:"))
        .map(|(_, count)| count.as_n().expect("a number").parse().expect("a whole number"))
        .collect();
    assert_eq!((from.len(), from.iter().sum()), (26, visits), "25 hosts and the others");
    assert_eq!(app.number("here", "hits").await, visits);
}

#[tokio::test]
async fn the_newest_visit_stays_the_newest_whoever_writes_last() {
    let app = TestApp::start().await;
    make(&app).await;
    visit(&app).await;
    app.put_item(json!({
        "shortCode": "here", "originalUrl": "https://example.com/", "createdAt": NOW, "hits": 7, "lastHitAt": NOW + 3_600,
    }))
    .await;
    app.resolve.finish().await;
    assert_eq!((app.number("here", "hits").await, app.number("here", "lastHitAt").await), (8, NOW as u64 + 3_600));
}

/// How often each operation was asked for.
fn counting(operation: &'static str, count: &Arc<AtomicUsize>) -> impl Fn(&[u8]) -> Asked + Clone + Send + 'static {
    let count = Arc::clone(count);
    move |piece| {
        if String::from_utf8_lossy(piece).contains(&format!("DynamoDB_20120810.{operation}")) {
            count.fetch_add(1, Ordering::SeqCst);
        }
        Asked::Pass
    }
}

#[tokio::test]
async fn a_hot_link_is_read_once_and_a_withdrawn_one_leads_on_for_as_long_as_it_is_hot() {
    let reads = Arc::new(AtomicUsize::new(0));
    let asked = counting("GetItem", &reads);
    let app = TestApp::through(async |url| way(url, asked, || Answered::Pass).await).await;
    make(&app).await;
    for _ in 0..10 {
        visit(&app).await;
    }
    assert_eq!(reads.load(Ordering::SeqCst), 1);
    let key = AttributeValue::S("here".to_owned());
    app.dynamodb.delete_item().table_name("links").key("shortCode", key).send().await.expect("deleted");
    app.pass(4);
    visit(&app).await;
    app.pass(1);
    assert_eq!(answer(app.get("/here")).await.status, 404);
}

#[tokio::test]
async fn where_visits_are_off_a_redirect_is_one_read_and_no_write() {
    let (reads, writes) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (on_read, on_write) = (counting("GetItem", &reads), counting("UpdateItem", &writes));
    let asked = move |piece: &[u8]| {
        on_read(piece);
        on_write(piece)
    };
    let off = [("VISITS", "off"), ("HOT_LINKS", "0")];
    let app = TestApp::with_through(&off, async |url| way(url, asked, || Answered::Pass).await).await;
    make(&app).await;
    for _ in 0..10 {
        visit(&app).await;
    }
    app.resolve.finish().await;
    assert_eq!((reads.load(Ordering::SeqCst), writes.load(Ordering::SeqCst)), (10, 0));
    assert!(!app.resolve.has_work_after());
}

#[tokio::test]
async fn a_total_has_no_days() {
    let app = TestApp::with(&[("VISITS", "total")]).await;
    make(&app).await;
    visit(&app).await;
    answer(app.get("/here").header("user-agent", "curl/8.14.1")).await;
    app.resolve.finish().await;
    assert_eq!(app.number("here", "hits").await, 1);
    assert_eq!(app.keys().await, ["here"]);
}

/// How many of a corpus' User-Agents are taken for programs.
fn programs(corpus: &str) -> (usize, usize) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora").join(corpus);
    let agents = std::fs::read_to_string(path).expect("a corpus");
    let is_program = |agent: &str| {
        let headers = [(http::header::USER_AGENT, agent.parse().expect("a header"))];
        Visitor::of(&headers.into_iter().collect()).bot
    };
    (agents.lines().filter(|agent| is_program(agent)).count(), agents.lines().count())
}

#[test]
fn crawlers_are_known_and_browsers_are_not_taken_for_them() {
    let (known, crawlers) = programs("crawlers.txt");
    let (mistaken, browsers) = programs("browsers.txt");
    assert!(crawlers > 1_500 && known * 100 >= crawlers * 96, "{known} of {crawlers} crawlers");
    assert!(browsers > 1_000 && mistaken * 200 <= browsers, "{mistaken} of {browsers} browsers");
}

#[tokio::test]
async fn the_preview_tells_of_visits_and_is_none_itself() {
    let app = TestApp::start().await;
    make(&app).await;
    visit(&app).await;
    visit(&app).await;
    app.resolve.finish().await;
    for _ in 0..3 {
        let preview = answer(app.get("/here+").header("user-agent", FIREFOX)).await.json();
        assert_eq!((&preview["visits"], &preview["last_visit_at"]), (&json!(2), &json!("2030-01-01T00:00:00Z")));
        assert_eq!(preview["days"][29], json!({"date": "2030-01-01", "visits": 2, "bots": 0}));
        app.resolve.finish().await;
    }
    let page = answer(app.get("/here+").header("accept", "text/html")).await.body;
    assert!(page.contains("2 visits in the last 30 days"), "{page}");

    let app = TestApp::with(&[("VISITS", "total")]).await;
    make(&app).await;
    visit(&app).await;
    app.resolve.finish().await;
    let preview = answer(app.get("/here+")).await.json();
    assert_eq!((&preview["visits"], &preview["days"]), (&json!(1), &json!([])));

    let app = TestApp::with(&[("VISITS", "off")]).await;
    make(&app).await;
    let preview = answer(app.get("/here+")).await.json();
    assert_eq!((&preview["visits"], &preview["days"]), (&json!(null), &json!([])));
    let page = answer(app.get("/here+").header("accept", "text/html")).await.body;
    assert!(page.contains("Expires") && !page.contains("isit"), "nothing is said of what is not known: {page}");
}
