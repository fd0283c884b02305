//! Writing counts to the table: link by link in the functions, in transactions on an embedded table.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use tokio::task::JoinSet;

use crate::domain::code::Code;
use crate::domain::visit::Flush;
use crate::dynamodb::error::StoreError;
use crate::dynamodb::store::Store;
use crate::dynamodb::visit_counts::{MAX_TRANSACTION_ITEMS, item_count};

/// The number of links that [`PerLinkWriter`] writes concurrently.
pub const CONCURRENT_WRITES: usize = 8;

/// The least time between two writes of one link by [`PerLinkWriter`], in seconds. It keeps a popular link from
/// exceeding what a partition of the table can take.
pub const MIN_INTERVAL_SECONDS: i64 = 1;

/// Counts of one link that are due to be written.
#[derive(Debug)]
pub struct DueCounts {
    /// The link's code.
    pub code: Code,
    /// Its counts.
    pub flush: Flush,
    /// How many writes of this link have failed in a row.
    pub failures: u32,
}

/// Called with counts that could not be written, and the reason.
pub type OnFailure<'a> = &'a (dyn Fn(DueCounts, StoreError) + Sync);

/// Writes counts to the table.
pub trait VisitWriter: Debug + Send + Sync {
    /// The least time between two writes of one link, in seconds.
    fn min_interval_seconds(&self) -> i64;

    /// Writes all counts. `on_failure` gets those that could not be written, each as soon as that is known.
    fn write<'a>(
        &'a self,
        due: Vec<DueCounts>,
        on_failure: OnFailure<'a>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
}

/// Writes each link with updates of its own, a few links concurrently.
#[derive(Clone, Debug)]
pub struct PerLinkWriter {
    store: Store,
    retention_seconds: i64,
}

/// Writes many links in each transaction.
///
/// In a table inside this process a call costs more than the updates in it, and one process serves every link: there
/// one transaction with a hundred updates is much cheaper than a hundred calls. In AWS it would be billed twice as much
/// as the hundred calls, which is why the functions do not use it. A link may be written again at once; the caller sets
/// the pace.
#[derive(Clone, Debug)]
pub struct TransactionWriter {
    per_link: PerLinkWriter,
}

impl PerLinkWriter {
    /// Writes to `store`. Daily counts are kept for `retention_seconds` after their day.
    pub fn new(store: Store, retention_seconds: i64) -> Self {
        Self { store, retention_seconds }
    }

    async fn write_all(&self, due: Vec<DueCounts>, on_failure: OnFailure<'_>) {
        let mut writes = JoinSet::new();
        for mut counts in due {
            if writes.len() >= CONCURRENT_WRITES
                && let Some(Ok(Err((counts, error)))) = writes.join_next().await
            {
                on_failure(counts, error);
            }
            let (store, retention_seconds) = (self.store.clone(), self.retention_seconds);
            writes.spawn(async move {
                let written = store.add_visits(&counts.code, &mut counts.flush, retention_seconds).await;
                written.map_err(|error| (counts, error))
            });
        }
        while let Some(written) = writes.join_next().await {
            if let Ok(Err((counts, error))) = written {
                on_failure(counts, error);
            }
        }
    }
}

impl VisitWriter for PerLinkWriter {
    fn min_interval_seconds(&self) -> i64 {
        MIN_INTERVAL_SECONDS
    }

    fn write<'a>(
        &'a self,
        due: Vec<DueCounts>,
        on_failure: OnFailure<'a>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(self.write_all(due, on_failure))
    }
}

impl TransactionWriter {
    /// Writes to `store`. Daily counts are kept for `retention_seconds` after their day.
    pub fn new(store: Store, retention_seconds: i64) -> Self {
        Self { per_link: PerLinkWriter::new(store, retention_seconds) }
    }

    async fn write_all(&self, mut due: Vec<DueCounts>, on_failure: OnFailure<'_>) {
        // Neighbouring keys are on the same database pages, so in this order each page is read and written once.
        due.sort_unstable_by(|a, b| a.code.as_str().cmp(b.code.as_str()));
        let (mut batch, mut items) = (Vec::new(), 0);
        for counts in due {
            let more = item_count(&counts.flush.counts);
            if items + more > MAX_TRANSACTION_ITEMS {
                self.write_batch(std::mem::take(&mut batch), on_failure).await;
                items = 0;
            }
            items += more;
            batch.push(counts);
        }
        self.write_batch(batch, on_failure).await;
    }

    /// Writes a batch in one transaction. If one link prevents that, each link is written by itself.
    async fn write_batch(&self, batch: Vec<DueCounts>, on_failure: OnFailure<'_>) {
        if batch.is_empty() {
            return;
        }
        let PerLinkWriter { store, retention_seconds } = &self.per_link;
        let counts = batch.iter().map(|due| (&due.code, &due.flush));
        if store.add_visits_in_transaction(counts, *retention_seconds).await.is_err() {
            self.per_link.write_all(batch, on_failure).await;
        }
    }
}

impl VisitWriter for TransactionWriter {
    fn min_interval_seconds(&self) -> i64 {
        0
    }

    fn write<'a>(
        &'a self,
        due: Vec<DueCounts>,
        on_failure: OnFailure<'a>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(self.write_all(due, on_failure))
    }
}
