//! A TCP proxy that injects faults between the service and DynamoDB.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// A response of DynamoDB: the call is throttled.
pub const THROTTLED: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: 85\r\n\r\n\
{\"__type\":\"com.amazonaws.dynamodb.v20120810#ThrottlingException\",\"message\":\"no, not\"}";

/// A page with the status 503 of something in front of DynamoDB.
pub const HTML_503: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<h1>Sorry.</h1>";

/// The same with the status 200.
pub const HTML_200: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<h1>Sorry.</h1>";

/// What the proxy does with a chunk of a request.
pub enum RequestFault {
    /// Forwards it.
    None,
    /// Discards it and sends these bytes to the client.
    Respond(&'static [u8]),
    /// Discards it and sends nothing.
    Stall,
    /// Discards it and resets the connection.
    Reset,
}

/// What the proxy does with a chunk of a response.
pub enum ResponseFault {
    /// Forwards it.
    None,
    /// Discards it and closes the connection.
    Disconnect,
    /// Forwards the first half and closes the connection.
    Truncate,
    /// Forwards the first half and resets the connection.
    Reset,
    /// Forwards it after this time.
    Delay(Duration),
    /// Sends these bytes instead.
    Replace(&'static [u8]),
    /// Discards it and sends nothing.
    Stall,
}

/// How the proxy ends a connection.
#[derive(Clone, Copy, Debug)]
pub enum ConnectionEnd {
    /// Shuts the connection down in order; with TLS, this sends `close_notify`.
    Shutdown,
    /// Closes the socket; with TLS, without `close_notify`.
    Close,
    /// Resets the connection.
    Reset,
}

/// A DynamoDB call that passed through the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The operation, such as `GetItem`.
    pub operation: String,
    /// The SDK's number of the attempt; 1 unless the SDK retried the call.
    pub attempt: u32,
}

type OnRequest = Box<dyn Fn(&str) -> RequestFault + Send + Sync>;
type OnResponse = Box<dyn Fn(&str) -> ResponseFault + Send + Sync>;

/// A running proxy. It runs until the test ends.
pub struct FaultProxy {
    url: String,
    shared: Arc<Shared>,
    /// Each open connection holds a receiver.
    cuts: watch::Sender<ConnectionEnd>,
}

struct Shared {
    upstream: String,
    tls: Option<TlsAcceptor>,
    on_request: OnRequest,
    on_response: OnResponse,
    connections: AtomicUsize,
    calls: Mutex<Vec<Call>>,
}

/// The settings of a [`FaultProxy`]. By default it forwards everything.
pub struct FaultProxyBuilder {
    certificate_authority: Option<PathBuf>,
    on_request: OnRequest,
    on_response: OnResponse,
}

impl FaultProxyBuilder {
    /// Calls `hook` with each chunk of a request. The SDK writes a request at once, so a chunk is normally a request.
    pub fn on_request(mut self, hook: impl Fn(&str) -> RequestFault + Send + Sync + 'static) -> Self {
        self.on_request = Box::new(hook);
        self
    }

    /// Calls `hook` for each chunk of a response, with the first chunk of the request that the response answers.
    pub fn on_response(mut self, hook: impl Fn(&str) -> ResponseFault + Send + Sync + 'static) -> Self {
        self.on_response = Box::new(hook);
        self
    }

    /// Terminates TLS for `localhost`, and writes the certificate of the issuing authority to a file.
    pub fn tls(mut self, certificate_authority: &Path) -> Self {
        self.certificate_authority = Some(certificate_authority.to_owned());
        self
    }

    /// Starts the proxy in front of an endpoint URL.
    pub async fn start(self, endpoint_url: &str) -> FaultProxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let tls = self.certificate_authority.map(|file| TlsAcceptor::from(Arc::new(tls_config(&file))));
        let url = match tls {
            Some(_) => format!("https://localhost:{}", address.port()),
            None => format!("http://{address}"),
        };
        let shared = Arc::new(Shared {
            upstream: endpoint_url.strip_prefix("http://").expect("an http URL").to_owned(),
            tls,
            on_request: self.on_request,
            on_response: self.on_response,
            connections: AtomicUsize::new(0),
            calls: Mutex::default(),
        });
        let (cuts, _) = watch::channel(ConnectionEnd::Close);
        tokio::spawn(accept(listener, Arc::clone(&shared), cuts.clone()));
        FaultProxy { url, shared, cuts }
    }
}

impl FaultProxy {
    pub fn builder() -> FaultProxyBuilder {
        FaultProxyBuilder {
            certificate_authority: None,
            on_request: Box::new(|_| RequestFault::None),
            on_response: Box::new(|_| ResponseFault::None),
        }
    }

    /// The endpoint URL of the proxy.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How many connections it has accepted.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// The calls that it has seen, with or without a fault.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.calls.lock().expect("a lock").clone()
    }

    /// How many calls of an operation it has seen.
    pub fn count(&self, operation: &str) -> usize {
        self.calls().iter().filter(|call| call.operation == operation).count()
    }

    /// Ends all connections, and waits until their sockets are closed.
    pub async fn cut_connections(&self, end: ConnectionEnd) {
        self.cuts.send_replace(end);
        self.cuts.closed().await;
    }
}

impl Call {
    /// The call that a chunk of a request begins, if any.
    pub fn parse(chunk: &str) -> Option<Self> {
        let (_, rest) = chunk.split_once("DynamoDB_20120810.")?;
        let operation = rest.split(|c: char| !c.is_ascii_alphanumeric()).next()?.to_owned();
        let (_, rest) = chunk.split_once("attempt=")?;
        let attempt = rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
        Some(Self { operation, attempt })
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, cuts: watch::Sender<ConnectionEnd>) {
    while let Ok((client, _)) = listener.accept().await {
        shared.connections.fetch_add(1, Ordering::SeqCst);
        let (shared, mut cut) = (Arc::clone(&shared), cuts.subscribe());
        tokio::spawn(async move {
            shared.serve(client, &mut cut).await;
            // `FaultProxy::cut_connections` waits for this; the sockets are closed by now.
            drop(cut);
        });
    }
}

impl Shared {
    async fn serve(&self, mut client: TcpStream, cut: &mut watch::Receiver<ConnectionEnd>) {
        let end = if let Some(tls) = &self.tls {
            let mut encrypted = tls.accept(client).await.expect("a handshake");
            let end = self.relay(&mut encrypted, cut).await;
            if matches!(end, Some(ConnectionEnd::Shutdown)) {
                encrypted.shutdown().await.ok();
            }
            client = encrypted.into_inner().0;
            end
        } else {
            self.relay(&mut client, cut).await
        };
        match end {
            Some(ConnectionEnd::Shutdown) => drop(client.shutdown().await),
            Some(ConnectionEnd::Reset) => client.set_zero_linger().expect("a socket option"),
            Some(ConnectionEnd::Close) | None => {}
        }
    }

    /// Forwards in both directions until one side or a fault ends the connection. Returns how a cut shall end it.
    async fn relay(
        &self,
        client: &mut (impl AsyncRead + AsyncWrite + Unpin),
        cut: &mut watch::Receiver<ConnectionEnd>,
    ) -> Option<ConnectionEnd> {
        let mut server = TcpStream::connect(&self.upstream).await.expect("DynamoDB");
        let (mut request, mut response) = (vec![0; 65_536], vec![0; 65_536]);
        let mut answered = String::new();
        loop {
            let written = tokio::select! {
                read = client.read(&mut request) => {
                    let chunk = &request[..read.ok().filter(|length| *length > 0)?];
                    let text = String::from_utf8_lossy(chunk);
                    if Call::parse(&text).is_some() {
                        answered = text.to_string();
                    }
                    match self.fault(&text) {
                        RequestFault::None => server.write_all(chunk).await,
                        RequestFault::Respond(bytes) => write(client, bytes).await,
                        RequestFault::Stall => Ok(()),
                        RequestFault::Reset => return Some(ConnectionEnd::Reset),
                    }
                }
                read = server.read(&mut response) => {
                    let chunk = &response[..read.ok().filter(|length| *length > 0)?];
                    match (self.on_response)(&answered) {
                        ResponseFault::None => write(client, chunk).await,
                        ResponseFault::Disconnect => return None,
                        ResponseFault::Truncate => {
                            write(client, &chunk[..chunk.len() / 2]).await.ok();
                            return None;
                        }
                        ResponseFault::Reset => {
                            write(client, &chunk[..chunk.len() / 2]).await.ok();
                            return Some(ConnectionEnd::Reset);
                        }
                        ResponseFault::Delay(time) => {
                            tokio::time::sleep(time).await;
                            write(client, chunk).await
                        }
                        ResponseFault::Replace(bytes) => write(client, bytes).await,
                        ResponseFault::Stall => Ok(()),
                    }
                }
                _ = cut.changed() => return Some(*cut.borrow()),
            };
            written.ok()?;
        }
    }

    fn fault(&self, chunk: &str) -> RequestFault {
        if let Some(call) = Call::parse(chunk) {
            self.calls.lock().expect("a lock").push(call);
        }
        (self.on_request)(chunk)
    }
}

/// Writes at once, also what TLS would buffer.
async fn write(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> std::io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

/// TLS for `localhost` with a certificate of a new authority, whose own certificate is written to a file.
fn tls_config(certificate_authority: &Path) -> rustls::ServerConfig {
    let mut authority = rcgen::CertificateParams::new([]).expect("parameters");
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_key = rcgen::KeyPair::generate().expect("a key");
    let authority = rcgen::CertifiedIssuer::self_signed(authority, authority_key).expect("an authority");
    std::fs::write(certificate_authority, authority.pem()).expect("a file");
    let key = rcgen::KeyPair::generate().expect("a key");
    let certificate = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("parameters");
    let certificate = certificate.signed_by(&key, &authority).expect("a certificate");
    rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .expect("a matching key")
}
