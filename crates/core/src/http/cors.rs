//! Cross-origin requests: which pages elsewhere may call the API from a browser (CORS).
//!
//! Behind API Gateway the gateway answers preflight requests and adds the headers; the local server does the same with what
//! is here. The function itself uses [`AllowedOrigins`] to reject what needs no preflight: a form on another page.

use crate::config::{ConfigError, Environment};

/// The methods that pages elsewhere may use.
pub const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/// The headers that pages elsewhere may send.
pub const REQUEST_HEADERS: &[&str] =
    &["authorization", "content-type", "idempotency-key", "if-match", "if-none-match", "x-api-key"];

/// The headers of a response that pages elsewhere may read, beside those that browsers always allow.
pub const RESPONSE_HEADERS: &[&str] = &["etag", "location", "retry-after"];

/// How long a browser may cache the response to a preflight request, in seconds.
pub const MAX_AGE_SECONDS: u32 = 3_600;

/// The origins whose pages may call the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// Every origin.
    Any,
    /// These, such as `https://example.com`, in lower case.
    Listed(Vec<String>),
}

impl AllowedOrigins {
    /// `ALLOWED_ORIGINS`: the origins whose pages may call the API from a browser, separated by commas; `*`, the default,
    /// is any.
    ///
    /// # Errors
    ///
    /// One of them is no origin.
    pub fn read(environment: &Environment<'_>) -> Result<Self, ConfigError> {
        const VARIABLE: &str = "ALLOWED_ORIGINS";
        let text = environment.text(VARIABLE).unwrap_or_else(|| "*".to_owned());
        let origins: Vec<_> = text.split(',').map(|origin| origin.trim().to_ascii_lowercase()).collect();
        if origins.iter().any(|origin| origin == "*") {
            return Ok(Self::Any);
        }
        match origins.iter().find(|origin| !is_origin(origin)) {
            None => Ok(Self::Listed(origins)),
            Some(other) => {
                let reason =
                    format!("must be * or origins such as https://example.com, without a path; it has {other:?}");
                Err(ConfigError::new(VARIABLE, reason))
            }
        }
    }

    /// Whether the pages of an origin may call the API. `null`, the origin of a page in a sandbox or a file, is none that
    /// can be listed.
    pub fn contain(&self, origin: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(origins) => origins.iter().any(|listed| listed.eq_ignore_ascii_case(origin)),
        }
    }
}

/// Whether this is an origin in the form that browsers send: a scheme and a host, with a port unless it is the usual one.
fn is_origin(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| url.origin().ascii_serialization() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &'static str) -> Result<AllowedOrigins, String> {
        AllowedOrigins::read(&Environment::new(&move |_| Some(value.to_owned()))).map_err(|error| error.to_string())
    }

    #[test]
    fn origins_are_listed_or_any() {
        assert_eq!(AllowedOrigins::read(&Environment::new(&|_| None)).ok(), Some(AllowedOrigins::Any));
        assert_eq!(read("*"), Ok(AllowedOrigins::Any));
        let listed = read("https://example.com, http://LOCALHOST:3000").expect("origins");
        for (origin, expected) in [
            ("https://example.com", true),
            ("http://localhost:3000", true),
            ("http://example.com", false),
            ("https://example.com:8443", false),
            ("https://example.com.evil.example", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(listed.contain(origin), expected, "{origin}");
        }
        for invalid in ["example.com", "https://example.com/", "https://example.com/app", "null", "https://a b", ","] {
            assert!(read(invalid).is_err(), "{invalid}");
        }
    }
}
