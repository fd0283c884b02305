//! Counting visits in memory, and flushing the counts to the table.
//!
//! [`VisitRecorder::record`] counts a visit in memory: it cannot fail, and the visitor does not wait. A transport calls
//! [`VisitRecorder::flush`] once the response has been sent (in Lambda before it asks for the next event, since the
//! execution environment is frozen in between). A flush writes the links that are due: a link is written at once unless
//! it has been written within the last second, else by a later flush. So each execution environment writes a link at
//! most once per second, however popular it is, so a popular link rarely causes throttling. Each environment's seconds
//! begin at a moment of their own, so that the writes of all are spread over the second.
//!
//! A visit is a redirect answered to a GET from a [`Visitor`] that is not a bot. HEAD requests, 404s, 410s and
//! redirects that a browser repeats from its own cache are not counted. Bots are counted apart, by day only.
//!
//! After a write that failed because the table does not answer, the recorder writes nothing for 1, 2, 4 ... 64 s (a
//! circuit breaker). Otherwise each visitor's environment would wait for the table after each response, and as many more
//! environments would be needed.
//!
//! A visit is lost if the process is killed without SIGTERM, or cannot write within the half second that Lambda grants
//! after SIGTERM; and if more than [`MAX_PENDING`] links are pending. A write that was carried out but whose response was
//! lost is repeated with the same flush id, by which the table recognises it; it counts twice only if another execution
//! environment has written the same link in between.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::RngExt;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

use crate::domain::clock::Timestamp;
use crate::domain::code_generator::random_id;
use crate::domain::link::Link;
use crate::domain::visit::{Flush, VisitCounts, VisitedLink, Visitor};
use crate::dynamodb::error::StoreError;
use crate::visits::writer::{DueCounts, VisitWriter};

/// The maximum number of links with pending counts. If so many are pending, the table has not accepted a write for
/// long; visits of further links are not counted.
pub const MAX_PENDING: usize = 100_000;

/// The longest back-off after failed writes, in seconds. It starts at 1 and doubles.
pub const MAX_BACKOFF_SECONDS: i64 = 64;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VisitTracking {
    /// Nothing: a redirect never writes.
    Off,
    /// The total and the time of the last visit of each link.
    Total,
    /// That, visits and bots by day, and visits by device, country and referrer.
    Daily,
}

impl VisitTracking {
    /// Whether a redirect to `visitor` changes any count.
    fn counts(self, visitor: &Visitor) -> bool {
        match self {
            Self::Off => false,
            Self::Total => !visitor.is_bot,
            Self::Daily => true,
        }
    }

    /// Counts a redirect to `visitor`.
    pub fn record(self, counts: &mut VisitCounts, visitor: &Visitor, now: Timestamp) {
        if !self.counts(visitor) {
            return;
        }
        if !visitor.is_bot {
            counts.record_total(now);
        }
        if self == Self::Daily {
            counts.record_day(visitor, now);
        }
    }
}

/// Counts visits. Clones share the counts.
#[derive(Clone, Debug)]
pub struct VisitRecorder(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    tracking: VisitTracking,
    writer: Box<dyn VisitWriter>,
    offset: Duration,
    pending: Mutex<HashMap<VisitedLink, Pending>>,
    breaker: Mutex<CircuitBreaker>,
    /// Held during a flush, while the counts that are being written are in neither the table nor `pending`.
    flushing: tokio::sync::Mutex<()>,
    /// Visits that were not counted, since this was last logged.
    uncounted: AtomicU64,
}

/// The state of a link that was visited or written recently.
#[derive(Debug, Default)]
struct Pending {
    counts: VisitCounts,
    /// When the link may be deleted.
    purge_at: Option<Timestamp>,
    /// Counts whose write failed or whose response was lost, so that they may have been written. They are written again
    /// as they are, before any others.
    in_doubt: Option<Flush>,
    /// The link is not written before this instant.
    not_before: Option<Timestamp>,
}

/// Ends writing for a while after writes have failed.
#[derive(Debug, Default)]
struct CircuitBreaker {
    /// How many flushes have failed in a row.
    failures: u32,
    /// Nothing is written before this instant.
    closed_from: Option<Timestamp>,
}

/// What went wrong in a flush.
#[derive(Debug, Default)]
struct FlushFailures {
    links: usize,
    first_error: Option<StoreError>,
    /// Whether the table did not answer, rather than reject one link's counts.
    is_unavailable: bool,
}

impl VisitRecorder {
    /// A recorder that counts what `tracking` says and writes it with `writer`.
    pub fn new(tracking: VisitTracking, writer: impl VisitWriter + 'static) -> Self {
        Self(Arc::new(Inner {
            tracking,
            writer: Box::new(writer),
            offset: Duration::from_millis(UnwrapErr(SysRng).random_range(0..1_000)),
            pending: Mutex::default(),
            breaker: Mutex::default(),
            flushing: tokio::sync::Mutex::default(),
            uncounted: AtomicU64::new(0),
        }))
    }

    /// What is counted.
    pub fn tracking(&self) -> VisitTracking {
        self.0.tracking
    }

    /// By how much this recorder's seconds begin before the clock's: less than a second, and random. The time that is
    /// passed to [`flush`](Self::flush) is to be that much later.
    pub fn offset(&self) -> Duration {
        self.0.offset
    }

    /// Counts a visit of a link by `visitor`.
    pub fn record(&self, link: &Link, visitor: &Visitor, now: Timestamp) {
        if !self.0.tracking.counts(visitor) {
            return;
        }
        let mut pending = self.pending();
        let visited = VisitedLink::of(link);
        if pending.len() >= MAX_PENDING && !pending.contains_key(&visited) {
            self.0.uncounted.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let entry = pending.entry(visited).or_default();
        entry.purge_at = link.purge_at;
        self.0.tracking.record(&mut entry.counts, visitor, now);
    }

    /// Writes the links that are due. Counts that cannot be written are kept and tried again by a later flush.
    pub async fn flush(&self, now: Timestamp) {
        if self.breaker().closed_from.is_none_or(|instant| instant <= now) {
            self.write_if(|pending| pending.not_before.is_none_or(|instant| instant <= now), now).await;
        }
    }

    /// Waits for a flush that is in progress, and writes everything that is pending. This is for the end of the
    /// process: what cannot be written is lost.
    pub async fn flush_all(&self, now: Timestamp) {
        // The first pass writes what is in doubt, the second what has been counted since then.
        for _ in 0..2 {
            self.write_if(|_| true, now).await;
        }
        let visits = self.pending_hits();
        if visits > 0 {
            tracing::error!(visits, "visits are lost: they could not be written before the end of the process");
        }
    }

    /// The number of visits that have not been written yet.
    pub fn pending_hits(&self) -> u64 {
        let hits =
            |pending: &Pending| pending.counts.hits + pending.in_doubt.as_ref().map_or(0, |flush| flush.counts.hits);
        self.pending().values().map(hits).sum()
    }

    fn pending(&self) -> MutexGuard<'_, HashMap<VisitedLink, Pending>> {
        self.0.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn breaker(&self) -> MutexGuard<'_, CircuitBreaker> {
        self.0.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn write_if(&self, is_due: impl Fn(&Pending) -> bool, now: Timestamp) {
        let _flushing = self.0.flushing.lock().await;
        self.log_uncounted();
        let due = self.drain_due(is_due, now);
        if due.is_empty() {
            return;
        }
        let failures = Mutex::new(FlushFailures::default());
        let on_failure = |due, error| {
            self.keep_for_retry(due, &error, now);
            failures.lock().unwrap_or_else(PoisonError::into_inner).add(error);
        };
        self.0.writer.write(due, &on_failure).await;
        let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = &failures.first_error {
            let links = failures.links;
            tracing::warn!(%error, links, "visits could not be written and will be tried again");
        }
        self.breaker().update(failures.is_unavailable, now);
    }

    fn keep_for_retry(&self, due: DueCounts, error: &StoreError, now: Timestamp) {
        let mut pending = self.pending();
        let entry = pending.entry(due.link).or_default();
        // What the table rejects now, it will most likely reject again.
        let wait = if is_unavailable(error) { 0 } else { MAX_BACKOFF_SECONDS };
        entry.not_before = now.plus(wait);
        entry.purge_at = due.flush.purge_at;
        entry.in_doubt = Some(due.flush);
    }

    /// Takes the counts of the links that are due, and forgets links that have no counts and need not wait.
    fn drain_due(&self, is_due: impl Fn(&Pending) -> bool, now: Timestamp) -> Vec<DueCounts> {
        let not_before = now.plus(self.0.writer.min_interval_seconds());
        let mut pending = self.pending();
        let taken: Vec<_> = pending.extract_if(|_, entry| is_due(entry)).collect();
        if taken.is_empty() {
            return Vec::new();
        }
        let id = random_id(&mut UnwrapErr(SysRng));
        let mut due = Vec::with_capacity(taken.len());
        for (link, Pending { counts, purge_at, in_doubt, .. }) in taken {
            let (flush, later) = match in_doubt {
                Some(flush) => (flush, counts),
                None => (Flush { id: id.clone(), counts, purge_at }, VisitCounts::default()),
            };
            if flush.counts.is_empty() {
                continue;
            }
            if self.0.writer.min_interval_seconds() > 0 || !later.is_empty() {
                pending.insert(link.clone(), Pending { counts: later, purge_at, not_before, in_doubt: None });
            }
            due.push(DueCounts { link, flush });
        }
        due
    }

    /// Logs how many visits were not counted, if any.
    fn log_uncounted(&self) {
        let visits = self.0.uncounted.swap(0, Ordering::Relaxed);
        if visits > 0 {
            tracing::warn!(visits, "visits were not counted: too many links have pending counts");
        }
    }
}

impl CircuitBreaker {
    /// Notes the outcome of a flush.
    fn update(&mut self, has_failed: bool, now: Timestamp) {
        if has_failed {
            self.closed_from = now.plus((1 << self.failures.min(10)).min(MAX_BACKOFF_SECONDS));
            self.failures += 1;
        } else {
            *self = Self::default();
        }
    }
}

impl FlushFailures {
    fn add(&mut self, error: StoreError) {
        self.links += 1;
        self.is_unavailable |= is_unavailable(&error);
        self.first_error.get_or_insert(error);
    }
}

/// Whether other counts would most likely fail in the same way.
fn is_unavailable(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(_) | StoreError::Storage(_))
}
