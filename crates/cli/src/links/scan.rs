//! Reading all links of the table: several segments at a time, within a limit of read units a second, and with bounded
//! memory.

use std::num::{NonZeroU16, NonZeroU32};
use std::sync::Arc;

use clap::Args;
use shortlink_core::dynamodb::item_kind::ItemKind;
use shortlink_core::dynamodb::link_changes::ManagedLink;
use shortlink_core::dynamodb::table_scan::{ScanPage, Segment};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::error::CliError;
use crate::output::progress::Progress;
use crate::pace::Pace;
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
    let pace = Arc::new(Pace::new(is_remote.then(|| options.read_units.get())));
    let (pages, mut received) = mpsc::channel::<Result<ScanPage, CliError>>(segments.into());
    // When this function returns, the tasks end with the set.
    let mut readers = JoinSet::new();
    for number in 0..segments {
        let (store, pace, pages) = (storage.store(), Arc::clone(&pace), pages.clone());
        let segment = Segment { number: number.into(), total: segments.into() };
        readers.spawn(async move {
            let mut after = None;
            loop {
                let page = store.scan_page(segment, after.as_deref()).await;
                let mut read_units = 0.0;
                if let Ok(page) = &page {
                    read_units = page.read_units;
                    after.clone_from(&page.next);
                }
                let is_last = after.is_none() || page.is_err();
                if pages.send(page.map_err(CliError::Store)).await.is_err() || is_last {
                    return;
                }
                pace.spend(read_units).await;
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
