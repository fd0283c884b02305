//! The log: one JSON object per line, through `tracing`.
//!
//! The message says what happened. Fields say to what; a field's name ends with its unit. Every line about a request
//! has the field `request_id`. No line contains a target, a body or a visitor's address.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use crate::config::{ConfigError, Environment};

/// Prefixes of the names of our crates.
const OUR_CRATES: &[&str] = &["shortlink", "shorten", "resolve"];

/// The `tracing` target of lines that are logged only if `LOG_LEVEL` is `debug`. Their level is `info`, because lower
/// levels are compiled out of a release build (Cargo.toml says why).
pub const DEBUG_TARGET: &str = "debug";

/// The `tracing` target of the SDK's module that closes connections after a 5xx. It cannot, because our connections are not
/// its own, and says so with each such response.
const SDK_CONNECTIONS: &str = "aws_smithy_runtime::client::http::connection_poisoning";

/// Initialises the log of this process, as JSON. Lines go to `writer`. Only the first call has an effect.
///
/// # Errors
///
/// Those of [`level`]. The log is then initialised at `info`, so that the caller can report the error.
pub fn init<W>(environment: &Environment<'_>, writer: W) -> Result<(), ConfigError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let level = level(environment);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false) // "target" would be read as a link's target
        .with_writer(writer);
    let subscriber =
        tracing_subscriber::registry().with(filter(level.clone().unwrap_or(LevelFilter::INFO))).with(lines);
    // Fails if a log has been initialised before, which then stays.
    tracing::subscriber::set_global_default(subscriber).ok();
    level.map(drop)
}

/// `LOG_LEVEL`: the lowest level that is logged, `error`, `warn`, `info` (the default) or `debug`. Created links are logged
/// at `info` and visits at `debug`, since the gateway's access log contains the visits already.
///
/// # Errors
///
/// The value is none of these.
pub fn level(environment: &Environment<'_>) -> Result<LevelFilter, ConfigError> {
    let levels = [
        ("error", LevelFilter::ERROR),
        ("warn", LevelFilter::WARN),
        ("info", LevelFilter::INFO),
        ("debug", LevelFilter::DEBUG),
    ];
    environment.choice("LOG_LEVEL", LevelFilter::INFO, &levels)
}

/// What is logged at a level.
pub fn filter(level: LevelFilter) -> Targets {
    // Other crates are limited to errors: their debug lines contain whole requests, and the embedded table's engine
    // warns of each failed condition.
    let others = level.min(LevelFilter::ERROR);
    let debug = if level == LevelFilter::DEBUG { level } else { LevelFilter::OFF };
    let filter = Targets::new().with_default(others).with_target(DEBUG_TARGET, debug);
    let filter = filter.with_target(SDK_CONNECTIONS, LevelFilter::OFF);
    OUR_CRATES.iter().fold(filter, |filter, name| filter.with_target(*name, level))
}
