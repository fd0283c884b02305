//! The page at `GET /my-links`: the links that a browser has made. The browser keeps the list, with the management tokens;
//! the page is the same for everybody, and nothing is sent but the requests that change a link or read its visits.

use http::StatusCode;
use shortlink_core::http::html::{HERE, InlineAsset, Page};
use shortlink_core::http::response::Response;

use crate::FIVE_MINUTES;
use crate::config::Door;

/// The script of the page.
static SCRIPT: InlineAsset = InlineAsset::new(include_str!("my_links.js"));

/// The page. Behind the other doors links have no management tokens: they belong to whoever has made them.
pub(crate) fn my_links(door: Door) -> Response {
    let (main, script) = match door {
        Door::Open => (include_str!("my_links.html"), Some(&SCRIPT)),
        Door::Key | Door::Jwt => (include_str!("owned_links.html"), None),
    };
    Page { title: "My links - Shortlink", main, script, is_indexed: false, home: HERE }
        .response(StatusCode::OK, FIVE_MINUTES)
}
