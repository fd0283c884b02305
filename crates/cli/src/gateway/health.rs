//! `GET /healthz`: whether the service works, for whatever watches it. AWS watches the functions in other ways, so this is no
//! route of theirs.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, header};
use resolve::Resolve;
use shortlink_core::http::problem::Problem;

/// The path, whose name no alias can have.
const PATH: &str = "/healthz";

/// Whether a request asks for this.
pub(super) fn is_asked_for(parts: &Parts) -> bool {
    parts.uri.path() == PATH && matches!(parts.method, Method::GET | Method::HEAD)
}

/// 200 if the table can be read, else 503.
pub(super) async fn response(resolve: &Resolve, is_https: bool) -> Response<Bytes> {
    let mut response = match resolve.check_health().await {
        Ok(()) => {
            let mut response = Response::new(Bytes::from_static(b"ok\n"));
            *response.status_mut() = StatusCode::OK;
            let content_type = HeaderValue::from_static("text/plain; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, content_type);
            response
        }
        Err(error) => {
            let problem = Problem::from(error);
            problem.log("healthz");
            problem.render_without_request(is_https)
        }
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
