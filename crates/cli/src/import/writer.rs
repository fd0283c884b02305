//! Putting items that are new, below a rate. Nothing is ever overwritten.

use std::sync::Arc;

use shortlink_core::dynamodb::error::StoreError;
use shortlink_core::dynamodb::items::{Item, attribute};
use shortlink_core::dynamodb::store::Store;

use crate::export::file::key_of;
use crate::pace::{BackOff, Pace};

/// The bytes that a write unit covers.
const WRITE_UNIT_BYTES: f64 = 1_024.0;

/// Writes items to a table, or looks whether it would write them. Clones share the rate.
#[derive(Clone, Debug)]
pub struct ItemWriter {
    store: Store,
    pace: Arc<Pace>,
    /// Whether items are written.
    applies: bool,
}

impl ItemWriter {
    /// Writes to `store` at most `rate` units a second; in a dry run, if it does not apply, it only reads.
    pub fn new(store: Store, rate: Option<u32>, applies: bool) -> Self {
        Self { store, pace: Arc::new(Pace::new(rate)), applies }
    }

    /// Whether items are written.
    pub fn applies(&self) -> bool {
        self.applies
    }

    /// Puts an item unless there is one with its key. Returns that one.
    ///
    /// # Errors
    ///
    /// [`StoreError`], once DynamoDB has throttled or not answered for minutes.
    pub async fn put(&self, item: &Item, bytes: usize) -> Result<Option<Item>, StoreError> {
        let mut back_off = BackOff::default();
        loop {
            self.pace.spend(units(item, bytes)).await;
            let existing = match self.applies {
                true => self.store.put_if_new(item.clone()).await,
                false => self.store.whole_item(key_of(item)).await,
            };
            match existing {
                Ok(existing) => return Ok(existing),
                Err(error) => back_off.after(error).await?,
            }
        }
    }
}

/// The write units of an item with so many bytes of text. The index of links by owner has a copy.
fn units(item: &Item, bytes: usize) -> f64 {
    let copies = if item.contains_key(attribute::OWNER) { 2.0 } else { 1.0 };
    #[expect(clippy::cast_precision_loss, reason = "an item has at most some megabytes of text")]
    let units = (bytes as f64 / WRITE_UNIT_BYTES).ceil();
    copies * units.max(1.0)
}
