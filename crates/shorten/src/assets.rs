//! Files that are served as they are.

/// The description of the API, OpenAPI 3.1. A test compares it with the responses.
pub const OPENAPI: &str = include_str!("openapi.json");

/// The rules for crawlers.
pub const ROBOTS: &str = include_str!("robots.txt");

/// The icon of the pages.
pub const FAVICON: &str = include_str!("favicon.svg");
