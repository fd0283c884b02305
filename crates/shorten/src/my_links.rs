//! The page at `GET /my-links`: the links of a person, to change, withdraw and count.
//!
//! Behind the open door the browser keeps the list, with the management tokens: the page is the same for everybody, and
//! nothing is sent but the requests about a link. Behind the other doors links have no management tokens. They belong to
//! an API key or an account, and the script lists them with the credentials that another script gets.

use http::{HeaderValue, StatusCode};
use shortlink_core::http::html::{EscapedHtml, HERE, InlineAsset, Page, PageScript, script_data};
use shortlink_core::http::language::Language;
use shortlink_core::http::request::Request;
use shortlink_core::http::response::Response;
use shortlink_core::http::texts;

use crate::config::{Config, Door};
use crate::{FIVE_MINUTES, Shorten, form};

/// The script of the page.
static SCRIPT: InlineAsset = InlineAsset::new(include_str!("my_links.js"));

/// The page.
pub(crate) fn my_links(shorten: &Shorten, request: &Request) -> Response {
    let (config, language) = (&shorten.config, Language::of(request));
    let texts = texts::my_links(language);
    let lead = |text: &str| format!("<p class=\"lead\">{text}</p>\n");
    let (credentials, files, cache_control) = match (config.door, &config.sign_in) {
        (Door::Open, _) => {
            let (lead, needs_script) = (texts.of_browser, texts.needs_script);
            let browser = format!(include_str!("my_links_browser.html"), lead = lead, needs_script = needs_script);
            let (save, add, hint) = (texts.save_file, texts.add_file, texts.file_hint);
            (browser, format!(include_str!("my_links_files.html"), save = save, add = add, hint = hint), FIVE_MINUTES)
        }
        (Door::Key, _) => {
            let (key_field, show) = (form::key_field_html(language), texts.show);
            let key =
                format!(include_str!("my_links_key.html"), lead = texts.of_key, key_field = key_field, show = show);
            (key, String::new(), FIVE_MINUTES)
        }
        (Door::Jwt, Some(sign_in)) => {
            let sign_in = form::sign_in_html(sign_in, &config.jwt_scope_prefix, language);
            // The address contains a code after signing in, so that no cache should keep the page.
            (lead(texts.of_account) + &sign_in, String::new(), HeaderValue::from_static("no-store"))
        }
        (Door::Jwt, None) => return closed_page(config, language),
    };
    let main = format!(
        include_str!("my_links.html"),
        heading = texts.heading,
        credentials = credentials,
        base = EscapedHtml(&shorten.base_url(request).join("")),
        search = texts.search,
        show_more = texts.show_more,
        files = files,
        make = texts::frame(language).make,
        texts = script_data("texts", &texts.script),
    );
    let script = Some(PageScript { asset: &SCRIPT, sends: true });
    let (title, brand) = (texts.heading, &config.brand);
    let page = Page { title, main: &main, script, is_indexed: false, home: HERE, brand, language };
    form::respond(&page, StatusCode::OK, cache_control, config)
}

/// The page if it can sign nobody in.
fn closed_page(config: &Config, language: Language) -> Response {
    let texts = texts::my_links(language);
    let main = format!(include_str!("my_links_closed.html"), heading = texts.heading, lead = texts.closed);
    let (title, brand) = (texts.heading, &config.brand);
    let page = Page { title, main: &main, script: None, is_indexed: false, home: HERE, brand, language };
    page.response(StatusCode::OK, FIVE_MINUTES)
}
