//! The write side of Shortlink: `POST /shorten`, the page for people at `GET /`, and the description of the API.
//!
//! # Layout
//!
//! In the order in which a request meets them:
//!
//! | module | defines |
//! | --- | --- |
//! | [`config`] | what the operator chose |
//! | [`body`] | JSON, a form or text, read into fields |
//! | [`order`] | the fields, read into the link that a client orders |
//! | [`page`] | the form and its answer, for people |
//!
//! `openapi.json` describes all this to programs. `main.rs` is the Lambda; the local server calls the same
//! [`Shorten`].

use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use shortlink_core::clock::{Clock, Timestamp};
use shortlink_core::link::Link;
use shortlink_core::problem::{Kind, Problem};
use shortlink_core::reply::{self, Reply};
use shortlink_core::request::{BaseUrl, Request};
use shortlink_core::reuse::Reused;
use shortlink_core::route::Route;
use shortlink_core::store::{CodeSource, CreateError, Draft, Store};
use shortlink_lambda::Handler;

pub mod body;
pub mod config;
pub mod order;
pub mod page;

use config::Config;
use order::Order;
use page::Entered;

/// The description of the API, OpenAPI 3.1. A test keeps it true.
pub const OPENAPI: &str = include_str!("openapi.json");

/// What crawlers may fetch.
const ROBOTS: &str = include_str!("robots.txt");

/// The icon of the pages.
const FAVICON: &str = include_str!("favicon.svg");

/// How long a browser or a CDN may keep the page and the description without asking again: not so long that a new
/// version of the service meets old ones of them.
const FIVE_MINUTES: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// As [`FIVE_MINUTES`], for what hardly ever changes.
const A_DAY: HeaderValue = HeaderValue::from_static("public, max-age=86400");

/// Makes links.
#[derive(Clone, Debug)]
pub struct Shorten {
    config: Config,
    store: Store,
    codes: CodeSource,
    clock: Clock,
}

/// A link as its maker is told of it.
#[derive(Serialize)]
struct Receipt<'a> {
    short: String,
    short_url: &'a str,
    code: &'a str,
    url: &'a str,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
}

impl Shorten {
    /// Makes links in `store`, with codes from `codes`.
    pub fn new(config: Config, store: Store, codes: CodeSource, clock: Clock) -> Self {
        Self { config, store, codes, clock }
    }

    async fn shorten(&self, request: &Request) -> Reply {
        let wanted = request.preferred(&["application/json", "text/plain", "text/html"]);
        let mut entered = Entered::default();
        let outcome = self.make(request, &mut entered).await;
        let base_url = self.base_url(request);
        let mut reply = match (outcome, wanted) {
            (Ok((status, link)), Some("text/html")) => located(page::made(status, &link, base_url), &link, base_url),
            (Ok((status, link)), _) => {
                located(receipt(status, &link, base_url, wanted == Some("text/plain")), &link, base_url)
            }
            (Err(problem), Some("text/html")) => page::refused(&problem, &entered, &self.config.expiry),
            (Err(problem), _) => problem.reply(),
        };
        reply.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
        reply
    }

    fn base_url<'a>(&'a self, request: &'a Request) -> &'a BaseUrl {
        self.config.base_url.as_ref().unwrap_or(&request.base_url)
    }

    /// Makes the link that is asked for; `entered` is told the fields, also of an order that is refused.
    async fn make(&self, request: &Request, entered: &mut Entered) -> Result<(StatusCode, Link), Problem> {
        let own_hosts = [self.base_url(request).host(), request.base_url.host()];
        let fields = body::read(request)?;
        *entered = Entered::of(&fields);
        let order = Order::read(fields, &own_hosts)?;
        let draft = self.draft(&order)?;
        let made = if order.reuse {
            self.store.create_or_reuse(&draft, &self.config.expiry, &self.codes).await
        } else {
            self.store.create(&draft, &self.codes).await.map(Reused::Made)
        };
        let (status, link) = match made.map_err(|error| refusal(&error, request))? {
            Reused::Made(link) => (StatusCode::CREATED, link),
            Reused::Found(link) => (StatusCode::OK, link),
        };
        tracing::info!(request_id = request.id, code = link.code.as_str(), status = status.as_u16(), "shortened");
        Ok((status, link))
    }

    fn draft(&self, order: &Order) -> Result<Draft, Problem> {
        let now = self.clock.now();
        let expires_at = self.config.expiry.expires_at(order.expiry, now).map_err(|error| {
            let field =
                if matches!(order.expiry, shortlink_core::expiry::Expiry::In(_)) { "expires_in" } else { "expires_at" };
            Problem::with_field(Kind::InvalidExpiry, field, error)
        })?;
        Ok(Draft {
            alias: order.alias.clone(),
            target: order.target.clone(),
            expiry: order.expiry,
            created_at: now,
            expires_at,
            purge_after: self.config.expiry.purge_after,
        })
    }
}

impl Handler for Shorten {
    async fn handle(&self, request: Request) -> Reply {
        match request.route {
            Route::Shorten => self.shorten(&request).await,
            Route::Page => reply::validated(&request, page::form(&self.config.expiry, FIVE_MINUTES)),
            Route::OpenApi => kept(&request, "application/json", FIVE_MINUTES, OPENAPI),
            Route::Robots => kept(&request, "text/plain; charset=utf-8", A_DAY, ROBOTS),
            Route::Favicon => kept(&request, "image/svg+xml", A_DAY, FAVICON),
            Route::Follow => {
                Problem::new(Kind::NotFound, "This function makes links; it does not follow them.").reply()
            }
        }
    }
}

fn refusal(error: &CreateError, request: &Request) -> Problem {
    match error {
        CreateError::AliasTaken(_) => {
            Problem::with_field(Kind::AliasTaken, "alias", "is already the code of another link; choose another")
        }
        CreateError::Exhausted => {
            tracing::error!(request_id = request.id, %error, "no free code");
            Problem::unavailable()
        }
        CreateError::Store(error) => error.problem(&request.id),
    }
}

fn receipt(status: StatusCode, link: &Link, base_url: &BaseUrl, as_text: bool) -> Reply {
    let code = link.code.as_str();
    let short_url = base_url.join(code);
    if as_text {
        return reply::text(status, format!("{short_url}\n"));
    }
    let receipt = Receipt {
        short: format!("/{code}"),
        short_url: &short_url,
        code,
        url: link.target.as_str(),
        created_at: link.created_at,
        expires_at: link.expires_at,
    };
    reply::json(status, &receipt)
}

/// An answer that says where the link is.
fn located(mut reply: Reply, link: &Link, base_url: &BaseUrl) -> Reply {
    // A code and a base that was parsed are both visible ASCII.
    if let Ok(location) = HeaderValue::from_str(&base_url.join(link.code.as_str())) {
        reply.headers_mut().insert(header::LOCATION, location);
    }
    reply
}

/// What is the same for everybody, and may be kept.
fn kept(request: &Request, content_type: &'static str, cache_control: HeaderValue, body: &'static str) -> Reply {
    reply::validated(request, reply::with_body(StatusCode::OK, content_type, cache_control, body))
}
