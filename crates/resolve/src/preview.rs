//! `GET /{code}+`: what is known of a link, for those who look before they follow. It is not a visit.
//!
//! A page for a browser, JSON for other clients. Who came from where is not shown: that is the operator's business.

use std::fmt::Write;

use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use shortlink_core::clock::Timestamp;
use shortlink_core::code::Code;
use shortlink_core::day::Day;
use shortlink_core::link::Link;
use shortlink_core::page::{Page, Text};
use shortlink_core::reply::{self, Reply};
use shortlink_core::request::Request;
use shortlink_core::visits::Mode;

use crate::{Resolve, to_visitor};

/// Anybody may ask, but what was true a minute ago is asked for again.
const NO_CACHE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// The chart's height, in units of its own. A day is [`PITCH`] of them wide, its bar [`BAR`].
const HEIGHT: u64 = 120;
const PITCH: usize = 20;
const BAR: usize = 14;

/// The least height of a bar: of a day without a visit, or one that would be too small to see.
const LEAST: u64 = 2;

/// A link, as JSON.
#[derive(Serialize)]
struct Preview<'a> {
    short_url: &'a str,
    code: &'a str,
    url: &'a str,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    /// Not known where nothing is counted.
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

impl Resolve {
    /// What is known of a link.
    pub(crate) async fn preview(&self, request: &Request, code: &Code) -> Reply {
        let now = self.clock.now();
        let link = match self.look_up(request, code, now).await {
            Ok(link) => link,
            Err(reply) => return *reply,
        };
        // Where days are not counted there are none to tell of, and the role may not read them.
        let counted = self.visits.mode() != Mode::Off;
        let days = match self.visits.mode() {
            Mode::Off | Mode::Total => Vec::new(),
            Mode::Daily => match self.store.days(code, now).await {
                Ok(days) => days,
                Err(error) => return to_visitor(request, &error.problem(&request.id)),
            },
        };
        let short_url = self.short_url(request, code);
        let mut reply = match request.preferred(&["application/json", "text/html"]) {
            Some("text/html") => page(&link, counted, &days, &short_url),
            _ => json(&link, counted, &days, &short_url),
        };
        reply.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
        reply::validated(request, reply)
    }
}

fn json(link: &Link, counted: bool, days: &[Day], short_url: &str) -> Reply {
    let preview = Preview {
        short_url,
        code: link.code.as_str(),
        url: link.target.as_str(),
        created_at: link.created_at,
        expires_at: link.expires_at,
        visits: counted.then_some(link.hits),
        last_visit_at: link.last_hit_at.filter(|_| counted),
        days: days.iter().map(|day| PreviewDay { date: &day.date, visits: day.hits, bots: day.bots }).collect(),
    };
    let mut reply = reply::json(StatusCode::OK, &preview);
    reply.headers_mut().insert(header::CACHE_CONTROL, NO_CACHE);
    reply
}

fn page(link: &Link, counted: bool, days: &[Day], short_url: &str) -> Reply {
    let (before_host, host, after_host) = link.target.around_host();
    let main = format!(
        include_str!("preview.html"),
        code = link.code,
        short_url = Text(short_url),
        target = Text(link.target.as_str()),
        before_host = Text(before_host),
        host = Text(host),
        after_host = Text(after_host),
        created = in_time(link.created_at),
        expires = link.expires_at.map_or_else(|| "Never".to_owned(), in_time),
        visits = if counted { visits(link) } else { String::new() },
        history = if days.is_empty() { String::new() } else { history(days) },
    );
    let title = format!("Where /{} leads - Shortlink", link.code);
    Page { title: &title, main: &main, script: None, listed: false }.reply(StatusCode::OK, NO_CACHE)
}

/// How often it was followed, and when last.
fn visits(link: &Link) -> String {
    let last = link.last_hit_at.map_or_else(|| "None yet".to_owned(), in_time);
    let total = grouped(link.hits);
    format!("<div><dt>Visits</dt><dd>{total}</dd></div>\n<div><dt>Last visit</dt><dd>{last}</dd></div>\n")
}

fn in_time(instant: Timestamp) -> String {
    format!("<time datetime=\"{instant}\">{}</time>", instant.in_words())
}

/// What happened in the days: a sentence, and if there is more to say a chart, and the chart's numbers as a table.
fn history(days: &[Day]) -> String {
    let (visits, bots): (u64, u64) = (days.iter().map(|day| day.hits).sum(), days.iter().map(|day| day.bots).sum());
    let count = days.len();
    let most = days.iter().map(|day| day.hits).max().unwrap_or(0);
    let people = match visits {
        0 => format!("No visits in the last {count} days."),
        1 => format!("1 visit in the last {count} days."),
        _ if most == visits => format!("{} in the last {count} days, all on one day.", visits_in_words(visits)),
        _ => format!("{} in the last {count} days, at most {} on one day.", visits_in_words(visits), grouped(most)),
    };
    let crawlers = match bots {
        0 => String::new(),
        1 => " A crawler or link preview came once and is not counted among them.".to_owned(),
        _ => format!(" Crawlers and link previews came {} times and are not counted among them.", grouped(bots)),
    };
    let sentence = people + &crawlers;
    let (Some(first), Some(last), 1..) = (days.first(), days.last(), visits) else {
        return format!("<section class=\"chart\">\n<h2>Visits by day</h2>\n<p>{sentence}</p>\n</section>\n");
    };
    let busiest = days.iter().max_by_key(|day| day.hits).unwrap_or(last);
    format!(
        include_str!("history.html"),
        sentence = sentence,
        width = count * PITCH,
        height = HEIGHT,
        summary = Text(&format!(
            "Bars for each day from {} to {}. The busiest day was {}, with {}.",
            in_words(&first.date),
            in_words(&last.date),
            in_words(&busiest.date),
            visits_in_words(busiest.hits),
        )),
        bars = bars(days, most),
        first = without_year(&in_words(&first.date)),
        last = without_year(&in_words(&last.date)),
        rows = rows(days),
    )
}

fn bars(days: &[Day], most: u64) -> String {
    let mut bars = String::new();
    for (index, day) in days.iter().enumerate() {
        let height = (u128::from(HEIGHT) * u128::from(day.hits)).div_ceil(u128::from(most.max(1)));
        let height = u64::try_from(height).unwrap_or(HEIGHT).clamp(LEAST, HEIGHT);
        let class = if day.hits == 0 { " class=\"none\"" } else { "" };
        // Writing to a string does not fail.
        writeln!(
            bars,
            "<rect{class} x=\"{}\" y=\"{}\" width=\"{BAR}\" height=\"{height}\"><title>{}: {}</title></rect>",
            index * PITCH + (PITCH - BAR) / 2,
            HEIGHT - height,
            in_words(&day.date),
            visits_in_words(day.hits),
        )
        .ok();
    }
    bars
}

/// The days that had visitors or crawlers, the newest first.
fn rows(days: &[Day]) -> String {
    let seen = days.iter().rev().filter(|day| day.hits + day.bots > 0);
    seen.map(|day| {
        let (date, hits, bots) = (in_words(&day.date), grouped(day.hits), grouped(day.bots));
        format!("<tr><th scope=\"row\">{date}</th><td>{hits}</td><td>{bots}</td></tr>\n")
    })
    .collect()
}

fn visits_in_words(visits: u64) -> String {
    if visits == 1 { "1 visit".to_owned() } else { format!("{} visits", grouped(visits)) }
}

/// A day such as `2030-01-31` for people to read.
fn in_words(date: &str) -> String {
    Timestamp::parse(&format!("{date}T00:00:00Z")).map(Timestamp::day_in_words).unwrap_or_default()
}

fn without_year(day: &str) -> &str {
    day.rsplit_once(' ').map_or(day, |(day, _)| day)
}

/// A number with its digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(hits: &[u64]) -> Vec<Day> {
        let day =
            |(index, hits): (usize, &u64)| Day { date: format!("2030-01-{:02}", index + 1), hits: *hits, bots: 0 };
        hits.iter().enumerate().map(day).collect()
    }

    #[test]
    fn the_busiest_day_is_as_high_as_the_chart_and_no_day_is_unseen() {
        let bars = bars(&days(&[0, 1, 1_000_000, u64::MAX]), u64::MAX);
        let heights: Vec<_> = bars.lines().filter_map(|bar| bar.split("height=\"").nth(1)?.split('"').next()).collect();
        assert_eq!(heights, ["2", "2", "2", "120"]);
    }

    #[test]
    fn a_history_without_visits_has_no_chart() {
        assert!(!history(&days(&[0, 0])).contains("<svg"));
        assert!(!history(&[]).contains("<svg"));
        let told = history(&days(&[0, 1_234]));
        assert!(told.contains("1,234 visits in the last 2 days, all on one day."), "{told}");
        assert!(told.contains("The busiest day was 2 January 2030, with 1,234 visits."), "{told}");
    }
}
