//! The simulation: every redirect by itself, from its arrival to the moment its environment is free again.
//!
//! Arrivals are a Poisson process. A redirect goes to the environment that was used last of those that are free, so
//! that others may age and end; if none is free, Lambda starts one, as long as it may, and else the redirect is refused.
//! An environment does what the code does: it looks into its hot links, reads the link if it must, counts the visit,
//! answers, and writes the links that are due, by the same rules and in whole seconds as `hot.rs` and `visits.rs` do.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Exp1};

use crate::capacity::Packing;
use crate::capacity::estimate::{self, DOUBLING, Need};
use crate::capacity::limits::{
    CALL, HANDLING, HOT, IDLE, INIT, LAUNCHES, LAUNCHES_A_SECOND, MAX_PAUSE, READ_ATTEMPTS, READ_PAUSE, SANDBOX,
    WRITERS,
};
use crate::capacity::partition::{Bucket, Item, Partitions};
use crate::capacity::traffic::{Draws, LINKS, Load};

/// The most redirects a second that are simulated one by one. Of more a slice is simulated: that many, with their part
/// of every limit. Environments share nothing but the limits, and so all but the fluctuations are the same.
const MOST: f64 = 20_000.0;

/// Seconds before anything is counted: longer than links stay hot.
const WARM_UP: f64 = 15.0;

/// What happened.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    /// Units are those that were granted, and not all that were asked for.
    pub(crate) need: Need,
    /// Units that a redirect takes.
    pub(crate) reads_each: f64,
    pub(crate) writes_each: f64,
    /// The share of the writes that were turned away, to be tried again.
    pub(crate) throttled: f64,
    /// How many seconds' visits wait to be written in the end.
    pub(crate) seconds_waiting: f64,
    /// Visits that are neither in the table nor waiting: there must be none.
    pub(crate) lost: i64,
}

/// One execution environment: what it remembers.
#[derive(Default)]
struct Environment {
    hot: HashMap<u32, f64>,
    pending: BTreeMap<u32, Pending>,
}

/// As in `visits.rs`: visits not yet in the link's total, and not yet in its day.
struct Pending {
    hits: i64,
    day: i64,
    last: f64,
    not_before: f64,
    failures: i32,
}

/// When an environment is free again; the first is the greatest, for [`BinaryHeap`].
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

struct Fleet {
    rng: Xoshiro256PlusPlus,
    draws: Draws,
    spacing: f64,
    environments: Vec<Environment>,
    busy: BinaryHeap<Release>,
    /// Since when, and which; the one used last is at the end.
    idle: VecDeque<(f64, usize)>,
    /// Places of environments that have ended.
    ended: Vec<usize>,
    launches: Bucket,
    partitions: Partitions,
    /// When each link was last hit, by the table.
    newest: Vec<f64>,
    written: i64,
    counted: i64,
    failed: f64,
}

/// Simulates a load that stays as it is and then doubles.
pub(crate) fn simulate(load: Load, packing: Packing, seed: u64) -> Outcome {
    let mut outcome = Fleet::new(load, packing, seed).run(load, (MOST / load.rate).max(20.0));
    // Where few come, one doubling tells little.
    let mut doublings = 1.0;
    for more in 1..100 {
        if doublings * load.rate >= 100.0 {
            break;
        }
        let again = Fleet::new(load, packing, seed.wrapping_add(more)).run(load, 20.0);
        outcome.need.cold_starts += again.need.cold_starts;
        outcome.need.refused += again.need.refused;
        doublings += 1.0;
    }
    outcome.need.cold_starts /= doublings;
    outcome.need.refused /= doublings;
    outcome
}

/// The part of a load that is simulated.
fn slice(load: Load) -> f64 {
    (MOST / 2.0 / load.rate).min(1.0)
}

impl Fleet {
    /// As many idle environments as are needed at most. They remember nothing.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts, and small ones")]
    fn new(load: Load, packing: Packing, seed: u64) -> Self {
        let slice = slice(load);
        let part = Load { rate: load.rate * slice, ..load };
        let count = Need::of(part, packing).most.ceil() as usize;
        Self {
            rng: Xoshiro256PlusPlus::seed_from_u64(seed),
            draws: load.pattern.draws(),
            spacing: packing.spacing(),
            environments: std::iter::repeat_with(Environment::default).take(count).collect(),
            busy: BinaryHeap::new(),
            idle: (0..count).map(|environment| (0.0, environment)).collect(),
            ended: Vec::new(),
            launches: Bucket::new(LAUNCHES * slice, LAUNCHES_A_SECOND * slice),
            partitions: Partitions::new(estimate::partitions(load).ceil() as usize, slice),
            newest: vec![f64::NEG_INFINITY; LINKS as usize + 1],
            written: 0,
            counted: 0,
            failed: 0.0,
        }
    }

    fn run(mut self, load: Load, steady: f64) -> Outcome {
        let slice = slice(load);
        let (begin, double) = (WARM_UP, WARM_UP + steady);
        let end = double + DOUBLING;
        let mut outcome = Outcome::default();
        let (mut arrived, mut arrived_doubling) = (0.0, 0.0);
        let mut now = 0.0;
        loop {
            let growth = 1.0 + ((now - double) / DOUBLING).max(0.0);
            let gap: f64 = Exp1.sample(&mut self.rng);
            let before = now;
            now += gap / (load.rate * slice * growth);
            if now >= end {
                break;
            }
            self.settle(now);
            if before < begin && now >= begin {
                (self.partitions.used, self.failed) = Default::default();
            }
            if before < double && now >= double {
                let used = self.partitions.used;
                outcome.need.hottest_reads = used.hottest_reads / steady / slice;
                outcome.need.hottest_writes = used.hottest_writes / steady / slice;
                outcome.reads_each = used.reads / arrived;
                outcome.writes_each = used.writes / arrived;
                outcome.need.table_writes = outcome.writes_each * load.rate;
                outcome.throttled = used.throttled_writes / (used.writes + used.throttled_writes);
                outcome.need.failed = self.failed / arrived;
                outcome.seconds_waiting = self.waiting() as f64 / (load.rate * slice);
            }
            let link = self.draws.next(&mut self.rng);
            if (begin..double).contains(&now) {
                // Those who arrive at random see what is there on average.
                arrived += 1.0;
                outcome.need.in_use += self.busy.len() as f64;
                outcome.need.most = outcome.need.most.max(self.busy.len() as f64 + 1.0);
            }
            if now >= double {
                arrived_doubling += 1.0;
            }
            let (environment, start) = match self.idle.pop_back() {
                Some((_, environment)) => (environment, now),
                None if self.launches.take(1.0, now) => {
                    outcome.need.cold_starts += if now >= double { 1.0 } else { 0.0 };
                    (self.launch(), now + SANDBOX + INIT)
                }
                None => {
                    outcome.need.refused += if now >= double { 1.0 } else { 0.0 };
                    self.failed += 1.0;
                    continue;
                }
            };
            let taken = self.serve(environment, link, start);
            self.busy.push(Release { at: start + taken.max(self.spacing), environment });
        }
        outcome.need.in_use /= arrived * slice;
        outcome.need.most /= slice;
        outcome.need.cold_starts /= DOUBLING * slice;
        outcome.need.refused /= arrived_doubling;
        outcome.lost = self.counted - self.written - self.waiting();
        outcome
    }

    /// Frees the environments that are done, and ends those that have been idle for long.
    fn settle(&mut self, now: f64) {
        while self.busy.peek().is_some_and(|release| release.at <= now) {
            self.idle.extend(self.busy.pop().map(|release| (release.at, release.environment)));
        }
        while let Some((since, environment)) = self.idle.front().copied()
            && since + IDLE <= now
        {
            self.idle.pop_front();
            // SIGTERM: all that is left is written.
            let left = self.environments.get_mut(environment).map(std::mem::take).unwrap_or_default();
            for (link, pending) in left.pending {
                self.write(link, pending, now);
            }
            self.ended.push(environment);
        }
    }

    fn launch(&mut self) -> usize {
        self.ended.pop().unwrap_or_else(|| {
            self.environments.push(Environment::default());
            self.environments.len() - 1
        })
    }

    /// Follows a link, and returns how long the environment takes until it asks for the next event.
    fn serve(&mut self, environment: usize, link: u32, start: f64) -> f64 {
        let second = start.floor();
        let mut taken = HANDLING;
        let since = self.environments.get(environment).and_then(|environment| environment.hot.get(&link).copied());
        let is_hot = since.is_some_and(|since| second - since < HOT);
        let found = is_hot || self.read(link, start, &mut taken);
        if let (true, Some(environment)) = (found, self.environments.get_mut(environment)) {
            if !is_hot {
                environment.hot.insert(link, second);
            }
            let pending = environment.pending.entry(link).or_insert_with(Pending::new);
            pending.hits += 1;
            pending.day += 1;
            pending.last = second;
            self.counted += 1;
        } else {
            self.failed += 1.0;
        }
        taken + self.flush(environment, start + taken)
    }

    /// Reads a link, as often as the SDK tries.
    fn read(&mut self, link: u32, start: f64, taken: &mut f64) -> bool {
        for attempt in 0..READ_ATTEMPTS {
            *taken += CALL;
            if self.partitions.read(Item::Link(link), start + *taken) {
                return true;
            }
            if attempt + 1 < READ_ATTEMPTS {
                *taken += self.rng.random::<f64>() * READ_PAUSE * f64::from(1 << attempt);
            }
        }
        false
    }

    /// Writes the links that are due, and returns how long that takes.
    fn flush(&mut self, environment: usize, now: f64) -> f64 {
        let second = now.floor();
        let Some(pending) = self.environments.get_mut(environment).map(|one| &mut one.pending) else { return 0.0 };
        let mut due = Vec::new();
        pending.retain(|link, pending| {
            if pending.not_before > second {
                return true;
            }
            let is_empty = pending.hits == 0 && pending.day == 0;
            if !is_empty {
                due.push((*link, std::mem::replace(pending, Pending::new())));
            }
            false
        });
        let mut taken = 0.0;
        for together in due.chunks_mut(WRITERS) {
            let mut longest: f64 = 0.0;
            for (link, pending) in together {
                let (left, calls) = self.write(*link, std::mem::replace(pending, Pending::new()), now + taken);
                longest = longest.max(calls * CALL);
                if let Some(environment) = self.environments.get_mut(environment) {
                    environment.pending.insert(*link, left);
                }
            }
            taken += longest;
        }
        taken
    }

    /// Writes a link's total and its day, and returns what is left and how many calls it took.
    fn write(&mut self, link: u32, mut pending: Pending, now: f64) -> (Pending, f64) {
        let mut calls = 0.0;
        let mut done = true;
        if pending.hits > 0 {
            calls += 1.0;
            done = self.partitions.write(Item::Link(link), now);
            if let (true, Some(newest)) = (done, self.newest.get_mut(link as usize)) {
                if *newest > pending.last {
                    // Its condition is refused, which costs as much; then the total is added to alone.
                    calls += 1.0;
                    done = self.partitions.write(Item::Link(link), now);
                } else {
                    *newest = pending.last;
                }
            }
            if done {
                pending.hits = 0;
            }
        }
        if done {
            calls += 1.0;
            done = self.partitions.write(Item::Day(link), now);
        }
        if done {
            self.written += pending.day;
            pending.day = 0;
            pending.failures = 0;
        }
        let pause = if done { 1.0 } else { f64::from(1 << pending.failures.min(10)).min(MAX_PAUSE) };
        pending.failures += i32::from(!done);
        pending.not_before = now.floor() + pause;
        (pending, calls)
    }

    /// Visits that wait to be written.
    fn waiting(&self) -> i64 {
        self.environments.iter().flat_map(|one| one.pending.values()).map(|pending| pending.day).sum()
    }
}

impl Pending {
    fn new() -> Self {
        Self { hits: 0, day: 0, last: f64::NEG_INFINITY, not_before: f64::NEG_INFINITY, failures: 0 }
    }
}
