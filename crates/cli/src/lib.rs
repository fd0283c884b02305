//! The program `shortlink`.
//!
//! # Layout
//!
//! | module | defines |
//! | --- | --- |
//! | [`serve`] | `shortlink serve`: the whole service on one machine |
//! | [`demo`] | `shortlink demo`: a server with sample links |
//! | [`backup`] | `shortlink backup`: copies the file of the links |
//! | [`block`] | `shortlink block` and `unblock` |
//! | [`hosts`] | `shortlink allow`, `disallow` and `hosts list`: the hosts that links may lead to |
//! | [`grant`] | `shortlink grant`: signs grants |
//! | [`grant_key`] | `shortlink grant-key`: creates and replaces the key that signs grants |
//! | [`keys`] | `shortlink keys`: creates, lists and revokes API keys |
//! | `log` | the log of the local server, as JSON or for people |
//! | [`login`] | `shortlink login`: signs a person in |
//! | [`aws_fault`] | faults of a call to AWS, in words for the operator |
//! | [`storage`] | the options that name a table, and opening it |
//! | [`table`] | creating a table, and checking that one exists |
//! | [`embedded`] | a DynamoDB inside this process, over SQLite |
//! | [`gateway`] | what API Gateway does before and after a function |
//! | [`error`] | what can end the program |
//!
//! A subcommand is one file with its options and one function, a variant of `Command`, and a line in `run`.

#![expect(clippy::print_stderr, reason = "the command line is the interface of this program")]

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

pub mod aws_fault;
pub mod backup;
pub mod block;
pub mod demo;
pub mod embedded;
pub mod error;
pub mod gateway;
pub mod grant;
pub mod grant_key;
pub mod hosts;
pub mod keys;
mod log;
pub mod login;
pub mod serve;
pub mod storage;
pub mod table;

use error::CliError;

/// A URL shortener that runs on AWS or on this machine
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the whole service on this machine: the same code as on Lambda, with the links in a file
    Serve(serve::ServeOptions),
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
    /// Sign in where links are created with an access token, and get one for use in a shell
    Login(login::LoginOptions),
    /// Sign a grant and print it: a token with which a web page may create links within bounds
    Grant(grant::GrantOptions),
    /// Create and replace the key that signs grants
    GrantKey(grant_key::GrantKeyOptions),
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
        Err(error) => {
            // It is not the program's fault if nobody reads this.
            writeln!(io::stderr(), "shortlink: {error}").ok();
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<(), CliError> {
    let print = |line: &str| writeln!(io::stdout(), "{line}");
    match command {
        // A server goes on if nobody reads what it prints.
        Command::Serve(options) => serve::serve(options, |line| drop(print(line))).await,
        Command::Demo(options) => serve::demo(options, |line| drop(print(line))).await,
        Command::Backup(options) => backup::backup(options, print).await,
        Command::Block(options) => block::block(block::Action::Block, options, print).await,
        Command::Unblock(options) => block::block(block::Action::Unblock, options, print).await,
        Command::Allow(options) => hosts::allow(options, print).await,
        Command::Disallow(options) => hosts::disallow(options, print).await,
        Command::Hosts(options) => hosts::hosts(options, print).await,
        Command::Keys(options) => keys::keys(options, print).await,
        Command::Login(options) => login::login(options, print).await,
        Command::Grant(options) => grant::grant(options, print).await,
        Command::GrantKey(options) => grant_key::grant_key(options, print).await,
    }
}
