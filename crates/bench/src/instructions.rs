//! How many instructions a function executes, counted by callgrind: the same from run to run within a fraction of a
//! percent, whatever else the machine does. The kernel's are not counted.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::Result;
use crate::dynamodb::DynamoDb;
use crate::sandbox::Sandbox;
use crate::subject::Subject;

/// Warm requests over which the mean is taken.
const WARM: u64 = 20;

/// Instructions, by phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instructions {
    /// From exec to the first wait for an event.
    pub(crate) init: u64,
    /// The first request.
    pub(crate) first: u64,
    /// Each further request, on average.
    pub(crate) warm: u64,
}

impl Instructions {
    /// Counts them: three processes, with no, one and many requests, and the differences between them.
    pub(crate) async fn count(subject: &Subject, dynamodb: &DynamoDb) -> Result<Self> {
        let init = total(subject, dynamodb, 0).await?;
        let first = total(subject, dynamodb, 1).await?;
        let all = total(subject, dynamodb, 1 + WARM).await?;
        Ok(Self { init, first: first.saturating_sub(init), warm: all.saturating_sub(first) / WARM })
    }

    /// What a cold start costs: INIT and the first request.
    pub(crate) fn cold(&self) -> u64 {
        self.init + self.first
    }
}

/// A machine that is busy with other things may make a function under callgrind run into its time-outs: it then answers
/// 503, and is started once more.
async fn total(subject: &Subject, dynamodb: &DynamoDb, requests: u64) -> Result<u64> {
    match run(subject, dynamodb, requests).await {
        Ok(total) => Ok(total),
        Err(error) => {
            eprintln!("once more: {error}");
            run(subject, dynamodb, requests).await
        }
    }
}

async fn run(subject: &Subject, dynamodb: &DynamoDb, requests: u64) -> Result<u64> {
    let folder = tempfile::tempdir()?;
    let counts = folder.path().join("callgrind.out");
    let wrapper: Vec<_> = std::iter::once("valgrind".into()).chain(callgrind(&counts)).collect();
    let mut sandbox = Sandbox::start(subject, dynamodb, 128, &wrapper, None).await?;
    sandbox.rest().await?;
    for _ in 0..requests {
        sandbox.invoke().await?;
    }
    sandbox.rest().await?;
    sandbox.end().await?;
    read(&counts)
}

/// The options of a `valgrind` that counts into a file.
pub(crate) fn callgrind(counts: &Path) -> [OsString; 4] {
    let mut file = OsString::from("--callgrind-out-file=");
    file.push(counts);
    // `--smc-check`: Node.js writes code as it runs.
    ["--quiet".into(), "--tool=callgrind".into(), "--smc-check=all-non-file".into(), file]
}

/// What it has counted.
pub(crate) fn read(counts: &Path) -> Result<u64> {
    let text = fs::read_to_string(counts)?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: ")).ok_or("callgrind wrote no totals")?;
    Ok(total.trim().parse()?)
}
