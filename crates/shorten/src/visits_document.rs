//! How often a link was visited, as JSON and as CSV: by day, referrer, country and device.

use std::fmt::Write;

use serde::Serialize;
use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::link::Link;
use shortlink_core::domain::visit::{DailyVisits, VisitReport, month_of};

/// The visits of a link.
#[derive(Clone, Debug, Serialize)]
pub struct VisitsDocument<'a> {
    /// The code of the link.
    pub code: &'a str,
    /// The number of visits since the link was created.
    pub total_visits: u64,
    /// The time of the last visit.
    pub last_visit_at: Option<Timestamp>,
    /// The first day of the report, such as `2030-01-31`, in UTC. The days and their sums are about these.
    pub from: &'a str,
    /// The last day of the report.
    pub to: &'a str,
    /// The number of visits on these days.
    pub visits: u64,
    /// The number of redirects answered to bots on these days.
    pub bots: u64,
    /// The days, the earliest first.
    pub days: Vec<DayDocument<'a>>,
    /// The first month that the report touches, such as `2030-01`. Referrers, countries and devices are counted by month.
    pub first_month: &'a str,
    /// The last month that the report touches.
    pub last_month: &'a str,
    /// The visits by referring host, most first, as are the next two.
    pub referrers: Vec<CountDocument<'a>>,
    /// The visits by country.
    pub countries: Vec<CountDocument<'a>>,
    /// The visits by kind of device.
    pub devices: Vec<CountDocument<'a>>,
}

/// The visits of a day.
#[derive(Clone, Debug, Serialize)]
pub struct DayDocument<'a> {
    /// The day in UTC, such as `2030-01-31`.
    pub date: &'a str,
    /// The number of visits.
    pub visits: u64,
    /// The number of redirects answered to bots.
    pub bots: u64,
}

/// The visits from one referrer or country, or with one kind of device.
#[derive(Clone, Debug, Serialize)]
pub struct CountDocument<'a> {
    /// The referrer, country or kind.
    pub name: &'a str,
    /// The number of visits.
    pub visits: u64,
}

impl<'a> VisitsDocument<'a> {
    /// The document of a report about `link`.
    pub fn new(link: &'a Link, report: &'a VisitReport) -> Self {
        let date = |day: Option<&'a DailyVisits>| day.map_or("", |day| day.date.as_str());
        let (from, to) = (date(report.days.first()), date(report.days.last()));
        Self {
            code: link.code.as_str(),
            total_visits: report.total_hits,
            last_visit_at: report.last_hit_at,
            from,
            to,
            visits: report.days.iter().map(|day| day.hits).sum(),
            bots: report.days.iter().map(|day| day.bots).sum(),
            first_month: month_of(from).unwrap_or_default(),
            last_month: month_of(to).unwrap_or_default(),
            days: report
                .days
                .iter()
                .map(|day| DayDocument { date: &day.date, visits: day.hits, bots: day.bots })
                .collect(),
            referrers: by_count(report.breakdown.referrers.iter().map(|(host, visits)| (host.as_str(), *visits))),
            countries: by_count(report.breakdown.countries.iter().map(|(country, visits)| (country.as_str(), *visits))),
            devices: by_count(report.breakdown.devices.iter().map(|(device, visits)| (*device, *visits))),
        }
    }

    /// The document as CSV: a row for each day, referrer, country and device.
    pub fn to_csv(&self) -> String {
        let mut table = "kind,name,visits,bots\r\n".to_owned();
        // Writing to a String cannot fail.
        for day in &self.days {
            write!(table, "day,{},{},{}\r\n", day.date, day.visits, day.bots).ok();
        }
        for (kind, counts) in [("referrer", &self.referrers), ("country", &self.countries), ("device", &self.devices)] {
            for count in counts {
                write!(table, "{kind},{},{},\r\n", csv_field(count.name), count.visits).ok();
            }
        }
        table
    }
}

/// The counts in descending order; equal ones by name.
fn by_count<'a>(counts: impl Iterator<Item = (&'a str, u64)>) -> Vec<CountDocument<'a>> {
    let mut counts: Vec<_> = counts.map(|(name, visits)| CountDocument { name, visits }).collect();
    counts.sort_by(|a, b| b.visits.cmp(&a.visits).then(a.name.cmp(b.name)));
    counts
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

    #[test]
    fn csv_fields_are_no_formulas() {
        assert_eq!(csv_field("example.com"), "example.com");
        assert_eq!(csv_field("=cmd()"), "\"'=cmd()\"");
        assert_eq!(csv_field("a\",b"), "\"a\"\",b\"");
    }
}
