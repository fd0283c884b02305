//! The service, over HTTP, each request over a new connection.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, Response, header};
use shortlink_core::dynamodb::error::error_chain;
use url::Url;

use crate::https;

/// A service at an address.
#[derive(Debug)]
pub(super) struct Service {
    /// It ends with a slash.
    url: Url,
    key: Option<String>,
}

/// A response, and how long it took.
pub(super) struct Answer {
    pub(super) response: Result<Response<Bytes>, String>,
    pub(super) took: Duration,
}

impl Service {
    pub(super) fn new(url: Url, key: Option<String>) -> Self {
        Self { url, key }
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// The credentials of the person who tries it.
    pub(super) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Sends a request to a path below the address.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        credentials: Option<&str>,
        accept: &str,
        body: Option<String>,
    ) -> Answer {
        let started_at = Instant::now();
        let mut request = Request::builder()
            .method(method)
            .header(header::ACCEPT, accept)
            // It is not a visitor: the redirect is counted as that of a bot.
            .header(header::USER_AGENT, concat!("shortlink-smoke-bot/", env!("CARGO_PKG_VERSION")));
        if let Some(credentials) = credentials {
            request = request.header(header::AUTHORIZATION, format!("Bearer {credentials}"));
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let request = request.body(Bytes::from(body.unwrap_or_default())).map_err(|error| error.to_string());
        let response = match (request, self.url.join(path)) {
            (Ok(request), Ok(url)) => https::send(&url, request).await.map_err(|error| error_chain(&*error)),
            (Err(error), _) => Err(error),
            (_, Err(error)) => Err(error.to_string()),
        };
        Answer { response, took: started_at.elapsed() }
    }
}
