//! A stand-in for DynamoDB: HTTPS with a certificate authority of its own, a chosen latency, and for each operation the
//! answer that lets a function do its job. What a real engine answers is the tests' subject, not this one's.

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
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::Result;

/// The roots of a Linux machine, where Debian has them.
const MACHINE_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The stand-in; it ends when this is dropped.
pub(crate) struct DynamoDb {
    port: u16,
    folder: tempfile::TempDir,
    calls: Arc<AtomicUsize>,
    server: JoinHandle<()>,
}

impl DynamoDb {
    /// Listens on a free port of this machine; every answer takes `latency`.
    pub(crate) async fn start(latency: Duration) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let tls = tls(&folder.path().join("ca.pem"))?;
        // For whoever trusts the machine's roots: all of those, and ours.
        let mut roots = std::fs::read(MACHINE_ROOTS).unwrap_or_default();
        roots.extend(std::fs::read(folder.path().join("ca.pem"))?);
        std::fs::write(folder.path().join("roots.pem"), roots)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let calls = Arc::new(AtomicUsize::new(0));
        let server = tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(tls)), latency, Arc::clone(&calls)));
        Ok(Self { port, folder, calls, server })
    }

    /// `AWS_ENDPOINT_URL_DYNAMODB`: a name and not an address, so that the function has one to resolve.
    pub(crate) fn endpoint_url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// `AWS_CA_BUNDLE`: the file with the authority's certificate.
    pub(crate) fn ca_bundle(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// `SSL_CERT_FILE`: the file with the machine's roots and the authority's.
    pub(crate) fn machine_roots(&self) -> PathBuf {
        self.folder.path().join("roots.pem")
    }

    /// How many operations it has answered.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

impl Drop for DynamoDb {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A certificate for `localhost` under a new authority, whose own certificate is written to `ca`. P-256 throughout;
/// HTTP/1.1 only, as with DynamoDB.
fn tls(ca: &Path) -> Result<rustls::ServerConfig> {
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
                async move { Ok::<_, Infallible>(answer(request, latency, &calls).await.unwrap_or_else(|_| refused())) }
            });
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
        });
    }
}

/// What no function of ours would send.
fn refused() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

async fn answer(request: Request<Incoming>, latency: Duration, calls: &AtomicUsize) -> Result<Response<Full<Bytes>>> {
    let target = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok());
    let operation = target.and_then(|target| target.split_once('.')).map(|(_, name)| name.to_owned());
    let body = request.into_body().collect().await?.to_bytes();
    tokio::time::sleep(latency).await;
    let Some(operation) = operation else {
        // What DynamoDB answers to `GET /`.
        return Ok(Response::new(Full::from("healthy: dynamodb.us-east-1.amazonaws.com ")));
    };
    calls.fetch_add(1, Ordering::SeqCst);
    let document = match operation.as_str() {
        "GetItem" => {
            let asked: Value = serde_json::from_slice(&body)?;
            json!({"Item": link(asked.pointer("/Key/shortCode"))})
        }
        _ => json!({}),
    };
    Ok(Response::builder()
        .status(StatusCode::OK)
        .header("server", "Server")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amzn-requestid", "B0F1V0V3QJ9V1C2K3L4M5N6O7PVV4KQNSO5AEMVJF66Q9ASUAAJG")
        .body(Full::from(document.to_string()))?)
}

/// The item of a link: as long as they are, and for long to come.
pub(crate) fn link(code: Option<&Value>) -> Value {
    json!({
        "shortCode": code,
        "originalUrl": {"S": "https://example.com/a/rather/long/path?with=a&query=string"},
        "createdAt": {"N": "1767225600"},
        "expiresAt": {"N": "4102444800"},
        "purgeAt": {"N": "4105036800"},
        "writeId": {"S": "0123456789abcdef"},
    })
}
