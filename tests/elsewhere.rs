//! Where the operator wants people to go instead of our own pages.

use serde_json::json;

use crate::support::app::{NOW, TestApp, send};
use crate::support::user_agents::BROWSER_ACCEPT;

#[tokio::test]
async fn browsers_are_redirected_and_programs_get_the_problem() {
    let settings = TestApp::builder().env("NOT_FOUND_URL", "https://example.com/?from=404#top");
    let app = settings.env("EXPIRED_URL", "https://example.com/over").start().await;
    app.put_item(json!({"shortCode": "old", "originalUrl": "https://example.com/", "createdAt": 1, "expiresAt": 2}))
        .await;
    let withdrawn = json!({
        "shortCode": "gone", "originalUrl": "https://example.com/", "createdAt": 1, "withdrawnAt": NOW - 9,
    });
    app.put_item(withdrawn).await;
    app.put_item(json!({"shortCode": "bad", "originalUrl": "https://example.com/", "createdAt": 1, "blockedAt": 2}))
        .await;
    for (path, status, location, program) in [
        ("/unknown", 302, "https://example.com/?from=404#top", 404),
        ("/unknown/", 302, "https://example.com/?from=404#top", 404),
        ("/a/b", 302, "https://example.com/?from=404#top", 404),
        ("/unknown+", 302, "https://example.com/?from=404#top", 404),
        ("/old", 302, "https://example.com/over", 410),
        ("/gone", 302, "https://example.com/over", 410),
        ("/bad", 451, "", 451),
    ] {
        let browser = send(app.get(path).header("accept", BROWSER_ACCEPT)).await;
        assert_eq!((browser.status, browser.header("location")), (status, location), "{path}");
        assert_eq!(browser.header("cache-control"), "no-store", "{path}");
        assert_eq!(send(app.get(path)).await.status, program, "{path}");
    }
    // The pages are as they were where the operator has set nothing.
    let page = send(TestApp::start().await.get("/unknown").header("accept", BROWSER_ACCEPT)).await;
    assert!(page.status == 404 && page.body.contains("<h1>Link not found</h1>"), "{page}");
}

#[tokio::test]
async fn address_of_the_service_leads_elsewhere() {
    let app = TestApp::builder().env("HOME_URL", "https://example.com/").start().await;
    for accept in ["*/*", BROWSER_ACCEPT] {
        let home = send(app.get("/").header("accept", accept)).await;
        assert_eq!((home.status, home.header("location")), (302, "https://example.com/"));
        assert_eq!(home.header("cache-control"), "no-store");
    }
}
