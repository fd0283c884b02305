//! A stand-in for Lambda's Runtime API and Extensions API, which keeps the order in which things happen. (Amazon's
//! Runtime Interface Emulator answers its caller only when the next event is asked for, and so cannot show that the
//! answer left first.)

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// An extension was registered.
    Registered,
    /// The function asked for an event.
    AskedForNext,
    /// The function answered.
    Answered(serde_json::Value),
    /// The function asked DynamoDB for this (told by the test).
    AskedTable(&'static str),
}

/// A Runtime API on a port of its own.
pub struct RuntimeApi {
    pub address: String,
    state: Arc<State>,
    answers: mpsc::UnboundedReceiver<serde_json::Value>,
}

struct State {
    events: Mutex<VecDeque<String>>,
    there_is_one: Notify,
    happened: Mutex<Vec<Happened>>,
    answers: mpsc::UnboundedSender<serde_json::Value>,
}

impl RuntimeApi {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address").to_string();
        let (sender, answers) = mpsc::unbounded_channel();
        let state = Arc::new(State {
            events: Mutex::default(),
            there_is_one: Notify::new(),
            happened: Mutex::default(),
            answers: sender,
        });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                let service = hyper::service::service_fn(move |request| {
                    let state = Arc::clone(&state);
                    async move { Ok::<_, std::convert::Infallible>(state.answer(request).await) }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Self { address, state, answers }
    }

    /// Gives the function an event and waits for its answer.
    pub async fn invoke(&mut self, event: &serde_json::Value) -> serde_json::Value {
        self.state.events.lock().expect("a lock").push_back(event.to_string());
        self.state.there_is_one.notify_one();
        self.answers.recv().await.expect("an answer")
    }

    /// Waits until the function waits for an event: from then on Lambda may freeze it, or end it.
    pub async fn idle(&self) {
        while self.happened().last() != Some(&Happened::AskedForNext) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// A way to tell what happened elsewhere.
    pub fn teller(&self) -> impl Fn(Happened) + Clone + Send + 'static {
        let state = Arc::clone(&self.state);
        move |happened| state.happened.lock().expect("a lock").push(happened)
    }

    /// What happened, in order.
    pub fn happened(&self) -> Vec<Happened> {
        self.state.happened.lock().expect("a lock").clone()
    }
}

impl State {
    fn tell(&self, happened: Happened) {
        self.happened.lock().expect("a lock").push(happened);
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        let body = request.into_body().collect().await.expect("a body").to_bytes();
        let response = Response::builder();
        match path.as_str() {
            "/2020-01-01/extension/register" => {
                self.tell(Happened::Registered);
                let function = r#"{"functionName": "resolve", "functionVersion": "1", "handler": "bootstrap"}"#;
                response.header("lambda-extension-identifier", "1").body(function.into()).expect("a response")
            }
            // It asked for no events.
            "/2020-01-01/extension/event/next" => std::future::pending().await,
            "/2018-06-01/runtime/invocation/next" => {
                self.tell(Happened::AskedForNext);
                let event = loop {
                    if let Some(event) = self.events.lock().expect("a lock").pop_front() {
                        break event;
                    }
                    self.there_is_one.notified().await;
                };
                response
                    .header("lambda-runtime-aws-request-id", "1")
                    .header("lambda-runtime-deadline-ms", "4102444800000")
                    .header(
                        "lambda-runtime-invoked-function-arn",
                        "arn:aws:lambda:eu-central-1:123456789012:function:resolve",
                    )
                    .body(event.into())
                    .expect("a response")
            }
            _ => {
                assert_eq!(path, "/2018-06-01/runtime/invocation/1/response");
                let answer: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
                self.tell(Happened::Answered(answer.clone()));
                self.answers.send(answer).ok();
                response.status(202).body(Full::default()).expect("a response")
            }
        }
    }
}
