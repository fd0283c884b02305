//! `GET /links/{code}/visits`: how often a link was visited, by day, referrer, country and device, for whoever may read
//! the link.

use std::fmt::Write;

use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use shortlink_core::domain::clock::{DAY_SECONDS, Timestamp};
use shortlink_core::domain::link::Link;
use shortlink_core::domain::visit::{DAYS_SHOWN, DailyVisits, VisitReport, month_of};
use shortlink_core::http::problem::{Problem, ProblemKind};
use shortlink_core::http::request::Request;
use shortlink_core::http::response::{self, Response};
use url::form_urlencoded;

use crate::Shorten;
use crate::manage_link::{Action, authorize};

/// The maximum number of days of a report, which needs one call of the table.
const MAX_DAYS: i64 = 366;

#[derive(Serialize)]
struct VisitsDocument<'a> {
    code: &'a str,
    /// Since the link was created.
    total_visits: u64,
    last_visit_at: Option<Timestamp>,
    /// The first and the last day of the report. The days and their sums are about these.
    from: &'a str,
    to: &'a str,
    visits: u64,
    bots: u64,
    days: Vec<DayDocument<'a>>,
    /// The months that the report touches, such as `2030-01`. Referrers, countries and devices are counted by month.
    first_month: &'a str,
    last_month: &'a str,
    referrers: Vec<CountDocument<'a>>,
    countries: Vec<CountDocument<'a>>,
    devices: Vec<CountDocument<'a>>,
}

#[derive(Serialize)]
struct DayDocument<'a> {
    date: &'a str,
    visits: u64,
    bots: u64,
}

/// The visits from one referrer or country, or with one kind of device.
#[derive(Serialize)]
struct CountDocument<'a> {
    name: &'a str,
    visits: u64,
}

/// The first and the last day of a report, at midnight UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    from: Timestamp,
    to: Timestamp,
}

/// Shows the visits of a link as JSON or, if the client prefers that, as CSV.
pub(crate) async fn show_visits(shorten: &Shorten, request: &Request) -> Result<Response, Problem> {
    let (_, managed) = authorize(shorten, request, Action::Read).await?;
    let now = shorten.clock.now();
    let range = Range::parse(request.query.as_deref().unwrap_or_default(), now)?;
    let report = shorten.store.visit_report(&managed.link, range.dates(), now).await?;
    let document = to_document(&managed.link, &report);
    let mut response = match request.negotiate(&["application/json", "text/csv"]) {
        Some("text/csv") => csv(&document),
        _ => response::json(StatusCode::OK, &document),
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

impl Range {
    /// Parses the parameters `from` and `to` of a query string, two days in UTC such as `2030-01-31`. Others are ignored.
    /// Without them, the range is the last [`DAYS_SHOWN`] days, today last.
    fn parse(query: &str, now: Timestamp) -> Result<Self, Problem> {
        let (mut from, mut to) = (None, None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let (slot, name) = match &*name {
                "from" => (&mut from, "from"),
                "to" => (&mut to, "to"),
                _ => continue,
            };
            if slot
                .replace(parse_day(&value).ok_or_else(|| invalid(name, "must be a day such as 2030-01-31"))?)
                .is_some()
            {
                return Err(invalid(name, "occurs twice; send it once"));
            }
        }
        let to = to.or_else(|| parse_day(&now.date())).unwrap_or(now);
        let from = from.or_else(|| to.plus((1 - DAYS_SHOWN) * DAY_SECONDS)).unwrap_or(to);
        match to.since(from) / DAY_SECONDS {
            ..0 => Err(invalid("from", "is after to; exchange them")),
            MAX_DAYS.. => Err(invalid("from", &format!("is too early: a report has at most {MAX_DAYS} days"))),
            _ => Ok(Self { from, to }),
        }
    }

    fn dates(self) -> impl Iterator<Item = String> {
        (0..=self.to.since(self.from) / DAY_SECONDS)
            .filter_map(move |day| Some(self.from.plus(day * DAY_SECONDS)?.date()))
    }
}

fn parse_day(text: &str) -> Option<Timestamp> {
    // The length keeps out what is no day but makes an instant with the rest.
    Timestamp::parse(&format!("{text}T00:00:00Z")).filter(|_| text.len() == "2030-01-31".len())
}

/// A problem with a query parameter.
fn invalid(parameter: &'static str, reason: &str) -> Problem {
    Problem::with_field(ProblemKind::InvalidParameter, parameter, reason.to_owned())
}

fn to_document<'a>(link: &'a Link, report: &'a VisitReport) -> VisitsDocument<'a> {
    let date = |day: Option<&'a DailyVisits>| day.map_or("", |day| day.date.as_str());
    let (from, to) = (date(report.days.first()), date(report.days.last()));
    VisitsDocument {
        code: link.code.as_str(),
        total_visits: report.total_hits,
        last_visit_at: report.last_hit_at,
        from,
        to,
        visits: report.days.iter().map(|day| day.hits).sum(),
        bots: report.days.iter().map(|day| day.bots).sum(),
        first_month: month_of(from).unwrap_or_default(),
        last_month: month_of(to).unwrap_or_default(),
        days: report.days.iter().map(|day| DayDocument { date: &day.date, visits: day.hits, bots: day.bots }).collect(),
        referrers: by_count(report.breakdown.referrers.iter().map(|(host, visits)| (host.as_str(), *visits))),
        countries: by_count(report.breakdown.countries.iter().map(|(country, visits)| (country.as_str(), *visits))),
        devices: by_count(report.breakdown.devices.iter().map(|(device, visits)| (*device, *visits))),
    }
}

/// The counts in descending order; equal ones by name.
fn by_count<'a>(counts: impl Iterator<Item = (&'a str, u64)>) -> Vec<CountDocument<'a>> {
    let mut counts: Vec<_> = counts.map(|(name, visits)| CountDocument { name, visits }).collect();
    counts.sort_by(|a, b| b.visits.cmp(&a.visits).then(a.name.cmp(b.name)));
    counts
}

/// The document as CSV: a row for each day, referrer, country and device.
fn csv(document: &VisitsDocument<'_>) -> Response {
    let mut table = "kind,name,visits,bots\r\n".to_owned();
    // Writing to a String cannot fail.
    for day in &document.days {
        write!(table, "day,{},{},{}\r\n", day.date, day.visits, day.bots).ok();
    }
    for (kind, counts) in
        [("referrer", &document.referrers), ("country", &document.countries), ("device", &document.devices)]
    {
        for count in counts {
            write!(table, "{kind},{},{},\r\n", csv_field(count.name), count.visits).ok();
        }
    }
    let mut response = response::text(StatusCode::OK, table);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    response
}

/// A field of a CSV table (RFC 4180) that a spreadsheet does not take for a formula. Visitors choose the referrer.
fn csv_field(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if text.contains([',', '"', '\r', '\n']) || !guard.is_empty() {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(query: &str) -> Option<(String, String)> {
        let now = Timestamp::parse("2030-03-01T12:00:00Z").expect("an instant");
        Range::parse(query, now).ok().map(|range| (range.from.date(), range.to.date()))
    }

    #[test]
    fn a_range_has_a_day_to_a_year() {
        let days = |from: &str, to: &str| Some((from.to_owned(), to.to_owned()));
        assert_eq!(range(""), days("2030-01-31", "2030-03-01"));
        assert_eq!(range("to=2030-01-30&x=y"), days("2030-01-01", "2030-01-30"));
        assert_eq!(range("from=2030-02-28"), days("2030-02-28", "2030-03-01"));
        assert_eq!(range("from=2029-03-01&to=2030-03-01"), days("2029-03-01", "2030-03-01"));
        for invalid in [
            "from=2029-02-28&to=2030-03-01",
            "from=2030-03-02",
            "from=x",
            "from=2030-02-30",
            "to=2030-1-1",
            "to=",
            "to=2030-01-01&to=2030-01-01",
        ] {
            assert_eq!(range(invalid), None, "{invalid}");
        }
    }

    #[test]
    fn csv_fields_are_no_formulas() {
        assert_eq!(csv_field("example.com"), "example.com");
        assert_eq!(csv_field("=cmd()"), "\"'=cmd()\"");
        assert_eq!(csv_field("a\",b"), "\"a\"\",b\"");
    }
}
