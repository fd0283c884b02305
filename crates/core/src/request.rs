//! What a handler is given, whether API Gateway sent it or the local server.

use bytes::Bytes;
use http::HeaderMap;
use url::Url;

use crate::accept;
use crate::route::Route;

/// A request that a route has matched.
#[derive(Clone, Debug)]
pub struct Request {
    /// The route.
    pub route: Route,
    /// Whether it is a HEAD request: whoever carries the reply leaves its body out.
    pub head: bool,
    /// The path parameter `{code}` as the gateway decoded it: not yet a code.
    pub code: Option<String>,
    /// What stands behind the `?`, as the client sent it.
    pub query: Option<String>,
    /// The headers, names in lower case.
    pub headers: HeaderMap,
    /// The body, not yet known to be UTF-8.
    pub body: Bytes,
    /// The address under which the client reached this service.
    pub base_url: BaseUrl,
    /// The gateway's name for this request; every log line about it bears it.
    pub id: String,
}

impl Request {
    /// A header's value, if it is there once and is ASCII.
    pub fn header(&self, name: http::header::HeaderName) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none())?.to_str().ok()
    }

    /// The one of `offered` media types that the client would rather have.
    pub fn preferred<'a>(&self, offered: &[&'a str]) -> Option<&'a str> {
        let accept: Vec<_> =
            self.headers.get_all(http::header::ACCEPT).iter().filter_map(|v| v.to_str().ok()).collect();
        accept::preferred((!accept.is_empty()).then(|| accept.join(",")).as_deref(), offered)
    }
}

/// What short URLs begin with: scheme, host and perhaps a path, without a slash at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaseUrl {
    text: String,
    host: String,
}

impl BaseUrl {
    /// Reads a base: an `http` or `https` URL with a host, without user name, query and fragment.
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let host = url.host_str().filter(|_| plain)?.to_owned();
        Some(Self { text: url.as_str().trim_end_matches('/').to_owned(), host })
    }

    /// The host, in lower case and without port; empty if it is not known.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The URL of `path`, which has no slash before it.
    pub fn join(&self, path: &str) -> String {
        format!("{}/{path}", self.text)
    }
}
