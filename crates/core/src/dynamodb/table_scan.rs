//! Reading all items of the table, page by page, in segments that can be read at the same time.
//!
//! A scan is no snapshot: an item that changes meanwhile is read as it was before or after.

use std::time::Duration;

use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};

use crate::dynamodb::error::StoreError;
use crate::dynamodb::items::{Item, attribute, text};
use crate::dynamodb::store::Store;

/// How many items are read at once. With items of the usual 500 bytes that is half of what DynamoDB returns at most.
const PAGE_ITEMS: i32 = 1_000;

/// The timeout of one attempt. A page may have a megabyte, and the operator's connection may be slow.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);

/// The timeout of one call with all its attempts.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// A part of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its number, from 0.
    pub number: i32,
    /// The number of all segments.
    pub total: i32,
}

/// A page of a scan.
#[derive(Clone, Debug)]
pub struct ScanPage {
    /// The items.
    pub items: Vec<Item>,
    /// The key after which the next page begins; `None`: this is the last page of the segment.
    pub next: Option<String>,
    /// The read units that DynamoDB bills for the page.
    pub read_units: f64,
}

impl Store {
    /// A page of a segment, read consistently, that begins after the key `after`.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn scan_page(&self, segment: Segment, after: Option<&str>) -> Result<ScanPage, StoreError> {
        let mut scan = self
            .client
            .scan()
            .table_name(&self.table)
            .consistent_read(true)
            .limit(PAGE_ITEMS)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        if segment.total > 1 {
            scan = scan.segment(segment.number).total_segments(segment.total);
        }
        if let Some(key) = after {
            scan = scan.exclusive_start_key(attribute::CODE, AttributeValue::S(key.to_owned()));
        }
        let timeouts =
            TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).operation_timeout(CALL_TIMEOUT).build();
        let timeouts = aws_sdk_dynamodb::Config::builder().timeout_config(timeouts);
        let page = scan.customize().config_override(timeouts).send().await;
        let page = page.map_err(|error| StoreError::from_sdk(&error))?;
        let next = page.last_evaluated_key.as_ref().and_then(|key| text(key, attribute::CODE)).map(str::to_owned);
        let read_units = page.consumed_capacity.as_ref().and_then(|capacity| capacity.capacity_units);
        Ok(ScanPage { items: page.items.unwrap_or_default(), next, read_units: read_units.unwrap_or_default() })
    }

    /// How many items the table has, as of the last six hours; `None` if DynamoDB does not say. This is for a progress bar.
    pub async fn approximate_items(&self) -> Option<u64> {
        let described = self.client.describe_table().table_name(&self.table).send().await.ok()?;
        u64::try_from(described.table?.item_count?).ok()
    }
}
