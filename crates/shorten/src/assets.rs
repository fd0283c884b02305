//! Files that are served as they are, or nearly so.

use serde_json::json;
use shortlink_core::http::brand::Brand;
use shortlink_core::http::html::EscapedHtml;
use shortlink_core::http::language::Language;
use shortlink_core::http::texts;

/// The description of the API, OpenAPI 3.1. A test compares it with the responses.
pub const OPENAPI: &str = include_str!("openapi.json");

/// The rules for crawlers.
pub const ROBOTS: &str = include_str!("robots.txt");

/// What lets a phone install the page and offer it in its share menu.
pub(crate) fn manifest(brand: &Brand, language: Language) -> String {
    let manifest = json!({
        "name": brand.name,
        "short_name": brand.name,
        "description": texts::form(language).heading,
        "lang": language.tag(),
        "start_url": "./",
        "display": "minimal-ui",
        "background_color": "#faf9f6",
        "theme_color": "#0a5f49",
        "icons": [{"src": "./favicon.svg", "sizes": "any", "type": "image/svg+xml"}],
        "share_target": {"action": "./", "method": "GET", "params": {"title": "title", "text": "text", "url": "url"}},
    });
    manifest.to_string()
}

/// What lets a browser shorten a URL from its address bar, for a service with this base URL.
pub(crate) fn opensearch(base: &str, brand: &Brand, language: Language) -> String {
    // The standard allows 16 characters for a short name.
    let name: String = brand.name.chars().take(16).collect();
    let description = texts::form(language).heading;
    format!(
        include_str!("opensearch.xml"),
        name = EscapedHtml(&name),
        description = description,
        base = EscapedHtml(base)
    )
}

/// The icon of the pages.
pub const FAVICON: &str = include_str!("favicon.svg");
