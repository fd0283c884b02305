//! Throughput on one machine: `shortlink serve` and the baseline under the same load, in turn.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::links;
use crate::server::{Kind, Server};
use crate::{Load, Result};

/// The script with which wrk generates requests.
const SCRIPT: &str = include_str!("requests.lua");

/// A kind of load.
#[derive(Clone, Copy, Debug)]
struct Scenario {
    name: &'static str,
    /// The number of links in the file.
    links: u64,
    connections: u32,
    /// The percentage of requests that create a link.
    create_percent: u8,
    /// The popularity of the requested links: `zipf` or `uniform`.
    distribution: &'static str,
}

/// The measurements of a run.
#[derive(Clone, Copy, Debug)]
struct Sample {
    requests_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    /// The server's CPU time for each request, until the server has shut down, microseconds.
    cpu_us: f64,
}

/// A row of the table.
struct Row {
    scenario: Scenario,
    serve: Vec<Sample>,
    baseline: Vec<Sample>,
}

/// The measurements of all loads.
pub(crate) struct Report {
    rows: Vec<Row>,
    rounds: usize,
    seconds: u64,
}

impl Report {
    /// Puts both servers under each load. They take turns, so that other load on the machine affects both.
    pub(crate) fn measure(load: &Load) -> Result<Self> {
        if cfg!(debug_assertions) {
            return Err(
                "the baseline is this program, so it must be a release build: cargo run --release -p bench -- load"
                    .into(),
            );
        }
        let folder = tempfile::tempdir()?;
        let mut rows: Vec<Row> = scenarios(load.links).map(Row::new).collect();
        for round in 0..load.rounds {
            for row in &mut rows {
                let Scenario { name, links, .. } = row.scenario;
                eprintln!("round {} of {}: {name}, {links} links", round + 1, load.rounds);
                let mut turns = [(Kind::Serve, &mut row.serve), (Kind::Baseline, &mut row.baseline)];
                turns.rotate_left(round % 2);
                for (kind, samples) in turns {
                    samples.push(row.scenario.run(kind, folder.path(), load.seconds)?);
                }
            }
        }
        Ok(Self { rows, rounds: load.rounds, seconds: load.seconds })
    }
}

/// The loads: typical ones, and those that show how the cost of a redirect and of a creation grows with the table.
fn scenarios(max_links: u64) -> impl Iterator<Item = Scenario> {
    let redirect =
        Scenario { name: "redirect, Zipf", links: 100_000, connections: 32, create_percent: 0, distribution: "zipf" };
    let mix = Scenario { name: "95 % redirect, Zipf, 5 % create", create_percent: 5, ..redirect };
    let create = Scenario { name: "create", connections: 1, create_percent: 100, ..redirect };
    let uniform = Scenario { name: "redirect, uniform", distribution: "uniform", ..redirect };
    let sizes = [1_000, 10_000, 100_000, 1_000_000];
    let growth = [create, uniform].map(|scenario| sizes.map(|links| Scenario { links, ..scenario }));
    [redirect, mix].into_iter().chain(growth.into_iter().flatten()).filter(move |scenario| scenario.links <= max_links)
}

impl Scenario {
    fn run(self, kind: Kind, folder: &Path, seconds: u64) -> Result<Sample> {
        let data = self.copy_data(kind, folder)?;
        let script = folder.join("requests.lua");
        std::fs::write(&script, SCRIPT)?;
        let server = Server::start(kind, &data)?;
        server.check(self.links)?;
        let output = Command::new("wrk")
            .args(["--threads", if self.connections == 1 { "1" } else { "2" }])
            .args(["--connections", &self.connections.to_string(), "--duration", &format!("{seconds}s"), "--script"])
            .args([script, server.url().into()])
            .env("LINKS", self.links.to_string())
            .env("CREATE_PERCENT", self.create_percent.to_string())
            .env("DISTRIBUTION", self.distribution)
            .output()
            .map_err(|error| format!("wrk (Debian's package wrk): {error}"))?;
        let output = String::from_utf8(output.stdout)?;
        let cpu = server.terminate()?;
        let result = output.lines().find_map(|line| line.strip_prefix("RESULT ")).ok_or(output.clone())?;
        let numbers = result.split(' ').map(str::parse).collect::<std::result::Result<Vec<u64>, _>>()?;
        let &[requests, microseconds, p50, p99, errors, created] = numbers.as_slice() else {
            return Err(output.into());
        };
        if errors > 0 {
            return Err(format!("{kind:?}: {errors} of {requests} requests failed: {output}").into());
        }
        // The server may count more visits than that: responses that were under way when wrk stopped.
        let redirects = requests.saturating_sub(created);
        if kind == Kind::Serve && links::count_visits(&data)? < redirects {
            return Err(format!("only {} of {redirects} visits were counted", links::count_visits(&data)?).into());
        }
        Ok(Sample {
            requests_per_second: requests as f64 / Duration::from_micros(microseconds).as_secs_f64(),
            p50_ms: p50 as f64 / 1e3,
            p99_ms: p99 as f64 / 1e3,
            cpu_us: cpu.as_secs_f64() * 1e6 / requests as f64,
        })
    }

    /// Copies the file with the links, which is filled once.
    fn copy_data(self, kind: Kind, folder: &Path) -> Result<PathBuf> {
        let filled = folder.join(format!("{kind:?}-{}.db", self.links));
        if !filled.exists() {
            kind.fill(&filled, self.links)?;
        }
        let data = folder.join("links.db");
        for leftover in ["links.db", "links.db-wal", "links.db-shm"] {
            std::fs::remove_file(folder.join(leftover)).ok();
        }
        std::fs::copy(filled, &data)?;
        // The disk's work for the copy is done before the server starts.
        std::fs::File::open(&data)?.sync_all()?;
        Ok(data)
    }
}

impl Row {
    fn new(scenario: Scenario) -> Self {
        Self { scenario, serve: Vec::new(), baseline: Vec::new() }
    }
}

/// Formats a whole number with its digits in groups of three: `27,300`.
fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn median(samples: &[Sample], of: impl Fn(&Sample) -> f64) -> f64 {
    let mut values: Vec<_> = samples.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rounds, seconds, .. } = self;
        writeln!(f, "`serve` / baseline; medians of {rounds} rounds of {seconds} s in turn. No request failed.\n")?;
        writeln!(
            f,
            "| load | links | connections | requests a second | median, ms | p99, ms | CPU for each request, µs |"
        )?;
        writeln!(f, "|---|---:|---:|---:|---:|---:|---:|")?;
        for Row { scenario, serve, baseline } in &self.rows {
            let Scenario { name, links, connections, .. } = scenario;
            write!(f, "| {name} | {} | {connections} |", thousands(*links as f64))?;
            let rate = |samples: &[Sample]| thousands(median(samples, |sample| sample.requests_per_second));
            write!(f, " {} / {} |", rate(serve), rate(baseline))?;
            let columns: [fn(&Sample) -> f64; 2] = [|sample| sample.p50_ms, |sample| sample.p99_ms];
            for column in columns {
                write!(f, " {:.2} / {:.2} |", median(serve, column), median(baseline, column))?;
            }
            let cpu = |samples: &[Sample]| median(samples, |sample| sample.cpu_us);
            writeln!(f, " {:.0} / {:.0} |", cpu(serve), cpu(baseline))?;
        }
        Ok(())
    }
}
