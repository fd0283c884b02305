//! What API Gateway does for pages of other origins: it answers preflight requests, and lets such pages read the responses.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use shortlink_core::http::cors::{AllowedOrigins, MAX_AGE_SECONDS, METHODS, REQUEST_HEADERS, RESPONSE_HEADERS};

/// The value of `Access-Control-Allow-Origin` for a request, if it comes from an origin that is allowed.
pub(super) fn allow_origin(allowed: &AllowedOrigins, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    match allowed {
        AllowedOrigins::Any => Some(HeaderValue::from_static("*")),
        AllowedOrigins::Listed(_) => allowed.contain(origin.to_str().ok()?).then(|| origin.clone()),
    }
}

/// Whether a browser asks whether it may send another request.
pub(super) fn is_preflight(parts: &Parts) -> bool {
    parts.method == Method::OPTIONS
        && parts.headers.contains_key(header::ORIGIN)
        && parts.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The response to a preflight request.
pub(super) fn preflight_response() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(MAX_AGE_SECONDS));
    insert_list(headers, header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    insert_list(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
    response
}

/// Lets a page of the origin read a response.
pub(super) fn add_headers(headers: &mut HeaderMap, origin: HeaderValue) {
    if origin != "*" {
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    insert_list(headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, RESPONSE_HEADERS);
}

fn insert_list(headers: &mut HeaderMap, name: header::HeaderName, values: &[&str]) {
    if let Ok(value) = HeaderValue::from_str(&values.join(",")) {
        headers.insert(name, value);
    }
}
