//! The parts of a request by themselves, in instructions: this program runs itself under callgrind, twice for each
//! part, and takes the difference. So neither its own start nor what a part does only once is counted, and the counts
//! hardly vary from run to run. The kernel's instructions are not among them; and callgrind counts an instruction that
//! fills or copies memory once for each step of it, and knows no instructions for SHA-256, so that a PNG and a page's
//! `ETag` look dearer than they are: compare counts of one part, before and after.

use std::fmt::Write;
use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use serde_json::value::RawValue;
use shortlink_core::clock::Clock;
use shortlink_core::code::Code;
use shortlink_core::config::Environment;
use shortlink_core::store::{CodeSource, Store};
use shortlink_core::target::Target;
use shortlink_lambda::Handler;

use crate::instructions;
use crate::{Result, canned};

/// How often a part is done before counting begins, and how often it is counted.
const BEFORE: u32 = 5;
const COUNTED: u32 = 50;

/// When it is: a moment at which the events' links live.
const NOW: i64 = 1_893_456_000;

/// What `micro` is asked for.
#[derive(clap::Args)]
pub(crate) struct Micro {
    /// Only parts whose name holds this text.
    #[arg(long, default_value = "")]
    only: String,
    /// Does the part of exactly this name so often, and counts nothing.
    #[arg(long, hide = true, requires = "times")]
    part: Option<String>,
    #[arg(long, hide = true, requires = "part")]
    times: Option<u32>,
}

/// A part: its name, and what does it so many times.
struct Part {
    name: &'static str,
    run: fn(u32) -> Result<()>,
}

const PARTS: &[Part] = &[
    Part { name: "draw a code of 7 characters", run: draw },
    Part { name: "draw one from the operating system's source", run: draw_from_the_system },
    Part { name: "parse a target: short", run: |times| parse(times, "https://example.com/a/very/long/path?q=1") },
    Part { name: "parse a target: 2 KB", run: |times| parse(times, &long_target()) },
    Part { name: "parse a target: bücher.example", run: |times| parse(times, "https://bücher.example/bücher?q=é") },
    Part { name: "parse a target: [2606:4700::1111]", run: |times| parse(times, "https://[2606:4700::1111]/a") },
    Part { name: "refuse a target: 169.254.169.254", run: |times| parse(times, "http://169.254.169.254/latest/") },
    Part { name: "follow: event to answer, hot link", run: |times| resolve(times, FOLLOW, 301) },
    Part { name: "follow: event to answer, read from the table", run: follow_cold },
    Part { name: "preview: page, 30 days", run: |times| resolve(times, PREVIEW_PAGE, 200) },
    Part { name: "preview: JSON, 30 days", run: |times| resolve(times, PREVIEW, 200) },
    Part { name: "QR code: SVG", run: |times| resolve(times, QR_SVG, 200) },
    Part { name: "QR code: PNG", run: |times| resolve(times, QR_PNG, 200) },
    Part { name: "a link that is none: page", run: |times| resolve(times, NO_CODE, 404) },
    Part { name: "shorten: event to answer, JSON", run: |times| shorten(times, SHORTEN, 201) },
    Part { name: "shorten: event to answer, page", run: |times| shorten(times, SHORTEN_PAGE, 201) },
    Part { name: "shorten: a target that is refused", run: |times| shorten(times, SHORTEN_REFUSED, 400) },
    Part { name: "the page with the form", run: |times| shorten(times, PAGE, 200) },
];

const FOLLOW: &str = include_str!("../../../tests/events/19-follow.json");
const PREVIEW: &str = include_str!("../../../tests/events/38-preview.json");
const PREVIEW_PAGE: &str = include_str!("../../../tests/events/39-preview-browser.json");
const QR_SVG: &str = include_str!("../../../tests/events/41-qr-svg.json");
const QR_PNG: &str = include_str!("../../../tests/events/42-qr-png.json");
const NO_CODE: &str = include_str!("../../../tests/events/28-follow-dots.json");
const SHORTEN: &str = include_str!("../../../tests/events/01-shorten-json.json");
const SHORTEN_PAGE: &str = include_str!("../../../tests/events/36-shorten-browser.json");
const SHORTEN_REFUSED: &str = include_str!("../../../tests/events/10-shorten-invalid-url.json");
const PAGE: &str = include_str!("../../../tests/events/31-page.json");

/// Counts each part and prints a table.
pub(crate) fn run(micro: &Micro) -> Result<()> {
    if let (Some(name), Some(times)) = (&micro.part, micro.times) {
        let part = PARTS.iter().find(|part| part.name == name).ok_or("there is no such part")?;
        return (part.run)(times);
    }
    if cfg!(debug_assertions) {
        return Err("counts mean something in a release build only: cargo run --release -p bench -- micro".into());
    }
    println!("| part | instructions |\n|---|---:|");
    for part in PARTS.iter().filter(|part| part.name.contains(&micro.only)) {
        let (few, many) = (count(part, BEFORE)?, count(part, BEFORE + COUNTED)?);
        println!("| {} | {} |", part.name, many.saturating_sub(few) / u64::from(COUNTED));
    }
    Ok(())
}

fn count(part: &Part, times: u32) -> Result<u64> {
    let folder = tempfile::tempdir()?;
    let counts = folder.path().join("callgrind.out");
    let program = std::env::current_exe()?;
    let mut command = Command::new("valgrind");
    command.args(instructions::callgrind(&counts)).arg(program);
    command.args(["micro", "--part", part.name, "--times", &times.to_string()]);
    let output = command.output().map_err(|error| format!("valgrind: {error}"))?;
    if !output.status.success() {
        return Err(format!("{}: {}", part.name, String::from_utf8_lossy(&output.stderr)).into());
    }
    instructions::read(&counts)
}

fn draw(times: u32) -> Result<()> {
    use rand::SeedableRng;
    let mut rng = rand::rngs::Xoshiro256PlusPlus::seed_from_u64(1);
    for _ in 0..times {
        black_box(Code::draw(7, &mut rng));
    }
    Ok(())
}

fn draw_from_the_system(times: u32) -> Result<()> {
    let codes = CodeSource::system(7);
    for _ in 0..times {
        black_box(codes.draws().next());
    }
    Ok(())
}

fn long_target() -> String {
    let mut text = String::from("https://example.com/?");
    while text.len() < 2_000 {
        // Writing to a string does not fail.
        write!(text, "utm_parameter={}&", text.len()).ok();
    }
    text
}

fn parse(times: u32, text: &str) -> Result<()> {
    for _ in 0..times {
        black_box(Target::parse(black_box(text), &["sho.rt", "sho.rt"])).ok();
    }
    Ok(())
}

fn resolve(times: u32, event: &str, status: u16) -> Result<()> {
    let handler = resolver(&[])?;
    answers(&handler, times, event, status)
}

/// Where no link is kept hot.
fn follow_cold(times: u32) -> Result<()> {
    let handler = resolver(&[("HOT_LINKS", "0")])?;
    answers(&handler, times, FOLLOW, 301)
}

fn resolver(variables: &[(&str, &str)]) -> Result<resolve::Resolve> {
    let lookup = |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
    let config = resolve::config::Config::read(&Environment::new(&lookup))?;
    Ok(resolve::Resolve::new(config, store(), clock()))
}

fn shorten(times: u32, event: &str, status: u16) -> Result<()> {
    let config = shorten::config::Config::read(&Environment::new(&|_| None))?;
    let codes = CodeSource::system(config.code_length);
    answers(&shorten::Shorten::new(config, store(), codes, clock()), times, event, status)
}

fn store() -> Store {
    Store::new(canned::client(), "links")
}

fn clock() -> Clock {
    Clock::manual(Arc::new(AtomicI64::new(NOW)))
}

/// From the event as Lambda hands it over to the answer as it is posted.
fn answers(handler: &impl Handler, times: u32, event: &str, status: u16) -> Result<()> {
    let event: Box<RawValue> = serde_json::from_str(event)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        for _ in 0..times {
            let answer = shortlink_lambda::answer(handler, &event).await;
            let posted = black_box(serde_json::to_vec(&answer)?);
            if answer.status_code != status {
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
    fn every_part_does_what_it_is_named_for() {
        for part in PARTS {
            (part.run)(2).unwrap_or_else(|error| panic!("{}: {error}", part.name));
        }
    }
}
