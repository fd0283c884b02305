//! The pages that people see, and hostile input in them.
//!
//! These tests check the markup. `browser/` checks how the pages look and behave in a real browser.

use std::collections::BTreeSet;
use std::io::Read as _;

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::json;
use shortlink_core::http::language::Language;
use shortlink_core::http::texts;

use crate::support::app::{NOW, Response, TestApp, send};
use crate::support::dynamodb::UNREACHABLE;
use crate::support::redact::redacted;
use crate::support::user_agents::BROWSER_ACCEPT;

/// Posts the form as a browser does.
/// Behind a closed door another script gets the credentials, and connects to one more origin at most.
#[tokio::test]
async fn home_page_follows_the_door() {
    let key = TestApp::builder().env("DOOR", "key").start().await;
    let page = redacted(send(key.get("/")).await);
    assert_snapshot!(page.header("content-security-policy"), @"default-src 'none'; style-src (our style); img-src 'self'; manifest-src 'self'; script-src (our script) (our script); connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
    assert!(page.body.contains("<label for=\"key\">API key</label>") && !page.body.contains("name=\"key\""), "{page}");

    let jwt = TestApp::builder()
        .env("DOOR", "jwt")
        .env("JWT_SCOPE_PREFIX", "shortlink/")
        .env("SIGN_IN_AUTHORIZE_URL", "https://login.example.com/authorize?audience=\"a\"&b")
        .env("SIGN_IN_TOKEN_URL", "https://login.example.com/oauth2/token;script-src%20*")
        .env("SIGN_IN_CLIENT", "<c1>")
        .start()
        .await;
    let page = redacted(send(jwt.get("/")).await);
    assert_eq!(page.header("cache-control"), "no-store");
    assert_snapshot!(page.header("content-security-policy"), @"default-src 'none'; style-src (our style); img-src 'self'; manifest-src 'self'; script-src (our script) (our script); connect-src 'self' https://login.example.com; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
    let (_, rest) = page.body.split_once("<div id=\"sign-in\"").expect("a section");
    assert_snapshot!(rest.split_once("<p class=\"alert\" id=\"alert\"").expect("the form").0, @r#"
     data-authorize-url="https://login.example.com/authorize?audience=%22a%22&amp;b" data-token-url="https://login.example.com/oauth2/token;script-src%20*" data-client="&lt;c1&gt;" data-scope="shortlink/own">
    <p class="alert" id="sign-in-alert" role="alert"></p>
    <p id="sign-in-offer" hidden>This requires an account. <button type="button" id="sign-in-button">Sign in</button></p>
    </div>
    <noscript><p class="alert">This page cannot sign you in without JavaScript. Turn on JavaScript, or send an access token with the <a href="./docs">API</a>.</p></noscript>
    (credentials-texts)
    <form action="./shorten?page" method="post" accept-charset="utf-8" novalidate hidden>
    "#);

    // An identity provider that has no client for the page.
    let without = TestApp::builder().env("DOOR", "jwt").start().await;
    let page = send(without.get("/")).await;
    assert!(page.status == 200 && page.body.contains("<h1>Signing in is required</h1>"), "{page}");
    assert!(!page.body.contains("<form") && !page.body.contains("<script"), "{page}");
}

async fn post(app: &TestApp, form: &str) -> Response {
    let request = app.request(Method::POST, "/shorten").header("accept", BROWSER_ACCEPT);
    send(request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned())).await
}

#[tokio::test]
async fn home_page_is_one_response() {
    let app = TestApp::start().await;
    let page = send(app.get("/")).await;
    assert_snapshot!(redacted(page), @r#"
    200
    cache-control: public, max-age=300
    content-language: en
    content-security-policy: default-src 'none'; style-src (our style); img-src 'self'; manifest-src 'self'; script-src (our script); connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'
    content-type: text/html; charset=utf-8
    etag: (a digest)
    referrer-policy: same-origin
    vary: accept-encoding, accept-language
    x-content-type-options: nosniff

    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Shorten a link - Shortlink</title>
    <link rel="manifest" href="./manifest.webmanifest">
    <link rel="search" href="./opensearch.xml" type="application/opensearchdescription+xml" title="Shortlink">
    <link rel="icon" href="./favicon.svg" type="image/svg+xml">
    <style>…</style>
    </head>
    <body>
    <header><a href="./"><svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path d="M3 8h18M3 16h7"/></svg>Shortlink</a></header>
    <main>
    <h1>Shorten a link</h1>
    <p class="lead">Paste a link and get a short one with a QR code. No account needed.</p>
    <form action="./shorten?page" method="post" accept-charset="utf-8" novalidate>
    <p class="alert" id="alert" role="alert"></p>
    <div class="entry row">
    <label for="url">Web address</label>
    <input id="url" name="url" type="url" inputmode="url" enterkeyhint="go" placeholder="https://" value="" required autocomplete="off" autocapitalize="none" spellcheck="false" autofocus>
    <button>Shorten</button>
    </div>
    <div class="pair">
    <div class="entry">
    <label for="alias">Custom ending <span>(optional)</span></label>
    <input id="alias" name="alias" value="" autocomplete="off" autocapitalize="none" spellcheck="false" aria-describedby="alias-hint">
    <p class="hint" id="alias-hint">3 to 64 letters (A–Z), digits, hyphens or underscores; letters or digits at both ends</p>
    </div>
    <div class="entry">
    <label for="expires_in">Expires</label>
    <div class="select"><select id="expires_in" name="expires_in" data-expires-at="">
    <option value="3600">in 1 hour</option>
    <option value="86400">in 1 day</option>
    <option value="604800">in 7 days</option>
    <option value="2592000">in 30 days</option>
    <option value="" selected>in 90 days</option>
    <option value="31536000">in 1 year</option>
    </select></div>
    </div>
    </div>
    </form>
    <p class="next"><a href="./my-links">My links</a></p>
    <details class="elsewhere" id="elsewhere" hidden>
    <summary>Shorten from anywhere</summary>
    <p>On a computer, drag <a href="javascript:location.href=&#39;http://sho.rt/?url=&#39;+encodeURIComponent(location.href)">Shortlink</a> to the bookmarks bar: it shortens the page that you are on. Your browser can also add this site to its search engines, and an Android phone can install it as an app, which then appears in the share menu.</p>
    </details>
    (texts)
    </main>
    <footer>
    <a href="./docs">API</a>
    </footer>
    <script>…</script>
    </body>
    </html>
    "#);
}

#[tokio::test]
async fn browser_form_post_returns_a_page() {
    let app = TestApp::start().await;
    let created = post(&app, "url=https%3A%2F%2Fexample.com%2F%3Fa%3D1%26b%3D2&alias=spring&expires_in=3600").await;
    assert_snapshot!(redacted(created), @r#"
    201
    cache-control: no-store
    content-language: en
    content-security-policy: default-src 'none'; style-src (our style); img-src 'self'; manifest-src 'self'; script-src (our script); connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'
    content-type: text/html; charset=utf-8
    location: http://sho.rt/spring
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
    <title>Your link is ready - Shortlink</title>
    <link rel="manifest" href="./manifest.webmanifest">
    <link rel="search" href="./opensearch.xml" type="application/opensearchdescription+xml" title="Shortlink">
    <link rel="icon" href="./favicon.svg" type="image/svg+xml">
    <style>…</style>
    </head>
    <body>
    <header><a href="./"><svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path d="M3 8h18M3 16h7"/></svg>Shortlink</a></header>
    <main>
    <h1>Your link is ready</h1>
    <p class="lead">It leads to <a href="https://example.com/?a=1&amp;b=2" rel="nofollow noopener noreferrer">example.com/?a=1&amp;b=2</a> and expires in 1 hour, on <time datetime="2030-01-01T01:00:00Z">1 January 2030, 01:00 UTC</time>.</p>
    <div class="short" id="made" data-code="spring" data-url="https://example.com/?a=1&amp;b=2" data-expires="2030-01-01T01:00:00Z" data-token="slm_df230b49615d175307d580c33d6fda61fc7b9aec91df0f5c1a5ebe3b8cbfee02">
    <label class="visually-hidden" for="short">Short link</label>
    <textarea id="short" rows="1" readonly spellcheck="false">http://sho.rt/spring</textarea>
    <button type="button" id="copy" data-copied="Copied" hidden>Copy</button>
    <button type="button" id="share" hidden>Share</button>
    </div>
    <div class="code">
    <img src="./spring.svg" width="160" height="160" alt="QR code of http://sho.rt/spring">
    <div>
    <h2>QR code</h2>
    <p>For posters, slides and screens. Save it as <a href="./spring.svg" download="spring.svg">SVG</a> or <a href="./spring.png?size=1024" download="spring.png">PNG</a>.</p>
    </div>
    </div>
    <details class="manage">
    <summary>Change or withdraw this link later</summary>
    <p>You need this management token. Save it now: it won’t be shown again. Anyone who has it can change or withdraw the link.</p>
    <p><code>slm_df230b49615d175307d580c33d6fda61fc7b9aec91df0f5c1a5ebe3b8cbfee02</code></p>
    <p>For example, in a shell:</p>
    <p><code>curl -X PATCH -H "Authorization: Bearer $TOKEN" -d '{"url": "NEW-URL"}' http://sho.rt/links/spring</code></p>
    </details>
    <p class="next"><a href="./spring+">Preview</a> <a href="./my-links">My links</a> <a href="./">Shorten another</a> <button type="button" class="plain" id="undo" hidden>Withdraw</button></p>
    (texts)
    </main>
    <footer>
    <a href="./docs">API</a>
    </footer>
    <script>…</script>
    </body>
    </html>
    "#);
    assert_eq!(send(app.get("/spring")).await.header("location"), "https://example.com/?a=1&b=2");
    let app = TestApp::builder().env("ALLOW_NEVER", "true").env("BASE_URL", "https://go.example/s").start().await;
    let created = post(&app, "url=https%3A%2F%2Fexample.com&alias=ever&expires_in=never").await;
    assert_eq!((created.status, created.header("location")), (201, "https://go.example/s/ever"));
    assert!(created.body.contains(
        "<a href=\"https://example.com/\" rel=\"nofollow noopener noreferrer\">example.com</a> and never expires."
    ));
    assert!(created.body.contains(">https://go.example/s/ever</textarea>"));
}

#[tokio::test]
async fn html_is_sent_only_if_preferred() {
    let app = TestApp::start().await;
    for (accept, expected) in [
        (None, "application/json"),
        (Some("*/*"), "application/json"),
        (Some("application/json, text/html"), "application/json"),
        (Some("text/html;q=0.1"), "text/html; charset=utf-8"),
        (Some(BROWSER_ACCEPT), "text/html; charset=utf-8"),
    ] {
        for (url, status) in [("https://example.com/", 201), ("nonsense", 400)] {
            let mut request = app.request(Method::POST, "/shorten").body(format!("url={url}"));
            if let Some(accept) = accept {
                request = request.header("accept", accept);
            }
            let response = send(request).await;
            let expected = if status == 400 {
                expected.replace("application/j", "application/problem+j")
            } else {
                expected.to_owned()
            };
            assert_eq!((response.status, response.header("content-type")), (status, expected.as_str()), "{accept:?}");
        }
    }
}

/// The snapshot contains the lines with an error, with `autofocus` or with a selected option.
#[tokio::test]
async fn form_errors_appear_beside_the_field_and_keep_the_input() {
    let app = TestApp::builder().env("ALLOW_NEVER", "true").start().await;
    app.put_item(json!({"shortCode": "taken", "originalUrl": "https://example.com/", "createdAt": NOW})).await;
    let mut actual = String::new();
    for form in [
        "url=&alias=&expires_in=",
        "url=example&alias=mine&expires_in=3600",
        "url=https://example.com/&alias=a/b&expires_in=never",
        "url=https://example.com/other&alias=taken",
        "url=https://example.com/&alias=mine&expires_in=1",
        "url=https://example.com/&expires_in=soon",
        "url=https://example.com/&expires_at=soon",
        "url=https://example.com/&colour=green",
        "url=https://example.com/&url=https://example.com/",
    ] {
        let rejected = post(&app, form).await;
        actual += &format!("{} {form}\n", rejected.status);
        let is_relevant = |line: &&str| {
            let parts = ["class=\"error\"", "aria-invalid", "autofocus", " selected"];
            parts.iter().any(|part| line.contains(part)) || (line.contains("alert") && !line.contains("></p>"))
        };
        let page = redacted(rejected).body;
        for line in page.lines().skip_while(|line| *line != "<main>").filter(is_relevant) {
            actual += &format!("    {line}\n");
        }
    }
    assert_snapshot!(actual, @r#"
    400 url=&alias=&expires_in=
        <input id="url" name="url" type="url" inputmode="url" enterkeyhint="go" placeholder="https://" value="" required autocomplete="off" autocapitalize="none" spellcheck="false" aria-invalid="true" aria-describedby="url-error" autofocus>
        <p class="error" id="url-error">Paste a link first.</p>
        <option value="" selected>in 90 days</option>
    400 url=example&alias=mine&expires_in=3600
        <input id="url" name="url" type="url" inputmode="url" enterkeyhint="go" placeholder="https://" value="example" required autocomplete="off" autocapitalize="none" spellcheck="false" aria-invalid="true" aria-describedby="url-error" autofocus>
        <p class="error" id="url-error">That doesn’t look like a web address. Try something like example.com/page.</p>
        <option value="3600" selected>in 1 hour</option>
    400 url=https://example.com/&alias=a/b&expires_in=never
        <input id="alias" name="alias" value="a/b" autocomplete="off" autocapitalize="none" spellcheck="false" aria-invalid="true" aria-describedby="alias-error alias-hint" autofocus>
        <p class="error" id="alias-error">“/” isn’t allowed. Use the letters A to Z, digits, - and _.<noscript> Try a-b.</noscript></p>
        <option value="never" selected>never</option>
    409 url=https://example.com/other&alias=taken
        <input id="alias" name="alias" value="taken" autocomplete="off" autocapitalize="none" spellcheck="false" aria-invalid="true" aria-describedby="alias-error alias-hint" autofocus>
        <p class="error" id="alias-error">“taken” is taken. Please pick another.<noscript> Try taken-2 or taken-3.</noscript></p>
        <option value="" selected>in 90 days</option>
    400 url=https://example.com/&alias=mine&expires_in=1
        <div class="select"><select id="expires_in" name="expires_in" data-expires-at="" aria-invalid="true" aria-describedby="expires_in-error" autofocus>
        <p class="error" id="expires_in-error">Choose an expiry between 1 minute and 10 years from now.</p>
    400 url=https://example.com/&expires_in=soon
        <div class="select"><select id="expires_in" name="expires_in" data-expires-at="" aria-invalid="true" aria-describedby="expires_in-error" autofocus>
        <p class="error" id="expires_in-error">The expiry must be a whole number of seconds, such as 3600.</p>
    400 url=https://example.com/&expires_at=soon
        <div class="select"><select id="expires_in" name="expires_in" data-expires-at="soon" aria-invalid="true" aria-describedby="expires_in-error" autofocus>
        <option value="" selected>in 90 days</option>
        <p class="error" id="expires_in-error">The expiry must be a date and time in RFC 3339 format, such as 2030-01-31T12:00:00Z (in a form, write + as %2B).</p>
    400 url=https://example.com/&colour=green
        <p class="alert" id="alert" role="alert">There is no field &quot;colour&quot;; the fields are url, alias, expires_in, expires_at, reuse, title, tags and note. If this is part of the URL, encode the URL (curl --data-urlencode url=…) or send it as JSON or text/plain.</p>
        <input id="url" name="url" type="url" inputmode="url" enterkeyhint="go" placeholder="https://" value="https://example.com/" required autocomplete="off" autocapitalize="none" spellcheck="false" autofocus>
        <option value="" selected>in 90 days</option>
    400 url=https://example.com/&url=https://example.com/
        <p class="alert" id="alert" role="alert">The field &quot;url&quot; occurs twice (url and long_url are the same field); send it once.</p>
        <input id="url" name="url" type="url" inputmode="url" enterkeyhint="go" placeholder="https://" value="https://example.com/" required autocomplete="off" autocapitalize="none" spellcheck="false" autofocus>
        <option value="" selected>in 90 days</option>
    "#);
    assert_eq!(app.keys().await, ["taken"], "no link was created");
}

#[tokio::test]
async fn unreadable_body_returns_a_page() {
    let app = TestApp::start().await;
    for (content_type, body, status) in [
        ("application/x-www-form-urlencoded", b"url=\xff".to_vec(), 400),
        ("text/xml", b"<url/>".to_vec(), 415),
        ("application/x-www-form-urlencoded", vec![b'a'; 32_769], 413),
    ] {
        let request = app.request(Method::POST, "/shorten").header("accept", BROWSER_ACCEPT);
        let rejected = send(request.header("content-type", content_type).body(body)).await;
        assert_eq!((rejected.status, rejected.header("content-type")), (status, "text/html; charset=utf-8"));
        assert!(rejected.body.contains("<p class=\"alert\" id=\"alert\" role=\"alert\">The body "), "{rejected}");
    }
}

#[tokio::test]
async fn unreachable_table_is_reported_in_the_form() {
    let app = TestApp::builder().endpoint_url(UNREACHABLE).start().await;
    let page = post(&app, "url=https://example.com/kept").await;
    assert_eq!((page.status, page.header("retry-after")), (503, "1"));
    assert!(page.body.contains("role=\"alert\">The service is busy."), "{page}");
    assert!(page.body.contains("value=\"https://example.com/kept\""), "{page}");
}

#[tokio::test]
async fn form_input_is_escaped() {
    let app = TestApp::start().await;
    let hostile = [
        "\"><script>alert(1)</script>",
        "' onfocus='alert(1)",
        "</input></form></main><img src=x onerror=alert(1)>",
        "{alert(1)}{{7*7}}${7*7}",
        "\u{202e}gpj/exe",
        "&quot;&lt;",
        "</script><script>alert(1)</script>",
    ];
    for text in hostile {
        for field in ["url", "alias", "expires_in", "expires_at", "unknown<script>"] {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            let url = if field == "url" { text } else { "https://example.com/" };
            form.append_pair("url", url);
            if field != "url" {
                form.append_pair(field, text);
            }
            let page = post(&app, &form.finish()).await;
            assert_eq!(page.status, 400, "{field}={text}");
            let page = redacted(page).body;
            assert_eq!(page.matches("<script").count(), 1, "{page}");
            assert_eq!(page.matches("<img").count(), 0, "{page}");
            assert!(!page.contains(" onfocus='"), "{page}");
            let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let escaped = escaped.replace('"', "&quot;").replace('\'', "&#39;");
            if matches!(field, "url" | "alias") {
                assert!(page.contains(&format!("value=\"{escaped}\"")), "{escaped}: {page}");
            }
        }
    }
}

#[tokio::test]
async fn static_resources_are_cacheable() {
    let app = TestApp::start().await;
    let mut actual = String::new();
    for path in ["/", "/robots.txt", "/favicon.svg", "/openapi.json", "/manifest.webmanifest", "/opensearch.xml"] {
        let full = send(app.get(path)).await;
        assert_eq!(full.status, 200, "{path}");
        let tag = full.header("etag").to_owned();
        actual += &format!("{path} {}; {}\n", full.header("content-type"), full.header("cache-control"));
        let head = send(app.head(path)).await;
        assert_eq!((head.status, &head.headers, head.body.as_str()), (200, &full.headers, ""), "{path}");
        for (known, status) in [
            (tag.clone(), 304),
            (format!("W/{tag}"), 304),
            (format!("\"other\", {tag}"), 304),
            ("*".to_owned(), 304),
            ("\"other\"".to_owned(), 200),
            (tag.replace('"', ""), 200),
        ] {
            for method in [Method::GET, Method::HEAD] {
                let response = send(app.request(method.clone(), path).header("if-none-match", &known)).await;
                assert_eq!(response.status, status, "{method} {path} {known}");
                assert_eq!(response.header("etag"), tag);
                assert_eq!(response.header("cache-control"), full.header("cache-control"));
                assert_eq!(response.header("content-type"), full.header("content-type"));
                assert_eq!(response.body.is_empty(), status == 304 || method == Method::HEAD);
            }
        }
    }
    assert_snapshot!(actual, @"
    / text/html; charset=utf-8; public, max-age=300
    /robots.txt text/plain; charset=utf-8; public, max-age=86400
    /favicon.svg image/svg+xml; public, max-age=86400
    /openapi.json application/json; public, max-age=300
    /manifest.webmanifest application/manifest+json; private, max-age=300
    /opensearch.xml application/opensearchdescription+xml; private, max-age=300
    ");
    let manifest = send(app.get("/manifest.webmanifest")).await.json();
    assert_eq!(manifest["share_target"]["action"], "./");
    assert_snapshot!(send(app.get("/opensearch.xml")).await.body, @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/">
    <ShortName>Shortlink</ShortName>
    <Description>Shorten a link</Description>
    <InputEncoding>UTF-8</InputEncoding>
    <Url type="text/html" template="http://sho.rt/?url={searchTerms}"/>
    </OpenSearchDescription>
    "#);
    assert_snapshot!(send(app.get("/robots.txt")).await.body, @"
    # Short links are there to be followed. Their previews are for people.
    User-agent: *
    Disallow: /*+
    ");
}

/// A bookmark, or the share menu of a phone, opens the form with a URL.
#[tokio::test]
async fn form_is_filled_with_the_url_of_the_query() {
    let app = TestApp::start().await;
    for (query, value) in [
        ("?url=https%3A%2F%2Fexample.com%2F%3Fa%3D1%26b", "https://example.com/?a=1&amp;b"),
        ("?text=example.com", "example.com"),
        ("?title=A&text=Look+at+https%3A%2F%2Fexample.com%2Fa+now&url=", "https://example.com/a"),
        ("?url=%22%3E%3Cscript%3E", "&quot;&gt;&lt;script&gt;"),
        ("?code=x&state=y", ""),
    ] {
        let page = send(app.get(&format!("/{query}"))).await;
        assert!(page.status == 200 && page.body.contains(&format!(" value=\"{value}\" required")), "{query}: {page}");
    }
}

#[tokio::test]
async fn alias_that_cannot_be_used_comes_with_some_that_can() {
    let app = TestApp::start().await;
    let create = async |alias: &str| {
        let body = json!({"url": "https://example.com/", "alias": alias});
        send(app.create_link(&body)).await.json()
    };
    let spaces = create("my sale").await;
    assert!(spaces["detail"].as_str().is_some_and(|detail| detail.ends_with("; for example, my-sale.")), "{spaces}");
    assert_eq!(spaces["suggestions"], json!(["my-sale"]));
    let hopeless = create("\u{65e5}\u{672c}").await;
    assert!(hopeless["status"] == 400 && hopeless.get("suggestions").is_none(), "{hopeless}");

    for (created, reason, suggestions) in [
        ("sale", ", such as sale-2 or sale-3", json!(["sale-2", "sale-3"])),
        ("sale-3", ", such as sale-2 or sale-4", json!(["sale-2", "sale-4"])),
        ("sale-2", ", such as sale-4", json!(["sale-4"])),
        ("sale-4", "", serde_json::Value::Null),
    ] {
        assert_eq!(create(created).await["code"], created);
        let taken = create("sale").await;
        assert_eq!(taken["detail"], format!("alias is already taken; choose another{reason}."));
        assert_eq!(taken["suggestions"], suggestions, "{taken}");
    }
}

/// The buttons appear with the script, since nothing else fills in a field.
#[tokio::test]
async fn form_offers_aliases_that_can_be_used() {
    let app = TestApp::start().await;
    let offered = |page: &Response| page.body.lines().find(|line| line.contains("\"suggestions\"")).map(str::to_owned);
    let hidden = "<p class=\"hint\" id=\"suggestions\" hidden>Use instead:";
    let button = |alias: &str| format!(" <button type=\"button\" class=\"chip\">{alias}</button>");
    let page = post(&app, "url=https://example.com/&alias=my sale").await;
    assert_eq!(offered(&page), Some(format!("{hidden}{}</p>", button("my-sale"))));
    assert_eq!(post(&app, "url=https://example.com/&alias=sale").await.status, 201);
    let page = post(&app, "url=https://example.com/other&alias=sale").await;
    assert_eq!(offered(&page), Some(format!("{hidden}{}{}</p>", button("sale-2"), button("sale-3"))));
    let page = post(&app, "url=https://example.com/&alias=admin").await;
    assert_eq!((page.status, offered(&page)), (400, None));
}

/// A page is one response of at most 20 KB, so that it is there at once on a slow connection.
#[tokio::test]
async fn pages_are_small() {
    let app = TestApp::builder().env("PREVIEW", "full").start().await;
    let created = post(&app, "url=https://example.com/&alias=spring").await;
    assert_eq!(created.status, 201);
    let gzipped = |request: reqwest::RequestBuilder| request.header("accept-encoding", "br;q=1, gzip;q=0.8");
    for language in ["en", "de", "es"] {
        for path in ["/", "/my-links", "/docs", "/spring+", "/nothing", "/openapi.json"] {
            let request = app.get(path).header("accept", BROWSER_ACCEPT).header("accept-language", language);
            let page = gzipped(request).send().await.expect("a response");
            assert_eq!(page.headers()["content-encoding"], "gzip", "{path}");
            let tag = page.headers().get("etag").map(|tag| tag.to_str().expect("ASCII").to_owned());
            assert!(tag.is_none_or(|tag| tag.starts_with("W/\"")), "{path}");
            let length = page.bytes().await.expect("a body").len();
            assert!(length <= 20_480, "{path} in {language}: {length} bytes");
        }
    }
    // Small responses, and those to clients that want none, are sent as they are.
    for (path, accepted) in [("/robots.txt", "gzip"), ("/", "gzip;q=0"), ("/", "identity"), ("/", "br")] {
        let response = send(app.get(path).header("accept-encoding", accepted)).await;
        assert!(response.status == 200 && !response.headers.contains_key("content-encoding"), "{path}: {response}");
    }
}

/// What is unpacked is the page that others get, and a copy of it stays valid.
#[tokio::test]
async fn compressed_page_is_the_same_page() {
    let app = TestApp::start().await;
    let plain = send(app.get("/docs")).await;
    let gzip = || app.get("/docs").header("accept-encoding", "gzip");
    let packed = gzip().send().await.expect("a response");
    let tag = packed.headers()["etag"].to_str().expect("ASCII").to_owned();
    assert_eq!(tag, format!("W/{}", plain.header("etag")));
    assert_eq!(packed.headers()["vary"], plain.header("vary"));
    let packed = packed.bytes().await.expect("a body");
    let mut unpacked = String::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut unpacked).expect("gzip");
    assert_eq!(unpacked, plain.body);
    assert_eq!(send(gzip().header("if-none-match", tag)).await.status, 304);
}

/// The language is that of the browser. Programs get the API's words in English.
#[tokio::test]
async fn pages_are_in_the_language_of_the_browser() {
    let app = TestApp::builder().env("PREVIEW", "full").start().await;
    send(app.create_link(&json!({"url": "https://example.com/", "alias": "spring", "expires_in": 60}))).await;
    let get = async |path: &str, language: &str| {
        send(app.get(path).header("accept", BROWSER_ACCEPT).header("accept-language", language)).await
    };
    for (path, language, tag, text) in [
        ("/", "de-AT,de;q=0.9,en;q=0.8", "de", "<h1>Link kürzen</h1>"),
        ("/", "es", "es", "<option value=\"\" selected>en 90 días</option>"),
        ("/", "fr,en;q=0.5", "en", "<h1>Shorten a link</h1>"),
        ("/my-links", "es-MX", "es", "<h1>Mis enlaces</h1>"),
        ("/spring+", "de", "de", "<dt>Läuft ab</dt><dd>in 1 Minute"),
        ("/spring+", "es", "es", "Ninguna visita en los últimos 30 días."),
        ("/nothing", "de", "de", "Unter /nothing gibt es keinen Link."),
        ("/nothing", "es", "es", "<title>Enlace no encontrado - Shortlink</title>"),
        ("/docs", "de", "en", "<title>API - Shortlink</title>"),
    ] {
        let page = get(path, language).await;
        assert!(page.body.contains(text) && page.body.contains(&format!("<html lang=\"{tag}\">")), "{path}: {page}");
        assert_eq!(page.header("content-language"), tag, "{path} {language}");
        assert!(page.header("vary").contains("accept-language"), "{path} {language}");
    }
    let form = app.request(Method::POST, "/shorten?page").header("accept-language", "de");
    let rejected = send(form.body("url=example&expires_at=2020-01-01T00:00:00Z")).await;
    assert!(rejected.body.contains("Das sieht nicht nach einer Webadresse aus."), "{rejected}");
    app.advance_clock(5 * 86_400);
    assert!(get("/spring", "de").await.body.contains("Er ist vor 5 Tagen abgelaufen"));
    assert!(get("/spring", "es").await.body.contains("Caducó hace 5 días"));
    let document = send(app.get("/nothing").header("accept-language", "de")).await;
    assert!(document.body.contains("There is no link at this address.") && document.header("vary") == "accept");
}

/// Each text that a script uses exists, and each that exists is used.
#[test]
fn scripts_and_their_texts_match() {
    let form = include_str!("../crates/shorten/src/form.js");
    let my_links = include_str!("../crates/shorten/src/my_links.js");
    let credentials =
        [include_str!("../crates/shorten/src/key_field.js"), include_str!("../crates/shorten/src/sign_in.js")].concat();
    for language in Language::ALL {
        for (script, texts) in [
            (form, json!(texts::form(language).script)),
            (my_links, json!(texts::my_links(language).script)),
            (&credentials, json!(texts::credentials(language).script)),
        ] {
            let defined: BTreeSet<_> = texts.as_object().expect("texts").keys().map(String::as_str).collect();
            let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
            let used = script.split("texts.").skip(1).map(|rest| rest.split(|c| !is_name(c)).next().expect("a name"));
            assert_eq!(used.collect::<BTreeSet<_>>(), defined);
        }
        let count = |text: &serde_json::Value| text.to_string().matches("{}").count();
        let (own, english) =
            (json!(texts::my_links(language).script), json!(texts::my_links(Language::English).script));
        for (name, text) in own.as_object().expect("texts") {
            assert_eq!(count(text), count(&english[name]), "the values of {name} in {language:?}");
        }
    }
}

/// The operator's name, colour and site.
#[tokio::test]
async fn pages_show_the_brand_of_the_operator() {
    let app = TestApp::builder()
        .env("BRAND_NAME", "Links & <Co>")
        .env("BRAND_COLOUR", "#ffcc00")
        .env("BRAND_URL", "https://example.com/?a=1&b")
        .start()
        .await;
    for path in ["/", "/my-links", "/docs", "/nothing"] {
        let page = redacted(send(app.get(path).header("accept", BROWSER_ACCEPT)).await);
        assert!(page.body.contains("</svg>Links &amp; &lt;Co&gt;</a></header>"), "{path}: {page}");
        assert!(page.body.contains(" - Links &amp; &lt;Co&gt;</title>"), "{path}: {page}");
        assert!(!page.body.contains("Shortlink"), "{path}: {page}");
        assert!(
            page.body.contains("<a href=\"https://example.com/?a=1&amp;b\" rel=\"noopener\">About "),
            "{path}: {page}"
        );
        assert!(
            page.header("content-security-policy").contains("style-src (our style) (our style);"),
            "{path}: {page}"
        );
    }
    assert_eq!(send(app.get("/manifest.webmanifest")).await.json()["name"], "Links & <Co>");
    assert!(send(app.get("/opensearch.xml")).await.body.contains("<ShortName>Links &amp; &lt;Co&gt;</ShortName>"));
}

/// Without the script, a reload of the page about a new link posts the form again.
#[tokio::test]
async fn form_that_is_posted_again_shows_the_same_link() {
    let app = TestApp::start().await;
    let form = "url=https://example.com/&alias=spring";
    let created = post(&app, form).await;
    let again = post(&app, form).await;
    assert_eq!((created.status, again.status), (201, 200));
    assert!(again.body.contains("<h1>This link already exists</h1>") && !again.body.contains("slm_"), "{again}");
    assert_eq!(post(&app, "url=https://example.com/other&alias=spring").await.status, 409);
    let document = send(app.create_link(&json!({"url": "https://example.com/", "alias": "spring"}))).await;
    assert_eq!(document.status, 409, "a program is told that it has created nothing");
    let (_, token) = created.body.split_once("data-token=\"").expect("a token");
    let (token, _) = token.split_once('"').expect("its end");
    let withdrawn = send(app.request(Method::DELETE, "/links/spring").bearer_auth(token)).await;
    assert_eq!(withdrawn.status, 204);
    assert_eq!(post(&app, form).await.status, 409);
}

/// Behind the open door the page is the same for everybody: the browser has the list.
#[tokio::test]
async fn my_links_are_in_the_browser() {
    let app = TestApp::builder().env("BASE_URL", "https://go.example/s").start().await;
    let page = send(app.get("/my-links")).await;
    assert_eq!((page.status, page.header("cache-control")), (200, "public, max-age=300"));
    assert!(page.body.contains("<noscript>") && page.body.contains("data-base=\"https://go.example/s/\""), "{page}");
    let (_, script) = page.body.split_once("<script>").expect("a script");
    assert!(script.starts_with("'use strict';\n") && !script.contains("\n ") && !script.contains("\n//"), "{script}");
    for html in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
        assert!(!page.body.contains(html), "{html} could make an element of data");
    }
    let page = redacted(page);
    assert_snapshot!(page.header("content-security-policy"), @"default-src 'none'; style-src (our style); img-src 'self'; manifest-src 'self'; script-src (our script); connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
    let head = send(app.head("/my-links")).await;
    assert_eq!((head.status, head.body.as_str(), head.header("etag").len()), (200, "", 34));
}

/// Behind the other doors links belong to an API key or an account, and another script gets the credentials.
#[tokio::test]
async fn my_links_follow_the_door() {
    let key = TestApp::builder().env("DOOR", "key").start().await;
    let page = redacted(send(key.get("/my-links")).await);
    assert_snapshot!(page.header("content-security-policy"), @"default-src 'none'; style-src (our style); img-src 'self'; manifest-src 'self'; script-src (our script) (our script); connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
    assert!(
        page.body.contains("This page cannot send your API key without JavaScript.")
            && !page.body.contains("name=\"key\""),
        "{page}"
    );
    assert!(!page.body.contains("id=\"import\""), "there are no management tokens to save: {page}");

    let jwt = TestApp::builder()
        .env("DOOR", "jwt")
        .env("SIGN_IN_AUTHORIZE_URL", "https://login.example.com/authorize")
        .env("SIGN_IN_TOKEN_URL", "https://login.example.com/oauth2/token")
        .env("SIGN_IN_CLIENT", "c1")
        .start()
        .await;
    let page = redacted(send(jwt.get("/my-links")).await);
    assert_eq!(page.header("cache-control"), "no-store");
    assert_snapshot!(page.header("content-security-policy"), @"default-src 'none'; style-src (our style); img-src 'self'; manifest-src 'self'; script-src (our script) (our script); connect-src 'self' https://login.example.com; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
    assert!(page.body.contains("This requires an account."), "{page}");

    // An identity provider that has no client for the page.
    let without = TestApp::builder().env("DOOR", "jwt").start().await;
    let page = send(without.get("/my-links")).await;
    assert!(page.body.contains("belong to your account") && !page.body.contains("<script"), "{page}");
}

/// The build makes the page of the document, so that the two cannot differ.
#[tokio::test]
async fn docs_show_each_operation_with_a_line_for_curl() {
    let app = TestApp::start().await;
    let page = send(app.get("/docs")).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert_eq!(page.header("cache-control"), "public, max-age=300");
    assert!(!page.body.contains("<script"), "{page}");
    let again = app.get("/docs").header("if-none-match", page.header("etag"));
    assert_eq!(send(again).await.status, 304);

    let document: serde_json::Value = serde_json::from_str(shorten::assets::OPENAPI).expect("JSON");
    let mut shown = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        for operation in item.as_object().expect("operations").values() {
            let id = operation["operationId"].as_str().expect("an id");
            let section = page.body.split_once(&format!("<section id=\"{id}\">"));
            let is_left_out = operation["tags"][0] == "pages" || path == "/shorten";
            assert_eq!(section.is_none(), is_left_out, "{id}");
            let Some((_, section)) = section else { continue };
            let (section, _) = section.split_once("</section>").expect("its end");
            let (_, line) = section.split_once("<pre tabindex=\"0\"><code>").expect("a line for curl");
            let (line, _) = line.split_once("</code></pre>").expect("its end");
            assert!(line.starts_with("curl ") && line.contains("http://sho.rt/") && !line.contains("null"), "{line}");
            shown += 1;
        }
    }
    assert_eq!(shown, page.body.matches("<section ").count() - 1, "the last section is about errors");
    for path in ["href=\"#createLink\"", "<code>--</code>", "{base}"] {
        assert_eq!(page.body.contains(path), path.starts_with("href"), "{path}");
    }
}

#[tokio::test]
async fn static_resources_need_no_table() {
    let app = TestApp::builder().endpoint_url(UNREACHABLE).start().await;
    for path in ["/", "/robots.txt", "/favicon.svg", "/openapi.json"] {
        assert_eq!(send(app.get(path)).await.status, 200, "{path}");
    }
    assert_eq!(send(app.get("/favicon.ico")).await.status, 404);
}
