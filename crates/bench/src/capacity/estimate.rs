//! The model on paper: the formulae of [`crate::capacity`], one function.

use crate::capacity::Packing;
use crate::capacity::limits::{CALL, HANDLING, HOT, LAUNCHES, LAUNCHES_A_SECOND, PARTITION_READS, PARTITION_WRITES};
use crate::capacity::traffic::Load;

/// What a load needs: asked for on paper, and granted in a simulation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Need {
    /// Environments at once, on average and at most.
    pub(crate) in_use: f64,
    pub(crate) most: f64,
    /// Cold starts a second while traffic doubles in ten seconds.
    pub(crate) cold_starts: f64,
    /// The share of redirects that are refused meanwhile, since no more environments may start.
    pub(crate) refused: f64,
    /// Units a second of the partition of the most popular link.
    pub(crate) hottest_reads: f64,
    pub(crate) hottest_writes: f64,
    /// Write units a second of the whole table.
    pub(crate) table_writes: f64,
    /// The share of redirects that fail, since their link's partition serves no more reads.
    pub(crate) failed: f64,
}

/// Seconds in which traffic doubles.
pub(crate) const DOUBLING: f64 = 10.0;

impl Need {
    /// On paper.
    pub(crate) fn of(load: Load, packing: Packing) -> Self {
        let ranks = load.pattern.ranks();
        let partitions = partitions(load);
        let mut taken = HANDLING;
        let mut found = Self::with(load, packing, taken);
        // How long a redirect takes depends on what its environment remembers, that on how many share the traffic, and
        // that on how long a redirect takes.
        for _ in 0..50 {
            let environments = found.in_use.max(1.0);
            let (mut reads, mut link_writes, mut day_writes) = (0.0, 0.0, 0.0);
            let mut hottest = None;
            let mut failed = 0.0;
            for rank in &ranks {
                let rate = load.rate / environments * rank.share;
                let read = environments / (HOT + 1.0 / rate.exp_m1());
                let (write, gathered) = writes(rate);
                // Gathered visits are of the second before: if another environment has written the link meanwhile,
                // the first try to set `lastHitAt` is refused and has cost a unit all the same.
                let others = (load.rate - load.rate / environments) * rank.share;
                let alone = (-others * environments / load.rate / 2.0).exp();
                let first_is_another = 1.0 - rank.share;
                let again = gathered * (1.0 - alone) * first_is_another;
                let units = (read * 0.5, environments * (write + again));
                hottest.get_or_insert(units);
                failed += rank.links * rank.share * (1.0 - PARTITION_READS / units.0).max(0.0);
                reads += rank.links * read;
                link_writes += rank.links * units.1;
                day_writes += rank.links * environments * write;
            }
            let calls = (reads + link_writes + day_writes) / load.rate;
            taken = (taken + HANDLING + calls * CALL) / 2.0;
            found = Self::with(load, packing, taken);
            let (own_reads, own_writes) = hottest.unwrap_or_default();
            // The partition's other items: a fair part of what is asked of all.
            let other_reads = (reads * 0.5 - own_reads) / partitions;
            let other_writes = (link_writes + day_writes - 2.0 * own_writes).max(0.0) / partitions;
            found.hottest_reads = own_reads + other_reads;
            found.hottest_writes = own_writes + other_writes;
            found.table_writes = link_writes + day_writes;
            found.failed = failed;
        }
        found
    }

    /// Little's law: as many are in use as come while one is held.
    fn with(load: Load, packing: Packing, taken: f64) -> Self {
        let in_use = load.rate * taken.max(packing.spacing());
        let wanted = in_use;
        let allowed = LAUNCHES + LAUNCHES_A_SECOND * DOUBLING;
        // Traffic grows evenly, and what has no environment is refused: the area above the line that may be started.
        let start = (LAUNCHES / (wanted / DOUBLING - LAUNCHES_A_SECOND)).clamp(0.0, DOUBLING);
        let above = if wanted > allowed { (wanted - allowed) * (DOUBLING - start) / 2.0 } else { 0.0 };
        Self {
            in_use,
            most: in_use + 4.0 * in_use.sqrt(),
            cold_starts: wanted.min(allowed) / DOUBLING,
            refused: above / (1.5 * in_use * DOUBLING),
            ..Self::default()
        }
    }
}

/// How often an environment writes a link that it redirects to `rate` times a second, and how often that is for visits
/// that it had gathered in the second before. A second has a write if visits were gathered in the one before, or else
/// if there is a visit; visits are gathered if they come after the write.
fn writes(rate: f64) -> (f64, f64) {
    let none = (-rate).exp();
    let one_or_more = 1.0 - none;
    let two_or_more = (1.0 - none * (1.0 + rate)).max(0.0);
    let gathered = two_or_more / (none + two_or_more);
    (gathered + (1.0 - gathered) * one_or_more, gathered)
}

/// How many partitions the table has: on demand it grows with its traffic, to twice of what it has seen. Each redirect
/// writes twice at most.
pub(crate) fn partitions(load: Load) -> f64 {
    (load.rate * 2.0 * 2.0 / PARTITION_WRITES).max(crate::capacity::limits::PARTITIONS)
}
