//! URLs and strings that broke other programs (see corpora/README.md).
//!
//! `corpora/rejected/` lists the inputs that are rejected, each with its reason, so that a change of what people may
//! shorten shows up in a diff. `UPDATE_REJECTED=1` rewrites the lists.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use reqwest::Method;
use serde_json::json;
use shortlink_core::domain::invisible;
use shortlink_core::domain::target::Target;
use url::{Position, Url};

use crate::support::app::{TestApp, send};
use crate::support::events::invoke;

fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora").join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(corpus(name)).expect("a corpus")
}

fn naughty_strings() -> Vec<String> {
    serde_json::from_str(&read("blns.json")).expect("a list of strings")
}

/// What RFC 3986 does not allow anywhere and the WHATWG URL standard may leave as it is.
const NOT_RFC_3986: &AsciiSet =
    &CONTROLS.add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// The http or https URL that a browser would open for `text`, encoded for RFC 3986.
fn normalised(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let host = &url[..Position::BeforePath];
    let host = if host.contains('[') { host.to_owned() } else { utf8_percent_encode(host, NOT_RFC_3986).to_string() };
    let encoded = |part: &str, set: &'static AsciiSet| {
        let mut pieces = part.split('%');
        let first = pieces.next().unwrap_or_default().to_owned();
        let part = pieces.fold(first, |part, piece| {
            let is_escape = piece.len() >= 2 && piece.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
            part + if is_escape { "%" } else { "%25" } + piece
        });
        utf8_percent_encode(&part, set).to_string()
    };
    const BRACKETS: &AsciiSet = &NOT_RFC_3986.add(b'[').add(b']');
    const FRAGMENT: &AsciiSet = &BRACKETS.add(b'#');
    let before_fragment = encoded(&url[Position::BeforePath..Position::AfterQuery], BRACKETS);
    let fragment = url.fragment().map(|fragment| format!("#{}", encoded(fragment, FRAGMENT))).unwrap_or_default();
    Some(format!("{host}{before_fragment}{fragment}"))
}

/// Shortens each text and follows each new link. Returns the rejected texts with their reasons, one per line.
async fn shorten_and_follow(app: &TestApp, texts: impl Iterator<Item = String>) -> String {
    let mut rejected = String::new();
    for text in texts {
        let created = send(app.create_link(&json!({ "url": text }))).await;
        if created.status == 201 {
            // A host name gets its scheme.
            let completed = format!("https://{}", text.trim());
            let target = [&text, &completed].into_iter().filter_map(|text| normalised(text));
            let target = target.into_iter().find(|target| target.starts_with("http")).expect("a URL");
            let link = created.json();
            assert_eq!(link["url"], target, "{text}");
            let redirect = send(app.get(link["short"].as_str().expect("a path"))).await;
            assert_eq!((redirect.status, redirect.header("location")), (301, target.as_str()), "{text}");
        } else {
            assert_eq!(created.status, 400, "{text}: {created}");
            let detail = created.json()["detail"].as_str().expect("a detail").to_owned();
            writeln!(rejected, "{} {detail}", json!(text)).expect("a string");
        }
    }
    rejected
}

/// Compares rejections with the list in the repository.
fn assert_rejected(name: &str, rejected: &str) {
    let path = corpus("rejected").join(name);
    if std::env::var_os("UPDATE_REJECTED").is_some() {
        fs::write(&path, rejected).expect("a file");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    for (line, (now, then)) in rejected.lines().zip(expected.lines()).enumerate() {
        assert_eq!(now, then, "{name}, line {}", line + 1);
    }
    assert_eq!(rejected.lines().count(), expected.lines().count(), "{name}");
}

#[tokio::test]
async fn whatwg_urls_are_shortened_or_rejected() {
    let cases: Vec<serde_json::Value> = serde_json::from_str(&read("urltestdata.json")).expect("a list");
    let text = |case: &serde_json::Value, name: &str| case[name].as_str().map(str::to_owned);
    // The cases without a base URL, and the expected result of each.
    let cases = cases.iter().filter(|case| case["input"].is_string() && case["base"].is_null());
    let cases: Vec<_> = cases.map(|case| (text(case, "input").expect("a string"), text(case, "href"))).collect();
    assert!(cases.len() > 300, "{}", cases.len());
    for (input, href) in &cases {
        if let Ok(target) = Target::parse(input, &[]) {
            assert_eq!(Some(target.to_string()), href.as_deref().and_then(normalised), "{input}");
        }
    }
    let web = |href: &Option<String>| href.as_ref().is_some_and(|href| normalised(href).is_some());
    let app = TestApp::start().await;
    // Everything but http and https URLs is rejected.
    let others = cases.iter().filter(|(_, href)| !web(href)).map(|(input, _)| input.clone());
    let count = others.clone().count();
    assert_eq!(shorten_and_follow(&app, others).await.lines().count(), count);
    // All http and https URLs are shortened, except those on the list.
    let web = cases.iter().filter(|(_, href)| web(href)).map(|(input, _)| input.clone());
    assert_rejected("urltestdata.txt", &shorten_and_follow(&app, web).await);
}

#[tokio::test]
async fn real_long_urls_are_shortened() {
    let app = TestApp::start().await;
    let urls = read("long_urls.txt");
    assert!(urls.lines().count() >= 300);
    assert_rejected("long_urls.txt", &shorten_and_follow(&app, urls.lines().map(str::to_owned)).await);
}

#[tokio::test]
async fn naughty_strings_are_rejected_as_targets() {
    let app = TestApp::start().await;
    assert_rejected("blns.txt", &shorten_and_follow(&app, naughty_strings().into_iter()).await);
}

#[tokio::test]
async fn naughty_strings_are_aliases_only_if_valid() {
    let app = TestApp::start().await;
    let mut accepted = Vec::new();
    for alias in naughty_strings() {
        let created = send(app.create_link(&json!({"url": "https://example.com/", "alias": alias}))).await;
        let visible = invisible::trim(&alias).to_owned();
        let path: String = alias.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let redirect = send(app.get(&format!("/{path}"))).await;
        match created.status {
            // An invisible alias counts as none.
            201 if visible.is_empty() => assert_ne!(created.json()["code"], ""),
            201 => {
                assert_eq!(send(app.get(&format!("/{visible}"))).await.status, 301, "{alias:?}");
                accepted.push(visible);
            }
            // The corpus contains some strings twice.
            409 => assert!(accepted.contains(&visible), "{alias:?}"),
            // The client removes these segments and requests `/`.
            400 if matches!(alias.as_str(), "." | "..") => assert_eq!(redirect.status, 200),
            status => assert_eq!((status, redirect.status), (400, 404), "{alias:?}: {created}"),
        }
    }
    insta::assert_debug_snapshot!(accepted, @r#"
    [
        "undef",
        "nil",
        "NIL",
        "hasOwnProperty",
        "1E2",
        "1E02",
        "Infinity",
        "INF",
        "0x0",
        "0xffffffff",
        "0xffffffffffffffff",
        "0xabad1dea",
        "123456789012345678901234567890123456789",
        "01000",
        "CON",
        "PRN",
        "AUX",
        "NUL",
        "COM1",
        "LPT1",
        "LPT2",
        "LPT3",
        "COM2",
        "COM3",
        "COM4",
        "evaluate",
        "mocha",
        "expression",
        "classic",
        "basement",
    ]
    "#);
}

#[tokio::test]
async fn naughty_bodies_return_201_or_400() {
    let app = TestApp::start().await;
    for content_type in ["application/json", "application/x-www-form-urlencoded", "text/plain"] {
        for body in naughty_strings() {
            let request = app.request(Method::POST, "/shorten").header("content-type", content_type).body(body.clone());
            let response = send(request).await;
            assert!(matches!(response.status, 201 | 400), "{content_type} {body:?}: {response}");
        }
    }
}

#[tokio::test]
async fn naughty_events_return_400_or_404() {
    let app = TestApp::start().await;
    for text in naughty_strings() {
        let event = json!({
            "routeKey": "GET /{code}", "rawPath": text, "rawQueryString": text, "pathParameters": {"code": text},
            "headers": {"host": "sho.rt", "accept": text.replace(['\0', '\n', '\r'], "")},
            "requestContext": {"domainName": text, "stage": text, "requestId": text, "http": {"method": "GET"}},
        });
        let response = invoke(&app, &event.to_string()).await;
        assert!(matches!(response.status, 400 | 404), "{text:?}: {response}");
    }
}
