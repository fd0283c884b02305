//! The CPU quota that Lambda gives an environment: a share of one vCPU in proportion to its memory, and a whole vCPU at
//! 1,769 MB (Lambda developer guide, "Configure Lambda function memory"). INIT is not throttled.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Result;

/// The memory at which an environment gets a whole vCPU, MB.
const MB_PER_VCPU: u32 = 1_769;

/// The period to which the quota of a group applies, microseconds: the kernel's default.
const PERIOD_US: u32 = 100_000;

/// A control group with a quota of CPU time. It is removed when this is dropped.
pub(crate) struct CpuQuota {
    group: PathBuf,
    version: CgroupVersion,
    microseconds: u32,
}

#[derive(Clone, Copy)]
enum CgroupVersion {
    V1,
    V2,
}

impl CpuQuota {
    /// Creates a control group for environments of that size, not yet throttled.
    ///
    /// # Errors
    ///
    /// This process may not create control groups.
    pub(crate) fn new(memory_mb: u32) -> Result<Self> {
        let unified = Path::new("/sys/fs/cgroup");
        let controllers = fs::read_to_string(unified.join("cgroup.subtree_control")).unwrap_or_default();
        let (root, version) = if controllers.split_whitespace().any(|name| name == "cpu") {
            (unified.to_owned(), CgroupVersion::V2)
        } else {
            (unified.join("cpu"), CgroupVersion::V1)
        };
        let group = root.join(format!("shortlink-bench-{}", std::process::id()));
        fs::create_dir(&group).map_err(|error| format!("no control group with a CPU quota: {error}"))?;
        let quota = Self { group, version, microseconds: (PERIOD_US * memory_mb / MB_PER_VCPU).min(PERIOD_US) };
        quota.unthrottle()?;
        Ok(quota)
    }

    /// The words to put before a command so that it runs in the group: a shell that joins the group and, once it reads
    /// a line, becomes the command. (Moving a process that already runs would stop it for some milliseconds.)
    pub(crate) fn cgroup_command(&self) -> Vec<OsString> {
        let script = "echo $$ > \"$0\" && read -r go && exec \"$@\"";
        vec!["/bin/sh".into(), "-c".into(), script.into(), self.group.join("cgroup.procs").into()]
    }

    /// Waits until the shell has joined the group.
    pub(crate) async fn wait_until_joined(&self, process: u32) -> Result<()> {
        let process = process.to_string();
        for _ in 0..500 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            if fs::read_to_string(self.group.join("cgroup.procs"))?.lines().any(|line| line == process) {
                return Ok(());
            }
        }
        Err("the function did not join its control group".into())
    }

    /// Applies the quota from now on.
    pub(crate) fn throttle(&self) -> Result<()> {
        self.set(&self.microseconds.to_string())
    }

    /// Lifts the quota.
    pub(crate) fn unthrottle(&self) -> Result<()> {
        self.set(match self.version {
            CgroupVersion::V1 => "-1",
            CgroupVersion::V2 => "max",
        })
    }

    fn set(&self, quota: &str) -> Result<()> {
        match self.version {
            CgroupVersion::V1 => {
                fs::write(self.group.join("cpu.cfs_period_us"), PERIOD_US.to_string())?;
                fs::write(self.group.join("cpu.cfs_quota_us"), quota)?;
            }
            CgroupVersion::V2 => fs::write(self.group.join("cpu.max"), format!("{quota} {PERIOD_US}"))?,
        }
        Ok(())
    }
}

impl Drop for CpuQuota {
    fn drop(&mut self) {
        fs::remove_dir(&self.group).ok();
    }
}
