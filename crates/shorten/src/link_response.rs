//! The response about a link that was created or found: JSON, text or a page.

use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::link::Link;
use shortlink_core::domain::manage_token::ManageToken;
use shortlink_core::http::html::{self, EscapedHtml, Page};
use shortlink_core::http::language::Language;
use shortlink_core::http::request::Request;
use shortlink_core::http::response::{self, Response};
use shortlink_core::http::texts;

use crate::form::SCRIPT;
use crate::{Shorten, body};

/// The format of a response about a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The link as a JSON object.
    Json,
    /// The short URL and a line break.
    Text,
    /// A page.
    Html,
}

/// The query string of the form's action (form.html), by which its requests are recognised.
const PAGE_MARK: &str = "page";

/// A link, as reported to the client that created it.
#[derive(Serialize)]
struct LinkResponse<'a> {
    /// The status, if the link is one of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    short: String,
    short_url: &'a str,
    code: &'a str,
    url: &'a str,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    /// The management token, if the request has created the link.
    #[serde(skip_serializing_if = "Option::is_none")]
    manage_token: Option<&'a str>,
}

impl Format {
    /// The format for a client. The page's own form always gets a page, whatever the browser says that it accepts;
    /// otherwise the client's preference counts. A JSON or text body never gets a page: some HTTP libraries prefer HTML
    /// by default.
    pub fn negotiate(request: &Request) -> Self {
        let is_from_page = request.query.as_deref().is_some_and(|query| query.split('&').any(|part| part == PAGE_MARK));
        let offered: &[&str] = match (body::is_from_program(request), is_from_page) {
            (true, _) => &["application/json", "text/plain"],
            (false, true) => return Self::Html,
            (false, false) => &["application/json", "text/html", "text/plain"],
        };
        match request.negotiate(offered) {
            Some("text/html") => Self::Html,
            Some("text/plain") => Self::Text,
            _ => Self::Json,
        }
    }
}

impl<'a> LinkResponse<'a> {
    fn new(link: &'a Link, token: Option<&'a ManageToken>, short_url: &'a str, status: Option<u16>) -> Self {
        let code = link.code.as_str();
        Self {
            status,
            short: format!("/{code}"),
            short_url,
            code,
            url: link.target.as_str(),
            created_at: link.created_at,
            expires_at: link.expires_at,
            manage_token: token.map(ManageToken::as_str),
        }
    }
}

/// A link as one of several in a response, with its own status.
pub(crate) fn to_json(
    shorten: &Shorten,
    request: &Request,
    status: StatusCode,
    link: &Link,
    token: Option<&ManageToken>,
) -> serde_json::Value {
    let short_url = shorten.base_url(request).join(link.code.as_str());
    // Serialisation cannot fail: the document is a struct.
    serde_json::to_value(LinkResponse::new(link, token, &short_url, Some(status.as_u16()))).unwrap_or_default()
}

/// The response about a link.
pub(crate) fn link_response(
    shorten: &Shorten,
    request: &Request,
    format: Format,
    status: StatusCode,
    link: &Link,
    token: Option<&ManageToken>,
) -> Response {
    let code = link.code.as_str();
    let short_url = shorten.base_url(request).join(code);
    let mut response = match format {
        Format::Json => response::json(status, &LinkResponse::new(link, token, &short_url, None)),
        Format::Text => response::text(status, format!("{short_url}\n")),
        Format::Html => page(shorten, request, status, link, token, &short_url),
    };
    let headers = response.headers_mut();
    // This cannot fail: a code and a parsed base URL are visible ASCII.
    if let Ok(location) = HeaderValue::from_str(&short_url) {
        headers.insert(header::LOCATION, location);
    }
    response::add_vary(&mut response, "accept");
    response
}

/// The page about a link. It is the response to the POST, and no redirect leads to it: it shows the management token, which
/// must not be in a URL, and which nobody can be told later. Without the script, a reload therefore posts the form again.
fn page(
    shorten: &Shorten,
    request: &Request,
    status: StatusCode,
    link: &Link,
    token: Option<&ManageToken>,
    short_url: &str,
) -> Response {
    let (config, language) = (&shorten.config, Language::of(request));
    let (texts, frame) = (texts::created(language), texts::frame(language));
    let target = EscapedHtml(link.target.as_str());
    let preview =
        if config.has_preview { format!("<a href=\"./{}+\">{}</a> ", link.code, texts.preview) } else { String::new() };
    let heading = if status == StatusCode::CREATED { texts.heading } else { texts.existed };
    let main = format!(
        include_str!("created.html"),
        heading = heading,
        leads_to = (texts.leads_to)(&format!(
            "<a href=\"{target}\" rel=\"nofollow noopener noreferrer\">{}</a>",
            EscapedHtml(&shortened(link.target.as_str()))
        )),
        expires_sentence = expires_sentence(link, texts, texts::words(language), shorten.clock.now()),
        code = link.code,
        expires = link.expires_at.map(|instant| instant.to_string()).unwrap_or_default(),
        token = token.map(ManageToken::as_str).unwrap_or_default(),
        target = target,
        short_link = texts.short_link,
        short_url = EscapedHtml(short_url),
        copied = frame.copied,
        copy = frame.copy,
        share = texts.share,
        preview = preview,
        manage = token.map_or_else(String::new, |token| manage_section(link, token, short_url, texts)),
        qr_code = html::qr_code_section("code", &link.code, short_url, language),
        my_links = texts::form(language).my_links,
        another = texts.another,
        undo = texts.undo,
        texts = html::script_data("texts", &texts::form(language).script),
    );
    let page = Page {
        title: heading,
        main: &main,
        script: Some(SCRIPT),
        is_indexed: false,
        home: html::HERE,
        brand: &config.brand,
        language,
    };
    page.response(status, HeaderValue::from_static("no-store"))
}

fn expires_sentence(link: &Link, texts: &texts::Created, words: &texts::Words, now: Timestamp) -> String {
    let Some(expires_at) = link.expires_at else { return texts.never_expires.to_owned() };
    let instant = format!("<time datetime=\"{expires_at}\">{}</time>", words.instant(expires_at));
    (texts.expires)(&words.within(expires_at.since(now)), &instant)
}

/// The longest target that a sentence shows in full, in bytes.
const MAX_SHOWN_TARGET: usize = 70;

/// A target without its scheme, and without its middle if it is long. It is ASCII.
fn shortened(target: &str) -> String {
    let text = target.strip_prefix("https://").or_else(|| target.strip_prefix("http://")).unwrap_or(target);
    let text = text.strip_suffix('/').filter(|host| !host.contains(['/', '?', '#'])).unwrap_or(text);
    let ends = text.get(..MAX_SHOWN_TARGET - 20).zip(text.len().checked_sub(19).and_then(|start| text.get(start..)));
    match ends.filter(|_| text.len() > MAX_SHOWN_TARGET) {
        Some((start, end)) => format!("{start}…{end}"),
        None => text.to_owned(),
    }
}

/// What the creator needs to change the link later. No other page shows it.
fn manage_section(link: &Link, token: &ManageToken, short_url: &str, texts: &texts::Created) -> String {
    let base = short_url.strip_suffix(link.code.as_str()).unwrap_or(short_url);
    format!(
        include_str!("manage_section.html"),
        heading = texts.manage,
        lead = texts.manage_lead,
        example = texts.example,
        token = EscapedHtml(token.as_str()),
        url = EscapedHtml(&format!("{base}links/{}", link.code)),
    )
}
