//! The API contract: status, headers and body of every kind of request.

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::json;

use crate::support::app::{Response, TestApp, send};
use crate::support::dynamodb::UNREACHABLE;
use crate::support::redact::redacted;
use crate::support::user_agents::BROWSER_ACCEPT;

/// Posts a body to `/shorten` unchanged, with or without a content type.
async fn post(app: &TestApp, content_type: Option<&str>, body: impl Into<reqwest::Body>) -> Response {
    let mut request = app.request(Method::POST, "/shorten").body(body);
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    send(request).await
}

/// Status, type and detail of the problem that a request body causes, on one line.
async fn problem(app: &TestApp, body: serde_json::Value) -> String {
    let response = send(app.create_link(&body)).await;
    assert_eq!(response.header("content-type"), "application/problem+json", "{response}");
    let problem = response.json();
    assert_eq!(problem["status"], response.status);
    format!(
        "{} {} {}",
        response.status,
        problem["type"].as_str().unwrap_or("?"),
        problem["detail"].as_str().unwrap_or("?")
    )
}

#[tokio::test]
async fn json_body_creates_a_link() {
    let app = TestApp::start().await;
    assert_snapshot!(send(app.create_link(&json!({"url": "https://example.com/a/../b?q=é"}))).await, @r#"
    201
    cache-control: no-store
    content-type: application/json
    location: http://sho.rt/Td8qWBd
    vary: accept
    x-content-type-options: nosniff

    {"short":"/Td8qWBd","short_url":"http://sho.rt/Td8qWBd","code":"Td8qWBd","url":"https://example.com/b?q=%C3%A9","created_at":"2030-01-01T00:00:00Z","expires_at":"2030-04-01T00:00:00Z","manage_token":"slm_df230b49615d175307d580c33d6fda61fc7b9aec91df0f5c1a5ebe3b8cbfee02"}
    "#);
}

#[tokio::test]
async fn long_url_is_accepted_for_url() {
    let app = TestApp::start().await;
    let created = send(app.create_link(&json!({"long_url": "https://example.com/", "url": null, "alias": null}))).await;
    assert_eq!((created.status, created.json()["url"].as_str()), (201, Some("https://example.com/")));
}

#[tokio::test]
async fn form_and_text_bodies_equal_json() {
    let app = TestApp::start().await;
    let form = "application/x-www-form-urlencoded";
    for (content_type, body) in [
        (Some("application/json; charset=utf-8"), r#"{"url": "https://example.com/?a=1&b=2"}"#),
        (Some("Application/JSON"), "\u{feff} {\"url\": \"https://example.com/?a=1&b=2\"}"),
        (Some(form), "url=https%3A%2F%2Fexample.com%2F%3Fa%3D1%26b%3D2"),
        (Some(form), "url=https%3A%2F%2Fexample.com%2F%3Fa%3D1%26b%3D2&alias=&expires_at=&reuse=\r\n"),
        (Some("text/plain"), "https://example.com/?a=1&b=2\n"),
        // The header that `curl -d` sends by default, and no header.
        (Some(form), r#"{"url": "https://example.com/?a=1&b=2"}"#),
        (None, r#"{"url": "https://example.com/?a=1&b=2"}"#),
        (None, "url=https%3A%2F%2Fexample.com%2F%3Fa%3D1%26b%3D2"),
    ] {
        let created = post(&app, content_type, body).await;
        assert_eq!(created.status, 201, "{content_type:?} {body}: {created}");
        assert_eq!(created.json()["url"], "https://example.com/?a=1&b=2", "{content_type:?} {body}");
    }
}

#[tokio::test]
async fn plain_text_response_is_the_short_url() {
    let app = TestApp::start().await;
    let request = app.create_link(&json!({"url": "https://example.com/", "alias": "plain"}));
    assert_snapshot!(send(request.header("accept", "text/plain")).await, @"
    201
    cache-control: no-store
    content-type: text/plain; charset=utf-8
    location: http://sho.rt/plain
    vary: accept
    x-content-type-options: nosniff

    http://sho.rt/plain
    ");
    let split = app
        .create_link(&json!({"url": "https://example.com/"}))
        .header("accept", "text/html")
        .header("accept", "text/plain");
    assert_eq!(send(split).await.header("content-type"), "text/plain; charset=utf-8");
    let axios = app.create_link(&json!({"url": "https://example.com/"}));
    let created = send(axios.header("accept", "application/json, text/plain, */*")).await;
    assert_eq!(created.header("content-type"), "application/json");
}

#[tokio::test]
async fn alias_is_unique_and_case_sensitive() {
    let app = TestApp::start().await;
    let body = json!({"url": "https://example.com/", "alias": "Spring_sale-2030"});
    let created = send(app.create_link(&body)).await;
    assert_eq!((created.status, created.header("location")), (201, "http://sho.rt/Spring_sale-2030"));
    assert_snapshot!(send(app.create_link(&body)).await, @r#"
    409
    cache-control: no-store
    content-type: application/problem+json
    vary: accept
    x-content-type-options: nosniff

    {"type":"urn:shortlink:problem:alias-taken","title":"This alias is taken","status":409,"detail":"alias is already taken; choose another, such as Spring_sale-2030-2 or Spring_sale-2030-3.","field":"alias","suggestions":["Spring_sale-2030-2","Spring_sale-2030-3"]}
    "#);
    // An alias in another case is another alias.
    let other = send(app.create_link(&json!({"url": "https://example.com/", "alias": "spring_sale-2030"}))).await;
    assert_eq!(other.status, 201);
}

#[tokio::test]
async fn base_url_prefixes_short_urls() {
    let app = TestApp::builder().env("BASE_URL", "https://go.example/s/").start().await;
    let created = send(app.create_link(&json!({"url": "https://example.com/", "alias": "here"}))).await;
    assert_eq!(created.header("location"), "https://go.example/s/here");
    for own in ["https://go.example/x", "http://sho.rt/x"] {
        let rejected = problem(&app, json!({ "url": own })).await;
        assert_eq!(
            rejected,
            "400 urn:shortlink:problem:invalid-url url points to this service; give the URL that the short link redirects to."
        );
    }
}

#[tokio::test]
async fn link_redirects_to_its_target() {
    let app = TestApp::start().await;
    send(app.create_link(&json!({"url": "https://example.com/é?q#f", "alias": "here"}))).await;
    let redirect = send(app.get("/here")).await;
    assert_snapshot!(redirect, @"
    301
    cache-control: private, max-age=90
    location: https://example.com/%C3%A9?q#f
    x-content-type-options: nosniff
    ");
    assert_eq!(send(app.head("/here")).await, redirect);
    // The query and the headers do not affect the target.
    let crafted =
        app.get("/here?url=https://evil.example&next=//evil.example").header("x-forwarded-host", "evil.example");
    assert_eq!(send(crafted).await, redirect);
    assert_eq!(send(app.get("/%68ere")).await, redirect);
}

#[tokio::test]
async fn redirect_status_is_configurable() {
    for status in ["301", "302", "307", "308"] {
        let app = TestApp::builder().env("REDIRECT_STATUS", status).start().await;
        send(app.create_link(&json!({"url": "https://example.com/", "alias": "here"}))).await;
        assert_eq!(send(app.get("/here")).await.status.to_string(), status);
    }
}

#[tokio::test]
async fn unknown_code_returns_404() {
    let app = TestApp::start().await;
    let unknown = send(app.get("/unknown")).await;
    assert_snapshot!(unknown, @r#"
    404
    cache-control: no-store
    content-type: application/problem+json
    vary: accept
    x-content-type-options: nosniff

    {"type":"urn:shortlink:problem:not-found","title":"Link not found","status":404,"detail":"There is no link at this address. Check it for typos: upper and lower case matter."}
    "#);
    assert_snapshot!(redacted(send(app.get("/unknown").header("accept", BROWSER_ACCEPT)).await), @r#"
    404
    cache-control: no-store
    content-language: en
    content-security-policy: default-src 'none'; style-src (our style); img-src 'self'; manifest-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'
    content-type: text/html; charset=utf-8
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
    <title>Link not found - Shortlink</title>
    <link rel="manifest" href="./manifest.webmanifest">
    <link rel="search" href="./opensearch.xml" type="application/opensearchdescription+xml" title="Shortlink">
    <link rel="icon" href="./favicon.svg" type="image/svg+xml">
    <style>…</style>
    </head>
    <body>
    <header><a href="./"><svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path d="M3 8h18M3 16h7"/></svg>Shortlink</a></header>
    <main>
    <p class="kicker">404</p>
    <h1>Link not found</h1>
    <p class="lead">There is no link at /unknown. Check for typos: upper and lower case matter.</p>
    <p class="next"><a href="./">Shorten a link</a></p>
    </main>
    <footer>
    <a href="./docs">API</a>
    </footer>
    </body>
    </html>
    "#);
    // A path that is no valid code gets the same response.
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
        assert_eq!(send(app.get(path)).await, unknown, "{path}");
    }
    assert_eq!(send(app.get(&format!("/{}", "a".repeat(65)))).await, unknown);
}

#[tokio::test]
async fn unmatched_route_returns_a_404_problem() {
    let app = TestApp::start().await;
    let unmatched = send(app.get("/a/b")).await;
    assert_snapshot!(unmatched, @r#"
    404
    cache-control: no-store
    content-type: application/problem+json
    vary: accept
    x-content-type-options: nosniff

    {"type":"urn:shortlink:problem:not-found","title":"Link not found","status":404,"detail":"There is no link at this address. Check it for typos: upper and lower case matter."}
    "#);
    for (method, path) in [
        (Method::GET, "/shorten/"),
        (Method::GET, "/a/b+"),
        (Method::POST, "/a/b"),
        (Method::DELETE, "/links/abc/nothing"),
    ] {
        assert_eq!(send(app.request(method.clone(), path)).await, unmatched, "{method} {path}");
    }
}

#[tokio::test]
async fn gateway_limits_apply() {
    let app = TestApp::start().await;
    let post = |length: usize| app.request(Method::POST, "/shorten").body(vec![b'x'; length]);
    assert_snapshot!(send(post(10 * 1024 * 1024 + 1)).await, @r#"
    413
    content-type: application/json
    x-content-type-options: nosniff

    {"message":"Request Entity Too Large"}
    "#);
    let within = send(post(10 * 1024 * 1024)).await;
    assert_eq!((within.status, within.json()["type"].as_str()), (413, Some("urn:shortlink:problem:body-too-large")));
    let get = |length: usize| app.get("/unknown").header("x-filler", "x".repeat(length));
    assert_eq!(send(get(10_000)).await.status, 404);
    assert_snapshot!(send(get(10_240)).await, @r#"
    431
    content-type: application/json
    x-content-type-options: nosniff

    {"message":"Request Header Fields Too Large"}
    "#);
}

#[tokio::test]
async fn unreadable_body_is_rejected_with_a_reason() {
    let app = TestApp::start().await;
    let json = Some("application/json");
    let mut actual = String::new();
    for (content_type, body) in [
        (json, &b"{\"url\": \"https://example.com/"[..]),
        (json, b"[\"https://example.com/\"]"),
        (json, b"{\"url\": \"https://example.com/\", \"url\": \"https://example.org/\"}"),
        (json, b"{\"url\": \"https://example.com/\"} trailing"),
        (json, b"{\"url\": \"https://example.com/\xff\"}"),
        (json, b"{\"url\": \"https://example.com/\", \"expires\": 60}"),
        (json, b""),
        (Some("application/x-www-form-urlencoded"), b"url=https://example.com/?a=1&b=2"),
        (Some("application/x-www-form-urlencoded"), b"alias=my-alias"),
        (Some("application/x-www-form-urlencoded"), b""),
        (Some("application/x-www-form-urlencoded"), b"url=https://fr.example/caf%E9"),
        (Some("text/plain"), b""),
        (Some("text/xml"), b"<url>https://example.com/</url>"),
        (Some("multipart/form-data; boundary=x"), b"--x--"),
        (json, &[b' '; 32_769]),
    ] {
        let rejected = post(&app, content_type, body).await;
        assert_eq!(rejected.header("content-type"), "application/problem+json");
        let problem = rejected.json();
        let name = problem["type"].as_str().and_then(|name| name.strip_prefix("urn:shortlink:problem:"));
        actual +=
            &format!("{} {} {}\n", rejected.status, name.unwrap_or("?"), problem["detail"].as_str().unwrap_or("?"));
    }
    assert_snapshot!(actual, @r#"
    400 invalid-body The body is not valid JSON at line 1, column 29.
    400 invalid-body The body is not a JSON object; send one such as {"url": "https://example.com/"}.
    400 invalid-body The field "url" occurs twice (url and long_url are the same field); send it once.
    400 invalid-body The body is not valid JSON at line 1, column 33.
    400 invalid-body The body is not valid UTF-8 at byte 29.
    400 invalid-body There is no field "expires"; the fields are url, alias, expires_in, expires_at, reuse, title, tags and note. If this is part of the URL, encode the URL (curl --data-urlencode url=…) or send it as JSON or text/plain.
    400 invalid-body The body is not a JSON object; send one such as {"url": "https://example.com/"}.
    400 invalid-body There is no field "b"; the fields are url, alias, expires_in, expires_at, reuse, title, tags and note. If this is part of the URL, encode the URL (curl --data-urlencode url=…) or send it as JSON or text/plain.
    400 invalid-url url is missing: give the URL that the link should redirect to.
    400 invalid-url url is missing: give the URL that the link should redirect to.
    400 invalid-body The form is not UTF-8 after decoding. If the URL itself contains percent-encoded bytes, encode it as a form field (curl --data-urlencode url=…), or send it as JSON or text/plain.
    400 invalid-url url is empty; give the URL that the link should redirect to.
    415 unsupported-media-type The body is of type "text/xml"; send application/json, application/x-www-form-urlencoded, multipart/form-data or text/plain.
    400 invalid-url url is missing: give the URL that the link should redirect to.
    413 body-too-large The body has more than 32768 bytes; send fewer.
    "#);
    assert_eq!(app.keys().await, [""; 0], "no link was created");
}

#[tokio::test]
async fn invalid_field_is_rejected_with_a_reason() {
    let app = TestApp::start().await;
    let mut actual = String::new();
    let url = "https://example.com/";
    for body in [
        json!({}),
        json!({"url": null}),
        json!({"url": 7}),
        json!({"url": ""}),
        json!({"url": "example"}),
        json!({"url": "https://"}),
        json!({"url": "https://exa mple.com/"}),
        json!({"url": "https://exam\u{0}ple.com/"}),
        json!({"url": "data:text/html,x"}),
        json!({"url": "https://me:secret@example.com/"}),
        json!({"url": "http://0x7f.1/"}),
        json!({"url": "http://[::ffff:10.0.0.1]/"}),
        json!({"url": "http://localhost:3000/"}),
        json!({"url": "https://SHO.rt./abc"}),
        json!({"url": "http://intranet/"}),
        json!({"url": "http://example..com/"}),
        json!({"url": format!("https://example.com/{}", "é".repeat(1_400))}),
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
        actual += &problem(&app, body).await.replace("urn:shortlink:problem:", "");
        actual.push('\n');
    }
    assert_snapshot!(actual, @r#"
    400 invalid-url url is missing: give the URL that the link should redirect to.
    400 invalid-url url is missing: give the URL that the link should redirect to.
    400 invalid-body url must be a string.
    400 invalid-url url is empty; give the URL that the link should redirect to.
    400 invalid-url url is not a URL such as https://example.com/page.
    400 invalid-url url is not a URL: empty host.
    400 invalid-url url is not a URL: invalid international domain name.
    400 invalid-url url contains the control character U+0000; percent-encode it.
    400 invalid-url url has the scheme "data"; only http and https URLs can be shortened.
    400 invalid-url url contains a user name or password, which anybody with the short link would see; remove it and the '@'.
    400 invalid-url url points to the address 127.0.0.1, which is loopback, private or otherwise not public.
    400 invalid-url url points to the address ::ffff:10.0.0.1, which is loopback, private or otherwise not public.
    400 invalid-url url points to "localhost", which works only on your own network.
    400 invalid-url url points to this service; give the URL that the short link redirects to.
    400 invalid-url url points to "intranet", which works only on your own network.
    400 invalid-url url is not a URL: invalid international domain name.
    400 invalid-url url is longer than 8000 bytes; give a shorter URL.
    400 invalid-body The field "url" occurs twice (url and long_url are the same field); send it once.
    400 invalid-alias alias has 2 characters; use 3 to 64.
    400 invalid-alias alias has 65 characters; use 3 to 64.
    400 invalid-alias alias contains 'ï'; use only letters A-Z a-z, digits 0-9, '_' and '-'; for example, nave.
    400 invalid-alias alias contains '.'; use only letters A-Z a-z, digits 0-9, '_' and '-'; for example, etc.
    400 invalid-alias alias is reserved; choose another name.
    400 invalid-body alias must be a string.
    400 invalid-expiry expires_in must be between 1 minute and 10 years from now (60 to 315360000 seconds); it is 59.
    400 invalid-expiry expires_in must be a whole number of seconds, such as 3600.
    400 invalid-expiry expires_in must be a whole number of seconds, such as 3600.
    400 invalid-expiry expires_in must be a whole number of seconds, such as 3600.
    400 invalid-expiry expires_at must be a date and time in RFC 3339 format, such as 2030-01-31T12:00:00Z (in a form, write + as %2B).
    400 invalid-expiry expires_at is in the past; it must be between 1 minute and 10 years from now.
    400 invalid-expiry expires_at must be a string such as "2030-01-31T12:00:00Z", or null for never.
    400 invalid-expiry expires_at requests a link that never expires, which this service does not allow; omit it to get the default.
    400 invalid-expiry expires_in cannot be combined with expires_at; send only one of them.
    400 invalid-body reuse must be true or false.
    400 invalid-body reuse must be true or false.
    "#);
    assert_eq!(app.keys().await, [""; 0], "no link was created");
}

#[tokio::test]
async fn reuse_returns_the_link_of_an_equal_request() {
    let app = TestApp::builder().env("ALLOW_NEVER", "true").start().await;
    let request = |more: serde_json::Value| {
        let mut body = json!({"url": "https://example.com/a", "reuse": true});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        app.create_link(&body)
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
        let created = send(request(more.clone())).await;
        assert_eq!(created.status, 201, "{more}: {created}");
        app.advance_clock(5);
        let found = send(request(more.clone())).await;
        assert_eq!(found.status, 200, "{more}: {found}");
        assert_eq!((&found.body, &found.headers), (&created.body, &created.headers));
        assert!(codes.insert(created.json()["code"].to_string()), "{more} has a link of its own");
    }
    // Targets are compared in their normalised form. An alias of another link is a conflict.
    let found = send(request(json!({"url": "HTTPS://EXAMPLE.com:443/b/../a"}))).await;
    assert_eq!(found.status, 200);
    for other in [json!({"alias": "mine", "url": "https://example.com/b"}), json!({"alias": "mine", "expires_in": 60})]
    {
        assert_eq!(send(request(other)).await.status, 409);
    }
    // Without `reuse`, each request creates a link.
    assert_eq!(send(app.create_link(&json!({"url": "https://example.com/a"}))).await.status, 201);
}

#[tokio::test]
async fn corrupt_item_returns_500_without_details() {
    let app = TestApp::start().await;
    app.put_item(json!({"shortCode": "broken", "originalUrl": "javascript:alert(1)", "createdAt": 1})).await;
    let broken = send(app.get("/broken")).await;
    assert_eq!(broken.status, 500);
    assert!(!broken.body.contains("javascript"), "{broken}");
}

#[tokio::test]
async fn unreachable_table_returns_503_with_retry_after() {
    let app = TestApp::builder().endpoint_url(UNREACHABLE).start().await;
    let unavailable = send(app.get("/anything")).await;
    assert_snapshot!(unavailable, @r#"
    503
    cache-control: no-store
    content-type: application/problem+json
    retry-after: 1
    vary: accept
    x-content-type-options: nosniff

    {"type":"urn:shortlink:problem:unavailable","title":"Temporarily unavailable","status":503,"detail":"The service is busy. Send the same request again in a second."}
    "#);
    let page = send(app.get("/anything").header("accept", "text/html")).await;
    assert_eq!((page.status, page.header("retry-after")), (503, "1"));
    let created = send(app.create_link(&json!({"url": "https://example.com/"}))).await;
    assert_eq!((created.status, created.body), (503, unavailable.body));
}

#[tokio::test]
async fn missing_table_returns_500_without_details() {
    let app = TestApp::start().await;
    app.delete_table().await;
    assert_snapshot!(send(app.create_link(&json!({"url": "https://example.com/"}))).await.body.split_once("request id").expect("an id").0, @r#"{"type":"urn:shortlink:problem:internal","title":"Something went wrong","status":500,"detail":"This is not your mistake. Try again later; if it happens again, contact the operator and give the"#);
}
