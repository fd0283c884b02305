//! The response about a link for whoever manages it.

use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::labels::LabelText;
use shortlink_core::domain::manage_token::ManageToken;
use shortlink_core::dynamodb::link_changes::ManagedLink;
use shortlink_core::http::request::Request;
use shortlink_core::http::response::{self, Response};

use crate::Shorten;
use crate::precondition::etag;

/// For how long a visitor may still be redirected as before a change, in seconds: the service caches a link for up to
/// 60 seconds, and a browser a redirect for up to 90. In between, a CDN may cache the redirect for `EDGE_CACHE_SECONDS`.
const VISIBLE_AFTER_SECONDS: i64 = 60 + 90;

/// A link, as JSON for its owner.
#[derive(Serialize)]
pub(crate) struct ManagedLinkDocument<'a> {
    code: &'a str,
    short_url: String,
    url: &'a str,
    /// Null if another tool has written the link without saying so.
    created_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    changed_at: Option<Timestamp>,
    /// From then on every visitor sees the last change.
    visible_by: Option<Timestamp>,
    withdrawn: bool,
    withdrawn_at: Option<Timestamp>,
    blocked: bool,
    title: Option<&'a str>,
    tags: Vec<&'a str>,
    note: Option<&'a str>,
    /// To whom it belongs, if it was created with an API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'a str>,
    /// What is kept of its creator, if anything is.
    #[serde(skip_serializing_if = "Option::is_none")]
    creator: Option<CreatorDocument<'a>>,
    /// The management token, if the request has created the link.
    #[serde(skip_serializing_if = "Option::is_none")]
    manage_token: Option<&'a str>,
}

/// What is kept of a link's creator, as JSON.
#[derive(Serialize)]
struct CreatorDocument<'a> {
    user_agent: Option<&'a str>,
    address: Option<&'a str>,
    trace_id: Option<&'a str>,
}

/// The document about a link, with its management token if the request has created it.
pub(crate) fn to_document<'a>(
    shorten: &Shorten,
    request: &Request,
    managed: &'a ManagedLink,
    token: Option<&'a ManageToken>,
) -> ManagedLinkDocument<'a> {
    let (link, labels) = (&managed.link, &managed.labels);
    ManagedLinkDocument {
        code: link.code.as_str(),
        short_url: shorten.base_url(request).join(link.code.as_str()),
        url: link.target.as_str(),
        created_at: link.created_at.known(),
        expires_at: link.expires_at,
        changed_at: managed.changed_at,
        visible_by: managed
            .changed_at
            .and_then(|instant| instant.plus(VISIBLE_AFTER_SECONDS + shorten.config.edge_cache_seconds)),
        withdrawn: link.withdrawn_at.is_some(),
        withdrawn_at: link.withdrawn_at,
        blocked: link.blocked_at.is_some(),
        title: labels.title.as_ref().map(LabelText::as_str),
        tags: labels.tags.iter().collect(),
        note: labels.note.as_ref().map(LabelText::as_str),
        owner: managed.owner.as_deref(),
        creator: managed.creator.as_ref().map(|creator| CreatorDocument {
            user_agent: creator.user_agent.as_deref(),
            address: creator.address.as_deref(),
            trace_id: creator.trace_id.as_deref(),
        }),
        manage_token: token.map(ManageToken::as_str),
    }
}

/// The response about a link, with its version as `ETag`.
pub(crate) fn to_response(
    shorten: &Shorten,
    request: &Request,
    managed: &ManagedLink,
    token: Option<&ManageToken>,
) -> Response {
    let mut response = response::json(StatusCode::OK, &to_document(shorten, request, managed, token));
    if let Ok(etag) = HeaderValue::from_str(&etag(managed)) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}
