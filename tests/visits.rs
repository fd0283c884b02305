//! The recording of visits, and the link cache.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use resolve::Resolve;
use resolve::config::Config;
use serde_json::json;
use shortlink_core::config::Environment;
use shortlink_core::domain::clock::{Clock, Timestamp};
use shortlink_core::domain::code::Code;
use shortlink_core::http::handler::Handler;
use shortlink_core::link_cache::{self, LinkCache};
use shortlink_core::visits::recorder::VisitRecorder;
use shortlink_core::visits::visitor;
use shortlink_core::visits::writer::PerLinkWriter;

use crate::support::app::{NOW, TestApp, send};
use crate::support::fault_proxy::{FaultProxy, RequestFault, ResponseFault, THROTTLED};
use crate::support::user_agents::{CURL, FACEBOOK, FIREFOX, IPHONE};

const TODAY: &str = "day#here#2030-01-01";

/// Visits the link `here` with a browser.
async fn visit(app: &TestApp) {
    let redirect = send(app.get("/here").header("user-agent", FIREFOX)).await;
    assert_eq!((redirect.status, redirect.header("location")), (301, "https://example.com/"));
}

/// Creates the link `here`.
async fn create_link(app: &TestApp) {
    let created = send(app.create_link(&json!({"url": "https://example.com/", "alias": "here"}))).await;
    assert_eq!(created.status, 201);
}

#[tokio::test]
async fn deleted_link_does_not_block_its_batch() {
    const LINKS: usize = 120; // more than fit into a transaction
    let app = TestApp::builder().visits_in_transactions().start().await;
    for n in 0..LINKS {
        let body = json!({"url": "https://example.com/", "alias": format!("link-{n}")});
        assert_eq!(send(app.create_link(&body)).await.status, 201);
    }
    for visits in 1..=2 {
        for n in 0..LINKS {
            let redirect = send(app.get(&format!("/link-{n}")).header("user-agent", FIREFOX)).await;
            assert_eq!(redirect.status, 301);
        }
        if visits == 2 {
            app.delete_item("link-7").await;
        }
        app.resolve.shutdown().await;
        assert_eq!(app.number("link-0", "hits").await, visits);
    }
    for n in (0..LINKS).filter(|n| *n != 7) {
        assert_eq!(app.number(&format!("link-{n}"), "hits").await, 2, "{n}");
        assert_eq!(app.number(&format!("day#link-{n}#2030-01-01"), "desktop").await, 2, "{n}");
    }
    assert_eq!(app.item("link-7").await, None, "no item is created for counts");
}

#[tokio::test]
async fn visits_are_counted_by_day_and_kind_of_visitor() {
    let app = TestApp::builder().env("EDGE_KEY", "0123456789abcdef").start().await;
    create_link(&app).await;
    for (user_agent, edge_key, name, value) in [
        (FIREFOX, "", "referer", "https://www.example.org/page?private"),
        (FIREFOX, "0123456789abcdef", "cloudfront-viewer-country", "DE"),
        (IPHONE, "a-guessed-secret", "cloudfront-viewer-country", "FR"),
        (FACEBOOK, "", "referer", "https://example.org/"),
        (CURL, "", "accept", "*/*"),
    ] {
        let request = app.get("/here").header("user-agent", user_agent).header("x-shortlink-edge", edge_key);
        assert_eq!(send(request.header(name, value)).await.status, 301);
    }
    send(app.head("/here").header("user-agent", FIREFOX)).await;
    send(app.get("/unknown").header("user-agent", FIREFOX)).await;
    app.resolve.shutdown().await;

    assert_eq!(app.number("here", "hits").await, 3);
    assert_eq!(app.number("here", "lastHitAt").await, NOW as u64);
    let mut day: Vec<_> = app.item(TODAY).await.expect("a day").into_iter().collect();
    day.retain(|(name, _)| name != "flushId"); // a random number
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
    assert_eq!(app.keys().await.len(), 2, "nothing was counted for the unknown code");
}

#[tokio::test]
async fn days_begin_at_midnight_utc() {
    let app = TestApp::start().await;
    create_link(&app).await;
    visit(&app).await;
    app.advance_clock(86_399);
    visit(&app).await;
    app.advance_clock(1);
    visit(&app).await;
    app.resolve.shutdown().await;
    let code = Code::parse("here").expect("a code");
    let days =
        app.store.daily_visits(&code, Timestamp::from_unix(NOW + 86_400).expect("in range")).await.expect("days");
    assert_eq!(days.len(), 30);
    let shown: Vec<_> = days.iter().rev().take(3).map(|day| (day.date.as_str(), day.hits, day.bots)).collect();
    assert_eq!(shown, [("2030-01-02", 1, 0), ("2030-01-01", 2, 0), ("2029-12-31", 0, 0)]);
}

#[tokio::test]
async fn a_link_is_written_at_most_once_a_second() {
    let app = TestApp::start().await;
    create_link(&app).await;
    visit(&app).await;
    app.resolve.after_response().await;
    assert_eq!(app.number("here", "hits").await, 1);
    for _ in 0..10 {
        visit(&app).await;
        app.resolve.after_response().await;
    }
    assert_eq!(app.number("here", "hits").await, 1, "a second has not passed");
    app.advance_clock(1);
    visit(&app).await;
    app.resolve.after_response().await;
    assert_eq!(app.number("here", "hits").await, 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn visits_survive_throttling_and_stalls() {
    const VISITS: usize = 300;
    let recovered = Arc::new(AtomicBool::new(false));
    let writes = AtomicUsize::new(0);
    let has_recovered = Arc::clone(&recovered);
    let fault = move |request: &str| {
        if !request.contains("DynamoDB_20120810.UpdateItem") {
            return RequestFault::None;
        }
        match writes.fetch_add(1, Ordering::SeqCst) {
            // Every write fails until the table recovers, and every third one afterwards.
            n if !has_recovered.load(Ordering::SeqCst) => {
                if n % 2 == 0 {
                    RequestFault::Respond(THROTTLED)
                } else {
                    RequestFault::Stall
                }
            }
            n if n % 3 == 0 => RequestFault::Respond(THROTTLED),
            _ => RequestFault::None,
        }
    };
    let proxy = FaultProxy::builder().on_request(fault);
    let app = TestApp::builder().env("LINK_CACHE_SECONDS", "0").proxy(proxy).start().await;
    create_link(&app).await;
    let app = Arc::new(app);
    for _ in 0..VISITS / 30 {
        let visitors: Vec<_> = (0..30)
            .map(|_| {
                let app = Arc::clone(&app);
                tokio::spawn(async move { visit(&app).await })
            })
            .collect();
        app.resolve.after_response().await;
        for visitor in visitors {
            visitor.await.expect("a response");
        }
        app.advance_clock(64);
    }
    assert!(app.proxy().count("UpdateItem") > 2, "writes were attempted");
    assert_eq!(app.number("here", "hits").await, 0, "every visitor was redirected before anything was written");
    recovered.store(true, Ordering::SeqCst);
    // The back-off of a link is at most 64 s.
    for _ in 0..12 {
        app.advance_clock(64);
        app.resolve.after_response().await;
    }
    assert_eq!(app.number("here", "hits").await, VISITS as u64);
    let (code, later) = (Code::parse("here").expect("a code"), Timestamp::from_unix(NOW + 86_000).expect("in range"));
    let days = app.store.daily_visits(&code, later).await.expect("days");
    assert_eq!(days.iter().map(|day| day.hits).sum::<u64>(), VISITS as u64);
}

#[tokio::test]
async fn deleted_link_is_not_recreated() {
    let app = TestApp::start().await;
    create_link(&app).await;
    visit(&app).await;
    app.delete_item("here").await;
    app.resolve.shutdown().await;
    assert_eq!(app.keys().await, [""; 0]);
}

#[tokio::test]
async fn referrers_per_day_are_bounded() {
    let app = TestApp::start().await;
    create_link(&app).await;
    // Three execution environments that share only the table.
    let clock = Clock::manual(Arc::new(NOW.into()));
    let config = Config::read(&Environment::new(&|_| None)).expect("defaults");
    let environments = [(); 3].map(|()| {
        let cache = LinkCache::new(config.link_cache_seconds, link_cache::CAPACITY);
        let writer = PerLinkWriter::new(app.store.clone(), config.visits_retention);
        let recorder = VisitRecorder::new(config.visits, writer);
        Resolve::new(config.clone(), app.store.clone(), cache, recorder, clock.clone())
    });
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
                assert_eq!(shortlink_lambda::respond_to_event(environment, &raw).await.status_code, 301);
                visits += 1;
            }
            environment.shutdown().await;
        }
    }
    let day = app.item(TODAY).await.expect("a day");
    assert_eq!(day["referrers"].as_ss().expect("a set").len(), 25);
    let from: Vec<u64> = day
        .iter()
        .filter(|(name, _)| name.starts_with("from:"))
        .map(|(_, count)| count.as_n().expect("a number").parse().expect("a whole number"))
        .collect();
    assert_eq!((from.len(), from.iter().sum()), (26, visits), "25 hosts and OTHER");
    assert_eq!(app.number("here", "hits").await, visits);
}

#[tokio::test]
async fn time_of_the_last_visit_never_decreases() {
    let app = TestApp::start().await;
    create_link(&app).await;
    visit(&app).await;
    app.put_item(json!({
        "shortCode": "here", "originalUrl": "https://example.com/", "createdAt": NOW, "hits": 7, "lastHitAt": NOW + 3_600,
    }))
    .await;
    app.resolve.shutdown().await;
    assert_eq!((app.number("here", "hits").await, app.number("here", "lastHitAt").await), (8, NOW as u64 + 3_600));
}

#[tokio::test]
async fn cached_link_is_read_once_until_its_ttl_ends() {
    let app = TestApp::builder().proxy(FaultProxy::builder()).start().await;
    create_link(&app).await;
    let before = app.proxy().count("GetItem");
    for _ in 0..10 {
        visit(&app).await;
    }
    assert_eq!(app.proxy().count("GetItem"), before + 1);
    app.delete_item("here").await;
    app.advance_clock(4);
    visit(&app).await;
    app.advance_clock(1);
    assert_eq!(send(app.get("/here")).await.status, 404);
}

#[tokio::test]
async fn visits_off_causes_no_writes() {
    let settings = TestApp::builder().env("VISITS", "off").env("LINK_CACHE_SECONDS", "0");
    let app = settings.proxy(FaultProxy::builder()).start().await;
    create_link(&app).await;
    let before = app.proxy().count("GetItem");
    for _ in 0..10 {
        visit(&app).await;
    }
    app.resolve.shutdown().await;
    assert_eq!((app.proxy().count("GetItem"), app.proxy().count("UpdateItem")), (before + 10, 0));
    assert!(!app.resolve.has_background_work());
}

#[tokio::test]
async fn visits_total_writes_no_days() {
    let app = TestApp::builder().env("VISITS", "total").start().await;
    create_link(&app).await;
    visit(&app).await;
    send(app.get("/here").header("user-agent", CURL)).await;
    app.resolve.shutdown().await;
    assert_eq!(app.number("here", "hits").await, 1);
    assert_eq!(app.keys().await, ["here"]);
}

/// How many of a corpus' User-Agents are classified as bots, and how many it has.
fn count_bots(corpus: &str) -> (usize, usize) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora").join(corpus);
    let agents = std::fs::read_to_string(path).expect("a corpus");
    let is_bot = |agent: &str| {
        let headers = [(http::header::USER_AGENT, agent.parse().expect("a header"))];
        visitor::from_headers(&headers.into_iter().collect(), None).is_bot
    };
    (agents.lines().filter(|agent| is_bot(agent)).count(), agents.lines().count())
}

#[test]
fn crawlers_are_bots_and_browsers_are_not() {
    let (recognised, crawlers) = count_bots("crawlers.txt");
    let (mistaken, browsers) = count_bots("browsers.txt");
    assert!(crawlers > 1_500 && recognised * 100 >= crawlers * 96, "{recognised} of {crawlers} crawlers");
    assert!(browsers > 1_000 && mistaken * 1_000 <= browsers, "{mistaken} of {browsers} browsers");
    let (mistaken, browsers) = count_bots("isbot_browsers.txt");
    assert!(browsers > 400 && mistaken * 100 <= browsers, "{mistaken} of {browsers} browsers of isbot's own list");
}

#[tokio::test]
async fn preview_reports_visits_and_is_not_one() {
    let app = TestApp::builder().env("PREVIEW", "full").start().await;
    create_link(&app).await;
    visit(&app).await;
    visit(&app).await;
    app.resolve.shutdown().await;
    for _ in 0..3 {
        let preview = send(app.get("/here+").header("user-agent", FIREFOX)).await.json();
        assert_eq!((&preview["visits"], &preview["last_visit_at"]), (&json!(2), &json!("2030-01-01T00:00:00Z")));
        assert_eq!(preview["days"][29], json!({"date": "2030-01-01", "visits": 2, "bots": 0}));
        app.resolve.shutdown().await;
    }
    let page = send(app.get("/here+").header("accept", "text/html")).await.body;
    assert!(page.contains("2 visits in the last 30 days"), "{page}");

    let app = TestApp::builder().env("PREVIEW", "full").env("VISITS", "total").start().await;
    create_link(&app).await;
    visit(&app).await;
    app.resolve.shutdown().await;
    let preview = send(app.get("/here+")).await.json();
    assert_eq!((&preview["visits"], &preview["days"]), (&json!(1), &json!([])));

    let app = TestApp::builder().env("PREVIEW", "full").env("VISITS", "off").start().await;
    create_link(&app).await;
    let preview = send(app.get("/here+")).await.json();
    assert_eq!((&preview["visits"], &preview["days"]), (&json!(null), &json!([])));
    let page = send(app.get("/here+").header("accept", "text/html")).await.body;
    assert!(page.contains("Expires") && !page.contains("isit"), "the page does not mention visits: {page}");
}

/// DynamoDB carries out each write of the visits, and all its responses are lost for minutes.
#[tokio::test]
async fn write_that_is_repeated_counts_once() {
    let lose = Arc::new(AtomicBool::new(false));
    let shall_lose = Arc::clone(&lose);
    let proxy = FaultProxy::builder().on_response(move |_| {
        if shall_lose.load(Ordering::SeqCst) { ResponseFault::Disconnect } else { ResponseFault::None }
    });
    let app = TestApp::builder().proxy(proxy).start().await;
    create_link(&app).await;
    for _ in 0..8 {
        send(app.get("/here").header("user-agent", FIREFOX)).await;
        lose.store(true, Ordering::SeqCst);
        // The visit of each round comes to the table together with those that are still in doubt, or after them.
        app.resolve.after_response().await;
        app.advance_clock(70);
        lose.store(false, Ordering::SeqCst);
    }
    app.resolve.shutdown().await;
    assert_eq!(app.number("here", "hits").await, 8);
    assert_eq!(app.number(TODAY, "hits").await, 8);
}

#[tokio::test]
async fn cached_link_redirects_while_the_table_is_away() {
    let is_away = Arc::new(AtomicBool::new(false));
    let away = Arc::clone(&is_away);
    let fault = move |_: &str| if away.load(Ordering::SeqCst) { RequestFault::Reset } else { RequestFault::None };
    let app = TestApp::builder().proxy(FaultProxy::builder().on_request(fault)).start().await;
    create_link(&app).await;
    let expiring = json!({"url": "https://example.com/soon", "alias": "soon", "expires_in": 600});
    assert_eq!(send(app.create_link(&expiring)).await.status, 201);
    for path in ["/here", "/soon"] {
        assert_eq!(send(app.get(path)).await.status, 301);
    }
    is_away.store(true, Ordering::SeqCst);
    app.advance_clock(599);
    assert_eq!(send(app.get("/soon")).await.status, 301);
    // The expiry holds.
    app.advance_clock(1);
    assert_eq!(send(app.get("/soon")).await.status, 503);
    // The table is not asked again for each visit, which would take seconds.
    assert_eq!(send(app.get("/here")).await.status, 301);
    let calls = app.proxy().count("GetItem");
    assert_eq!(send(app.get("/here")).await.status, 301);
    assert_eq!(app.proxy().count("GetItem"), calls);
    app.advance_clock(link_cache::STALE_IF_ERROR_SECONDS - 601);
    assert_eq!(send(app.get("/here")).await.status, 301);
    app.advance_clock(link_cache::STALE_IF_ERROR_SECONDS);
    assert_eq!(send(app.get("/here")).await.status, 503);
}
