//! The base of short URLs.

use url::Url;

/// What short URLs begin with: scheme, host and optionally a path, without a trailing slash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaseUrl {
    text: String,
    host: String,
}

impl BaseUrl {
    /// Parses a base URL: `http` or `https`, with a host, without user name, password, query and fragment.
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_plain = matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let host = url.host_str().filter(|_| is_plain)?.to_owned();
        Some(Self { text: url.as_str().trim_end_matches('/').to_owned(), host })
    }

    /// The host in lower case, without the port; empty if it is unknown.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The origin, such as `https://sho.rt`, as browsers send it; empty if it is unknown.
    pub fn origin(&self) -> &str {
        let path = self.text.match_indices('/').nth(2).map_or(self.text.len(), |(place, _)| place);
        self.text.get(..path).unwrap_or_default()
    }

    /// Whether clients use https. They do if it is unknown: only API Gateway, which accepts nothing else, can leave it out.
    pub fn is_https(&self) -> bool {
        !self.text.starts_with("http://")
    }

    /// The URL of `path`, which must not begin with a slash.
    pub fn join(&self, path: &str) -> String {
        format!("{}/{path}", self.text)
    }
}
