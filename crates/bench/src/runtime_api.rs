//! A stub of Lambda's Runtime API (2018-06-01) and Extensions API (2020-01-01), as the Lambda developer guide describes
//! them. It reports each call of the function with the time at which it arrived.

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

/// A call of the function to the Runtime API or the Extensions API.
#[derive(Debug)]
pub(crate) enum RuntimeEvent {
    /// The runtime requested the next event, so its work for the previous one is done.
    NextRequested,
    /// An extension requested its next event, so its work for the previous one is done.
    ExtensionNextRequested,
    /// The runtime posted a response.
    ResponsePosted(Bytes),
    /// The runtime reported an error.
    ErrorPosted(Bytes),
}

/// The stub; it stops when this is dropped.
pub(crate) struct RuntimeApi {
    address: SocketAddr,
    shared: Arc<Shared>,
    invocations: mpsc::UnboundedSender<Bytes>,
    runtime_events: mpsc::UnboundedReceiver<(Instant, RuntimeEvent)>,
    server: JoinHandle<()>,
}

struct Shared {
    invocations: Mutex<mpsc::UnboundedReceiver<Bytes>>,
    runtime_events: mpsc::UnboundedSender<(Instant, RuntimeEvent)>,
    extension_invocations: broadcast::Sender<()>,
    /// The number of extensions that are registered for invocations.
    extensions: AtomicUsize,
    /// The number of invocations that the runtime has received.
    received: AtomicUsize,
}

impl RuntimeApi {
    /// Listens on a free local port.
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (invocations, queue) = mpsc::unbounded_channel();
        let (sender, runtime_events) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            invocations: Mutex::new(queue),
            runtime_events: sender,
            extension_invocations: broadcast::channel(16).0,
            extensions: AtomicUsize::new(0),
            received: AtomicUsize::new(0),
        });
        let server = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, invocations, runtime_events, server })
    }

    /// `AWS_LAMBDA_RUNTIME_API`.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Invokes the function and its extensions.
    pub(crate) fn invoke(&self, event: Bytes) -> Result<()> {
        self.shared.extension_invocations.send(()).ok();
        Ok(self.invocations.send(event)?)
    }

    /// Waits for the function's next call.
    pub(crate) async fn next_runtime_event(&mut self, timeout: Duration) -> Result<(Instant, RuntimeEvent)> {
        let event = tokio::time::timeout(timeout, self.runtime_events.recv()).await;
        event.map_err(|_| "the function did nothing for too long")?.ok_or_else(|| "the Runtime API has stopped".into())
    }

    /// The number of extensions that are registered for invocations.
    pub(crate) fn extensions(&self) -> usize {
        self.shared.extensions.load(Ordering::SeqCst)
    }
}

impl Drop for RuntimeApi {
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
            async move { handle(&shared, request).await }
        });
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn handle(shared: &Shared, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
    let path = request.uri().path().to_owned();
    let is_post = request.method() == Method::POST;
    let body = request.into_body().collect().await?.to_bytes();
    let report = |event| shared.runtime_events.send((Instant::now(), event)).ok();
    let accepted = || Response::builder().status(StatusCode::ACCEPTED).body(Full::from("{\"status\":\"OK\"}"));
    let response = match path.as_str() {
        "/2018-06-01/runtime/invocation/next" => {
            report(RuntimeEvent::NextRequested);
            let event = shared.invocations.lock().await.recv().await.ok_or("the run is over")?;
            let id = shared.received.fetch_add(1, Ordering::SeqCst);
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
            let mut invocations = shared.extension_invocations.subscribe();
            report(RuntimeEvent::ExtensionNextRequested);
            invocations.recv().await?;
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
            report(RuntimeEvent::ResponsePosted(body));
            accepted()?
        }
        _ if is_post && path.ends_with("/error") => {
            report(RuntimeEvent::ErrorPosted(body));
            accepted()?
        }
        _ => Response::builder().status(StatusCode::NOT_FOUND).body(Full::default())?,
    };
    Ok(response)
}

/// The deadline of an invocation: five seconds from now, as template.yaml's `Timeout` says.
fn deadline_ms() -> u128 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    now.as_millis() + 5_000
}
