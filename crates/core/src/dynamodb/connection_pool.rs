//! Connections to DynamoDB: HTTP/1.1 over TLS, reused.
//!
//! The SDK's own HTTP client (`aws-smithy-http-client`) serves any service: HTTP/2, proxies, several TLS libraries,
//! every root certificate of the machine. A function talks to one host, over HTTP/1.1, one request at a time, and would
//! pay for the rest at each cold start. This client is a hyper connection and a pool of idle ones.
//!
//! It keeps these properties of the SDK's client: connect timeouts (attempt timeouts are applied by the SDK around
//! it), errors classified by kind, so that the SDK retries what may be retried, and tolerance of connections that died
//! while the execution environment was frozen, which must not fail a request.

use std::error::Error as StdError;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How long a connection may be idle and still be reused: hyper-util's default. The wall clock is used, since the
/// monotonic clock may stop while an execution environment is frozen.
pub const MAX_IDLE: Duration = Duration::from_secs(90);

/// The connect timeout if the SDK gives none: the SDK's own default.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3_100);

/// An error of any type.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// An HTTP client for the SDK. Clones share their connections.
#[derive(Clone)]
pub struct ConnectionPool {
    tls: TlsConnector,
    idle: Arc<Mutex<Vec<IdleConnection>>>,
    connect_timeout: Duration,
}

struct IdleConnection {
    origin: Origin,
    sender: SendRequest<SdkBody>,
    since: SystemTime,
}

/// The server at the other end of a connection.
#[derive(Clone, PartialEq, Eq)]
struct Origin {
    is_tls: bool,
    host: String,
    port: u16,
}

impl ConnectionPool {
    /// An empty pool, whose TLS connections use `tls`.
    pub fn new(tls: Arc<rustls::ClientConfig>) -> Self {
        Self { tls: TlsConnector::from(tls), idle: Arc::default(), connect_timeout: CONNECT_TIMEOUT }
    }

    /// Opens a connection to the host of `url`, for the first request to use.
    ///
    /// # Errors
    ///
    /// The URL has no host, or the host cannot be reached within `timeout`.
    pub async fn prewarm(&self, url: &str, timeout: Duration) -> Result<(), BoxError> {
        let origin = Origin::of(&url.parse()?)?;
        let sender = self.connect_within(timeout, &origin).await?;
        self.checkin(origin, sender);
        Ok(())
    }

    /// Sends a request and reads the whole response: DynamoDB's responses are small, and the SDK would collect them
    /// next.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let mut request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let origin = Origin::of(request.uri()).map_err(ConnectorError::user)?;
        to_origin_form(&mut request).map_err(ConnectorError::user)?;
        let (mut sender, response) = loop {
            let pooled = self.checkout(&origin).await;
            let is_pooled = pooled.is_some();
            let mut sender = match pooled {
                Some(sender) => sender,
                None => self.connect_within(self.connect_timeout, &origin).await?,
            };
            match sender.try_send_request(request).await {
                Ok(response) => break (sender, response),
                // A pooled connection was closed before the request was sent. The request can be sent over another one.
                Err(mut error) => match error.take_message() {
                    Some(unsent) if is_pooled => request = unsent,
                    _ => return Err(ConnectorError::io(error.into_error().into())),
                },
            }
        };
        let response = collect(response).await?;
        // After a 5xx, the next attempt should use a new connection, which may reach another server.
        if !response.status().is_server_error() && sender.ready().await.is_ok() {
            self.checkin(origin, sender);
        }
        HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
    }

    /// Takes an open connection out of the pool, if there is one.
    async fn checkout(&self, origin: &Origin) -> Option<SendRequest<SdkBody>> {
        // Lets the connection's task read what arrived while the environment was frozen, such as the server's close.
        tokio::task::yield_now().await;
        let oldest = SystemTime::now().checked_sub(MAX_IDLE)?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|idle| idle.sender.is_ready() && idle.since >= oldest);
        let newest = idle.iter().rposition(|idle| idle.origin == *origin)?;
        Some(idle.swap_remove(newest).sender)
    }

    /// Puts a connection into the pool.
    fn checkin(&self, origin: Origin, sender: SendRequest<SdkBody>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(IdleConnection { origin, sender, since: SystemTime::now() });
    }

    async fn connect_within(&self, limit: Duration, origin: &Origin) -> Result<SendRequest<SdkBody>, ConnectorError> {
        match tokio::time::timeout(limit, self.connect(origin)).await {
            Ok(connected) => connected.map_err(ConnectorError::io),
            Err(elapsed) => Err(ConnectorError::timeout(elapsed.into())),
        }
    }

    async fn connect(&self, origin: &Origin) -> Result<SendRequest<SdkBody>, BoxError> {
        let stream = TcpStream::connect((origin.host.as_str(), origin.port)).await?;
        // Each request is written at once, so Nagle's algorithm would only delay it.
        stream.set_nodelay(true)?;
        // Boxed, so that HTTP is compiled once and not for each kind of stream: this saves 70 kB.
        let stream: Box<dyn Stream> = if origin.is_tls {
            let name = ServerName::try_from(origin.host.clone())?;
            Box::new(self.tls.connect(name, stream).await?)
        } else {
            Box::new(stream)
        };
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // An error here is reported to the sender of the next request.
            connection.await.ok();
        });
        Ok(sender)
    }
}

/// A byte stream that HTTP can run on.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Changes a request's absolute URI to the form that is sent to an origin server (RFC 9112, section 3.2.1), with a
/// `Host` header.
fn to_origin_form(request: &mut Request<SdkBody>) -> Result<(), BoxError> {
    let uri = std::mem::take(request.uri_mut()).into_parts();
    let authority = uri.authority.ok_or("a request without a host")?;
    if !request.headers().contains_key(header::HOST) {
        request.headers_mut().insert(header::HOST, HeaderValue::from_str(authority.as_str())?);
    }
    let path = uri.path_and_query.unwrap_or_else(|| PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::from(path);
    Ok(())
}

async fn collect(response: Response<Incoming>) -> Result<Response<SdkBody>, ConnectorError> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(|error| ConnectorError::io(error.into()))?;
    Ok(Response::from_parts(parts, SdkBody::from(body.to_bytes())))
}

impl Origin {
    fn of(uri: &Uri) -> Result<Self, BoxError> {
        let host = uri.host().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a URL without a host"))?;
        let is_tls = uri.scheme() != Some(&Scheme::HTTP);
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        // Only a URL encloses an IPv6 address in brackets.
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { is_tls, host, port })
    }
}

impl HttpConnector for ConnectionPool {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let pool = self.clone();
        HttpConnectorFuture::new(async move { pool.send(request).await })
    }
}

impl HttpClient for ConnectionPool {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        let connect_timeout = settings.connect_timeout().unwrap_or(self.connect_timeout);
        SharedHttpConnector::new(Self { connect_timeout, ..self.clone() })
    }
}

impl std::fmt::Debug for ConnectionPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectionPool").field("connect_timeout", &self.connect_timeout).finish_non_exhaustive()
    }
}
