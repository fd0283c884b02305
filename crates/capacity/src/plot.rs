//! The plot of how much of each limit a load uses, with estimates as lines and simulations as dots. The SVG has a
//! background of its own, so that it is legible on dark pages, too.

use std::fmt::Write;

use crate::Scheduling;
use crate::estimate::Usage;
use crate::limits::{ENVIRONMENTS, PARTITION_READS, PARTITION_WRITES, TABLE_UNITS};
use crate::simulation::Outcome;
use crate::traffic::{Load, Pattern};

/// A limit and its line.
struct Series {
    name: &'static str,
    color: &'static str,
    width: u8,
    /// The share of the limit that is used.
    share: fn(&Usage) -> f64,
}

const SERIES: [Series; 4] = [
    Series {
        // The share of the gateway's 10,000 requests a second is the same: ten for each environment.
        name: "concurrent environments, of 1,000, and requests to the gateway, of 10,000 a second",
        color: "#93c5fd",
        width: 7,
        share: |usage| usage.in_use / ENVIRONMENTS,
    },
    Series {
        name: "writes to the whole table, of 40,000 units a second",
        color: "#d97706",
        width: 2,
        share: |usage| usage.table_writes / TABLE_UNITS,
    },
    Series {
        name: "writes to the hottest partition, of 1,000 units a second: cannot be raised",
        color: "#dc2626",
        width: 2,
        share: |usage| usage.hottest_writes / PARTITION_WRITES,
    },
    Series {
        name: "reads from the hottest partition, of 3,000 units a second: cannot be raised",
        color: "#059669",
        width: 2,
        share: |usage| usage.hottest_reads / PARTITION_READS,
    },
];

const WIDTH: f64 = 870.0;
const HEIGHT: f64 = 530.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 360.0;
const PANEL: f64 = 350.0;

/// The powers of ten at which the axis of rates begins and ends.
const RATE: (i32, i32) = (0, 6);

/// The powers of ten at which the axis of shares begins and ends.
const SHARE: (i32, i32) = (-4, 2);

/// Draws the plot, with a dot for each simulated outcome.
pub(crate) fn svg(outcomes: &[(Load, Outcome)]) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
         height=\"{HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#111827\" role=\"img\">\n\
         <title>How much of AWS's limits 1 to 1,000,000 redirects a second use</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"#ffffff\"/>\n"
    );
    for (pattern, left) in Pattern::ALL.into_iter().zip([80.0, 80.0 + PANEL + 60.0]) {
        panel(&mut svg, pattern, left, outcomes);
    }
    text(&mut svg, (80.0 + PANEL + 30.0, BOTTOM + 42.0), "middle", "redirects a second");
    // Writing to a string does not fail.
    let middle = f64::midpoint(TOP, BOTTOM);
    writeln!(
        svg,
        "<text transform=\"translate(22 {middle}) rotate(-90)\" text-anchor=\"middle\">share of the limit</text>"
    )
    .ok();
    for (index, series) in (0..).zip(&SERIES) {
        let y = BOTTOM + 74.0 + f64::from(index) * 20.0;
        line(&mut svg, &format!("M80 {:.1}h24", y - 4.0), series);
        text(&mut svg, (112.0, y), "start", series.name);
    }
    let y = BOTTOM + 74.0 + 80.0;
    writeln!(svg, "<circle cx=\"92\" cy=\"{:.1}\" r=\"3.5\"/>", y - 4.0).ok();
    text(&mut svg, (112.0, y), "start", "simulated, as granted; the lines are estimated, as demanded");
    svg + "</svg>\n"
}

fn panel(svg: &mut String, pattern: Pattern, left: f64, outcomes: &[(Load, Outcome)]) {
    let x = |rate: f64| left + PANEL * position(rate, RATE);
    let y = |share: f64| BOTTOM - (BOTTOM - TOP) * position(share, SHARE);
    let title = match pattern {
        Pattern::OneLink => "all requests for one link",
        Pattern::Mix => "a mix of a million links",
    };
    writeln!(svg, "<g font-weight=\"bold\">").ok();
    text(svg, (left + PANEL / 2.0, TOP - 16.0), "middle", title);
    writeln!(svg, "</g>").ok();
    for (power, label) in (RATE.0..=RATE.1).zip(["1", "10", "100", "1,000", "10,000", "100,000", "1,000,000"]) {
        let at = x(10_f64.powi(power));
        writeln!(svg, "<path d=\"M{at:.1} {TOP}V{BOTTOM}\" stroke=\"#e5e7eb\"/>").ok();
        text(svg, (at, BOTTOM + 18.0), "middle", label);
    }
    for (power, label) in (SHARE.0..=SHARE.1).zip(["0.01 %", "0.1 %", "1 %", "10 %", "100 %", "×10", "×100"]) {
        let at = y(10_f64.powi(power));
        let stroke = if power == 0 { "stroke=\"#111827\" stroke-dasharray=\"5 4\"" } else { "stroke=\"#e5e7eb\"" };
        writeln!(svg, "<path d=\"M{left} {at:.1}h{PANEL}\" {stroke}/>").ok();
        text(svg, (left - 6.0, at + 4.0), "end", label);
    }
    for series in &SERIES {
        let points: Vec<_> = (RATE.0 * 10..=RATE.1 * 10)
            .map(|tenths| Load { rate: 10_f64.powf(f64::from(tenths) / 10.0), pattern })
            .map(|load| (load.rate, (series.share)(&Usage::estimate(load, Scheduling::TenPerSecond))))
            .filter(|(_, share)| (0.0..=1.0).contains(&position(*share, SHARE)))
            .map(|(rate, share)| format!("{:.1} {:.1}", x(rate), y(share)))
            .collect();
        line(svg, &format!("M{}", points.join("L")), series);
    }
    for series in &SERIES {
        for (load, outcome) in outcomes.iter().filter(|(load, _)| load.pattern == pattern) {
            let share = (series.share)(&outcome.usage);
            if position(share, SHARE) >= 0.0 {
                let (x, y, color) = (x(load.rate), y(share), series.color);
                writeln!(
                    svg,
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{color}\" stroke=\"#111827\" stroke-width=\".6\"/>"
                )
                .ok();
            }
        }
    }
}

fn line(svg: &mut String, path: &str, series: &Series) {
    let Series { color, width, .. } = series;
    writeln!(svg, "<path d=\"{path}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{width}\"/>").ok();
}

fn text(svg: &mut String, (x, y): (f64, f64), anchor: &str, text: &str) {
    writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>").ok();
}

/// The position of a value on a logarithmic axis: 0 at its beginning, 1 at its end.
fn position(value: f64, (from, to): (i32, i32)) -> f64 {
    (value.log10() - f64::from(from)) / f64::from(to - from)
}
