//! Compressing pages and the description of the API, the only responses that are large: API Gateway sends bodies as they
//! are.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderValue, header};

use crate::http::negotiation;
use crate::http::request::Request;
use crate::http::response::{self, Response};

/// The size of a body from which it is compressed, in bytes. A smaller one fits into the first packets of a connection
/// anyway.
const MIN_SIZE: usize = 8_192;

/// Compresses the body of a large response, if the client accepts that. The response has `Vary` in either case.
///
/// No response contains a secret that is the same twice beside a text that somebody else chooses, so that the length of a
/// body tells nothing (BREACH).
pub fn compress(request: &Request, response: &mut Response) {
    if response.body().len() < MIN_SIZE || response.headers().contains_key(header::CONTENT_ENCODING) {
        return;
    }
    response::add_vary(response, "accept-encoding");
    if !accepts_gzip(request) {
        return;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let Ok(body) = encoder.write_all(response.body()).and_then(|()| encoder.finish()) else { return };
    *response.body_mut() = Bytes::from(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    // The tag names the content, and not these bytes (RFC 9110, section 8.8.3.3).
    let weak =
        headers.get(header::ETAG).and_then(|tag| HeaderValue::from_str(&format!("W/{}", tag.to_str().ok()?)).ok());
    if let Some(weak) = weak {
        headers.insert(header::ETAG, weak);
    }
}

fn accepts_gzip(request: &Request) -> bool {
    let values = request.headers.get_all(header::ACCEPT_ENCODING).iter();
    let mut codings = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    codings.any(|coding| {
        let mut parameters = coding.split(';').map(str::trim);
        parameters.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip")) && negotiation::quality(parameters) > 0
    })
}
