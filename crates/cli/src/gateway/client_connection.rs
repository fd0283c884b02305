//! What the gateway learns from a connection: the base URL that the client used, and whether a proxy is in front.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use http::request::Parts;
use http::uri::Authority;
use http::{HeaderValue, Version, header};
use shortlink_core::domain::base_url::BaseUrl;

/// A connection of a client.
pub(super) struct ClientConnection {
    /// Our address, as the client reached it.
    address: SocketAddr,
    /// The address that the connection comes from.
    remote_address: IpAddr,
    /// The last `Host` header and the base URL that it gave. A client usually sends the same one each time.
    last_base_url: Mutex<Option<(HeaderValue, BaseUrl)>>,
}

impl ClientConnection {
    /// A connection from `remote_address` to `address`, which is ours.
    pub(super) fn new(address: SocketAddr, remote_address: IpAddr) -> Self {
        Self { address, remote_address, last_base_url: Mutex::default() }
    }

    /// The address that the connection comes from.
    pub(super) fn remote_address(&self) -> IpAddr {
        self.remote_address
    }

    /// The base URL that the client used, by the authority in the request line or by its `Host` header.
    ///
    /// Returns `None` if the request is invalid (RFC 9112, section 3.2): there is no `Host` header, more than one, or
    /// an invalid one.
    pub(super) fn base_url(&self, parts: &Parts) -> Option<BaseUrl> {
        let mut hosts = parts.headers.get_all(header::HOST).iter();
        let host = match (hosts.next(), hosts.next()) {
            (Some(host), None) => host,
            // HTTP/1.0 does not require a `Host` header.
            (None, None) if parts.version < Version::HTTP_11 => {
                return BaseUrl::parse(&format!("http://{}", self.address));
            }
            _ => return None,
        };
        if let Some(authority) = parts.uri.authority() {
            return BaseUrl::parse(&format!("http://{authority}"));
        }
        let mut last = self.last_base_url.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((last_host, base_url)) = &*last
            && last_host == host
        {
            return Some(base_url.clone());
        }
        let authority: Authority = host.to_str().ok()?.parse().ok()?;
        let base_url = BaseUrl::parse(&format!("http://{authority}"))?;
        *last = Some((host.clone(), base_url.clone()));
        Some(base_url)
    }
}

/// Logs, once, that a proxy terminates HTTPS in front of the server while `BASE_URL` is not set: short URLs would then
/// begin with `http://`.
#[derive(Debug)]
pub(super) struct ProxyCheck {
    is_done: AtomicBool,
}

impl ProxyCheck {
    /// A check that is needed only if `BASE_URL` is not set.
    pub(super) fn new(is_base_url_set: bool) -> Self {
        Self { is_done: AtomicBool::new(is_base_url_set) }
    }

    /// Looks at the headers that proxies add.
    pub(super) fn check(&self, parts: &Parts) {
        if self.is_done.load(Ordering::Relaxed) {
            return;
        }
        let protocol = parts.headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
        // Each proxy appends its own; the first one is the client's.
        let protocol = protocol.and_then(|protocols| protocols.split(',').next());
        if protocol.is_some_and(|protocol| protocol.trim().eq_ignore_ascii_case("https"))
            && !self.is_done.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                "a proxy serves this server over https: set BASE_URL, or short URLs will begin with http://"
            );
        }
    }
}
