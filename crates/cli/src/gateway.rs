//! What API Gateway (HTTP API) does before and after a function: routes, decodes the path parameter, keeps its limits,
//! and answers itself what no route matches.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::request::Parts;
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
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// The largest body that the gateway takes, bytes.
pub const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// The largest request line and headers together that the gateway takes, bytes.
pub const MAX_HEAD_BYTES: usize = 10_240;

/// How long a client may take to send a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How often the work that follows answers is done, at most.
const WORK_INTERVAL: Duration = Duration::from_secs(1);

/// How many times as long as it took that work rests: under load it takes a quarter of a processor, whatever there is to
/// do, and visits gather meanwhile.
const REST: u32 = 3;

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
    /// Whether the table is in this process, where a call costs more than what it asks for.
    pub is_table_here: bool,
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
    if functions.is_table_here {
        functions.resolve.finish_in_batches().await;
    } else {
        functions.resolve.finish().await;
    }
}

/// The work that follows answers. Lambda does it after each; here, where requests overlap, a clock does.
async fn work_after(functions: Arc<Functions>, mut stopped: oneshot::Receiver<()>) {
    let mut pause = WORK_INTERVAL;
    // What is being written when the server stops is not cut off: only the pause is.
    while tokio::time::timeout(pause, &mut stopped).await.is_err() {
        let begin = Instant::now();
        if functions.is_table_here {
            // On a thread of its own: what it does between two calls would hold up the visitors on this one.
            let (functions, runtime) = (Arc::clone(&functions), Handle::current());
            tokio::task::spawn_blocking(move || runtime.block_on(functions.resolve.after_in_batches())).await.ok();
        } else {
            functions.resolve.after().await;
        }
        pause = WORK_INTERVAL.max(begin.elapsed() * REST);
    }
}

/// The other end of a connection.
struct Client {
    /// Where it reached us.
    address: SocketAddr,
    /// The Host header that it sent last, and what came of it: it mostly sends the same again.
    base_url: Mutex<Option<(Option<HeaderValue>, BaseUrl)>>,
}

fn serve_connection(stream: TcpStream, functions: &Arc<Functions>, graceful: &GracefulShutdown) {
    stream.set_nodelay(true).ok();
    let Ok(address) = stream.local_addr() else { return };
    let client = Arc::new(Client { address, base_url: Mutex::default() });
    let functions = Arc::clone(functions);
    let service = hyper::service::service_fn(move |request| {
        let (functions, client) = (Arc::clone(&functions), Arc::clone(&client));
        async move { Ok::<_, std::convert::Infallible>(answer(&functions, &client, request).await) }
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

async fn answer(functions: &Functions, client: &Client, request: HttpRequest<Incoming>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    if line_length(&parts) + head_length(&parts.headers) > MAX_HEAD_BYTES {
        return message(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large");
    }
    let Some((route, code)) = matching(&parts.method, parts.uri.path()) else {
        return message(StatusCode::NOT_FOUND, "Not Found");
    };
    if body.size_hint().lower() > MAX_BODY_BYTES as u64 {
        return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
    }
    let body = match read(body).await {
        Ok(body) => body,
        Err(refusal) => return *refusal,
    };
    let request = Request {
        route,
        head: parts.method == Method::HEAD,
        code,
        query: parts.uri.query().map(str::to_owned),
        base_url: client.base_url(&parts.headers),
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

/// The body, whole.
async fn read(body: Incoming) -> Result<Bytes, Box<Response<Full<Bytes>>>> {
    // Most requests have none, and need no clock to watch over it.
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let refusal = match tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, MAX_BODY_BYTES).collect()).await {
        Ok(Ok(body)) => return Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")
        }
        Ok(Err(_)) => message(StatusCode::BAD_REQUEST, "Bad Request"),
        Err(_) => message(StatusCode::REQUEST_TIMEOUT, "Request Timeout"),
    };
    Err(Box::new(refusal))
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

impl Client {
    /// The address that the client used, by its Host header; the one that it reached, if that header makes no sense.
    fn base_url(&self, headers: &HeaderMap) -> BaseUrl {
        let host = headers.get(header::HOST);
        let mut last = self.base_url.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((last_host, base_url)) = &*last
            && last_host.as_ref() == host
        {
            return base_url.clone();
        }
        let named = host.and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
        let named = named.and_then(|host| BaseUrl::parse(&format!("http://{host}")));
        let base_url = named.or_else(|| BaseUrl::parse(&format!("http://{}", self.address))).unwrap_or_default();
        *last = Some((host.cloned(), base_url.clone()));
        base_url
    }
}

fn line_length(parts: &Parts) -> usize {
    // Mostly there is a path and nothing else.
    let uri = match (parts.uri.scheme(), parts.uri.authority(), parts.uri.path_and_query()) {
        (None, None, Some(path)) => path.as_str().len(),
        _ => parts.uri.to_string().len(),
    };
    parts.method.as_str().len() + " ".len() + uri + " HTTP/1.1\r\n".len()
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
