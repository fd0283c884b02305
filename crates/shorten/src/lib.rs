//! The write side of Shortlink: `POST /shorten`, and the description of the API.
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

use config::Config;
use order::Order;

/// The description of the API, OpenAPI 3.1. A test keeps it true.
pub const OPENAPI: &str = include_str!("openapi.json");

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

    async fn shorten(&self, request: &Request) -> Result<Reply, Problem> {
        let base_url = self.config.base_url.as_ref().unwrap_or(&request.base_url);
        let own_hosts = [base_url.host(), request.base_url.host()];
        let order = Order::read(body::read(request)?, &own_hosts)?;
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
        Ok(receipt(request, status, &link, base_url))
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
            Route::Shorten => self.shorten(&request).await.unwrap_or_else(|problem| problem.reply()),
            Route::OpenApi => description(),
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

fn receipt(request: &Request, status: StatusCode, link: &Link, base_url: &BaseUrl) -> Reply {
    let code = link.code.as_str();
    let short_url = base_url.join(code);
    let mut reply = match request.preferred(&["application/json", "text/plain"]) {
        Some("text/plain") => reply::text(status, format!("{short_url}\n")),
        _ => reply::json(
            status,
            &Receipt {
                short: format!("/{code}"),
                short_url: &short_url,
                code,
                url: link.target.as_str(),
                created_at: link.created_at,
                expires_at: link.expires_at,
            },
        ),
    };
    // A code and a base that was parsed are both visible ASCII.
    if let Ok(location) = HeaderValue::from_str(&short_url) {
        reply.headers_mut().insert(header::LOCATION, location);
    }
    reply.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    reply
}

fn description() -> Reply {
    let an_hour = HeaderValue::from_static("public, max-age=3600");
    reply::with_body(StatusCode::OK, "application/json", an_hour, OPENAPI)
}
