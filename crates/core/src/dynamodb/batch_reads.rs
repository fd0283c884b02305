//! Reading several items with one call.

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};

use crate::dynamodb::contention::back_off;
use crate::dynamodb::error::StoreError;
use crate::dynamodb::items::{Item, attribute};
use crate::dynamodb::store::Store;

/// The maximum number of keys of a batch: DynamoDB's limit.
pub(super) const MAX_KEYS: usize = 100;

/// How often keys are asked for that DynamoDB leaves out of its response when it is busy, or when the response would be
/// too large.
const MAX_ATTEMPTS: u32 = 5;

impl Store {
    /// The items with at most [`MAX_KEYS`] keys, in any order; those that do not exist are left out. `projection` names the
    /// attributes to read; `None`: all.
    ///
    /// # Errors
    ///
    /// [`StoreError`], also if DynamoDB keeps leaving out keys.
    pub(super) async fn get_items(
        &self,
        keys: impl Iterator<Item = String>,
        is_consistent: bool,
        projection: Option<&str>,
    ) -> Result<Vec<Item>, StoreError> {
        let to_key = |key| Item::from([(attribute::CODE.to_owned(), AttributeValue::S(key))]);
        let (mut missing, mut found): (Vec<_>, _) = (keys.map(to_key).collect(), Vec::new());
        for attempt in 0..MAX_ATTEMPTS {
            if missing.is_empty() {
                return Ok(found);
            }
            if attempt > 0 {
                back_off(attempt).await;
            }
            let keys = KeysAndAttributes::builder()
                .set_keys(Some(missing))
                .consistent_read(is_consistent)
                .set_projection_expression(projection.map(str::to_owned))
                .build()
                .map_err(|error| StoreError::Rejected(error.to_string()))?;
            let response = self.client.batch_get_item().request_items(&self.table, keys).send().await;
            let mut response = response.map_err(|error| StoreError::from_sdk(&error))?;
            found.extend(response.responses.as_mut().and_then(|tables| tables.remove(&self.table)).unwrap_or_default());
            let unprocessed = response.unprocessed_keys.as_mut().and_then(|tables| tables.remove(&self.table));
            missing = unprocessed.map(|keys| keys.keys).unwrap_or_default();
        }
        match missing.is_empty() {
            true => Ok(found),
            false => Err(StoreError::Unavailable("DynamoDB repeatedly left out items of a batch".to_owned())),
        }
    }
}
