//! `GET`, `PATCH` and `DELETE /links/{code}`: what the owner of a link can do, with its management token.

use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::code::Code;
use shortlink_core::domain::link::LinkChange;
use shortlink_core::domain::manage_token::ManageToken;
use shortlink_core::dynamodb::link_changes::ManagedLink;
use shortlink_core::http::problem::{Problem, ProblemKind};
use shortlink_core::http::request::Request;
use shortlink_core::http::response::{self, Response};

use crate::change_link_request::ChangeLinkRequest;
use crate::{Shorten, body};

/// How often a change is tried if the link is changed by others meanwhile and the client has sent no `If-Match`.
const MAX_ATTEMPTS: usize = 5;

/// A link, as JSON for its owner.
#[derive(Serialize)]
struct ManagedLinkResponse<'a> {
    code: &'a str,
    short_url: &'a str,
    url: &'a str,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    changed_at: Option<Timestamp>,
    withdrawn_at: Option<Timestamp>,
}

/// `GET /links/{code}`: the link.
pub(crate) async fn show_link(shorten: &Shorten, request: &Request) -> Result<Response, Problem> {
    let (managed, _) = authorize(shorten, request).await?;
    Ok(to_response(shorten, request, &managed))
}

/// `PATCH /links/{code}`: changes the target, the expiry, or whether the link is withdrawn.
pub(crate) async fn change_link(shorten: &Shorten, request: &Request) -> Result<Response, Problem> {
    let fields = body::read_json(request)?;
    let own_hosts = [shorten.base_url(request).host(), request.base_url.host()];
    let change = ChangeLinkRequest::parse(fields, &own_hosts)?;
    let now = shorten.clock.now();
    let change = change.apply_policy(&shorten.config.expiry, now)?;
    let managed = apply(shorten, request, &change, now).await?;
    Ok(to_response(shorten, request, &managed))
}

/// `DELETE /links/{code}`: withdraws the link. Its item stays, so that nobody else gets its code.
pub(crate) async fn withdraw_link(shorten: &Shorten, request: &Request) -> Result<Response, Problem> {
    let withdrawal = LinkChange { is_withdrawn: Some(true), ..LinkChange::default() };
    apply(shorten, request, &withdrawal, shorten.clock.now()).await?;
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Changes the link. If the client has sent `If-Match` and the link is another by then, the change is refused.
async fn apply(
    shorten: &Shorten,
    request: &Request,
    change: &LinkChange,
    now: Timestamp,
) -> Result<ManagedLink, Problem> {
    let change_id = shorten.codes.write_id();
    for _ in 0..MAX_ATTEMPTS {
        let (seen, token) = authorize(shorten, request).await?;
        if !is_expected(request, &seen) {
            return Err(changed_meanwhile());
        }
        let purge_after = shorten.config.expiry.purge_after;
        let changed = shorten.store.change(&seen, &token, change, &change_id, now, purge_after).await?;
        if let Some(changed) = changed {
            tracing::info!(
                request_id = request.request_id,
                code = changed.link.code.as_str(),
                version = changed.version,
                "changed a link"
            );
            return Ok(changed);
        }
    }
    Err(Problem::unavailable("others kept changing the same link"))
}

/// The link of the request's path, if the request contains its management token. The problem is the same whether there is
/// no such link or the token is another, so that nobody learns which codes exist.
async fn authorize(shorten: &Shorten, request: &Request) -> Result<(ManagedLink, ManageToken), Problem> {
    let Some(token) = bearer_token(request) else {
        let reason = "Send the link's management token, which the response to its creation contains, in the header \
                      Authorization: Bearer slm_….";
        return Err(Problem::new(ProblemKind::Unauthorized, reason));
    };
    let code = request.code_param.as_deref().and_then(|code| Code::parse(code).ok());
    let managed = match (code, ManageToken::parse(token)) {
        (Some(code), Some(token)) => shorten.store.find_managed(&code, &token).await?.map(|managed| (managed, token)),
        _ => None,
    };
    managed.ok_or_else(|| {
        let reason = "There is no link with this code and this management token. Check both for typos.";
        Problem::new(ProblemKind::Unauthorized, reason)
            .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""))
    })
}

/// The token of the `Authorization` header (RFC 6750, 2.1).
fn bearer_token(request: &Request) -> Option<&str> {
    let (scheme, token) = request.header(header::AUTHORIZATION)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whether the link is in the state that `If-Match` names, if there is one (RFC 9110, 13.1.1).
fn is_expected(request: &Request, managed: &ManagedLink) -> bool {
    let mut expected = request.headers.get_all(header::IF_MATCH).iter().peekable();
    if expected.peek().is_none() {
        return true;
    }
    let tags = expected.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let etag = etag(managed);
    tags.map(str::trim).any(|tag| tag == "*" || tag == etag)
}

fn changed_meanwhile() -> Problem {
    let reason = "The link has been changed since you read it. Read it again, and send the new ETag in If-Match.";
    Problem::new(ProblemKind::PreconditionFailed, reason)
}

/// The entity tag of a link: its version.
fn etag(managed: &ManagedLink) -> String {
    format!("\"{}\"", managed.version)
}

fn to_response(shorten: &Shorten, request: &Request, managed: &ManagedLink) -> Response {
    let link = &managed.link;
    let short_url = shorten.base_url(request).join(link.code.as_str());
    let document = ManagedLinkResponse {
        code: link.code.as_str(),
        short_url: &short_url,
        url: link.target.as_str(),
        created_at: link.created_at,
        expires_at: link.expires_at,
        changed_at: managed.changed_at,
        withdrawn_at: link.withdrawn_at,
    };
    let mut response = response::json(StatusCode::OK, &document);
    if let Ok(etag) = HeaderValue::from_str(&etag(managed)) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}
