//! `PUT /links/{code}`: declares what a link is. It is created if it does not exist.
//!
//! A field that is absent has its default, and a withdrawn link is restored, so that the link is afterwards what the
//! request says, and the same request changes nothing when it is sent again.

use http::{HeaderValue, StatusCode, header};
use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::code::Code;
use shortlink_core::domain::expiry::ExpiryPolicy;
use shortlink_core::domain::labels::LabelChange;
use shortlink_core::domain::link::LinkChange;
use shortlink_core::domain::manage_token::ManageToken;
use shortlink_core::domain::owner::Owner;
use shortlink_core::dynamodb::contention::back_off;
use shortlink_core::dynamodb::deduplication::CreateOutcome;
use shortlink_core::dynamodb::link_changes::ManagedLink;
use shortlink_core::dynamodb::store::CreatedLink;
use shortlink_core::http::problem::{Problem, ProblemKind};
use shortlink_core::http::request::Request;
use shortlink_core::http::response::{self, Response};

use crate::Shorten;
use crate::access::Sender;
use crate::body::{self, Fields};
use crate::create_link::{self, NotCreated};
use crate::create_link_request::CreateLinkRequest;
use crate::creator;
use crate::manage_link::{self, Action, MAX_ATTEMPTS};
use crate::managed_link_response::to_response;
use crate::precondition::{Precondition, changed_meanwhile};

/// The names of the fields.
const FIELD_NAMES: &[&str] = &["url", "expires_in", "expires_at", "title", "tags", "note"];

/// Declares the link of the request's path. Whoever may not change an existing link gets the same answers as one who
/// asks for its code as an alias.
pub(crate) async fn declare_link(shorten: &Shorten, request: &Request) -> Result<Response, Problem> {
    let sender = Sender::of(shorten, request).await?;
    let param = request.code_param.as_deref().unwrap_or_default();
    let code = Code::parse(param).ok();
    let change_id = shorten.codes.write_id();
    for attempt in 0..MAX_ATTEMPTS {
        let existing = match &code {
            Some(code) => shorten.store.find_managed(code).await?,
            None => None,
        };
        let is_existing = existing.is_some();
        if let Some(seen) = existing.filter(|managed| manage_link::is_allowed(&sender, managed, Action::Change)) {
            if Precondition::evaluate(request, &seen) != Precondition::Holds {
                return Err(changed_meanwhile());
            }
            // A change can be repeated without the key, but a wrong one is the client's mistake all the same.
            create_link::idempotency_key(request)?;
            let now = shorten.clock.now();
            let change = to_change(parse(shorten, request)?, &seen, &shorten.config.expiry, now)?;
            let changed = manage_link::try_change(shorten, request, &sender, &seen, &change, &change_id, now).await?;
            if let Some(changed) = changed {
                return Ok(to_response(shorten, request, &changed, None));
            }
        } else {
            let owner = sender.require_create(shorten.config.door)?;
            if !may_be_new(request, is_existing) {
                return Err(changed_meanwhile());
            }
            let alias = Code::parse_alias(param)
                .map_err(|error| Problem::with_field(ProblemKind::InvalidAlias, "alias", error.to_string()))?;
            let new_link = CreateLinkRequest { alias: Some(alias), ..parse(shorten, request)? };
            match create(shorten, request, new_link, &sender, owner).await {
                // Somebody has just created it who manages it, too.
                Err(NotCreated::AliasTaken(other)) if manage_link::is_allowed(&sender, &other, Action::Change) => {}
                Err(NotCreated::AliasTaken(_)) if !may_be_new(request, true) => return Err(changed_meanwhile()),
                created => return Ok(created?),
            }
        }
        back_off(attempt).await;
    }
    Err(manage_link::others_keep_changing())
}

/// Whether the conditions of a request allow that the link is created: not `If-Match`, which requires a link, nor
/// `If-None-Match: *` if there is one.
fn may_be_new(request: &Request, is_existing: bool) -> bool {
    let is_any = response::lists_etag(request, header::IF_NONE_MATCH, "") == Some(true);
    !(request.headers.contains_key(header::IF_MATCH) || (is_existing && is_any))
}

/// Creates the link.
async fn create(
    shorten: &Shorten,
    request: &Request,
    new_link: CreateLinkRequest,
    sender: &Sender,
    owner: Option<Owner>,
) -> Result<Response, NotCreated> {
    let labels = new_link.labels.clone();
    let owner_name = owner.as_ref().map(ToString::to_string);
    let key = create_link::idempotency_key(request)?;
    let outcome = create_link::create(shorten, request, new_link, sender, owner, key).await?;
    let (link, token) = match outcome {
        CreateOutcome::Created(CreatedLink { link, token, .. }) => (link, token),
        // The link may have been changed since.
        CreateOutcome::Replayed(link, token) => {
            let managed = shorten.store.find_managed(&link.code).await.map_err(Problem::from)?;
            let managed = managed.ok_or_else(|| Problem::unavailable("a link was deleted while it was read"))?;
            return Ok(created(shorten, request, &managed, token.as_ref()));
        }
        CreateOutcome::Existing(_) => return Err(Problem::internal("a declared link was shared").into()),
    };
    let managed = ManagedLink {
        link,
        labels,
        version: 0,
        changed_at: None,
        owner: owner_name,
        manage_digest: token.as_ref().map(ManageToken::digest),
        is_alias: true,
        blocked_host: None,
        creator: creator::of(request, &shorten.config),
    };
    Ok(created(shorten, request, &managed, token.as_ref()))
}

fn created(shorten: &Shorten, request: &Request, managed: &ManagedLink, token: Option<&ManageToken>) -> Response {
    let mut response = to_response(shorten, request, managed, token);
    *response.status_mut() = StatusCode::CREATED;
    // This cannot fail: a code and a parsed base URL are visible ASCII.
    if let Ok(location) = HeaderValue::from_str(&shorten.base_url(request).join(managed.link.code.as_str())) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// The fields of the body, as those of a request for a link.
fn parse(shorten: &Shorten, request: &Request) -> Result<CreateLinkRequest, Problem> {
    let fields: Fields = body::read_json(request)?;
    if let Some((name, _)) = fields.0.iter().find(|(name, _)| !FIELD_NAMES.contains(&name.as_str())) {
        let shown: String = name.chars().take(32).collect();
        let reason = format!(
            "There is no field {shown:?}; the fields are url, expires_in, expires_at, title, tags and note. The code of the \
             link is in the path."
        );
        return Err(Problem::new(ProblemKind::InvalidBody, reason));
    }
    CreateLinkRequest::parse(fields, &shorten.own_hosts(request), None)
}

/// The change that makes an existing link what the request declares, `now`. A lifetime counts from now, unless it has led
/// to the current expiry before: so a request that is repeated changes nothing.
fn to_change(
    declared: CreateLinkRequest,
    seen: &ManagedLink,
    policy: &ExpiryPolicy,
    now: Timestamp,
) -> Result<LinkChange, Problem> {
    let link = &seen.link;
    let led_to = |since: Timestamp| policy.would_yield(declared.expiry, since, link.expires_at);
    let is_declared = led_to(link.created_at) || seen.changed_at.is_some_and(led_to);
    let expires_at = if is_declared && !link.is_expired(now) {
        link.expires_at
    } else {
        policy
            .expires_at(declared.expiry, now)
            .map_err(|error| Problem::with_field(ProblemKind::InvalidExpiry, declared.expiry_field, error))?
    };
    Ok(LinkChange {
        target: Some(declared.target),
        expires_at: Some(expires_at),
        is_withdrawn: Some(false),
        is_blocked: None,
        blocked_host: None,
        labels: LabelChange::replace_by(declared.labels),
        owner: None,
    })
}
