//! HTTP/1.1 to DynamoDB: connections that are kept, over TLS.
//!
//! The SDK's own HTTP client (`aws-smithy-http-client`) does the same for any service: HTTP/2, proxies, several
//! TLS libraries, every root certificate of the machine. A function talks to one host, in HTTP/1.1, one request at
//! a time, and pays for the rest at each cold start. This one is a hyper connection and a list of idle ones.
//!
//! What must not be lost with the SDK's client: connect and attempt time-outs (the first is kept here, the second by
//! the SDK around it), errors by kind, so that the SDK retries what may be retried, and connections that died while
//! the environment was frozen, which must not fail a request.

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

/// How long a connection may have been idle and still be used: hyper-util's limit. By the wall clock, since the
/// monotonic one may stand still while an environment is frozen.
const MAX_IDLE: Duration = Duration::from_secs(90);

/// How long a connection may take to be made if the SDK does not say: its own default.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3_100);

/// The SDK's way to the network. Clones share their connections.
#[derive(Clone)]
pub struct Connections {
    tls: TlsConnector,
    idle: Arc<Mutex<Vec<Idle>>>,
    connect_timeout: Duration,
}

/// A connection that waits for its next request.
struct Idle {
    origin: Origin,
    sender: SendRequest<SdkBody>,
    since: SystemTime,
}

/// Where a connection leads.
#[derive(Clone, PartialEq, Eq)]
struct Origin {
    is_tls: bool,
    host: String,
    port: u16,
}

type Failure = Box<dyn StdError + Send + Sync>;

impl Connections {
    /// No connections yet; those to come trust what `tls` trusts.
    pub fn new(tls: Arc<rustls::ClientConfig>) -> Self {
        Self { tls: TlsConnector::from(tls), idle: Arc::default(), connect_timeout: CONNECT_TIMEOUT }
    }

    /// Connects to a URL's host, so that the first request finds a connection.
    ///
    /// # Errors
    ///
    /// The URL has no host, or the host cannot be reached within `timeout`.
    pub async fn open(&self, url: &str, timeout: Duration) -> Result<(), Failure> {
        let origin = Origin::of(&url.parse()?)?;
        let sender = self.connect_within(timeout, &origin).await?;
        self.keep(origin, sender);
        Ok(())
    }

    /// Sends a request and reads the answer whole: DynamoDB's are small, and the SDK would collect them next.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let mut request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let origin = Origin::of(request.uri()).map_err(ConnectorError::user)?;
        address(&mut request).map_err(ConnectorError::user)?;
        let (mut sender, response) = loop {
            let idle = self.idle(&origin).await;
            let is_kept = idle.is_some();
            let mut sender = match idle {
                Some(sender) => sender,
                None => self.connect_within(self.connect_timeout, &origin).await?,
            };
            match sender.try_send_request(request).await {
                Ok(response) => break (sender, response),
                // A kept connection that was closed before the request left: nothing was sent, and another will do.
                Err(mut error) => match error.take_message() {
                    Some(unsent) if is_kept => request = unsent,
                    _ => return Err(ConnectorError::io(error.into_error().into())),
                },
            }
        };
        let response = read(response).await?;
        if sender.ready().await.is_ok() {
            self.keep(origin, sender);
        }
        HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
    }

    /// A connection that is open, if one is kept.
    async fn idle(&self, origin: &Origin) -> Option<SendRequest<SdkBody>> {
        // What arrived while the environment was frozen, such as the peer's goodbye, is read before we look.
        tokio::task::yield_now().await;
        let oldest = SystemTime::now().checked_sub(MAX_IDLE)?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|idle| idle.sender.is_ready() && idle.since >= oldest);
        let newest = idle.iter().rposition(|idle| idle.origin == *origin)?;
        Some(idle.swap_remove(newest).sender)
    }

    fn keep(&self, origin: Origin, sender: SendRequest<SdkBody>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(Idle { origin, sender, since: SystemTime::now() });
    }

    async fn connect_within(&self, limit: Duration, origin: &Origin) -> Result<SendRequest<SdkBody>, ConnectorError> {
        match tokio::time::timeout(limit, self.connect(origin)).await {
            Ok(connected) => connected.map_err(ConnectorError::io),
            Err(elapsed) => Err(ConnectorError::timeout(elapsed.into())),
        }
    }

    async fn connect(&self, origin: &Origin) -> Result<SendRequest<SdkBody>, Failure> {
        let stream = TcpStream::connect((origin.host.as_str(), origin.port)).await?;
        // A request is written whole: nothing is gained by waiting for more of it.
        stream.set_nodelay(true)?;
        // A box, so that HTTP is compiled once and not for each kind of stream: 70 kB.
        let stream: Box<dyn Stream> = if origin.is_tls {
            let name = ServerName::try_from(origin.host.clone())?;
            Box::new(self.tls.connect(name, stream).await?)
        } else {
            Box::new(stream)
        };
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // Who sends the next request is told.
            connection.await.ok();
        });
        Ok(sender)
    }
}

/// What HTTP is spoken on.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Turns a request with an absolute URI into one as it is written to a server.
fn address(request: &mut Request<SdkBody>) -> Result<(), Failure> {
    let uri = std::mem::take(request.uri_mut()).into_parts();
    let authority = uri.authority.ok_or("a request without a host")?;
    if !request.headers().contains_key(header::HOST) {
        request.headers_mut().insert(header::HOST, HeaderValue::from_str(authority.as_str())?);
    }
    let path = uri.path_and_query.unwrap_or_else(|| PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::from(path);
    Ok(())
}

async fn read(response: Response<Incoming>) -> Result<Response<SdkBody>, ConnectorError> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(|error| ConnectorError::io(error.into()))?;
    Ok(Response::from_parts(parts, SdkBody::from(body.to_bytes())))
}

impl Origin {
    fn of(uri: &Uri) -> Result<Self, Failure> {
        let host = uri.host().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a URL without a host"))?;
        let is_tls = uri.scheme() != Some(&Scheme::HTTP);
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        // As a literal address is written in a URL, and nowhere else.
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { is_tls, host, port })
    }
}

impl HttpConnector for Connections {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connections = self.clone();
        HttpConnectorFuture::new(async move { connections.send(request).await })
    }
}

impl HttpClient for Connections {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        let connect_timeout = settings.connect_timeout().unwrap_or(self.connect_timeout);
        SharedHttpConnector::new(Self { connect_timeout, ..self.clone() })
    }
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connections").field("connect_timeout", &self.connect_timeout).finish_non_exhaustive()
    }
}
