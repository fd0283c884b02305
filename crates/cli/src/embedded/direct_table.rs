//! Reads and puts of single items without the SDK.

use std::sync::Arc;
use std::time::Duration;

use shortlink_core::dynamodb::client;
use shortlink_core::dynamodb::error::StoreError;
use shortlink_core::dynamodb::items::Item;
use shortlink_core::dynamodb::store::{BoxFuture, LocalTable};

use crate::embedded::reader::SqliteReader;
use crate::embedded::write_queue::{OperationError, WriteQueue};
use crate::embedded::{checksum, values};

/// How long a read may wait for the disk: as long as a call to DynamoDB, so that a cached link can redirect before the
/// deadline of the request.
const READ_TIMEOUT: Duration = client::CALL_TIMEOUT;

/// A table in a file.
#[derive(Debug)]
pub(super) struct DirectTable {
    reader: Arc<SqliteReader>,
    writes: Arc<WriteQueue>,
}

impl DirectTable {
    /// The table that `reader` reads and `writes` writes.
    pub(super) fn new(reader: SqliteReader, writes: Arc<WriteQueue>) -> Self {
        Self { reader: Arc::new(reader), writes }
    }
}

impl LocalTable for DirectTable {
    fn get_item<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Item>, StoreError>> {
        let (reader, key) = (Arc::clone(&self.reader), key.to_owned());
        Box::pin(async move {
            // A read takes ten microseconds, but it may wait for the disk, and must not block a worker thread.
            let read = tokio::task::spawn_blocking(move || reader.get_item(&key));
            let Ok(read) = tokio::time::timeout(READ_TIMEOUT, read).await else {
                return Err(StoreError::Unavailable("the disk does not answer".to_owned()));
            };
            let item = read.map_err(|error| StoreError::Storage(error.to_string()))??;
            Ok(item.map(values::from_engine))
        })
    }

    fn put_new_item(&self, item: Item) -> BoxFuture<'_, Result<Option<Item>, StoreError>> {
        let mut item = values::to_engine(item);
        checksum::add(&mut item);
        Box::pin(async move {
            let existing = self.writes.put_new(item).await.map_err(|error| match error {
                OperationError::Engine(error) => StoreError::Rejected(error.to_string()),
                OperationError::Busy => StoreError::Unavailable(error.to_string()),
                error => StoreError::Storage(error.to_string()),
            })?;
            Ok(existing.map(values::from_engine))
        })
    }
}
