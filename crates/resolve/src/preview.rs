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
use shortlink_core::http::html::{self, EscapedHtml, Page};
use shortlink_core::http::problem::Problem;
use shortlink_core::http::request::Request;
use shortlink_core::http::response::{self, Response};
use shortlink_core::visits::recorder::VisitTracking;

use crate::Resolve;
use crate::config::Preview;
use crate::look_alike::InternationalHost;
use crate::visit_chart::{self, with_thousands_separators};

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
        Some("text/html") => page(&link, visits.as_ref(), &short_url, resolve.config.report_url.as_deref()),
        _ => json(&link, visits.as_ref(), &short_url),
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
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

fn page(link: &Link, visits: Option<&VisitReport>, short_url: &str, report_url: Option<&str>) -> Response {
    let days = days(visits);
    let (before_host, host, after_host) = link.target.split_at_host();
    let main = format!(
        include_str!("preview.html"),
        short_url = EscapedHtml(short_url),
        target = EscapedHtml(link.target.as_str()),
        before_host = EscapedHtml(before_host),
        host = EscapedHtml(host),
        after_host = EscapedHtml(after_host),
        host_note = host_note(&link.target.host()),
        created = link.created_at.known().map_or_else(|| "Unknown".to_owned(), time_element),
        expires = link.expires_at.map_or_else(|| "Never".to_owned(), time_element),
        visits = visits.map_or_else(String::new, visit_totals),
        chart = if days.is_empty() { String::new() } else { visit_chart::html(days) },
        report = report_url.map_or_else(String::new, report_link),
        qr_code = html::qr_code_section("code preview-code", &link.code, short_url),
    );
    let title = format!("Where /{} leads - Shortlink", link.code);
    Page { title: &title, main: &main, script: None, is_indexed: false, home: html::HERE }
        .response(StatusCode::OK, NO_CACHE)
}

/// The days that are shown, if any are.
fn days(visits: Option<&VisitReport>) -> &[DailyVisits] {
    visits.map_or(&[], |visits| &visits.days)
}

/// How people read an international host, with a warning if it looks like another one.
fn host_note(host: &str) -> String {
    let Some(InternationalHost { unicode, is_look_alike, looks_like }) = InternationalHost::of(host) else {
        return String::new();
    };
    let unicode = EscapedHtml(&unicode);
    if !is_look_alike {
        return format!("<p>The host is <bdi>{unicode}</bdi>, written <code>{}</code>.</p>\n", EscapedHtml(host));
    }
    let instead = looks_like.map(|other| format!(" It is not <b>{}</b>.", EscapedHtml(&other))).unwrap_or_default();
    format!(
        "<p class=\"alert\" role=\"note\">Careful: some letters of the host <bdi>{unicode}</bdi> look like others.{instead} In \
         ASCII it is <code>{}</code>.</p>\n",
        EscapedHtml(host)
    )
}

fn report_link(url: &str) -> String {
    format!(" <a href=\"{}\">Report this link</a>", EscapedHtml(url))
}

/// The number of visits, and the time of the last one.
fn visit_totals(visits: &VisitReport) -> String {
    let last = visits.last_hit_at.map_or_else(|| "None yet".to_owned(), time_element);
    let total = with_thousands_separators(visits.total_hits);
    format!("<div><dt>Visits</dt><dd>{total}</dd></div>\n<div><dt>Last visit</dt><dd>{last}</dd></div>\n")
}

fn time_element(instant: Timestamp) -> String {
    format!("<time datetime=\"{instant}\">{}</time>", instant.to_human())
}
