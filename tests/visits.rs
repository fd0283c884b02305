//! The recording of visits, and the link cache.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use resolve::Resolve;
use resolve::config::Config;
use serde_json::json;
use shortlink_core::config::Environment;
use shortlink_core::domain::code::Code;
use shortlink_core::domain::visit::VisitReport;
use shortlink_core::dynamodb::store::Lookup;
use shortlink_core::http::handler::Handler;
use shortlink_core::link_cache::{self, LinkCache};
use shortlink_core::visits::recorder::VisitRecorder;
use shortlink_core::visits::visitor;
use shortlink_core::visits::writer::PerLinkWriter;

use crate::support::app::{NOW, TestApp, send};
use crate::support::fault_proxy::{FaultProxy, RequestFault, ResponseFault, THROTTLED};
use crate::support::user_agents::{CURL, FACEBOOK, FIREFOX, IPHONE};

/// The key of the counts of the link `here`.
const HERE: &str = "visits#here";

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
async fn link_that_cannot_be_written_does_not_block_its_batch() {
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
            // The update of this link's counts fails, because they are those of another month.
            app.put_item(json!({
                "shortCode": "visits#link-7", "linkCreatedAt": NOW, "visitMonth": "2029-12", "hits": 1, "flushId": "x",
            }))
            .await;
        }
        app.resolve.shutdown().await;
        assert_eq!(app.number("visits#link-0", "hits").await, visits);
    }
    for n in 0..LINKS {
        assert_eq!(app.number(&format!("visits#link-{n}"), "hits").await, 2, "{n}");
        assert_eq!(app.number(&format!("visits#link-{n}"), "desktop").await, if n == 7 { 1 } else { 2 }, "{n}");
    }
}

#[tokio::test]
async fn visits_are_counted_by_day_and_kind_of_visitor() {
    let app = TestApp::builder().edge_key("0123456789abcdef").start().await;
    create_link(&app).await;
    for (user_agent, name, value) in [
        (FIREFOX, "referer", "https://www.example.org/page?private"),
        (FIREFOX, "cloudfront-viewer-country", "DE"),
        (IPHONE, "accept", "*/*"),
        (FACEBOOK, "referer", "https://example.org/"),
        (CURL, "accept", "*/*"),
    ] {
        let request = app.get("/here").header("user-agent", user_agent);
        assert_eq!(send(request.header(name, value)).await.status, 301);
    }
    let forged = app.get("/here").header("x-shortlink-edge", "a-guessed-secret").header("user-agent", IPHONE);
    assert_eq!(send(forged.header("cloudfront-viewer-country", "FR")).await.status, 403);
    send(app.head("/here").header("user-agent", FIREFOX)).await;
    send(app.get("/unknown").header("user-agent", FIREFOX)).await;
    app.resolve.shutdown().await;

    assert_eq!(app.number(HERE, "hits").await, 3);
    assert_eq!(app.number(HERE, "lastHitAt").await, NOW as u64);
    let counts = app.item(HERE).await.expect("counts");
    let mut counts: Vec<_> = counts.iter().map(|(name, value)| format!("{name} {value:?}")).collect();
    counts.retain(|line| !line.starts_with("flushId")); // a random number
    counts.sort();
    insta::assert_snapshot!(counts.join("\n"), @r#"
    b0101 N("2")
    c:DE N("1")
    d0101 N("3")
    desktop N("2")
    hits N("3")
    lastHitAt N("1893456000")
    linkCreatedAt N("1893456000")
    phone N("1")
    r:example.org N("1")
    referrers Ss(["example.org"])
    shortCode S("visits#here")
    visitMonth S("2030-01")
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
    let report = report(&app, &["2029-12-31", "2030-01-01", "2030-01-02"]).await;
    let shown: Vec<_> = report.days.iter().map(|day| (day.date.as_str(), day.hits, day.bots)).collect();
    assert_eq!(shown, [("2029-12-31", 0, 0), ("2030-01-01", 2, 0), ("2030-01-02", 1, 0)]);
}

/// The visits of the link `here` on some days.
async fn report(app: &TestApp, days: &[&str]) -> VisitReport {
    let code = Code::parse("here").expect("a code");
    let Ok(Lookup::Live(link)) = app.store.find(&code, app.clock().now()).await else { panic!("no link") };
    let days = days.iter().map(|day| (*day).to_owned());
    app.store.visit_report(&link, days, app.clock().now()).await.expect("a report")
}

#[tokio::test]
async fn month_that_has_ended_keeps_its_counts_and_the_total_goes_on() {
    let app = TestApp::builder().env("VISITS_RETENTION", "86400").start().await;
    create_link(&app).await;
    let visit = async |referrer: &str| {
        let request = app.get("/here").header("user-agent", FIREFOX).header("referer", referrer);
        assert_eq!(send(request).await.status, 301);
    };
    visit("https://a.example/").await;
    visit("https://a.example/").await;
    app.resolve.shutdown().await;
    app.advance_clock(30 * 86_400); // 31 January
    visit("https://b.example/").await;
    app.resolve.shutdown().await;
    assert_eq!(app.keys().await.len(), 2, "the month has not ended");
    // These two are written after the month has ended, and in one flush.
    visit("https://b.example/").await;
    app.advance_clock(86_400); // 1 February
    visit("https://c.example/").await;
    app.resolve.shutdown().await;
    app.advance_clock(2);
    visit("https://c.example/").await;
    app.resolve.shutdown().await;

    assert_eq!(app.number(HERE, "hits").await, 6);
    let ended = app.item("visits#here#2030-01").await.expect("a month");
    // It is kept for a day after its end: until 2 February 2030.
    assert_eq!(ended["purgeAt"].as_n().map(String::as_str), Ok("1896220800"));
    assert!(!app.item(HERE).await.expect("counts").contains_key("purgeAt"), "the link has an alias");
    let report = report(&app, &["2030-01-01", "2030-01-31", "2030-02-01"]).await;
    assert_eq!((report.total_hits, report.last_hit_at), (6, Some(app.clock().now())));
    assert_eq!(report.days.iter().map(|day| day.hits).collect::<Vec<_>>(), [2, 2, 2]);
    let referrers: Vec<_> = report.breakdown.referrers.iter().map(|(host, visits)| (host.as_str(), *visits)).collect();
    assert_eq!(referrers, [("a.example", 2), ("b.example", 2), ("c.example", 2)]);
}

#[tokio::test]
async fn of_many_environments_one_starts_the_month() {
    let app = TestApp::start().await;
    create_link(&app).await;
    visit(&app).await;
    app.resolve.shutdown().await;
    app.advance_clock(31 * 86_400);
    let environments = [(); 8].map(|()| environment(&app));
    let mut writes = tokio::task::JoinSet::new();
    for environment in environments {
        assert_eq!(visit_in(&environment, "").await, 301);
        writes.spawn(async move {
            // A transaction that is under way may end the others' writes, which then follow.
            for _ in 0..5 {
                environment.shutdown().await;
            }
        });
    }
    writes.join_all().await;
    assert_eq!(app.number(HERE, "hits").await, 9);
    let report = report(&app, &["2030-01-01", "2030-02-01"]).await;
    assert_eq!(report.days.iter().map(|day| day.hits).collect::<Vec<_>>(), [1, 8]);
}

#[tokio::test]
async fn new_link_with_the_code_of_an_earlier_one_counts_from_zero() {
    let app = TestApp::builder().env("PREVIEW", "full").start().await;
    create_link(&app).await;
    visit(&app).await;
    app.resolve.shutdown().await;
    app.delete_item("here").await;
    app.advance_clock(60);
    create_link(&app).await;
    assert_eq!(send(app.get("/here+")).await.json()["visits"], 0);
    visit(&app).await;
    app.resolve.shutdown().await;
    assert_eq!(send(app.get("/here+")).await.json()["visits"], 1);
    assert_eq!(app.number(HERE, "hits").await, 1);
}

#[tokio::test]
async fn counts_end_with_their_link() {
    let app = TestApp::builder().env("ALLOW_NEVER", "true").start().await;
    let created = send(app.create_link(&json!({"url": "https://example.com/", "expires_in": 3600}))).await.json();
    let code = created["code"].as_str().expect("a code");
    let key = format!("visits#{code}");
    assert_eq!(send(app.get(&format!("/{code}")).header("user-agent", FIREFOX)).await.status, 301);
    app.resolve.shutdown().await;
    let link = app.number(code, "purgeAt").await;
    assert_eq!((app.number(&key, "purgeAt").await, link > 0), (link, true));
    // A link that ends later, or not at all, is not visited in between.
    for (change, ends) in [
        (json!({"expires_in": 7200}), true),
        (json!({"expires_in": 1800}), true),
        (json!({"withdrawn": true}), false),
        (json!({"withdrawn": false}), true),
        (json!({"expires_at": null}), false),
    ] {
        let path = format!("/links/{code}");
        let token = created["manage_token"].as_str().expect("a token");
        let request = app.request(http::Method::PATCH, &path).bearer_auth(token).body(change.to_string());
        let request = request.header("content-type", "application/merge-patch+json");
        assert_eq!(send(request).await.status, 200, "{change}");
        let link = app.number(code, "purgeAt").await;
        assert_eq!((app.number(&key, "purgeAt").await, link > 0), (link, ends), "{change}");
    }
}

#[tokio::test]
async fn a_link_is_written_at_most_once_a_second() {
    let app = TestApp::start().await;
    create_link(&app).await;
    visit(&app).await;
    app.resolve.after_response().await;
    assert_eq!(app.number(HERE, "hits").await, 1);
    for _ in 0..10 {
        visit(&app).await;
        app.resolve.after_response().await;
    }
    assert_eq!(app.number(HERE, "hits").await, 1, "a second has not passed");
    app.advance_clock(1);
    visit(&app).await;
    app.resolve.after_response().await;
    assert_eq!(app.number(HERE, "hits").await, 12);
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
    assert_eq!(app.number(HERE, "hits").await, 0, "every visitor was redirected before anything was written");
    recovered.store(true, Ordering::SeqCst);
    // The back-off of a link is at most 64 s.
    for _ in 0..12 {
        app.advance_clock(64);
        app.resolve.after_response().await;
    }
    assert_eq!(app.number(HERE, "hits").await, VISITS as u64);
    assert_eq!(report(&app, &["2030-01-01"]).await.days[0].hits, VISITS as u64);
}

/// An execution environment that shares only the table with others, and the clock.
fn environment(app: &TestApp) -> Resolve {
    let config = Config::read(&Environment::new(&|_| None)).expect("defaults");
    let cache = LinkCache::new(config.link_cache_seconds, link_cache::CAPACITY);
    let writer = PerLinkWriter::for_function(app.store.clone(), config.visits_retention);
    let recorder = VisitRecorder::new(config.visits, writer);
    Resolve::new(config, app.store.clone(), cache, recorder, app.clock())
}

/// Visits the link `here` in an execution environment.
async fn visit_in(environment: &Resolve, referrer: &str) -> i64 {
    let event = json!({
        "routeKey": "GET /{code}", "pathParameters": {"code": "here"},
        "headers": {"user-agent": FIREFOX, "referer": referrer}, "requestContext": {"http": {"method": "GET"}},
    });
    let event = serde_json::value::RawValue::from_string(event.to_string()).expect("JSON");
    shortlink_lambda::respond_to_event(environment, &event).await.status_code
}

#[tokio::test]
async fn referrers_per_month_are_bounded() {
    let app = TestApp::start().await;
    create_link(&app).await;
    let environments = [(); 3].map(|()| environment(&app));
    let mut visits = 0;
    for round in 0..4 {
        for (n, environment) in environments.iter().enumerate() {
            for host in 0..9 {
                assert_eq!(visit_in(environment, &format!("https://r{round}-{n}-{host}.example/")).await, 301);
                visits += 1;
            }
            environment.shutdown().await;
        }
    }
    let counts = app.item(HERE).await.expect("counts");
    assert_eq!(counts["referrers"].as_ss().expect("a set").len(), 25);
    let from: Vec<u64> = counts
        .iter()
        .filter(|(name, _)| name.starts_with("r:"))
        .map(|(_, count)| count.as_n().expect("a number").parse().expect("a whole number"))
        .collect();
    assert_eq!((from.len(), from.iter().sum()), (26, visits), "25 hosts and OTHER");
    assert_eq!(app.number(HERE, "hits").await, visits);
}

#[tokio::test]
async fn time_of_the_last_visit_never_decreases() {
    let app = TestApp::start().await;
    create_link(&app).await;
    visit(&app).await;
    app.put_item(json!({
        "shortCode": HERE, "linkCreatedAt": NOW, "visitMonth": "2030-01", "hits": 7, "lastHitAt": NOW + 3_600,
    }))
    .await;
    app.resolve.shutdown().await;
    assert_eq!((app.number(HERE, "hits").await, app.number(HERE, "lastHitAt").await), (8, NOW as u64 + 3_600));
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
async fn visits_total_counts_no_days() {
    let app = TestApp::builder().env("VISITS", "total").start().await;
    create_link(&app).await;
    visit(&app).await;
    send(app.get("/here").header("user-agent", CURL)).await;
    app.resolve.shutdown().await;
    let counts = app.item(HERE).await.expect("counts");
    let names: std::collections::BTreeSet<_> = counts.keys().map(String::as_str).collect();
    let expected = ["flushId", "hits", "lastHitAt", "linkCreatedAt", "shortCode", "visitMonth"];
    assert_eq!((app.number(HERE, "hits").await, names), (1, expected.into()));
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
    assert_eq!((app.number(HERE, "hits").await, app.number(HERE, "d0101").await), (8, 8));
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
