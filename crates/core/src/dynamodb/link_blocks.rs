//! Blocking links: what an operator does about abuse.
//!
//! A blocked link keeps its item, so that nobody creates another link with its code, and its owner cannot restore it.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::clock::Timestamp;
use crate::domain::code::Code;
use crate::dynamodb::error::StoreError;
use crate::dynamodb::items::{attribute, expression, number};
use crate::dynamodb::store::Store;

impl Store {
    /// Blocks a link, `now`. Returns false if there is no such link.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn block(&self, code: &Code, now: Timestamp) -> Result<bool, StoreError> {
        self.update_block(code, expression::BLOCK, Some(now)).await
    }

    /// Ends the blocking of a link. Returns false if there is no such link.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn unblock(&self, code: &Code) -> Result<bool, StoreError> {
        self.update_block(code, expression::UNBLOCK, None).await
    }

    async fn update_block(&self, code: &Code, update: &str, now: Option<Timestamp>) -> Result<bool, StoreError> {
        let mut call = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(attribute::CODE, AttributeValue::S(code.to_string()))
            .update_expression(update)
            .condition_expression(expression::KEY_EXISTS);
        if let Some(now) = now {
            call = call.expression_attribute_values(":now", number(now.unix()));
        }
        match call.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(StoreError::from_sdk(&error)),
            },
        }
    }
}
