//! A request that a route has matched, whether it came from API Gateway or from the local server.

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, header};

use crate::domain::base_url::BaseUrl;
use crate::domain::verified_token::VerifiedToken;
use crate::http::negotiation;
use crate::http::routes::Endpoint;

/// An HTTP request, as the handlers see it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The endpoint that the route names.
    pub endpoint: Endpoint,
    /// Whether this is a HEAD request. The transport then omits the body of the response.
    pub is_head: bool,
    /// The path parameter `{code}` as the gateway decoded it. It has not been parsed yet.
    pub code_param: Option<String>,
    /// The path of a request that no other route matches. It may have been percent-decoded once or twice, so use it
    /// only to find a code with punctuation after it, as in `/abc/`.
    pub unmatched_path: Option<String>,
    /// The methods that the path accepts, as in the header `Allow`, if it does not accept this one.
    pub allowed_methods: Option<String>,
    /// The query string as the client sent it, without the `?`.
    pub query: Option<String>,
    /// The headers, which have not been checked.
    pub headers: HeaderMap,
    /// The body. It may be invalid UTF-8.
    pub body: Bytes,
    /// The address under which the client reached this service.
    pub base_url: BaseUrl,
    /// The address that the request comes from: of the client, or of a CDN or proxy in front.
    pub client_address: Option<IpAddr>,
    /// The gateway's id of this request. Every log line about the request contains it.
    pub request_id: String,
    /// The token that the gateway's authorizer has verified. It never comes from anything that the client can write,
    /// such as a header.
    pub verified_token: Option<VerifiedToken>,
}

impl Request {
    /// The value of a header that occurs once and is ASCII.
    pub fn header(&self, name: HeaderName) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none())?.to_str().ok()
    }

    /// The media type among `offered` that the client prefers, by its `Accept` headers; `None` if it accepts none of
    /// them.
    pub fn negotiate<'a>(&self, offered: &[&'a str]) -> Option<&'a str> {
        let accept: Vec<_> =
            self.headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
        negotiation::negotiate((!accept.is_empty()).then(|| accept.join(",")).as_deref(), offered)
    }
}
