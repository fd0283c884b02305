//! `POST /links/bulk`: creates up to a hundred links, and says of each what became of it.
//!
//! Anybody could create a hundred times as many links with such a request as with others, so it requires credentials even
//! behind the open door. Each link counts for their daily limit.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;
use shortlink_core::domain::idempotency_key::IdempotencyKey;
use shortlink_core::domain::owner::Owner;
use shortlink_core::dynamodb::deduplication::CreateOutcome;
use shortlink_core::http::problem::{Problem, ProblemKind};
use shortlink_core::http::reason::Reason;
use shortlink_core::http::request::Request;
use shortlink_core::http::response::{self, Response};
use tokio::time::Instant;

use crate::access::Sender;
use crate::body::{self, Fields};
use crate::config::Door;
use crate::create_link::{self, NotCreated};
use crate::create_link_request::CreateLinkRequest;
use crate::{Shorten, link_response, origin};

/// The maximum number of links of a request.
pub const MAX_LINKS: usize = 100;

/// The maximum size of a body, in bytes: 1,310 for each link.
pub const MAX_BYTES: usize = 131_072;

/// How many links are created at the same time.
const CONCURRENCY: usize = 8;

/// How long a request may take to create links: less than the deadline of every request, whose response would say nothing
/// about the links that were created before.
const TIME_LIMIT: Duration = Duration::from_millis(3_400);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body<'a> {
    #[serde(borrow)]
    links: Vec<&'a RawValue>,
}

/// What all links of a request have in common.
struct Batch<'a> {
    shorten: &'a Shorten,
    request: &'a Request,
    sender: Sender,
    owner: Option<Owner>,
    key: Option<IdempotencyKey>,
    deadline: Instant,
}

/// Creates the links that a request asks for. The response lists a link or a problem for each, in the order of the request.
///
/// # Errors
///
/// The sender may not create links, or the body as a whole cannot be read. Then no link was created.
pub(crate) async fn create_links(shorten: &Shorten, request: &Request) -> Result<Response, Problem> {
    let deadline = Instant::now() + TIME_LIMIT;
    origin::require_allowed(shorten, request)?;
    let sender = Sender::of(shorten, request).await?;
    let door = if shorten.config.door == Door::Open { Door::Key } else { shorten.config.door };
    let owner = sender.require_create(door)?;
    let key = create_link::idempotency_key(request)?;
    let text = body::read_json_text(request, MAX_BYTES)?;
    let links = parse(text)?;
    let batch = Batch { shorten, request, sender, owner, key, deadline };
    let mut aliases = HashSet::new();
    let requests: Vec<_> = links.into_iter().map(|link| batch.parse_link(link, &mut aliases)).collect();
    let results = stream::iter(requests.into_iter().enumerate()).map(|(index, link)| batch.create(index, link));
    let results: Vec<Json> = results.buffered(CONCURRENCY).collect().await;
    Ok(response::json(StatusCode::OK, &serde_json::json!({ "results": results })))
}

fn parse(text: &str) -> Result<Vec<&RawValue>, Problem> {
    let Ok(Body { links }) = serde_json::from_str(text) else {
        let reason = "The body must be a JSON object such as {\"links\": [{\"url\": \"https://example.com/\"}]}.";
        return Err(body::invalid(reason));
    };
    if links.is_empty() || links.len() > MAX_LINKS {
        let reason = format!("The body has {} links; send 1 to {MAX_LINKS}.", links.len());
        return Err(body::invalid(reason));
    }
    Ok(links)
}

impl Batch<'_> {
    /// Parses a link of the body. Of several with one alias, the first gets it.
    fn parse_link(&self, link: &RawValue, aliases: &mut HashSet<String>) -> Result<CreateLinkRequest, Problem> {
        let fields: Fields = serde_json::from_str(link.get())
            .map_err(|_| body::invalid("A link must be a JSON object such as {\"url\": \"https://example.com/\"}."))?;
        let link = CreateLinkRequest::parse(fields, &self.shorten.own_hosts(self.request), None)?;
        match &link.alias {
            Some(alias) if !aliases.insert(alias.to_string()) => {
                let reason = Reason::AliasTaken { alias: alias.to_string(), free: Vec::new() };
                Err(Problem::with_field(ProblemKind::AliasTaken, "alias", reason))
            }
            _ => Ok(link),
        }
    }

    /// Creates a link, and returns it or the problem as JSON.
    async fn create(&self, index: usize, link: Result<CreateLinkRequest, Problem>) -> Json {
        let created = match link {
            Ok(link) => tokio::time::timeout_at(self.deadline, self.try_create(index, link))
                .await
                .unwrap_or_else(|_| Err(Problem::unavailable("the time for creating several links was over"))),
            Err(problem) => Err(problem),
        };
        created.unwrap_or_else(|problem| {
            problem.log(&self.request.request_id);
            problem.to_json(&self.request.request_id)
        })
    }

    async fn try_create(&self, index: usize, link: CreateLinkRequest) -> Result<Json, Problem> {
        let Self { shorten, request, sender, .. } = self;
        let key = self.key.as_ref().map(|key| key.of_item(index));
        let outcome = create_link::create(shorten, request, link, sender, self.owner.clone(), key).await;
        let (status, link, token) = match outcome {
            Ok(CreateOutcome::Created(created)) => (StatusCode::CREATED, created.link, created.token),
            Ok(CreateOutcome::Replayed(link, token)) => (StatusCode::CREATED, link, token),
            Ok(CreateOutcome::Existing(link)) => (StatusCode::OK, link, None),
            Err(NotCreated::AliasTaken(other)) => return Err(create_link::alias_taken(shorten, &other.link.code).await),
            Err(NotCreated::Other(problem)) => return Err(problem),
        };
        Ok(link_response::to_json(shorten, request, status, &link, token.as_ref()))
    }
}
