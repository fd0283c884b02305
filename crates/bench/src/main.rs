//! Measures Shortlink's two functions where Lambda would run them, and the server on one machine; never deployed.
//!
//! A function is started as Lambda starts it, on a stand-in for Lambda's APIs and on one for DynamoDB, both in this
//! process. What is counted is the function's own: its CPU time, its memory, its instructions.
//!
//! # Layout
//!
//! | module | defines |
//! | --- | --- |
//! | [`subject`] | what is measured: ours, and the peers that do the same job |
//! | [`lambda`] | the stand-in for the Runtime API and the Extensions API |
//! | [`dynamodb`] | the stand-in for DynamoDB, over HTTPS |
//! | [`sandbox`] | one execution environment: the process, its variables, its invocations |
//! | [`quota`] | the CPU that Lambda gives an environment of a size |
//! | [`instructions`] | callgrind's count of INIT, the first and a warm request |
//! | [`micro`] | the parts of a request by themselves, in instructions |
//! | [`canned`] | DynamoDB without a connection, for those |
//! | [`artefact`] | the size of a binary, and of the zip that is deployed |
//! | [`report`] | the measurements as a Markdown table |
//! | [`budget`] | the counts that may not grow |
//! | [`capacity`] | what more traffic than can be made here would need, on paper and simulated |
//! | [`load`] | throughput on one machine: `shortlink serve` beside the floor |
//! | [`floor`] | the smallest program that does a shortener's work |
//! | [`server`] | one of the two, under load |
//! | [`number`] | numbers as people read them |
//! | [`links`] | links by the thousand, in the files of both |

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what it prints is what it is for")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

mod artefact;
mod budget;
mod canned;
mod capacity;
mod dynamodb;
mod floor;
mod instructions;
mod lambda;
mod links;
mod load;
mod micro;
mod number;
mod quota;
mod report;
mod sandbox;
mod server;
mod subject;

/// Any error: it is printed and ends the run.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Measures Shortlink's functions in a stand-in for Lambda.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures cold starts and warm requests, and prints a table.
    Measure(Measure),
    /// Compares instruction counts and zip sizes with the checked-in ones; exit code 1 if one is over.
    Budget {
        /// The functions that `sam build` left in this folder (its own is .aws-sam/build), instead of cargo's.
        #[arg(long, value_name = "FOLDER")]
        built: Option<PathBuf>,
        /// Writes what was counted instead of comparing.
        #[arg(long)]
        write: bool,
    },
    /// Computes and simulates what 1 to 1,000,000 redirects a second need, and prints tables.
    Capacity(capacity::Capacity),
    /// Counts the instructions of the parts of a request, and prints a table.
    Micro(micro::Micro),
    /// Puts `shortlink serve` and the floor under load with wrk, in turn, and prints a table.
    Load(Load),
    /// Serves links as the smallest program would that does it.
    Floor {
        /// Where to listen.
        #[arg(long)]
        listen: SocketAddr,
        /// The file of the links.
        #[arg(long)]
        data: PathBuf,
    },
}

/// What `load` is asked for.
#[derive(clap::Args)]
pub(crate) struct Load {
    /// Runs of each load on each server.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How long a run takes, seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Leave out loads on more links than this.
    #[arg(long, default_value_t = 1_000_000)]
    links: u64,
}

/// What `measure` is asked for.
#[derive(clap::Args)]
pub(crate) struct Measure {
    /// The functions that `sam build` left in this folder (its own is .aws-sam/build), instead of cargo's.
    #[arg(long, value_name = "FOLDER")]
    built: Option<PathBuf>,
    /// Only subjects whose name holds this text.
    #[arg(long)]
    only: Option<String>,
    /// Also the peers under crates/bench/peers that have been built.
    #[arg(long)]
    peers: bool,
    /// Also count instructions, with valgrind.
    #[arg(long)]
    instructions: bool,
    /// Cold starts of each subject; they take turns.
    #[arg(long, default_value_t = 21)]
    rounds: usize,
    /// Warm requests after each cold start.
    #[arg(long, default_value_t = 100)]
    warm: usize,
    /// How long DynamoDB takes to answer, milliseconds.
    #[arg(long, default_value_t = 3)]
    latency_ms: u64,
    /// The function's memory, MB, which decides its share of a CPU in the throttled rounds.
    #[arg(long, default_value_t = 128)]
    memory_mb: u32,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Measure(measure) => block_on(run(&measure)).map(|()| true),
        Command::Budget { built, write } => block_on(budget::check(built.as_deref(), write)),
        Command::Micro(micro) => micro::run(&micro).map(|()| true),
        Command::Capacity(capacity) => capacity::run(&capacity).map(|()| true),
        Command::Load(load) => load::Report::measure(&load).map(|report| println!("{report}")).map(|()| true),
        Command::Floor { listen, data } => block_on(floor::serve(listen, &data)).map(|()| true),
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

/// For what talks to other processes. The rest is not to run beside threads that it does not need.
fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Runtime::new()?.block_on(work)
}

async fn run(measure: &Measure) -> Result<()> {
    let mut subjects = subject::ours(measure.built.as_deref())?;
    if measure.peers {
        subjects.extend(subject::peers());
    }
    subjects.retain(|subject| measure.only.as_ref().is_none_or(|part| subject.name.contains(part)));
    let dynamodb = dynamodb::DynamoDb::start(Duration::from_millis(measure.latency_ms)).await?;
    let report = report::Report::measure(&subjects, &dynamodb, measure).await?;
    println!("{report}");
    Ok(())
}
