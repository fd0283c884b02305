//! A stand-in for AWS Systems Manager Parameter Store that holds one parameter. The rehearsal uses an emulator of it, with
//! IAM; this one can also fail, hang and count.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The name of the parameter.
pub const PARAMETER: &str = "/shortlink/grant-key";

/// What it does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Returns the parameter with this value, a `SecureString`.
    Value(String),
    /// Returns the parameter with this value, a `String`.
    Plain(String),
    /// Returns that there is no such parameter.
    Missing,
    /// Returns this error.
    Error(&'static str),
    /// Does not answer.
    Hang,
}

/// Parameter Store on a port of its own.
#[derive(Clone)]
pub struct ParameterStore {
    pub url: String,
    state: Arc<Mutex<State>>,
}

struct State {
    behaviour: Behaviour,
    reads: usize,
}

impl ParameterStore {
    pub async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let store = Self { url, state: Arc::new(Mutex::new(State { behaviour, reads: 0 })) };
        let shared = store.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let store = shared.clone();
                let service = service_fn(move |request| {
                    let store = store.clone();
                    async move { Ok::<_, Infallible>(store.respond(request).await) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        store
    }

    /// Changes what it does from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        self.state.lock().expect("a lock").behaviour = behaviour;
    }

    /// The value of the parameter.
    pub fn value(&self) -> String {
        match &self.state.lock().expect("a lock").behaviour {
            Behaviour::Value(value) => value.clone(),
            other => panic!("{other:?}"),
        }
    }

    /// How often the parameter was read.
    pub fn reads(&self) -> usize {
        self.state.lock().expect("a lock").reads
    }

    async fn respond(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let operation = request.headers()["x-amz-target"].to_str().expect("ASCII").to_owned();
        let body = request.into_body().collect().await.expect("a body").to_bytes();
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(body["Name"], PARAMETER);
        let behaviour = {
            let mut state = self.state.lock().expect("a lock");
            if operation == "AmazonSSM.PutParameter" {
                assert_eq!(body["Type"], "SecureString");
                let exists = matches!(state.behaviour, Behaviour::Value(_));
                if exists && body["Overwrite"] != true {
                    Behaviour::Error("ParameterAlreadyExists")
                } else {
                    state.behaviour = Behaviour::Value(body["Value"].as_str().expect("a text").to_owned());
                    state.behaviour.clone()
                }
            } else {
                assert_eq!((operation.as_str(), &body["WithDecryption"]), ("AmazonSSM.GetParameter", &json!(true)));
                state.reads += 1;
                state.behaviour.clone()
            }
        };
        let (status, document) = match behaviour {
            Behaviour::Value(value) => {
                (200, json!({"Version": 1, "Parameter": {"Type": "SecureString", "Value": value}}))
            }
            Behaviour::Plain(value) => (200, json!({"Parameter": {"Type": "String", "Value": value}})),
            Behaviour::Missing => (400, json!({"__type": "ParameterNotFound"})),
            Behaviour::Error(name) => (400, json!({"__type": name, "message": "as the test asks for"})),
            Behaviour::Hang => std::future::pending().await,
        };
        let response = Response::builder().status(status).header("content-type", "application/x-amz-json-1.1");
        response.body(document.to_string().into()).expect("a response")
    }
}
