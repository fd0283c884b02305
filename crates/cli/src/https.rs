//! HTTP to any host, over TLS if the URL says so: a connection, and one request whose response is read whole. Redirects are
//! not followed.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Body;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use shortlink_core::dynamodb::tls;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use url::{Position, Url};

/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The maximum size of a response, in bytes.
const MAX_RESPONSE_BYTES: usize = 4 * 1_024 * 1_024;

/// An error of any type.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Sends a request to `url`, which replaces its address, and reads the response.
///
/// # Errors
///
/// The host cannot be reached, or does not answer within 30 seconds, or its response has more than 4 MiB.
pub(crate) async fn send(url: &Url, mut request: Request<Bytes>) -> Result<Response<Bytes>, BoxError> {
    *request.uri_mut() = url[Position::BeforePath..Position::AfterQuery].parse()?;
    let host = HeaderValue::from_str(&url[Position::BeforeHost..Position::AfterPort])?;
    request.headers_mut().insert(header::HOST, host);
    match tokio::time::timeout(TIMEOUT, connect_and_exchange(url, request)).await {
        Ok(response) => response,
        Err(_) => Err(format!("no response within {} s", TIMEOUT.as_secs()).into()),
    }
}

async fn connect_and_exchange(url: &Url, request: Request<Bytes>) -> Result<Response<Bytes>, BoxError> {
    let mut sender = connect(url).await?;
    let (parts, body) = sender.send_request(request.map(Full::new)).await?.into_parts();
    Ok(Response::from_parts(parts, Limited::new(body, MAX_RESPONSE_BYTES).collect().await?.to_bytes()))
}

/// Connects to the host of a URL, for requests one after the other.
///
/// # Errors
///
/// The host cannot be reached.
pub(crate) async fn connect<B>(url: &Url) -> Result<SendRequest<B>, BoxError>
where
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let host = url.host_str().ok_or("an address without a host")?.trim_matches(['[', ']']);
    // RFC 6761, 6.3: these names are this machine, whether or not the system's resolver knows them.
    let is_local = host.strip_suffix("localhost").is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    let address = if is_local { "localhost" } else { host };
    let stream = TcpStream::connect((address, url.port_or_known_default().unwrap_or(443))).await?;
    stream.set_nodelay(true)?;
    if url.scheme() == "https" {
        let connector = TlsConnector::from(Arc::clone(&tls::system_roots()));
        handshake(connector.connect(ServerName::try_from(host.to_owned())?, stream).await?).await
    } else {
        handshake(stream).await
    }
}

async fn handshake<S, B>(stream: S) -> Result<SendRequest<B>, BoxError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}
