//! The number of instructions that a function executes, counted by callgrind. It varies by a fraction of a percent from
//! run to run, whatever else the machine does. The kernel's instructions are not included.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::Result;
use crate::sandbox::Sandbox;
use crate::stub_dynamodb::server::StubServer;
use crate::subject::Subject;

/// The number of warm requests over which the mean is taken.
const WARM_REQUESTS: u64 = 20;

/// Instructions, by phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instructions {
    /// From exec until the function first waits for an event.
    pub(crate) init: u64,
    /// The first request.
    pub(crate) first: u64,
    /// Each further request, on average.
    pub(crate) warm: u64,
}

impl Instructions {
    /// Counts the instructions of three processes that handle no, one and many requests, and takes the differences.
    pub(crate) async fn count(subject: &Subject, dynamodb: &StubServer) -> Result<Self> {
        let init = total(subject, dynamodb, 0).await?;
        let first = total(subject, dynamodb, 1).await?;
        let all = total(subject, dynamodb, 1 + WARM_REQUESTS).await?;
        Ok(Self { init, first: first.saturating_sub(init), warm: all.saturating_sub(first) / WARM_REQUESTS })
    }

    /// The instructions of a cold start: INIT and the first request.
    pub(crate) fn cold(&self) -> u64 {
        self.init + self.first
    }
}

/// Counts a process that handles so many requests, with one retry: on a busy machine, a function under callgrind may
/// run into its timeouts and respond with 503.
async fn total(subject: &Subject, dynamodb: &StubServer, requests: u64) -> Result<u64> {
    match run(subject, dynamodb, requests).await {
        Ok(total) => Ok(total),
        Err(error) => {
            eprintln!("retrying: {error}");
            run(subject, dynamodb, requests).await
        }
    }
}

async fn run(subject: &Subject, dynamodb: &StubServer, requests: u64) -> Result<u64> {
    let folder = tempfile::tempdir()?;
    let counts = folder.path().join("callgrind.out");
    let wrapper: Vec<_> = std::iter::once("valgrind".into()).chain(callgrind_options(&counts)).collect();
    let mut sandbox = Sandbox::start(subject, dynamodb, 128, &wrapper, None).await?;
    sandbox.wait_until_idle().await?;
    for _ in 0..requests {
        sandbox.invoke().await?;
    }
    sandbox.wait_until_idle().await?;
    sandbox.terminate().await?;
    read_total(&counts)
}

/// The options with which `valgrind` counts instructions and writes them to a file.
pub(crate) fn callgrind_options(counts: &Path) -> [OsString; 4] {
    let mut file = OsString::from("--callgrind-out-file=");
    file.push(counts);
    // `--smc-check`: Node.js generates code while it runs.
    ["--quiet".into(), "--tool=callgrind".into(), "--smc-check=all-non-file".into(), file]
}

/// Reads the total from a file that callgrind has written.
pub(crate) fn read_total(counts: &Path) -> Result<u64> {
    let text = fs::read_to_string(counts)?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: ")).ok_or("callgrind wrote no totals")?;
    Ok(total.trim().parse()?)
}
