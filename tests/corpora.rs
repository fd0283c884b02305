//! The URLs and strings that broke others (see corpora/README.md). What is refused is in `corpora/refused/`, with the
//! reason: a change of it is a change of what people may shorten. `UPDATE_REFUSED=1` writes those lists anew.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::json;
use shortlink_core::target::Target;
use url::Url;

use crate::app::{TestApp, answer};
use crate::events::through_lambda;

fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora").join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(corpus(name)).expect("a corpus")
}

fn naughty_strings() -> Vec<String> {
    serde_json::from_str(&read("blns.json")).expect("a list of strings")
}

/// The target that a browser would go to, for those that we would let it.
fn normalised(text: &str) -> Option<String> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https")).map(String::from)
}

/// Shortens each text and follows each link; returns the refusals, a line each.
async fn shorten_and_follow(app: &TestApp, texts: impl Iterator<Item = String>) -> String {
    let mut refused = String::new();
    for text in texts {
        let made = answer(app.shorten(&json!({ "url": text }))).await;
        if made.status == 201 {
            let target = normalised(&text).expect("a URL");
            let link = made.json();
            assert_eq!(link["url"], target, "{text}");
            let followed = answer(app.get(link["short"].as_str().expect("a path"))).await;
            assert_eq!((followed.status, followed.header("location")), (301, target.as_str()), "{text}");
        } else {
            assert_eq!(made.status, 400, "{text}: {made}");
            let detail = made.json()["detail"].as_str().expect("a detail").to_owned();
            writeln!(refused, "{} {detail}", json!(text)).expect("written");
        }
    }
    refused
}

/// Compares refusals with the checked list.
fn assert_refused(name: &str, refused: &str) {
    let path = corpus("refused").join(name);
    if std::env::var_os("UPDATE_REFUSED").is_some() {
        fs::write(&path, refused).expect("written");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    for (line, (now, then)) in refused.lines().zip(expected.lines()).enumerate() {
        assert_eq!(now, then, "{name}, line {}", line + 1);
    }
    assert_eq!(refused.lines().count(), expected.lines().count(), "{name}");
}

#[tokio::test]
async fn the_urls_of_the_whatwg_are_shortened_or_refused_for_a_reason() {
    let cases: Vec<serde_json::Value> = serde_json::from_str(&read("urltestdata.json")).expect("a list");
    let text = |case: &serde_json::Value, name: &str| case[name].as_str().map(str::to_owned);
    // Those whose base does not matter, and what they should become.
    let cases = cases.iter().filter(|case| case["input"].is_string() && case["base"].is_null());
    let cases: Vec<_> = cases.map(|case| (text(case, "input").expect("a string"), text(case, "href"))).collect();
    assert!(cases.len() > 300, "{}", cases.len());
    for (input, href) in &cases {
        if let Ok(target) = Target::parse(input, &[]) {
            assert_eq!(Some(target.to_string()), *href, "{input}");
        }
    }
    let web = |href: &Option<String>| href.as_ref().is_some_and(|href| normalised(href).is_some());
    let app = TestApp::start().await;
    // What is no URL of the web is refused: no list is needed.
    let others = cases.iter().filter(|(_, href)| !web(href)).map(|(input, _)| input.clone());
    let count = others.clone().count();
    assert_eq!(shorten_and_follow(&app, others).await.lines().count(), count);
    // What is one is shortened, but for those on the list.
    let web = cases.iter().filter(|(_, href)| web(href)).map(|(input, _)| input.clone());
    assert_refused("urltestdata.txt", &shorten_and_follow(&app, web).await);
}

#[tokio::test]
async fn real_long_urls_in_many_scripts_are_shortened() {
    let app = TestApp::start().await;
    let urls = read("long_urls.txt");
    assert!(urls.lines().count() >= 300);
    assert_refused("long_urls.txt", &shorten_and_follow(&app, urls.lines().map(str::to_owned)).await);
}

#[tokio::test]
async fn naughty_strings_are_no_targets() {
    let app = TestApp::start().await;
    assert_refused("blns.txt", &shorten_and_follow(&app, naughty_strings().into_iter()).await);
}

#[tokio::test]
async fn a_naughty_string_is_an_alias_only_if_it_is_one_and_then_leads_on() {
    let app = TestApp::start().await;
    let mut accepted = Vec::new();
    for alias in naughty_strings() {
        let made = answer(app.shorten(&json!({"url": "https://example.com/", "alias": alias}))).await;
        let path: String = alias.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let followed = answer(app.get(&format!("/{path}"))).await;
        match made.status {
            201 => {
                assert_eq!(followed.status, 301, "{alias:?}");
                accepted.push(alias);
            }
            // The list has some strings twice.
            409 => assert!(accepted.contains(&alias), "{alias:?}"),
            // These are no segments of a path: the client asks for the page at `/`.
            400 if matches!(alias.as_str(), "" | "." | "..") => assert_eq!(followed.status, 200),
            status => assert_eq!((status, followed.status), (400, 404), "{alias:?}: {made}"),
        }
    }
    insta::assert_debug_snapshot!(accepted, @r#"
    [
        "undef",
        "nil",
        "NIL",
        "true",
        "false",
        "True",
        "False",
        "None",
        "hasOwnProperty",
        "1E2",
        "1E02",
        "-1E2",
        "-1E02",
        "--1",
        "NaN",
        "Infinity",
        "-Infinity",
        "INF",
        "0x0",
        "0xffffffff",
        "0xffffffffffffffff",
        "0xabad1dea",
        "123456789012345678901234567890123456789",
        "01000",
        "--version",
        "--help",
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
async fn a_naughty_string_as_a_body_is_the_clients_mistake() {
    let app = TestApp::start().await;
    for content_type in ["application/json", "application/x-www-form-urlencoded", "text/plain"] {
        for body in naughty_strings() {
            let request = app.request(Method::POST, "/shorten").header("content-type", content_type).body(body.clone());
            let answered = answer(request).await;
            assert!(matches!(answered.status, 201 | 400), "{content_type} {body:?}: {answered}");
        }
    }
}

#[tokio::test]
async fn a_naughty_string_in_any_place_of_an_event_is_not_our_mistake() {
    let app = TestApp::start().await;
    for text in naughty_strings() {
        let event = json!({
            "routeKey": "GET /{code}", "rawPath": text, "rawQueryString": text, "pathParameters": {"code": text},
            "headers": {"host": "sho.rt", "accept": text.replace(['\0', '\n', '\r'], "")},
            "requestContext": {"domainName": text, "stage": text, "requestId": text, "http": {"method": "GET"}},
        });
        let answered = through_lambda(&app, &event.to_string()).await;
        assert!(matches!(answered.status, 400 | 404), "{text:?}: {answered}");
    }
}
