//! The chart of a link's daily visits: a sentence, a bar for each day, and the same numbers as a table.

use std::fmt::Write;

use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::visit::DailyVisits;
use shortlink_core::http::html::EscapedHtml;

/// The height of the chart, in units of the SVG. A day is [`PITCH`] units wide, and its bar [`BAR`] units.
const HEIGHT: u64 = 120;
const PITCH: usize = 20;
const BAR: usize = 14;

/// The height of the bar of a day without visits, and the minimum for all others, so that every day is visible.
const MIN_BAR_HEIGHT: u64 = 2;

/// The section of a page that shows these days. Without visits it is a sentence and has no chart.
pub(crate) fn html(days: &[DailyVisits]) -> String {
    let (total, bots): (u64, u64) = (days.iter().map(|day| day.hits).sum(), days.iter().map(|day| day.bots).sum());
    let count = days.len();
    let most = days.iter().map(|day| day.hits).max().unwrap_or(0);
    let people = match total {
        0 => format!("No visits in the last {count} days."),
        1 => format!("1 visit in the last {count} days."),
        _ if most == total => format!("{} in the last {count} days, all on one day.", visits(total)),
        _ => format!(
            "{} in the last {count} days, at most {} on one day.",
            visits(total),
            with_thousands_separators(most)
        ),
    };
    let crawlers = match bots {
        0 => String::new(),
        1 => " Plus 1 request from a bot, not counted.".to_owned(),
        _ => format!(" Plus {} requests from bots, not counted.", with_thousands_separators(bots)),
    };
    let sentence = people + &crawlers;
    let (Some(first), Some(last), 1..) = (days.first(), days.last(), total) else {
        return format!("<section class=\"chart\">\n<h2>Visits by day</h2>\n<p>{sentence}</p>\n</section>\n");
    };
    let busiest = days.iter().max_by_key(|day| day.hits).unwrap_or(last);
    format!(
        include_str!("visit_chart.html"),
        sentence = sentence,
        width = count * PITCH,
        height = HEIGHT,
        summary = EscapedHtml(&format!(
            "Bars for each day from {} to {}. The busiest day was {}, with {}.",
            human_date(&first.date),
            human_date(&last.date),
            human_date(&busiest.date),
            visits(busiest.hits),
        )),
        bars = bars(days, most),
        first = without_year(&human_date(&first.date)),
        last = without_year(&human_date(&last.date)),
        rows = rows(days),
    )
}

fn bars(days: &[DailyVisits], most: u64) -> String {
    let mut bars = String::new();
    for (index, day) in days.iter().enumerate() {
        let height = (u128::from(HEIGHT) * u128::from(day.hits)).div_ceil(u128::from(most.max(1)));
        let height = u64::try_from(height).unwrap_or(HEIGHT).clamp(MIN_BAR_HEIGHT, HEIGHT);
        let class = if day.hits == 0 { " class=\"none\"" } else { "" };
        // Writing to a String cannot fail.
        writeln!(
            bars,
            "<rect{class} x=\"{}\" y=\"{}\" width=\"{BAR}\" height=\"{height}\"><title>{}: {}</title></rect>",
            index * PITCH + (PITCH - BAR) / 2,
            HEIGHT - height,
            human_date(&day.date),
            visits(day.hits),
        )
        .ok();
    }
    bars
}

/// The days with visits or requests from bots, newest first.
fn rows(days: &[DailyVisits]) -> String {
    let rows = days.iter().rev().filter(|day| day.hits + day.bots > 0);
    rows.map(|day| {
        let (date, hits, bots) =
            (human_date(&day.date), with_thousands_separators(day.hits), with_thousands_separators(day.bots));
        format!("<tr><th scope=\"row\">{date}</th><td>{hits}</td><td>{bots}</td></tr>\n")
    })
    .collect()
}

fn visits(count: u64) -> String {
    if count == 1 { "1 visit".to_owned() } else { format!("{} visits", with_thousands_separators(count)) }
}

/// A date such as `2030-01-31` in a form for people.
fn human_date(date: &str) -> String {
    Timestamp::parse(&format!("{date}T00:00:00Z")).map(Timestamp::date_to_human).unwrap_or_default()
}

fn without_year(date: &str) -> &str {
    date.rsplit_once(' ').map_or(date, |(day_and_month, _)| day_and_month)
}

/// A number with its digits in groups of three: `1,234`.
pub(crate) fn with_thousands_separators(number: u64) -> String {
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

    fn days(hits: &[u64]) -> Vec<DailyVisits> {
        let day = |(index, hits): (usize, &u64)| DailyVisits {
            date: format!("2030-01-{:02}", index + 1),
            hits: *hits,
            bots: 0,
        };
        hits.iter().enumerate().map(day).collect()
    }

    #[test]
    fn the_busiest_day_fills_the_chart_and_every_day_is_visible() {
        let bars = bars(&days(&[0, 1, 1_000_000, u64::MAX]), u64::MAX);
        let heights: Vec<_> = bars.lines().filter_map(|bar| bar.split("height=\"").nth(1)?.split('"').next()).collect();
        assert_eq!(heights, ["2", "2", "2", "120"]);
    }

    #[test]
    fn there_is_no_chart_without_visits() {
        assert!(!html(&days(&[0, 0])).contains("<svg"));
        assert!(!html(&[]).contains("<svg"));
        let html = html(&days(&[0, 1_234]));
        assert!(html.contains("1,234 visits in the last 2 days, all on one day."), "{html}");
        assert!(html.contains("The busiest day was 2 January 2030, with 1,234 visits."), "{html}");
    }
}
