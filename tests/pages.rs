//! What people see, and whether it holds up to what is hostile.
//!
//! How pages look and feel is the browser's test (`browser/`); here is what they say.

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::json;

use crate::app::{Answer, NOW, TestApp, answer};

/// What Firefox accepts.
pub const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// The form, as a browser posts it.
async fn post(app: &TestApp, form: &str) -> Answer {
    let request = app.request(Method::POST, "/shorten").header("accept", BROWSER);
    answer(request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned())).await
}

/// An answer without its style and script, which have tests of their own. Their digests are checked, and named.
pub fn bare(mut answer: Answer) -> Answer {
    for element in ["style", "script"] {
        let Some((before, rest)) = answer.body.split_once(&format!("<{element}>")) else { continue };
        let (text, after) = rest.split_once(&format!("</{element}>")).expect("its end");
        let source = format!("'sha256-{}'", sha256(text));
        let policy = answer.headers.get_mut("content-security-policy").expect("a policy");
        assert!(policy.contains(&source), "{policy} does not allow {source}");
        *policy = policy.replace(&source, &format!("(our {element})"));
        answer.body = format!("{before}<{element}>…</{element}>{after}");
    }
    // It changes with the style, too.
    if let Some(tag) = answer.headers.get_mut("etag") {
        assert!(tag.len() == 34 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
        "(a digest)".clone_into(tag);
    }
    answer
}

fn sha256(text: &str) -> String {
    use base64::Engine;
    use sha2::{Digest, Sha256};
    base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text))
}

#[tokio::test]
async fn the_page_is_whole_in_one_answer() {
    let app = TestApp::start().await;
    let page = answer(app.get("/")).await;
    assert!(page.body.len() < 16_384, "{} bytes", page.body.len());
    assert_snapshot!(bare(page), @r#"
    200
    cache-control: public, max-age=300
    content-security-policy: default-src 'none'; style-src (our style); img-src 'self'; script-src (our script); connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'
    content-type: text/html; charset=utf-8
    etag: (a digest)
    referrer-policy: same-origin
    x-content-type-options: nosniff

    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Shortlink: make a long link short</title>
    <link rel="icon" href="./favicon.svg" type="image/svg+xml">
    <style>…</style>
    </head>
    <body>
    <header><a href="./"><svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path d="M3 8h18M3 16h7"/></svg>Shortlink</a></header>
    <main>
    <h1>Make a long link short</h1>
    <p class="lead">Paste a web address. You get a short one that leads there, with a QR code to print.</p>
    <form action="./shorten" method="post" accept-charset="utf-8" novalidate>
    <p class="alert" id="alert" role="alert"></p>
    <div class="entry">
    <label for="url">Web address</label>
    <input id="url" name="url" type="url" inputmode="url" placeholder="https://" value="" required autocomplete="off" autocapitalize="none" spellcheck="false" autofocus>
    </div>
    <div class="pair">
    <div class="entry">
    <label for="alias">Alias <span>(optional)</span></label>
    <input id="alias" name="alias" value="" autocomplete="off" autocapitalize="none" spellcheck="false" aria-describedby="alias-hint">
    <p class="hint" id="alias-hint">3 to 64 letters, digits, - or _</p>
    </div>
    <div class="entry">
    <label for="expires_in">Expires</label>
    <div class="select"><select id="expires_in" name="expires_in">
    <option value="3600">after 1 hour</option>
    <option value="86400">after 1 day</option>
    <option value="604800">after 7 days</option>
    <option value="2592000">after 30 days</option>
    <option value="" selected>after 90 days</option>
    <option value="31536000">after 1 year</option>
    </select></div>
    </div>
    </div>
    <button>Shorten</button>
    </form>
    </main>
    <script>…</script>
    </body>
    </html>
    "#);
}

#[tokio::test]
async fn a_form_that_a_browser_posts_is_answered_with_a_page() {
    let app = TestApp::start().await;
    let made = post(&app, "url=https%3A%2F%2Fexample.com%2F%3Fa%3D1%26b%3D2&alias=spring&expires_in=3600").await;
    assert_snapshot!(bare(made), @r#"
    201
    cache-control: no-store
    content-security-policy: default-src 'none'; style-src (our style); img-src 'self'; script-src (our script); connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'
    content-type: text/html; charset=utf-8
    location: http://sho.rt/spring
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
    <title>Your link is ready - Shortlink</title>
    <link rel="icon" href="./favicon.svg" type="image/svg+xml">
    <style>…</style>
    </head>
    <body>
    <header><a href="./"><svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path d="M3 8h18M3 16h7"/></svg>Shortlink</a></header>
    <main>
    <h1>Your link is ready</h1>
    <p class="lead">It leads to <a href="https://example.com/?a=1&amp;b=2" rel="nofollow noopener noreferrer">example.com</a> until <time datetime="2030-01-01T01:00:00Z">1 January 2030, 01:00 UTC</time>.</p>
    <div class="short">
    <label class="unseen" for="short">Short link</label>
    <textarea id="short" rows="1" readonly spellcheck="false">http://sho.rt/spring</textarea>
    <button type="button" id="copy" hidden>Copy</button>
    </div>
    <div class="code">
    <img src="./spring.svg" width="160" height="160" alt="QR code of http://sho.rt/spring">
    <div>
    <h2>QR code</h2>
    <p>For posters, slides and screens. Save it as <a href="./spring.svg" download="spring.svg">SVG</a> or <a href="./spring.png?size=1024" download="spring.png">PNG</a>.</p>
    </div>
    </div>
    <p class="next"><a href="./spring+">Preview and visits</a> <a href="./">Shorten another</a></p>
    </main>
    <script>…</script>
    </body>
    </html>
    "#);
    assert_eq!(answer(app.get("/spring")).await.header("location"), "https://example.com/?a=1&b=2");
    let app = TestApp::with(&[("ALLOW_NEVER", "true"), ("BASE_URL", "https://go.example/s")]).await;
    let made = post(&app, "url=https%3A%2F%2Fexample.com&alias=ever&expires_in=never").await;
    assert_eq!((made.status, made.header("location")), (201, "https://go.example/s/ever"));
    assert!(made.body.contains(
        "<a href=\"https://example.com/\" rel=\"nofollow noopener noreferrer\">example.com</a> and never expires."
    ));
    assert!(made.body.contains(">https://go.example/s/ever</textarea>"));
}

#[tokio::test]
async fn only_who_would_rather_have_html_gets_it() {
    let app = TestApp::start().await;
    for (accept, expected) in [
        (None, "application/json"),
        (Some("*/*"), "application/json"),
        (Some("application/json, text/html"), "application/json"),
        (Some("text/html;q=0.1"), "text/html; charset=utf-8"),
        (Some(BROWSER), "text/html; charset=utf-8"),
    ] {
        for (url, status) in [("https://example.com/", 201), ("nonsense", 400)] {
            let mut request = app.request(Method::POST, "/shorten").body(format!("url={url}"));
            if let Some(accept) = accept {
                request = request.header("accept", accept);
            }
            let answer = answer(request).await;
            let expected = if status == 400 {
                expected.replace("application/j", "application/problem+j")
            } else {
                expected.to_owned()
            };
            assert_eq!((answer.status, answer.header("content-type")), (status, expected.as_str()), "{accept:?}");
        }
    }
}

/// What is said of each field, which field the cursor is in, and whether what was entered is still there.
#[tokio::test]
async fn a_mistake_is_told_beside_its_field_and_the_rest_is_kept() {
    let app = TestApp::with(&[("ALLOW_NEVER", "true")]).await;
    app.put_item(json!({"shortCode": "taken", "originalUrl": "https://example.com/", "createdAt": NOW})).await;
    let mut seen = String::new();
    for form in [
        "url=&alias=&expires_in=",
        "url=example.com&alias=mine&expires_in=3600",
        "url=https://example.com/&alias=a/b&expires_in=never",
        "url=https://example.com/&alias=taken",
        "url=https://example.com/&alias=mine&expires_in=1",
        "url=https://example.com/&expires_in=soon",
        "url=https://example.com/&expires_at=soon",
        "url=https://example.com/&colour=green",
        "url=https://example.com/&url=https://example.com/",
    ] {
        let refused = post(&app, form).await;
        seen += &format!("{} {form}\n", refused.status);
        let is_told = |line: &&str| {
            let told = ["class=\"wrong\"", "aria-invalid", "autofocus", " selected"];
            told.iter().any(|part| line.contains(part)) || (line.contains("alert") && !line.contains("></p>"))
        };
        let within = bare(refused).body;
        for line in within.lines().skip_while(|line| *line != "<main>").filter(is_told) {
            seen += &format!("    {line}\n");
        }
    }
    assert_snapshot!(seen, @r#"
    400 url=&alias=&expires_in=
        <input id="url" name="url" type="url" inputmode="url" placeholder="https://" value="" required autocomplete="off" autocapitalize="none" spellcheck="false" aria-invalid="true" aria-describedby="url-wrong" autofocus>
        <p class="wrong" id="url-wrong">The address is missing: give the URL that the link should lead to.</p>
        <option value="" selected>after 90 days</option>
    400 url=example.com&alias=mine&expires_in=3600
        <input id="url" name="url" type="url" inputmode="url" placeholder="https://" value="example.com" required autocomplete="off" autocapitalize="none" spellcheck="false" aria-invalid="true" aria-describedby="url-wrong" autofocus>
        <p class="wrong" id="url-wrong">The address is not a whole URL; start it with https:// or http://.</p>
        <option value="3600" selected>after 1 hour</option>
    400 url=https://example.com/&alias=a/b&expires_in=never
        <input id="alias" name="alias" value="a/b" autocomplete="off" autocapitalize="none" spellcheck="false" aria-invalid="true" aria-describedby="alias-wrong alias-hint" autofocus>
        <p class="wrong" id="alias-wrong">The alias holds &#39;/&#39;; use only letters A-Z a-z, digits 0-9, &#39;_&#39; and &#39;-&#39;.</p>
        <option value="never" selected>never</option>
    409 url=https://example.com/&alias=taken
        <input id="alias" name="alias" value="taken" autocomplete="off" autocapitalize="none" spellcheck="false" aria-invalid="true" aria-describedby="alias-wrong alias-hint" autofocus>
        <p class="wrong" id="alias-wrong">The alias is already the code of another link; choose another.</p>
        <option value="" selected>after 90 days</option>
    400 url=https://example.com/&alias=mine&expires_in=1
        <div class="select"><select id="expires_in" name="expires_in" aria-invalid="true" aria-describedby="expires_in-wrong" autofocus>
        <p class="wrong" id="expires_in-wrong">The expiry must be 60 to 315360000 seconds from now; it is 1.</p>
    400 url=https://example.com/&expires_in=soon
        <div class="select"><select id="expires_in" name="expires_in" aria-invalid="true" aria-describedby="expires_in-wrong" autofocus>
        <p class="wrong" id="expires_in-wrong">The expiry must be a whole number of seconds, such as 3600.</p>
    400 url=https://example.com/&expires_at=soon
        <p class="alert" id="alert" role="alert">expires_at must be an instant as RFC 3339 writes it, such as 2030-01-31T12:00:00Z (in a form, + is written %2B).</p>
        <input id="url" name="url" type="url" inputmode="url" placeholder="https://" value="https://example.com/" required autocomplete="off" autocapitalize="none" spellcheck="false" autofocus>
        <option value="" selected>after 90 days</option>
    400 url=https://example.com/&colour=green
        <p class="alert" id="alert" role="alert">There is no field &quot;colour&quot;; there are url, alias, expires_in, expires_at and reuse. If it is a part of the URL, encode the URL (curl --data-urlencode url=…) or send it as JSON or text/plain.</p>
        <input id="url" name="url" type="url" inputmode="url" placeholder="https://" value="https://example.com/" required autocomplete="off" autocapitalize="none" spellcheck="false" autofocus>
        <option value="" selected>after 90 days</option>
    400 url=https://example.com/&url=https://example.com/
        <p class="alert" id="alert" role="alert">There are two of the field &quot;url&quot; (or url and long_url, which are one); send one.</p>
        <input id="url" name="url" type="url" inputmode="url" placeholder="https://" value="https://example.com/" required autocomplete="off" autocapitalize="none" spellcheck="false" autofocus>
        <option value="" selected>after 90 days</option>
    "#);
    assert_eq!(app.keys().await, ["taken"], "nothing was made");
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_answered_with_a_page_too() {
    let app = TestApp::start().await;
    for (content_type, body, status) in [
        ("application/x-www-form-urlencoded", b"url=\xff".to_vec(), 400),
        ("application/json", b"{".to_vec(), 400),
        ("text/xml", b"<url/>".to_vec(), 415),
        ("application/x-www-form-urlencoded", vec![b'a'; 16_385], 413),
    ] {
        let request = app.request(Method::POST, "/shorten").header("accept", BROWSER);
        let refused = answer(request.header("content-type", content_type).body(body)).await;
        assert_eq!((refused.status, refused.header("content-type")), (status, "text/html; charset=utf-8"));
        assert!(refused.body.contains("<p class=\"alert\" id=\"alert\" role=\"alert\">The body "), "{refused}");
    }
}

#[tokio::test]
async fn a_table_that_does_not_answer_is_told_in_the_form() {
    let app = TestApp::through(async |_| "http://127.0.0.1:1".to_owned()).await;
    let page = post(&app, "url=https://example.com/kept").await;
    assert_eq!((page.status, page.header("retry-after")), (503, "1"));
    assert!(page.body.contains("role=\"alert\">The service is busy."), "{page}");
    assert!(page.body.contains("value=\"https://example.com/kept\""), "{page}");
}

#[tokio::test]
async fn what_is_entered_cannot_become_a_part_of_the_page() {
    let app = TestApp::start().await;
    let hostile = [
        "\"><script>alert(1)</script>",
        "' onfocus='alert(1)",
        "</input></form></main><img src=x onerror=alert(1)>",
        "{alert(1)}{{7*7}}${7*7}",
        "\u{202e}gpj.exe",
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
            let main = bare(page).body;
            assert_eq!(main.matches("<script").count(), 1, "{main}");
            assert_eq!(main.matches("<img").count(), 0, "{main}");
            assert!(!main.contains(" onfocus='"), "{main}");
            let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let escaped = escaped.replace('"', "&quot;").replace('\'', "&#39;");
            if matches!(field, "url" | "alias") {
                assert!(main.contains(&format!("value=\"{escaped}\"")), "{escaped}: {main}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_the_same_for_everybody_can_be_kept() {
    let app = TestApp::start().await;
    let mut seen = String::new();
    for path in ["/", "/robots.txt", "/favicon.svg", "/openapi.json"] {
        let whole = answer(app.get(path)).await;
        assert_eq!(whole.status, 200, "{path}");
        let tag = whole.header("etag").to_owned();
        seen += &format!("{path} {}; {}\n", whole.header("content-type"), whole.header("cache-control"));
        let head = answer(app.request(Method::HEAD, path)).await;
        assert_eq!((head.status, &head.headers, head.body.as_str()), (200, &whole.headers, ""), "{path}");
        for (known, status) in [
            (tag.clone(), 304),
            (format!("W/{tag}"), 304),
            (format!("\"other\", {tag}"), 304),
            ("*".to_owned(), 304),
            ("\"other\"".to_owned(), 200),
            (tag.replace('"', ""), 200),
        ] {
            for method in [Method::GET, Method::HEAD] {
                let asked = answer(app.request(method.clone(), path).header("if-none-match", &known)).await;
                assert_eq!(asked.status, status, "{method} {path} {known}");
                assert_eq!(asked.header("etag"), tag);
                assert_eq!(asked.header("cache-control"), whole.header("cache-control"));
                assert_eq!(asked.body.is_empty(), status == 304 || method == Method::HEAD);
            }
        }
    }
    assert_snapshot!(seen, @"
    / text/html; charset=utf-8; public, max-age=300
    /robots.txt text/plain; charset=utf-8; public, max-age=86400
    /favicon.svg image/svg+xml; public, max-age=86400
    /openapi.json application/json; public, max-age=300
    ");
    assert_snapshot!(answer(app.get("/robots.txt")).await.body, @"
    # Short links are there to be followed. Their previews are for people.
    User-agent: *
    Disallow: /*+
    ");
}

#[tokio::test]
async fn none_of_them_needs_the_table() {
    let app = TestApp::through(async |_| "http://127.0.0.1:1".to_owned()).await;
    for path in ["/", "/robots.txt", "/favicon.svg", "/openapi.json"] {
        assert_eq!(answer(app.get(path)).await.status, 200, "{path}");
    }
    assert_eq!(answer(app.get("/favicon.ico")).await.status, 404);
}
