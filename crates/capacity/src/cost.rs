//! The cost of a month, computed by `tests/deploy/cost.py`, which has the prices.

use std::path::Path;
use std::process::Command;

use crate::simulation::Outcome;
use crate::traffic::{Load, Pattern};
use crate::{Result, cloudfront};

/// The cost of a month, USD.
pub(crate) struct MonthlyCost {
    pub(crate) direct: f64,
    /// With CloudFront in front, which serves a share of the redirects itself.
    pub(crate) with_cloudfront: f64,
}

impl MonthlyCost {
    pub(crate) fn compute(load: Load, outcome: &Outcome, hit_ratio: f64) -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/deploy/cost.py");
        let mut command = Command::new("python3");
        command.arg(script).arg(format!("--rate={}", load.rate)).arg(format!("--cached={hit_ratio}"));
        command.arg(format!("--logged={}", cloudfront::estimate_logged_units(load)));
        command.arg(format!("--reads={}", outcome.read_units_per_redirect));
        command.arg(format!("--writes={}", outcome.write_units_per_redirect));
        if load.pattern == Pattern::OneLink {
            command.arg("--created=0");
        }
        let output = command.output().map_err(|error| format!("python3, for tests/deploy/cost.py: {error}"))?;
        let text = String::from_utf8(output.stdout)?;
        let mut numbers = text.lines().map(str::parse);
        match (numbers.next(), numbers.next()) {
            (Some(direct), Some(with_cloudfront)) => Ok(Self { direct: direct?, with_cloudfront: with_cloudfront? }),
            _ => Err(format!("tests/deploy/cost.py failed: {}", String::from_utf8_lossy(&output.stderr)).into()),
        }
    }
}
