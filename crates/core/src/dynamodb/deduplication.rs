//! Deduplication (`reuse`): the existing link is returned for the same request.
//!
//! Two requests are the same if they have the same target and ask for the same expiry. The link created for a request
//! is recorded in a deduplication entry, an item whose key is a digest of the request. The link and the entry are put
//! in one transaction, so one link is created however many clients race for it. A request with an alias needs no entry:
//! its link can only be the one with that alias.

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, Put, TransactWriteItem};
use rand::RngExt;

use crate::domain::code::Code;
use crate::domain::code_generator::CodeGenerator;
use crate::domain::expiry::ExpiryPolicy;
use crate::domain::link::{Link, NewLink};
use crate::dynamodb::error::{CreateError, StoreError};
use crate::dynamodb::items::{self, expression};
use crate::dynamodb::store::Store;

/// The maximum number of attempts under contention. An attempt fails only because a concurrent request has created the
/// same link, so the next attempt normally finds that link: more than two attempts require a link that expires in
/// between, or conflicting transactions.
const MAX_ATTEMPTS: u32 = 10;

/// The longest back-off after the first attempt, in milliseconds. It doubles with each attempt, up to
/// [`MAX_BACKOFF_MS`].
const INITIAL_BACKOFF_MS: u64 = 10;

/// The longest back-off between two attempts, in milliseconds.
const MAX_BACKOFF_MS: u64 = 200;

/// A link, and whether this request has created it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreateOutcome {
    /// The link existed.
    Existing(Link),
    /// The link was created.
    Created(Link),
}

/// The result of one attempt.
enum Attempt {
    Created(Link),
    /// A concurrent request was faster.
    Lost,
}

impl Store {
    /// Returns the live link for the same request, or creates it.
    ///
    /// # Errors
    ///
    /// [`CreateError`].
    pub async fn create_or_reuse(
        &self,
        new_link: &NewLink,
        policy: &ExpiryPolicy,
        codes: &CodeGenerator,
    ) -> Result<CreateOutcome, CreateError> {
        if new_link.alias.is_some() {
            return match self.create(new_link, codes).await {
                Ok(link) => Ok(CreateOutcome::Created(link)),
                Err(CreateError::AliasTaken(link)) if matches_request(&link, new_link, policy) => {
                    Ok(CreateOutcome::Existing(*link))
                }
                Err(error) => Err(error),
            };
        }
        let key = items::deduplication_key(new_link);
        for attempt in 0..MAX_ATTEMPTS {
            let recorded = self.get_item(&key, true).await?.as_ref().and_then(items::deduplicated_code);
            if let Some(code) = &recorded
                && let Some(link) = self.get(code, true).await?
                // The recorded link may have been deleted, and another may have been created with its code.
                && matches_request(&link, new_link, policy)
            {
                return Ok(CreateOutcome::Existing(link));
            }
            if let Attempt::Created(link) = self.create_with_entry(new_link, codes, &key, recorded.as_ref()).await? {
                return Ok(CreateOutcome::Created(link));
            }
            back_off(attempt).await;
        }
        Err(StoreError::Unavailable("too many concurrent requests for the same link".to_owned()).into())
    }

    /// Puts a link and its deduplication entry, both or neither. `stale` is the code in the entry that was read, if
    /// there is one; only that entry is replaced.
    async fn create_with_entry(
        &self,
        new_link: &NewLink,
        codes: &CodeGenerator,
        key: &str,
        stale: Option<&Code>,
    ) -> Result<Attempt, CreateError> {
        for code in codes.candidates() {
            let link = new_link.with_code(code);
            let put_link = Put::builder()
                .table_name(&self.table)
                .set_item(Some(items::from_link(&link, &codes.write_id(), new_link.purge_after)))
                .condition_expression(expression::KEY_NOT_EXISTS);
            let put_entry =
                Put::builder().table_name(&self.table).set_item(Some(items::deduplication_entry(key, &link)));
            let put_entry = match stale {
                None => put_entry.condition_expression(expression::KEY_NOT_EXISTS),
                Some(stale) => put_entry
                    .condition_expression(expression::IS_STALE_ENTRY)
                    .expression_attribute_values(":stale", AttributeValue::S(stale.to_string())),
            };
            let mut transaction = self.client.transact_write_items();
            for put in [put_link, put_entry] {
                let put = put.build().map_err(|error| StoreError::Rejected(error.to_string()))?;
                transaction = transaction.transact_items(TransactWriteItem::builder().put(put).build());
            }
            let Err(error) = transaction.send().await else { return Ok(Attempt::Created(link)) };
            match cancellation_reasons(&error) {
                Some([link, _]) if condition_failed(link) => {} // the code is taken: try the next candidate
                Some([_, entry]) if condition_failed(entry) => return Ok(Attempt::Lost),
                Some(reasons) if reasons.iter().any(conflicted) => return Ok(Attempt::Lost),
                _ => return Err(StoreError::from_sdk(&error).into()),
            }
        }
        Err(CreateError::CodesExhausted)
    }
}

/// Whether an existing link is live and is what the request asks for.
fn matches_request(link: &Link, new_link: &NewLink, policy: &ExpiryPolicy) -> bool {
    link.target == new_link.target
        && !link.is_expired(new_link.created_at)
        && policy.would_yield(new_link.requested_expiry, link.created_at, link.expires_at)
}

/// The reasons that a transaction of two writes was cancelled, one for each write.
fn cancellation_reasons<R>(error: &SdkError<TransactWriteItemsError, R>) -> Option<&[CancellationReason; 2]> {
    match error.as_service_error()? {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            cancelled.cancellation_reasons().try_into().ok()
        }
        _ => None,
    }
}

fn condition_failed(reason: &CancellationReason) -> bool {
    reason.code() == Some("ConditionalCheckFailed")
}

fn conflicted(reason: &CancellationReason) -> bool {
    matches!(reason.code(), Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded"))
}

/// Sleeps for a random time, so that requests that collided do not collide again.
async fn back_off(attempt: u32) {
    let longest = INITIAL_BACKOFF_MS.saturating_mul(1 << attempt).min(MAX_BACKOFF_MS);
    let mut rng = rand::rand_core::UnwrapErr(rand::rngs::SysRng);
    tokio::time::sleep(Duration::from_millis(rng.random_range(0..=longest))).await;
}
