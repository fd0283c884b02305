//! The log: one JSON object a line on standard output or standard error, through `tracing`.
//!
//! A message says what happened; fields say to what, with the unit in the name; `request_id` is in every
//! line about a request. No line holds a whole target, a body, or a visitor's address.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use crate::config::{ConfigError, Environment};

/// What the names of our crates begin with.
const OURS: &[&str] = &["shortlink", "shorten", "resolve"];

/// The target of lines for which `LOG_LEVEL` must be `debug`. They are at level `info` all the same, because finer levels are
/// compiled out of a release (Cargo.toml says why).
pub const DETAIL: &str = "detail";

/// Starts the log of this process, on `writer`. Only the first call has an effect.
///
/// `LOG_LEVEL` is the least that is logged, one of `error`, `warn`, `info` (the default), `debug`. Links made are logged
/// at `info`, links followed at `debug`: the gateway's access log has those already.
///
/// # Errors
///
/// `LOG_LEVEL` is none of them; the log is at `info` then, for whoever reports it.
pub fn start<W>(environment: &Environment<'_>, writer: W) -> Result<(), ConfigError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let levels = [
        ("error", LevelFilter::ERROR),
        ("warn", LevelFilter::WARN),
        ("info", LevelFilter::INFO),
        ("debug", LevelFilter::DEBUG),
    ];
    let level = environment.choice("LOG_LEVEL", LevelFilter::INFO, &levels);
    start_at(level.clone().unwrap_or(LevelFilter::INFO), writer);
    level.map(drop)
}

fn start_at<W>(level: LevelFilter, writer: W)
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false) // here a target is what a link leads to
        .with_writer(writer);
    // Other crates' debug lines hold requests whole, and the embedded engine warns of each failed condition: only
    // their errors are let in.
    let others = level.min(LevelFilter::ERROR);
    let detail = if level == LevelFilter::DEBUG { level } else { LevelFilter::OFF };
    let filter = Targets::new().with_default(others).with_target(DETAIL, detail);
    let filter = OURS.iter().fold(filter, |filter, name| filter.with_target(*name, level));
    let subscriber = tracing_subscriber::registry().with(filter).with(lines);
    // A second log is a second `start`: the first one stays.
    tracing::subscriber::set_global_default(subscriber).ok();
}
