//! Properties of arbitrary input.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::code::Code;
use shortlink_core::domain::target::{MAX_BYTES, Target};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::app::{TestApp, send};
use crate::support::events::invoke;

/// Starts the service and calls `check` with each generated case.
fn check_app<S: Strategy>(
    cases: u32,
    strategy: S,
    check: &impl AsyncFn(&TestApp, S::Value) -> Result<(), TestCaseError>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let app = runtime.block_on(TestApp::start());
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    runner.run(&strategy, |case| runtime.block_on(check(&app, case))).unwrap_or_else(|error| panic!("{error}"));
}

/// Texts that resemble URLs: the parts of a URL in the right order, each of them valid or strange.
fn nearly_url() -> impl Strategy<Value = String> {
    let scheme = prop_oneof![4 => Just("https://"), 2 => Just("http://"), 1 => Just("HTTP:\\\\"), 1 => Just("//"), 1 => Just("")];
    let host = prop_oneof![
        4 => "[a-z]{1,12}(\\.[a-z]{2,6}){1,2}\\.?",
        1 => "\\PC{1,20}",
        1 => "(0x)?[0-9a-f]{1,9}(\\.[0-9]{1,3}){0,3}",
        1 => "\\[[0-9a-f:.]{2,30}\\]",
        1 => "[\\p{Greek}\\p{Han}\\p{Arabic}]{1,8}\\.[a-z]{2}",
    ];
    let port = prop_oneof![4 => Just(String::new()), 1 => ":[0-9]{0,6}"];
    let rest = prop_oneof![
        3 => "(/[A-Za-z0-9._~%!$&'()*+,;=:@-]{0,20}){0,6}(\\?[ -~]{0,60})?(#[ -~]{0,30})?",
        1 => "/\\PC{0,80}",
        1 => "/(\\.\\./|\\./|//|\\\\|%2e%2e/){0,10}",
    ];
    (scheme, host, port, rest).prop_map(|(scheme, host, port, rest)| format!("{scheme}{host}{port}{rest}"))
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn random_codes_are_valid_aliases(length in 3_usize..=64, seed: u64) {
        let mut rng = <rand::rngs::Xoshiro256PlusPlus as rand::SeedableRng>::seed_from_u64(seed);
        let code = Code::random(length, &mut rng);
        prop_assert_eq!(code.as_str().len(), length);
        prop_assert_eq!(Code::parse_alias(&code.to_string()), Ok(code));
    }

    /// The texts are around both limits of the length. Each is checked with each ASCII character in one place.
    #[test]
    fn parser_accepts_exactly_the_valid_codes(
        text in prop_oneof!["[A-Za-z0-9_-]{0,5}", "[A-Za-z0-9_-]{60,68}"],
        place: prop::sample::Index,
        other: char,
    ) {
        let is_valid = |text: &str| {
            let of_code = |c: char| matches!(c, 'A'..='Z' | 'a'..='z' | '0'..='9' | '_' | '-');
            text.chars().all(of_code) && (1..=64).contains(&text.len())
        };
        let (start, end) = text.split_at(place.index(text.len() + 1));
        let changed = ('\0'..='\x7f').chain([other]).map(|other| format!("{start}{other}{end}"));
        for text in changed.chain([text.clone()]) {
            let code = Code::parse(&text);
            prop_assert_eq!(code.as_ref().map(Code::to_string).ok(), is_valid(&text).then(|| text.clone()));
            // Case is significant.
            let upper = text.to_ascii_uppercase();
            prop_assert_eq!(is_valid(&text) && code == Code::parse(&upper), is_valid(&text) && text == upper);
        }
    }

    #[test]
    fn timestamps_round_trip(seconds in -62_000_000_000_i64..=250_000_000_000) {
        let instant = Timestamp::from_unix(seconds).expect("within four digits of year");
        prop_assert_eq!(Timestamp::parse(&instant.to_string()), Some(instant));
    }

    #[test]
    fn parsing_a_target_is_idempotent(text in nearly_url()) {
        if let Ok(target) = Target::parse(&text, &[]) {
            prop_assert!(target.as_str().len() <= MAX_BYTES);
            prop_assert!(target.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert_eq!(Target::parse(target.as_str(), &[]), Ok(target.clone()));
            prop_assert_eq!(Target::from_stored(target.to_string()), Some(target));
        }
    }
}

#[test]
fn links_redirect_to_the_reported_target() {
    check_app(300, nearly_url(), &async |app, text| {
        let created = send(app.create_link(&json!({ "url": text }))).await;
        match Target::parse(&text, &["sho.rt"]) {
            Err(_) => prop_assert_eq!(created.status, 400),
            Ok(target) => {
                prop_assert_eq!(created.status, 201, "{}", created);
                let link = created.json();
                prop_assert_eq!(link["url"].as_str(), Some(target.as_str()));
                let redirect = send(app.get(link["short"].as_str().expect("a path"))).await;
                prop_assert_eq!((redirect.status, redirect.header("location")), (301, target.as_str()));
            }
        }
        Ok(())
    });
}

#[test]
fn no_body_causes_a_server_error() {
    let content_type = prop_oneof![
        Just("application/json".to_owned()),
        Just("application/x-www-form-urlencoded".to_owned()),
        Just("text/plain".to_owned()),
        "[ -~]{0,40}",
    ];
    let body = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        "\\{\"(url|alias|expires_in|expires_at|reuse)\": ?(null|true|-?[0-9]{1,25}(\\.[0-9]e[0-9]{1,3})?|\"\\PC{0,20}\"|\\[\\]|\\{\\})\\}".prop_map(String::into_bytes),
        "(url|alias|expires_in|expires_at|reuse|%[0-9a-f]{2}|&|=|\\+|\\PC){0,30}".prop_map(String::into_bytes),
    ];
    check_app(500, (content_type, body), &async |app, (content_type, body)| {
        let request = app.request(reqwest::Method::POST, "/shorten").header("content-type", content_type).body(body);
        let response = send(request).await;
        prop_assert!((200..500).contains(&response.status), "{}", response);
        Ok(())
    });
}

#[test]
fn no_bytes_cause_a_server_error() {
    let junk = prop::collection::vec(any::<u8>(), 0..80);
    let wire = prop_oneof![
        junk.clone(),
        // A request with a path, a header and a body of junk.
        (junk.clone(), junk.clone(), junk).prop_map(|(path, header, body)| {
            let head = format!("\r\nhost: sho.rt\r\nconnection: close\r\ncontent-length: {}\r\nx-junk: ", body.len());
            [b"POST /".as_slice(), &path, b" HTTP/1.1", head.as_bytes(), &header, b"\r\n\r\n", &body].concat()
        }),
        "GET /[!-~]{0,60} HTTP/1\\.1\r\nhost: [!-~]{0,20}\r\nconnection: close\r\n(accept: [ -~]{0,40}\r\n)?\r\n"
            .prop_map(String::into_bytes),
    ];
    check_app(500, wire, &async |app, bytes| {
        let mut stream = TcpStream::connect(app.address).await.expect("a connection");
        // The server may respond and close the connection before it has read everything.
        stream.write_all(&bytes).await.ok();
        stream.shutdown().await.ok();
        let mut response = Vec::new();
        stream.read_to_end(&mut response).await.ok();
        let status = String::from_utf8_lossy(response.get(..12).unwrap_or_default()).into_owned();
        prop_assert!(!status.starts_with("HTTP/1.1 5"), "{}", status);
        // The server still runs.
        prop_assert_eq!(send(app.get("/unknown")).await.status, 404);
        Ok(())
    });
}

#[test]
fn no_event_causes_a_server_error() {
    let text = || "\\PC{0,40}|[\\x00-\\x7f]{0,20}";
    let route = prop_oneof![3 => Just("POST /shorten".to_owned()), 3 => Just("GET /{code}".to_owned()), 1 => text().prop_map(String::from)];
    let event = (route, text(), text(), text(), text(), any::<bool>(), text(), text()).prop_map(
        |(route, path, query, code, host, base64, body, accept)| {
            json!({
                "version": "2.0", "routeKey": route, "rawPath": path, "rawQueryString": query,
                "headers": {"host": host, "accept": accept, "content-type": "application/json"},
                "pathParameters": {"code": code}, "body": body, "isBase64Encoded": base64,
                "requestContext": {"domainName": host, "stage": path, "requestId": query, "http": {"method": "GET", "path": path}},
            })
        },
    );
    check_app(500, event, &async |app, event| {
        let response = invoke(app, &event.to_string()).await;
        prop_assert!((200..500).contains(&response.status), "{}", response);
        Ok(())
    });
}
