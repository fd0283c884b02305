//! What is kept of the client that creates a link.

use std::net::IpAddr;

use http::header;
use shortlink_core::domain::creator::{self, Creator, CreatorPolicy};
use shortlink_core::http::request::Request;

use crate::config::Config;

/// The header in which AWS hands on the trace of a request. A client can invent one, too.
const TRACE_ID: &str = "x-amzn-trace-id";

/// The header in which a CDN reports the client's address and port, such as `203.0.113.7:443`; an IPv6 address has no
/// brackets.
const VIEWER_ADDRESS: &str = "cloudfront-viewer-address";

/// What is kept of the client that sent a request, if anything is.
pub(crate) fn of(request: &Request, config: &Config) -> Option<Creator> {
    if config.creator == CreatorPolicy::Off {
        return None;
    }
    let user_agent = request.headers.get(header::USER_AGENT).and_then(|value| creator::user_agent(value.as_bytes()));
    let trace_id = request.headers.get(TRACE_ID).and_then(|value| value.to_str().ok()).and_then(creator::trace_id);
    let creator = Creator {
        user_agent,
        address: client_address(request, config).and_then(|address| config.creator.address(address)),
        trace_id: trace_id.map(str::to_owned),
    };
    (creator != Creator::default()).then_some(creator)
}

/// The address of the client. If a CDN or proxy has proven itself with the edge key, its word counts, since the connection
/// comes from it; otherwise, headers do not count, since any client can send them.
fn client_address(request: &Request, config: &Config) -> Option<IpAddr> {
    if !config.edge_key.as_ref().is_some_and(|key| key.is_in(&request.headers)) {
        return request.client_address;
    }
    let mut values = request.headers.get_all(VIEWER_ADDRESS).iter();
    let value = values.next().filter(|_| values.next().is_none())?.to_str().ok()?;
    let (address, _port) = value.rsplit_once(':')?;
    address.trim_matches(['[', ']']).parse().ok()
}
