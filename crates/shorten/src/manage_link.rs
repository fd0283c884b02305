//! `GET`, `PATCH` and `DELETE /links/{code}`: what the owner of a link can do, with its management token, an API
//! key or a verified token.

use http::{HeaderValue, StatusCode, header};
use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::code::Code;
use shortlink_core::domain::link::LinkChange;
use shortlink_core::domain::link_history::Editor;
use shortlink_core::dynamodb::contention::back_off;
use shortlink_core::dynamodb::link_changes::ManagedLink;
use shortlink_core::http::problem::{Problem, ProblemKind};
use shortlink_core::http::request::Request;
use shortlink_core::http::response::{self, Response};

use crate::access::{Sender, invalid_token};
use crate::change_link_request::ChangeLinkRequest;
use crate::managed_link_response::to_response;
use crate::precondition::{Precondition, changed_meanwhile};
use crate::{Shorten, body, host_rules_cache};

/// How often a change is tried if the link is changed by others meanwhile and the client has sent no `If-Match`.
pub(crate) const MAX_ATTEMPTS: u32 = 20;

/// `GET /links/{code}`: the link.
pub(crate) async fn show_link(shorten: &Shorten, request: &Request) -> Result<Response, Problem> {
    let (_, managed) = authorize(shorten, request, Action::Read).await?;
    match Precondition::evaluate(request, &managed) {
        Precondition::Holds => Ok(to_response(shorten, request, &managed, None)),
        Precondition::IsCurrent => {
            let mut response = to_response(shorten, request, &managed, None);
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
    Ok(to_response(shorten, request, &managed, None))
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
        if let Some(changed) = try_change(shorten, request, &sender, &seen, change, &change_id, now).await? {
            return Ok(changed);
        }
        back_off(attempt).await;
        (sender, seen) = authorize(shorten, request, Action::Change).await?;
    }
    Err(others_keep_changing())
}

/// Changes a link, unless it is not the one that was `seen` any more, and logs the change.
pub(crate) async fn try_change(
    shorten: &Shorten,
    request: &Request,
    sender: &Sender,
    seen: &ManagedLink,
    change: &LinkChange,
    change_id: &str,
    now: Timestamp,
) -> Result<Option<ManagedLink>, Problem> {
    let editor = match sender {
        Sender::Key(key) => Editor::Key(key.name.clone()),
        Sender::Subject(permissions) => Editor::Subject(permissions.owner.clone()),
        // Nobody may change a link without credentials.
        Sender::Token(_) | Sender::Anybody | Sender::Grant(_) => Editor::Token,
    };
    if let Some(target) = &change.target {
        host_rules_cache::require_allowed(shorten, target).await?;
    }
    let purge_after = shorten.config.expiry.purge_after;
    let changed = shorten.store.change(seen, change, &editor, change_id, now, purge_after).await?;
    if let Some(changed) = &changed {
        tracing::info!(
            request_id = request.request_id,
            key = sender.key_name(),
            code = changed.link.code.as_str(),
            version = changed.version,
            "changed a link"
        );
    }
    Ok(changed)
}

/// The problem of a change that was tried [`MAX_ATTEMPTS`] times. This is no fault of the service, so there is no cause
/// to log.
pub(crate) fn others_keep_changing() -> Problem {
    let reason = "Others keep changing this link. Send the same request again.";
    Problem::new(ProblemKind::Unavailable, reason)
}

/// What a request wants to do with a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// To read it.
    Read,
    /// To change or withdraw it.
    Change,
}

/// The link of the request's path, if the sender may do this with it. The problem is the same whether there is no such
/// link or it is somebody else's, so that nobody learns which codes exist.
pub(crate) async fn authorize(
    shorten: &Shorten,
    request: &Request,
    action: Action,
) -> Result<(Sender, ManagedLink), Problem> {
    let sender = Sender::of(shorten, request).await?;
    match &sender {
        Sender::Anybody => {
            let reason = "Send the link's management token, which the response to its creation contains, or an API key of \
                          its owner in the Authorization header, as Bearer <token>.";
            return Err(Problem::new(ProblemKind::Unauthorized, reason));
        }
        Sender::Grant(_) => return Err(sender.forbidden("read or change links")),
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
        Sender::Anybody | Sender::Grant(_) | Sender::Token(_) => {
            invalid_token("There is no link with this code and this management token. Check both for typos.")
        }
    })
}

/// Whether the sender may do this with a link.
pub(crate) fn is_allowed(sender: &Sender, managed: &ManagedLink, action: Action) -> bool {
    match (sender, action) {
        (Sender::Anybody | Sender::Grant(_), _) => false,
        // The digests are compared, so the time of the comparison reveals nothing about the token.
        (Sender::Token(token), _) => managed.manage_digest.as_deref() == Some(token.digest().as_str()),
        (Sender::Key(_) | Sender::Subject(_), _) => sender.permissions().is_some_and(|permissions| match action {
            Action::Read => permissions.may_read(managed.owner.as_deref()),
            Action::Change => permissions.may_change(managed.owner.as_deref()),
        }),
    }
}
