//! The CPU that Lambda gives an environment of a size: a share of one vCPU in proportion to its memory, a whole one
//! at 1,769 MB (Lambda developer guide, "Configure Lambda function memory"). INIT is not throttled.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Result;

/// The memory that comes with a whole vCPU, MB.
const MB_PER_VCPU: u32 = 1_769;

/// The period in which a group may use its quota, microseconds: the kernel's default.
const PERIOD_US: u32 = 100_000;

/// A control group with a quota of CPU time. It is removed when this is dropped.
pub(crate) struct Quota {
    group: PathBuf,
    version: Version,
    microseconds: u32,
}

#[derive(Clone, Copy)]
enum Version {
    One,
    Two,
}

impl Quota {
    /// A group for environments of that size, not yet throttled.
    ///
    /// # Errors
    ///
    /// This machine does not let us have one.
    pub(crate) fn new(memory_mb: u32) -> Result<Self> {
        let unified = Path::new("/sys/fs/cgroup");
        let controllers = fs::read_to_string(unified.join("cgroup.subtree_control")).unwrap_or_default();
        let (root, version) = if controllers.split_whitespace().any(|name| name == "cpu") {
            (unified.to_owned(), Version::Two)
        } else {
            (unified.join("cpu"), Version::One)
        };
        let group = root.join(format!("shortlink-bench-{}", std::process::id()));
        fs::create_dir(&group).map_err(|error| format!("no control group with a CPU quota here: {error}"))?;
        let quota = Self { group, version, microseconds: (PERIOD_US * memory_mb / MB_PER_VCPU).min(PERIOD_US) };
        quota.release()?;
        Ok(quota)
    }

    /// What is put before a command so that it runs in the group: a shell that goes in and, when it is told to, becomes
    /// the command. (To move a process that runs already would stop it for some milliseconds.)
    pub(crate) fn door(&self) -> Vec<OsString> {
        let script = "echo $$ > \"$0\" && read -r go && exec \"$@\"";
        vec!["/bin/sh".into(), "-c".into(), script.into(), self.group.join("cgroup.procs").into()]
    }

    /// Waits until the shell has gone in.
    pub(crate) async fn wait_for(&self, process: u32) -> Result<()> {
        let process = process.to_string();
        for _ in 0..500 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            if fs::read_to_string(self.group.join("cgroup.procs"))?.lines().any(|line| line == process) {
                return Ok(());
            }
        }
        Err("the function does not get into its control group".into())
    }

    /// Throttles the group from now on.
    pub(crate) fn throttle(&self) -> Result<()> {
        self.set(&self.microseconds.to_string())
    }

    /// Throttles it no longer.
    pub(crate) fn release(&self) -> Result<()> {
        self.set(match self.version {
            Version::One => "-1",
            Version::Two => "max",
        })
    }

    fn set(&self, quota: &str) -> Result<()> {
        match self.version {
            Version::One => {
                fs::write(self.group.join("cpu.cfs_period_us"), PERIOD_US.to_string())?;
                fs::write(self.group.join("cpu.cfs_quota_us"), quota)?;
            }
            Version::Two => fs::write(self.group.join("cpu.max"), format!("{quota} {PERIOD_US}"))?,
        }
        Ok(())
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        fs::remove_dir(&self.group).ok();
    }
}
