//! The page at `GET /my-links`: the links of a person, to change, withdraw and count.
//!
//! Behind the open door the browser keeps the list, with the management tokens: the page is the same for everybody, and
//! nothing is sent but the requests about a link. Behind the other doors links have no management tokens. They belong to
//! an API key or an account, and the script lists them with the credentials that another script gets.

use http::{HeaderValue, StatusCode};
use shortlink_core::http::html::{EscapedHtml, HERE, InlineAsset, Page};
use shortlink_core::http::request::Request;
use shortlink_core::http::response::Response;

use crate::config::Door;
use crate::{FIVE_MINUTES, Shorten, form};

const TITLE: &str = "My links - Shortlink";

/// What the credentials are for, as the sentences about them begin.
const PURPOSE: &str = "Showing your links";

/// The script of the page.
static SCRIPT: InlineAsset = InlineAsset::new(include_str!("my_links.js"));

/// The page.
pub(crate) fn my_links(shorten: &Shorten, request: &Request) -> Response {
    let config = &shorten.config;
    let (credentials, files, cache_control) = match (config.door, &config.sign_in) {
        (Door::Open, _) => {
            (include_str!("my_links_browser.html").to_owned(), include_str!("my_links_files.html"), FIVE_MINUTES)
        }
        (Door::Key, _) => {
            let key_field = form::key_field_html(PURPOSE);
            (format!(include_str!("my_links_key.html"), key_field = key_field), "", FIVE_MINUTES)
        }
        (Door::Jwt, Some(sign_in)) => {
            let lead = "<p class=\"lead\">The links that belong to your account.</p>\n";
            let sign_in = form::sign_in_html(sign_in, &config.jwt_scope_prefix, PURPOSE);
            // The address contains a code after signing in, so that no cache should keep the page.
            (format!("{lead}{sign_in}"), "", HeaderValue::from_static("no-store"))
        }
        (Door::Jwt, None) => return closed_page(),
    };
    let main = format!(
        include_str!("my_links.html"),
        credentials = credentials,
        base = EscapedHtml(&shorten.base_url(request).join("")),
        files = files,
    );
    let page = Page { title: TITLE, main: &main, script: Some(&SCRIPT), is_indexed: false, home: HERE };
    form::respond(&page, StatusCode::OK, cache_control, config)
}

/// The page if it can sign nobody in.
fn closed_page() -> Response {
    let main = include_str!("my_links_closed.html");
    Page { title: TITLE, main, script: None, is_indexed: false, home: HERE }.response(StatusCode::OK, FIVE_MINUTES)
}
