//! The service under test.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use reqwest::{Method, RequestBuilder, redirect};
use resolve::Resolve;
use shorten::Shorten;
use shortlink::gateway::{self, Functions};
use shortlink::table;
use shortlink_core::client;
use shortlink_core::clock::Clock;
use shortlink_core::config::Environment;
use shortlink_core::link::Item;
use shortlink_core::store::{CodeSource, Store};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::dynamodb;

/// The time at which every test begins: 2030-01-01T00:00:00Z.
pub const NOW: i64 = 1_893_456_000;

const TABLE: &str = "links";

/// The service on a port and a table of its own; it ends when this is dropped.
pub struct TestApp {
    pub address: SocketAddr,
    pub shorten: Shorten,
    pub resolve: Resolve,
    pub store: Store,
    pub dynamodb: aws_sdk_dynamodb::Client,
    clock: Arc<AtomicI64>,
    http: reqwest::Client,
    endpoint_url: String,
    _stop: oneshot::Sender<()>,
}

impl TestApp {
    /// The service with every setting at its default.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// The service with these environment variables.
    pub async fn with(variables: &[(&str, &str)]) -> Self {
        // Seeded: the codes of a test are the same each time.
        Self::with_rng(variables, Xoshiro256PlusPlus::seed_from_u64(0)).await
    }

    /// The service with codes drawn from `rng`.
    pub async fn with_rng(variables: &[(&str, &str)], rng: impl Rng + Send + 'static) -> Self {
        Self::build(variables, rng, async |endpoint_url| endpoint_url).await
    }

    /// The service with another way to its DynamoDB: `way` is given the engine's URL and returns the one to use.
    pub async fn through(way: impl AsyncFnOnce(String) -> String) -> Self {
        Self::with_through(&[], way).await
    }

    /// The service with these environment variables and another way to its DynamoDB.
    pub async fn with_through(variables: &[(&str, &str)], way: impl AsyncFnOnce(String) -> String) -> Self {
        Self::build(variables, Xoshiro256PlusPlus::seed_from_u64(0), way).await
    }

    async fn build(
        variables: &[(&str, &str)],
        rng: impl Rng + Send + 'static,
        way: impl AsyncFnOnce(String) -> String,
    ) -> Self {
        let lookup = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        let environment = Environment::new(&lookup);
        let shorten_config = shorten::config::Config::read(&environment).expect("settings of shorten");
        let resolve_config = resolve::config::Config::read(&environment).expect("settings of resolve");

        let endpoint_url = dynamodb::listen().await;
        let dynamodb = client::local(&endpoint_url).await;
        table::ensure(&dynamodb, TABLE).await.expect("a table");
        let store = Store::new(client::local(&way(endpoint_url.clone()).await).await, TABLE);

        let seconds = Arc::new(AtomicI64::new(NOW));
        let clock = Clock::manual(Arc::clone(&seconds));
        let codes = CodeSource::new(shorten_config.code_length, rng);
        let shorten = Shorten::new(shorten_config, store.clone(), codes, clock.clone());
        let resolve = Resolve::new(resolve_config, store.clone(), clock);

        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let (stop, stopped) = oneshot::channel::<()>();
        let functions = Functions { shorten: shorten.clone(), resolve: resolve.clone(), is_table_here: false };
        tokio::spawn(gateway::serve(listener, functions, async {
            stopped.await.ok();
        }));
        let http = reqwest::Client::builder().redirect(redirect::Policy::none()).build().expect("a client");
        Self { address, shorten, resolve, store, dynamodb, clock: seconds, http, endpoint_url, _stop: stop }
    }

    /// Where its DynamoDB is.
    pub fn endpoint_url(&self) -> &str {
        &self.endpoint_url
    }

    /// Moves the clock.
    pub fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    /// A request to this service, which its client knows as `sho.rt`.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.address)).header("host", "sho.rt")
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// A creation with a JSON body.
    pub fn shorten(&self, order: &serde_json::Value) -> RequestBuilder {
        self.request(Method::POST, "/shorten").header("content-type", "application/json").body(order.to_string())
    }

    /// Puts a link as `fields` describe it into the table, past every check. Numbers are written as N, strings as S.
    pub async fn put_item(&self, fields: serde_json::Value) {
        let serde_json::Value::Object(fields) = fields else { panic!("not an object") };
        let item = fields.into_iter().map(|(name, value)| {
            let value = match value {
                serde_json::Value::String(text) => aws_sdk_dynamodb::types::AttributeValue::S(text),
                number => aws_sdk_dynamodb::types::AttributeValue::N(number.to_string()),
            };
            (name, value)
        });
        self.dynamodb.put_item().table_name(TABLE).set_item(Some(item.collect())).send().await.expect("an item");
    }

    /// An item of the table.
    pub async fn item(&self, key: &str) -> Option<Item> {
        let key = aws_sdk_dynamodb::types::AttributeValue::S(key.to_owned());
        self.dynamodb.get_item().table_name(TABLE).key("shortCode", key).send().await.expect("an answer").item
    }

    /// A number of an item; 0 if it is not there.
    pub async fn number(&self, key: &str, attribute: &str) -> u64 {
        let item = self.item(key).await.unwrap_or_default();
        item.get(attribute).map_or(0, |number| number.as_n().expect("a number").parse().expect("a whole number"))
    }

    /// Every key in the table.
    pub async fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        let mut pages = self.dynamodb.scan().table_name(TABLE).into_paginator().items().send();
        while let Some(item) = pages.next().await {
            keys.push(item.expect("an item")["shortCode"].as_s().expect("a string").clone());
        }
        keys
    }
}

/// An answer, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// As it looks on the wire, without what the server adds to every answer.
impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.status)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {value}")?;
        }
        if self.body.is_empty() { Ok(()) } else { write!(f, "\n{}", self.body) }
    }
}

/// Sends a request and reads the whole answer.
pub async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    let headers = headers(response.headers());
    Answer { status, headers, body: response.text().await.expect("a body in UTF-8") }
}

/// The headers that tests look at: not those that the server adds to every answer.
pub fn headers(headers: &http::HeaderMap) -> BTreeMap<String, String> {
    let own = headers.iter().filter(|(name, _)| !matches!(name.as_str(), "date" | "content-length" | "connection"));
    own.map(|(name, value)| (name.to_string(), value.to_str().expect("ASCII").to_owned())).collect()
}
