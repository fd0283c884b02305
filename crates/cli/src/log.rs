//! The log of the local server: JSON, as that of the functions, or lines for people at a terminal.
//!
//! On a terminal there is one line for each request. It has neither the query nor the address of the client, and no target
//! of a link, as no line of the log has.

use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal as _};
use std::time::Duration;

use shortlink_core::config::{ConfigError, Environment};
use shortlink_core::domain::clock::Clock;
use shortlink_core::telemetry;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;

/// The `tracing` target of the lines about requests, which only the log for people has.
pub(crate) const REQUESTS: &str = "request";

/// The crates that log what a request did, which the line about the request says already.
const HANDLERS: [&str; 2] = ["shorten", "resolve"];

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LogFormat {
    /// As text if standard error is a terminal, else as JSON.
    Auto,
    /// One JSON object per line.
    Json,
    /// Lines for people.
    Text,
}

/// Initialises the log of this process, on standard error. `LOG_FORMAT` is `auto` (the default), `json` or `text`.
///
/// # Errors
///
/// `LOG_FORMAT` or `LOG_LEVEL` is invalid. The log is then initialised all the same.
pub(crate) fn init(environment: &Environment<'_>) -> Result<(), ConfigError> {
    let formats = [("auto", LogFormat::Auto), ("json", LogFormat::Json), ("text", LogFormat::Text)];
    let format = environment.choice("LOG_FORMAT", LogFormat::Auto, &formats);
    let is_text = match format {
        Ok(LogFormat::Text) => true,
        Ok(LogFormat::Json) => false,
        _ => io::stderr().is_terminal(),
    };
    if !is_text {
        return telemetry::init(environment, io::stderr).and(format.map(drop));
    }
    let level = telemetry::level(environment);
    let chosen = level.clone().unwrap_or(LevelFilter::INFO);
    let handlers = if chosen == LevelFilter::DEBUG { chosen } else { chosen.min(LevelFilter::WARN) };
    let filter = telemetry::filter(chosen).with_target(REQUESTS, chosen);
    let filter = HANDLERS.iter().fold(filter, |filter, name| filter.with_target(*name, handlers));
    // https://no-color.org
    let is_coloured = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let lines = tracing_subscriber::fmt::layer().event_format(Lines { is_coloured }).with_writer(io::stderr);
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(filter).with(lines)).ok();
    level.map(drop).and(format.map(drop))
}

/// Logs a request that was answered.
pub(crate) fn request(method: &str, path: &str, status: u16, time: Duration) {
    let milliseconds = time.as_secs_f64() * 1_000.0;
    tracing::info!(target: REQUESTS, status, "{method} {path} {milliseconds:.1} ms");
}

/// Writes lines for people.
struct Lines {
    is_coloured: bool,
}

/// What an event says.
#[derive(Default)]
struct Fields {
    message: String,
    status: Option<u64>,
    others: String,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let is_request = event.metadata().target() == REQUESTS;
        let (label, colour) = match (fields.status, *event.metadata().level()) {
            (Some(status), _) if is_request => (status.to_string(), colour_of_status(status)),
            (_, Level::ERROR) => ("ERROR".to_owned(), RED),
            (_, Level::WARN) => ("WARN".to_owned(), YELLOW),
            (_, level) => (level.to_string(), GREEN),
        };
        let (begin, end) = if self.is_coloured { (colour, RESET) } else { ("", "") };
        let now = Clock::system().now().to_string();
        let time = now.split_once('T').map_or("", |(_, time)| time);
        writeln!(writer, "{time} {begin}{label:<5}{end} {}{}", fields.message, fields.others)
    }
}

const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const CYAN: &str = "\x1b[36m";
const RESET: &str = "\x1b[0m";

fn colour_of_status(status: u64) -> &'static str {
    match status {
        500.. => RED,
        400.. => YELLOW,
        300.. => CYAN,
        _ => GREEN,
    }
}

impl Fields {
    fn add(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => escape_into(&mut self.message, value),
            name => {
                self.others.push(' ');
                self.others.push_str(name);
                self.others.push('=');
                escape_into(&mut self.others, value);
            }
        }
    }
}

impl Visit for Fields {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "status" {
            self.status = Some(value);
        } else {
            self.add(field, &value.to_string());
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, &format!("{value:?}"));
    }
}

/// Appends a text, with control characters escaped: a terminal would obey them.
fn escape_into(line: &mut String, text: &str) {
    for c in text.chars() {
        if c.is_control() {
            // Writing to a string does not fail.
            write!(line, "{}", c.escape_unicode()).ok();
        } else {
            line.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        let mut line = String::new();
        escape_into(&mut line, "/ä\u{1b}[31m\n\u{9b}x\u{7f}");
        assert_eq!(line, "/ä\\u{1b}[31m\\u{a}\\u{9b}x\\u{7f}");
    }
}
