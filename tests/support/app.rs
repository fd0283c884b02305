//! The service under test.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use rand::rand_core::UnwrapErr;
use rand::rngs::{SysRng, Xoshiro256PlusPlus};
use rand::{Rng, SeedableRng};
use reqwest::header::HeaderName;
use reqwest::{Method, RequestBuilder, redirect};
use resolve::Resolve;
use shorten::Shorten;
use shorten::grant::key_source::KeySource;
use shortlink::gateway::{self, Functions};
use shortlink::table;
use shortlink_core::config::Environment;
use shortlink_core::domain::api_key::{ApiKey, KeyRecord, Name};
use shortlink_core::domain::clock::{Clock, Timestamp};
use shortlink_core::domain::code::Code;
use shortlink_core::domain::code_generator::CodeGenerator;
use shortlink_core::domain::permissions::{Permissions, Scope};
use shortlink_core::dynamodb::client;
use shortlink_core::dynamodb::items::Item;
use shortlink_core::dynamodb::store::Store;
use shortlink_core::link_cache::{self, LinkCache};
use shortlink_core::visits::edge_key::HEADER;
use shortlink_core::visits::recorder::VisitRecorder;
use shortlink_core::visits::writer::{PerLinkWriter, TransactionWriter};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::dynamodb::DynamoDb;
use super::fault_proxy::{FaultProxy, FaultProxyBuilder};

/// The time at which every test begins: 2030-01-01T00:00:00Z.
pub const NOW: i64 = 1_893_456_000;

const TABLE: &str = "links";

/// The service with a port, a table and a manual clock of its own. It stops when this value is dropped.
pub struct TestApp {
    pub address: SocketAddr,
    pub shorten: Shorten,
    pub resolve: Resolve,
    pub store: Store,
    /// A client that bypasses the proxy.
    pub dynamodb: aws_sdk_dynamodb::Client,
    server: DynamoDb,
    clock: Arc<AtomicI64>,
    http: reqwest::Client,
    proxy: Option<FaultProxy>,
    _stop: oneshot::Sender<()>,
}

/// The settings of a [`TestApp`].
pub struct TestAppBuilder {
    variables: BTreeMap<String, String>,
    rng: Box<dyn Rng + Send>,
    endpoint_url: Option<String>,
    proxy: Option<FaultProxyBuilder>,
    grant_key: Option<KeySource>,
    writes_visits_in_transactions: bool,
    has_timeouts: bool,
    edge_key: Option<String>,
}

/// The lifetime of the keys of tests, in seconds.
pub const KEY_LIFETIME: i64 = 86_400;

impl TestAppBuilder {
    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Behind a CDN that proves itself with this secret: each request contains it, unless the test sends another one.
    pub fn edge_key(mut self, key: &str) -> Self {
        self.edge_key = Some(key.to_owned());
        self.env("EDGE_KEY", key)
    }

    /// Generates codes with `rng`. By default the generator is seeded, so a test gets the same codes in each run.
    pub fn rng(mut self, rng: impl Rng + Send + 'static) -> Self {
        self.rng = Box::new(rng);
        self
    }

    /// Reaches DynamoDB through a proxy.
    pub fn proxy(mut self, proxy: FaultProxyBuilder) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Accepts grants that this key has signed.
    pub fn grant_key(mut self, source: KeySource) -> Self {
        self.grant_key = Some(source);
        self
    }

    /// Expects DynamoDB at another endpoint.
    pub fn endpoint_url(mut self, endpoint_url: &str) -> Self {
        self.endpoint_url = Some(endpoint_url.to_owned());
        self
    }

    /// Writes visits in transactions, as `shortlink serve` does with its embedded table.
    pub fn visits_in_transactions(mut self) -> Self {
        self.writes_visits_in_transactions = true;
        self
    }

    /// Lets calls to DynamoDB take any time, so that many concurrent requests succeed on a busy machine.
    pub fn without_timeouts(mut self) -> Self {
        self.has_timeouts = false;
        self
    }

    /// Starts the service.
    pub async fn start(self) -> TestApp {
        let lookup = |name: &str| self.variables.get(name).cloned();
        let environment = Environment::new(&lookup);
        let shorten_config = shorten::config::Config::read(&environment).expect("valid settings of shorten");
        let resolve_config = resolve::config::Config::read(&environment).expect("valid settings of resolve");

        let server = DynamoDb::start().await;
        let dynamodb = client::local(&server.endpoint_url).await;
        table::ensure(&dynamodb, TABLE).await.expect("a table");
        let proxy = match self.proxy {
            Some(proxy) => Some(proxy.start(&server.endpoint_url).await),
            None => None,
        };
        let endpoint_url = self.endpoint_url.as_deref().or(proxy.as_ref().map(FaultProxy::url));
        let mut client = client::local(endpoint_url.unwrap_or(&server.endpoint_url)).await;
        if !self.has_timeouts {
            let config = client.config().to_builder().timeout_config(TimeoutConfig::disabled());
            client = aws_sdk_dynamodb::Client::from_conf(config.build());
        }
        let store = Store::new(client, TABLE).with_visit_regions(environment.visit_regions().expect("valid regions"));

        let seconds = Arc::new(AtomicI64::new(NOW));
        let clock = Clock::manual(Arc::clone(&seconds));
        let codes = CodeGenerator::new(shorten_config.code_length, self.rng);
        let mut shorten = Shorten::new(shorten_config, store.clone(), codes, clock.clone());
        if let Some(source) = self.grant_key {
            shorten = shorten.with_grant_key(source);
        }
        let cache = LinkCache::new(resolve_config.link_cache_seconds, link_cache::CAPACITY);
        let (tracking, retention) = (resolve_config.visits, resolve_config.visits_retention);
        let recorder = if self.writes_visits_in_transactions {
            VisitRecorder::new(tracking, TransactionWriter::new(store.clone(), retention))
        } else {
            VisitRecorder::new(tracking, PerLinkWriter::new(store.clone(), retention))
        };
        let resolve = Resolve::new(resolve_config, store.clone(), cache, recorder, clock);

        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel::<()>();
        let functions = Functions { shorten: shorten.clone(), resolve: resolve.clone() };
        tokio::spawn(gateway::serve(listener, functions, async {
            stopped.await.ok();
        }));
        let edge_key = self.edge_key.map(|key| (HeaderName::from_static(HEADER), key.parse().expect("a value")));
        let http = reqwest::Client::builder().default_headers(edge_key.into_iter().collect());
        let http = http.redirect(redirect::Policy::none()).build().expect("a client");
        TestApp { address, shorten, resolve, store, dynamodb, server, clock: seconds, http, proxy, _stop: stop }
    }
}

impl TestApp {
    pub fn builder() -> TestAppBuilder {
        TestAppBuilder {
            // The creator would be in many responses, and has tests of its own.
            variables: BTreeMap::from([("CREATOR".to_owned(), "off".to_owned())]),
            rng: Box::new(Xoshiro256PlusPlus::seed_from_u64(0)),
            endpoint_url: None,
            proxy: None,
            grant_key: None,
            writes_visits_in_transactions: false,
            has_timeouts: true,
            edge_key: None,
        }
    }

    /// Starts the service with default settings.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// The endpoint URL of DynamoDB, without a proxy.
    pub fn endpoint_url(&self) -> &str {
        &self.server.endpoint_url
    }

    /// The proxy in front of DynamoDB.
    pub fn proxy(&self) -> &FaultProxy {
        self.proxy.as_ref().expect("a proxy")
    }

    /// Deletes the items whose purge time is in the past, by the system's clock, as DynamoDB does. Returns their number.
    pub fn sweep_table(&self) -> usize {
        self.server.sweep()
    }

    /// The clock that the service reads.
    pub fn clock(&self) -> Clock {
        Clock::manual(Arc::clone(&self.clock))
    }

    /// Moves the clock, forward or back.
    pub fn advance_clock(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    /// A request to the service under the host name `sho.rt`.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.address)).header("host", "sho.rt")
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    pub fn head(&self, path: &str) -> RequestBuilder {
        self.request(Method::HEAD, path)
    }

    /// A request to create a link, with a JSON body.
    pub fn create_link(&self, body: &serde_json::Value) -> RequestBuilder {
        self.request(Method::POST, "/shorten").header("content-type", "application/json").body(body.to_string())
    }

    /// Puts an item into the table without any check. Strings become S attributes, numbers N.
    pub async fn put_item(&self, attributes: serde_json::Value) {
        let serde_json::Value::Object(attributes) = attributes else { panic!("not an object") };
        let item = attributes.into_iter().map(|(name, value)| {
            let value = match value {
                serde_json::Value::String(text) => AttributeValue::S(text),
                serde_json::Value::Array(texts) => {
                    AttributeValue::Ss(texts.iter().map(|text| text.as_str().expect("a text").to_owned()).collect())
                }
                number => AttributeValue::N(number.to_string()),
            };
            (name, value)
        });
        self.dynamodb.put_item().table_name(TABLE).set_item(Some(item.collect())).send().await.expect("an item");
    }

    /// An item of the table.
    pub async fn item(&self, key: &str) -> Option<Item> {
        let key = AttributeValue::S(key.to_owned());
        self.dynamodb.get_item().table_name(TABLE).key("shortCode", key).send().await.expect("a response").item
    }

    /// Creates an API key whose owner has the same name. Returns its secret.
    pub async fn create_key(&self, name: &str, scopes: &[Scope]) -> String {
        self.create_key_of(name, name, scopes).await
    }

    /// Creates an API key. Returns its secret.
    pub async fn create_key_of(&self, owner: &str, name: &str, scopes: &[Scope]) -> String {
        self.put_key(owner, name, scopes, None).await
    }

    /// Creates an API key with which a limited number of links may be created on a day. It does not expire. Returns its
    /// secret.
    pub async fn create_limited_key(&self, name: &str, daily_limit: u32) -> String {
        self.put_key(name, name, &[Scope::Own], Some(daily_limit)).await
    }

    async fn put_key(&self, owner: &str, name: &str, scopes: &[Scope], daily_limit: Option<u32>) -> String {
        let owner = owner.parse::<Name>().expect("a name");
        let record = KeyRecord {
            name: name.parse().expect("a name"),
            permissions: Permissions { owner: (&owner).into(), scopes: scopes.iter().copied().collect() },
            daily_limit,
            created_at: Timestamp::from_unix(NOW).expect("in range"),
            expires_at: Timestamp::from_unix(NOW + KEY_LIFETIME).filter(|_| daily_limit.is_none()),
            revoked_at: None,
        };
        let key = ApiKey::random(&mut UnwrapErr(SysRng));
        assert!(self.store.create_key(&key, &record).await.expect("a key"), "the name is free");
        key.as_str().to_owned()
    }

    /// Revokes an API key.
    pub async fn revoke_key(&self, name: &str) {
        let now = Timestamp::from_unix(NOW).expect("in range");
        assert!(self.store.revoke_key(&name.parse().expect("a name"), now).await.expect("a response"));
    }

    /// Blocks a link.
    pub async fn block(&self, code: &str) {
        let now = Timestamp::from_unix(NOW).expect("in range");
        assert!(self.store.block(&Code::parse(code).expect("a code"), now).await.expect("a response"), "{code}");
    }

    /// Ends the blocking of a link.
    pub async fn unblock(&self, code: &str) {
        let now = Timestamp::from_unix(NOW).expect("in range");
        assert!(self.store.unblock(&Code::parse(code).expect("a code"), now).await.expect("a response"), "{code}");
    }

    /// Deletes an item of the table.
    pub async fn delete_item(&self, key: &str) {
        let key = AttributeValue::S(key.to_owned());
        self.dynamodb.delete_item().table_name(TABLE).key("shortCode", key).send().await.expect("a response");
    }

    /// Deletes the table.
    pub async fn delete_table(&self) {
        self.dynamodb.delete_table().table_name(TABLE).send().await.expect("a response");
    }

    /// A numeric attribute of an item, or 0 if it is absent.
    pub async fn number(&self, key: &str, attribute: &str) -> u64 {
        let item = self.item(key).await.unwrap_or_default();
        item.get(attribute).map_or(0, |number| number.as_n().expect("a number").parse().expect("a whole number"))
    }

    /// The keys of all items in the table.
    pub async fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        let mut pages = self.dynamodb.scan().table_name(TABLE).into_paginator().items().send();
        while let Some(item) = pages.next().await {
            keys.push(item.expect("an item")["shortCode"].as_s().expect("a string").clone());
        }
        keys
    }
}

/// A complete response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Response {
    /// The body, parsed as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// A header, or an empty string if it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// The body of a response about a link that was created, without its management token, which only the creator gets.
pub fn without_token(created: &Response) -> serde_json::Value {
    let mut body = created.json();
    body.as_object_mut().and_then(|body| body.remove("manage_token")).expect("a management token");
    body
}

/// The policies of a response that is no page.
pub const DEFAULT_POLICIES: &[(&str, &[u8])] = &[
    ("content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    ("referrer-policy", b"strict-origin-when-cross-origin"),
];

/// The response as on the wire, without the headers that [`headers`] omits.
impl std::fmt::Display for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.status)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {value}")?;
        }
        if self.body.is_empty() { Ok(()) } else { write!(f, "\n{}", self.body) }
    }
}

/// Sends a request and reads the complete response.
pub async fn send(request: RequestBuilder) -> Response {
    let response = request.send().await.expect("a response");
    let status = response.status().as_u16();
    let headers = headers(response.headers());
    Response { status, headers, body: response.text().await.expect("a body in UTF-8") }
}

/// The headers without those that the HTTP server adds to every response, and without the policies that every response
/// has unless it has a stricter one.
pub fn headers(headers: &http::HeaderMap) -> BTreeMap<String, String> {
    let by_server = |name: &str| matches!(name, "date" | "content-length" | "connection" | "strict-transport-security");
    let own = headers.iter().filter(|(name, value)| {
        !by_server(name.as_str())
            && DEFAULT_POLICIES.iter().all(|default| *default != (name.as_str(), value.as_bytes()))
    });
    own.map(|(name, value)| (name.to_string(), value.to_str().expect("ASCII").to_owned())).collect()
}
