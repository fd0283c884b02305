//! `GET /shorten`: for a person who opens the API's address in a browser. The page with the form is at `/`.

use http::{HeaderValue, StatusCode, header};
use shortlink_core::http::response::{self, Response};

use crate::FIVE_MINUTES;

/// A redirect to the page. It is relative, since the service may be served below a path.
pub(crate) fn redirect_to_home() -> Response {
    let text = "To create a link, send a POST request. To use a browser, go to ./\n";
    let mut response = response::with_body(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", FIVE_MINUTES, text);
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("./"));
    response
}
