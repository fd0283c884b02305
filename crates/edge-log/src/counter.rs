//! Counting a file once.

use std::time::Duration;

use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::code::Code;
use shortlink_core::domain::visit::{Flush, VisitedLink};
use shortlink_core::dynamodb::error::StoreError;
use shortlink_core::dynamodb::log_entries::LogEntry;
use shortlink_core::dynamodb::store::Store;
use shortlink_core::dynamodb::visit_counts::WriteLimits;

use crate::log_file::FileCounts;

/// How often a write is attempted: the functions write the items of popular links, too, and a transaction that meets another
/// write is cancelled.
const MAX_ATTEMPTS: u32 = 6;

/// The wait before the second attempt. It doubles.
const FIRST_WAIT: Duration = Duration::from_millis(50);

/// How long one write may take.
const WRITE_TIMEOUT: Duration = Duration::from_secs(2);

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// The visits in the file, of links that exist; those that an earlier run has counted are included.
    pub visits: u64,
    /// The links that were visited.
    pub links: usize,
    /// Codes in the file to which no link belongs.
    pub unknown: usize,
}

/// Adds the counts of a file to its links, each once however often this is called with the same file, which is called `name`.
///
/// # Errors
///
/// [`StoreError`]. Some links may have been written: call this again.
pub async fn count_once(
    store: &Store,
    name: &str,
    file: &FileCounts,
    retention_seconds: i64,
    now: Timestamp,
) -> Result<Counted, StoreError> {
    let of_log = LogEntry::of_log(name, now);
    let codes: Vec<Code> = file.by_code.keys().cloned().collect();
    let links = store.links_of(&codes).await?;
    let mut counted = Counted { unknown: codes.len() - links.len(), ..Counted::default() };
    for link in &links {
        let Some(counts) = file.by_code.get(&link.code).filter(|counts| !counts.is_empty()) else { continue };
        let flush = Flush { id: of_log.flush_id(), counts: counts.clone(), purge_at: link.purge_at };
        add_once(store, &VisitedLink::of(link), &flush, retention_seconds, &of_log.of_link(&link.code)).await?;
        counted.visits += counts.hits;
        counted.links += 1;
    }
    store.put_log_entry(&of_log).await?;
    Ok(counted)
}

async fn add_once(
    store: &Store,
    link: &VisitedLink,
    flush: &Flush,
    retention_seconds: i64,
    entry: &LogEntry,
) -> Result<(), StoreError> {
    let limits = WriteLimits { call_timeout: WRITE_TIMEOUT, until: None };
    let mut wait = FIRST_WAIT;
    for _ in 1..MAX_ATTEMPTS {
        match store.add_visits_once(link, flush, retention_seconds, limits, entry).await {
            Err(StoreError::Unavailable(_)) => tokio::time::sleep(wait).await,
            outcome => return outcome,
        }
        wait *= 2;
    }
    store.add_visits_once(link, flush, retention_seconds, limits, entry).await
}
