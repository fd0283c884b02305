//! `shortlink serve`: the whole service on one machine.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::pin;

use clap::Args;
use resolve::Resolve;
use shorten::Shorten;
use shorten::config::Door;
use shorten::grant::key_source::KeySource;
use shortlink_core::config::Environment;
use shortlink_core::domain::base_url::BaseUrl;
use shortlink_core::domain::clock::Clock;
use shortlink_core::domain::code_generator::CodeGenerator;
use shortlink_core::link_cache::LinkCache;
use shortlink_core::visits::recorder::VisitTracking;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;

mod listen_address;
mod settings;
mod signals;

use crate::demo::{self, DemoOptions};
use crate::error::CliError;
use crate::export::restored;
use crate::gateway::rate_limits::{CREATE, CREATE_BY_ANYBODY, FOLLOW, Rate, RateLimits, Rates};
use crate::gateway::{self, Functions};
use crate::storage::{Storage, StorageOptions};
use crate::{grant_key, log};
pub use listen_address::{ListenAddress, ListenAddressError, reachable_at};
use settings::Settings;
use signals::Signals;

/// The capacity of the link cache, in links: about 40 MB with targets of the usual 100 bytes.
const LINK_CACHE_CAPACITY: usize = 100_000;

/// How many new connections may wait to be accepted; the system may allow fewer. The default of 128 makes clients of a burst
/// wait for seconds.
const BACKLOG: u32 = 4_096;

/// The options of `shortlink serve`. The settings of the functions, such as `BASE_URL` or `EXPIRES_IN_DEFAULT`, come
/// from environment variables, as on Lambda.
#[derive(Debug, Args)]
#[command(after_help = "More settings are environment variables; --help lists them.")]
#[command(after_long_help = settings::help())]
pub struct ServeOptions {
    /// Where to listen: a port of this machine, or an address and a port; port 0 picks a free port [default: 127.0.0.1:3000
    /// or, if PORT is set, this port at every address]
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<ListenAddress>,

    /// What short URLs begin with.
    #[arg(
        long,
        value_name = "URL",
        value_parser = parse_base_url,
        help = "What short URLs begin with, such as https://sho.rt [default: BASE_URL or else the address that a client uses]"
    )]
    pub base_url: Option<String>,

    /// How many requests per second each route answers that creates links; twice as many may arrive at once [default: 5, or
    /// 50 with DOOR=key]
    #[arg(long, value_name = "RATE", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub create_rate: Option<u32>,

    /// How many redirects, previews and QR codes per second are answered; twice as many may be asked for at once
    #[arg(long, value_name = "RATE", default_value_t = FOLLOW.per_second,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub follow_rate: u32,

    /// Answer any number of requests
    #[arg(long, conflicts_with_all = ["create_rate", "follow_rate"])]
    pub no_rate_limits: bool,

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

fn parse_base_url(text: &str) -> Result<String, String> {
    BaseUrl::parse(text).map(|_| text.to_owned()).ok_or_else(|| "give a URL such as https://sho.rt".to_owned())
}

impl ServeOptions {
    /// How many requests each route answers.
    fn rate_limits(&self, door: Door) -> Option<RateLimits> {
        if self.no_rate_limits {
            return None;
        }
        let create = match (self.create_rate, door) {
            (Some(rate), _) => Rate::per_second(rate),
            (None, Door::Open) => CREATE_BY_ANYBODY,
            (None, _) => CREATE,
        };
        Some(RateLimits::new(Rates { create, follow: Rate::per_second(self.follow_rate) }))
    }
}

/// Runs the server until Ctrl-C or SIGTERM. `print` is called with each line for the user.
///
/// # Errors
///
/// [`CliError`].
pub async fn serve(options: ServeOptions, print: impl Fn(&str)) -> Result<(), CliError> {
    let process = Environment::process();
    let lookup = |name: &str| match name {
        "BASE_URL" if options.base_url.is_some() => options.base_url.clone(),
        name => process.lookup(name),
    };
    let environment = Environment::new(&lookup);
    log::init(&environment)?;
    let mut settings = settings::read(&environment)?;
    let (listener, address) = start_to_listen(options.listen, &environment)?;
    // The folder of the restored export is deleted at the end.
    let (storage, _folder) = match &options.read_only {
        None => (options.storage.open().await?, None),
        Some(file) => {
            settings.resolve.visits = VisitTracking::Off;
            let (table, folder) = restored::restore(file).await?.into_table();
            (Storage::Embedded(table), Some(folder))
        }
    };
    let mut signals = Signals::listen().map_err(CliError::Signals)?;

    let door = settings.shorten.door;
    let rate_limits = options.rate_limits(door);
    let parameter = settings.shorten.grant_key_parameter.clone();
    let grant_key = grant_key_source(options.grant_key_file, parameter).await?;
    let mut functions = functions(settings, &storage, grant_key);
    if options.read_only.is_some() {
        functions.shorten = functions.shorten.read_only();
    }
    let place = place(&storage, options.read_only.as_deref());
    for line in introduction(address, &place, &environment) {
        print(&line);
    }
    let key = if door == Door::Key { "-H 'Authorization: Bearer KEY' " } else { "" };
    print(&format!(
        "Try it:  curl {key}--data-urlencode url=https://example.com/a/very/long/path http://{}/shorten",
        reachable_at(address).first().unwrap_or(&address)
    ));
    run(listener, functions, rate_limits, &mut signals, print).await;
    Ok(())
}

/// Runs a server with sample links until Ctrl-C or SIGTERM. `print` is called with each line for the user.
///
/// # Errors
///
/// [`CliError`].
pub async fn demo(options: DemoOptions, print: impl Fn(&str)) -> Result<(), CliError> {
    let process = Environment::process();
    let lookup = |name: &str| match name {
        // There are visits to see.
        "PREVIEW" => process.lookup(name).or_else(|| Some("full".to_owned())),
        name => process.lookup(name),
    };
    let environment = Environment::new(&lookup);
    log::init(&environment)?;
    let settings = settings::read(&environment)?;
    let (listener, address) = start_to_listen(options.listen, &environment)?;
    let storage = Storage::in_memory().await?;
    let mut signals = Signals::listen().map_err(CliError::Signals)?;
    let base = format!("http://{}", reachable_at(address).first().unwrap_or(&address));
    let lines = demo::fill(&storage, &base).await?;
    print(&format!("Shortlink is listening on http://{address} with sample links, which are lost when it stops."));
    for line in lines {
        print(&line);
    }
    run(listener, functions(settings, &storage, None), None, &mut signals, print).await;
    Ok(())
}

/// Listens at the address that the options or `PORT` name, or at the default one.
fn start_to_listen(
    address: Option<ListenAddress>,
    environment: &Environment<'_>,
) -> Result<(TcpListener, SocketAddr), CliError> {
    let port = settings::port(environment)?;
    let at_port = || port.map_or_else(ListenAddress::default, ListenAddress::at_every_address);
    raise_descriptor_limit();
    listen(address.unwrap_or_else(at_port).get())
}

/// The two functions over a table.
fn functions(settings: Settings, storage: &Storage, grant_key: Option<KeySource>) -> Functions {
    let Settings { shorten, resolve } = settings;
    let clock = Clock::system();
    let codes = CodeGenerator::from_os_rng(shorten.code_length);
    let cache = LinkCache::new(resolve.link_cache_seconds, LINK_CACHE_CAPACITY);
    let visits = storage.visit_recorder(resolve.visits, resolve.visits_retention);
    let mut shorten = Shorten::new(shorten, storage.store(), codes, clock.clone());
    if let Some(source) = grant_key {
        shorten = shorten.with_grant_key(source);
    }
    Functions { shorten, resolve: Resolve::new(resolve, storage.store(), cache, visits, clock) }
}

/// Serves until a signal arrives, and then until the requests in progress have finished or another signal arrives.
async fn run(
    listener: TcpListener,
    functions: Functions,
    rate_limits: Option<RateLimits>,
    signals: &mut Signals,
    print: impl Fn(&str),
) {
    let (stop, stopped) = oneshot::channel::<()>();
    let server = gateway::serve_limited(listener, functions, rate_limits, async { drop(stopped.await) });
    let mut server = pin!(server);
    tokio::select! {
        () = &mut server => return,
        () = signals.next() => {}
    }
    print("Stopping... (Ctrl-C again to stop now)");
    drop(stop);
    tokio::select! {
        () = server => {}
        () = signals.next() => {}
    }
}

/// What the server does with its links, as the end of a sentence and perhaps another one.
fn place(storage: &Storage, read_only: Option<&Path>) -> String {
    match read_only {
        Some(file) => format!("serves the links of {}; it creates and changes none.", file.display()),
        None if storage.is_in_memory() => format!("stores its links in {storage}. They are lost when it stops."),
        None => format!("stores its links in {storage}."),
    }
}

/// What the server tells people when it has started.
fn introduction(address: SocketAddr, place: &str, environment: &Environment<'_>) -> Vec<String> {
    let mut lines = vec![format!("Shortlink is listening on http://{address} and {place}")];
    if address.ip().is_unspecified() {
        let addresses: Vec<_> = reachable_at(address).iter().map(|address| format!("http://{address}")).collect();
        lines.push(format!("Open it at {}.", addresses.join(" or, from another machine, at ")));
    }
    if !address.ip().is_loopback() && environment.text("BASE_URL").is_none() {
        let warning = "Other machines can reach it. Set BASE_URL to its public address: without it, the Host header, \
                       which clients control, determines what short URLs begin with and which targets are rejected as \
                       redirect loops.";
        lines.push(warning.to_owned());
    }
    lines.extend(settings::changed(environment));
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let unknown = |(name, setting)| format!("The variable {name} is not a setting; do you mean {setting}?");
    lines.extend(settings::misspelt(names).into_iter().map(unknown));
    lines
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
