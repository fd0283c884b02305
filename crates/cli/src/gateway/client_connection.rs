//! A connection of a client.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use http::uri::Authority;
use http::{HeaderMap, HeaderValue, header};
use shortlink_core::domain::base_url::BaseUrl;

/// A connection of a client.
pub(super) struct ClientConnection {
    /// Our address, as the client reached it.
    address: SocketAddr,
    /// The last `Host` header and the base URL that it gave. A client usually sends the same one each time.
    last_base_url: Mutex<Option<(Option<HeaderValue>, BaseUrl)>>,
}

impl ClientConnection {
    /// A connection to `address`, which is ours.
    pub(super) fn new(address: SocketAddr) -> Self {
        Self { address, last_base_url: Mutex::default() }
    }

    /// The address that the client used, by its `Host` header; if that is invalid, the address that it reached.
    pub(super) fn base_url(&self, headers: &HeaderMap) -> BaseUrl {
        let host = headers.get(header::HOST);
        let mut last = self.last_base_url.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((last_host, base_url)) = &*last
            && last_host.as_ref() == host
        {
            return base_url.clone();
        }
        let named = host.and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
        let named = named.and_then(|host| BaseUrl::parse(&format!("http://{host}")));
        let base_url = named.or_else(|| BaseUrl::parse(&format!("http://{}", self.address))).unwrap_or_default();
        *last = Some((host.cloned(), base_url.clone()));
        base_url
    }
}
