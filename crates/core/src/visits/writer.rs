//! Writing counts to the table: link by link in the functions, in transactions on an embedded table.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::domain::visit::{Flush, VisitedLink};
use crate::dynamodb::client::ATTEMPT_TIMEOUT;
use crate::dynamodb::error::StoreError;
use crate::dynamodb::store::Store;
use crate::dynamodb::visit_counts::{MAX_TRANSACTION_ITEMS, WriteLimits};

/// The number of links that [`PerLinkWriter`] writes concurrently.
pub const CONCURRENT_WRITES: usize = 8;

/// The least time between two writes of one link by [`PerLinkWriter`], in seconds. It keeps a popular link from
/// exceeding what a partition of the table can take.
pub const MIN_INTERVAL_SECONDS: i64 = 1;

/// How long a Lambda function may write after a response. The environment takes no request meanwhile, so that a table that
/// hangs must not keep it.
pub const MAX_FUNCTION_TIME: Duration = Duration::from_millis(500);

/// How long a Lambda function waits for the response to a write. DynamoDB responds within 10 ms.
const FUNCTION_CALL_TIMEOUT: Duration = Duration::from_millis(250);

/// Counts of one link that are due to be written.
#[derive(Debug)]
pub struct DueCounts {
    /// The link.
    pub link: VisitedLink,
    /// Its counts.
    pub flush: Flush,
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

/// Writes each link with an update of its own, a few links concurrently. After the first failure that is not that link's
/// own, and once its time is over, it starts no further write.
#[derive(Clone, Debug)]
pub struct PerLinkWriter {
    store: Store,
    retention_seconds: i64,
    call_timeout: Duration,
    max_time: Option<Duration>,
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
    /// Writes to `store`. The counts of a month are kept for `retention_seconds` after its end.
    pub fn new(store: Store, retention_seconds: i64) -> Self {
        Self { store, retention_seconds, call_timeout: ATTEMPT_TIMEOUT, max_time: None }
    }

    /// The same for a Lambda function, which writes for at most [`MAX_FUNCTION_TIME`].
    pub fn for_function(store: Store, retention_seconds: i64) -> Self {
        let (call_timeout, max_time) = (FUNCTION_CALL_TIMEOUT, Some(MAX_FUNCTION_TIME));
        Self { call_timeout, max_time, ..Self::new(store, retention_seconds) }
    }

    async fn write_all(&self, due: Vec<DueCounts>, on_failure: OnFailure<'_>) {
        let until = self.max_time.map(|time| Instant::now() + time);
        let limits = WriteLimits { call_timeout: self.call_timeout, until };
        let mut is_stopped = false;
        let mut writes = JoinSet::new();
        for counts in due {
            if writes.len() >= CONCURRENT_WRITES
                && let Some(Ok(Err((counts, error)))) = writes.join_next().await
            {
                is_stopped |= matches!(error, StoreError::Unavailable(_));
                on_failure(counts, error);
            }
            if is_stopped {
                on_failure(counts, StoreError::Unavailable("a write before this one has failed".to_owned()));
                continue;
            }
            let (store, retention_seconds) = (self.store.clone(), self.retention_seconds);
            writes.spawn(async move {
                let DueCounts { link, flush } = &counts;
                let written = store.add_visits(link, flush, retention_seconds, limits).await;
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
    /// Writes to `store`. The counts of a month are kept for `retention_seconds` after its end.
    pub fn new(store: Store, retention_seconds: i64) -> Self {
        Self { per_link: PerLinkWriter::new(store, retention_seconds) }
    }

    async fn write_all(&self, mut due: Vec<DueCounts>, on_failure: OnFailure<'_>) {
        // Neighbouring keys are on the same database pages, so in this order each page is read and written once.
        due.sort_unstable_by(|a, b| a.link.code.as_str().cmp(b.link.code.as_str()));
        let mut due = due.into_iter().peekable();
        while due.peek().is_some() {
            self.write_batch(due.by_ref().take(MAX_TRANSACTION_ITEMS).collect(), on_failure).await;
        }
    }

    /// Writes a batch in one transaction. If one link prevents that, each link is written by itself.
    async fn write_batch(&self, batch: Vec<DueCounts>, on_failure: OnFailure<'_>) {
        let counts = batch.iter().map(|due| (&due.link, &due.flush));
        if self.per_link.store.add_visits_in_transaction(counts).await.is_err() {
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
