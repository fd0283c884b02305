//! Files that are served as they are, or nearly so.

use shortlink_core::http::html::EscapedHtml;

/// The description of the API, OpenAPI 3.1. A test compares it with the responses.
pub const OPENAPI: &str = include_str!("openapi.json");

/// The rules for crawlers.
pub const ROBOTS: &str = include_str!("robots.txt");

/// What lets a phone install the page and offer it in its share menu.
pub const MANIFEST: &str = include_str!("manifest.json");

/// What lets a browser shorten a URL from its address bar, for a service with this base URL.
pub(crate) fn opensearch(base: &str) -> String {
    format!(include_str!("opensearch.xml"), base = EscapedHtml(base))
}

/// The icon of the pages.
pub const FAVICON: &str = include_str!("favicon.svg");
