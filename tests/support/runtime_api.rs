//! A stand-in for Lambda's Runtime API and Extensions API that records the order of what it observes.
//!
//! Amazon's Runtime Interface Emulator passes a response on only when the function asks for the next event, so it
//! cannot show that the response was sent first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};

/// Something that the function did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// It registered an extension.
    ExtensionRegistered,
    /// It asked for the next event.
    NextRequested,
    /// It sent a response.
    Responded(serde_json::Value),
    /// It called this DynamoDB operation. The test records it.
    TableCalled(String),
}

/// A Runtime API on a port of its own.
pub struct RuntimeApi {
    pub address: String,
    state: Arc<State>,
    responses: mpsc::UnboundedReceiver<serde_json::Value>,
}

/// The time until the deadline of an invocation, unless a test says otherwise: 5 s, as in template.yaml.
const TIMEOUT: Duration = Duration::from_secs(5);

struct State {
    events: Mutex<VecDeque<String>>,
    timeout: Mutex<Duration>,
    event_added: Notify,
    observations: Mutex<Vec<Observation>>,
    responses: mpsc::UnboundedSender<serde_json::Value>,
}

impl RuntimeApi {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (sender, responses) = mpsc::unbounded_channel();
        let state = Arc::new(State {
            events: Mutex::default(),
            timeout: Mutex::new(TIMEOUT),
            event_added: Notify::new(),
            observations: Mutex::default(),
            responses: sender,
        });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                let service = hyper::service::service_fn(move |request| {
                    let state = Arc::clone(&state);
                    async move { Ok::<_, std::convert::Infallible>(state.handle(request).await) }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Self { address, state, responses }
    }

    /// Sends an event to the function and waits for the response.
    pub async fn invoke(&mut self, event: &serde_json::Value) -> serde_json::Value {
        self.state.events.lock().expect("a lock").push_back(event.to_string());
        self.state.event_added.notify_one();
        self.responses.recv().await.expect("a response")
    }

    /// Gives each further invocation this time.
    pub fn set_timeout(&self, timeout: Duration) {
        *self.state.timeout.lock().expect("a lock") = timeout;
    }

    /// Waits until the function asks for an event. From then on, Lambda may freeze or end the environment.
    pub async fn wait_until_idle(&self) {
        while self.observations().last() != Some(&Observation::NextRequested) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// A function that records an observation made elsewhere.
    pub fn recorder(&self) -> impl Fn(Observation) + Send + Sync + 'static {
        let state = Arc::clone(&self.state);
        move |observation| state.record(observation)
    }

    /// Everything observed so far, in order.
    pub fn observations(&self) -> Vec<Observation> {
        self.state.observations.lock().expect("a lock").clone()
    }
}

impl State {
    /// The deadline of an invocation that begins now, since the epoch.
    fn deadline(&self) -> Duration {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
        now + *self.timeout.lock().expect("a lock")
    }

    fn record(&self, observation: Observation) {
        self.observations.lock().expect("a lock").push(observation);
    }

    async fn handle(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        let body = request.into_body().collect().await.expect("a body").to_bytes();
        let response = Response::builder();
        match path.as_str() {
            "/2020-01-01/extension/register" => {
                self.record(Observation::ExtensionRegistered);
                let function = r#"{"functionName": "resolve", "functionVersion": "1", "handler": "bootstrap"}"#;
                response.header("lambda-extension-identifier", "1").body(function.into()).expect("a response")
            }
            // The extension subscribes to no events, so it waits forever.
            "/2020-01-01/extension/event/next" => std::future::pending().await,
            "/2018-06-01/runtime/invocation/next" => {
                self.record(Observation::NextRequested);
                let event = loop {
                    if let Some(event) = self.events.lock().expect("a lock").pop_front() {
                        break event;
                    }
                    self.event_added.notified().await;
                };
                response
                    .header("lambda-runtime-aws-request-id", "1")
                    .header("lambda-runtime-deadline-ms", self.deadline().as_millis().to_string())
                    .header(
                        "lambda-runtime-invoked-function-arn",
                        "arn:aws:lambda:eu-central-1:123456789012:function:resolve",
                    )
                    .body(event.into())
                    .expect("a response")
            }
            _ => {
                assert_eq!(path, "/2018-06-01/runtime/invocation/1/response");
                let sent: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
                self.record(Observation::Responded(sent.clone()));
                self.responses.send(sent).ok();
                response.status(202).body(Full::default()).expect("a response")
            }
        }
    }
}
