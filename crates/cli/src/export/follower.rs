//! Following links in this process, through the handler that Lambda runs.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use bytes::Bytes;
use http::{HeaderMap, header};
use resolve::Resolve;
use shortlink_core::config::Environment;
use shortlink_core::domain::base_url::BaseUrl;
use shortlink_core::domain::clock::{Clock, Timestamp};
use shortlink_core::domain::target::Target;
use shortlink_core::dynamodb::items::{Item, attribute};
use shortlink_core::dynamodb::store::Store;
use shortlink_core::http::handler::Handler;
use shortlink_core::http::request::Request;
use shortlink_core::http::routes::Endpoint;
use shortlink_core::link_cache::LinkCache;
use shortlink_core::visits::recorder::{VisitRecorder, VisitTracking};
use shortlink_core::visits::writer::PerLinkWriter;

use crate::error::CliError;

/// What a visitor gets at a short URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A redirect to this URL.
    Redirect(String),
    /// Another status: 410 if the link is over, 451 if it is blocked, 404 if there is none.
    Status(u16),
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redirect(url) => write!(f, "a redirect to {url}"),
            Self::Status(status) => write!(f, "the status {status}"),
        }
    }
}

/// The handler, over a table. It counts no visits and caches nothing.
#[derive(Clone, Debug)]
pub struct Follower(Arc<Resolve>);

impl Follower {
    /// Follows the links of `store`, as they are at the instant `now`.
    ///
    /// # Errors
    ///
    /// None with the default settings.
    pub fn new(store: Store, now: Timestamp) -> Result<Self, CliError> {
        let config = resolve::config::Config::read(&Environment::new(&|_| None))?;
        let visits = VisitRecorder::new(VisitTracking::Off, PerLinkWriter::new(store.clone(), 0));
        let clock = Clock::manual(Arc::new(AtomicI64::new(now.unix())));
        Ok(Self(Arc::new(Resolve::new(config, store, LinkCache::new(0, 0), visits, clock))))
    }

    /// Follows the link with a code.
    pub async fn follow(&self, code: &str) -> Answer {
        let request = Request {
            endpoint: Endpoint::Link,
            is_head: false,
            code_param: Some(code.to_owned()),
            unmatched_path: None,
            allowed_methods: None,
            query: None,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            base_url: BaseUrl::default(),
            client_address: None,
            request_id: "local".to_owned(),
            verified_token: None,
        };
        let response = self.0.respond(&request).await;
        match response.headers().get(header::LOCATION).and_then(|url| url.to_str().ok()) {
            Some(url) if response.status().is_redirection() => Answer::Redirect(url.to_owned()),
            _ => Answer::Status(response.status().as_u16()),
        }
    }
}

/// What a visitor of the link in this item should get at the instant `now`.
pub fn expected(item: &Item, now: Timestamp) -> Answer {
    let expires_at = item.get(attribute::EXPIRES_AT).and_then(|instant| instant.as_n().ok()?.parse::<i64>().ok());
    if item.contains_key(attribute::BLOCKED_AT) {
        return Answer::Status(451);
    }
    if item.contains_key(attribute::WITHDRAWN_AT) || expires_at.is_some_and(|seconds| seconds <= now.unix()) {
        return Answer::Status(410);
    }
    let target = item.get(attribute::TARGET).and_then(|target| target.as_s().ok()).cloned().unwrap_or_default();
    // An earlier version wrote characters that RFC 3986 does not allow; they are sent percent-encoded.
    Answer::Redirect(Target::from_stored(target.clone()).map_or(target, |target| target.to_string()))
}
