//! The program `shortlink`.
//!
//! # Layout
//!
//! | module | defines |
//! | --- | --- |
//! | [`serve`] | `shortlink serve`: the whole service on one machine |
//! | [`links`] | `shortlink links`: lists, shows, creates and changes links |
//! | [`visits`] | `shortlink visits`: how often a link was visited |
//! | [`demo`] | `shortlink demo`: a server with sample links |
//! | [`backup`] | `shortlink backup`: copies the file of the links |
//! | [`block`] | `shortlink block` and `unblock`, also as `links block` and `unblock` |
//! | [`hosts`] | `shortlink allow`, `disallow` and `hosts list`: the hosts that links may lead to |
//! | [`grant`] | `shortlink grant`: signs grants |
//! | [`grant_key`] | `shortlink grant-key`: creates and replaces the key that signs grants |
//! | [`keys`] | `shortlink keys`: creates, lists and revokes API keys |
//! | `log` | the log of the local server, as JSON or for people |
//! | [`login`] | `shortlink login`: signs a person in |
//! | [`export`] | `shortlink export`: all that a table has, in a file that can be restored |
//! | [`import`] | `shortlink import`: links from an export |
//! | [`completions`] | `shortlink completions`: the completions of a shell |
//! | [`aws`] | requests to AWS services other than DynamoDB |
//! | [`aws_fault`] | faults of a call to AWS, in words for the operator |
//! | `https` | one HTTP request |
//! | [`output`] | tables, JSON and progress |
//! | [`doctor`] | `shortlink doctor`: what is off with a stack and its table |
//! | [`smoke`] | `shortlink smoke`: tries a service |
//! | [`storage`] | the options that name a table, and opening it |
//! | [`table`] | creating a table, and checking that one exists |
//! | [`embedded`] | a DynamoDB inside this process, over SQLite |
//! | [`gateway`] | what API Gateway does before and after a function |
//! | [`interruption`] | Ctrl-C during a command that should not be cut off |
//! | [`pace`] | keeping below a rate |
//! | [`error`] | what can end the program |
//!
//! A subcommand is one file with its options and one function, a variant of `Command`, and a line in `run`.

#![expect(clippy::print_stderr, reason = "the command line is the interface of this program")]

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

pub mod aws;
pub mod aws_fault;
pub mod backup;
pub mod block;
pub mod completions;
pub mod demo;
pub mod doctor;
pub mod embedded;
pub mod error;
pub mod export;
pub mod gateway;
pub mod grant;
pub mod grant_key;
pub mod hosts;
mod https;
pub mod import;
pub mod interruption;
pub mod keys;
pub mod links;
mod log;
pub mod login;
pub mod output;
pub mod pace;
pub mod serve;
pub mod smoke;
pub mod storage;
pub mod table;
pub mod visits;

use error::CliError;

/// A URL shortener that runs on AWS or on this machine
#[derive(Debug, Parser)]
#[command(
    version = env!("SHORTLINK_VERSION"),
    arg_required_else_help = true,
    after_help = "Exit codes: 0 done, 1 not done or not wholly, 2 wrong arguments."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the whole service on this machine: the same code as on Lambda, with the links in a file
    Serve(serve::ServeOptions),
    /// List, show, create and change links
    Links(links::LinksOptions),
    /// Show how often a link was visited, by day, referrer, country and device
    Visits(visits::VisitsOptions),
    /// Run a server in memory with sample links and visits, to see what the pages look like
    Demo(demo::DemoOptions),
    /// Copy the file of the links, also while the server runs
    Backup(backup::BackupOptions),
    /// Block links, or hosts with all links to them: the links answer 451, and their owners cannot restore them
    Block(block::BlockOptions),
    /// Let blocked links redirect again, or allow links to blocked hosts
    Unblock(block::BlockOptions),
    /// Allow links to a host; once a host is listed, links may lead only to those that are
    Allow(hosts::AllowOptions),
    /// Remove hosts from the list of those that are allowed
    Disallow(hosts::AllowOptions),
    /// List the hosts that are blocked and those that are allowed
    Hosts(hosts::HostsOptions),
    /// Create, list and revoke API keys
    Keys(keys::KeysOptions),
    /// Write all that a table has to a file that can be restored, or its links to a table for spreadsheets
    Export(export::ExportOptions),
    /// Import links from an export; nothing that exists is overwritten
    Import(import::ImportOptions),
    /// Sign in where links are created with an access token, and get one for use in a shell
    Login(login::LoginOptions),
    /// Sign a grant and print it: a token with which a web page may create links within bounds
    Grant(grant::GrantOptions),
    /// Create and replace the key that signs grants
    GrantKey(grant_key::GrantKeyOptions),
    /// Say what is off with a deployed stack and its table, and how to mend it
    Doctor(doctor::DoctorOptions),
    /// Try a service with a link for a minute, and say how long each step took
    Smoke(smoke::SmokeOptions),
    /// Print the completions for a shell
    Completions(completions::CompletionsOptions),
}

/// The time that threads which wait for the disk may take to finish once a command has ended.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

/// Runs the program with the arguments of this process. An error is one sentence on standard error and exit code 1;
/// invalid arguments end with exit code 2.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(CliError::Runtime);
    let result = runtime.and_then(|runtime| {
        let result = runtime.block_on(run(arguments.command));
        // A thread that is blocked on the disk must not prevent the program from exiting.
        runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
        result
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the output has seen enough, as `head` has.
        Err(CliError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
        Err(error) if error.is_closed_pipe() => ExitCode::FAILURE,
        Err(error) => {
            // It is not the program's fault if nobody reads this.
            writeln!(io::stderr(), "shortlink: {error}").ok();
            ExitCode::from(error.exit_code())
        }
    }
}

async fn run(command: Command) -> Result<(), CliError> {
    let print = |line: &str| writeln!(io::stdout(), "{line}");
    match command {
        // A server goes on if nobody reads what it prints.
        Command::Serve(options) => serve::serve(options, |line| drop(print(line))).await,
        Command::Links(options) => links::links(options, print).await,
        Command::Visits(options) => visits::visits(options, print).await,
        Command::Demo(options) => serve::demo(options, |line| drop(print(line))).await,
        Command::Backup(options) => backup::backup(options, print).await,
        Command::Block(options) => block::block(block::Action::Block, options, print).await,
        Command::Unblock(options) => block::block(block::Action::Unblock, options, print).await,
        Command::Allow(options) => hosts::allow(options, print).await,
        Command::Disallow(options) => hosts::disallow(options, print).await,
        Command::Hosts(options) => hosts::hosts(options, print).await,
        Command::Keys(options) => keys::keys(options, print).await,
        Command::Export(options) => export::export(options, print).await,
        Command::Import(options) => import::import(options, print).await,
        Command::Login(options) => login::login(options, print).await,
        Command::Grant(options) => grant::grant(options, print).await,
        Command::GrantKey(options) => grant_key::grant_key(options, print).await,
        Command::Doctor(options) => doctor::doctor(options, print).await,
        Command::Smoke(options) => smoke::smoke(options, print).await,
        Command::Completions(options) => completions::completions(&options),
    }
}
