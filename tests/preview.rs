//! `GET /{code}+`, the preview of a link.

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::json;
use shortlink_core::http::handler::Handler;

use crate::support::app::{NOW, TestApp, send};
use crate::support::redact::redacted;
use crate::support::user_agents::{BROWSER_ACCEPT, CURL, FIREFOX};

#[tokio::test]
async fn preview_is_json_by_default() {
    let app = TestApp::builder().env("PREVIEW", "full").start().await;
    send(app.create_link(&json!({"url": "https://example.com/a?b=c", "alias": "here"}))).await;
    let mut preview = send(app.get("/here+")).await;
    let document = preview.json();
    let days = document["days"].as_array().expect("days").clone();
    assert_eq!(days.len(), 30);
    assert_eq!(days.first(), Some(&json!({"date": "2029-12-03", "visits": 0, "bots": 0})));
    assert_eq!(days.last(), Some(&json!({"date": "2030-01-01", "visits": 0, "bots": 0})));
    preview.body = preview.body.split_once("\"days\":").expect("days").0.to_owned();
    assert_snapshot!(redacted(preview), @r#"
    200
    cache-control: private, no-cache
    content-type: application/json
    etag: (a digest)
    vary: accept
    x-content-type-options: nosniff

    {"short_url":"http://sho.rt/here","code":"here","url":"https://example.com/a?b=c","created_at":"2030-01-01T00:00:00Z","expires_at":"2030-04-01T00:00:00Z","visits":0,"last_visit_at":null,
    "#);
}

#[tokio::test]
async fn preview_is_a_page_for_browsers() {
    let app = TestApp::builder().env("BASE_URL", "https://go.example").env("PREVIEW", "full").start().await;
    send(
        app.create_link(
            &json!({"url": "https://www.example.com:8443/a?b=c&d#e", "alias": "here", "expires_in": 86_400}),
        ),
    )
    .await;
    let page = send(app.get("/here+").header("accept", BROWSER_ACCEPT)).await;
    assert_snapshot!(redacted(page.clone()), @r#"
    200
    cache-control: private, no-cache
    content-language: en
    content-security-policy: default-src 'none'; style-src (our style); img-src 'self'; manifest-src 'self'; script-src (our script); form-action 'none'; base-uri 'none'; frame-ancestors 'none'
    content-type: text/html; charset=utf-8
    etag: (a digest)
    referrer-policy: same-origin
    vary: accept, accept-encoding, accept-language
    x-content-type-options: nosniff

    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>Where /here leads - Shortlink</title>
    <link rel="manifest" href="./manifest.webmanifest">
    <link rel="search" href="./opensearch.xml" type="application/opensearchdescription+xml" title="Shortlink">
    <link rel="icon" href="./favicon.svg" type="image/svg+xml">
    <style>…</style>
    </head>
    <body>
    <header><a href="./"><svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path d="M3 8h18M3 16h7"/></svg>Shortlink</a></header>
    <main>
    <h1>This short link leads to</h1>
    <p class="target"><a href="https://www.example.com:8443/a?b=c&amp;d#e" rel="nofollow noopener noreferrer" dir="ltr">https://<b>www.example.com:8443</b>/a?b=c&amp;d#e</a></p>
    <p class="go"><a class="button" href="https://www.example.com:8443/a?b=c&amp;d#e" rel="nofollow noopener noreferrer">Go to www.example.com:8443</a></p>
    <div class="short">
    <label class="visually-hidden" for="short">Short link</label>
    <textarea id="short" rows="1" readonly spellcheck="false">https://go.example/here</textarea>
    <button type="button" id="copy" data-copied="Copied" hidden>Copy</button>
    </div>
    <dl>
    <div><dt>Created</dt><dd>1 second ago <span class="exact">(<time datetime="2030-01-01T00:00:00Z">1 January 2030, 00:00 UTC</time>)</span></dd></div>
    <div><dt>Expires</dt><dd>in 1 day <span class="exact">(<time datetime="2030-01-02T00:00:00Z">2 January 2030, 00:00 UTC</time>)</span></dd></div>
    <div><dt>Visits</dt><dd>0</dd></div>
    <div><dt>Last visit</dt><dd>No visits yet</dd></div>
    </dl>
    <div class="code preview-code">
    <img src="./here.svg" width="160" height="160" alt="QR code of https://go.example/here">
    <div>
    <h2>QR code</h2>
    <p>For posters, slides and screens. Save it as <a href="./here.svg" download="here.svg">SVG</a> or <a href="./here.png?size=1024" download="here.png">PNG</a>.</p>
    </div>
    </div>
    <section class="chart">
    <h2>Visits by day</h2>
    <p>No visits in the last 30 days.</p>
    </section>
    <p class="next"><a href="./">Shorten a link</a></p>
    </main>
    <footer>
    <a href="./docs">API</a>
    </footer>
    <script>…</script>
    </body>
    </html>
    "#);
    assert_eq!(send(app.get("/here%2B").header("accept", BROWSER_ACCEPT)).await, page);
    assert_eq!(send(app.get("/%68ere+?utm_source=x").header("accept", BROWSER_ACCEPT)).await, page);
    let head = send(app.head("/here+").header("accept", BROWSER_ACCEPT)).await;
    assert_eq!((head.status, &head.headers, head.body.as_str()), (200, &page.headers, ""));
    let again = app.get("/here+").header("accept", BROWSER_ACCEPT).header("if-none-match", page.header("etag"));
    assert_eq!(send(again).await.status, 304);
    let other_type = app.get("/here+").header("if-none-match", page.header("etag"));
    assert_eq!(send(other_type).await.status, 200);
}

#[tokio::test]
async fn preview_shows_visits_to_everybody_only_if_the_operator_wants_that() {
    let app = TestApp::builder().env("PREVIEW", "full").start().await;
    app.put_item(json!({
        "shortCode": "seen", "originalUrl": "https://example.com/", "createdAt": NOW - 90_000,
    }))
    .await;
    app.put_item(json!({
        "shortCode": "visits#seen", "linkCreatedAt": NOW - 90_000, "visitMonth": "2029-12", "hits": 12_345,
        "lastHitAt": NOW - 61,
    }))
    .await;
    let document = send(app.get("/seen+")).await.json();
    assert_eq!((&document["visits"], &document["last_visit_at"]), (&json!(12_345), &json!("2029-12-31T23:58:59Z")));
    assert_eq!(document["expires_at"], serde_json::Value::Null);
    let page = send(app.get("/seen+").header("accept", BROWSER_ACCEPT)).await.body;
    for line in [
        "<div><dt>Expires</dt><dd>Never</dd></div>",
        "<div><dt>Visits</dt><dd>12,345</dd></div>",
        "<div><dt>Last visit</dt><dd>1 minute ago <span class=\"exact\">(<time datetime=\"2029-12-31T23:58:59Z\">31 December \
         2029, 23:58 UTC</time>)</span></dd></div>",
    ] {
        assert!(page.lines().any(|shown| shown == line), "{line}: {page}");
    }

    let app = TestApp::start().await;
    app.put_item(json!({
        "shortCode": "seen", "originalUrl": "https://example.com/", "createdAt": NOW - 90_000,
    }))
    .await;
    app.put_item(json!({
        "shortCode": "visits#seen", "linkCreatedAt": NOW - 90_000, "visitMonth": "2029-12", "hits": 12_345,
        "lastHitAt": NOW - 61,
    }))
    .await;
    let document = send(app.get("/seen+")).await.json();
    let shown = (&document["url"], &document["visits"], &document["last_visit_at"], &document["days"]);
    assert_eq!(shown, (&json!("https://example.com/"), &json!(null), &json!(null), &json!([])));
    let page = send(app.get("/seen+").header("accept", BROWSER_ACCEPT)).await.body;
    assert!(page.contains("Expires") && !page.contains("isit"), "the page does not mention visits: {page}");
}

#[tokio::test]
async fn operator_can_turn_previews_off() {
    let app = TestApp::builder().env("PREVIEW", "off").start().await;
    let form = app.request(Method::POST, "/shorten?page").header("content-type", "application/x-www-form-urlencoded");
    let page = send(form.header("accept", BROWSER_ACCEPT).body("url=https://example.com/&alias=here")).await;
    assert_eq!(page.status, 201);
    assert!(!page.body.contains("here+"), "no page leads to the preview: {page}");
    let unknown = send(app.get("/unknown+")).await;
    let preview = send(app.get("/here+")).await;
    assert_eq!((preview.status, preview.body), (404, unknown.body));
    for path in ["/here", "/here.svg"] {
        assert!(matches!(send(app.get(path)).await.status, 200 | 301), "{path}");
    }
}

#[tokio::test]
async fn previews_and_qr_codes_are_not_visits() {
    let app = TestApp::builder().env("PREVIEW", "full").start().await;
    send(app.create_link(&json!({"url": "https://example.com/", "alias": "here"}))).await;
    let created = app.item("here").await.expect("a link");
    for path in ["/here+", "/here.svg", "/here.png"] {
        for method in [Method::GET, Method::HEAD] {
            for user_agent in [FIREFOX, CURL] {
                for accept in ["*/*", BROWSER_ACCEPT] {
                    let request = app.request(method.clone(), path).header("user-agent", user_agent);
                    assert_eq!(send(request.header("accept", accept)).await.status, 200);
                }
            }
        }
    }
    app.resolve.shutdown().await;
    let after = send(app.get("/here+")).await.json();
    assert_eq!((&after["visits"], &after["last_visit_at"]), (&json!(0), &serde_json::Value::Null));
    assert_eq!(app.item("here").await, Some(created), "the link did not change");
    assert_eq!(app.keys().await, ["here"], "no count was written");
    // A redirect is counted, so the checks above would have found a count.
    send(app.get("/here").header("user-agent", FIREFOX)).await;
    app.resolve.shutdown().await;
    assert_eq!((app.number("visits#here", "hits").await, app.keys().await.len()), (1, 2));
}

#[tokio::test]
async fn target_is_escaped() {
    let app = TestApp::start().await;
    let targets = [
        // As a client sends them. `edited` below is as an operator may edit the table.
        ("https://example.com/?q=\"><script>alert(1)</script>", "%22%3E%3Cscript%3Ealert(1)%3C/script%3E"),
        ("https://example.com/#'onmouseover='alert(1)", "#&#39;onmouseover=&#39;alert(1)"),
        ("https://example.com/?q='onmouseover='alert(1)&amp;b", "?q=%27onmouseover=%27alert(1)&amp;amp;b"),
        ("https://example.com/%E2%80%AEgpj.exe", "/%E2%80%AEgpj.exe"),
        ("https://münchen.example/", "<b>xn--mnchen-3ya.example</b>"),
    ];
    for (index, (target, shown)) in targets.into_iter().enumerate() {
        let alias = format!("hostile-{index}");
        assert_eq!(send(app.create_link(&json!({"url": target, "alias": alias}))).await.status, 201, "{target}");
        let page = redacted(send(app.get(&format!("/{alias}+")).header("accept", BROWSER_ACCEPT)).await).body;
        assert!(page.contains(shown), "{shown}: {page}");
        assert!(page.matches("<script").count() == 1 && !page.contains("'onmouseover"), "{page}");
    }
    let edited = "https://example.com/</b></a><script>alert(1)</script><img/src=x\"onerror='alert(1)'>";
    app.put_item(json!({"shortCode": "edited", "originalUrl": edited, "createdAt": NOW})).await;
    let page = redacted(send(app.get("/edited+").header("accept", BROWSER_ACCEPT)).await).body;
    assert!(page.matches("<script").count() == 1 && !page.contains("<img/") && !page.contains("\"onerror"), "{page}");
    assert!(page.contains("%3Cscript%3E"), "{page}");
}

#[tokio::test]
async fn missing_and_expired_links_have_no_preview() {
    let app = TestApp::start().await;
    app.put_item(
        json!({"shortCode": "old", "originalUrl": "https://secret.example/", "createdAt": NOW - 9, "expiresAt": NOW}),
    )
    .await;
    for (path, status) in [("/unknown", 404), ("/old", 410)] {
        for accept in ["*/*", BROWSER_ACCEPT] {
            let redirect = send(app.get(path).header("accept", accept)).await;
            assert_eq!(redirect.status, status);
            for end in ["+", ".svg", ".png"] {
                assert_eq!(
                    send(app.get(&format!("{path}{end}")).header("accept", accept)).await,
                    redirect,
                    "{path}{end}"
                );
            }
        }
    }
}

#[tokio::test]
async fn preview_warns_of_a_host_that_looks_like_another() {
    let app = TestApp::start().await;
    for (alias, host, expected) in [
        (
            "imitation",
            "аррӏе.com",
            "look like other letters. It is not <b>apple.com</b>. In ASCII it is <code>xn--80ak6aa92e.com</code>",
        ),
        (
            "mixture",
            "bаnk-süd.example",
            "Careful: some letters in <bdi>bаnk-süd.example</bdi> look like other letters. In",
        ),
        (
            "german",
            "bücher.example",
            "The host is <bdi>bücher.example</bdi> (in ASCII: <code>xn--bcher-kva.example</code>).",
        ),
    ] {
        send(app.create_link(&json!({"url": format!("https://{host}:8443/"), "alias": alias}))).await;
        let page = send(app.get(&format!("/{alias}+")).header("accept", BROWSER_ACCEPT)).await;
        assert!(page.body.contains(expected), "{page}");
    }
    send(app.create_link(&json!({"url": "https://example.com/", "alias": "plain"}))).await;
    let page = send(app.get("/plain+").header("accept", BROWSER_ACCEPT)).await;
    assert!(!page.body.contains("The host is") && !page.body.contains("Careful"), "{page}");
}
