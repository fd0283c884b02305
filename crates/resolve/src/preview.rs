//! `GET /{code}+`: what is known of a link, for those who want to look before they follow it. It is not a visit.
//!
//! Browsers get a page, other clients JSON. Visits are shown only if the operator wants everybody to see them; the owner of
//! a link reads them at `/links/{code}/visits`.

use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use shortlink_core::domain::clock::{DAY_SECONDS, Timestamp};
use shortlink_core::domain::code::Code;
use shortlink_core::domain::link::Link;
use shortlink_core::domain::visit::{DAYS_SHOWN, DailyVisits, VisitReport};
use shortlink_core::http::html::{self, EscapedHtml, InlineAsset, Page, PageScript};
use shortlink_core::http::language::Language;
use shortlink_core::http::problem::Problem;
use shortlink_core::http::request::Request;
use shortlink_core::http::response::{self, Response};
use shortlink_core::http::texts;
use shortlink_core::visits::recorder::VisitTracking;

use crate::Resolve;
use crate::config::Preview;
use crate::look_alike::InternationalHost;
use crate::visit_chart;

/// The script of the page: it shows times in the person's time zone, and copies the short URL.
static SCRIPT: InlineAsset =
    InlineAsset::new(concat!(include_str!("../../core/src/http/local_time.js"), include_str!("preview.js")));

/// Only the client may cache a preview, and it must revalidate it each time.
const NO_CACHE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// A link, as JSON.
#[derive(Serialize)]
struct LinkPreview<'a> {
    short_url: &'a str,
    code: &'a str,
    url: &'a str,
    /// Null if another tool has written the link without saying so.
    created_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    /// Null if visits are not counted or not shown.
    visits: Option<u64>,
    last_visit_at: Option<Timestamp>,
    days: Vec<PreviewDay<'a>>,
}

#[derive(Serialize)]
struct PreviewDay<'a> {
    date: &'a str,
    visits: u64,
    bots: u64,
}

/// Shows what is known of a link.
pub(crate) async fn preview(resolve: &Resolve, request: &Request, code: &Code) -> Result<Response, Problem> {
    let now = resolve.clock.now();
    let link = resolve.find(code, now).await?;
    let shows_visits = resolve.config.preview == Preview::Full && resolve.visits.tracking() != VisitTracking::Off;
    // If no visits are counted, the role of the function does not allow reading any.
    let visits = if shows_visits {
        let days = if resolve.visits.tracking() == VisitTracking::Daily { DAYS_SHOWN } else { 0 };
        let dates = (0..days).rev().filter_map(|ago| Some(now.plus(-ago * DAY_SECONDS)?.date()));
        Some(resolve.store.visit_report(&link, dates, now).await?)
    } else {
        None
    };
    let short_url = resolve.short_url(request, code);
    let mut response = match request.negotiate(&["application/json", "text/html"]) {
        Some("text/html") => page(resolve, request, &link, visits.as_ref(), &short_url, now),
        _ => json(&link, visits.as_ref(), &short_url),
    };
    response::add_vary(&mut response, "accept");
    Ok(response::with_etag(request, response))
}

fn json(link: &Link, visits: Option<&VisitReport>, short_url: &str) -> Response {
    let preview = LinkPreview {
        short_url,
        code: link.code.as_str(),
        url: link.target.as_str(),
        created_at: link.created_at.known(),
        expires_at: link.expires_at,
        visits: visits.map(|visits| visits.total_hits),
        last_visit_at: visits.and_then(|visits| visits.last_hit_at),
        days: days(visits).iter().map(|day| PreviewDay { date: &day.date, visits: day.hits, bots: day.bots }).collect(),
    };
    let mut response = response::json(StatusCode::OK, &preview);
    response.headers_mut().insert(header::CACHE_CONTROL, NO_CACHE);
    response
}

fn page(
    resolve: &Resolve,
    request: &Request,
    link: &Link,
    visits: Option<&VisitReport>,
    short_url: &str,
    now: Timestamp,
) -> Response {
    let language = Language::of(request);
    let (texts, frame, words) = (texts::preview(language), texts::frame(language), texts::words(language));
    let days = days(visits);
    let (before_host, host, after_host) = link.target.split_at_host();
    let fact = |label: &str, value: &str| format!("<div><dt>{label}</dt><dd>{value}</dd></div>\n");
    let past = |instant: Timestamp| time(&words.ago(now.since(instant)), instant, words);
    let expires = link.expires_at.map(|instant| time(&words.within(instant.since(now)), instant, words));
    let totals = visits.map(|visits| {
        let last = visits.last_hit_at.map_or_else(|| texts.none_yet.to_owned(), past);
        fact(texts.visits, &words.number(visits.total_hits)) + &fact(texts.last_visit, &last)
    });
    let main = format!(
        include_str!("preview.html"),
        heading = texts.heading,
        target = EscapedHtml(link.target.as_str()),
        before_host = EscapedHtml(before_host),
        host = EscapedHtml(host),
        after_host = EscapedHtml(after_host),
        host_note = host_note(&link.target.host(), texts),
        go_to = EscapedHtml(&(texts.go_to)(host)),
        report = resolve.config.report_url.as_deref().map_or_else(String::new, |url| report_link(url, texts)),
        short_link = texts.short_link,
        short_url = EscapedHtml(short_url),
        copied = frame.copied,
        copy = frame.copy,
        created = link.created_at.known().map(|instant| fact(texts.created, &past(instant))).unwrap_or_default(),
        expires = fact(texts.expires, expires.as_deref().unwrap_or(texts.never)),
        visits = totals.unwrap_or_default(),
        qr_code = html::qr_code_section("code preview-code", &link.code, short_url, language),
        chart = if days.is_empty() { String::new() } else { visit_chart::html(days, language) },
        make = frame.make,
    );
    let title = (texts.title)(link.code.as_str());
    let brand = &resolve.config.brand;
    let script = Some(PageScript { asset: &SCRIPT, sends: false });
    let page = Page { title: &title, main: &main, script, is_indexed: false, home: html::HERE, brand, language };
    page.response(StatusCode::OK, NO_CACHE)
}

/// The days that are shown, if any are.
fn days(visits: Option<&VisitReport>) -> &[DailyVisits] {
    visits.map_or(&[], |visits| &visits.days)
}

/// How people read an international host, with a warning if it looks like another one.
fn host_note(host: &str, texts: &texts::Preview) -> String {
    let Some(InternationalHost { unicode, is_look_alike, looks_like }) = InternationalHost::of(host) else {
        return String::new();
    };
    let unicode = format!("<bdi>{}</bdi>", EscapedHtml(&unicode));
    let ascii = format!("<code>{}</code>", EscapedHtml(host));
    if !is_look_alike {
        return format!("<p>{}</p>\n", (texts.host)(&unicode, &ascii));
    }
    let other = looks_like.map(|other| format!("<b>{}</b>", EscapedHtml(&other)));
    format!("<p class=\"alert\" role=\"note\">{}</p>\n", (texts.look_alike)(&unicode, &ascii, other.as_deref()))
}

fn report_link(url: &str, texts: &texts::Preview) -> String {
    format!(" <a href=\"{}\">{}</a>", EscapedHtml(url), texts.report)
}

/// A time in words, with the instant beside it.
fn time(in_words: &str, instant: Timestamp, words: &texts::Words) -> String {
    let exact = words.instant(instant);
    format!("{in_words} <span class=\"exact\">(<time datetime=\"{instant}\">{exact}</time>)</span>")
}
