//! A stand-in for Lambda's Runtime API (2018-06-01) and Extensions API (2020-01-01), as the Lambda developer guide
//! describes them. It stamps what happens with the time at which it happened.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, broadcast, mpsc};
use tokio::task::JoinHandle;

use crate::Result;

/// What a function did.
#[derive(Debug)]
pub(crate) enum Deed {
    /// It asked for the next event: the last answer's work is over.
    AskedNext,
    /// An extension asked for its next event: its work is over too.
    ExtensionAskedNext,
    /// It posted an answer.
    Answered(Bytes),
    /// It said that it failed.
    Failed(Bytes),
}

/// The stand-in; it ends when this is dropped.
pub(crate) struct Lambda {
    address: SocketAddr,
    shared: Arc<Shared>,
    events: mpsc::UnboundedSender<Bytes>,
    deeds: mpsc::UnboundedReceiver<(Instant, Deed)>,
    server: JoinHandle<()>,
}

struct Shared {
    events: Mutex<mpsc::UnboundedReceiver<Bytes>>,
    deeds: mpsc::UnboundedSender<(Instant, Deed)>,
    invoked: broadcast::Sender<()>,
    /// Extensions that wait for invocations.
    extensions: AtomicUsize,
    invocations: AtomicUsize,
}

impl Lambda {
    /// Listens on a free port of this machine.
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (events, queue) = mpsc::unbounded_channel();
        let (deed, deeds) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            events: Mutex::new(queue),
            deeds: deed,
            invoked: broadcast::channel(16).0,
            extensions: AtomicUsize::new(0),
            invocations: AtomicUsize::new(0),
        });
        let server = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, events, deeds, server })
    }

    /// `AWS_LAMBDA_RUNTIME_API`.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Hands an event to the function and to its extensions.
    pub(crate) fn invoke(&self, event: Bytes) -> Result<()> {
        self.shared.invoked.send(()).ok();
        Ok(self.events.send(event)?)
    }

    /// What the function does next, and when it did it.
    pub(crate) async fn deed(&mut self, limit: Duration) -> Result<(Instant, Deed)> {
        let deed = tokio::time::timeout(limit, self.deeds.recv()).await;
        deed.map_err(|_| "the function did nothing for too long")?.ok_or_else(|| "the stand-in has ended".into())
    }

    /// How many extensions wait for invocations.
    pub(crate) fn extensions(&self) -> usize {
        self.shared.extensions.load(Ordering::SeqCst)
    }
}

impl Drop for Lambda {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).ok();
        let shared = Arc::clone(&shared);
        let service = hyper::service::service_fn(move |request| {
            let shared = Arc::clone(&shared);
            async move { answer(&shared, request).await }
        });
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(shared: &Shared, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
    let path = request.uri().path().to_owned();
    let is_post = request.method() == Method::POST;
    let body = request.into_body().collect().await?.to_bytes();
    let stamp = |deed| shared.deeds.send((Instant::now(), deed)).ok();
    let accepted = || Response::builder().status(StatusCode::ACCEPTED).body(Full::from("{\"status\":\"OK\"}"));
    let response = match path.as_str() {
        "/2018-06-01/runtime/invocation/next" => {
            stamp(Deed::AskedNext);
            let event = shared.events.lock().await.recv().await.ok_or("the run is over")?;
            let id = shared.invocations.fetch_add(1, Ordering::SeqCst);
            Response::builder()
                .header("content-type", "application/json")
                .header("lambda-runtime-aws-request-id", format!("8476a536-e9f4-11e8-9739-{id:012x}"))
                .header("lambda-runtime-deadline-ms", deadline_ms().to_string())
                .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:bench")
                .header(
                    "lambda-runtime-trace-id",
                    "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
                )
                .body(Full::from(event))?
        }
        "/2020-01-01/extension/register" => {
            if String::from_utf8_lossy(&body).contains("INVOKE") {
                shared.extensions.fetch_add(1, Ordering::SeqCst);
            }
            Response::builder()
                .header("lambda-extension-identifier", "0f2c4b6a-8d1e-4a3b-9c5d-7e6f8a9b0c1d")
                .header("content-type", "application/json")
                .body(Full::from(
                    "{\"functionName\":\"bench\",\"functionVersion\":\"$LATEST\",\"handler\":\"bootstrap\"}",
                ))?
        }
        "/2020-01-01/extension/event/next" => {
            let mut invoked = shared.invoked.subscribe();
            stamp(Deed::ExtensionAskedNext);
            invoked.recv().await?;
            let event = serde_json::json!({
                "eventType": "INVOKE",
                "deadlineMs": deadline_ms(),
                "requestId": "8476a536-e9f4-11e8-9739-000000000000",
                "invokedFunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:bench",
                "tracing": {"type": "X-Amzn-Trace-Id", "value": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700"},
            });
            Response::builder().header("content-type", "application/json").body(Full::from(event.to_string()))?
        }
        _ if is_post && path.ends_with("/response") => {
            stamp(Deed::Answered(body));
            accepted()?
        }
        _ if is_post && path.ends_with("/error") => {
            stamp(Deed::Failed(body));
            accepted()?
        }
        _ => Response::builder().status(StatusCode::NOT_FOUND).body(Full::default())?,
    };
    Ok(response)
}

/// Five seconds from now, as template.yaml's time-out says.
fn deadline_ms() -> u128 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    now.as_millis() + 5_000
}
