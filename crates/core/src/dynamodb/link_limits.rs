//! Creating links within a limit.
//!
//! The counter is an item of its own. Its update is conditional, so the limit holds however many requests race for it.
//! The link is counted before it is created, since it could otherwise exist and not be counted. An attempt that turns out
//! to create nothing is taken back. If a response is lost, a link may be counted twice, and never not at all.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::clock::Timestamp;
use crate::domain::code_generator::CodeGenerator;
use crate::domain::expiry::ExpiryPolicy;
use crate::domain::link::NewLink;
use crate::domain::link_limit::LinkLimit;
use crate::dynamodb::deduplication::{CreateOutcome, DeduplicateBy};
use crate::dynamodb::error::{CreateError, StoreError};
use crate::dynamodb::items::{self, attribute, expression, number};
use crate::dynamodb::store::Store;

impl Store {
    /// As [`get_or_create`](Self::get_or_create), within a limit if there is one. A request that is answered with an
    /// existing link counts for nothing, and is answered even if the limit is reached.
    ///
    /// # Errors
    ///
    /// [`CreateError`].
    pub async fn get_or_create_within(
        &self,
        limit: Option<&LinkLimit>,
        new_link: &NewLink,
        deduplicate_by: DeduplicateBy<'_>,
        policy: &ExpiryPolicy,
        codes: &CodeGenerator,
    ) -> Result<CreateOutcome, CreateError> {
        let Some(limit) = limit else {
            return self.get_or_create(new_link, deduplicate_by, policy, codes).await;
        };
        if let Some(existing) = self.find_existing(new_link, deduplicate_by, policy).await? {
            return Ok(existing);
        }
        let now = new_link.created_at;
        if !self.count_link(limit, now).await? {
            return Err(CreateError::LimitReached(limit.clone(), now));
        }
        let outcome = self.get_or_create(new_link, deduplicate_by, policy, codes).await;
        let may_have_created = match &outcome {
            Ok(CreateOutcome::Created(_)) | Err(CreateError::Store(_)) => true,
            Ok(CreateOutcome::Existing(_) | CreateOutcome::Replayed(..)) | Err(_) => false,
        };
        if !may_have_created {
            // If this fails, the sender may create one link fewer.
            self.discount_link(limit, now).await.ok();
        }
        outcome
    }

    /// Counts a link. Returns false if the limit is reached.
    async fn count_link(&self, limit: &LinkLimit, now: Timestamp) -> Result<bool, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(attribute::CODE, AttributeValue::S(items::limit_key(limit, now)))
            .update_expression(expression::COUNT_LINK)
            .condition_expression(expression::IS_BELOW_LIMIT)
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":limit", number(limit.maximum().into()))
            .expression_attribute_values(":purge", number(limit.counter_ends_at(now)));
        let Err(error) = update.send().await else { return Ok(true) };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
            _ => Err(StoreError::from_sdk(&error)),
        }
    }

    async fn discount_link(&self, limit: &LinkLimit, now: Timestamp) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(attribute::CODE, AttributeValue::S(items::limit_key(limit, now)))
            .update_expression(expression::DISCOUNT_LINK)
            .condition_expression(expression::KEY_EXISTS)
            .expression_attribute_values(":minus_one", number(-1));
        update.send().await.map(drop).map_err(|error| StoreError::from_sdk(&error))
    }
}
