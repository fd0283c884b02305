//! `GET /links/{code}/visits`: the visits of a link, for whoever may read it.

use reqwest::Method;
use serde_json::json;
use shortlink_core::domain::permissions::Scope;
use shortlink_core::http::handler::Handler;

use crate::support::app::{TestApp, send};
use crate::support::user_agents::{FACEBOOK, FIREFOX, IPHONE};

/// A service with the visited link `mine`, of which it returns the management token.
async fn app_with_visits() -> (TestApp, String) {
    let app = TestApp::builder().edge_key("0123456789abcdef").start().await;
    let created = send(app.create_link(&json!({"url": "https://example.com/", "alias": "mine"}))).await.json();
    for (days_later, user_agent, referrer, country) in [
        (0, FIREFOX, "https://example.org/page?private", "DE"),
        (0, FACEBOOK, "https://example.org/", "DE"),
        (1, IPHONE, "https://=sum(a1)/", "FR"),
        (0, FIREFOX, "https://example.org/", "FR"),
    ] {
        app.advance_clock(days_later * 86_400);
        let request = app.get("/mine").header("user-agent", user_agent).header("referer", referrer);
        let request = request.header("cloudfront-viewer-country", country);
        assert_eq!(send(request).await.status, 301);
    }
    app.resolve.shutdown().await;
    (app, created["manage_token"].as_str().expect("a token").to_owned())
}

#[tokio::test]
async fn owner_reads_visits_by_day_referrer_country_and_device() {
    let (app, token) = app_with_visits().await;
    let shown = send(app.get("/links/mine/visits?from=2029-12-31&to=2030-01-02").bearer_auth(&token)).await;
    assert_eq!((shown.status, shown.header("cache-control"), shown.header("vary")), (200, "no-store", "accept"));
    let expected = json!({
        "code": "mine", "total_visits": 3, "last_visit_at": "2030-01-02T00:00:00Z",
        "from": "2029-12-31", "to": "2030-01-02", "visits": 3, "bots": 1,
        "days": [
            {"date": "2029-12-31", "visits": 0, "bots": 0},
            {"date": "2030-01-01", "visits": 1, "bots": 1},
            {"date": "2030-01-02", "visits": 2, "bots": 0},
        ],
        "first_month": "2029-12", "last_month": "2030-01",
        "referrers": [{"name": "example.org", "visits": 2}, {"name": "=sum(a1)", "visits": 1}],
        "countries": [{"name": "FR", "visits": 2}, {"name": "DE", "visits": 1}],
        "devices": [{"name": "desktop", "visits": 2}, {"name": "phone", "visits": 1}],
    });
    assert_eq!(shown.json(), expected);
    // The totals are about the range, and by default about the last 30 days.
    let one_day = send(app.get("/links/mine/visits?from=2030-01-01&to=2030-01-01").bearer_auth(&token)).await.json();
    assert_eq!((&one_day["visits"], &one_day["total_visits"]), (&json!(1), &json!(3)));
    let default = send(app.get("/links/mine/visits").bearer_auth(&token)).await.json();
    assert_eq!((default["days"].as_array().map(Vec::len), &default["visits"]), (Some(30), &json!(3)));
}

#[tokio::test]
async fn visits_are_a_table_for_spreadsheets_and_no_formula() {
    let (app, token) = app_with_visits().await;
    let request = app.get("/links/mine/visits?from=2030-01-01&to=2030-01-02").bearer_auth(&token);
    let table = send(request.header("accept", "text/csv")).await;
    assert_eq!((table.status, table.header("content-type")), (200, "text/csv; charset=utf-8"));
    let expected = "kind,name,visits,bots\r\nday,2030-01-01,1,1\r\nday,2030-01-02,2,0\r\nreferrer,example.org,2,\r\n\
                    referrer,\"'=sum(a1)\",1,\r\ncountry,FR,2,\r\ncountry,DE,1,\r\ndevice,desktop,2,\r\ndevice,phone,1,\r\n";
    assert_eq!(table.body, expected);
}

#[tokio::test]
async fn visits_are_for_whoever_may_read_the_link() {
    let app = TestApp::start().await;
    send(app.create_link(&json!({"url": "https://example.com/", "alias": "mine"}))).await;
    let others = send(app.create_link(&json!({"url": "https://example.com/"}))).await.json()["manage_token"].clone();
    let reader = app.create_key("reader", &[Scope::Read]).await;
    let admin = app.create_key("admin", &[Scope::Admin]).await;
    for (credentials, status) in [("", 401), (others.as_str().expect("a token"), 401), (&reader, 404), (&admin, 200)] {
        for method in [Method::GET, Method::HEAD] {
            let shown = send(app.request(method, "/links/mine/visits").bearer_auth(credentials)).await;
            assert_eq!(shown.status, status, "{shown}");
        }
        let missing = send(app.get("/links/missing/visits").bearer_auth(credentials)).await;
        assert_eq!(missing.status, if status == 200 { 404 } else { status }, "{missing}");
    }
}

#[tokio::test]
async fn invalid_range_is_explained() {
    let (app, token) = app_with_visits().await;
    for (query, reason) in [
        ("from=yesterday", "from must be a day such as 2030-01-31."),
        ("from=2030-01-02&to=2030-01-01", "from is after to; exchange them."),
        ("from=2000-01-01", "from is too early: a report has at most 366 days."),
        ("to=2030-01-01&to=2030-01-02", "to occurs twice; send it once."),
    ] {
        let refused = send(app.get(&format!("/links/mine/visits?{query}")).bearer_auth(&token)).await;
        assert_eq!((refused.status, refused.json()["detail"].as_str()), (400, Some(reason)), "{query}");
    }
}
