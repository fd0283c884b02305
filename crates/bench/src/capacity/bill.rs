//! What a month costs. `tests/deploy/cost.py` has the prices and the arithmetic, and is asked.

use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::capacity::fleet::Outcome;
use crate::capacity::traffic::{Load, Pattern};

/// USD a month.
pub(crate) struct Bill {
    pub(crate) direct: f64,
    /// With CloudFront in front, which answers a part of the redirects itself.
    pub(crate) behind_cloudfront: f64,
}

impl Bill {
    pub(crate) fn of(load: Load, outcome: &Outcome, answered: f64) -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/deploy/cost.py");
        let mut command = Command::new("python3");
        command.arg(script).arg(format!("--rate={}", load.rate)).arg(format!("--cached={answered}"));
        command.args([format!("--reads={}", outcome.reads_each), format!("--writes={}", outcome.writes_each)]);
        if load.pattern == Pattern::OneLink {
            command.arg("--made=0");
        }
        let output = command.output().map_err(|error| format!("python3, for tests/deploy/cost.py: {error}"))?;
        let text = String::from_utf8(output.stdout)?;
        let mut numbers = text.lines().map(str::parse);
        match (numbers.next(), numbers.next()) {
            (Some(direct), Some(behind_cloudfront)) => {
                Ok(Self { direct: direct?, behind_cloudfront: behind_cloudfront? })
            }
            _ => Err(format!("tests/deploy/cost.py says {}", String::from_utf8_lossy(&output.stderr)).into()),
        }
    }
}
