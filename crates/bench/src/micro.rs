//! The instructions of single parts of a request. This program runs itself under callgrind twice for each part and
//! takes the difference, so that neither its start nor one-time initialisation is counted, and the counts hardly vary
//! from run to run.
//!
//! The kernel's instructions are not included. Callgrind counts an instruction that fills or copies memory once for
//! each of its steps, and does not support SHA-256 instructions, so that a PNG and the `ETag` of a page seem more
//! expensive than they are. Compare the counts of the same part before and after a change.

use std::fmt::Write;
use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use serde_json::value::RawValue;
use shortlink_core::config::Environment;
use shortlink_core::domain::clock::Clock;
use shortlink_core::domain::code::Code;
use shortlink_core::domain::code_generator::CodeGenerator;
use shortlink_core::domain::target::Target;
use shortlink_core::dynamodb::store::Store;
use shortlink_core::http::handler::Handler;
use shortlink_core::link_cache::{self, LinkCache};
use shortlink_core::visits::recorder::VisitRecorder;
use shortlink_core::visits::writer::PerLinkWriter;

use crate::stub_dynamodb::connector;
use crate::{Result, instructions};

/// The repetitions that are not counted, which leave out one-time initialisation.
const WARM_UP: u32 = 5;

/// The repetitions over which the mean is taken.
const REPETITIONS: u32 = 50;

/// The time on the handlers' clock, at which the links of the events have not expired.
const NOW: i64 = 1_893_456_000;

/// The arguments of `bench micro`.
#[derive(clap::Args)]
pub(crate) struct Micro {
    /// Only count parts whose name contains this text.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    only: String,
    /// Run the part with exactly this name, without counting.
    #[arg(long, hide = true, requires = "repetitions")]
    part: Option<String>,
    #[arg(long, hide = true, requires = "part")]
    repetitions: Option<u32>,
}

/// A part of a request.
struct Part {
    name: &'static str,
    /// Runs the part so many times.
    run: fn(u32) -> Result<()>,
}

const PARTS: &[Part] = &[
    Part { name: "generate a code of 7 characters", run: generate },
    Part { name: "generate a code from the operating system's random source", run: generate_from_os_rng },
    Part { name: "parse a target: short", run: |n| parse(n, "https://example.com/a/very/long/path?q=1") },
    Part { name: "parse a target: 2 KB", run: |n| parse(n, &long_target()) },
    Part { name: "parse a target: bücher.example", run: |n| parse(n, "https://bücher.example/bücher?q=é") },
    Part { name: "parse a target: [2606:4700::1111]", run: |n| parse(n, "https://[2606:4700::1111]/a") },
    Part { name: "reject a target: 169.254.169.254", run: |n| parse(n, "http://169.254.169.254/latest/") },
    Part { name: "redirect: event to response, cached link", run: |n| resolve(n, REDIRECT, 301) },
    Part { name: "redirect: event to response, link read from the table", run: redirect_uncached },
    Part { name: "preview: page, 30 days", run: |n| preview(n, PREVIEW_PAGE) },
    Part { name: "preview: JSON, 30 days", run: |n| preview(n, PREVIEW) },
    Part { name: "QR code: SVG", run: |n| resolve(n, QR_SVG, 200) },
    Part { name: "QR code: PNG", run: |n| resolve(n, QR_PNG, 200) },
    Part { name: "unknown link: page", run: |n| resolve(n, UNKNOWN, 404) },
    Part { name: "shorten: event to response, JSON", run: |n| shorten(n, SHORTEN, 201) },
    Part { name: "shorten: event to response, page", run: |n| shorten(n, SHORTEN_PAGE, 201) },
    Part { name: "shorten: rejected target", run: |n| shorten(n, SHORTEN_REJECTED, 400) },
    Part { name: "home page", run: |n| shorten(n, HOME, 200) },
];

const REDIRECT: &str = include_str!("../../../tests/events/19-follow.json");
const PREVIEW: &str = include_str!("../../../tests/events/38-preview.json");
const PREVIEW_PAGE: &str = include_str!("../../../tests/events/39-preview-browser.json");
const QR_SVG: &str = include_str!("../../../tests/events/41-qr-svg.json");
const QR_PNG: &str = include_str!("../../../tests/events/42-qr-png.json");
const UNKNOWN: &str = include_str!("../../../tests/events/28-follow-dots.json");
const SHORTEN: &str = include_str!("../../../tests/events/01-shorten-json.json");
const SHORTEN_PAGE: &str = include_str!("../../../tests/events/36-shorten-browser.json");
const SHORTEN_REJECTED: &str = include_str!("../../../tests/events/10-shorten-invalid-url.json");
const HOME: &str = include_str!("../../../tests/events/31-page.json");

/// Counts the instructions of each part, and prints a table.
pub(crate) fn run(micro: &Micro) -> Result<()> {
    if let (Some(name), Some(repetitions)) = (&micro.part, micro.repetitions) {
        let part = PARTS.iter().find(|part| part.name == name).ok_or("no part has this name")?;
        return (part.run)(repetitions);
    }
    if cfg!(debug_assertions) {
        return Err("counts are meaningful in a release build only: cargo run --release -p bench -- micro".into());
    }
    println!("| part | instructions |\n|---|---:|");
    for part in PARTS.iter().filter(|part| part.name.contains(&micro.only)) {
        let (few, many) = (count(part, WARM_UP)?, count(part, WARM_UP + REPETITIONS)?);
        println!("| {} | {} |", part.name, many.saturating_sub(few) / u64::from(REPETITIONS));
    }
    Ok(())
}

fn count(part: &Part, repetitions: u32) -> Result<u64> {
    let folder = tempfile::tempdir()?;
    let counts = folder.path().join("callgrind.out");
    let program = std::env::current_exe()?;
    let mut command = Command::new("valgrind");
    command.args(instructions::callgrind_options(&counts)).arg(program);
    command.args(["micro", "--part", part.name, "--repetitions", &repetitions.to_string()]);
    let output = command.output().map_err(|error| format!("valgrind: {error}"))?;
    if !output.status.success() {
        return Err(format!("{}: {}", part.name, String::from_utf8_lossy(&output.stderr)).into());
    }
    instructions::read_total(&counts)
}

fn generate(repetitions: u32) -> Result<()> {
    use rand::SeedableRng;
    let mut rng = rand::rngs::Xoshiro256PlusPlus::seed_from_u64(1);
    for _ in 0..repetitions {
        black_box(Code::random(7, &mut rng));
    }
    Ok(())
}

fn generate_from_os_rng(repetitions: u32) -> Result<()> {
    let codes = CodeGenerator::from_os_rng(7);
    for _ in 0..repetitions {
        black_box(codes.candidates().next());
    }
    Ok(())
}

fn long_target() -> String {
    let mut text = String::from("https://example.com/?");
    while text.len() < 2_000 {
        // Writing to a string cannot fail.
        write!(text, "utm_parameter={}&", text.len()).ok();
    }
    text
}

fn parse(repetitions: u32, text: &str) -> Result<()> {
    for _ in 0..repetitions {
        black_box(Target::parse(black_box(text), &["sho.rt", "sho.rt"])).ok();
    }
    Ok(())
}

fn resolve(repetitions: u32, event: &str, status: u16) -> Result<()> {
    let handler = resolver(&[])?;
    respond(&handler, repetitions, event, status)
}

/// Shows a preview with visits.
fn preview(repetitions: u32, event: &str) -> Result<()> {
    respond(&resolver(&[("PREVIEW", "full")])?, repetitions, event, 200)
}

/// Resolves without the link cache.
fn redirect_uncached(repetitions: u32) -> Result<()> {
    let handler = resolver(&[("LINK_CACHE_SECONDS", "0")])?;
    respond(&handler, repetitions, REDIRECT, 301)
}

fn resolver(variables: &[(&str, &str)]) -> Result<resolve::Resolve> {
    let lookup = |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
    let config = resolve::config::Config::read(&Environment::new(&lookup))?;
    let cache = LinkCache::new(config.link_cache_seconds, link_cache::CAPACITY);
    let visits = VisitRecorder::new(config.visits, PerLinkWriter::for_function(store(), config.visits_retention));
    Ok(resolve::Resolve::new(config, store(), cache, visits, clock()))
}

fn shorten(repetitions: u32, event: &str, status: u16) -> Result<()> {
    let config = shorten::config::Config::read(&Environment::new(&|_| None))?;
    let codes = CodeGenerator::from_os_rng(config.code_length);
    respond(&shorten::Shorten::new(config, store(), codes, clock()), repetitions, event, status)
}

fn store() -> Store {
    Store::new(connector::client(), "links")
}

fn clock() -> Clock {
    Clock::manual(Arc::new(AtomicI64::new(NOW)))
}

/// Handles an event, from the JSON that Lambda sends to the JSON that is posted.
fn respond(handler: &impl Handler, repetitions: u32, event: &str, status: u16) -> Result<()> {
    let event: Box<RawValue> = serde_json::from_str(event)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        for _ in 0..repetitions {
            let response = shortlink_lambda::respond_to_event(handler, &event).await;
            let posted = black_box(serde_json::to_vec(&response)?);
            if response.status_code != i64::from(status) {
                return Err(String::from_utf8_lossy(&posted).into());
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_runs() {
        for part in PARTS {
            (part.run)(2).unwrap_or_else(|error| panic!("{}: {error}", part.name));
        }
    }
}
