//! `GET /shorten`, for a person who opens the address of the API in a browser: the page with the form is at `/`. And `GET /`,
//! where the operator wants people to go elsewhere.

use http::{HeaderValue, StatusCode, header};
use shortlink_core::http::problem::Problem;
use shortlink_core::http::response::{self, Response};

use crate::FIVE_MINUTES;

/// A redirect to the page. It is relative, since the service may be served below a path.
pub(crate) fn redirect_to_home() -> Response {
    let text = "To create a link, send a POST request. To use a browser, go to ./\n";
    let mut response = response::with_body(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", FIVE_MINUTES, text);
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("./"));
    response
}

/// The redirect to where the operator wants people to go who open the address of the service.
///
/// # Errors
///
/// The URL cannot be a header's value.
pub(crate) fn redirect_elsewhere(url: &str) -> Result<Response, Problem> {
    response::temporary_redirect(url).map_err(|error| Problem::internal(format!("{url} cannot be a Location: {error}")))
}
