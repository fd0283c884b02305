//! `POST /shorten`: creates a link.

use http::StatusCode;
use shortlink_core::domain::link::{Link, NewLink};
use shortlink_core::dynamodb::deduplication::CreateOutcome;
use shortlink_core::dynamodb::error::CreateError;
use shortlink_core::http::problem::{Problem, ProblemKind};
use shortlink_core::http::request::Request;
use shortlink_core::http::response::Response;

use crate::Shorten;
use crate::body::{self, Fields};
use crate::create_link_request::CreateLinkRequest;
use crate::form::{self, FormValues};
use crate::link_response::{self, Format};

/// Creates the link that a request asks for. A problem is a form with errors if the client prefers HTML, else a
/// document.
pub(crate) async fn create_link(shorten: &Shorten, request: &Request) -> Result<Response, Problem> {
    let format = Format::negotiate(request);
    let fields = body::read(request).await;
    let values = fields.as_ref().map(FormValues::from_fields).unwrap_or_default();
    let created = match fields {
        Ok(fields) => create_or_reuse(shorten, request, fields).await,
        Err(problem) => Err(problem),
    };
    match created {
        Ok((status, link)) => Ok(link_response::link_response(format, status, &link, shorten.base_url(request))),
        Err(problem) if format == Format::Html => {
            let page = form::form_with_errors(&problem, &request.request_id, &values, &shorten.config.expiry);
            Err(problem.as_page(page))
        }
        Err(problem) => Err(problem.as_document()),
    }
}

/// Creates the link or finds the existing one. The status tells which: 201 or 200.
async fn create_or_reuse(shorten: &Shorten, request: &Request, fields: Fields) -> Result<(StatusCode, Link), Problem> {
    let own_hosts = [shorten.base_url(request).host(), request.base_url.host()];
    let create_request = CreateLinkRequest::parse(fields, &own_hosts, request.query.as_deref())?;
    let reuse = create_request.reuse;
    let new_link = to_new_link(shorten, create_request)?;
    let outcome = if reuse {
        shorten.store.create_or_reuse(&new_link, &shorten.config.expiry, &shorten.codes).await
    } else {
        shorten.store.create(&new_link, &shorten.codes).await.map(CreateOutcome::Created)
    };
    let (status, link) = match outcome.map_err(to_problem)? {
        CreateOutcome::Created(link) => (StatusCode::CREATED, link),
        CreateOutcome::Existing(link) => (StatusCode::OK, link),
    };
    tracing::info!(
        request_id = request.request_id,
        code = link.code.as_str(),
        status = status.as_u16(),
        "created a link"
    );
    Ok((status, link))
}

/// Applies the operator's policy to the requested expiry.
fn to_new_link(shorten: &Shorten, request: CreateLinkRequest) -> Result<NewLink, Problem> {
    let now = shorten.clock.now();
    let policy = &shorten.config.expiry;
    let expires_at = policy
        .expires_at(request.expiry, now)
        .map_err(|error| Problem::with_field(ProblemKind::InvalidExpiry, request.expiry_field, error))?;
    Ok(NewLink {
        alias: request.alias,
        target: request.target,
        requested_expiry: request.expiry,
        created_at: now,
        expires_at,
        purge_after: policy.purge_after,
    })
}

fn to_problem(error: CreateError) -> Problem {
    match error {
        CreateError::AliasTaken(_) => {
            Problem::with_field(ProblemKind::AliasTaken, "alias", "is already taken; choose another")
        }
        CreateError::CodesExhausted => Problem::unavailable(error),
        CreateError::Store(error) => error.into(),
    }
}
