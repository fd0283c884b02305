//! Reading all links of the table: several segments at a time, within a limit of read units a second, and with bounded
//! memory.

use std::num::{NonZeroU16, NonZeroU32};
use std::sync::Arc;

use clap::Args;
use shortlink_core::dynamodb::item_kind::ItemKind;
use shortlink_core::dynamodb::link_changes::ManagedLink;
use shortlink_core::dynamodb::table_scan::{ScanPage, Segment};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant};

use crate::error::CliError;
use crate::output::progress::Progress;
use crate::storage::Storage;

/// How fast the table is read. The limits do not apply to a file.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct ScanOptions {
    /// Read the table in this many parts at a time
    #[arg(long, value_name = "NUMBER", default_value = "4", value_parser = clap::value_parser!(u16).range(1..=64))]
    segments: u16,

    /// Read at most this many units a second on average, 4 KB each, so that visitors are not slowed down
    #[arg(long, value_name = "NUMBER", default_value = "1000")]
    read_units: NonZeroU32,
}

/// What a pass over all links has met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// The number of links that this version cannot read.
    pub(super) count: u64,
    /// The key of the first one.
    pub(super) first: String,
}

/// The time before which nothing more is read.
#[derive(Debug)]
struct Pace {
    units_per_second: Option<f64>,
    free_at: Mutex<Instant>,
}

impl Pace {
    async fn wait(&self) {
        let free_at = *self.free_at.lock().await;
        tokio::time::sleep_until(free_at).await;
    }

    async fn charge(&self, units: f64) {
        let Some(rate) = self.units_per_second else { return };
        let mut free_at = self.free_at.lock().await;
        *free_at = (*free_at).max(Instant::now()) + Duration::from_secs_f64(units.max(0.0) / rate);
    }
}

/// Calls `act` with each link of the table, in no particular order, and the progress with each item. Returns what could not
/// be read as a link.
///
/// # Errors
///
/// [`CliError`]; the links that were read before have been acted on.
pub(super) async fn for_each_link(
    storage: &Storage,
    options: &ScanOptions,
    progress: &Progress,
    mut act: impl FnMut(ManagedLink) -> Result<(), CliError>,
) -> Result<Unreadable, CliError> {
    let is_remote = matches!(storage, Storage::Remote { .. });
    let segments = if is_remote { NonZeroU16::new(options.segments).map_or(1, NonZeroU16::get) } else { 1 };
    let units_per_second = is_remote.then(|| f64::from(options.read_units.get()));
    let pace = Arc::new(Pace { units_per_second, free_at: Mutex::new(Instant::now()) });
    let (pages, mut received) = mpsc::channel::<Result<ScanPage, CliError>>(segments.into());
    // When this function returns, the tasks end with the set.
    let mut readers = JoinSet::new();
    for number in 0..segments {
        let (store, pace, pages) = (storage.store(), Arc::clone(&pace), pages.clone());
        let segment = Segment { number: number.into(), total: segments.into() };
        readers.spawn(async move {
            let mut after = None;
            loop {
                pace.wait().await;
                let page = store.scan_page(segment, after.as_deref()).await;
                if let Ok(page) = &page {
                    pace.charge(page.read_units).await;
                    after.clone_from(&page.next);
                }
                let is_last = after.is_none() || page.is_err();
                if pages.send(page.map_err(CliError::Store)).await.is_err() || is_last {
                    return;
                }
            }
        });
    }
    drop(pages);
    let mut unreadable = Unreadable::default();
    while let Some(page) = received.recv().await {
        let page = page?;
        progress.add(page.items.len() as u64);
        for item in page.items {
            if ItemKind::of(&item) != ItemKind::Link {
                continue;
            }
            match ManagedLink::of_item(item) {
                Ok(managed) => act(managed)?,
                Err(key) => {
                    if unreadable.count == 0 {
                        unreadable.first = key;
                    }
                    unreadable.count += 1;
                }
            }
        }
    }
    Ok(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The clock of the test goes on only while something waits for it.
    #[tokio::test(start_paused = true)]
    async fn reading_waits_until_the_units_are_due() {
        let pace = Pace { units_per_second: Some(100.0), free_at: Mutex::new(Instant::now()) };
        let started_at = Instant::now();
        pace.wait().await;
        assert_eq!(started_at.elapsed().as_secs(), 0);
        // Two segments have read at the same time.
        pace.charge(150.0).await;
        pace.charge(250.0).await;
        pace.wait().await;
        assert_eq!(started_at.elapsed().as_secs(), 4);
        let unlimited = Pace { units_per_second: None, free_at: Mutex::new(Instant::now()) };
        unlimited.charge(1e9).await;
        unlimited.wait().await;
        assert_eq!(started_at.elapsed().as_secs(), 4);
    }
}
