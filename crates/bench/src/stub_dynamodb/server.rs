//! The stub as an HTTPS server with a certificate authority of its own and a given latency.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::respond;
use crate::Result;

/// The root certificates of a Linux machine, where Debian keeps them.
const SYSTEM_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The server; it stops when this is dropped.
pub(crate) struct StubServer {
    port: u16,
    folder: tempfile::TempDir,
    calls: Arc<AtomicUsize>,
    server: JoinHandle<()>,
}

impl StubServer {
    /// Listens on a free local port. Every response takes `latency`.
    pub(crate) async fn start(latency: Duration) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let tls = tls_config(&folder.path().join("ca.pem"))?;
        // Clients that trust the system's roots get all of those and the stub's.
        let mut roots = std::fs::read(SYSTEM_ROOTS).unwrap_or_default();
        roots.extend(std::fs::read(folder.path().join("ca.pem"))?);
        std::fs::write(folder.path().join("roots.pem"), roots)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let calls = Arc::new(AtomicUsize::new(0));
        let server = tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(tls)), latency, Arc::clone(&calls)));
        Ok(Self { port, folder, calls, server })
    }

    /// `AWS_ENDPOINT_URL_DYNAMODB`: a name instead of an address, so that the function has one to resolve.
    pub(crate) fn endpoint_url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// `AWS_CA_BUNDLE`: the file with the authority's certificate.
    pub(crate) fn ca_bundle(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// `SSL_CERT_FILE`: the file with the system's roots and the authority's certificate.
    pub(crate) fn system_roots(&self) -> PathBuf {
        self.folder.path().join("roots.pem")
    }

    /// The number of operations that the server has responded to.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

impl Drop for StubServer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Issues a certificate for `localhost` under a new authority, and writes the authority's certificate to `ca`. The keys
/// are P-256, and the protocol is HTTP/1.1 only, as DynamoDB's is.
fn tls_config(ca: &Path) -> Result<rustls::ServerConfig> {
    let mut authority = rcgen::CertificateParams::new([])?;
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    authority.distinguished_name.push(rcgen::DnType::CommonName, "bench");
    let authority_key = rcgen::KeyPair::generate()?;
    let authority = rcgen::CertifiedIssuer::self_signed(authority, authority_key)?;
    std::fs::write(ca, authority.pem())?;

    let key = rcgen::KeyPair::generate()?;
    let certificate = rcgen::CertificateParams::new(["localhost".to_owned()])?.signed_by(&key, &authority)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

async fn serve(listener: TcpListener, tls: TlsAcceptor, latency: Duration, calls: Arc<AtomicUsize>) {
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).ok();
        let (tls, calls) = (tls.clone(), Arc::clone(&calls));
        tokio::spawn(async move {
            let Ok(stream) = tls.accept(stream).await else { return };
            let service = hyper::service::service_fn(move |request| {
                let calls = Arc::clone(&calls);
                async move {
                    let response = handle(request, latency, &calls).await;
                    Ok::<_, Infallible>(response.unwrap_or_else(|_| bad_request()))
                }
            });
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
        });
    }
}

async fn handle(request: Request<Incoming>, latency: Duration, calls: &AtomicUsize) -> Result<Response<Full<Bytes>>> {
    let target = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok());
    let operation = target.and_then(|target| target.split_once('.')).map(|(_, name)| name.to_owned());
    let body = request.into_body().collect().await?.to_bytes();
    tokio::time::sleep(latency).await;
    let Some(operation) = operation else {
        // DynamoDB's response to `GET /`.
        return Ok(Response::new(Full::from("healthy: dynamodb.us-east-1.amazonaws.com ")));
    };
    calls.fetch_add(1, Ordering::SeqCst);
    let document = respond(&operation, &body)?;
    Ok(Response::builder()
        .status(StatusCode::OK)
        .header("server", "Server")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amzn-requestid", "B0F1V0V3QJ9V1C2K3L4M5N6O7PVV4KQNSO5AEMVJF66Q9ASUAAJG")
        .body(Full::from(document.to_string()))?)
}

/// The response to a request that none of our functions would send.
fn bad_request() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}
