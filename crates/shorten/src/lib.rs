//! The write side of Shortlink: `POST /shorten`, everything below `/links`, the page at `GET /`, and the description of the API.
//!
//! # Layout
//!
//! In the order in which a request passes through them:
//!
//! | module | defines |
//! | --- | --- |
//! | [`config`] | the operator's settings |
//! | `access` | who sends the request, and what they may do |
//! | `origin` | requests that a page elsewhere makes a browser send |
//! | `key_cache` | API keys kept in memory |
//! | `key_uses` | when API keys were last used |
//! | [`grant`] | tokens that allow creating links within bounds |
//! | [`create_link`] | `POST /links` and `POST /shorten`: create a link |
//! | [`create_links`] | `POST /links/bulk`: create several links |
//! | `creator` | what is kept of the client that creates a link |
//! | [`body`] | a JSON, form or text body, read into fields |
//! | `multipart` | a body of type `multipart/form-data` |
//! | [`create_link_request`] | the fields, parsed into the request for a link |
//! | `label_fields` | the fields that label a link |
//! | `host_rules_cache` | the hosts that links may lead to, kept in memory |
//! | `list_links` | `GET /links`: the links of an owner |
//! | [`manage_link`] | `GET`, `PATCH` and `DELETE /links/{code}`: shows, changes and withdraws a link |
//! | `precondition` | `If-Match` and `If-None-Match` |
//! | [`change_link_request`] | the fields, parsed into the request to change a link |
//! | `declare_link` | `PUT /links/{code}`: creates a link or changes it, so that it is what the request says |
//! | [`changed_values_document`] | the values that a change concerns |
//! | `show_history` | `GET /links/{code}/history`: who changed what of a link |
//! | `show_visits` | `GET /links/{code}/visits`: how often a link was visited, and from where |
//! | [`visit_range`], [`visits_document`] | the days of that report, and the report as JSON and CSV |
//! | `managed_link_response` | the response about a link for whoever manages it |
//! | [`link_response`] | the response about a link: JSON, text or a page |
//! | [`form`] | the page with the form, and the form with errors |
//! | `docs` | the page that describes the API |
//! | `my_links` | the page with the links of a browser, an API key or an account |
//! | [`home`] | `GET /shorten`: the redirect to the page |
//! | [`assets`] | `openapi.json`, `robots.txt`, `favicon.svg`, `manifest.webmanifest`, `opensearch.xml` |
//!
//! The Lambda binary is `crates/lambda/src/bin/shorten.rs`. The local server uses the same [`Shorten`].

use std::sync::Arc;

use http::{HeaderValue, StatusCode};
use shortlink_core::domain::base_url::BaseUrl;
use shortlink_core::domain::clock::Clock;
use shortlink_core::domain::code_generator::CodeGenerator;
use shortlink_core::dynamodb::store::Store;
use shortlink_core::http::brand::Brand;
use shortlink_core::http::cors::AllowedOrigins;
use shortlink_core::http::handler::{Handler, MAX_POST_RESPONSE_TIME};
use shortlink_core::http::language::Language;
use shortlink_core::http::problem::{Problem, ProblemKind};
use shortlink_core::http::request::Request;
use shortlink_core::http::response::{self, Response};
use shortlink_core::http::routes::Endpoint;
use shortlink_core::visits::edge_key::EdgeKey;

mod access;
pub mod assets;
pub mod body;
pub mod change_link_request;
pub mod changed_values_document;
pub mod config;
pub mod create_link;
pub mod create_link_request;
pub mod create_links;
mod creator;
mod declare_link;
mod docs;
pub mod form;
pub mod grant;
pub mod home;
mod host_rules_cache;
mod key_cache;
mod key_uses;
mod label_fields;
pub mod link_response;
mod list_links;
pub mod manage_link;
mod managed_link_response;
mod multipart;
mod my_links;
mod origin;
mod precondition;
mod show_history;
mod show_visits;
pub mod visit_range;
pub mod visits_document;

use config::Config;
use form::FormValues;
use grant::key_cache::GrantKeyCache;
use grant::key_source::KeySource;
use host_rules_cache::HostRulesCache;
use key_cache::KeyCache;
use key_uses::KeyUses;

/// How long browsers and CDNs may cache the page and the API's description. It is short, so that a new version of the
/// service does not meet old pages for long.
const FIVE_MINUTES: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// As [`FIVE_MINUTES`], for small files that depend on the language: a CDN that knows them by their path may not keep them.
const IN_THE_BROWSER: HeaderValue = HeaderValue::from_static("private, max-age=300");

/// As [`FIVE_MINUTES`], for files that hardly ever change.
const ONE_DAY: HeaderValue = HeaderValue::from_static("public, max-age=86400");

/// The handler of the write side.
#[derive(Clone, Debug)]
pub struct Shorten {
    config: Config,
    store: Store,
    codes: CodeGenerator,
    clock: Clock,
    keys: Arc<KeyCache>,
    key_uses: Arc<KeyUses>,
    host_rules: Arc<HostRulesCache>,
    grant_keys: Option<Arc<GrantKeyCache>>,
    is_read_only: bool,
}

impl Shorten {
    /// Creates links in `store`, with codes from `codes`.
    pub fn new(config: Config, store: Store, codes: CodeGenerator, clock: Clock) -> Self {
        let (keys, key_uses, host_rules) = (Arc::default(), Arc::default(), Arc::default());
        Self { config, store, codes, clock, keys, key_uses, host_rules, grant_keys: None, is_read_only: false }
    }

    /// The same handler, which accepts grants that the key in `source` has signed. The key is read when the first grant
    /// arrives.
    pub fn with_grant_key(self, source: KeySource) -> Self {
        Self { grant_keys: Some(Arc::new(GrantKeyCache::new(source))), ..self }
    }

    /// The same handler, which creates and changes nothing: it stands in for a service that is down.
    pub fn read_only(self) -> Self {
        Self { is_read_only: true, ..self }
    }

    /// What short URLs begin with, if `BASE_URL` is set.
    pub fn configured_base_url(&self) -> Option<&BaseUrl> {
        self.config.base_url.as_ref()
    }

    /// The origins whose pages may call the API.
    pub fn allowed_origins(&self) -> &AllowedOrigins {
        &self.config.allowed_origins
    }

    /// The hosts of this service, which no link may redirect to.
    fn own_hosts<'a>(&'a self, request: &'a Request) -> [&'a str; 2] {
        [self.base_url(request).host(), request.base_url.host()]
    }

    fn base_url<'a>(&'a self, request: &'a Request) -> &'a BaseUrl {
        self.config.base_url.as_ref().unwrap_or(&request.base_url)
    }
}

impl Handler for Shorten {
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
        let (content_type, cache_control, file) = match request.endpoint {
            Endpoint::CreateLink | Endpoint::DeclareLink | Endpoint::ChangeLink | Endpoint::WithdrawLink
                if self.is_read_only =>
            {
                let reason = "This service is read-only for now: links can be followed, but not created or changed.";
                return Err(Problem::operator_required_as_logged(reason));
            }
            Endpoint::CreateLink => return create_link::create_link(self, request).await,
            Endpoint::CreateLinks => return create_links::create_links(self, request).await,
            Endpoint::ListLinks => return list_links::list_links(self, request).await,
            Endpoint::ShowLink => return manage_link::show_link(self, request).await,
            Endpoint::DeclareLink => return declare_link::declare_link(self, request).await,
            Endpoint::ShowHistory => return show_history::show_history(self, request).await,
            Endpoint::ShowVisits => return show_visits::show_visits(self, request).await,
            Endpoint::ChangeLink => return manage_link::change_link(self, request).await,
            Endpoint::WithdrawLink => return manage_link::withdraw_link(self, request).await,
            Endpoint::Home => {
                if let Some(url) = &self.config.home_url {
                    return home::redirect_elsewhere(url);
                }
                let values = FormValues::from_query(request.query.as_deref());
                return Ok(response::with_etag(request, form::empty_form(self, request, &values)));
            }
            Endpoint::Docs => return Ok(response::with_etag(request, docs::docs(self, request))),
            Endpoint::MyLinks => return Ok(response::with_etag(request, my_links::my_links(self, request))),
            Endpoint::OpenApi => ("application/json", FIVE_MINUTES, assets::OPENAPI),
            Endpoint::Manifest => {
                let file = assets::manifest(&self.config.brand, Language::of(request));
                let mut response =
                    response::with_body(StatusCode::OK, "application/manifest+json", IN_THE_BROWSER, file);
                response::add_vary(&mut response, "accept-language");
                return Ok(response::with_etag(request, response));
            }
            Endpoint::OpenSearch => {
                let base = self.base_url(request).join("");
                let file = assets::opensearch(&base, &self.config.brand, Language::of(request));
                let content_type = "application/opensearchdescription+xml";
                let mut response = response::with_body(StatusCode::OK, content_type, IN_THE_BROWSER, file);
                response::add_vary(&mut response, "accept-language");
                return Ok(response::with_etag(request, response));
            }
            Endpoint::Robots => ("text/plain; charset=utf-8", ONE_DAY, assets::ROBOTS),
            Endpoint::Favicon => ("image/svg+xml", ONE_DAY, assets::FAVICON),
            Endpoint::RedirectToHome => return Ok(home::redirect_to_home()),
            Endpoint::Link | Endpoint::Fallback => {
                let reason = "This function creates links and does not redirect.";
                return Err(Problem::new(ProblemKind::NotFound, reason));
            }
        };
        Ok(response::with_etag(request, response::with_body(StatusCode::OK, content_type, cache_control, file)))
    }

    async fn after_response(&self) {
        // When a key was last used is not worth more time than this.
        let write = self.key_uses.write(&self.store);
        if tokio::time::timeout(MAX_POST_RESPONSE_TIME, write).await.is_err() {
            tracing::warn!("the last use of an API key could not be written in time");
        }
    }

    async fn shutdown(&self) {
        self.key_uses.write(&self.store).await;
    }
}
