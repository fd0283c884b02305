//! Headers that tell browsers what a response may not do. Every response has them: [`Handler::respond`] adds them, and so
//! do the transports to responses of their own.
//!
//! [`Handler::respond`]: crate::http::handler::Handler::respond

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// For a year, browsers use https for this host, even if a link says http. The hosts below it may be of other services.
const STRICT_TRANSPORT_SECURITY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// What the response contains is neither run nor shown in a frame, and loads nothing. Pages have a policy of their own.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// What browsers do by default. It also applies to where a redirect leads: a site may learn which site its visitors come
/// from, and no more.
const REFERRER_POLICY: HeaderValue = HeaderValue::from_static("strict-origin-when-cross-origin");

/// Browsers take the `Content-Type` as it is, and do not guess another one.
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// Adds the headers to those of a response, which may have a stricter policy already. `is_https` tells whether clients
/// use https: browsers ignore `Strict-Transport-Security` otherwise.
pub fn add(headers: &mut HeaderMap, is_https: bool) {
    let mut add_missing = |name: HeaderName, value| {
        headers.entry(name).or_insert(value);
    };
    add_missing(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    add_missing(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    add_missing(header::REFERRER_POLICY, REFERRER_POLICY);
    if is_https {
        add_missing(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT_SECURITY);
    }
}
