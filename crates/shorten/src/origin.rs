//! Requests that a page elsewhere makes a browser send.

use http::header;
use shortlink_core::http::problem::{Problem, ProblemKind};
use shortlink_core::http::request::Request;

use crate::Shorten;

/// Rejects a request from a page of another origin that the operator does not allow. Browsers ask first whether they may
/// send a request (CORS), but not for a form, which would otherwise take an alias in the name of whoever looks at that
/// page. Programs send no `Origin`.
///
/// # Errors
///
/// A [`Problem`] with status 403.
pub(crate) fn require_allowed(shorten: &Shorten, request: &Request) -> Result<(), Problem> {
    let Some(origin) = request.header(header::ORIGIN) else { return Ok(()) };
    let own = [shorten.base_url(request), &request.base_url];
    if own.iter().any(|base| base.origin() == origin) || shorten.config.allowed_origins.contain(origin) {
        return Ok(());
    }
    let reason = "Pages of this origin may not create links here. The operator can add it to the allowed origins.";
    Err(Problem::new(ProblemKind::Forbidden, reason))
}
