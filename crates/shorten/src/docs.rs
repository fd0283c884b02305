//! The page at `GET /docs`: the API's description for people, which the build script makes of `openapi.json`.

use http::StatusCode;
use shortlink_core::http::html::{EscapedHtml, HERE, Page};
use shortlink_core::http::language::Language;
use shortlink_core::http::request::Request;
use shortlink_core::http::response::Response;

use crate::{FIVE_MINUTES, Shorten};

/// The content of the page. `{base}` stands for the base URL.
const DOCS: &str = include_str!(concat!(env!("OUT_DIR"), "/docs.html"));

/// The page.
pub(crate) fn docs(shorten: &Shorten, request: &Request) -> Response {
    let base = shorten.base_url(request).join("");
    let content = DOCS.replace("{base}", &EscapedHtml(base.trim_end_matches('/')).to_string());
    let main = format!("<div class=\"docs\">\n{content}</div>\n");
    let brand = &shorten.config.brand;
    let language = Language::English;
    let page = Page { title: "API", main: &main, script: None, is_indexed: true, home: HERE, brand, language };
    page.response(StatusCode::OK, FIVE_MINUTES)
}
