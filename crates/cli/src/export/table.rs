//! Reading a whole table into a spool.

use std::sync::{Arc, Mutex, PoisonError};

use shortlink_core::domain::clock::Timestamp;
use shortlink_core::dynamodb::items::{Item, attribute};
use shortlink_core::dynamodb::store::Store;
use tokio::task::JoinSet;

use super::error::ExportError;
use super::file::{key_of, line_of};
use super::spool::{Progress as SegmentProgress, Spool};
use crate::error::CliError;
use crate::interruption::Interruption;
use crate::output::progress::Progress;
use crate::pace::{BackOff, Pace};

/// What the segments share.
#[derive(Clone)]
pub(super) struct TableReader {
    pub(super) store: Store,
    pub(super) spool: Arc<Mutex<Spool>>,
    /// Read units a second.
    pub(super) pace: Arc<Pace>,
    pub(super) progress: Arc<Progress>,
    pub(super) interruption: Interruption,
    /// Items that may have been deleted by then are left out.
    pub(super) now: Timestamp,
}

impl TableReader {
    /// Reads all segments to their end, unless the person at the terminal stops it. Returns the read units that DynamoDB bills.
    pub(super) async fn read(&self) -> Result<f64, CliError> {
        let unread = self.spool.lock().unwrap_or_else(PoisonError::into_inner).unread()?;
        let mut segments = JoinSet::new();
        for progress in unread {
            let reader = self.clone();
            segments.spawn(async move { reader.read_segment(progress).await });
        }
        let mut read_units = 0.0;
        while let Some(segment) = segments.join_next().await {
            read_units += segment.map_err(|error| CliError::Runtime(error.into()))??;
        }
        Ok(read_units)
    }

    async fn read_segment(&self, SegmentProgress { segment, mut after }: SegmentProgress) -> Result<f64, CliError> {
        let mut read_units = 0.0;
        while !self.interruption.is_requested() {
            let mut back_off = BackOff::default();
            let page = loop {
                match self.store.scan_page(segment, after.as_deref()).await {
                    Ok(page) => break page,
                    Err(error) => back_off.after(error).await?,
                }
            };
            read_units += page.read_units;
            let (spool, now, next) = (Arc::clone(&self.spool), self.now, page.next.clone());
            let count = page.items.len() as u64;
            // Writing may wait for the disk.
            let kept = tokio::task::spawn_blocking(move || {
                let lines = page.items.into_iter().filter(|item| !is_over(item, now));
                let lines = lines.map(|item| Ok((key_of(&item).to_owned(), line_of(item)?)));
                let lines = lines.collect::<serde_json::Result<Vec<_>>>();
                let mut spool = spool.lock().unwrap_or_else(PoisonError::into_inner);
                let path = spool.path().to_owned();
                let lines = lines.map_err(|error| ExportError::Spool { path, reason: error.to_string() })?;
                spool.add(segment, &lines, page.next.as_deref())
            });
            kept.await.map_err(|error| CliError::Runtime(error.into()))??;
            self.progress.add(count);
            if next.is_none() {
                return Ok(read_units);
            }
            after = next;
            tokio::select! {
                () = self.pace.spend(page.read_units) => {}
                () = self.interruption.requested() => {}
            }
        }
        Ok(read_units)
    }
}

/// Whether DynamoDB may have deleted an item by its TTL. Otherwise it would depend on DynamoDB's haste what an export has.
fn is_over(item: &Item, now: Timestamp) -> bool {
    let purge_at = item.get(attribute::PURGE_AT).and_then(|purge_at| purge_at.as_n().ok());
    purge_at.and_then(|seconds| seconds.parse::<i64>().ok()).is_some_and(|seconds| seconds <= now.unix())
}
