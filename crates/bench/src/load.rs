//! Throughput on one machine: `shortlink serve` and the floor under the same load, in turn.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::links;
use crate::server::{Kind, Server};
use crate::{Load, Result, number};

/// What wrk asks.
const SCRIPT: &str = include_str!("mix.lua");

/// One kind of load.
#[derive(Clone, Copy, Debug)]
struct Scenario {
    name: &'static str,
    /// How many links there are.
    links: u64,
    connections: u32,
    /// How many of a hundred requests are creations.
    share: u8,
    distribution: &'static str,
}

/// What came of a run.
#[derive(Clone, Copy, Debug)]
struct Sample {
    requests_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    /// CPU time of the server a request, with all that it leaves for later.
    cpu_us: f64,
}

/// A row of the table.
struct Row {
    scenario: Scenario,
    serve: Vec<Sample>,
    floor: Vec<Sample>,
}

/// What was measured.
pub(crate) struct Report {
    rows: Vec<Row>,
    rounds: usize,
    seconds: u64,
}

impl Report {
    /// Puts both servers under each load; they take turns, so that what else the machine does meets both.
    pub(crate) fn measure(load: &Load) -> Result<Self> {
        if cfg!(debug_assertions) {
            return Err("the floor is this program: cargo run --release -p bench -- load".into());
        }
        let folder = tempfile::tempdir()?;
        let mut rows: Vec<Row> = scenarios(load.links).map(Row::new).collect();
        for round in 0..load.rounds {
            for row in &mut rows {
                let Scenario { name, links, .. } = row.scenario;
                eprintln!("round {} of {}: {name}, {links} links", round + 1, load.rounds);
                let mut turns = [(Kind::Serve, &mut row.serve), (Kind::Floor, &mut row.floor)];
                turns.rotate_left(round % 2);
                for (kind, samples) in turns {
                    samples.push(row.scenario.run(kind, folder.path(), load.seconds)?);
                }
            }
        }
        Ok(Self { rows, rounds: load.rounds, seconds: load.seconds })
    }
}

/// The loads: what a shortener lives under, and how the cost of each half of it grows with the table.
fn scenarios(most: u64) -> impl Iterator<Item = Scenario> {
    let follow = Scenario { name: "follow, Zipf", links: 100_000, connections: 32, share: 0, distribution: "zipf" };
    let mix = Scenario { name: "95 % follow, Zipf, 5 % create", share: 5, ..follow };
    let create = Scenario { name: "create", connections: 1, share: 100, ..follow };
    let uniform = Scenario { name: "follow, all alike", distribution: "uniform", ..follow };
    let sizes = [1_000, 10_000, 100_000, 1_000_000];
    let growth = [create, uniform].map(|scenario| sizes.map(|links| Scenario { links, ..scenario }));
    [follow, mix].into_iter().chain(growth.into_iter().flatten()).filter(move |scenario| scenario.links <= most)
}

impl Scenario {
    fn run(self, kind: Kind, folder: &Path, seconds: u64) -> Result<Sample> {
        let data = self.data(kind, folder)?;
        let script = folder.join("mix.lua");
        std::fs::write(&script, SCRIPT)?;
        let server = Server::start(kind, &data)?;
        server.check(self.links)?;
        let output = Command::new("wrk")
            .args(["--threads", if self.connections == 1 { "1" } else { "2" }])
            .args(["--connections", &self.connections.to_string(), "--duration", &format!("{seconds}s"), "--script"])
            .args([script, server.url().into()])
            .env("LINKS", self.links.to_string())
            .env("SHARE", self.share.to_string())
            .env("DISTRIBUTION", self.distribution)
            .output()
            .map_err(|error| format!("wrk, which is Debian's package wrk: {error}"))?;
        let output = String::from_utf8(output.stdout)?;
        let cpu = server.end()?;
        let result = output.lines().find_map(|line| line.strip_prefix("RESULT ")).ok_or(output.clone())?;
        let numbers = result.split(' ').map(str::parse).collect::<std::result::Result<Vec<u64>, _>>()?;
        let &[requests, microseconds, p50, p99, errors, created] = numbers.as_slice() else {
            return Err(output.into());
        };
        if errors > 0 {
            return Err(format!("{kind:?}: {errors} of {requests} requests failed: {output}").into());
        }
        // Of those under way when wrk stops some were asked for and not answered.
        let followed = requests.saturating_sub(created);
        if kind == Kind::Serve && links::visits(&data)? < followed {
            return Err(format!("of {followed} visits only {} were counted", links::visits(&data)?).into());
        }
        Ok(Sample {
            requests_per_second: requests as f64 / Duration::from_micros(microseconds).as_secs_f64(),
            p50_ms: p50 as f64 / 1e3,
            p99_ms: p99 as f64 / 1e3,
            cpu_us: cpu.as_secs_f64() * 1e6 / requests as f64,
        })
    }

    /// A fresh copy of the file with the links. It is made once.
    fn data(self, kind: Kind, folder: &Path) -> Result<PathBuf> {
        let filled = folder.join(format!("{kind:?}-{}.db", self.links));
        if !filled.exists() {
            kind.fill(&filled, self.links)?;
        }
        let data = folder.join("links.db");
        for leftover in ["links.db", "links.db-wal", "links.db-shm"] {
            std::fs::remove_file(folder.join(leftover)).ok();
        }
        std::fs::copy(filled, &data)?;
        // What the disk has still to do is not the server's.
        std::fs::File::open(&data)?.sync_all()?;
        Ok(data)
    }
}

impl Row {
    fn new(scenario: Scenario) -> Self {
        Self { scenario, serve: Vec::new(), floor: Vec::new() }
    }
}

fn median(samples: &[Sample], of: impl Fn(&Sample) -> f64) -> f64 {
    let mut values: Vec<_> = samples.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rounds, seconds, .. } = self;
        writeln!(f, "`serve` / the floor; medians of {rounds} rounds of {seconds} s in turn. No request failed.\n")?;
        writeln!(f, "| asked | links | connections | answers a second | median, ms | p99, ms | CPU an answer, µs |")?;
        writeln!(f, "|---|---:|---:|---:|---:|---:|---:|")?;
        for Row { scenario, serve, floor } in &self.rows {
            let Scenario { name, links, connections, .. } = scenario;
            write!(f, "| {name} | {} | {connections} |", number::whole(*links as f64))?;
            let rate = |samples: &[Sample]| number::whole(median(samples, |sample| sample.requests_per_second));
            write!(f, " {} / {} |", rate(serve), rate(floor))?;
            let columns: [fn(&Sample) -> f64; 2] = [|sample| sample.p50_ms, |sample| sample.p99_ms];
            for column in columns {
                write!(f, " {:.2} / {:.2} |", median(serve, column), median(floor, column))?;
            }
            let cpu = |samples: &[Sample]| median(samples, |sample| sample.cpu_us);
            writeln!(f, " {:.0} / {:.0} |", cpu(serve), cpu(floor))?;
        }
        Ok(())
    }
}
