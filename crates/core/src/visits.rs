//! How often a link is followed, and by whom.
//!
//! [`Visits::count`] notes a visit in memory: it cannot fail, and the visitor does not wait. [`Visits::flush`] is called
//! once the answer has gone (in Lambda before the next event is asked for, since the environment is frozen in
//! between), and writes what one execution environment has gathered: a link at once if it has not been written for a
//! second, else with a later flush. So a link costs each environment at most one write a second (two with days), however
//! often it is followed, and a hot key does not throttle.
//!
//! What is counted, exactly: a redirect after GET by what [`Visitor`] takes for a person. HEAD, 404, 410, and what a
//! browser repeats from its own cache are not; programs are counted apart, in days only.
//!
//! A visit is lost if the process is killed without SIGTERM, or does not write within what Lambda leaves it after that
//! (0.5 s); if the link is deleted before it is written; and if more than [`MAX_PENDING`] links wait. A write that was
//! carried out but whose answer was lost is repeated, and then counts twice.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::JoinSet;

use crate::clock::Timestamp;
use crate::code::Code;
use crate::day::DayCounts;
use crate::store::{Store, StoreError};
use crate::visitor::Visitor;

/// How many links may wait to be written. Where so many do, the table has not taken a write for long; a visit to yet
/// another link is not counted.
pub const MAX_PENDING: usize = 100_000;

/// How many links are written at once.
const WRITERS: usize = 8;

/// The longest pause after writes of a link that failed, seconds; it starts at 1 and doubles.
const MAX_PAUSE: i64 = 64;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing: following a link never writes.
    Off,
    /// Each link's `hits` and `lastHitAt`.
    Total,
    /// That, and for each day who followed it.
    Daily,
}

/// The visits that this process has seen and not yet written.
#[derive(Clone, Debug)]
pub struct Visits(pub(crate) Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    mode: Mode,
    /// How long a day's counts are kept after its end, seconds.
    pub(crate) days_kept: i64,
    pub(crate) store: Store,
    pending: Mutex<HashMap<Code, Pending>>,
    /// Held while counts are being written: they are in no other place then.
    pub(crate) writing: tokio::sync::Mutex<()>,
    /// Visits that were not counted, and not yet reported.
    uncounted: AtomicU64,
}

/// What is known of a link that was followed or written lately.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    pub(crate) counts: Counts,
    /// It is not written before.
    pub(crate) not_before: Option<Timestamp>,
    failures: u32,
}

/// Counts that belong together: they are written, or kept, as one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Visits of people.
    pub(crate) hits: u64,
    /// When the newest of them was.
    pub(crate) last_hit_at: Option<Timestamp>,
    /// By day, such as `2030-01-31`.
    pub(crate) days: BTreeMap<String, DayCounts>,
}

impl Counts {
    pub(crate) fn is_empty(&self) -> bool {
        self.hits == 0 && self.days.is_empty()
    }

    fn add(&mut self, other: Self) {
        self.hits += other.hits;
        self.last_hit_at = self.last_hit_at.max(other.last_hit_at);
        for (date, counts) in other.days {
            self.days.entry(date).or_default().add(counts);
        }
    }
}

impl Visits {
    /// Counts into the links of `store`; a day's counts are kept for `days_kept` seconds after it.
    pub fn new(mode: Mode, days_kept: i64, store: Store) -> Self {
        Self(Arc::new(Shared {
            mode,
            days_kept,
            store,
            pending: Mutex::default(),
            writing: tokio::sync::Mutex::default(),
            uncounted: AtomicU64::new(0),
        }))
    }

    /// What is counted.
    pub fn mode(&self) -> Mode {
        self.0.mode
    }

    /// Notes that `visitor` followed a link.
    pub fn count(&self, code: &Code, visitor: &Visitor, now: Timestamp) {
        if self.0.mode == Mode::Off || (visitor.bot && self.0.mode == Mode::Total) {
            return;
        }
        let mut pending = self.pending();
        if pending.len() >= MAX_PENDING && !pending.contains_key(code) {
            self.0.uncounted.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let counts = &mut pending.entry(code.clone()).or_default().counts;
        if !visitor.bot {
            counts.hits += 1;
            counts.last_hit_at = counts.last_hit_at.max(Some(now));
        }
        if self.0.mode == Mode::Daily {
            counts.days.entry(now.date()).or_default().count(visitor);
        }
    }

    /// Writes the links whose turn it is. What cannot be written is kept, and tried again later.
    pub async fn flush(&self, now: Timestamp) {
        let _writing = self.0.writing.lock().await;
        self.write(self.take(|pending| pending.not_before.is_none_or(|instant| instant <= now), now), now).await;
    }

    /// Writes all that is left: the process is about to end. What is being written is waited for.
    pub async fn flush_all(&self, now: Timestamp) {
        let _writing = self.0.writing.lock().await;
        self.write(self.take(|_| true, now), now).await;
    }

    /// How many visits of people wait to be written.
    pub fn waiting(&self) -> u64 {
        self.pending().values().map(|pending| pending.counts.hits).sum()
    }

    pub(crate) fn pending(&self) -> MutexGuard<'_, HashMap<Code, Pending>> {
        self.0.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes out the counts of links that are due; forgets links of which there is nothing to write and nothing to wait for.
    fn take(&self, is_due: impl Fn(&Pending) -> bool, now: Timestamp) -> Vec<(Code, Counts)> {
        let mut due = Vec::new();
        self.pending().retain(|code, pending| {
            if !is_due(pending) {
                return true;
            }
            if pending.counts.is_empty() {
                return false;
            }
            due.push((code.clone(), std::mem::take(&mut pending.counts)));
            pending.not_before = now.plus(1);
            true
        });
        due
    }

    /// Logs how many visits were not counted, once for all of them.
    pub(crate) fn report_uncounted(&self) {
        let visits = self.0.uncounted.swap(0, Ordering::Relaxed);
        if visits > 0 {
            tracing::warn!(visits, "were not counted: too many links wait to be written");
        }
    }

    pub(crate) async fn write(&self, due: Vec<(Code, Counts)>, now: Timestamp) {
        self.report_uncounted();
        let mut writers = JoinSet::new();
        for (code, counts) in due {
            if writers.len() >= WRITERS {
                writers.join_next().await;
            }
            let visits = self.clone();
            writers.spawn(async move { visits.write_one(code, counts, now).await });
        }
        while writers.join_next().await.is_some() {}
    }

    async fn write_one(&self, code: Code, mut counts: Counts, now: Timestamp) {
        let written = self.0.store.add_counts(&code, &mut counts, self.0.days_kept).await;
        let mut pending = self.pending();
        let entry = pending.entry(code).or_default();
        match written {
            Ok(()) => entry.failures = 0,
            Err(error) => {
                tracing::warn!(%error, "visits are kept to be written later");
                entry.not_before = now.plus((1 << entry.failures.min(10)).min(MAX_PAUSE));
                entry.failures += 1;
                entry.counts.add(counts);
            }
        }
    }
}

impl Pending {
    pub(crate) fn merge(&mut self, other: Self) {
        self.counts.add(other.counts);
        self.not_before = self.not_before.max(other.not_before);
        self.failures = self.failures.max(other.failures);
    }
}

impl Store {
    /// Adds counts to a link and its days, and takes out of `counts` what has been written.
    ///
    /// A link that is gone keeps nothing: the counts are dropped, and no item is made for them.
    async fn add_counts(&self, code: &Code, counts: &mut Counts, days_kept: i64) -> Result<(), StoreError> {
        if let Some(last_hit_at) = counts.last_hit_at
            && !self.add_hits(code, counts.hits, last_hit_at).await?
        {
            *counts = Counts::default();
            return Ok(());
        }
        (counts.hits, counts.last_hit_at) = (0, None);
        while let Some((date, day)) = counts.days.pop_first() {
            if let Err(error) = self.add_day(code, &date, &day, days_kept).await {
                counts.days.insert(date, day);
                return Err(error);
            }
        }
        Ok(())
    }
}
