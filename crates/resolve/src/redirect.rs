//! `GET /{code}`: the redirect to the target.

use shortlink_core::domain::code::Code;
use shortlink_core::http::problem::Problem;
use shortlink_core::http::request::Request;
use shortlink_core::http::response::{self, Response};
use shortlink_core::telemetry::DEBUG_TARGET;
use shortlink_core::visits::recorder::VisitTracking;
use shortlink_core::visits::visitor;

use crate::Resolve;
use crate::redirect_caching;
use crate::resource::LinkResource;

/// Redirects to a link's target, and counts the visit.
pub(crate) async fn redirect(resolve: &Resolve, request: &Request, code: &Code) -> Result<Response, Problem> {
    let redirected = find_and_redirect(resolve, request, code).await;
    let status = redirected.as_ref().map_or_else(|problem| problem.kind().status(), Response::status).as_u16();
    tracing::info!(
        target: DEBUG_TARGET,
        request_id = request.request_id,
        code = code.as_str(),
        status,
        "handled a redirect request"
    );
    redirected
}

async fn find_and_redirect(resolve: &Resolve, request: &Request, code: &Code) -> Result<Response, Problem> {
    let now = resolve.clock.now();
    let link = resolve.find_cached(code, now).await?;
    if !request.is_head && resolve.visits.tracking() != VisitTracking::Off {
        let visitor = visitor::from_headers(&request.headers, resolve.config.edge_key.as_ref());
        resolve.visits.record(&link, &visitor, now);
    }
    let seconds_left = link.expires_at.map(|instant| instant.since(now));
    let cache_control = redirect_caching::cache_control(seconds_left, resolve.config.edge_cache_seconds);
    response::redirect(resolve.config.redirect_status, &link.target, &cache_control)
        .map_err(|error| Problem::internal(format!("the target of {code} cannot be a Location: {error}")))
}

/// Redirects from a path that no route matches, such as `/abc+/`, to the resource that it means: the relative URLs of
/// a page would not work there.
pub(crate) fn to_resource(
    resolve: &Resolve,
    request: &Request,
    code: &Code,
    resource: LinkResource,
) -> Result<Response, Problem> {
    let url = format!("{}{}", resolve.short_url(request, code), resource.suffix());
    response::temporary_redirect(&url)
        .map_err(|error| Problem::internal(format!("{url} cannot be a Location: {error}")))
}
