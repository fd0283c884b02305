//! Reads and puts of single items without the SDK.

use std::sync::Arc;

use dynoxide::DynoxideError;
use shortlink_core::dynamodb::error::StoreError;
use shortlink_core::dynamodb::items::Item;
use shortlink_core::dynamodb::store::{BoxFuture, DirectAccess};

use crate::embedded::read_thread::ReadThread;
use crate::embedded::write_queue::{OperationError, WriteQueue};
use crate::embedded::{checksum, values};

/// A table in a file.
#[derive(Debug)]
pub(super) struct DirectTable {
    reads: ReadThread,
    writes: Arc<WriteQueue>,
}

impl DirectTable {
    /// The table that `reads` reads and `writes` writes.
    pub(super) fn new(reads: ReadThread, writes: Arc<WriteQueue>) -> Self {
        Self { reads, writes }
    }
}

impl DirectAccess for DirectTable {
    fn get_item<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Item>, StoreError>> {
        Box::pin(async move { Ok(self.reads.get_item(key).await?.map(values::from_engine)) })
    }

    fn put_new_item(&self, item: Item) -> BoxFuture<'_, Result<Option<Item>, StoreError>> {
        let mut item = values::to_engine(item);
        checksum::add(&mut item);
        Box::pin(async move {
            let existing = self.writes.put_new(item).await.map_err(|error| match error {
                OperationError::Engine(DynoxideError::ValidationException(reason)) => {
                    StoreError::Rejected(format!("ValidationException: {reason}"))
                }
                OperationError::Engine(error) => StoreError::Rejected(error.to_string()),
                OperationError::Busy => StoreError::Unavailable(error.to_string()),
                error => StoreError::Storage(error.to_string()),
            })?;
            Ok(existing.map(values::from_engine))
        })
    }
}
