//! What API Gateway (HTTP API) does before and after a function: routes, decodes the path parameter, keeps its limits,
//! and answers itself what no route matches.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, Request as HttpRequest, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use resolve::Resolve;
use shorten::Shorten;
use shortlink_core::request::{BaseUrl, Request};
use shortlink_core::route::{Function, Route, TABLE};
use shortlink_core::telemetry::DETAIL;
use shortlink_lambda::Handler;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// The largest body that the gateway takes, bytes.
pub const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// The largest request line and headers together that the gateway takes, bytes.
pub const MAX_HEAD_BYTES: usize = 10_240;

/// How long a client may take to send a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How often the work that follows answers is done.
const WORK_INTERVAL: Duration = Duration::from_secs(1);

/// How long a client may take to send a request's body.
const BODY_TIMEOUT: Duration = Duration::from_secs(20);

/// How long requests under way may take to finish once the server is to stop: API Gateway's own limit for a request.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

/// The two functions behind the gateway.
#[derive(Debug)]
pub struct Functions {
    /// The write side.
    pub shorten: Shorten,
    /// The read side.
    pub resolve: Resolve,
}

/// Answers requests on `listener` until `stop` is ready, then finishes those under way.
pub async fn serve(listener: TcpListener, functions: Functions, stop: impl Future<Output = ()>) {
    let functions = Arc::new(functions);
    let (stop_working, stopped) = oneshot::channel();
    let working = tokio::spawn(work_after(Arc::clone(&functions), stopped));
    let graceful = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, _)) => serve_connection(stream, &functions, &graceful),
            Err(error) => {
                // Out of file descriptors, mostly: those under way will give some back.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!("stopped with requests under way");
    }
    drop(stop_working);
    working.await.ok();
    functions.resolve.finish().await;
}

/// The work that follows answers. Lambda does it after each; here, where requests overlap, a clock does.
async fn work_after(functions: Arc<Functions>, mut stopped: oneshot::Receiver<()>) {
    // What is being written when the server stops is not cut off: only the pause is.
    while tokio::time::timeout(WORK_INTERVAL, &mut stopped).await.is_err() {
        functions.resolve.after().await;
    }
}

fn serve_connection(stream: TcpStream, functions: &Arc<Functions>, graceful: &GracefulShutdown) {
    stream.set_nodelay(true).ok();
    let Ok(address) = stream.local_addr() else { return };
    let functions = Arc::clone(functions);
    let service = hyper::service::service_fn(move |request| {
        let functions = Arc::clone(&functions);
        async move { Ok::<_, std::convert::Infallible>(answer(&functions, address, request).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::info!(target: DETAIL, %error, "a connection ended early");
        }
    });
}

async fn answer(functions: &Functions, address: SocketAddr, request: HttpRequest<Incoming>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let line_length = parts.method.as_str().len() + parts.uri.to_string().len() + " ".len() + " HTTP/1.1\r\n".len();
    if line_length + head_length(&parts.headers) > MAX_HEAD_BYTES {
        return message(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large");
    }
    let Some((route, code)) = matching(&parts.method, parts.uri.path()) else {
        return message(StatusCode::NOT_FOUND, "Not Found");
    };
    if body.size_hint().lower() > MAX_BODY_BYTES as u64 {
        return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
    }
    let Ok(body) = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, MAX_BODY_BYTES).collect()).await else {
        return message(StatusCode::REQUEST_TIMEOUT, "Request Timeout");
    };
    let body = match body {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        }
        Err(_) => return message(StatusCode::BAD_REQUEST, "Bad Request"),
    };
    let request = Request {
        route,
        head: parts.method == Method::HEAD,
        code,
        query: parts.uri.query().map(str::to_owned),
        base_url: base_url(&parts.headers, address),
        headers: parts.headers,
        body,
        id: request_id(),
    };
    let reply = match route.function() {
        Function::Shorten => functions.shorten.answer(request).await,
        Function::Resolve => functions.resolve.answer(request).await,
    };
    reply.map(Full::new)
}

/// The route of a request, and its decoded path parameter. A path without a parameter wins over one with.
fn matching(method: &Method, path: &str) -> Option<(Route, Option<String>)> {
    let entries = || TABLE.iter().filter(|entry| entry.method == method.as_str());
    if let Some(entry) = entries().find(|entry| entry.path == path) {
        return Some((entry.route, None));
    }
    let segment = path.strip_prefix('/').filter(|segment| !segment.is_empty() && !segment.contains('/'))?;
    let entry = entries().find(|entry| entry.path == "/{code}")?;
    let code = percent_encoding::percent_decode_str(segment).decode_utf8_lossy();
    Some((entry.route, Some(code.into_owned())))
}

/// The address that the client used, by its Host header; the one that it reached, if that header makes no sense.
fn base_url(headers: &HeaderMap, address: SocketAddr) -> BaseUrl {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    let named = host.and_then(|host| BaseUrl::parse(&format!("http://{host}")));
    named.or_else(|| BaseUrl::parse(&format!("http://{address}"))).unwrap_or_default()
}

fn head_length(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len()).sum()
}

fn request_id() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(1);
    format!("local-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

fn message(status: StatusCode, message: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(serde_json::json!({ "message": message }).to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
