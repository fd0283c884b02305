//! `shortlink visits`: how often a link was visited.
//!
//! | module | defines |
//! | --- | --- |
//! | `bar` | bars of a chart |

mod bar;

use std::io;

use clap::Args;
use shorten::visit_range::VisitRange;
use shorten::visits_document::{CountDocument, VisitsDocument};
use shortlink_core::domain::clock::{Clock, Timestamp};
use shortlink_core::domain::code::Code;

use crate::error::CliError;
use crate::links::{code, day};
use crate::output::json_line::to_line;
use crate::output::safe_text::safe;
use crate::output::style::{Style, line_width};
use crate::storage::StorageOptions;

/// How many referrers and countries the chart shows.
const MAX_NAMES: usize = 10;

/// The options of `shortlink visits`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shortlink visits spring
  shortlink visits spring --from 2026-11-01 --to 2026-11-30 --csv > november.csv

Referrers, countries and devices are counted by month: they are those of all months that the days touch.")]
pub struct VisitsOptions {
    /// The code of the link
    #[arg(value_parser = code)]
    code: Code,

    /// The first day, in UTC [default: 30 days with the last one]
    #[arg(long, value_name = "DAY", value_parser = day)]
    from: Option<Timestamp>,

    /// The last day, in UTC; a report has at most 366 days [default: today]
    #[arg(long, value_name = "DAY", value_parser = day)]
    to: Option<Timestamp>,

    /// Print CSV: a row for each day, referrer, country and device
    #[arg(long, conflicts_with = "json")]
    csv: bool,

    /// Print a JSON document
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    storage: StorageOptions,
}

/// Shows the visits of a link. `print` is called with each line for the user.
///
/// # Errors
///
/// [`CliError`].
pub async fn visits(options: VisitsOptions, print: impl Fn(&str) -> io::Result<()>) -> Result<(), CliError> {
    let VisitsOptions { code, from, to, csv, json, storage } = options;
    let now = Clock::system().now();
    let range = VisitRange::new(from, to, now).map_err(|error| CliError::VisitRange(error.to_string()))?;
    let store = storage.open_for_reading().await?.store();
    let managed = store.find_managed(&code).await?.ok_or_else(|| CliError::NoSuchLink(code.to_string()))?;
    let report = store.visit_report(&managed.link, range.dates(), now).await?;
    let document = VisitsDocument::new(&managed.link, &report);
    let lines = match (csv, json) {
        (true, _) => document.to_csv().lines().map(|line| format!("{line}\r")).collect(),
        (_, true) => vec![to_line(&document)?],
        _ => chart(&document, Style::of_stdout()),
    };
    lines.iter().try_for_each(|line| print(line)).map_err(CliError::Output)
}

/// The lines for people.
fn chart(document: &VisitsDocument<'_>, style: Style) -> Vec<String> {
    let VisitsDocument { code, visits, bots, from, to, total_visits, .. } = document;
    let last = document.last_visit_at.map(|at| format!(", the last one {at}")).unwrap_or_default();
    let mut lines = vec![
        format!("{code}: {visits} visits from {from} to {to}, and {bots} redirects answered to bots."),
        format!("{total_visits} visits since the link was created{last}."),
        String::new(),
    ];
    let days = document.days.iter().map(|day| (day.date.to_owned(), day.visits)).collect::<Vec<_>>();
    lines.extend(bars(&days, style));
    let months = match document.first_month == document.last_month {
        true => document.first_month.to_owned(),
        false => format!("{} to {}", document.first_month, document.last_month),
    };
    for (heading, counts) in
        [("Referrers", &document.referrers), ("Countries", &document.countries), ("Devices", &document.devices)]
    {
        if !counts.is_empty() {
            lines.extend([String::new(), style.heading(format!("{heading}, {months}"))]);
            lines.extend(bars(&top(counts), style));
        }
    }
    lines
}

/// The first counts by name, and the sum of the others.
fn top(counts: &[CountDocument<'_>]) -> Vec<(String, u64)> {
    let (shown, others) = counts.split_at(counts.len().min(MAX_NAMES));
    let mut rows: Vec<_> = shown.iter().map(|count| (safe(count.name), count.visits)).collect();
    if !others.is_empty() {
        rows.push((format!("{} others", others.len()), others.iter().map(|count| count.visits).sum()));
    }
    rows
}

/// A line with a bar for each count.
fn bars(rows: &[(String, u64)], style: Style) -> Vec<String> {
    let name_width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    let count_width = rows.iter().map(|(_, count)| count.to_string().len()).max().unwrap_or_default();
    let most = rows.iter().map(|(_, count)| *count).max().unwrap_or_default();
    let width = line_width().saturating_sub(name_width + count_width + 4).max(10);
    let line = |(name, count): &(String, u64)| {
        format!("{name:<name_width$}  {count:>count_width$}  {}", style.good(bar::of(*count, most, width)))
    };
    rows.iter().map(|row| line(row).trim_end().to_owned()).collect()
}
