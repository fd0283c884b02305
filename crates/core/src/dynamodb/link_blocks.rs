//! Blocking links: what an operator does about abuse.
//!
//! A blocked link keeps its item, so that nobody creates another link with its code, and its owner cannot restore it.

use crate::domain::clock::Timestamp;
use crate::domain::code::Code;
use crate::dynamodb::error::StoreError;
use crate::dynamodb::items::expression;
use crate::dynamodb::store::Store;

impl Store {
    /// Blocks a link, `now`. Returns false if there is no such link.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn block(&self, code: &Code, now: Timestamp) -> Result<bool, StoreError> {
        self.update_existing(code.to_string(), expression::BLOCK, Some(now)).await
    }

    /// Ends the blocking of a link. Returns false if there is no such link.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn unblock(&self, code: &Code) -> Result<bool, StoreError> {
        self.update_existing(code.to_string(), expression::UNBLOCK, None).await
    }
}
