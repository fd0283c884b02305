//! The figures that may not grow: instructions, threads and zip sizes, checked in as `budget.json`. None of them is a
//! time, so the load of the machine can neither fail a change nor hide one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Result;
use crate::artifact::Size;
use crate::instructions::Instructions;
use crate::sandbox::Sandbox;
use crate::stub_dynamodb::server::StubServer;
use crate::subject::{self, Job};

/// The share by which a figure may exceed the checked-in one. Callgrind's counts vary by less than 1 % with the random
/// order of hash maps.
const TOLERANCE: f64 = 0.03;

type Figures = BTreeMap<String, u64>;

/// Counts, and compares the figures with the file, or writes them to it. Returns whether all are within the budget.
pub(crate) async fn check(built: Option<&Path>, write: bool) -> Result<bool> {
    let file: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("budget.json");
    let counted = count(built).await?;
    if write {
        std::fs::write(&file, serde_json::to_string_pretty(&counted)? + "\n")?;
        return Ok(true);
    }
    let budget: Figures = serde_json::from_slice(&std::fs::read(&file)?)?;
    println!("| figure | budget | counted | difference | |\n|---|---|---|---|---|");
    let mut within_budget = true;
    for (name, counted) in &counted {
        let allowed = budget.get(name).copied().unwrap_or_default();
        let difference = *counted as f64 / allowed as f64 - 1.0;
        let verdict = if difference > TOLERANCE {
            within_budget = false;
            "over"
        } else if difference < -TOLERANCE {
            "under: lower the budget"
        } else {
            ""
        };
        println!("| {name} | {allowed} | {counted} | {:+.1} % | {verdict} |", difference * 100.0);
    }
    Ok(within_budget)
}

async fn count(built: Option<&Path>) -> Result<Figures> {
    let dynamodb = StubServer::start(Duration::ZERO).await?;
    let mut figures = Figures::new();
    for subject in subject::ours(built)? {
        // Its visits are written once a second, so its instructions depend on the number of requests in a second.
        if subject.job == Job::ResolveCached {
            continue;
        }
        let counts = Instructions::count(&subject, &dynamodb).await?;
        let size = Size::of(&subject.artifact)?;
        let mut sandbox = Sandbox::start(&subject, &dynamodb, 128, &[], None).await?;
        sandbox.invoke().await?;
        for (name, figure) in [
            ("init instructions", counts.init),
            ("first instructions", counts.first),
            ("warm instructions", counts.warm),
        ] {
            figures.insert(format!("{}: {name}", subject.name), figure);
        }
        let function = subject.job.function();
        figures.insert(format!("{function}: zip bytes"), size.zip_bytes);
        // One thread handles requests, and one has resolved DynamoDB's name. More threads cost time in the kernel,
        // where valgrind does not count: a multi-thread runtime adds 2 % of instructions, but 40 % of CPU time.
        figures.insert(format!("{function}: threads"), sandbox.threads()?);
    }
    Ok(figures)
}
