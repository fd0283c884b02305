//! HEAD requests to a shortener, one after the other on one connection. Redirects are never followed.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use url::{Position, Url};

use crate::export::follower::Answer;
use crate::https::{self, BoxError};

/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// How often a request is sent again that was answered with 429 or 503, or not at all.
const MAX_ATTEMPTS: u32 = 4;

/// The pause before the second attempt, unless the service names one; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause that a service may ask for.
const MAX_PAUSE: Duration = Duration::from_secs(120);

/// What the requests say of themselves, so that the operator of the old service can tell them apart.
const USER_AGENT: &str = concat!("shortlink-import/", env!("CARGO_PKG_VERSION"));

/// A client of one service.
#[derive(Debug)]
pub(super) struct HeadClient {
    base: Url,
    connection: Option<SendRequest<Empty<Bytes>>>,
}

impl HeadClient {
    /// A client of the service whose short URLs begin with `base`.
    pub(super) fn new(base: Url) -> Self {
        Self { base, connection: None }
    }

    /// The short URL of a code.
    fn short_url(&self, code: &str) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push(code);
        }
        url
    }

    /// What the service answers to a visitor of the link with this code. The error is a reason for a person.
    pub(super) async fn head(&mut self, code: &str) -> Result<Answer, String> {
        let url = self.short_url(code);
        let mut failure = String::new();
        for attempt in 0..MAX_ATTEMPTS {
            let mut pause = FIRST_PAUSE * 2_u32.pow(attempt);
            let sent = tokio::time::timeout(TIMEOUT, self.send(&url)).await;
            match sent.unwrap_or_else(|error| Err(error.into())) {
                Ok(response) if matches!(response.status().as_u16(), 429 | 503) => {
                    failure = format!("it answers with the status {}", response.status().as_u16());
                    let seconds = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
                    let asked = seconds.and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
                    pause = asked.unwrap_or(pause).min(MAX_PAUSE);
                }
                Ok(response) => return Ok(answer(&url, &response)),
                Err(error) => {
                    self.connection = None;
                    failure = format!("it does not answer: {error}");
                }
            }
            if attempt + 1 < MAX_ATTEMPTS {
                tokio::time::sleep(pause).await;
            }
        }
        Err(failure)
    }

    async fn send(&mut self, url: &Url) -> Result<Response<()>, BoxError> {
        let mut sender = match self.connection.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => https::connect(&self.base).await?,
        };
        sender.ready().await?;
        let request = Request::head(&url[Position::BeforePath..Position::AfterQuery])
            .header(header::HOST, &url[Position::BeforeHost..Position::AfterPort])
            .header(header::USER_AGENT, USER_AGENT)
            .header(header::ACCEPT, "*/*")
            .body(Empty::new())?;
        let response: Response<Incoming> = sender.send_request(request).await?;
        let (parts, body) = response.into_parts();
        // Nothing follows the headers, unless the service is wrong about HEAD.
        body.collect().await?;
        self.connection = Some(sender);
        Ok(Response::from_parts(parts, ()))
    }
}

/// What a response means to a visitor. A relative `Location` is resolved.
fn answer(url: &Url, response: &Response<()>) -> Answer {
    let location = response.headers().get(header::LOCATION).map(|value| String::from_utf8_lossy(value.as_bytes()));
    match location.filter(|_| response.status().is_redirection()) {
        Some(location) if location.contains("://") => Answer::Redirect(location.into_owned()),
        Some(location) => Answer::Redirect(url.join(&location).map_or(location.into_owned(), String::from)),
        None => Answer::Status(response.status().as_u16()),
    }
}
