//! `shortlink serve`: the whole service on one machine.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;

use clap::Args;
use resolve::Resolve;
use shorten::Shorten;
use shorten::config::Door;
use shorten::grant::key_source::KeySource;
use shortlink_core::config::Environment;
use shortlink_core::domain::clock::Clock;
use shortlink_core::domain::code_generator::CodeGenerator;
use shortlink_core::link_cache::LinkCache;
use shortlink_core::telemetry;
use shortlink_core::visits::recorder::VisitTracking;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;

use crate::error::CliError;
use crate::export::restored;
use crate::gateway::{self, Functions};
use crate::grant_key;
use crate::storage::{Storage, StorageOptions};

/// The capacity of the link cache, in links: about 40 MB with targets of the usual 100 bytes.
const LINK_CACHE_CAPACITY: usize = 100_000;

/// How many new connections may wait to be accepted; the system may allow fewer. The default of 128 makes clients of a burst
/// wait for seconds.
const BACKLOG: u32 = 4_096;

/// The options of `shortlink serve`. The settings of the functions, such as `BASE_URL` or `EXPIRES_IN_DEFAULT`, come
/// from environment variables, as on Lambda.
#[derive(Debug, Args)]
pub struct ServeOptions {
    /// The address to listen on; port 0 picks a free port
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,

    /// Accept the grants that the key in this file has signed; only the owner of the file may be able to read it [default:
    /// the parameter of AWS Systems Manager Parameter Store that GRANT_KEY_PARAMETER names]
    #[arg(long, value_name = "PATH")]
    pub grant_key_file: Option<PathBuf>,

    /// Serve the links of this export, and refuse to create or change any: a stand-in while the service is down
    #[arg(long, value_name = "FILE", conflicts_with_all = ["data", "durability", "check", "endpoint_url", "table"])]
    pub read_only: Option<PathBuf>,

    /// Where the links are kept
    #[command(flatten)]
    pub storage: StorageOptions,
}

/// Runs the server until Ctrl-C or SIGTERM. `print` is called with each line for the user.
///
/// # Errors
///
/// [`CliError`].
pub async fn serve(options: ServeOptions, print: impl Fn(&str)) -> Result<(), CliError> {
    let environment = Environment::process();
    telemetry::init(&environment, io::stderr)?;
    let shorten_config = shorten::config::Config::read(&environment)?;
    let mut resolve_config = resolve::config::Config::read(&environment)?;
    if shorten_config.door == Door::Jwt {
        return Err(CliError::NoAuthorizer);
    }
    raise_descriptor_limit();
    let (listener, address) = listen(options.listen)?;
    // The folder of the restored export is deleted at the end.
    let (storage, place, _folder) = match &options.read_only {
        None => {
            let storage = options.storage.open().await?;
            let place = format!("stores its links in {storage}");
            (storage, place, None)
        }
        Some(file) => {
            resolve_config.visits = VisitTracking::Off;
            let (table, folder) = restored::restore(file).await?.into_table();
            let place = format!("serves the links of {}; it creates and changes none", file.display());
            (Storage::Embedded(table), place, Some(folder))
        }
    };
    let mut signals = Signals::listen().map_err(CliError::Signals)?;

    let shorten_door = shorten_config.door;
    let grant_key = grant_key_source(options.grant_key_file, shorten_config.grant_key_parameter.clone()).await?;
    let clock = Clock::system();
    let codes = CodeGenerator::from_os_rng(shorten_config.code_length);
    let cache = LinkCache::new(resolve_config.link_cache_seconds, LINK_CACHE_CAPACITY);
    let visits = storage.visit_recorder(resolve_config.visits, resolve_config.visits_retention);
    let mut shorten = Shorten::new(shorten_config, storage.store(), codes, clock.clone());
    if options.read_only.is_some() {
        shorten = shorten.read_only();
    }
    if let Some(source) = grant_key {
        shorten = shorten.with_grant_key(source);
    }
    let functions = Functions { shorten, resolve: Resolve::new(resolve_config, storage.store(), cache, visits, clock) };
    print(&format!("Shortlink is listening on http://{address} and {place}."));
    if !address.ip().is_loopback() && environment.text("BASE_URL").is_none() {
        print(
            "Other machines can reach it. Set BASE_URL to its public address: without it, the Host header, which clients \
             control, determines what short URLs begin with and which targets are rejected as redirect loops.",
        );
    }
    let key = if shorten_door == Door::Key { "-H 'Authorization: Bearer KEY' " } else { "" };
    print(&format!(
        "Try it:  curl {key}--data-urlencode url=https://example.com/a/very/long/path http://{address}/shorten"
    ));

    let (stop, stopped) = oneshot::channel::<()>();
    let server = gateway::serve(listener, functions, async { drop(stopped.await) });
    let mut server = pin!(server);
    tokio::select! {
        () = &mut server => return Ok(()),
        () = signals.next() => {}
    }
    print("Stopping once the requests in progress have finished. Press Ctrl-C again to stop at once.");
    drop(stop);
    tokio::select! {
        () = server => {}
        () = signals.next() => {}
    }
    Ok(())
}

/// Where the grant key is kept, if grants are accepted. A file must contain a key; a parameter is read when it is needed, as
/// on Lambda.
async fn grant_key_source(file: Option<PathBuf>, parameter: Option<String>) -> Result<Option<KeySource>, CliError> {
    match (file, parameter) {
        (Some(path), _) => {
            let source = KeySource::File(path);
            source.read().await?;
            Ok(Some(source))
        }
        (None, Some(name)) => Ok(Some(grant_key::parameter(name).await)),
        (None, None) => Ok(None),
    }
}

/// Raises the soft limit of open files, which is 1,024 on most systems, to the hard limit: each client takes one.
fn raise_descriptor_limit() {
    #[cfg(unix)]
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
}

/// Listens on an address, and returns the address with the port that was picked.
fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), CliError> {
    let to_error = |error: io::Error| CliError::Listen {
        address,
        reason: match error.kind() {
            io::ErrorKind::AddrInUse => "the port is in use".to_owned(),
            _ => error.to_string(),
        },
    };
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.map_err(to_error)?;
    // As the standard library's listener, so that a restart need not wait for old connections to be forgotten.
    #[cfg(unix)]
    socket.set_reuseaddr(true).map_err(to_error)?;
    socket.bind(address).map_err(to_error)?;
    let listener = socket.listen(BACKLOG).map_err(to_error)?;
    let address = listener.local_addr().map_err(to_error)?;
    Ok((listener, address))
}

/// Ctrl-C, and on Unix SIGTERM and SIGHUP, which a closed terminal sends.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    hang_up: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        #[cfg(unix)]
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            #[cfg(unix)]
            terminate: signal(SignalKind::terminate())?,
            #[cfg(unix)]
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
        #[cfg(not(unix))]
        drop(tokio::signal::ctrl_c().await);
    }
}
