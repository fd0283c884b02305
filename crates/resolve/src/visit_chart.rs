//! The chart of a link's daily visits: a sentence, a bar for each day, and the same numbers as a table.

use std::fmt::Write;

use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::visit::DailyVisits;
use shortlink_core::http::html::EscapedHtml;
use shortlink_core::http::language::Language;
use shortlink_core::http::texts::{self, Words};

/// The height of the chart, in units of the SVG. A day is [`PITCH`] units wide, and its bar [`BAR`] units.
const HEIGHT: u64 = 120;
const PITCH: usize = 20;
const BAR: usize = 14;

/// The height of the bar of a day without visits, and the minimum for all others, so that every day is visible.
const MIN_BAR_HEIGHT: u64 = 2;

/// The section of a page that shows these days. Without visits it is a sentence and has no chart.
pub(crate) fn html(days: &[DailyVisits], language: Language) -> String {
    let (texts, words) = (texts::chart(language), texts::words(language));
    let visits = |count: u64| (texts.visits)(&words.number(count), count == 1);
    let (total, bots): (u64, u64) = (days.iter().map(|day| day.hits).sum(), days.iter().map(|day| day.bots).sum());
    let most = days.iter().map(|day| day.hits).max().unwrap_or(0);
    let people = match total {
        0 => (texts.none)(days.len()),
        _ => {
            let most = (most < total).then(|| words.number(most));
            (texts.total)(&visits(total), days.len(), most.as_deref())
        }
    };
    let crawlers = if bots == 0 { String::new() } else { format!(" {}", (texts.bots)(&words.number(bots), bots == 1)) };
    let sentence = people + &crawlers;
    let (Some(first), Some(last), 1..) = (days.first(), days.last(), total + bots) else {
        let heading = texts.heading;
        return format!("<section class=\"chart\">\n<h2>{heading}</h2>\n<p>{sentence}</p>\n</section>\n");
    };
    let busiest = days.iter().max_by_key(|day| day.hits).unwrap_or(last);
    let highest = days.iter().map(|day| day.hits.saturating_add(day.bots)).max().unwrap_or(0);
    let [day, visits_column, bots_column] = texts.columns;
    format!(
        include_str!("visit_chart.html"),
        heading = texts.heading,
        sentence = sentence,
        width = days.len() * PITCH,
        height = HEIGHT,
        middle = HEIGHT / 2,
        summary = EscapedHtml(&(texts.summary)(
            &human_date(&first.date, words),
            &human_date(&last.date, words),
            &human_date(&busiest.date, words),
            &visits(busiest.hits),
        )),
        bars = bars(days, highest),
        most = words.number(highest),
        first = human_date(&first.date, words),
        last = human_date(&last.date, words),
        table = texts.table,
        day = day,
        visits_column = visits_column,
        bots_column = bots_column,
        rows = rows(days, words),
    )
}

/// A bar for each day: visits below, and requests from bots above in another tone.
fn bars(days: &[DailyVisits], highest: u64) -> String {
    let mut bars = String::new();
    let height_of = |count: u64| {
        let height = (u128::from(HEIGHT) * u128::from(count)).div_ceil(u128::from(highest.max(1)));
        u64::try_from(height).unwrap_or(HEIGHT).min(HEIGHT)
    };
    for (index, day) in days.iter().enumerate() {
        let x = index * PITCH + (PITCH - BAR) / 2;
        let people = height_of(day.hits).max(MIN_BAR_HEIGHT);
        let class = if day.hits == 0 { " class=\"none\"" } else { "" };
        // Writing to a String cannot fail.
        writeln!(bars, "<rect{class} x=\"{x}\" y=\"{}\" width=\"{BAR}\" height=\"{people}\"/>", HEIGHT - people).ok();
        let bots = height_of(day.hits.saturating_add(day.bots)).saturating_sub(people);
        if day.bots > 0 && bots > 0 {
            let y = HEIGHT - people - bots;
            writeln!(bars, "<rect class=\"bots\" x=\"{x}\" y=\"{y}\" width=\"{BAR}\" height=\"{bots}\"/>").ok();
        }
    }
    bars
}

/// The days with visits or requests from bots, newest first.
fn rows(days: &[DailyVisits], words: &Words) -> String {
    let rows = days.iter().rev().filter(|day| day.hits + day.bots > 0);
    rows.map(|day| {
        let (date, hits, bots) = (human_date(&day.date, words), words.number(day.hits), words.number(day.bots));
        format!("<tr><th scope=\"row\">{date}</th><td>{hits}</td><td>{bots}</td></tr>\n")
    })
    .collect()
}

/// A date such as `2030-01-31` in a form for people.
fn human_date(date: &str, words: &Words) -> String {
    Timestamp::parse(&format!("{date}T00:00:00Z")).map(|instant| words.date(instant)).unwrap_or_default()
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
    fn bots_are_above_the_visits_of_their_day() {
        let day = DailyVisits { date: "2030-01-01".to_owned(), hits: 1, bots: 3 };
        let bars = bars(&[day], 4);
        assert_eq!(
            bars,
            "<rect x=\"3\" y=\"90\" width=\"14\" height=\"30\"/>\n\
             <rect class=\"bots\" x=\"3\" y=\"0\" width=\"14\" height=\"90\"/>\n"
        );
    }

    #[test]
    fn there_is_no_chart_without_visits() {
        assert!(!html(&days(&[0, 0]), Language::English).contains("<svg"));
        assert!(!html(&[], Language::English).contains("<svg"));
        let html = html(&days(&[0, 1_234]), Language::English);
        assert!(html.contains("1,234 visits in the last 2 days."), "{html}");
        assert!(html.contains("The busiest day was 2 January 2030, with 1,234 visits."), "{html}");
    }
}
