//! `shortlink import --undo`: removing what an import has made and what nobody has changed since.

use serde::Serialize;
use shortlink_core::dynamodb::error::StoreError;
use shortlink_core::dynamodb::imported_links::{is_as_imported, is_of_import, visited_code};
use shortlink_core::dynamodb::items::{Item, attribute};
use shortlink_core::dynamodb::store::Store;
use shortlink_core::dynamodb::table_scan::Segment;

use super::error::ImportFailure;
use crate::error::CliError;
use crate::export::file::key_of;
use crate::interruption::Interruption;
use crate::output::progress::Progress;
use crate::pace::{BackOff, Pace};

/// How many links were removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Undone {
    /// Links that were removed, with their visits.
    pub(super) removed: u64,
    /// Links of the import that were changed since, and stay.
    pub(super) kept: u64,
}

/// Removes the links that the import with this id has made. This reads the whole table.
///
/// # Errors
///
/// [`CliError`]. What was read before is removed, and the command can be run again.
pub(super) async fn undo(
    store: &Store,
    import_id: &str,
    pace: &Pace,
    interruption: &Interruption,
) -> Result<Undone, CliError> {
    let progress = Progress::new(store.approximate_items().await.filter(|items| *items > 0), "items read");
    let (mut undone, mut after, segment) = (Undone::default(), None, Segment { number: 0, total: 1 });
    loop {
        if interruption.is_requested() {
            return Err(ImportFailure::Stopped(undone.removed + undone.kept).into());
        }
        let mut back_off = BackOff::default();
        let page = loop {
            match store.scan_page(segment, after.as_deref()).await {
                Ok(page) => break page,
                Err(error) => back_off.after(error).await?,
            }
        };
        for item in page.items.iter().filter(|item| is_of_import(item, import_id)) {
            pace.spend(2.0).await;
            match visited_code(key_of(item)) {
                Some(code) => remove_orphan(store, code, item, import_id).await?,
                None if is_as_imported(item) && store.delete_unchanged(item).await? => {
                    undone.removed += 1;
                    remove_visits(store, key_of(item), item, attribute::CREATED_AT).await?;
                }
                None if item.contains_key(attribute::TARGET) => undone.kept += 1,
                None => {}
            }
        }
        progress.add(page.items.len() as u64);
        after = page.next;
        if after.is_none() {
            return Ok(undone);
        }
    }
}

/// Removes the visits of a link that is gone: an earlier run was stopped before it could.
async fn remove_orphan(store: &Store, code: &str, visits: &Item, import_id: &str) -> Result<(), StoreError> {
    match store.whole_item(code).await? {
        Some(link) if is_of_import(&link, import_id) => Ok(()),
        _ => remove_visits(store, code, visits, attribute::LINK_CREATED_AT).await,
    }
}

/// Removes the visits of the link that was created at the instant that an attribute of `item` says.
async fn remove_visits(store: &Store, code: &str, item: &Item, created_at: &str) -> Result<(), StoreError> {
    let Some(created_at) = item.get(created_at).cloned() else { return Ok(()) };
    store.delete_visits(code, created_at).await.map(drop)
}
