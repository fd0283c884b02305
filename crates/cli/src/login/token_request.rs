//! Exchanging the code for a token at the identity provider's token endpoint (RFC 6749, 4.1.3).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use shortlink_core::dynamodb::tls;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use url::{Position, Url};

use super::LoginError;

/// How long the exchange may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The maximum size of a response, in bytes. A token with many claims has some thousand.
const MAX_RESPONSE_BYTES: usize = 256 * 1_024;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The response to a successful exchange.
#[derive(Deserialize)]
pub(super) struct Token {
    pub(super) access_token: String,
    /// For how long the token is accepted, in seconds.
    pub(super) expires_in: Option<u64>,
}

/// Sends `form` to the endpoint `url`, and returns the token in the response.
pub(super) async fn send(url: &Url, form: &[(&str, &str)]) -> Result<Token, LoginError> {
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let answered = tokio::time::timeout(TIMEOUT, post(url, form)).await.unwrap_or_else(|error| Err(error.into()));
    let (status, body) = answered.map_err(|error| LoginError::Unreachable(url.clone(), error))?;
    let token = serde_json::from_slice::<Token>(&body).ok().filter(|_| status == 200);
    // The text is from elsewhere, and printed in quotes.
    token.ok_or_else(|| {
        let text = String::from_utf8_lossy(body.get(..body.len().min(500)).unwrap_or_default()).into_owned();
        LoginError::NoToken(url.clone(), status, text)
    })
}

async fn post(url: &Url, form: String) -> Result<(u16, Bytes), BoxError> {
    let host = url.host_str().ok_or("an endpoint without a host")?.trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, url.port_or_known_default().unwrap_or(443))).await?;
    if url.scheme() == "https" {
        let connector = TlsConnector::from(Arc::clone(&tls::system_roots()));
        exchange(connector.connect(ServerName::try_from(host.to_owned())?, stream).await?, url, form).await
    } else {
        exchange(stream, url, form).await
    }
}

async fn exchange<S>(stream: S, url: &Url, form: String) -> Result<(u16, Bytes), BoxError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = Request::post(&url[Position::BeforePath..Position::AfterQuery])
        .header(header::HOST, &url[Position::BeforeHost..Position::AfterPort])
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "application/json")
        .body(Full::new(Bytes::from(form)))?;
    let response = sender.send_request(request).await?;
    let status = response.status().as_u16();
    Ok((status, Limited::new(response.into_body(), MAX_RESPONSE_BYTES).collect().await?.to_bytes()))
}
