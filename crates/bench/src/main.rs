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
//! | [`artefact`] | the size of a binary, and of the zip that is deployed |
//! | [`report`] | the measurements as a Markdown table |
//! | [`budget`] | the counts that may not grow |
//! | [`load`] | throughput on one machine: `shortlink serve` beside the floor |
//! | [`floor`] | the smallest program that does a shortener's work |
//! | [`server`] | one of the two, under load |
//! | [`links`] | links by the thousand, in the files of both |

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what it prints is what it is for")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

mod artefact;
mod budget;
mod dynamodb;
mod floor;
mod instructions;
mod lambda;
mod links;
mod load;
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
        /// Writes what was counted instead of comparing.
        #[arg(long)]
        write: bool,
    },
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

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Measure(measure) => run(&measure).await.map(|()| true),
        Command::Budget { write } => budget::check(write).await,
        Command::Load(load) => load::Report::measure(&load).map(|report| println!("{report}")).map(|()| true),
        Command::Floor { listen, data } => floor::serve(listen, &data).await.map(|()| true),
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

async fn run(measure: &Measure) -> Result<()> {
    let mut subjects = subject::ours()?;
    if measure.peers {
        subjects.extend(subject::peers());
    }
    subjects.retain(|subject| measure.only.as_ref().is_none_or(|part| subject.name.contains(part)));
    let dynamodb = dynamodb::DynamoDb::start(Duration::from_millis(measure.latency_ms)).await?;
    let report = report::Report::measure(&subjects, &dynamodb, measure).await?;
    println!("{report}");
    Ok(())
}
