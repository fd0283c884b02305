//! Putting a link together with entries that point to it, all or none.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};

use crate::dynamodb::error::StoreError;
use crate::dynamodb::items::Item;
use crate::dynamodb::store::{ConditionalPut, Store};

/// The result of a transaction.
#[derive(Debug)]
pub(super) enum TransactionOutcome {
    /// Everything was put.
    Done,
    /// The condition of the entry with this number failed. The item is the existing one, empty if there is none.
    EntryExists(usize, Item),
    /// The code belongs to another link, which is this item.
    CodeTaken(Item),
    /// Another transaction was writing one of the items, or DynamoDB throttled the transaction.
    Conflict,
}

impl Store {
    /// Puts a link on the condition that its code is free, and entries on their conditions, all or none.
    pub(super) async fn put_with_entries(
        &self,
        link: Item,
        entries: &[ConditionalPut],
    ) -> Result<TransactionOutcome, StoreError> {
        let link = ConditionalPut::if_new(link);
        let mut transaction = self.client.transact_write_items();
        for ConditionalPut { item, condition, values } in std::iter::once(&link).chain(entries) {
            let mut put = Put::builder()
                .table_name(&self.table)
                .set_item(Some(item.clone()))
                .condition_expression(*condition)
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
            for (name, value) in values {
                put = put.expression_attribute_values(*name, value.clone());
            }
            let put = put.build().map_err(|error| StoreError::Rejected(error.to_string()))?;
            transaction = transaction.transact_items(TransactWriteItem::builder().put(put).build());
        }
        let Err(error) = transaction.send().await else { return Ok(TransactionOutcome::Done) };
        let reasons = cancellation_reasons(&error);
        let failed = |reason: &CancellationReason| {
            (reason.code() == Some("ConditionalCheckFailed")).then(|| reason.item().cloned().unwrap_or_default())
        };
        // An entry decides before the link: a request that is repeated finds both of its items.
        let entry = reasons.iter().skip(1).enumerate().find_map(|(n, reason)| Some((n, failed(reason)?)));
        match (entry, reasons.first().and_then(failed)) {
            (Some((n, item)), _) => Ok(TransactionOutcome::EntryExists(n, item)),
            (None, Some(item)) => Ok(TransactionOutcome::CodeTaken(item)),
            (None, None) if reasons.iter().any(conflicted) => Ok(TransactionOutcome::Conflict),
            (None, None) => Err(StoreError::from_sdk(&error)),
        }
    }
}

/// The reasons that a transaction was cancelled, one for each write; none if it failed otherwise.
pub(super) fn cancellation_reasons<R>(error: &SdkError<TransactWriteItemsError, R>) -> &[CancellationReason] {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => cancelled.cancellation_reasons(),
        _ => &[],
    }
}

/// Whether a write was cancelled because of another one at the same time.
pub(super) fn conflicted(reason: &CancellationReason) -> bool {
    matches!(reason.code(), Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded"))
}
