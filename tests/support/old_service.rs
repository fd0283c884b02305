//! A shortener whose links are moving: it answers HEAD requests from a map of codes and targets.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// What it answers at each code: a target, or `None` for 404.
pub type Links = BTreeMap<String, String>;

/// The service. It stops when the test ends.
pub struct OldService {
    pub url: String,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
}

impl OldService {
    /// Serves these links. Every tenth request is answered with 429 first, as services do with those who ask too fast.
    pub async fn start(links: Links) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (requests, connections) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
        let service = Self { url, requests: Arc::clone(&requests), connections: Arc::clone(&connections) };
        let links = Arc::new(links);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *connections.lock().expect("a lock") += 1;
                let (links, requests) = (Arc::clone(&links), Arc::clone(&requests));
                let service = hyper::service::service_fn(move |request| {
                    let response = answer(&links, &requests, &request);
                    async move { Ok::<_, Infallible>(response) }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        service
    }

    /// The paths that were asked for.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("a lock").clone()
    }

    /// How many connections it had.
    pub fn connections(&self) -> usize {
        *self.connections.lock().expect("a lock")
    }
}

fn answer(links: &Links, requests: &Mutex<Vec<String>>, request: &Request<Incoming>) -> Response<Empty<Bytes>> {
    assert_eq!(request.method(), Method::HEAD);
    let path = request.uri().path().to_owned();
    let mut requests = requests.lock().expect("a lock");
    let is_throttled = requests.len() % 10 == 9 && requests.last() != Some(&path);
    requests.push(path.clone());
    let code = percent_encoding::percent_decode_str(&path[1..]).decode_utf8().expect("UTF-8").into_owned();
    let response = Response::builder();
    let response = match links.get(&code) {
        _ if is_throttled => response.status(StatusCode::TOO_MANY_REQUESTS).header(header::RETRY_AFTER, "0"),
        Some(target) => response.status(StatusCode::FOUND).header(header::LOCATION, target.as_bytes()),
        None => response.status(StatusCode::NOT_FOUND),
    };
    response.body(Empty::new()).expect("a response")
}
