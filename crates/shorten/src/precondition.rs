//! The conditions of a request about a link (RFC 9110, 13.1): `If-Match` and `If-None-Match`.

use http::header;
use shortlink_core::dynamodb::link_changes::ManagedLink;
use shortlink_core::http::problem::{Problem, ProblemKind};
use shortlink_core::http::request::Request;
use shortlink_core::http::response;

/// What the conditions of a request say about a link (RFC 9110, 13.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precondition {
    /// There are none, or all hold.
    Holds,
    /// The client has this version already (`If-None-Match`).
    IsCurrent,
    /// The link has another version than the client expects (`If-Match`).
    Fails,
}

impl Precondition {
    /// What the conditions of `request` say about a link.
    pub(crate) fn evaluate(request: &Request, managed: &ManagedLink) -> Self {
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

/// The entity tag of a link: its version.
pub(crate) fn etag(managed: &ManagedLink) -> String {
    format!("\"{}\"", managed.version)
}

/// The link has another version than the request expects.
pub(crate) fn changed_meanwhile() -> Problem {
    let reason = "The link does not have the version that the request expects. It may have been changed since you read it: \
                  read it again, and send its new ETag in If-Match, as it is.";
    Problem::new(ProblemKind::PreconditionFailed, reason)
}
