//! The program `shortlink`: Shortlink on one machine.
//!
//! # Layout
//!
//! | module | defines |
//! | --- | --- |
//! | [`serve`] | the subcommand: its options, and how the parts are put together |
//! | [`engine`] | a DynamoDB in this process, over SQLite |
//! | `passage` | the SDK's way into it |
//! | `operation` | what it is asked to do, by DynamoDB's names |
//! | `reader` | reads that do not wait for writes |
//! | [`table`] | the table in it: made, or found |
//! | [`gateway`] | what API Gateway does before and after a function |

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks to its user")]

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub mod engine;
pub mod gateway;
mod operation;
mod passage;
mod reader;
pub mod serve;
pub mod table;

/// A URL shortener for AWS, on this machine.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the whole service here: the code that Lambda runs, with the links in a file
    Serve(serve::Options),
}

/// Runs the program on this process's arguments. An error is one sentence on standard error, and exit code 1; wrong
/// arguments end with exit code 2.
pub fn main() -> ExitCode {
    let Arguments { command: Command::Serve(options) } = Arguments::parse();
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(serve::ServeError::Runtime)
        .and_then(|runtime| runtime.block_on(serve::serve(options, |line| println!("{line}"))));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("shortlink: {error}");
            ExitCode::FAILURE
        }
    }
}
