//! The read side of Shortlink: `GET` and `HEAD /{code}`, and what hangs on a code: its preview and its QR code.
//!
//! # Layout
//!
//! | module | defines |
//! | --- | --- |
//! | [`config`] | what the operator chose |
//! | [`view`] | which code, and what of it: `/abc`, `/abc+`, `/abc.svg`, `/abc.png` |
//! | [`preview`] | what is known of a link, before it is followed |
//! | [`qr`] | its short URL as a QR code |
//!
//! `main.rs` is the Lambda; the local server calls the same [`Resolve`].

use std::sync::Arc;

use http::{HeaderValue, header};
use shortlink_core::clock::{Clock, Timestamp};
use shortlink_core::code::Code;
use shortlink_core::hot::HotLinks;
use shortlink_core::link::Link;
use shortlink_core::page;
use shortlink_core::problem::{Kind, Problem};
use shortlink_core::reply::{self, Reply};
use shortlink_core::request::Request;
use shortlink_core::route::Route;
use shortlink_core::store::{Found, Store, StoreError};
use shortlink_core::telemetry::DETAIL;
use shortlink_core::visitor::Visitor;
use shortlink_core::visits::{Mode, Visits};
use shortlink_lambda::Handler;

pub mod config;
pub mod preview;
pub mod qr;
pub mod view;

use config::Config;
use view::View;

/// How long a browser may follow a link without asking again, seconds: long enough for somebody who clicks twice,
/// short enough for a link that is withdrawn. (A 301 without a limit is kept for good.) The value is bit.ly's.
const MAX_AGE_SECONDS: i64 = 90;

/// Follows links.
#[derive(Clone, Debug)]
pub struct Resolve {
    config: Config,
    store: Store,
    hot_links: Arc<HotLinks>,
    visits: Visits,
    clock: Clock,
}

impl Resolve {
    /// Follows the links of `store`.
    pub fn new(config: Config, store: Store, clock: Clock) -> Self {
        let hot_links = Arc::new(HotLinks::new(config.hot_links, config.hot_links_capacity));
        let visits = Visits::new(config.visits, config.visits_kept, store.clone());
        Self { config, store, hot_links, visits, clock }
    }

    /// As [`Handler::after`], for a server that follows many links: see [`shortlink_core::batch`].
    pub async fn after_in_batches(&self) {
        self.visits.flush_in_batches(self.clock.now()).await;
    }

    /// As [`Handler::finish`], for a server that follows many links.
    pub async fn finish_in_batches(&self) {
        self.visits.flush_all_in_batches(self.clock.now()).await;
    }

    /// What is at a code; the table is not asked for a link that was followed a moment ago.
    async fn find(&self, code: &Code, now: Timestamp) -> Result<Found, StoreError> {
        if let Some(link) = self.hot_links.get(code, now) {
            return Ok(Found::Live(link));
        }
        let found = self.store.find(code, now).await?;
        if let Found::Live(link) = &found {
            self.hot_links.keep(link, now);
        }
        Ok(found)
    }

    async fn view(&self, request: &Request) -> Reply {
        // What is not a code is no link's, and costs no read.
        let Some((code, view)) = request.code.as_deref().and_then(View::parse) else {
            return missing(request);
        };
        match view {
            View::Follow => self.follow(request, &code).await,
            View::Preview => self.preview(request, &code).await,
            View::Qr(format) => self.qr(request, &code, format).await,
        }
    }

    async fn follow(&self, request: &Request, code: &Code) -> Reply {
        let now = self.clock.now();
        let reply = match live(request, self.find(code, now).await) {
            Ok(link) => {
                if !request.head && self.visits.mode() != Mode::Off {
                    self.visits.count(code, &Visitor::of(&request.headers), now);
                }
                self.redirect(&link, now, &request.id)
            }
            Err(reply) => *reply,
        };
        let status = reply.status().as_u16();
        tracing::info!(target: DETAIL, request_id = request.id, code = code.as_str(), status, "followed");
        reply
    }

    /// The link at a code, for those who do not follow it: they are no visitors, and are not counted. If it leads
    /// nowhere, the answer that says so.
    async fn look_up(&self, request: &Request, code: &Code, now: Timestamp) -> Result<Link, Box<Reply>> {
        live(request, self.store.find(code, now).await)
    }

    /// The short URL of a code.
    fn short_url(&self, request: &Request, code: &Code) -> String {
        self.config.base_url.as_ref().unwrap_or(&request.base_url).join(code.as_str())
    }

    fn redirect(&self, link: &Link, now: Timestamp, request_id: &str) -> Reply {
        let left = link.expires_at.map_or(MAX_AGE_SECONDS, |instant| instant.since(now));
        let reply = reply::redirect(self.config.redirect_status, &link.target, left.min(MAX_AGE_SECONDS));
        reply.unwrap_or_else(|error| {
            tracing::error!(request_id, code = link.code.as_str(), %error, "a target that cannot be a Location");
            Problem::internal(request_id).reply()
        })
    }
}

impl Handler for Resolve {
    async fn handle(&self, request: Request) -> Reply {
        match request.route {
            Route::Follow => self.view(&request).await,
            Route::Shorten | Route::Page | Route::OpenApi | Route::Robots | Route::Favicon => missing(&request),
        }
    }

    fn has_work_after(&self) -> bool {
        self.visits.mode() != Mode::Off
    }

    async fn after(&self) {
        self.visits.flush(self.clock.now()).await;
    }

    async fn finish(&self) {
        self.visits.flush_all(self.clock.now()).await;
    }
}

/// The link that was found, if it leads anywhere; else the answer that says why not.
fn live(request: &Request, found: Result<Found, StoreError>) -> Result<Link, Box<Reply>> {
    match found {
        Ok(Found::Live(link)) => Ok(link),
        Ok(Found::Expired(link)) => Err(Box::new(expired(request, &link))),
        Ok(Found::Missing) => Err(Box::new(missing(request))),
        Err(error) => Err(Box::new(to_visitor(request, &error.problem(&request.id)))),
    }
}

fn missing(request: &Request) -> Reply {
    let detail = "There is no link at this address. Check it for typing mistakes: capital and small letters differ.";
    to_visitor(request, &Problem::new(Kind::NotFound, detail))
}

fn expired(request: &Request, link: &Link) -> Reply {
    let when = link.expires_at.map(|instant| format!(" on {}", instant.in_words())).unwrap_or_default();
    let detail = format!("This link expired{when} and leads nowhere now. Ask whoever gave it to you for a new one.");
    to_visitor(request, &Problem::new(Kind::Gone, detail))
}

/// A page for a browser, a problem document for other clients.
fn to_visitor(request: &Request, problem: &Problem) -> Reply {
    let offered = ["application/problem+json", "application/json", "text/html"];
    let mut reply = match request.preferred(&offered) {
        Some("text/html") => page::problem(problem),
        _ => problem.reply(),
    };
    reply.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    reply
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[test]
    fn moved_permanently_is_the_default() {
        let environment = shortlink_core::config::Environment::new(&|_| None);
        assert_eq!(Config::read(&environment).map(|config| config.redirect_status), Ok(StatusCode::MOVED_PERMANENTLY));
    }
}
