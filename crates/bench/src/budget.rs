//! The counts that may not grow: instructions and zip sizes, checked in as `budget.json`. Counts and never times, so
//! that the machine's load cannot fail a change, nor hide one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Result;
use crate::artefact::Size;
use crate::dynamodb::DynamoDb;
use crate::instructions::Instructions;
use crate::sandbox::Sandbox;
use crate::subject::{self, Job};

/// By how much a figure may differ from the checked-in one: callgrind's counts vary by less than 1 %, with the order
/// that hash maps happen to have.
const TOLERANCE: f64 = 0.03;

type Figures = BTreeMap<String, u64>;

/// Counts, and compares with the file or writes it. Returns whether every figure keeps within its budget.
pub(crate) async fn check(built: Option<&Path>, write: bool) -> Result<bool> {
    let file: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("budget.json");
    let counted = count(built).await?;
    if write {
        std::fs::write(&file, serde_json::to_string_pretty(&counted)? + "\n")?;
        return Ok(true);
    }
    let budget: Figures = serde_json::from_slice(&std::fs::read(&file)?)?;
    println!("| figure | budget | counted | difference | |\n|---|---|---|---|---|");
    let mut kept = true;
    for (name, counted) in &counted {
        let allowed = budget.get(name).copied().unwrap_or_default();
        let difference = *counted as f64 / allowed as f64 - 1.0;
        let verdict = if difference > TOLERANCE {
            kept = false;
            "over"
        } else if difference < -TOLERANCE {
            "under: lower the budget"
        } else {
            ""
        };
        println!("| {name} | {allowed} | {counted} | {:+.1} % | {verdict} |", difference * 100.0);
    }
    Ok(kept)
}

async fn count(built: Option<&Path>) -> Result<Figures> {
    let dynamodb = DynamoDb::start(Duration::ZERO).await?;
    let mut figures = Figures::new();
    for subject in subject::ours(built)? {
        // Its visits are written once a second: what it costs depends on how many of its requests a second has.
        if subject.job == Job::ResolveHot {
            continue;
        }
        let counts = Instructions::count(&subject, &dynamodb).await?;
        let size = Size::of(&subject.artefact)?;
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
        // The one that answers, and the one that resolved DynamoDB's name. What more threads cost is in the kernel, where
        // valgrind does not count: a multi-thread runtime adds 2 % of them, and 40 % of CPU time.
        figures.insert(format!("{function}: threads"), sandbox.threads()?);
    }
    Ok(figures)
}
