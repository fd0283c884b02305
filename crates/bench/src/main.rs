//! Measures Shortlink's two Lambda functions under the conditions of Lambda, and the local server under load; never
//! deployed.
//!
//! A function runs as its own process, as on Lambda, with stubs of Lambda's APIs and of DynamoDB in this process. Only
//! what the function itself uses is measured: its CPU time, its memory, its instructions.
//!
//! # Layout
//!
//! | module | content |
//! | --- | --- |
//! | [`subject`] | the functions that are measured: ours, and the peers that do the same job |
//! | [`sandbox`] | an execution environment: the process, its variables, its invocations |
//! | [`runtime_api`] | the stub of the Runtime API and the Extensions API |
//! | [`stub_dynamodb`] | the stub of DynamoDB, over HTTPS and as a connector of the SDK |
//! | [`cpu_quota`] | the CPU quota that Lambda gives an environment |
//! | [`instructions`] | callgrind's count of INIT, the first and a warm request |
//! | [`artifact`] | the size of a binary, and of the zip that is deployed |
//! | [`report`] | `bench measure`: all measurements as a Markdown table |
//! | [`budget`] | `bench budget`: the figures that may not grow |
//! | [`micro`] | `bench micro`: the instructions of single parts of a request |
//! | [`load`] | `bench load`: throughput of `shortlink serve` and of the baseline |
//! | [`server`] | one of these two servers, under load |
//! | [`links`] | the links in their databases |
//! | [`baseline`] | `bench baseline`: the smallest server that does the work of a URL shortener |

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing tables is this program's purpose")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

mod artifact;
mod baseline;
mod budget;
mod cpu_quota;
mod instructions;
mod links;
mod load;
mod micro;
mod report;
mod runtime_api;
mod sandbox;
mod server;
mod stub_dynamodb;
mod subject;

/// Any error is printed and ends the program.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Measures Shortlink's Lambda functions and its local server.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure cold starts and warm requests, and print a table.
    Measure(Measure),
    /// Compare instructions, threads and zip sizes with budget.json; the exit code is 1 if one exceeds its budget.
    Budget {
        /// Use the functions that `sam build` built in this folder (usually .aws-sam/build) instead of cargo's.
        #[arg(long, value_name = "FOLDER")]
        built: Option<PathBuf>,
        /// Write the counted figures to budget.json instead of comparing them.
        #[arg(long)]
        write: bool,
    },
    /// Count the instructions of single parts of a request, and print a table.
    Micro(micro::Micro),
    /// Put `shortlink serve` and the baseline under load with wrk, in turn, and print a table.
    Load(Load),
    /// Run the baseline: the smallest server that does the work of a URL shortener.
    Baseline {
        /// The address to listen on.
        #[arg(long, value_name = "ADDR:PORT")]
        listen: SocketAddr,
        /// The SQLite file of the links.
        #[arg(long, value_name = "FILE")]
        data: PathBuf,
    },
}

/// The arguments of `bench load`.
#[derive(clap::Args)]
pub(crate) struct Load {
    /// The number of runs of each load on each server.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// The duration of a run, seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Leave out loads with more links than this.
    #[arg(long, default_value_t = 1_000_000)]
    links: u64,
    /// Also create links with chhoto-url: the path of its program, version 7.5.
    #[arg(long, value_name = "PATH")]
    chhoto: Option<PathBuf>,
}

/// The arguments of `bench measure`.
#[derive(clap::Args)]
pub(crate) struct Measure {
    /// Use the functions that `sam build` built in this folder (usually .aws-sam/build) instead of cargo's.
    #[arg(long, value_name = "FOLDER")]
    built: Option<PathBuf>,
    /// Only measure subjects whose name contains this text.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Also measure the peers in crates/bench/peers that have been built.
    #[arg(long)]
    peers: bool,
    /// Also count instructions, with valgrind.
    #[arg(long)]
    instructions: bool,
    /// The number of cold starts of each subject; the subjects take turns.
    #[arg(long, default_value_t = 21)]
    rounds: usize,
    /// The number of warm requests after each cold start.
    #[arg(long, default_value_t = 100)]
    warm: usize,
    /// The latency of DynamoDB, milliseconds.
    #[arg(long, default_value_t = 3)]
    latency_ms: u64,
    /// The function's memory, MB, which determines its CPU quota in the throttled rounds.
    #[arg(long, default_value_t = 128)]
    memory_mb: u32,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Measure(measure) => block_on(self::measure(&measure)).map(|()| true),
        Command::Budget { built, write } => block_on(budget::check(built.as_deref(), write)),
        Command::Micro(micro) => micro::run(&micro).map(|()| true),
        Command::Load(load) => load::Report::measure(&load).map(|report| println!("{report}")).map(|()| true),
        Command::Baseline { listen, data } => block_on(baseline::serve(listen, &data)).map(|()| true),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a command on a multi-thread runtime. Other commands go without, so that no needless threads run beside what
/// they measure.
fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Runtime::new()?.block_on(work)
}

async fn measure(measure: &Measure) -> Result<()> {
    let mut subjects = subject::ours(measure.built.as_deref())?;
    if measure.peers {
        subjects.extend(subject::peers());
    }
    subjects.retain(|subject| measure.only.as_ref().is_none_or(|part| subject.name.contains(part)));
    let dynamodb = stub_dynamodb::server::StubServer::start(Duration::from_millis(measure.latency_ms)).await?;
    let report = report::Report::measure(&subjects, &dynamodb, measure).await?;
    println!("{report}");
    Ok(())
}
