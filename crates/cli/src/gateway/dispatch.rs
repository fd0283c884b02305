//! Passes a request to a function and returns its response.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request as HttpRequest, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use shortlink_core::domain::base_url::BaseUrl;
use shortlink_core::http::handler::Handler;
use shortlink_core::http::problem::{Problem, ProblemKind};
use shortlink_core::http::request::Request;
use shortlink_core::http::routes::{self, Endpoint, Function, Route};
use shortlink_core::http::security_headers;

use crate::gateway::client_connection::ClientConnection;
use crate::gateway::{Gateway, cors, health};
use crate::log;

/// The maximum size of a body, in bytes: API Gateway's limit.
pub const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// The maximum size of the request line and the headers together, in bytes: API Gateway's limit.
pub const MAX_HEAD_BYTES: usize = 10_240;

/// How long a client may take to send a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(20);

/// Hands a request to the function whose route matches it, or answers it with an error of the gateway.
pub(super) async fn dispatch(
    gateway: &Gateway,
    client: &ClientConnection,
    request: HttpRequest<Incoming>,
) -> Response<Full<Bytes>> {
    // Only the log for people has a line for each request. Without it, this costs a look at a flag.
    let is_logged = tracing::enabled!(target: log::REQUESTS, tracing::Level::INFO);
    let logged = is_logged.then(|| (Instant::now(), request.method().clone(), request.uri().clone()));
    let functions = &gateway.functions;
    let allow_origin = cors::allow_origin(functions.shorten.allowed_origins(), request.headers());
    let response = try_dispatch(gateway, client, request).await;
    let mut response = response.map(|response| response.map(Full::new)).unwrap_or_else(|status| {
        gateway_error(status, functions.shorten.configured_base_url().is_some_and(BaseUrl::is_https))
    });
    if let Some(origin) = allow_origin {
        cors::add_headers(response.headers_mut(), origin);
    }
    if let Some((start, method, uri)) = logged {
        log::request(method.as_str(), uri.path(), response.status().as_u16(), start.elapsed());
    }
    response
}

/// Hands a request to the function whose route matches it. The error is the status of the gateway's response.
async fn try_dispatch(
    gateway: &Gateway,
    client: &ClientConnection,
    request: HttpRequest<Incoming>,
) -> Result<Response<Bytes>, StatusCode> {
    let functions = &gateway.functions;
    let (parts, body) = request.into_parts();
    if request_line_size(&parts) + headers_size(&parts.headers) > MAX_HEAD_BYTES {
        return Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    }
    let base_url = client.base_url(&parts).ok_or(StatusCode::BAD_REQUEST)?;
    gateway.proxy_check.check(&parts);
    if cors::is_preflight(&parts) {
        return Ok(cors::preflight_response());
    }
    if health::is_asked_for(&parts) {
        let is_https = functions.shorten.configured_base_url().unwrap_or(&base_url).is_https();
        return Ok(health::response(&functions.resolve, is_https).await);
    }
    let matched = routes::find(parts.method.as_str(), parts.uri.path());
    let limited =
        gateway.rate_limits.as_ref().map_or(Ok(()), |limits| limits.take(matched.route, parts.method.as_str()));
    if body.size_hint().lower() > MAX_BODY_BYTES as u64 {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let body = read_body(body, kept_body_bytes(&parts.method, matched.route.endpoint)).await?;
    let request = Request {
        endpoint: matched.route.endpoint,
        is_head: parts.method == Method::HEAD,
        code_param: matched.param("code").map(str::to_owned),
        unmatched_path: unmatched_path(&parts, matched.route),
        allowed_methods: allowed_methods(&parts, matched.route),
        query: parts.uri.query().map(str::to_owned),
        base_url,
        client_address: Some(client.remote_address()),
        headers: parts.headers,
        body,
        request_id: next_request_id(),
        verified_token: None,
    };
    if let Err(seconds) = limited {
        let mut response = too_many_requests(seconds).render(&request, functions.shorten.brand());
        security_headers::add(response.headers_mut(), functions.shorten.is_https(&request));
        return Ok(response);
    }
    Ok(match matched.route.function {
        Function::Shorten => functions.shorten.respond(&request).await,
        Function::Resolve => functions.resolve.respond(&request).await,
    })
}

/// The rate limit of a route is exceeded for so many seconds.
fn too_many_requests(seconds: u64) -> Problem {
    let unit = if seconds == 1 { "second" } else { "seconds" };
    let reason = format!("All clients together have sent too many requests. Send this one again in {seconds} {unit}.");
    Problem::new(ProblemKind::RateLimited, reason).with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
}

/// The decoded path of a GET or HEAD that only the default route matches.
fn unmatched_path(parts: &Parts, route: &Route) -> Option<String> {
    let is_link = route.pattern == routes::DEFAULT && matches!(parts.method, Method::GET | Method::HEAD);
    is_link.then(|| percent_encoding::percent_decode_str(parts.uri.path()).decode_utf8_lossy().into_owned())
}

/// The methods that the path accepts, if it does not accept that of this request.
fn allowed_methods(parts: &Parts, route: &Route) -> Option<String> {
    let is_unmatched = route.pattern == routes::DEFAULT;
    is_unmatched.then(|| routes::allowed_methods(parts.method.as_str(), parts.uri.path())).flatten()
}

/// How many bytes of a body are kept, which bounds the memory that a client can take: one more than the function accepts, so
/// that it rejects a body that is too large. The rest is read and discarded, so that the client gets the response.
fn kept_body_bytes(method: &Method, endpoint: Endpoint) -> usize {
    match endpoint {
        _ if matches!(*method, Method::GET | Method::HEAD) => 0,
        Endpoint::CreateLinks => shorten::create_links::MAX_BYTES + 1,
        _ => shorten::body::MAX_BYTES + 1,
    }
}

/// Reads the whole body and keeps its first bytes. The error is the status of the gateway's response.
async fn read_body(body: Incoming, kept_bytes: usize) -> Result<Bytes, StatusCode> {
    // Most requests have no body, and need no timer.
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let read = async {
        let mut body = Limited::new(body, MAX_BODY_BYTES);
        let mut kept = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| match error.is::<LengthLimitError>() {
                true => StatusCode::PAYLOAD_TOO_LARGE,
                false => StatusCode::BAD_REQUEST,
            })?;
            let data = frame.into_data().unwrap_or_default();
            kept.extend_from_slice(data.get(..data.len().min(kept_bytes - kept.len())).unwrap_or_default());
        }
        Ok(kept.freeze())
    };
    tokio::time::timeout(BODY_TIMEOUT, read).await.unwrap_or(Err(StatusCode::REQUEST_TIMEOUT))
}

fn request_line_size(parts: &Parts) -> usize {
    // Most requests have a path and nothing else, which needs no formatting.
    let uri = match (parts.uri.scheme(), parts.uri.authority(), parts.uri.path_and_query()) {
        (None, None, Some(path)) => path.as_str().len(),
        _ => parts.uri.to_string().len(),
    };
    parts.method.as_str().len() + " ".len() + uri + " HTTP/1.1\r\n".len()
}

fn headers_size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len()).sum()
}

fn next_request_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    format!("local-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A response of the gateway itself, in the form that API Gateway's have.
fn gateway_error(status: StatusCode, is_https: bool) -> Response<Full<Bytes>> {
    let message = match status {
        StatusCode::PAYLOAD_TOO_LARGE => "Request Entity Too Large",
        _ => status.canonical_reason().unwrap_or_default(),
    };
    let mut response = Response::new(Full::from(serde_json::json!({ "message": message }).to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    security_headers::add(response.headers_mut(), is_https);
    response
}
