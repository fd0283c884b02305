//! The simulation: every single redirect, from its arrival to the moment at which its environment is free again.
//!
//! Arrivals are a Poisson process. Of the idle environments, a redirect goes to the one used last, so that the others
//! can reach their idle timeout. If none is idle, Lambda starts one if it may, and otherwise rejects the request. An
//! environment does what `resolve` does: it looks the link up in its cache, reads it if necessary, records the visit,
//! responds, and writes the counts that are due, by the rules of [`LinkCache`] and [`VisitRecorder`], and like
//! them with clocks of whole seconds. A test compares it with both.
//!
//! [`LinkCache`]: shortlink_core::link_cache::LinkCache
//! [`VisitRecorder`]: shortlink_core::visits::recorder::VisitRecorder

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Exp1};

use crate::Scheduling;
use crate::estimate::{self, DOUBLING, Usage};
use crate::limits::{CALL, HANDLING, IDLE_TIMEOUT, INIT, SANDBOX_START, STARTS, STARTS_PER_SECOND};
use crate::partitions::{Item, Partitions, TokenBucket};
use crate::settings::{
    CONCURRENT_WRITES, INITIAL_BACKOFF, LINK_CACHE_SECONDS, MAX_ATTEMPTS, MAX_BACKOFF_SECONDS, MIN_INTERVAL_SECONDS,
};
use crate::traffic::{LINKS, LinkSampler, Load};

/// The highest rate that is simulated one by one, redirects a second, once it has doubled. Of a higher rate this much
/// is simulated, with the same share of every limit. Environments share nothing but the limits, so all figures stay the
/// same but for fluctuations.
const MAX_RATE: f64 = 20_000.0;

/// The time before anything is counted, seconds: longer than links stay cached.
const WARM_UP: f64 = 15.0;

/// The result of a simulation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    /// Units are those that were granted, not those that were asked for.
    pub(crate) usage: Usage,
    pub(crate) read_units_per_redirect: f64,
    pub(crate) write_units_per_redirect: f64,
    /// The share of writes that were throttled, and are retried.
    pub(crate) throttled_writes: f64,
    /// The visits that are pending at the end, in seconds of traffic.
    pub(crate) backlog_seconds: f64,
    /// The visits that are neither in the table nor pending. There must be none.
    pub(crate) lost_visits: i64,
}

/// The memory of an execution environment.
#[derive(Default)]
struct Environment {
    /// The link cache: when each link was read.
    cache: HashMap<u32, f64>,
    pending: BTreeMap<u32, Pending>,
    /// By how much the seconds of its visit recorder begin earlier.
    offset: f64,
    /// How many flushes have failed in a row.
    failures: i32,
    /// No visits are written before this instant.
    closed_from: f64,
}

/// The pending visits of a link, as the visit recorder keeps them.
struct Pending {
    counts: Counts,
    /// Counts whose write has failed, and which are written again by themselves.
    in_doubt: Option<Counts>,
    not_before: f64,
}

/// Visits that are written together.
#[derive(Clone, Copy)]
struct Counts {
    hits: i64,
    last_hit_at: f64,
}

/// The moment at which an environment is free again. The earliest is the greatest, as [`BinaryHeap`] needs it.
#[derive(PartialEq)]
struct Release {
    at: f64,
    environment: usize,
}

impl Eq for Release {}

impl PartialOrd for Release {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Release {
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.total_cmp(&self.at).then(other.environment.cmp(&self.environment))
    }
}

/// All environments, and the table.
struct Fleet {
    rng: Xoshiro256PlusPlus,
    links: LinkSampler,
    /// The least time between two requests to an environment, seconds.
    min_interval: f64,
    environments: Vec<Environment>,
    busy: BinaryHeap<Release>,
    /// Idle environments, each with the time since which it is idle; the one used last is at the end.
    idle: VecDeque<(f64, usize)>,
    /// The indices of environments that have shut down.
    stopped: Vec<usize>,
    starts: TokenBucket,
    partitions: Partitions,
    /// `lastHitAt` of each link's counts in the table.
    last_hit_at: Vec<f64>,
    written: i64,
    recorded: i64,
    failed: f64,
}

/// Simulates a load that is steady and then doubles.
pub(crate) fn simulate(load: Load, scheduling: Scheduling, seed: u64) -> Outcome {
    let mut outcome = Fleet::new(load, scheduling, seed).run(load, (MAX_RATE / load.rate).max(20.0));
    // A single doubling of a low rate says little about cold starts, so their figures are averaged over several.
    let mut doublings = 1.0;
    for offset in 1..100 {
        if doublings * load.rate >= 100.0 {
            break;
        }
        let again = Fleet::new(load, scheduling, seed.wrapping_add(offset)).run(load, 20.0);
        outcome.usage.cold_starts += again.usage.cold_starts;
        outcome.usage.rejected += again.usage.rejected;
        doublings += 1.0;
    }
    outcome.usage.cold_starts /= doublings;
    outcome.usage.rejected /= doublings;
    outcome
}

/// The share of a load that is simulated.
fn scale(load: Load) -> f64 {
    (MAX_RATE / 2.0 / load.rate).min(1.0)
}

impl Fleet {
    /// A fleet with as many idle environments as are needed at the peak. Their memory is empty.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small, positive counts")]
    fn new(load: Load, scheduling: Scheduling, seed: u64) -> Self {
        let scale = scale(load);
        let simulated = Load { rate: load.rate * scale, ..load };
        let count = Usage::estimate(simulated, scheduling).peak.ceil() as usize;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        Self {
            environments: std::iter::repeat_with(|| Environment::new(&mut rng)).take(count).collect(),
            rng,
            links: load.pattern.sampler(),
            min_interval: scheduling.min_interval(),
            busy: BinaryHeap::new(),
            idle: (0..count).map(|environment| (0.0, environment)).collect(),
            stopped: Vec::new(),
            starts: TokenBucket::new(STARTS * scale, STARTS_PER_SECOND * scale),
            partitions: Partitions::new(estimate::partitions(load).ceil() as usize, scale),
            last_hit_at: vec![f64::NEG_INFINITY; LINKS as usize + 1],
            written: 0,
            recorded: 0,
            failed: 0.0,
        }
    }

    /// Simulates the warm-up, `steady` seconds at the load's rate, and its doubling.
    fn run(mut self, load: Load, steady: f64) -> Outcome {
        let scale = scale(load);
        let (steady_from, doubling_from) = (WARM_UP, WARM_UP + steady);
        let end = doubling_from + DOUBLING;
        let mut outcome = Outcome::default();
        let (mut arrivals, mut doubling_arrivals) = (0.0, 0.0);
        let mut now = 0.0;
        loop {
            let growth = 1.0 + ((now - doubling_from) / DOUBLING).max(0.0);
            let gap: f64 = Exp1.sample(&mut self.rng);
            let before = now;
            now += gap / (load.rate * scale * growth);
            if now >= end {
                break;
            }
            self.release(now);
            if before < steady_from && now >= steady_from {
                (self.partitions.consumed, self.failed) = Default::default();
            }
            if before < doubling_from && now >= doubling_from {
                let consumed = self.partitions.consumed;
                outcome.usage.hottest_reads = consumed.hottest_reads / steady / scale;
                outcome.usage.hottest_writes = consumed.hottest_writes / steady / scale;
                outcome.read_units_per_redirect = consumed.reads / arrivals;
                outcome.write_units_per_redirect = consumed.writes / arrivals;
                outcome.usage.table_writes = outcome.write_units_per_redirect * load.rate;
                outcome.throttled_writes = consumed.throttled_writes / (consumed.writes + consumed.throttled_writes);
                outcome.usage.failed = self.failed / arrivals;
                outcome.backlog_seconds = self.pending_visits() as f64 / (load.rate * scale);
            }
            let link = self.links.sample(&mut self.rng);
            if (steady_from..doubling_from).contains(&now) {
                // Poisson arrivals see time averages.
                arrivals += 1.0;
                outcome.usage.in_use += self.busy.len() as f64;
                outcome.usage.peak = outcome.usage.peak.max(self.busy.len() as f64 + 1.0);
            }
            if now >= doubling_from {
                doubling_arrivals += 1.0;
            }
            let (environment, start) = match self.idle.pop_back() {
                Some((_, environment)) => (environment, now),
                None if self.starts.try_take(1.0, now) => {
                    outcome.usage.cold_starts += if now >= doubling_from { 1.0 } else { 0.0 };
                    (self.start_environment(), now + SANDBOX_START + INIT)
                }
                None => {
                    outcome.usage.rejected += if now >= doubling_from { 1.0 } else { 0.0 };
                    self.failed += 1.0;
                    continue;
                }
            };
            let duration = self.handle(environment, link, start);
            self.busy.push(Release { at: start + duration.max(self.min_interval), environment });
        }
        outcome.usage.in_use /= arrivals * scale;
        outcome.usage.peak /= scale;
        outcome.usage.cold_starts /= DOUBLING * scale;
        outcome.usage.rejected /= doubling_arrivals;
        outcome.lost_visits = self.recorded - self.written - self.pending_visits();
        outcome
    }

    /// Frees the environments that have finished, and shuts down those that have reached the idle timeout.
    fn release(&mut self, now: f64) {
        while self.busy.peek().is_some_and(|release| release.at <= now) {
            self.idle.extend(self.busy.pop().map(|release| (release.at, release.environment)));
        }
        while let Some((since, environment)) = self.idle.front().copied()
            && since + IDLE_TIMEOUT <= now
        {
            self.idle.pop_front();
            // On SIGTERM an environment writes all pending visits.
            let fresh = Environment::new(&mut self.rng);
            let Some(stopped) = self.environments.get_mut(environment).map(|one| std::mem::replace(one, fresh)) else {
                continue;
            };
            for (link, pending) in stopped.pending {
                for counts in pending.in_doubt.into_iter().chain([pending.counts]) {
                    self.write(link, counts, now);
                }
            }
            self.stopped.push(environment);
        }
    }

    fn start_environment(&mut self) -> usize {
        self.stopped.pop().unwrap_or_else(|| {
            self.environments.push(Environment::new(&mut self.rng));
            self.environments.len() - 1
        })
    }

    /// Handles a redirect, and returns the time until the environment asks for its next event.
    fn handle(&mut self, environment: usize, link: u32, start: f64) -> f64 {
        let second = start.floor();
        let mut duration = HANDLING;
        let cached_at =
            self.environments.get(environment).and_then(|environment| environment.cache.get(&link).copied());
        let is_cached = cached_at.is_some_and(|cached_at| second - cached_at < *LINK_CACHE_SECONDS);
        let found = is_cached || self.read(link, start, &mut duration);
        if let (true, Some(environment)) = (found, self.environments.get_mut(environment)) {
            if !is_cached {
                environment.cache.insert(link, second);
            }
            let pending = environment.pending.entry(link).or_insert_with(Pending::new);
            pending.counts.hits += 1;
            pending.counts.last_hit_at = second;
            self.recorded += 1;
        } else {
            self.failed += 1.0;
        }
        duration + self.flush(environment, start + duration)
    }

    /// Reads a link with the retries of the SDK, and adds the time that this takes to `duration`.
    fn read(&mut self, link: u32, start: f64, duration: &mut f64) -> bool {
        for attempt in 0..MAX_ATTEMPTS {
            *duration += CALL;
            if self.partitions.read(Item::Link(link), start + *duration) {
                return true;
            }
            if attempt + 1 < MAX_ATTEMPTS {
                *duration += self.rng.random::<f64>() * INITIAL_BACKOFF * f64::from(1 << attempt);
            }
        }
        false
    }

    /// Writes the counts that are due, and returns the time that this takes.
    fn flush(&mut self, environment: usize, now: f64) -> f64 {
        let Some(one) = self.environments.get_mut(environment) else { return 0.0 };
        let second = (now + one.offset).floor();
        if one.closed_from > second {
            return 0.0;
        }
        let mut due = Vec::new();
        one.pending.retain(|link, pending| {
            if pending.not_before > second {
                return true;
            }
            let taken = std::mem::replace(pending, Pending::new());
            let (counts, later) = match taken.in_doubt {
                Some(counts) => (counts, taken.counts),
                None => (taken.counts, Counts::NONE),
            };
            if counts.hits > 0 {
                due.push((*link, counts, later));
            }
            false
        });
        if due.is_empty() {
            return 0.0;
        }
        let mut duration = 0.0;
        let mut has_failed = false;
        for concurrent in due.chunks_mut(CONCURRENT_WRITES) {
            let mut longest: f64 = 0.0;
            // After a failure, no further write is started.
            let is_stopped = has_failed;
            for (link, counts, later) in concurrent {
                let (is_written, calls) =
                    if is_stopped { (false, 0.0) } else { self.write(*link, *counts, now + duration) };
                longest = longest.max(calls * CALL);
                has_failed |= !is_written;
                let in_doubt = (!is_written).then_some(*counts);
                let not_before = second + if is_written { MIN_INTERVAL_SECONDS } else { 0.0 };
                if let Some(environment) = self.environments.get_mut(environment) {
                    environment.pending.insert(*link, Pending { counts: *later, in_doubt, not_before });
                }
            }
            duration += longest;
        }
        if let Some(environment) = self.environments.get_mut(environment) {
            let backoff = f64::from(1 << environment.failures.min(10)).min(MAX_BACKOFF_SECONDS);
            (environment.failures, environment.closed_from) =
                if has_failed { (environment.failures + 1, second + backoff) } else { (0, f64::NEG_INFINITY) };
        }
        duration
    }

    /// Writes a link's counts. Returns whether they were written, and the number of calls.
    fn write(&mut self, link: u32, counts: Counts, now: f64) -> (bool, f64) {
        if counts.hits == 0 {
            return (true, 0.0);
        }
        if !self.partitions.write(Item::Visits(link), now) {
            return (false, 1.0);
        }
        let mut calls = 1.0;
        if let Some(last_hit_at) = self.last_hit_at.get_mut(link as usize) {
            if *last_hit_at > counts.last_hit_at {
                // The condition on `lastHitAt` fails, which costs as much as a write. A second call leaves that attribute
                // as it is.
                calls += 1.0;
                if !self.partitions.write(Item::Visits(link), now) {
                    return (false, calls);
                }
            } else {
                *last_hit_at = counts.last_hit_at;
            }
        }
        self.written += counts.hits;
        (true, calls)
    }

    fn pending_visits(&self) -> i64 {
        self.environments.iter().flat_map(|one| one.pending.values()).map(Pending::visits).sum()
    }
}

impl Environment {
    fn new(rng: &mut Xoshiro256PlusPlus) -> Self {
        Self { offset: rng.random(), ..Self::default() }
    }
}

impl Pending {
    fn new() -> Self {
        Self { counts: Counts::NONE, in_doubt: None, not_before: f64::NEG_INFINITY }
    }

    fn visits(&self) -> i64 {
        self.counts.hits + self.in_doubt.map_or(0, |counts| counts.hits)
    }
}

impl Counts {
    const NONE: Self = Self { hits: 0, last_hit_at: f64::NEG_INFINITY };
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::SeqCst};

    use shortlink_core::domain::clock::Timestamp;
    use shortlink_core::domain::code::Code;
    use shortlink_core::domain::link::Link;
    use shortlink_core::domain::target::Target;
    use shortlink_core::domain::visit::Visitor;
    use shortlink_core::dynamodb::error::StoreError;
    use shortlink_core::link_cache::{self, LinkCache};
    use shortlink_core::visits::recorder::{VisitRecorder, VisitTracking};
    use shortlink_core::visits::writer::{self, DueCounts, OnFailure, VisitWriter};

    use super::*;
    use crate::settings::default_config;
    use crate::traffic::Pattern;

    /// A writer to a table that is sometimes unavailable.
    #[derive(Clone, Debug, Default)]
    struct FakeWriter {
        is_unavailable: Arc<AtomicBool>,
        written: Arc<AtomicI64>,
    }

    impl VisitWriter for FakeWriter {
        fn min_interval_seconds(&self) -> i64 {
            writer::MIN_INTERVAL_SECONDS
        }

        fn write<'a>(
            &'a self,
            due: Vec<DueCounts>,
            on_failure: OnFailure<'a>,
        ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
            for due in due {
                if self.is_unavailable.load(SeqCst) {
                    on_failure(due, StoreError::Unavailable(String::new()));
                } else {
                    self.written.fetch_add(due.flush.counts.hits.cast_signed(), SeqCst);
                }
            }
            Box::pin(ready(()))
        }
    }

    #[tokio::test]
    async fn environment_caches_and_writes_as_resolve_does() {
        let visitor = Visitor { is_bot: false, referrer: None, country: None, device: "desktop" };
        let links = [1, 2, 3].map(|number| {
            let code = Code::parse(&format!("link-{number}")).expect("a code");
            let target = Target::parse("https://example.com/", &[]).expect("a target");
            (number, Link::new(code, target, Timestamp::from_unix(0).expect("in range"), None))
        });
        let cache = LinkCache::new(default_config().link_cache_seconds, link_cache::CAPACITY);
        let fake = FakeWriter::default();
        let recorder = VisitRecorder::new(VisitTracking::Daily, fake.clone());
        let mut fleet = Fleet::new(Load { rate: 1.0, pattern: Pattern::Mix }, Scheduling::TenPerSecond, 1);
        fleet.environments[0].offset = 0.0;

        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let (mut second, mut failed) = (0_u32, 0_u32);
        for _ in 0..20_000 {
            second += rng.random_range(0..=2);
            if rng.random_ratio(1, 100) {
                let is_unavailable = !fake.is_unavailable.fetch_xor(true, SeqCst);
                fleet.partitions = Partitions::new(4, if is_unavailable { 0.0 } else { 1e6 });
            }
            let (number, link) = &links[rng.random_range(0..links.len())];

            fleet.handle(0, *number, f64::from(second));

            let now = Timestamp::from_unix(second.into()).expect("in range");
            let is_cached = cache.get(&link.code, now).is_some();
            if is_cached || !fake.is_unavailable.load(SeqCst) {
                if !is_cached {
                    cache.insert(link, now);
                }
                recorder.record(link, &visitor, now);
            } else {
                failed += 1;
            }
            recorder.flush(now).await;

            assert_eq!(fleet.failed, f64::from(failed), "second {second}");
            assert_eq!(fleet.written, fake.written.load(SeqCst), "second {second}");
            assert_eq!(fleet.pending_visits(), recorder.pending_hits().cast_signed(), "second {second}");
        }
        assert!(failed > 0 && fleet.written > 0);
    }
}
