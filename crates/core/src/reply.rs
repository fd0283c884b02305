//! Answers. Each is a whole HTTP response; those who carry it add nothing to what it says.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::request::Request;
use crate::target::Target;

/// An answer: status, headers, and a body that is whole.
pub type Reply = Response<Bytes>;

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// A JSON document that nobody should keep.
pub fn json(status: StatusCode, document: &impl Serialize) -> Reply {
    // Our own documents are maps with string keys: they always serialise.
    let body = serde_json::to_vec(document).unwrap_or_default();
    with_body(status, "application/json", NO_STORE, body)
}

/// A line of text that nobody should keep.
pub fn text(status: StatusCode, text: String) -> Reply {
    with_body(status, "text/plain; charset=utf-8", NO_STORE, text)
}

/// A body with its type and how long it may be kept. No browser is to guess another type.
pub fn with_body(
    status: StatusCode,
    content_type: &'static str,
    cache_control: HeaderValue,
    body: impl Into<Bytes>,
) -> Reply {
    let mut reply = Reply::new(body.into());
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, cache_control);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    reply
}

/// Gives a reply that may be kept a validator, and makes it 304 if the client says that it has it already.
pub fn validated(request: &Request, mut reply: Reply) -> Reply {
    let digest = Sha256::digest(reply.body());
    // Half of a digest tells versions of one page apart well enough.
    let tag = digest.iter().take(16).fold(String::from("\""), |tag, byte| format!("{tag}{byte:02x}")) + "\"";
    let known = request.headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    // A proxy that compresses may have made our validator a weak one; for GET that does not matter (RFC 9110, 13.1.2).
    let is_known = known.flat_map(|value| value.split(',')).any(|known| {
        let known = known.trim();
        known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
    });
    if is_known {
        *reply.status_mut() = StatusCode::NOT_MODIFIED;
        reply.headers_mut().remove(header::CONTENT_TYPE);
        *reply.body_mut() = Bytes::new();
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        reply.headers_mut().insert(header::ETAG, tag);
    }
    reply
}

/// A redirect that the client, and nobody between, may keep for `max_age` seconds.
///
/// # Errors
///
/// The target cannot be a header's value, which [`Target`] rules out.
pub fn redirect(status: StatusCode, target: &Target, max_age: i64) -> Result<Reply, http::Error> {
    http::Response::builder()
        .status(status)
        .header(header::LOCATION, target.as_str())
        .header(header::CACHE_CONTROL, format!("private, max-age={max_age}"))
        .body(Bytes::new())
}
