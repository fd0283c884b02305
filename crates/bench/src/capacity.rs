//! What cannot be run here: from 1 to 1,000,000 redirects a second, on paper ([`estimate`]) and simulated ([`fleet`]).
//!
//! # The model
//!
//! What AWS allows, with its sources, and what is assumed stands in [`limits`]. A redirect comes at `λ` a second.
//!
//! **Environments.** An environment has one request at a time. It is held for `S`: 1 ms, 4 ms more if the link must be
//! read, and 4 ms for each write that follows the answer. By Little's law `λ S` are in use. But AWS says that one
//! serves at most 10 requests a second, however short, and counts the quota so: then it is as if each held one for at
//! least 0.1 s, and `E = λ max(S, 0.1)` are in use, at most some `E + 4 √E` at once. Whether Lambda in fact leaves an
//! idle environment alone that has served its ten is not documented; the second table has what comes out if it does
//! not.
//!
//! **Cold starts.** While traffic doubles in 10 s, `E / 10` start each second. A function may start 1,000 at once and
//! 100 a second after that. What finds no environment is refused.
//!
//! **Reads.** An environment keeps a link for 5 s, in whole seconds. With `μ` redirects of the link in each environment
//! a second it reads `1 / (5 + 1 / (e^μ - 1))` times a second: a busy one every 5 s, a quiet one for nearly each
//! redirect. An eventually consistent read is half a unit, so a link's partition takes 6,000 a second. A code that does
//! not exist is no hot link, and takes 1.5 units each time. A redirect fails (503) if its read finds no unit in three
//! tries.
//!
//! **Writes.** An environment writes a link's total and its day at once if it has not done so in this second, else with
//! its first redirect in the next: at most once a second each, so that one hot link gets `E` writes to its own
//! partition, and `E` to another, where its day is. Visits that were gathered bear the time of the second before: if
//! another environment has written the link since, the condition on `lastHitAt` refuses, and a second unit is spent. A
//! write that is throttled is kept and tried again after 1, 2, 4 .. 64 s, together with what has come by then: no
//! redirect fails by it and no visit is lost, but counts are late. (A day with many referrers and countries is larger
//! than 1 KB and takes up to 8 units; here it takes one.)
//!
//! **Partitions.** A table on demand grows with its traffic; it is taken to have room for twice the redirects' writes.
//! A single item stays on one partition, whatever the table does.
//!
//! **The bill** is `tests/deploy/cost.py`'s, with the units that the simulation took. **CloudFront** is [`edge`], and
//! what becomes of codes as links grow is [`collision`].
//!
//! # What the paper does not see
//!
//! Environments share no clock but tell the same time: at each whole second all of them write, and links run out, at
//! once. Environments that are then busy with their writes make Lambda use others, which write, too. That is why the
//! simulation has more in use for a moment, and at low rates more reads and writes, far below any limit.

use std::path::PathBuf;

use crate::{Result, number};

mod bill;
mod collision;
mod edge;
mod estimate;
mod fleet;
mod limits;
mod partition;
mod plot;
mod traffic;

use bill::Bill;
use collision::Space;
use estimate::Need;
use fleet::Outcome;
use traffic::{Load, Pattern};

/// Redirects a second.
const RATES: [f64; 4] = [1.0, 100.0, 10_000.0, 1_000_000.0];

/// What `capacity` is asked for.
#[derive(clap::Args)]
pub(crate) struct Capacity {
    /// What the simulations' random numbers start from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Also draws a plot: an SVG file.
    #[arg(long)]
    plot: Option<PathBuf>,
}

/// How full Lambda packs its environments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// As AWS says: at most ten requests a second each.
    TenASecond,
    /// As soon as one is free.
    AsTheyCome,
}

impl Packing {
    /// The least time between two requests to an environment, seconds.
    fn spacing(self) -> f64 {
        match self {
            Self::TenASecond => 1.0 / limits::ENVIRONMENT_RATE,
            Self::AsTheyCome => 0.0,
        }
    }
}

/// Computes, simulates, and prints tables.
pub(crate) fn run(capacity: &Capacity) -> Result<()> {
    let seed = capacity.seed;
    println!("Each environment serves at most ten requests a second, as AWS says:\n");
    let outcomes = fleets(Packing::TenASecond, seed);
    println!("\nLambda uses an environment again as soon as it is free:\n");
    fleets(Packing::AsTheyCome, seed);
    println!();
    bills(&outcomes, seed)?;
    println!();
    codes(seed);
    if let Some(path) = &capacity.plot {
        let between =
            [10.0, 1_000.0, 100_000.0].into_iter().flat_map(|rate| Pattern::ALL.map(|pattern| Load { rate, pattern }));
        let between = between.map(|load| (load, fleet::simulate(load, Packing::TenASecond, seed)));
        let all: Vec<_> = outcomes.into_iter().chain(between).collect();
        std::fs::write(path, plot::svg(&all))?;
    }
    Ok(())
}

fn loads() -> impl Iterator<Item = Load> {
    RATES.into_iter().flat_map(|rate| Pattern::ALL.map(|pattern| Load { rate, pattern }))
}

/// The fleet and the table: on paper / simulated.
fn fleets(packing: Packing, seed: u64) -> Vec<(Load, Outcome)> {
    println!(
        "| redirects a second, of | environments in use | at most | cold starts a second while traffic doubles in 10 s \
         | refused meanwhile | hottest partition: read units a second, of 3,000 | write units, of 1,000 | whole table: write units, of \
         40,000 | writes throttled | counts are behind by | redirects that fail |\n|{}",
        "---|".repeat(11)
    );
    let mut outcomes = Vec::new();
    for load in loads() {
        let on_paper = Need::of(load, packing);
        let outcome = fleet::simulate(load, packing, seed);
        println!(
            "| {} of {} | {} / {} | {} / {} | {} / {} | {} / {} | {} / {} | {} / {} | {} / {} | {} | {} s | {} / {} |",
            number::short(load.rate),
            load.pattern.name(),
            number::short(on_paper.in_use),
            number::short(outcome.need.in_use),
            number::short(on_paper.most),
            number::short(outcome.need.most),
            number::short(on_paper.cold_starts),
            number::short(outcome.need.cold_starts),
            percent(on_paper.refused),
            percent(outcome.need.refused),
            number::short(on_paper.hottest_reads),
            number::short(outcome.need.hottest_reads),
            number::short(on_paper.hottest_writes),
            number::short(outcome.need.hottest_writes),
            number::short(on_paper.table_writes),
            number::short(outcome.need.table_writes),
            percent(outcome.throttled),
            number::short(outcome.seconds_waiting),
            percent(on_paper.failed),
            percent(outcome.need.failed),
        );
        outcomes.push((load, outcome));
    }
    outcomes
}

/// What CloudFront answers, on paper / simulated, and what a month costs.
fn bills(outcomes: &[(Load, Outcome)], seed: u64) -> Result<()> {
    println!(
        "| redirects a second, of | USD a month | CloudFront, which keeps each for {} s, answers | left for Lambda, a \
         second | USD a month then |\n|---|---|---|---|---|",
        edge::KEPT
    );
    for (load, outcome) in outcomes {
        let (on_paper, answered) = (edge::answered(*load), edge::simulate(*load, seed));
        let bill = Bill::of(*load, outcome, answered)?;
        println!(
            "| {} of {} | {} | {} / {} | {} | {} |",
            number::short(load.rate),
            load.pattern.name(),
            number::short(bill.direct),
            percent(on_paper),
            percent(answered),
            number::short(load.rate * (1.0 - answered)),
            number::short(bill.behind_cloudfront),
        );
    }
    Ok(())
}

/// Codes that are taken, on paper / simulated.
fn codes(seed: u64) {
    println!(
        "| links | `CODE_LENGTH` | links that need a second draw | puts for each link | codes that come out longer | \
         length for at most 1 % second draws |\n|---|---|---|---|---|---|"
    );
    for (links, name) in [(1e6, "10^6"), (1e9, "10^9"), (1e11, "10^11")] {
        for length in [7, 8] {
            let space = Space { links, length };
            let (on_paper, simulated) = (space.draws(), space.simulate(seed));
            println!(
                "| {name} | {length} | {} / {} | {:.4} / {:.4} | {} / {} | {} |",
                percent(on_paper.second),
                percent(simulated.second),
                on_paper.puts,
                simulated.puts,
                percent(on_paper.longer),
                percent(simulated.longer),
                collision::needed_length(links),
            );
        }
    }
}

fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0".to_owned(),
        percent if percent >= 99.95 => "nearly 100 %".to_owned(),
        percent if percent >= 10.0 => format!("{percent:.1} %"),
        percent if percent >= 0.01 => format!("{percent:.2} %"),
        percent => format!("{percent:.1e} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(rate: f64, pattern: Pattern, packing: Packing) -> (Need, Outcome) {
        let load = Load { rate, pattern };
        (Need::of(load, packing), fleet::simulate(load, packing, 7))
    }

    fn assert_near(what: &str, on_paper: f64, simulated: f64, tolerance: f64) {
        assert!((simulated / on_paper - 1.0).abs() < tolerance, "{what}: {on_paper} on paper, {simulated} simulated");
    }

    #[test]
    fn what_is_simulated_is_what_is_on_paper() {
        for pattern in Pattern::ALL {
            let (on_paper, simulated) = both(10_000.0, pattern, Packing::TenASecond);
            assert_near("in use", on_paper.in_use, simulated.need.in_use, 0.03);
            assert_near("at most", on_paper.most, simulated.need.most, 0.05);
            assert_near("cold starts", on_paper.cold_starts, simulated.need.cold_starts, 0.15);
            assert_near("reads", on_paper.hottest_reads, simulated.need.hottest_reads, 0.2);
            let writes = on_paper.hottest_writes.min(limits::PARTITION_WRITES);
            assert_near("writes", writes, simulated.need.hottest_writes, 0.1);
            assert_eq!((simulated.need.failed, simulated.need.refused), (0.0, 0.0));
        }
        let (on_paper, simulated) = both(10_000.0, Pattern::Mix, Packing::AsTheyCome);
        assert_near("in use, as they come", on_paper.in_use, simulated.need.in_use, 0.1);
        assert_near("writes, as they come", on_paper.hottest_writes, simulated.need.hottest_writes, 0.15);
    }

    #[test]
    fn no_visit_is_lost_even_where_writes_are_throttled_and_reads_fail() {
        for pattern in Pattern::ALL {
            let (_, simulated) = both(1_000_000.0, pattern, Packing::TenASecond);
            assert!(simulated.throttled > 0.1 && simulated.need.failed > 0.01, "{simulated:?}");
            assert_eq!(simulated.lost, 0);
        }
    }

    #[test]
    fn a_seed_has_one_outcome() {
        let load = Load { rate: 100.0, pattern: Pattern::Mix };
        let simulate = |seed| fleet::simulate(load, Packing::TenASecond, seed);
        assert_eq!(simulate(3), simulate(3));
        assert_ne!(simulate(3), simulate(4));
    }

    #[test]
    fn numbers_are_for_people() {
        assert_eq!([0.0, 0.00147, 0.147, 0.9999].map(percent), ["0", "0.15 %", "14.7 %", "nearly 100 %"]);
        assert_eq!(
            [0.0, 0.123, 12.3, 1_234.0, 123_456.0, 1_234_567.0].map(number::short),
            ["0", "0.12", "12", "1,234", "123,456", "1,234,567"]
        );
    }
}
