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

/// A row of a table: a load, and its samples on each server.
struct Row {
    scenario: Scenario,
    samples: Vec<(Kind, Vec<Sample>)>,
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
        let mut rows: Vec<Row> = scenarios(load.links).map(|scenario| Row::new(scenario, load)).collect();
        for round in 0..load.rounds {
            for row in &mut rows {
                let Scenario { name, links, .. } = row.scenario;
                eprintln!("round {} of {}: {name}, {links} links", round + 1, load.rounds);
                let servers = row.samples.len();
                for turn in 0..servers {
                    if let Some((kind, samples)) = row.samples.get_mut((round + turn) % servers) {
                        samples.push(row.scenario.run(kind, folder.path(), load.seconds)?);
                    }
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
    let growth = [uniform, create].map(|scenario| sizes.map(|links| Scenario { links, ..scenario }));
    let together = Scenario { connections: 16, ..create };
    [redirect, mix]
        .into_iter()
        .chain(growth.into_iter().flatten())
        .chain([together])
        .filter(move |scenario| scenario.links <= max_links)
}

impl Scenario {
    fn run(self, kind: &Kind, folder: &Path, seconds: u64) -> Result<Sample> {
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
            .env("API", if matches!(kind, Kind::Chhoto(_)) { "chhoto" } else { "shortlink" })
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
        if matches!(kind, Kind::Serve | Kind::Relaxed) && links::count_visits(&data)? < redirects {
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
    fn copy_data(self, kind: &Kind, folder: &Path) -> Result<PathBuf> {
        if let Kind::Chhoto(_) = kind {
            // It starts without links, in a folder of its own, where it also puts backups.
            let new = folder.join("chhoto");
            std::fs::remove_dir_all(&new).ok();
            std::fs::create_dir(&new)?;
            return Ok(new.join("urls.sqlite"));
        }
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
    fn new(scenario: Scenario, load: &Load) -> Self {
        let mut kinds = vec![Kind::Serve];
        if scenario.create_percent == 100 {
            kinds.push(Kind::Relaxed);
        }
        kinds.push(Kind::Baseline);
        if scenario.create_percent == 100 {
            kinds.extend(load.chhoto.clone().map(Kind::Chhoto));
        }
        Self { scenario, samples: kinds.into_iter().map(|kind| (kind, Vec::new())).collect() }
    }

    fn servers(&self) -> Vec<&'static str> {
        self.samples.iter().map(|(kind, _)| kind.name()).collect()
    }

    /// The medians of a figure on each server, as a cell.
    fn cell(&self, of: impl Fn(&Sample) -> f64, format: impl Fn(f64) -> String) -> String {
        let medians = self.samples.iter().map(|(_, samples)| format(median(samples, &of)));
        medians.collect::<Vec<_>>().join(" / ")
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
        let mut servers = Vec::new();
        for row in &self.rows {
            if row.servers() != servers {
                servers = row.servers();
                let names = servers.join(" / ");
                writeln!(f, "\n{names}; medians of {rounds} rounds of {seconds} s, in turn. No request failed.\n")?;
                writeln!(
                    f,
                    "| load | links | connections | requests per second | median, ms | p99, ms | CPU per request, µs |"
                )?;
                writeln!(f, "|---|---:|---:|---:|---:|---:|---:|")?;
            }
            let Scenario { name, links, connections, .. } = row.scenario;
            let two_places = |value: f64| format!("{value:.2}");
            writeln!(
                f,
                "| {name} | {} | {connections} | {} | {} | {} | {} |",
                thousands(links as f64),
                row.cell(|sample| sample.requests_per_second, thousands),
                row.cell(|sample| sample.p50_ms, two_places),
                row.cell(|sample| sample.p99_ms, two_places),
                row.cell(|sample| sample.cpu_us, |value| format!("{value:.0}")),
            )?;
        }
        Ok(())
    }
}
