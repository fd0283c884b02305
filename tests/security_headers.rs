//! The headers that every response has, whatever its status and whoever makes it.

use std::collections::BTreeSet;

use http::HeaderMap;
use reqwest::Method;
use serde_json::{Value, json};
use shortlink_core::http::routes::{DEFAULT, ROUTES};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::app::{NOW, TestApp};
use crate::support::events;
use crate::support::user_agents::BROWSER_ACCEPT;

/// The header, which occurs once.
fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().expect("ASCII");
    assert_eq!(values.next(), None, "{name} occurs twice");
    Some(value)
}

fn assert_protected(headers: &HeaderMap, is_https: bool, what: &str) {
    assert_eq!(header(headers, "x-content-type-options"), Some("nosniff"), "{what}");
    let policy = header(headers, "content-security-policy").unwrap_or_else(|| panic!("{what}"));
    assert!(
        policy.starts_with("default-src 'none'; ") && policy.contains("frame-ancestors 'none'"),
        "{what}: {policy}"
    );
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{what}: {policy}");
    let referrer = header(headers, "referrer-policy");
    assert!(matches!(referrer, Some("same-origin" | "strict-origin-when-cross-origin")), "{what}: {referrer:?}");
    assert_eq!(header(headers, "strict-transport-security"), is_https.then_some("max-age=31536000"), "{what}");
    // Without cookies, no page elsewhere can make a browser send credentials.
    for name in ["server", "set-cookie", "x-powered-by", "via"] {
        assert_eq!(header(headers, name), None, "{what}");
    }
    let text = format!("{headers:?}").to_lowercase();
    assert!(
        !text.contains("shortlink/") && !text.contains("hyper") && !text.contains(env!("CARGO_PKG_VERSION")),
        "{text}"
    );
}

async fn app(base_url: &str) -> TestApp {
    let app = TestApp::builder().env("BASE_URL", base_url).env("ALLOW_NEVER", "true").start().await;
    let link = |code: &str, more: Value| {
        let mut item = json!({"shortCode": code, "originalUrl": "https://example.com/", "createdAt": NOW - 10});
        item.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        item
    };
    app.put_item(link("live", json!({}))).await;
    app.put_item(link("expired", json!({"expiresAt": NOW - 1}))).await;
    app.put_item(link("withdrawn", json!({"withdrawnAt": NOW}))).await;
    app.put_item(link("blocked", json!({"blockedAt": NOW}))).await;
    app.put_item(link("broken", json!({"originalUrl": "javascript:alert(1)"}))).await;
    app
}

/// Every route, with each of its methods, for a browser and for a program, with requests that lead to every status.
#[tokio::test]
async fn every_response_has_the_headers() {
    for (base_url, is_https) in [("https://sho.rt", true), ("http://sho.rt", false)] {
        let app = app(base_url).await;
        let mut statuses = BTreeSet::new();
        let codes =
            ["live", "expired", "withdrawn", "blocked", "broken", "missing", "live+", "live.svg", "live.png", "é"];
        for route in ROUTES {
            let methods = if route.pattern == DEFAULT { &["GET", "HEAD", "PUT", "OPTIONS"][..] } else { route.methods };
            let pattern = if route.pattern == DEFAULT { "/no/{code}/" } else { route.pattern };
            let paths = if pattern.contains("{code}") {
                codes.map(|code| pattern.replace("{code}", code)).to_vec()
            } else {
                vec![pattern.to_owned()]
            };
            for (method, path) in methods.iter().flat_map(|method| paths.iter().map(move |path| (*method, path))) {
                for (accept, body) in [
                    (BROWSER_ACCEPT, "url=https%3A%2F%2Fexample.com"),
                    ("*/*", "{\"url\": \"https://example.com\"}"),
                    ("*/*", "\u{0}"),
                    ("text/plain", "url=x"),
                ] {
                    let method = Method::from_bytes(method.as_bytes()).expect("a method");
                    let request = app.request(method.clone(), path).header("accept", accept).body(body);
                    let response = request.send().await.expect("a response");
                    statuses.insert(response.status().as_u16());
                    assert_protected(response.headers(), is_https, &format!("{method} {path} {}", response.status()));
                    let is_page =
                        header(response.headers(), "content-type").is_some_and(|kind| kind.starts_with("text/html"));
                    let policy = header(response.headers(), "content-security-policy").unwrap_or_default();
                    assert_eq!(policy.contains("style-src"), is_page, "{method} {path}");
                }
            }
        }
        for (name, value, expected) in [("if-none-match", "*", 304), ("content-type", "image/png", 415)] {
            let method = if expected == 304 { Method::GET } else { Method::POST };
            let path = if expected == 304 { "/openapi.json" } else { "/shorten" };
            let response = app.request(method, path).header(name, value).body("x").send().await.expect("a response");
            assert_eq!(response.status(), expected);
            assert_protected(response.headers(), is_https, path);
        }
        let created =
            app.create_link(&json!({"url": "https://example.com/", "alias": "mine"})).send().await.expect("a response");
        let token = serde_json::from_str::<Value>(&created.text().await.expect("a body")).expect("JSON");
        let token = token["manage_token"].as_str().expect("a token").to_owned();
        let withdrawn = app.request(Method::DELETE, "/links/mine").bearer_auth(token).send().await.expect("a response");
        assert_eq!(withdrawn.status(), 204);
        assert_protected(withdrawn.headers(), is_https, "204");
        for status in [200, 201, 301, 303, 400, 401, 404, 410, 451, 500] {
            assert!(statuses.contains(&status), "{status} of {statuses:?}");
        }
    }
}

/// Requests that no function sees.
#[tokio::test]
async fn errors_of_the_local_gateway_have_the_headers() {
    for (base_url, is_https) in [("https://sho.rt", true), ("http://sho.rt", false)] {
        let app = app(base_url).await;
        for (request, expected) in [
            ("GET / HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(), 400),
            (format!("GET / HTTP/1.1\r\nHost: sho.rt\r\nConnection: close\r\nX: {}\r\n\r\n", "x".repeat(10_240)), 431),
            (
                "POST /shorten HTTP/1.1\r\nHost: sho.rt\r\nConnection: close\r\nContent-Length: 99999999\r\n\r\n"
                    .to_owned(),
                413,
            ),
        ] {
            let mut stream = TcpStream::connect(app.address).await.expect("a connection");
            stream.write_all(request.as_bytes()).await.expect("a request");
            let mut response = String::new();
            stream.read_to_string(&mut response).await.expect("a response");
            assert!(response.starts_with(&format!("HTTP/1.1 {expected} ")), "{response}");
            let mut headers = HeaderMap::new();
            for line in response.lines().skip(1).take_while(|line| !line.is_empty()) {
                let (name, value) = line.split_once(": ").expect("a header");
                let name: http::HeaderName = name.parse().expect("a name");
                headers.append(name, value.parse().expect("a value"));
            }
            assert_protected(&headers, is_https, &response);
        }
    }
}

/// API Gateway accepts https only.
#[tokio::test]
async fn every_response_of_the_functions_has_the_headers() {
    let app = TestApp::start().await;
    for event in events::valid().into_iter().chain(events::hostile()) {
        assert_protected(&events::invoke_raw(&app, &event.json).await.headers, true, &event.name);
    }
}
