//! The estimate: the formulae that the crate's documentation describes.

use crate::Scheduling;
use crate::limits::{CALL, HANDLING, INITIAL_PARTITIONS, PARTITION_READS, PARTITION_WRITES, STARTS, STARTS_PER_SECOND};
use crate::settings::LINK_CACHE_SECONDS;
use crate::traffic::Load;

/// What a load uses of Lambda and DynamoDB: what it demands if estimated, what it is granted if simulated.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    /// Environments in use at the same time, on average.
    pub(crate) in_use: f64,
    /// Environments in use at the same time, at the peak.
    pub(crate) peak: f64,
    /// Cold starts a second while traffic doubles.
    pub(crate) cold_starts: f64,
    /// The share of redirects that Lambda rejects while traffic doubles, because no more environments may start.
    pub(crate) rejected: f64,
    /// Read units a second of the partition that holds the most popular link.
    pub(crate) hottest_reads: f64,
    /// Write units a second of the partition that holds the counts of the most popular link.
    pub(crate) hottest_writes: f64,
    /// Write units a second of the whole table.
    pub(crate) table_writes: f64,
    /// The share of redirects that fail because their link's partition serves no more reads.
    pub(crate) failed: f64,
}

/// The time in which traffic doubles, seconds.
pub(crate) const DOUBLING: f64 = 10.0;

impl Usage {
    /// Applies the formulae.
    pub(crate) fn estimate(load: Load, scheduling: Scheduling) -> Self {
        let groups = load.pattern.link_groups();
        let cache_seconds = *LINK_CACHE_SECONDS;
        let partitions = partitions(load);
        let mut duration = HANDLING;
        let mut usage = Self::of_environments(load, scheduling, duration);
        // The duration of a redirect depends on what its environment has cached, that depends on the number of
        // environments, and that on the duration. The iteration converges.
        for _ in 0..50 {
            let environments = usage.in_use.max(1.0);
            let (mut reads, mut all_writes) = (0.0, 0.0);
            let mut hottest = None;
            let mut failed = 0.0;
            for group in &groups {
                let rate = load.rate / environments * group.share;
                let read = environments / (cache_seconds + 1.0 / rate.exp_m1());
                let (write, pending) = writes(rate);
                // Pending visits are from the second before. If another environment has written the link since, the
                // first attempt fails the condition on `lastHitAt` and costs a unit all the same.
                let others = (load.rate - load.rate / environments) * group.share;
                let alone = (-others * environments / load.rate / 2.0).exp();
                let first_is_another = 1.0 - group.share;
                let repeated = pending * (1.0 - alone) * first_is_another;
                let units = (read * 0.5, environments * (write + repeated));
                hottest.get_or_insert(units);
                failed += group.links * group.share * (1.0 - PARTITION_READS / units.0).max(0.0);
                reads += group.links * read;
                all_writes += group.links * units.1;
            }
            let calls = (reads + all_writes) / load.rate;
            duration = (duration + HANDLING + calls * CALL) / 2.0;
            usage = Self::of_environments(load, scheduling, duration);
            let (own_reads, own_writes) = hottest.unwrap_or_default();
            // The partition also holds its fair share of all other items.
            let other_reads = (reads * 0.5 - own_reads) / partitions;
            let other_writes = (all_writes - own_writes).max(0.0) / partitions;
            usage.hottest_reads = own_reads + other_reads;
            usage.hottest_writes = own_writes + other_writes;
            usage.table_writes = all_writes;
            usage.failed = failed;
        }
        usage
    }

    /// Applies Little's law to the environments, each of which a redirect occupies for `duration` seconds.
    fn of_environments(load: Load, scheduling: Scheduling, duration: f64) -> Self {
        let in_use = load.rate * duration.max(scheduling.min_interval());
        // As many again start while traffic doubles.
        let wanted = in_use;
        let allowed = STARTS + STARTS_PER_SECOND * DOUBLING;
        // Traffic grows linearly, and Lambda rejects what finds no environment: the area above the line that the starts
        // allow.
        let begin = (STARTS / (wanted / DOUBLING - STARTS_PER_SECOND)).clamp(0.0, DOUBLING);
        let above = if wanted > allowed { (wanted - allowed) * (DOUBLING - begin) / 2.0 } else { 0.0 };
        Self {
            in_use,
            peak: in_use + 4.0 * in_use.sqrt(),
            cold_starts: wanted.min(allowed) / DOUBLING,
            rejected: above / (1.5 * in_use * DOUBLING),
            ..Self::default()
        }
    }
}

/// How many times a second an environment writes the counts of a link that it redirects to `rate` times a second, and
/// which of these writes are for visits that were pending since the second before.
///
/// A second has a write if visits are pending from the second before, or else if there is a visit. Visits stay pending
/// if they come after the write of their second.
fn writes(rate: f64) -> (f64, f64) {
    let none = (-rate).exp();
    let one_or_more = 1.0 - none;
    let two_or_more = (1.0 - none * (1.0 + rate)).max(0.0);
    let pending = two_or_more / (none + two_or_more);
    (pending + (1.0 - pending) * one_or_more, pending)
}

/// The number of the table's partitions. An on-demand table has room for twice the traffic that it has seen, and each
/// redirect writes at most once.
pub(crate) fn partitions(load: Load) -> f64 {
    (load.rate * 2.0 / PARTITION_WRITES).max(INITIAL_PARTITIONS)
}
