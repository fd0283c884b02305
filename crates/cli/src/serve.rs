//! `shortlink serve`: the whole service on one machine.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;

use clap::Args;
use directories::ProjectDirs;
use resolve::Resolve;
use shorten::Shorten;
use shortlink_core::clock::Clock;
use shortlink_core::config::{ConfigError, Environment};
use shortlink_core::store::{CodeSource, Store};
use shortlink_core::{client, telemetry};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::engine::{Data, Engine, EngineError};
use crate::gateway::{self, Functions};
use crate::table::{self, TableError};

/// The table's name where nobody chose one.
const TABLE: &str = "shortlink";

/// How many links that were followed a moment ago are remembered: with targets of the usual 100 bytes some 40 MB.
const HOT_LINKS_CAPACITY: usize = 100_000;

/// The options of `shortlink serve`. What the functions read from environment variables, such as `BASE_URL` or
/// `EXPIRES_IN_DEFAULT`, they read here too.
#[derive(Debug, Args)]
pub struct Options {
    /// Where to listen; port 0 picks a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,

    /// The file of the links, or "memory" for none [default: links.db in this user's data folder]
    #[arg(long, value_name = "PATH", conflicts_with_all = ["endpoint_url", "table"])]
    pub data: Option<PathBuf>,

    /// Keep the links in the DynamoDB at this URL instead of a file
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,

    /// Keep the links in this DynamoDB table instead of a file; with your AWS credentials and region
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,
}

/// Why the server does not run. Each is a sentence for the person who started it.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The async runtime.
    #[error("the program cannot start its threads: {0}")]
    Runtime(io::Error),
    /// A setting.
    #[error("the environment variable {0}")]
    Config(#[from] ConfigError),
    /// The port.
    #[error("cannot listen on {address}: {reason}; choose another address with --listen ADDR:PORT")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// Why not.
        reason: String,
    },
    /// The user has no home.
    #[error("there is no data folder for this user; name a file with --data PATH")]
    NoDataFolder,
    /// The embedded engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The signals that stop the server.
    #[error("cannot listen for signals: {0}")]
    Signals(io::Error),
}

/// Runs the server until Ctrl-C or SIGTERM; `say` is called with each line for the user.
///
/// # Errors
///
/// [`ServeError`].
pub async fn serve(options: Options, say: impl Fn(&str)) -> Result<(), ServeError> {
    let environment = Environment::process();
    telemetry::start(&environment, io::stderr)?;
    let shorten_config = shorten::config::Config::read(&environment)?;
    let mut resolve_config = resolve::config::Config::read(&environment)?;
    resolve_config.hot_links_capacity = HOT_LINKS_CAPACITY;
    let unusable = |error: io::Error| ServeError::Listen {
        address: options.listen,
        reason: match error.kind() {
            io::ErrorKind::AddrInUse => "the port is in use".to_owned(),
            _ => error.to_string(),
        },
    };
    let listener = TcpListener::bind(options.listen).await.map_err(unusable)?;
    let address = listener.local_addr().map_err(unusable)?;
    let (store, place, engine) = open(&options).await?;
    let mut signals = Signals::listen().map_err(ServeError::Signals)?;

    let clock = Clock::system();
    let codes = CodeSource::system(shorten_config.code_length);
    let functions = Functions {
        shorten: Shorten::new(shorten_config, store.clone(), codes, clock.clone()),
        resolve: Resolve::new(resolve_config, store, clock),
        is_table_here: engine.is_some(),
    };
    say(&format!("Shortlink listens on http://{address} and keeps its links in {place}."));
    if !address.ip().is_loopback() && environment.text("BASE_URL").is_none() {
        say(
            "Others can reach it: set BASE_URL to its public address, or a client's Host header decides what short URLs \
             begin with and which links would lead in a circle.",
        );
    }
    say(&format!("Try it:  curl -d url=https://example.com/a/very/long/path http://{address}/shorten"));
    let (stop, stopped) = oneshot::channel::<()>();
    let server = gateway::serve(listener, functions, async { drop(stopped.await) });
    let mut server = pin!(server);
    tokio::select! {
        () = &mut server => return Ok(()),
        () = signals.next() => {}
    }
    say("Stopping: requests under way are finished first. Once more stops at once.");
    drop(stop);
    tokio::select! {
        () = server => {}
        () = signals.next() => {}
    }
    Ok(())
}

/// Ctrl-C, and where there is such a thing SIGTERM.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        #[cfg(unix)]
        let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        Ok(Self {
            #[cfg(unix)]
            terminate,
        })
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = self.terminate.recv() => {}
        }
        #[cfg(not(unix))]
        drop(tokio::signal::ctrl_c().await);
    }
}

/// The table that the options mean, where it is, and the engine that must outlive it.
async fn open(options: &Options) -> Result<(Store, String, Option<Engine>), ServeError> {
    if options.endpoint_url.is_some() || options.table.is_some() {
        let name = options.table.as_deref().unwrap_or(TABLE);
        let (client, place) = match &options.endpoint_url {
            Some(url) => (client::at(url).await, format!("the table {name:?} at {url}")),
            None => (client::from_environment().await, format!("the DynamoDB table {name:?}")),
        };
        table::find(&client, name).await?;
        return Ok((Store::new(client, name), place, None));
    }
    let data = match &options.data {
        Some(path) if path.as_os_str() == "memory" => Data::Memory,
        Some(path) => Data::File(path.clone()),
        None => {
            let folders = ProjectDirs::from("", "", "shortlink").ok_or(ServeError::NoDataFolder)?;
            Data::File(folders.data_dir().join("links.db"))
        }
    };
    let place = match &data {
        Data::Memory => "memory".to_owned(),
        Data::File(path) => path.display().to_string(),
    };
    let engine = Engine::start(&data)?;
    table::ensure(&engine.client(), TABLE).await?;
    Ok((engine.store(TABLE), place, Some(engine)))
}
