//! `GET`, `PATCH` and `DELETE /links/{code}`: what the owner of a link can do, with its management token, an API
//! key or a verified token.

use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::code::Code;
use shortlink_core::domain::link::LinkChange;
use shortlink_core::dynamodb::contention::back_off;
use shortlink_core::dynamodb::link_changes::ManagedLink;
use shortlink_core::http::problem::{Problem, ProblemKind};
use shortlink_core::http::request::Request;
use shortlink_core::http::response::{self, Response};

use crate::access::{Sender, invalid_token};
use crate::change_link_request::ChangeLinkRequest;
use crate::{Shorten, body};

/// How often a change is tried if the link is changed by others meanwhile and the client has sent no `If-Match`.
const MAX_ATTEMPTS: u32 = 10;

/// For how long a visitor may still be redirected as before a change, in seconds: the service caches a link for up to
/// 60 seconds, and a browser a redirect for up to 90.
const VISIBLE_AFTER_SECONDS: i64 = 60 + 90;

/// A link, as JSON for its owner.
#[derive(Serialize)]
struct ManagedLinkResponse<'a> {
    code: &'a str,
    short_url: &'a str,
    url: &'a str,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    changed_at: Option<Timestamp>,
    /// From then on every visitor sees the last change.
    visible_by: Option<Timestamp>,
    withdrawn: bool,
    withdrawn_at: Option<Timestamp>,
    /// To whom it belongs, if it was created with an API key or a verified token.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'a str>,
}

/// `GET /links/{code}`: the link.
pub(crate) async fn show_link(shorten: &Shorten, request: &Request) -> Result<Response, Problem> {
    let (_, managed) = authorize(shorten, request, Action::Read).await?;
    match Precondition::evaluate(request, &managed) {
        Precondition::Holds => Ok(to_response(shorten, request, &managed)),
        Precondition::IsCurrent => {
            let mut response = to_response(shorten, request, &managed);
            response::make_not_modified(&mut response);
            Ok(response)
        }
        Precondition::Fails => Err(changed_meanwhile()),
    }
}

/// `PATCH /links/{code}`: changes the target, the expiry, or whether the link is withdrawn.
pub(crate) async fn change_link(shorten: &Shorten, request: &Request) -> Result<Response, Problem> {
    let authorized = authorize(shorten, request, Action::Change).await?;
    let fields = body::read_json(request)?;
    let change = ChangeLinkRequest::parse(fields, &shorten.own_hosts(request))?;
    let now = shorten.clock.now();
    let change = change.apply_policy(&shorten.config.expiry, now)?;
    let managed = apply(shorten, request, authorized, &change, now).await?;
    Ok(to_response(shorten, request, &managed))
}

/// `DELETE /links/{code}`: withdraws the link. Its item stays, so that nobody else gets its code.
pub(crate) async fn withdraw_link(shorten: &Shorten, request: &Request) -> Result<Response, Problem> {
    let withdrawal = LinkChange { is_withdrawn: Some(true), ..LinkChange::default() };
    let authorized = authorize(shorten, request, Action::Change).await?;
    apply(shorten, request, authorized, &withdrawal, shorten.clock.now()).await?;
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Changes the link that the sender was found to be allowed to change. If the client has sent `If-Match` and the link is
/// another by then, the change is refused.
async fn apply(
    shorten: &Shorten,
    request: &Request,
    (mut sender, mut seen): (Sender, ManagedLink),
    change: &LinkChange,
    now: Timestamp,
) -> Result<ManagedLink, Problem> {
    let change_id = shorten.codes.write_id();
    for attempt in 0..MAX_ATTEMPTS {
        if Precondition::evaluate(request, &seen) != Precondition::Holds {
            return Err(changed_meanwhile());
        }
        let purge_after = shorten.config.expiry.purge_after;
        let changed = shorten.store.change(&seen, change, &change_id, now, purge_after).await?;
        if let Some(changed) = changed {
            tracing::info!(
                request_id = request.request_id,
                key = sender.key_name(),
                code = changed.link.code.as_str(),
                version = changed.version,
                "changed a link"
            );
            return Ok(changed);
        }
        back_off(attempt).await;
        (sender, seen) = authorize(shorten, request, Action::Change).await?;
    }
    // This is no fault of the service, so there is no cause to log.
    let reason = "Others keep changing this link. Send the same request again.";
    Err(Problem::new(ProblemKind::Unavailable, reason))
}

/// What a request wants to do with a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Read,
    Change,
}

/// The link of the request's path, if the sender may do this with it. The problem is the same whether there is no such
/// link or it is somebody else's, so that nobody learns which codes exist.
async fn authorize(shorten: &Shorten, request: &Request, action: Action) -> Result<(Sender, ManagedLink), Problem> {
    let sender = Sender::of(shorten, request).await?;
    match &sender {
        Sender::Anybody => {
            let reason = "Send the link's management token, which the response to its creation contains, or an API key of \
                          its owner in the Authorization header, as Bearer <token>.";
            return Err(Problem::new(ProblemKind::Unauthorized, reason));
        }
        Sender::Key(_) | Sender::Token(_) | Sender::Subject(_) => {}
    }
    match (sender.permissions(), action) {
        (Some(permissions), Action::Read) if !permissions.may_read_links() => {
            return Err(sender.forbidden("read links"));
        }
        (Some(permissions), Action::Change) if !permissions.may_change_links() => {
            return Err(sender.forbidden("change links"));
        }
        (Some(_) | None, _) => {}
    }
    let managed = match request.code_param.as_deref().and_then(|code| Code::parse(code).ok()) {
        Some(code) => shorten.store.find_managed(&code).await?,
        None => None,
    };
    if let Some(managed) = managed.filter(|managed| is_allowed(&sender, managed, action)) {
        return Ok((sender, managed));
    }
    Err(match sender {
        Sender::Key(_) => {
            let reason = "There is no link with this code that this API key may manage. Check the code for typos.";
            Problem::new(ProblemKind::NotFound, reason)
        }
        Sender::Subject(_) => {
            let reason = "There is no link with this code that your account may manage. Check the code for typos.";
            Problem::new(ProblemKind::NotFound, reason)
        }
        Sender::Anybody | Sender::Token(_) => {
            invalid_token("There is no link with this code and this management token. Check both for typos.")
        }
    })
}

fn is_allowed(sender: &Sender, managed: &ManagedLink, action: Action) -> bool {
    match (sender, action) {
        (Sender::Anybody, _) => false,
        // The digests are compared, so the time of the comparison reveals nothing about the token.
        (Sender::Token(token), _) => managed.manage_digest.as_deref() == Some(token.digest().as_str()),
        (Sender::Key(_) | Sender::Subject(_), _) => sender.permissions().is_some_and(|permissions| match action {
            Action::Read => permissions.may_read(managed.owner.as_deref()),
            Action::Change => permissions.may_change(managed.owner.as_deref()),
        }),
    }
}

/// What the conditions of a request say about a link (RFC 9110, 13.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Precondition {
    /// There are none, or all hold.
    Holds,
    /// The client has this version already (`If-None-Match`).
    IsCurrent,
    /// The link has another version than the client expects (`If-Match`).
    Fails,
}

impl Precondition {
    fn evaluate(request: &Request, managed: &ManagedLink) -> Self {
        let etag = etag(managed);
        if response::lists_etag(request, header::IF_MATCH, &etag) == Some(false) {
            Self::Fails
        } else if response::lists_etag(request, header::IF_NONE_MATCH, &etag) == Some(true) {
            Self::IsCurrent
        } else {
            Self::Holds
        }
    }
}

fn changed_meanwhile() -> Problem {
    let reason = "The link does not have the version that the request expects. It may have been changed since you read it: \
                  read it again, and send its new ETag in If-Match, as it is.";
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
        visible_by: managed.changed_at.and_then(|instant| instant.plus(VISIBLE_AFTER_SECONDS)),
        withdrawn: link.withdrawn_at.is_some(),
        withdrawn_at: link.withdrawn_at,
        owner: managed.owner.as_deref(),
    };
    let mut response = response::json(StatusCode::OK, &document);
    if let Ok(etag) = HeaderValue::from_str(&etag(managed)) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}
