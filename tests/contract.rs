//! The contract at the edges: status, headers and body of every kind of request.

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::json;

use crate::app::{TestApp, answer};
use crate::pages::{BROWSER, bare};

/// A creation whose body is `body` as it stands, with a content type or without.
async fn post(app: &TestApp, content_type: Option<&str>, body: impl Into<reqwest::Body>) -> crate::app::Answer {
    let mut request = app.request(Method::POST, "/shorten").body(body);
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    answer(request).await
}

/// What is wrong with an order, in one line.
async fn refusal(app: &TestApp, order: serde_json::Value) -> String {
    let answer = answer(app.shorten(&order)).await;
    assert_eq!(answer.header("content-type"), "application/problem+json", "{answer}");
    let problem = answer.json();
    assert_eq!(problem["status"], answer.status);
    format!(
        "{} {} {}",
        answer.status,
        problem["type"].as_str().unwrap_or("?"),
        problem["detail"].as_str().unwrap_or("?")
    )
}

#[tokio::test]
async fn a_json_body_makes_a_link() {
    let app = TestApp::start().await;
    assert_snapshot!(answer(app.shorten(&json!({"url": "https://example.com/a/../b?q=é"}))).await, @r#"
    201
    cache-control: no-store
    content-type: application/json
    location: http://sho.rt/YhFVztU
    vary: accept
    x-content-type-options: nosniff

    {"short":"/YhFVztU","short_url":"http://sho.rt/YhFVztU","code":"YhFVztU","url":"https://example.com/b?q=%C3%A9","created_at":"2030-01-01T00:00:00Z","expires_at":"2030-04-01T00:00:00Z"}
    "#);
}

#[tokio::test]
async fn long_url_is_another_name_for_url() {
    let app = TestApp::start().await;
    let made = answer(app.shorten(&json!({"long_url": "https://example.com/", "url": null, "alias": null}))).await;
    assert_eq!((made.status, made.json()["url"].as_str()), (201, Some("https://example.com/")));
}

#[tokio::test]
async fn a_form_and_a_text_make_the_same_link_as_json() {
    let app = TestApp::start().await;
    let form = "application/x-www-form-urlencoded";
    for (content_type, body) in [
        (Some("application/json; charset=utf-8"), r#"{"url": "https://example.com/?a=1&b=2"}"#),
        (Some("Application/JSON"), "\u{feff} {\"url\": \"https://example.com/?a=1&b=2\"}"),
        (Some(form), "url=https%3A%2F%2Fexample.com%2F%3Fa%3D1%26b%3D2"),
        (Some(form), "url=https%3A%2F%2Fexample.com%2F%3Fa%3D1%26b%3D2&alias=&expires_at=&reuse=\r\n"),
        (Some("text/plain"), "https://example.com/?a=1&b=2\n"),
        // The header that curl sends with `-d` when nobody gave one, and no header at all.
        (Some(form), r#"{"url": "https://example.com/?a=1&b=2"}"#),
        (None, r#"{"url": "https://example.com/?a=1&b=2"}"#),
        (None, "url=https%3A%2F%2Fexample.com%2F%3Fa%3D1%26b%3D2"),
    ] {
        let made = post(&app, content_type, body).await;
        assert_eq!(made.status, 201, "{content_type:?} {body}: {made}");
        assert_eq!(made.json()["url"], "https://example.com/?a=1&b=2", "{content_type:?} {body}");
    }
}

#[tokio::test]
async fn a_client_that_wants_text_gets_the_short_url_and_a_newline() {
    let app = TestApp::start().await;
    let order = app.shorten(&json!({"url": "https://example.com/", "alias": "plain"}));
    assert_snapshot!(answer(order.header("accept", "text/plain")).await, @"
    201
    cache-control: no-store
    content-type: text/plain; charset=utf-8
    location: http://sho.rt/plain
    vary: accept
    x-content-type-options: nosniff

    http://sho.rt/plain
    ");
    let split = app
        .shorten(&json!({"url": "https://example.com/"}))
        .header("accept", "text/html")
        .header("accept", "text/plain");
    assert_eq!(answer(split).await.header("content-type"), "text/plain; charset=utf-8");
    let axios = app.shorten(&json!({"url": "https://example.com/"}));
    let made = answer(axios.header("accept", "application/json, text/plain, */*")).await;
    assert_eq!(made.header("content-type"), "application/json");
}

#[tokio::test]
async fn an_alias_is_the_code_and_can_be_had_once() {
    let app = TestApp::start().await;
    let order = json!({"url": "https://example.com/", "alias": "Spring_sale-2030"});
    let made = answer(app.shorten(&order)).await;
    assert_eq!((made.status, made.header("location")), (201, "http://sho.rt/Spring_sale-2030"));
    assert_snapshot!(answer(app.shorten(&order)).await, @r#"
    409
    cache-control: no-store
    content-type: application/problem+json
    vary: accept
    x-content-type-options: nosniff

    {"type":"urn:shortlink:problem:alias-taken","title":"This alias is taken","status":409,"detail":"alias is already the code of another link; choose another.","field":"alias"}
    "#);
    // Case matters.
    let other = answer(app.shorten(&json!({"url": "https://example.com/", "alias": "spring_sale-2030"}))).await;
    assert_eq!(other.status, 201);
}

#[tokio::test]
async fn a_base_url_is_what_short_urls_begin_with() {
    let app = TestApp::with(&[("BASE_URL", "https://go.example/s/")]).await;
    let made = answer(app.shorten(&json!({"url": "https://example.com/", "alias": "here"}))).await;
    assert_eq!(made.header("location"), "https://go.example/s/here");
    for own in ["https://go.example/x", "http://sho.rt/x"] {
        let refused = refusal(&app, json!({ "url": own })).await;
        assert_eq!(
            refused,
            "400 urn:shortlink:problem:invalid-url url leads back to this service; give the URL that the short link stands for."
        );
    }
}

#[tokio::test]
async fn a_link_redirects_to_its_target() {
    let app = TestApp::start().await;
    answer(app.shorten(&json!({"url": "https://example.com/é?q#f", "alias": "here"}))).await;
    let followed = answer(app.get("/here")).await;
    assert_snapshot!(followed, @"
    301
    cache-control: private, max-age=90
    location: https://example.com/%C3%A9?q#f
    ");
    assert_eq!(answer(app.request(Method::HEAD, "/here")).await, followed);
    // Nothing that a visitor sends changes where a link leads.
    let crafted =
        app.get("/here?url=https://evil.example&next=//evil.example").header("x-forwarded-host", "evil.example");
    assert_eq!(answer(crafted).await, followed);
    assert_eq!(answer(app.get("/%68ere")).await, followed);
}

#[tokio::test]
async fn the_operator_chooses_the_status_of_redirects() {
    for status in ["301", "302", "307", "308"] {
        let app = TestApp::with(&[("REDIRECT_STATUS", status)]).await;
        answer(app.shorten(&json!({"url": "https://example.com/", "alias": "here"}))).await;
        assert_eq!(answer(app.get("/here")).await.status.to_string(), status);
    }
}

#[tokio::test]
async fn an_unknown_code_is_404_as_a_page_or_a_document() {
    let app = TestApp::start().await;
    let unknown = answer(app.get("/unknown")).await;
    assert_snapshot!(unknown, @r#"
    404
    cache-control: no-store
    content-type: application/problem+json
    vary: accept
    x-content-type-options: nosniff

    {"type":"urn:shortlink:problem:not-found","title":"No such link","status":404,"detail":"There is no link at this address. Check it for typing mistakes: capital and small letters differ."}
    "#);
    assert_snapshot!(bare(answer(app.get("/unknown").header("accept", BROWSER)).await), @r#"
    404
    cache-control: no-store
    content-security-policy: default-src 'none'; style-src (our style); img-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'
    content-type: text/html; charset=utf-8
    referrer-policy: same-origin
    vary: accept
    x-content-type-options: nosniff

    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>No such link</title>
    <link rel="icon" href="./favicon.svg" type="image/svg+xml">
    <style>…</style>
    </head>
    <body>
    <header><a href="./"><svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path d="M3 8h18M3 16h7"/></svg>Shortlink</a></header>
    <main>
    <p class="kicker">404</p>
    <h1>No such link</h1>
    <p class="lead">There is no link at this address. Check it for typing mistakes: capital and small letters differ.</p>
    <p class="next"><a href="./">Make a short link</a></p>
    </main>
    </body>
    </html>
    "#);
    // What is no code at all, in whichever way, is as unknown.
    for path in [
        "/ab",
        "/a%2Fb",
        "/%2e%2e%2fetc",
        "/%00%00%00",
        "/%ff%fe%fd",
        "/abc%0d%0aset-cookie:a",
        "/caf%C3%A9",
        "/favicon.ico",
        "/a+b",
        "/ab+",
        "/++++",
        "/abc+.svg",
        "/abc.gif",
        "/abc.PNG",
        "/abc%2Esvg%2B",
        "/%",
    ] {
        assert_eq!(answer(app.get(path)).await, unknown, "{path}");
    }
    assert_eq!(answer(app.get(&format!("/{}", "a".repeat(65)))).await, unknown);
}

#[tokio::test]
async fn what_no_route_matches_is_answered_as_by_the_gateway() {
    let app = TestApp::start().await;
    let unmatched = answer(app.get("/a/b")).await;
    assert_snapshot!(unmatched, @r#"
    404
    content-type: application/json

    {"message":"Not Found"}
    "#);
    for (method, path) in [
        (Method::GET, "/shorten/"),
        (Method::POST, "/abc1234"),
        (Method::DELETE, "/abc1234"),
        (Method::GET, "/a/b+"),
        (Method::POST, "/"),
        (Method::PUT, "/shorten"),
    ] {
        assert_eq!(answer(app.request(method.clone(), path)).await, unmatched, "{method} {path}");
    }
}

#[tokio::test]
async fn the_gateways_limits_are_kept() {
    let app = TestApp::start().await;
    let post = |length: usize| app.request(Method::POST, "/shorten").body(vec![b'x'; length]);
    assert_snapshot!(answer(post(10 * 1024 * 1024 + 1)).await, @r#"
    413
    content-type: application/json

    {"message":"Request Entity Too Large"}
    "#);
    let within = answer(post(10 * 1024 * 1024)).await;
    assert_eq!((within.status, within.json()["type"].as_str()), (413, Some("urn:shortlink:problem:body-too-large")));
    let get = |length: usize| app.get("/unknown").header("x-filler", "x".repeat(length));
    assert_eq!(answer(get(10_000)).await.status, 404);
    assert_snapshot!(answer(get(10_240)).await, @r#"
    431
    content-type: application/json

    {"message":"Request Header Fields Too Large"}
    "#);
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused_with_the_reason() {
    let app = TestApp::start().await;
    let json = Some("application/json");
    let mut seen = String::new();
    for (content_type, body) in [
        (json, &b"{\"url\": \"https://example.com/"[..]),
        (json, b"[\"https://example.com/\"]"),
        (json, b"{\"url\": \"https://example.com/\", \"url\": \"https://example.org/\"}"),
        (json, b"{\"url\": \"https://example.com/\"} trailing"),
        (json, b"{\"url\": \"https://example.com/\xff\"}"),
        (json, b"{\"url\": \"https://example.com/\", \"expires\": 60}"),
        (json, b""),
        (Some("application/x-www-form-urlencoded"), b"url=https://example.com/?a=1&b=2"),
        (Some("application/x-www-form-urlencoded"), b"https://example.com/"),
        (Some("application/x-www-form-urlencoded"), b""),
        (Some("application/x-www-form-urlencoded"), b"url=https://fr.example/caf%E9"),
        (Some("text/plain"), b""),
        (Some("text/xml"), b"<url>https://example.com/</url>"),
        (Some("multipart/form-data; boundary=x"), b"--x--"),
        (json, &[b' '; 16_385]),
    ] {
        let refused = post(&app, content_type, body).await;
        assert_eq!(refused.header("content-type"), "application/problem+json");
        let problem = refused.json();
        let name = problem["type"].as_str().and_then(|name| name.strip_prefix("urn:shortlink:problem:"));
        seen += &format!("{} {} {}\n", refused.status, name.unwrap_or("?"), problem["detail"].as_str().unwrap_or("?"));
    }
    assert_snapshot!(seen, @r#"
    400 invalid-body The body is not valid JSON at line 1, column 29.
    400 invalid-body The body is not a JSON object; send one such as {"url": "https://example.com/"}.
    400 invalid-body There are two of the field "url" (or url and long_url, which are one); send one.
    400 invalid-body The body is not valid JSON at line 1, column 33.
    400 invalid-body The body is not UTF-8 from byte 29 on.
    400 invalid-body There is no field "expires"; there are url, alias, expires_in, expires_at and reuse. If it is a part of the URL, encode the URL (curl --data-urlencode url=…) or send it as JSON or text/plain.
    400 invalid-body The body is not a JSON object; send one such as {"url": "https://example.com/"}.
    400 invalid-body There is no field "b"; there are url, alias, expires_in, expires_at and reuse. If it is a part of the URL, encode the URL (curl --data-urlencode url=…) or send it as JSON or text/plain.
    400 invalid-url url is missing: give the URL that the link should lead to.
    400 invalid-url url is missing: give the URL that the link should lead to.
    400 invalid-body The form is not UTF-8 once it is decoded. If a URL has such bytes, encode it once more (curl --data-urlencode url=…), or send it as JSON or text/plain.
    400 invalid-url url is empty; give the URL that the link should lead to.
    415 unsupported-media-type The body is of type "text/xml"; send application/json, application/x-www-form-urlencoded or text/plain.
    415 unsupported-media-type The body is of type "multipart/form-data"; send application/json, application/x-www-form-urlencoded or text/plain.
    413 body-too-large The body has 16385 bytes; send at most 16384.
    "#);
    assert_eq!(app.keys().await, [""; 0], "nothing was made");
}

#[tokio::test]
async fn a_field_that_cannot_be_had_is_refused_with_the_reason() {
    let app = TestApp::start().await;
    let mut seen = String::new();
    let url = "https://example.com/";
    for order in [
        json!({}),
        json!({"url": null}),
        json!({"url": 7}),
        json!({"url": ""}),
        json!({"url": "example.com"}),
        json!({"url": "https://"}),
        json!({"url": "https://exa mple.com/"}),
        json!({"url": "https://example.com/\u{0}"}),
        json!({"url": "data:text/html,x"}),
        json!({"url": "https://me:secret@example.com/"}),
        json!({"url": "http://0x7f.1/"}),
        json!({"url": "http://[::ffff:10.0.0.1]/"}),
        json!({"url": "http://localhost:3000/"}),
        json!({"url": "https://SHO.rt./abc"}),
        json!({"url": "http://intranet/"}),
        json!({"url": "http://example..com/"}),
        json!({"url": format!("https://example.com/{}", "é".repeat(400))}),
        json!({"url": url, "long_url": url}),
        json!({"url": url, "alias": "ab"}),
        json!({"url": url, "alias": "a".repeat(65)}),
        json!({"url": url, "alias": "naïve"}),
        json!({"url": url, "alias": "../etc"}),
        json!({"url": url, "alias": "Shorten"}),
        json!({"url": url, "alias": 7}),
        json!({"url": url, "expires_in": 59}),
        json!({"url": url, "expires_in": 1e99}),
        json!({"url": url, "expires_in": "soon"}),
        json!({"url": url, "expires_in": 3600.5}),
        json!({"url": url, "expires_at": "tomorrow"}),
        json!({"url": url, "expires_at": "2029-12-31T23:59:59Z"}),
        json!({"url": url, "expires_at": 1_900_000_000}),
        json!({"url": url, "expires_at": null}),
        json!({"url": url, "expires_in": 60, "expires_at": null}),
        json!({"url": url, "reuse": "maybe"}),
        json!({"url": url, "reuse": 1}),
    ] {
        seen += &refusal(&app, order).await.replace("urn:shortlink:problem:", "");
        seen.push('\n');
    }
    assert_snapshot!(seen, @r#"
    400 invalid-url url is missing: give the URL that the link should lead to.
    400 invalid-url url is missing: give the URL that the link should lead to.
    400 invalid-body url must be a string.
    400 invalid-url url is empty; give the URL that the link should lead to.
    400 invalid-url url is not a whole URL; start it with https:// or http://.
    400 invalid-url url is not a URL: empty host.
    400 invalid-url url is not a URL: invalid international domain name.
    400 invalid-url url holds the control character U+0000; percent-encode it.
    400 invalid-url url has the scheme "data"; only http and https links are made.
    400 invalid-url url holds a user name or a password; remove what stands before the '@' in the host.
    400 invalid-url url leads to the address 127.0.0.1, which is loopback, private or otherwise not public.
    400 invalid-url url leads to the address ::ffff:10.0.0.1, which is loopback, private or otherwise not public.
    400 invalid-url url leads to "localhost", a name that means something else on every network.
    400 invalid-url url leads back to this service; give the URL that the short link stands for.
    400 invalid-url url leads to "intranet", a name that means something else on every network.
    400 invalid-url url is not a URL: invalid international domain name.
    400 invalid-url url is longer than 2048 bytes; links to such URLs break in many clients.
    400 invalid-body There are two of the field "url" (or url and long_url, which are one); send one.
    400 invalid-alias alias has 2 characters; use 3 to 64.
    400 invalid-alias alias has 65 characters; use 3 to 64.
    400 invalid-alias alias holds 'ï'; use only letters A-Z a-z, digits 0-9, '_' and '-'.
    400 invalid-alias alias holds '.'; use only letters A-Z a-z, digits 0-9, '_' and '-'.
    400 invalid-alias alias is a name that this service keeps for itself; choose another.
    400 invalid-body alias must be a string.
    400 invalid-expiry expires_in must be 60 to 315360000 seconds from now; it is 59.
    400 invalid-expiry expires_in must be a whole number of seconds, such as 3600.
    400 invalid-expiry expires_in must be a whole number of seconds, such as 3600.
    400 invalid-expiry expires_in must be a whole number of seconds, such as 3600.
    400 invalid-expiry expires_at must be an instant as RFC 3339 writes it, such as 2030-01-31T12:00:00Z (in a form, + is written %2B).
    400 invalid-expiry expires_at must be 60 to 315360000 seconds from now; it is -1.
    400 invalid-expiry expires_at must be a string such as "2030-01-31T12:00:00Z", or null for never.
    400 invalid-expiry expires_at must be an instant: this service makes no links that never expire; leave it out for the default.
    400 invalid-expiry expires_in and expires_at are both there; send one of them.
    400 invalid-body reuse must be true or false.
    400 invalid-body reuse must be true or false.
    "#);
    assert_eq!(app.keys().await, [""; 0], "nothing was made");
}

#[tokio::test]
async fn reuse_gives_the_same_link_for_the_same_order_and_another_for_another() {
    let app = TestApp::with(&[("ALLOW_NEVER", "true")]).await;
    let order = |more: serde_json::Value| {
        let mut order = json!({"url": "https://example.com/a", "reuse": true});
        order.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        app.shorten(&order)
    };
    let mut codes = std::collections::HashSet::new();
    for more in [
        json!({}),
        json!({"expires_in": 3600}),
        json!({"expires_at": "2030-06-01T00:00:00Z"}),
        json!({"expires_at": null}),
        json!({"alias": "mine"}),
        json!({"alias": "mine-for-an-hour", "expires_in": 3600}),
        json!({"url": "https://example.com/b"}),
    ] {
        let made = answer(order(more.clone())).await;
        assert_eq!(made.status, 201, "{more}: {made}");
        app.pass(5);
        let found = answer(order(more.clone())).await;
        assert_eq!(found.status, 200, "{more}: {found}");
        assert_eq!((&found.body, &found.headers), (&made.body, &made.headers));
        assert!(codes.insert(made.json()["code"].to_string()), "{more} is an order of its own");
    }
    // The target is compared as it is kept; an alias of another link is taken.
    let found = answer(order(json!({"url": "HTTPS://EXAMPLE.com:443/b/../a"}))).await;
    assert_eq!(found.status, 200);
    for other in [json!({"alias": "mine", "url": "https://example.com/b"}), json!({"alias": "mine", "expires_in": 60})]
    {
        assert_eq!(answer(order(other)).await.status, 409);
    }
    // Without `reuse` a link is made each time.
    assert_eq!(answer(app.shorten(&json!({"url": "https://example.com/a"}))).await.status, 201);
}

#[tokio::test]
async fn a_broken_item_is_our_mistake_and_says_only_that() {
    let app = TestApp::start().await;
    app.put_item(json!({"shortCode": "broken", "originalUrl": "javascript:alert(1)", "createdAt": 1})).await;
    let broken = answer(app.get("/broken")).await;
    assert_eq!(broken.status, 500);
    assert!(!broken.body.contains("javascript"), "{broken}");
}

#[tokio::test]
async fn a_table_that_does_not_answer_is_503_with_retry_after() {
    let app = TestApp::through(async |_| "http://127.0.0.1:1".to_owned()).await;
    let unavailable = answer(app.get("/anything")).await;
    assert_snapshot!(unavailable, @r#"
    503
    cache-control: no-store
    content-type: application/problem+json
    retry-after: 1
    vary: accept
    x-content-type-options: nosniff

    {"type":"urn:shortlink:problem:unavailable","title":"Try again in a moment","status":503,"detail":"The service is busy. Send the same request again in a second."}
    "#);
    let page = answer(app.get("/anything").header("accept", "text/html")).await;
    assert_eq!((page.status, page.header("retry-after")), (503, "1"));
    let made = answer(app.shorten(&json!({"url": "https://example.com/"}))).await;
    assert_eq!((made.status, made.body), (503, unavailable.body));
}

#[tokio::test]
async fn a_table_that_is_not_there_is_500_and_the_client_is_not_told_why() {
    let app = TestApp::start().await;
    app.dynamodb.delete_table().table_name("links").send().await.expect("deleted");
    assert_snapshot!(answer(app.shorten(&json!({"url": "https://example.com/"}))).await.body.split_once("request id").expect("an id").0, @r#"{"type":"urn:shortlink:problem:internal","title":"Something is broken here","status":500,"detail":"This is not your mistake. Try again later; if it stays, tell the operator the"#);
}
