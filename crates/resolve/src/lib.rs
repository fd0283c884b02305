//! The read side of Shortlink: `GET` and `HEAD /{code}`, and a link's preview and QR code.
//!
//! # Layout
//!
//! | module | defines |
//! | --- | --- |
//! | [`config`] | the operator's settings |
//! | [`resource`] | which resource of which link a path names: `/abc`, `/abc+`, `/abc.svg`, `/abc.png` |
//! | [`redirect`] | `/abc`: the redirect to the target |
//! | `redirect_caching` | how long browsers and a CDN may cache a redirect |
//! | [`preview`] | `/abc+`: what is known of a link, without following it |
//! | `look_alike` | hosts that look like others |
//! | `visit_chart` | the chart of daily visits in a preview |
//! | [`qr`] | `/abc.svg` and `/abc.png`: the short URL as a QR code |
//! | `qr_image` | drawing a QR code as SVG or PNG |
//!
//! The Lambda binary is `crates/lambda/src/bin/resolve.rs`. The local server uses the same [`Resolve`].

use std::sync::Arc;

use http::{HeaderValue, header};
use shortlink_core::domain::base_url::BaseUrl;
use shortlink_core::domain::clock::{Clock, Timestamp};
use shortlink_core::domain::code::{self, Code};
use shortlink_core::domain::link::Link;
use shortlink_core::dynamodb::error::StoreError;
use shortlink_core::dynamodb::store::{Lookup, Store};
use shortlink_core::http::brand::Brand;
use shortlink_core::http::handler::Handler;
use shortlink_core::http::problem::{Problem, ProblemKind};
use shortlink_core::http::reason::Reason;
use shortlink_core::http::request::Request;
use shortlink_core::http::response::{self, Response};
use shortlink_core::http::routes::Endpoint;
use shortlink_core::link_cache::LinkCache;
use shortlink_core::visits::edge_key::EdgeKey;
use shortlink_core::visits::recorder::{VisitRecorder, VisitTracking};

pub mod config;
mod look_alike;
pub mod preview;
pub mod qr;
mod qr_image;
pub mod redirect;
mod redirect_caching;
pub mod resource;
mod visit_chart;

use config::{Config, Preview};
use resource::LinkResource;

/// The handler of the read side.
#[derive(Clone, Debug)]
pub struct Resolve {
    config: Config,
    store: Store,
    cache: Arc<LinkCache>,
    visits: VisitRecorder,
    clock: Clock,
}

impl Resolve {
    /// Serves the links of `store`.
    pub fn new(config: Config, store: Store, cache: LinkCache, visits: VisitRecorder, clock: Clock) -> Self {
        Self { config, store, cache: Arc::new(cache), visits, clock }
    }

    /// Checks that the table can be read, without the cache.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn check_health(&self) -> Result<(), StoreError> {
        // A reserved name, so that there is no link.
        let Ok(code) = Code::parse("healthz") else { return Ok(()) };
        self.store.find(&code, self.clock.now()).await.map(drop)
    }

    /// Finds the live link with a code, in the cache or in the table.
    async fn find_cached(&self, code: &Code, now: Timestamp) -> Result<Link, Problem> {
        if let Some(link) = self.cache.get(code, now) {
            return Ok(link);
        }
        match self.store.find(code, now).await {
            Err(error @ (StoreError::Unavailable(_) | StoreError::Storage(_))) => {
                self.cache.get_stale(code, now).ok_or_else(|| error.into())
            }
            Ok(Lookup::Live(link)) => {
                self.cache.insert(&link, now);
                Ok(link)
            }
            found => {
                // It must not be used again while the table does not answer.
                self.cache.remove(code);
                self.require_live(code, found)
            }
        }
    }

    /// Finds the live link with a code in the table.
    async fn find(&self, code: &Code, now: Timestamp) -> Result<Link, Problem> {
        self.require_live(code, self.store.find(code, now).await)
    }

    /// The live link that was found, or the problem that says why there is none.
    fn require_live(&self, code: &Code, lookup: Result<Lookup, StoreError>) -> Result<Link, Problem> {
        match lookup? {
            Lookup::Live(link) => Ok(link),
            Lookup::Expired(link) => {
                let reason = Reason::Expired { at: link.expires_at, now: self.clock.now() };
                Err(Problem::new(ProblemKind::Gone, reason))
            }
            Lookup::Withdrawn => Err(Problem::new(ProblemKind::Withdrawn, Reason::Withdrawn)),
            Lookup::Blocked => Err(blocked(self.config.report_url.as_deref())),
            Lookup::Missing => Err(not_found(Some(code.as_str()))),
        }
    }

    /// The short URL of a code.
    fn short_url(&self, request: &Request, code: &Code) -> String {
        self.base_url(request).join(code.as_str())
    }

    fn base_url<'a>(&'a self, request: &'a Request) -> &'a BaseUrl {
        self.config.base_url.as_ref().unwrap_or(&request.base_url)
    }
}

impl Handler for Resolve {
    fn edge_key(&self) -> Option<&EdgeKey> {
        self.config.edge_key.as_ref()
    }

    fn public_base_url(&self) -> Option<&BaseUrl> {
        self.config.base_url.as_ref()
    }

    fn is_https(&self, request: &Request) -> bool {
        self.base_url(request).is_https()
    }

    fn brand(&self) -> &Brand {
        &self.config.brand
    }

    async fn handle(&self, request: &Request) -> Result<Response, Problem> {
        self.resolve(request).await.or_else(|problem| self.redirect_elsewhere(request, problem))
    }

    fn has_background_work(&self) -> bool {
        self.visits.tracking() != VisitTracking::Off
    }

    async fn after_response(&self) {
        self.visits.flush(self.clock.now_plus(self.visits.offset())).await;
    }

    async fn shutdown(&self) {
        self.visits.flush_all(self.clock.now()).await;
    }
}

impl Resolve {
    async fn resolve(&self, request: &Request) -> Result<Response, Problem> {
        if let Some(allowed) = &request.allowed_methods {
            return Err(method_not_allowed(allowed));
        }
        let segment = match request.endpoint {
            Endpoint::Link => request.code_param.as_deref(),
            // `/abc/` and `//abc`, which no route matches.
            Endpoint::Fallback => request.unmatched_path.as_deref().map(|path| path.trim_start_matches('/')),
            _ => None,
        };
        // A path that contains no code is answered without a read.
        let (code, resource) = segment.and_then(LinkResource::parse).ok_or_else(|| not_found(segment))?;
        if request.endpoint == Endpoint::Fallback && resource != LinkResource::Redirect {
            return redirect::to_resource(self, request, &code, resource);
        }
        match resource {
            LinkResource::Redirect => redirect::redirect(self, request, &code).await,
            LinkResource::Preview if self.config.preview == Preview::Off => Err(not_found(segment)),
            LinkResource::Preview => preview::preview(self, request, &code).await,
            LinkResource::QrCode(format) => qr::qr_code(self, request, &code, format).await,
        }
    }

    /// Where the operator wants browsers to go instead of our page about a link that does not exist or is over. Programs
    /// get the problem.
    fn redirect_elsewhere(&self, request: &Request, problem: Problem) -> Result<Response, Problem> {
        let url = match problem.kind() {
            ProblemKind::NotFound => self.config.not_found_url.as_deref(),
            ProblemKind::Gone | ProblemKind::Withdrawn => self.config.expired_url.as_deref(),
            _ => None,
        };
        let prefers_page = || request.negotiate(&["application/problem+json", "text/html"]) == Some("text/html");
        match url.filter(|_| prefers_page()).and_then(|url| response::temporary_redirect(url).ok()) {
            Some(response) => Ok(response),
            None => Err(problem),
        }
    }
}

fn not_found(segment: Option<&str>) -> Problem {
    let segment = segment.map(|segment| segment.chars().take(code::MAX_LENGTH).collect());
    Problem::new(ProblemKind::NotFound, Reason::UnknownLink { segment })
}

fn method_not_allowed(allowed: &str) -> Problem {
    let problem = Problem::new(ProblemKind::MethodNotAllowed, format!("This address accepts only {allowed}."));
    match HeaderValue::from_str(allowed) {
        Ok(allowed) => problem.with_header(header::ALLOW, allowed),
        Err(_) => problem,
    }
}

fn blocked(report_url: Option<&str>) -> Problem {
    let contact = report_url.map(|url| url.strip_prefix("mailto:").unwrap_or(url).to_owned());
    Problem::new(ProblemKind::Blocked, Reason::Blocked { contact })
}
