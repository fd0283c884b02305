//! Responses. Each is a complete HTTP response but for the [security headers](crate::http::security_headers).

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::domain::target::Target;
use crate::http::request::Request;

/// A response with a complete body.
pub type Response = http::Response<Bytes>;

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// A JSON document that must not be cached.
pub fn json(status: StatusCode, document: &impl Serialize) -> Response {
    // Serialisation cannot fail: our documents are structs and maps with string keys.
    let body = serde_json::to_vec(document).unwrap_or_default();
    with_body(status, "application/json", NO_STORE, body)
}

/// A text that must not be cached.
pub fn text(status: StatusCode, text: String) -> Response {
    with_body(status, "text/plain; charset=utf-8", NO_STORE, text)
}

/// A response with this body.
pub fn with_body(
    status: StatusCode,
    content_type: &'static str,
    cache_control: HeaderValue,
    body: impl Into<Bytes>,
) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, cache_control);
    response
}

/// Adds an `ETag`, and turns the response into a 304 if the client already has this version.
pub fn with_etag(request: &Request, mut response: Response) -> Response {
    let digest = Sha256::digest(response.body());
    // Half of the digest is enough to distinguish versions of one resource.
    let etag = digest.iter().take(16).fold(String::from("\""), |etag, byte| format!("{etag}{byte:02x}")) + "\"";
    if lists_etag(request, header::IF_NONE_MATCH, &etag) == Some(true) {
        make_not_modified(&mut response);
    }
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

/// Says that the response depends on a header of the request, beside those that it says already, in alphabetical order.
pub fn add_vary(response: &mut Response, name: &'static str) {
    let headers = response.headers_mut();
    let known = headers.get(header::VARY).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut names: Vec<_> = known.split(", ").filter(|known| !known.is_empty()).chain([name]).collect();
    names.sort_unstable();
    if let Ok(value) = HeaderValue::from_str(&names.join(", ")) {
        headers.insert(header::VARY, value);
    }
}

/// Whether `If-Match` or `If-None-Match` lists an entity tag or is `*`; `None` if the request has no such header.
/// `If-None-Match` uses weak comparison, since a proxy that compresses may have made our tag weak; `If-Match` uses strong
/// comparison (RFC 9110, 13.1).
pub fn lists_etag(request: &Request, name: HeaderName, etag: &str) -> Option<bool> {
    let is_weak = name == header::IF_NONE_MATCH;
    let mut values = request.headers.get_all(name).iter().peekable();
    values.peek()?;
    let tags = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim);
    let opaque = |tag| if is_weak { str::strip_prefix(tag, "W/").unwrap_or(tag) } else { tag };
    Some(tags.map(opaque).any(|tag| tag == "*" || tag == etag))
}

/// Turns a response into a 304. Content-Type stays, although a 304 needs none. API Gateway would add `text/plain`, and a
/// cache that updates its copy from a 304 (RFC 9111, 3.2) would then show the source of a page instead of the page.
pub fn make_not_modified(response: &mut Response) {
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response.body_mut().clear();
}

/// A redirect that may be cached as `cache_control` says.
///
/// # Errors
///
/// The target cannot be a header's value, which [`Target`] rules out.
pub fn redirect(status: StatusCode, target: &Target, cache_control: &str) -> Result<Response, http::Error> {
    http::Response::builder()
        .status(status)
        .header(header::LOCATION, target.as_str())
        .header(header::CACHE_CONTROL, cache_control)
        .body(Bytes::new())
}

/// A redirect that depends on more than the link, and must not be cached.
///
/// # Errors
///
/// The URL cannot be a header's value.
pub fn temporary_redirect(url: &str) -> Result<Response, http::Error> {
    http::Response::builder()
        .status(StatusCode::FOUND)
        .header(header::LOCATION, url)
        .header(header::CACHE_CONTROL, NO_STORE)
        .body(Bytes::new())
}
