//! Estimates and simulates what Shortlink needs on AWS from 1 to 1,000,000 redirects a second, which is more traffic
//! than can be generated here; never deployed.
//!
//! Each figure is computed twice: by the formulae of [`estimate`] and by the [`simulation`] of every single redirect.
//!
//! # The model
//!
//! [`limits`] lists the limits of AWS with their sources, and the assumptions. [`settings`] holds the constants of
//! Shortlink, read from the crates that use them. Redirects arrive at a rate of `λ` a second.
//!
//! **Environments.** An execution environment handles one request at a time. A redirect occupies it for `S`: 1 ms, plus
//! 4 ms if the link must be read, plus 4 ms for a write that follows the response. By Little's law `λ S`
//! environments are in use. AWS, however, documents that an environment serves at most 10 requests a second, however
//! short they are, and counts the concurrency quota accordingly. A request then occupies an environment for at least
//! 0.1 s, `E = λ max(S, 0.1)` environments are in use on average, and some `E + 4 √E` at the peak. AWS does not
//! document whether Lambda really leaves an environment idle once it has served its ten requests; the second table
//! shows the figures if it does not.
//!
//! **Cold starts.** While traffic doubles within 10 s, `E / 10` environments start each second. A function may start
//! 1,000 at once and 100 a second after that. Lambda rejects a request that finds no environment.
//!
//! **Reads.** An environment caches a link for 5 s, counted in whole seconds. If each environment serves `μ` redirects
//! of the link a second, it reads the link `1 / (5 + 1 / (e^μ - 1))` times a second: every 5 s if the link is popular,
//! and for nearly each redirect if it is not. An eventually consistent read costs half a unit, so a link's partition
//! serves 6,000 of them a second. A code that does not exist is not cached and costs 1.5 units each time. A redirect
//! fails (503) if all three attempts to read its link are throttled.
//!
//! **Writes.** An environment writes a link's counts at once if it has not written them in the current second, otherwise
//! with its first redirect in the next second. They are therefore written at most once a second, so that one popular link
//! causes `E` writes a second to the partition of its counts. Pending visits carry the time of the second before: if
//! another environment has written the link since, the condition on `lastHitAt` fails, and a second unit is spent. After a
//! throttled write an environment writes nothing for 1, 2, 4 .. 64 s, and then also what was recorded until then: no
//! redirect fails and no visit is lost, but counts are late. (Counts with many referrers and countries exceed 1 KB and cost
//! up to 6 units, and the first visit of a month costs up to 5 more; the model assumes one.)
//!
//! **Partitions.** An on-demand table grows with its traffic; the model assumes room for twice the redirects' writes.
//! A single item stays on one partition, however large the table is.
//!
//! **Cost** is computed by `tests/deploy/cost.py` from the units that the simulation consumed. [`cloudfront`] computes
//! how many redirects CloudFront would serve, and [`code_space`] how often generated codes collide.
//!
//! # What the estimate leaves out
//!
//! Environments do not communicate, but their clocks agree: at each whole second the cached links of all of them expire.
//! While they are busy with their reads, Lambda uses other environments, which read as well. The simulation therefore
//! briefly has more environments in use and, at low rates, more reads and writes, far below any limit.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing tables is this program's purpose")]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

mod cloudfront;
mod code_space;
mod cost;
mod estimate;
mod limits;
mod number;
mod partitions;
mod plot;
mod settings;
mod simulation;
mod traffic;

use code_space::CodeSpace;
use cost::MonthlyCost;
use estimate::Usage;
use simulation::Outcome;
use traffic::{Load, Pattern};

/// Any error is printed and ends the program.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The simulated rates, redirects a second.
const RATES: [f64; 4] = [1.0, 100.0, 10_000.0, 1_000_000.0];

/// Estimates and simulates what 1 to 1,000,000 redirects a second need on AWS, and prints tables.
#[derive(Parser)]
struct Arguments {
    /// The seed of the simulations' random numbers; the same seed gives the same output.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Also write a plot to this SVG file.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

/// When Lambda gives an execution environment its next request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheduling {
    /// At most ten times a second, as AWS documents.
    TenPerSecond,
    /// As soon as the environment is idle.
    WhenIdle,
}

impl Scheduling {
    /// The least time between two requests to an environment, seconds.
    fn min_interval(self) -> f64 {
        match self {
            Self::TenPerSecond => 1.0 / limits::ENVIRONMENT_RATE,
            Self::WhenIdle => 0.0,
        }
    }
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("capacity: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let seed = arguments.seed;
    println!("Where a cell has two figures, the first is estimated and the second simulated.\n");
    println!("If each environment serves at most ten requests a second, as AWS documents:\n");
    let outcomes = print_usage(Scheduling::TenPerSecond, seed);
    println!("\nIf Lambda reuses an environment as soon as it is idle:\n");
    print_usage(Scheduling::WhenIdle, seed);
    println!();
    print_costs(&outcomes, seed)?;
    println!();
    print_code_space(seed);
    if let Some(path) = &arguments.plot {
        let more = loads([10.0, 1_000.0, 100_000.0]);
        let more = more.map(|load| (load, simulation::simulate(load, Scheduling::TenPerSecond, seed)));
        let all: Vec<_> = outcomes.into_iter().chain(more).collect();
        std::fs::write(path, plot::svg(&all))?;
    }
    Ok(())
}

/// Each rate with each pattern.
fn loads<const N: usize>(rates: [f64; N]) -> impl Iterator<Item = Load> {
    rates.into_iter().flat_map(|rate| Pattern::ALL.map(|pattern| Load { rate, pattern }))
}

/// Prints the usage of Lambda and DynamoDB, and returns the simulated one.
fn print_usage(scheduling: Scheduling, seed: u64) -> Vec<(Load, Outcome)> {
    println!(
        "| redirects a second | environments in use | peak | cold starts a second while traffic doubles in 10 s \
         | requests rejected meanwhile | hottest partition: read units a second, of 3,000 | write units, of 1,000 \
         | whole table: write units, of 40,000 | writes throttled | counts are late by | redirects that fail |\n|{}",
        "---|".repeat(11)
    );
    let mut outcomes = Vec::new();
    for load in loads(RATES) {
        let estimated = Usage::estimate(load, scheduling);
        let outcome = simulation::simulate(load, scheduling, seed);
        let simulated = outcome.usage;
        println!(
            "| {} of {} | {} / {} | {} / {} | {} / {} | {} / {} | {} / {} | {} / {} | {} / {} | {} | {} s | {} / {} |",
            number::short(load.rate),
            load.pattern.name(),
            number::short(estimated.in_use),
            number::short(simulated.in_use),
            number::short(estimated.peak),
            number::short(simulated.peak),
            number::short(estimated.cold_starts),
            number::short(simulated.cold_starts),
            number::percent(estimated.rejected),
            number::percent(simulated.rejected),
            number::short(estimated.hottest_reads),
            number::short(simulated.hottest_reads),
            number::short(estimated.hottest_writes),
            number::short(simulated.hottest_writes),
            number::short(estimated.table_writes),
            number::short(simulated.table_writes),
            number::percent(outcome.throttled_writes),
            number::short(outcome.backlog_seconds),
            number::percent(estimated.failed),
            number::percent(simulated.failed),
        );
        outcomes.push((load, outcome));
    }
    outcomes
}

/// Prints the monthly cost without and with CloudFront, and CloudFront's hit ratio.
fn print_costs(outcomes: &[(Load, Outcome)], seed: u64) -> Result<()> {
    println!(
        "| redirects a second | USD a month | hit ratio of CloudFront with a TTL of {} s | redirects a second left for \
         Lambda | USD a month with CloudFront |\n|---|---|---|---|---|",
        cloudfront::TTL
    );
    for (load, outcome) in outcomes {
        let estimated = cloudfront::estimate_hit_ratio(*load);
        let hit_ratio = cloudfront::simulate_hit_ratio(*load, seed);
        let cost = MonthlyCost::compute(*load, outcome, hit_ratio)?;
        println!(
            "| {} of {} | {} | {} / {} | {} | {} |",
            number::short(load.rate),
            load.pattern.name(),
            number::short(cost.direct),
            number::percent(estimated),
            number::percent(hit_ratio),
            number::short(load.rate * (1.0 - hit_ratio)),
            number::short(cost.with_cloudfront),
        );
    }
    Ok(())
}

/// Prints how often a generated code is taken.
fn print_code_space(seed: u64) {
    println!(
        "| links | `CODE_LENGTH` | links whose first code is taken | puts for each link | links that get a longer code \
         | length at which at most 1 % of first codes are taken |\n|---|---|---|---|---|---|"
    );
    for (links, name, length) in
        [(1e6, "10^6", 7), (1e9, "10^9", 7), (1e9, "10^9", 8), (1e11, "10^11", 8), (1e11, "10^11", 9)]
    {
        let space = CodeSpace { links, length };
        let (estimated, simulated) = (space.estimate(), space.simulate(seed));
        println!(
            "| {name} | {length} | {} / {} | {:.4} / {:.4} | {} / {} | {} |",
            number::percent(estimated.first_taken),
            number::percent(simulated.first_taken),
            estimated.puts,
            simulated.puts,
            number::percent(estimated.longer),
            number::percent(simulated.longer),
            code_space::required_length(links),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(rate: f64, pattern: Pattern, scheduling: Scheduling) -> (Usage, Outcome) {
        let load = Load { rate, pattern };
        (Usage::estimate(load, scheduling), simulation::simulate(load, scheduling, 7))
    }

    fn assert_near(what: &str, estimated: f64, simulated: f64, tolerance: f64) {
        assert!(
            (simulated / estimated - 1.0).abs() < tolerance,
            "{what}: {estimated} estimated, {simulated} simulated"
        );
    }

    #[test]
    fn simulation_confirms_the_estimate() {
        for pattern in Pattern::ALL {
            let (estimated, simulated) = both(10_000.0, pattern, Scheduling::TenPerSecond);
            assert_near("in use", estimated.in_use, simulated.usage.in_use, 0.03);
            assert_near("peak", estimated.peak, simulated.usage.peak, 0.05);
            assert_near("cold starts", estimated.cold_starts, simulated.usage.cold_starts, 0.15);
            assert_near("reads", estimated.hottest_reads, simulated.usage.hottest_reads, 0.2);
            let writes = estimated.hottest_writes.min(limits::PARTITION_WRITES);
            assert_near("writes", writes, simulated.usage.hottest_writes, 0.1);
            assert_eq!((simulated.usage.failed, simulated.usage.rejected), (0.0, 0.0));
        }
        let (estimated, simulated) = both(10_000.0, Pattern::Mix, Scheduling::WhenIdle);
        assert_near("in use, when idle", estimated.in_use, simulated.usage.in_use, 0.1);
        assert_near("writes, when idle", estimated.hottest_writes, simulated.usage.hottest_writes, 0.15);
    }

    #[test]
    fn throttling_loses_no_visit() {
        for pattern in Pattern::ALL {
            let (_, simulated) = both(1_000_000.0, pattern, Scheduling::TenPerSecond);
            assert!(simulated.throttled_writes > 0.1 && simulated.usage.failed > 0.01, "{simulated:?}");
            assert_eq!(simulated.lost_visits, 0);
        }
    }

    #[test]
    fn seed_determines_the_outcome() {
        let load = Load { rate: 100.0, pattern: Pattern::Mix };
        let simulate = |seed| simulation::simulate(load, Scheduling::TenPerSecond, seed);
        assert_eq!(simulate(3), simulate(3));
        assert_ne!(simulate(3), simulate(4));
    }
}
