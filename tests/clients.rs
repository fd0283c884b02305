//! What real clients send: messengers, mail programs, phones, spreadsheets, upload tools, HTTP libraries. Each test has the
//! smallest input that failed its user.

use proptest::prelude::*;
use reqwest::Method;
use serde_json::json;
use shortlink_core::domain::target::Target;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::app::{Response, TestApp, send};
use crate::support::user_agents::BROWSER_ACCEPT;

const FORM: &str = "application/x-www-form-urlencoded";

/// Sends a body to `POST /shorten`.
async fn post(app: &TestApp, content_type: Option<&str>, body: impl Into<Vec<u8>>) -> Response {
    let mut request = app.request(Method::POST, "/shorten").body(body.into());
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    send(request).await
}

#[tokio::test]
async fn a_target_of_8000_bytes_is_redirected_to() {
    let app = TestApp::start().await;
    let target = format!("https://example.com/{}", "a".repeat(7_980));
    let created = send(app.create_link(&json!({"url": target, "alias": "long"}))).await;
    assert_eq!(created.status, 201, "{created}");
    assert_eq!(send(app.get("/long")).await.header("location"), target);
    assert!(send(app.get("/long+").header("accept", BROWSER_ACCEPT)).await.body.contains(&target));
    // A form may need three bytes for each.
    let encoded: String = target.bytes().map(|byte| format!("%{byte:02X}")).collect();
    assert_eq!(post(&app, Some(FORM), format!("url={encoded}")).await.status, 201);
    let too_long = send(app.create_link(&json!({"url": format!("{target}a")}))).await;
    assert_eq!(too_long.json()["detail"], "url is longer than 8000 bytes; give a shorter URL.");
}

#[tokio::test]
async fn punctuation_after_a_code_does_not_hide_the_link() {
    let app = TestApp::start().await;
    send(app.create_link(&json!({"url": "https://example.com/", "alias": "abcd"}))).await;
    for path in [
        "/abcd.",
        "/abcd)",
        "/abcd,",
        "/abcd”",
        "/abcd…",
        "/abcd%E2%80%8B",
        "/abcd%20",
        "/abcd/",
        "/abcd//",
        "//abcd",
        "/abcd%2F",
        "/abcd**",
        "/abcd%C2%A0",
        "/abcd/?utm_source=x",
        "/abcd%EF%BB%BF",
    ] {
        for method in [Method::GET, Method::HEAD] {
            let response = send(app.request(method, path)).await;
            assert_eq!((response.status, response.header("location")), (301, "https://example.com/"), "{path}");
        }
    }
    for (path, content_type) in
        [("/abcd+.", "application/json"), ("/abcd.svg)", "image/svg+xml"), ("/abcd.png,", "image/png")]
    {
        let response = send(app.get(path)).await;
        assert_eq!((response.status, response.header("content-type")), (200, content_type), "{path}");
    }
    for path in ["/unknown.", "/unknown/", "/abcd/e", "/a/b", "/abcde.", "/abcd.gif", "/abcd+.svg", "/"] {
        let response = send(app.get(path)).await;
        assert_eq!(response.status, if path == "/" { 200 } else { 404 }, "{path}");
    }
    // Only a GET or HEAD can mean a link.
    assert_eq!(send(app.request(Method::POST, "/abcd/")).await.status, 404);
    let page = send(app.get("/a/b").header("accept", BROWSER_ACCEPT)).await;
    assert_eq!((page.status, page.header("content-type")), (404, "text/html; charset=utf-8"));
}

/// The characters of RFC 3986, and where it allows them: an independent check of [`Target`]'s encoding.
fn is_rfc_3986(url: &str) -> bool {
    let pattern = concat!(
        r"^https?://(\[[0-9a-f:.]+\]|([A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(:[0-9]*)?",
        r"(/([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)*",
        r"(\?([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?",
        r"(#([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?$",
    );
    jsonschema::is_valid(&json!({"pattern": pattern}), &json!(url))
}

#[tokio::test]
async fn location_follows_rfc_3986() {
    let app = TestApp::start().await;
    for (target, location) in [
        ("http://t.example.com/p|q", "http://t.example.com/p%7Cq"),
        ("http://t.example.com/a[1]{2}^`\\", "http://t.example.com/a%5B1%5D%7B2%7D%5E%60/"),
        ("http://t.example.com/%zz?%#a#b%", "http://t.example.com/%25zz?%25#a%23b%25"),
    ] {
        let created = send(app.create_link(&json!({"url": target}))).await;
        let response = send(app.get(created.json()["short"].as_str().expect("a path"))).await;
        assert_eq!(response.header("location"), location);
        assert!(is_rfc_3986(location), "{location}");
    }
    // A row that another tool or an older version wrote.
    app.put_item(json!({"shortCode": "old", "originalUrl": "http://t.example.com/p|q", "createdAt": 1})).await;
    assert_eq!(send(app.get("/old")).await.header("location"), "http://t.example.com/p%7Cq");
}

proptest! {
    #[test]
    fn every_target_follows_rfc_3986_and_decodes_to_what_was_asked(rest in "[ -~é❤]{0,40}", host in "[a-z]{1,8}|[a-z\"'{}`]{1,8}") {
        let text = format!("http://{host}.example.com/{rest}");
        if let (Ok(target), Ok(expected)) = (Target::parse(&text, &[]), url::Url::parse(text.trim())) {
            prop_assert!(is_rfc_3986(target.as_str()), "{text:?}: {target}");
            let decoded = |text: &str| percent_encoding::percent_decode_str(text).collect::<Vec<u8>>();
            prop_assert_eq!(decoded(target.as_str()), decoded(expected.as_str()), "{}", text);
            // The encoded form means itself.
            prop_assert_eq!(Target::parse(target.as_str(), &[]).map(|again| again.to_string()), Ok(target.to_string()));
        }
    }
}

#[tokio::test]
async fn the_form_of_the_page_always_gets_a_page() {
    let app = TestApp::start().await;
    let page = send(app.get("/").header("accept", BROWSER_ACCEPT)).await.body;
    let action = page.split("action=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("an action");
    assert_eq!(action, "./shorten?page");
    for accept in ["*/*", "text/plain", "text/html, text/plain, text/sgml, */*;q=0.01", "image/gif"] {
        for (body, status) in [("url=https%3A%2F%2Fexample.com%2F", 201), ("url=nonsense", 400)] {
            let request =
                app.request(Method::POST, "/shorten?page").header("content-type", FORM).header("accept", accept);
            let response = send(request.body(body)).await;
            assert_eq!(
                (response.status, response.header("content-type")),
                (status, "text/html; charset=utf-8"),
                "{accept}"
            );
        }
    }
    // A browser's form on another page: Lynx names text/plain too.
    let lynx = "text/html, text/plain, text/sgml, text/css, */*;q=0.01";
    let request = app.request(Method::POST, "/shorten").header("content-type", FORM).header("accept", lynx);
    assert_eq!(send(request.body("url=nonsense")).await.header("content-type"), "text/html; charset=utf-8");
}

#[tokio::test]
async fn json_and_text_bodies_never_get_a_page() {
    let app = TestApp::start().await;
    let java = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2";
    for (content_type, body) in [
        (Some("application/json"), r#"{"url": "https://example.com/"}"#),
        (Some("text/plain"), "https://example.com/"),
        (Some(FORM), r#"{"url": "https://example.com/"}"#),
        (None, "\u{feff}{\"url\": \"https://example.com/\"}"),
    ] {
        let mut request = app.request(Method::POST, "/shorten?page").header("accept", java).body(body);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let response = send(request).await;
        assert_eq!((response.status, response.header("content-type")), (201, "application/json"), "{content_type:?}");
    }
    let request =
        app.request(Method::POST, "/shorten").header("accept", java).header("content-type", "application/json");
    assert_eq!(send(request.body("{")).await.header("content-type"), "application/problem+json");
}

#[tokio::test]
async fn bodies_that_any_reader_understands_are_understood() {
    let app = TestApp::start().await;
    let multipart = "--b\r\nContent-Disposition: form-data; name=\"url\"\r\n\r\nhttps://example.com/\r\n--b\r\n\
                     Content-Disposition: form-data; name=\"alias\"\r\n\r\n\r\n--b--\r\n";
    let unquoted = multipart.replace("--b", "------=_P=1");
    for (content_type, body) in [
        (Some("text/plain;charset=UTF-8"), r#"{"url":"https://example.com/"}"#),
        (Some("multipart/form-data; boundary=b"), multipart),
        (Some("multipart/form-data; Boundary=----=_P=1; charset=utf-8"), unquoted.as_str()),
        (Some(FORM), "https://example.com/"),
        (None, "  HTTPS://example.com/\n"),
        (
            Some("application/json"),
            r#"{"url":"https://example.com/","alias":"","expires_in":"","expires_at":"","reuse":""}"#,
        ),
        (Some("application/json"), r#"{"url":"https://example.com/","reuse":"True"}"#),
        (Some(FORM), "url=https%3A%2F%2Fexample.com%2F&reuse=TRUE&alias=&expires_in=&expires_at="),
    ] {
        let response = post(&app, content_type, body).await;
        assert!(matches!(response.status, 200 | 201), "{content_type:?} {body}: {response}");
        assert_eq!(response.json()["url"], "https://example.com/", "{body}");
    }
}

#[tokio::test]
async fn multipart_files_and_malformed_parts_are_rejected() {
    let app = TestApp::start().await;
    let part = |headers: &str| {
        format!("--b\r\nContent-Disposition: form-data; {headers}\r\n\r\nhttps://example.com/\r\n--b--\r\n")
    };
    for (content_type, body, detail) in [
        (
            "multipart/form-data; boundary=b",
            part("name=\"url\"; filename=\"a.txt\""),
            "The field \"url\" is a file; send text fields only.",
        ),
        ("multipart/form-data", part("name=\"url\""), "The Content-Type multipart/form-data has no valid boundary."),
        ("multipart/form-data; boundary=c", part("name=\"url\""), "The body is not valid multipart/form-data."),
        ("multipart/form-data; boundary=b", part("filename=\"x\""), "The body is not valid multipart/form-data."),
        ("multipart/form-data; boundary=b", "--b\r\n".to_owned(), "The body is not valid multipart/form-data."),
        ("multipart/form-data; boundary=b", String::new(), "The body is not valid multipart/form-data."),
    ] {
        let response = post(&app, Some(content_type), body).await;
        assert_eq!((response.status, &response.json()["detail"]), (400, &json!(detail)), "{response}");
    }
}

#[tokio::test]
async fn a_url_in_the_query_is_explained() {
    let app = TestApp::start().await;
    let response = send(app.request(Method::POST, "/shorten?url=https://example.com/")).await;
    assert_eq!(response.json()["detail"], "url is missing: send it in the body; the query string is not read.");
}

#[tokio::test]
async fn invisible_characters_are_trimmed_or_named() {
    let app = TestApp::start().await;
    for url in [
        "https://example.com/\u{200b}",
        "\u{feff}https://example.com/",
        "\u{202a}https://example.com/\u{a0}",
        "https://example.com/\n",
    ] {
        let created = send(app.create_link(&json!({"url": url}))).await;
        assert_eq!(created.json()["url"], "https://example.com/", "{url:?}");
    }
    let body = json!({"url": "https://example.com/", "alias": "trimmed \u{200b}", "expires_at": "\u{feff}2030-01-02T00:00:00Z "});
    let created = send(app.create_link(&body)).await;
    assert_eq!(
        (&created.json()["code"], &created.json()["expires_at"]),
        (&json!("trimmed"), &json!("2030-01-02T00:00:00Z"))
    );
    let inside = send(app.create_link(&json!({"url": "https://example.com/a\u{200b}b"}))).await;
    assert_eq!(
        inside.json()["detail"],
        "url contains U+200B (zero width space), which is invisible; remove it, or percent-encode it if it belongs there."
    );
    let kept = send(app.create_link(&json!({"url": "https://example.com/a%E2%80%8Bb"}))).await;
    assert_eq!(kept.json()["url"], "https://example.com/a%E2%80%8Bb");
    // `echo URL | curl --data-urlencode url@-`
    assert_eq!(
        post(&app, Some(FORM), "url=https%3A%2F%2Fexample.com%2F%0A").await.json()["url"],
        "https://example.com/"
    );
    let persian = send(app.create_link(&json!({"url": "https://نامه\u{200c}ای.com/"}))).await;
    assert_eq!(persian.json()["url"], "https://xn--mgba3gch31f060k.com/");
}

#[tokio::test]
async fn a_form_that_was_not_encoded_is_rejected() {
    let app = TestApp::start().await;
    for body in
        ["url=https://example.com/?q=%26", "long_url=https://example.com/?q=a+b", "alias=x&url=https://example.com/%20"]
    {
        let response = post(&app, Some(FORM), body).await;
        let field = if body.starts_with("long") { "long_url" } else { "url" };
        assert_eq!((response.status, &response.json()["field"]), (400, &json!(field)), "{response}");
        assert!(response.json()["detail"].as_str().expect("a detail").contains("--data-urlencode"), "{response}");
    }
    for (body, target) in [
        ("url=https%3A%2F%2Fexample.com%2F%3Fq%3D%2526", "https://example.com/?q=%26"),
        ("url=https://example.com/plain", "https://example.com/plain"),
        ("url=https%3A%2F%2Fexample.com%2F%3Fq%3Da+b", "https://example.com/?q=a%20b"),
    ] {
        assert_eq!(post(&app, Some(FORM), body).await.json()["url"], target, "{body}");
    }
}

#[tokio::test]
async fn aliases_can_be_shared_and_do_not_pose_as_files_of_the_service() {
    let app = TestApp::start().await;
    for (alias, detail) in [
        ("abc_", "alias must begin and end with a letter or digit; for example, abc."),
        ("-abc", "alias must begin and end with a letter or digit; for example, abc."),
        ("apple-touch-icon", "alias is reserved; choose another name."),
        ("Apple-Touch-Icon-precomposed", "alias is reserved; choose another name."),
        ("favicon-32x32", "alias is reserved; choose another name."),
        ("apple-app-site-association", "alias is reserved; choose another name."),
    ] {
        let response = send(app.create_link(&json!({"url": "https://example.com/", "alias": alias}))).await;
        assert_eq!((response.status, &response.json()["detail"]), (400, &json!(detail)), "{alias}");
    }
    // A link with such a code from an earlier time still works.
    app.put_item(json!({"shortCode": "abc_", "originalUrl": "https://example.com/", "createdAt": 1})).await;
    assert_eq!(send(app.get("/abc_")).await.status, 301);
}

#[tokio::test]
async fn opening_the_address_of_the_api_leads_to_the_page() {
    let app = TestApp::start().await;
    for method in [Method::GET, Method::HEAD] {
        let response = send(app.request(method, "/shorten")).await;
        assert_eq!((response.status, response.header("location")), (303, "./"));
    }
}

/// The URLs in the `href` and `src` attributes of a page, resolved against the page's own.
fn links_of(page: &str, base: &str) -> Vec<String> {
    let base = url::Url::parse(base).expect("a URL");
    let attributes = page.split("href=\"").skip(1).chain(page.split("src=\"").skip(1));
    let links = attributes.map(|rest| rest.split('"').next().expect("a value"));
    links.map(|link| base.join(link).expect("a URL").to_string()).collect()
}

#[tokio::test]
async fn pages_below_a_slash_lead_home() {
    let app = TestApp::start().await;
    send(app.create_link(&json!({"url": "https://evil.example/", "alias": "team"}))).await;
    app.put_item(json!({"shortCode": "old", "originalUrl": "https://example.com/", "createdAt": 1, "expiresAt": 2}))
        .await;
    for (path, status) in [("/team/x", 404), ("/x/y/", 404), ("//x", 404), ("/old/", 410)] {
        let page = send(app.get(path).header("accept", BROWSER_ACCEPT)).await;
        assert_eq!(page.status, status, "{path}");
        let links = links_of(&page.body, &format!("http://sho.rt{path}"));
        let expected = ["manifest.webmanifest", "opensearch.xml", "favicon.svg", "", "", "docs"];
        assert_eq!(links, expected.map(|path| format!("http://sho.rt/{path}")), "{path}");
    }
    for (path, location) in [
        ("/team+/", "http://sho.rt/team+"),
        ("//team.svg", "http://sho.rt/team.svg"),
        ("/team.png//", "http://sho.rt/team.png"),
    ] {
        let response = send(app.get(path)).await;
        assert_eq!((response.status, response.header("location")), (302, location), "{path}");
    }
}

#[tokio::test]
async fn a_field_after_a_url_without_a_name_is_not_part_of_the_url() {
    let app = TestApp::start().await;
    let response = post(&app, Some(FORM), "https://example.com/&alias=sale").await;
    assert_eq!((response.status, &response.json()["field"]), (400, &json!("url")), "{response}");
    let response = post(&app, Some(FORM), "https://example.com/?a=1&b=2").await;
    assert_eq!(response.json()["url"], "https://example.com/?a=1&b=2");
}

#[tokio::test]
async fn compressed_bodies_are_rejected() {
    let app = TestApp::start().await;
    let body = r#"{"url": "https://example.com/"}"#;
    let request = || app.request(Method::POST, "/shorten").header("content-type", "application/json");
    for encoding in ["gzip", "deflate", "br", "identity, gzip"] {
        let response = send(request().header("content-encoding", encoding).body(body)).await;
        assert_eq!((response.status, response.header("accept-encoding")), (415, "identity"), "{encoding}");
    }
    assert_eq!(send(request().header("content-encoding", "Identity").body(body)).await.status, 201);
}

#[tokio::test]
async fn an_expiry_error_names_the_field_that_was_sent() {
    let app = TestApp::start().await;
    for (body, field) in [
        (json!({"url": "https://example.com/", "expires_in": "never"}), "expires_in"),
        (json!({"url": "https://example.com/", "expires_at": null}), "expires_at"),
        (json!({"url": "https://example.com/", "expires_in": 1}), "expires_in"),
    ] {
        assert_eq!(send(app.create_link(&body)).await.json()["field"], field, "{body}");
    }
}

/// Sends bytes as they are and returns the response as it is.
async fn send_raw(app: &TestApp, request: &str) -> String {
    let mut stream = TcpStream::connect(app.address).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("a request");
    let mut response = String::new();
    stream.read_to_string(&mut response).await.expect("a response");
    response
}

#[tokio::test]
async fn a_request_has_one_host() {
    let app = TestApp::start().await;
    for headers in ["", "Host: a.example\r\nHost: b.example\r\n", "Host: a b\r\n"] {
        let response = send_raw(&app, &format!("GET / HTTP/1.1\r\n{headers}Connection: close\r\n\r\n")).await;
        assert!(response.starts_with("HTTP/1.1 400 "), "{headers:?}: {response}");
    }
    let created = |line: &str, host: &str| {
        format!(
            "POST {line} HTTP/1.1\r\nHost: {host}\r\nAccept: text/plain\r\nContent-Length: 20\r\nConnection: close\r\n\r\n\
             https://example.com/"
        )
    };
    let response = send_raw(&app, &created("http://sho.rt/shorten", "evil.example")).await;
    assert!(response.contains("\r\n\r\nhttp://sho.rt/"), "{response}");
    let response = send_raw(&app, "GET / HTTP/1.0\r\n\r\n").await;
    assert!(response.starts_with("HTTP/1.0 200 "), "{response}");
}
