//! What can end the program. Each message is a sentence for the person who started it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use shorten::grant::MAX_HOSTS;
use shorten::grant::key_source::KeySourceError;
use shortlink_core::config::ConfigError;
use shortlink_core::domain::api_key::Name;
use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::host_rules::{HostRuleError, ListedHost, ListedHostError};
use shortlink_core::domain::target::TargetError;
use shortlink_core::dynamodb::error::{CreateError, StoreError};
use thiserror::Error;

use crate::aws::signed_request::AwsError;
use crate::embedded::EmbeddedError;
use crate::export::error::ExportError;
use crate::import::error::ImportFailure;
use crate::login::LoginError;
use crate::table::TableError;

/// The exit code of a program that was called with wrong arguments, as clap has it.
const WRONG_ARGUMENTS: u8 = 2;

impl CliError {
    /// The exit code: 2 for arguments that clap could not know to be wrong, else 1.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Target(_) | Self::Past(_) | Self::NothingToChange | Self::NothingToExamine | Self::VisitRange(_) => {
                WRONG_ARGUMENTS
            }
            _ => 1,
        }
    }

    /// Whether the reader of standard output has gone, as `head` does: it has what it wanted, and there is nothing to say.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// The reason that a command has failed.
#[derive(Debug, Error)]
pub enum CliError {
    /// The async runtime could not be started.
    #[error("the program cannot start its threads: {0}")]
    Runtime(io::Error),
    /// A setting is invalid.
    #[error("the environment variable {0}")]
    Config(#[from] ConfigError),
    /// Several settings may be invalid.
    #[error("{}", describe_settings(.0))]
    Settings(Vec<ConfigError>),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {reason}; choose another address with --listen ADDR:PORT")]
    Listen {
        /// The address of `--listen`.
        address: SocketAddr,
        /// Why the operating system refuses.
        reason: String,
    },
    /// The user has no home folder.
    #[error("there is no data folder for this user; name a file with --data PATH")]
    NoDataFolder,
    /// The embedded table cannot be opened.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// An export cannot be written or read.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// An import is not done, or not wholly.
    #[error(transparent)]
    Import(#[from] ImportFailure),
    /// Nobody was signed in.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// There is no usable table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A call to the table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The door needs what only API Gateway has.
    #[error("DOOR=jwt needs the authorizer of API Gateway, which verifies tokens; here, use DOOR=key")]
    NoAuthorizer,
    /// There is a key with this name.
    #[error("the name {0} is already in use, possibly by a revoked key; choose another")]
    KeyExists(Name),
    /// There is no key with this name.
    #[error("there is no key called {0}; `shortlink keys list` shows the names")]
    NoSuchKey(Name),
    /// The grant key cannot be read or written.
    #[error(transparent)]
    GrantKey(#[from] KeySourceError),
    /// No option and no variable names the grant key.
    #[error("say where the grant key is, with --grant-key-parameter NAME or --grant-key-file PATH")]
    NoGrantKey,
    /// A duration is too long for the calendar.
    #[error("the duration is too long; give a shorter one")]
    DurationTooLong,
    /// A grant has too many hosts.
    #[error("a grant has at most {MAX_HOSTS} hosts; sign several grants")]
    TooManyHosts,
    /// A grant, or another value, cannot be written as JSON.
    #[error("it cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// There is no link with this code.
    #[error("there is no link with the code {0:?}; upper and lower case matter")]
    NoSuchLink(String),
    /// An argument is not a host.
    #[error("{text:?} {reason}")]
    InvalidHost {
        /// The argument.
        text: String,
        /// What is wrong with it.
        reason: ListedHostError,
    },
    /// The host is not on a list.
    #[error("the host {host} is not {list}; `shortlink hosts list` shows the hosts")]
    HostNotListed {
        /// The host.
        host: ListedHost,
        /// What the hosts on the list are.
        list: &'static str,
    },
    /// Keys in memory would end with this process.
    #[error("a table in memory ends with this command; name a file with --data PATH, or a table with --table NAME")]
    InMemory,
    /// The file of the links does not exist.
    #[error("there is no file {}; name another with --data PATH", .0.display())]
    NoFile(PathBuf),
    /// A sample link could not be created.
    #[error("the sample links cannot be created: {0}")]
    Demo(CreateError),
    /// The user pressed Ctrl-C.
    #[error("cancelled; nothing was written")]
    Cancelled,
    /// Standard output cannot be written.
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
    /// A request to AWS has failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The stack is not one of this project, or from before it had the output.
    #[error("the stack {stack:?} has no output {output}; name its table with --table NAME")]
    NoTableInStack {
        /// The stack.
        stack: String,
        /// The output.
        output: &'static str,
    },
    /// A target is invalid.
    #[error("the URL {0}")]
    Target(#[from] TargetError),
    /// The operator does not allow links to the host.
    #[error("the URL {0}; `shortlink hosts list` shows the hosts")]
    Host(#[from] HostRuleError),
    /// A link was not created.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// The expiry is over.
    #[error("{0} is in the past; use `links withdraw` to end a link now")]
    Past(Timestamp),
    /// The arguments ask for no change.
    #[error("there is nothing to change; `--help` shows what can be changed")]
    NothingToChange,
    /// A report cannot have these days.
    #[error("--from {0}")]
    VisitRange(String),
    /// No table or stack is named.
    #[error("say what to look at, with --stack NAME or --table NAME; `shortlink serve --check` looks at a file")]
    NothingToExamine,
    /// Part of the work was not done; what failed has been said.
    #[error("{0}")]
    Incomplete(String),
    /// The signals that stop the server cannot be received.
    #[error("cannot receive signals: {0}")]
    Signals(io::Error),
}

fn describe_settings(errors: &[ConfigError]) -> String {
    match errors {
        [error] => format!("the environment variable {error}"),
        errors => {
            let lines: Vec<_> = errors.iter().map(|error| format!("\n  {error}")).collect();
            format!("{} environment variables are invalid:{}", errors.len(), lines.concat())
        }
    }
}
