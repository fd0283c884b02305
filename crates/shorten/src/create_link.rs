//! `POST /links` and `POST /shorten`: create a link.

use http::{HeaderValue, StatusCode, header};
use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::code::Code;
use shortlink_core::domain::idempotency_key::IdempotencyKey;
use shortlink_core::domain::link::{Link, NewLink};
use shortlink_core::domain::link_limit::LinkLimit;
use shortlink_core::domain::manage_token::ManageToken;
use shortlink_core::domain::owner::Owner;
use shortlink_core::domain::target::Target;
use shortlink_core::dynamodb::deduplication::{CreateOutcome, DeduplicateBy};
use shortlink_core::dynamodb::error::CreateError;
use shortlink_core::dynamodb::link_changes::ManagedLink;
use shortlink_core::dynamodb::store::CreatedLink;
use shortlink_core::http::language::Language;
use shortlink_core::http::problem::{Problem, ProblemKind};
use shortlink_core::http::reason::Reason;
use shortlink_core::http::request::Request;
use shortlink_core::http::response::Response;

use crate::Shorten;
use crate::access::Sender;
use crate::body::{self, Fields};
use crate::create_link_request::CreateLinkRequest;
use crate::creator;
use crate::form::{self, FormValues};
use crate::host_rules_cache;
use crate::link_response::{self, Format};
use crate::origin;

/// The name of the header with the idempotency key.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// How many aliases are proposed for one that is taken.
const MAX_SUGGESTIONS: usize = 2;

/// How many aliases are looked up for that, each with a read.
const MAX_TRIED: usize = 3;

/// The beginning of 2020, in Unix seconds. If the clock shows an earlier time, it has not been set, and links created
/// now would already have expired once it is.
const EARLIEST_NOW: i64 = 1_577_836_800;

/// Creates the link that a request asks for. A problem is a form with errors if the client prefers HTML, else a
/// document.
pub(crate) async fn create_link(shorten: &Shorten, request: &Request) -> Result<Response, Problem> {
    let format = Format::negotiate(request);
    let fields = body::read(request).await;
    let values = fields.as_ref().map(FormValues::from_fields).unwrap_or_default();
    let created = match (admit(shorten, request).await, fields) {
        (Ok((sender, owner)), Ok(fields)) => create_or_reuse(shorten, request, format, fields, &sender, owner).await,
        (Err(problem), _) | (Ok(_), Err(problem)) => Err(problem),
    };
    match created {
        Ok((status, link, token)) => {
            Ok(link_response::link_response(shorten, request, format, status, &link, token.as_ref()))
        }
        // Whoever may not create links is not shown the form.
        Err(problem) if matches!(problem.kind(), ProblemKind::Unauthorized | ProblemKind::Forbidden) => Err(problem),
        Err(problem) if format == Format::Html => {
            let language = Language::of(request);
            let page = form::form_with_errors(&problem, &request.request_id, &values, &shorten.config, language);
            Err(problem.as_page(page))
        }
        Err(problem) => Err(problem.as_document()),
    }
}

/// The sender, who may create links, and to whom they then belong.
pub(crate) async fn admit(shorten: &Shorten, request: &Request) -> Result<(Sender, Option<Owner>), Problem> {
    origin::require_allowed(shorten, request)?;
    let sender = Sender::of(shorten, request).await?;
    let owner = sender.require_create(shorten.config.door)?;
    Ok((sender, owner))
}

/// Creates the link or finds the existing one. The status tells which: 201 or 200. A link that was created has a
/// management token.
async fn create_or_reuse(
    shorten: &Shorten,
    request: &Request,
    format: Format,
    fields: Fields,
    sender: &Sender,
    owner: Option<Owner>,
) -> Result<(StatusCode, Link, Option<ManageToken>), Problem> {
    let create_request = CreateLinkRequest::parse(fields, &shorten.own_hosts(request), request.query.as_deref())?;
    let asked_on_page = (format == Format::Html).then(|| create_request.target.clone());
    let created = match create(shorten, request, create_request, sender, owner, idempotency_key(request)?).await {
        // A person who reloads the page about a new link posts the form again, and should see the same link.
        Err(NotCreated::AliasTaken(other))
            if asked_on_page.as_ref().is_some_and(|target| is_live(shorten, &other, target)) =>
        {
            return Ok((StatusCode::OK, other.link, None));
        }
        Err(NotCreated::AliasTaken(other)) => return Err(alias_taken(shorten, &other.link.code).await),
        created => created?,
    };
    Ok(match created {
        CreateOutcome::Created(CreatedLink { link, token, .. }) | CreateOutcome::Replayed(link, token) => {
            (StatusCode::CREATED, link, token)
        }
        CreateOutcome::Existing(link) => (StatusCode::OK, link, None),
    })
}

/// Whether a link redirects to a target. Whoever asks knows both, and could follow the link.
fn is_live(shorten: &Shorten, other: &ManagedLink, target: &Target) -> bool {
    other.link.target == *target && other.link.is_live(shorten.clock.now())
}

/// The problem of an alias that is the code of another link, with aliases that are free. Whoever asks learns no more than
/// from `HEAD /{code}`.
pub(crate) async fn alias_taken(shorten: &Shorten, alias: &Code) -> Problem {
    let free = free_aliases(shorten, alias).await;
    let reason = Reason::AliasTaken { alias: alias.to_string(), free: free.clone() };
    Problem::with_field(ProblemKind::AliasTaken, "alias", reason).with_suggestions(free)
}

async fn free_aliases(shorten: &Shorten, alias: &Code) -> Vec<String> {
    let mut free = Vec::new();
    for other in alias.numbered().take(MAX_TRIED) {
        match shorten.store.find_managed(&other).await {
            Ok(None) => free.push(other.to_string()),
            Ok(Some(_)) => {}
            // The request has its answer already, and a proposal is not worth another failure.
            Err(_) => break,
        }
        if free.len() == MAX_SUGGESTIONS {
            break;
        }
    }
    free
}

/// Creates the link that a request asks for, or finds the existing one, and logs it. `key` is that of the request, by which
/// a repeated one is recognised.
pub(crate) async fn create(
    shorten: &Shorten,
    request: &Request,
    mut create_request: CreateLinkRequest,
    sender: &Sender,
    owner: Option<Owner>,
    key: Option<IdempotencyKey>,
) -> Result<CreateOutcome, NotCreated> {
    host_rules_cache::require_allowed(shorten, &create_request.target).await?;
    if let Some(grant) = sender.grant() {
        create_request.restrict_to(grant, &shorten.config.expiry, shorten.clock.now())?;
    }
    let deduplicate_by = DeduplicateBy { reuse: create_request.reuse, key: key.as_ref() };
    let creator = creator::of(request, &shorten.config);
    let new_link = NewLink { creator, ..to_new_link(shorten, create_request, owner)? };
    let limit = sender.limit(&shorten.config);
    let (store, policy, codes) = (&shorten.store, &shorten.config.expiry, &shorten.codes);
    let outcome = store.get_or_create_within(limit.as_ref(), &new_link, deduplicate_by, policy, codes).await?;
    let (status, link, codes_taken) = match &outcome {
        CreateOutcome::Created(created) => (StatusCode::CREATED, &created.link, created.codes_taken),
        CreateOutcome::Replayed(link, _) => (StatusCode::CREATED, link, 0),
        CreateOutcome::Existing(link) => (StatusCode::OK, link, 0),
    };
    tracing::info!(
        request_id = request.request_id,
        key = sender.key_name(),
        grant = sender.grant_id(),
        code = link.code.as_str(),
        status = status.as_u16(),
        codes_taken,
        "created a link"
    );
    Ok(outcome)
}

/// The reason that a link was not created.
pub(crate) enum NotCreated {
    /// The alias is the code of this link.
    AliasTaken(Box<ManagedLink>),
    /// Another problem.
    Other(Problem),
}

impl From<Problem> for NotCreated {
    fn from(problem: Problem) -> Self {
        Self::Other(problem)
    }
}

impl From<CreateError> for NotCreated {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::AliasTaken(other) => Self::AliasTaken(other),
            CreateError::IdempotencyKeyUsed => Self::Other(Problem::with_field(
                ProblemKind::IdempotencyKeyUsed,
                IDEMPOTENCY_KEY,
                "was used in the last day for another request, or for a link that no longer exists; send a new key",
            )),
            CreateError::LimitReached(limit, now) => Self::Other(limit_reached(&limit, now)),
            CreateError::CodesExhausted => Self::Other(Problem::unavailable(error)),
            CreateError::Store(error) => Self::Other(error.into()),
        }
    }
}

impl From<NotCreated> for Problem {
    fn from(reason: NotCreated) -> Self {
        match reason {
            NotCreated::AliasTaken(_) => {
                Self::with_field(ProblemKind::AliasTaken, "alias", "is already taken; choose another")
            }
            NotCreated::Other(problem) => problem,
        }
    }
}

/// The key by which a repeated request is recognised, if the client sends one.
pub(crate) fn idempotency_key(request: &Request) -> Result<Option<IdempotencyKey>, Problem> {
    let mut values = request.headers.get_all(IDEMPOTENCY_KEY).iter();
    let reason = match (values.next(), values.next()) {
        (None, _) => return Ok(None),
        (Some(value), None) => match IdempotencyKey::parse(value.as_bytes()) {
            Ok(key) => return Ok(Some(key)),
            Err(error) => error.to_string(),
        },
        (Some(_), Some(_)) => "occurs twice; send it once".to_owned(),
    };
    Err(Problem::with_field(ProblemKind::InvalidIdempotencyKey, IDEMPOTENCY_KEY, reason))
}

/// Applies the operator's policy to the requested expiry.
fn to_new_link(shorten: &Shorten, request: CreateLinkRequest, owner: Option<Owner>) -> Result<NewLink, Problem> {
    let now = shorten.clock.now();
    if now.unix() < EARLIEST_NOW {
        return Err(Problem::operator_required(format!("the clock of this machine is wrong: it shows {now}")));
    }
    let policy = &shorten.config.expiry;
    let expires_at = policy
        .expires_at(request.expiry, now)
        .map_err(|error| Problem::with_field(ProblemKind::InvalidExpiry, request.expiry_field, error))?;
    // An alias may be in print, so nobody else gets it, ever.
    let purge_after = policy.purge_after.filter(|_| request.alias.is_none());
    Ok(NewLink {
        alias: request.alias,
        target: request.target,
        requested_expiry: request.expiry,
        created_at: now,
        expires_at,
        purge_after,
        creator: None,
        has_token: owner.is_none() && !request.reuse,
        owner,
        labels: request.labels,
    })
}

/// The sender has created as many links as it may.
fn limit_reached(limit: &LinkLimit, now: Timestamp) -> Problem {
    let maximum = limit.maximum();
    match limit.retry_after(now) {
        Some(seconds) => {
            let reason = format!(
                "At most {maximum} links a day may be created with these credentials. The next day begins at 00:00 UTC, in \
                 {seconds} seconds."
            );
            Problem::new(ProblemKind::LimitReached, reason).with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
        }
        None => {
            let reason = format!("This grant allowed {maximum} links, which have been created. Ask for a new grant.");
            Problem::new(ProblemKind::Forbidden, reason)
        }
    }
}
