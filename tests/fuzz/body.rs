//! An arbitrary body of `POST /shorten`: the first line is its Content-Type, the rest the body.

#![no_main]

use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use libfuzzer_sys::fuzz_target;
use shorten::body::{self, Fields, Value};
use shorten::create_link_request::CreateLinkRequest;
use shortlink_core::domain::base_url::BaseUrl;
use shortlink_core::domain::code::Code;
use shortlink_core::domain::target::Target;
use shortlink_core::http::problem::Problem;
use shortlink_core::http::request::Request;
use shortlink_core::http::routes::Endpoint;
use url::form_urlencoded;

const OWN_HOSTS: &[&str] = &["sho.rt"];

fuzz_target!(|data: &[u8]| {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (content_type, body) = (&data[..end], data.get(end + 1..).unwrap_or_default());
    let Ok(request) = request(content_type, body) else { return };
    body::is_from_program(&request);
    match read(&request) {
        Ok(fields) => check_fields(fields),
        Err(problem) => check_problem(&problem),
    }
});

/// The request with this body. An empty Content-Type is none.
fn request(content_type: &[u8], body: &[u8]) -> Result<Request, header::InvalidHeaderValue> {
    let mut headers = HeaderMap::new();
    if !content_type.is_empty() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_bytes(content_type)?);
    }
    Ok(Request {
        endpoint: Endpoint::CreateLink,
        is_head: false,
        code_param: None,
        unmatched_path: None,
        allowed_methods: None,
        query: None,
        headers,
        body: Bytes::copy_from_slice(body),
        base_url: BaseUrl::default(),
        client_address: None,
        request_id: String::new(),
        verified_token: None,
    })
}

fn read(request: &Request) -> Result<Fields, Problem> {
    body::read(request).now_or_never().expect("the whole body is there, so reading it waits for nothing")
}

fn check_fields(fields: Fields) {
    check_rewritten(&fields.0);
    match CreateLinkRequest::parse(fields, OWN_HOSTS, None) {
        Ok(request) => {
            assert_eq!(Target::parse(request.target.as_str(), OWN_HOSTS), Ok(request.target));
            if let Some(alias) = request.alias {
                assert_eq!(Code::parse_alias(alias.as_str()), Ok(alias));
            }
            assert!(matches!(request.expiry_field, "expires_in" | "expires_at"));
        }
        Err(problem) => check_problem(&problem),
    }
}

/// Checks that fields of text are read from a form, from JSON and from a multipart form as from this body.
fn check_rewritten(fields: &[(String, Value)]) {
    let text = |(name, value): &(String, Value)| match value {
        Value::Text(text) => Some((name.clone(), text.clone())),
        _ => None,
    };
    let Some(texts) = fields.iter().map(text).collect::<Option<Vec<_>>>() else { return };
    if texts.is_empty() {
        return; // A form without fields is a form; an empty JSON object is, too, and an empty multipart form is not.
    }
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&texts).finish();
    assert_read("application/x-www-form-urlencoded", form, fields);

    let members = texts.iter().map(|(name, text)| format!("{}:{}", quoted(name), quoted(text)));
    assert_read("application/json", format!("{{{}}}", members.collect::<Vec<_>>().join(",")), fields);

    const BOUNDARY: &str = "a-boundary-that-no-text-contains";
    let is_plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if texts.iter().all(|(name, text)| is_plain(name) && !text.contains(BOUNDARY)) {
        let part = |(name, text): &(String, String)| {
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
        };
        let multipart = format!("{}--{BOUNDARY}--\r\n", texts.iter().map(part).collect::<String>());
        assert_read(&format!("multipart/form-data; boundary={BOUNDARY}"), multipart, fields);
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn assert_read(content_type: &str, body: String, expected: &[(String, Value)]) {
    // What is encoded is longer, so it may be too large.
    if body.len() > body::MAX_BYTES {
        return;
    }
    let request = request(content_type.as_bytes(), body.as_bytes()).expect("a header");
    let fields = read(&request).unwrap_or_else(|problem| panic!("{content_type}: {problem:?}\n{body}"));
    assert_eq!(fields.0, expected, "{content_type}:\n{body}");
}

fn check_problem(problem: &Problem) {
    let status = problem.kind().status();
    let is_of_body =
        matches!(status, StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert!(is_of_body, "{problem:?}");
    let detail = problem.detail("");
    assert!(detail.ends_with('.') && detail.len() < 2_000 && !detail.contains(char::is_control), "{detail:?}");
}
