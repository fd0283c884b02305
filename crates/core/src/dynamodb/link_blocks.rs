//! Blocking links: what an operator does about abuse.
//!
//! A blocked link keeps its item, so that nobody creates another link with its code, and its owner cannot restore it.

use crate::domain::clock::Timestamp;
use crate::domain::code::Code;
use crate::domain::link::LinkChange;
use crate::dynamodb::error::StoreError;
use crate::dynamodb::items::expression;
use crate::dynamodb::link_changes::ManagedLink;
use crate::dynamodb::operator_changes::OperatorChange;
use crate::dynamodb::store::Store;

/// The result of blocking or unblocking a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BlockOutcome {
    /// The link is as it should be.
    Done,
    /// The link has changed, so that it should stay as it is.
    DoesNotApply,
    /// There is no such link.
    Missing,
    /// Another tool has written the link. It can be blocked, too, but has no history.
    Malformed,
}

impl Store {
    /// Blocks a link, `now`. Returns false if there is no such link.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn block(&self, code: &Code, now: Timestamp) -> Result<bool, StoreError> {
        self.set_blocked(code, true, now).await
    }

    /// Ends the blocking of a link, `now`. Returns false if there is no such link.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn unblock(&self, code: &Code, now: Timestamp) -> Result<bool, StoreError> {
        self.set_blocked(code, false, now).await
    }

    async fn set_blocked(&self, code: &Code, is_blocked: bool, now: Timestamp) -> Result<bool, StoreError> {
        let change = LinkChange { is_blocked: Some(is_blocked), ..LinkChange::default() };
        let (update, now) = match self.change_block(code, &change, |_| true, now).await? {
            BlockOutcome::Missing => return Ok(false),
            // It is no longer, or not only, blocked with its host.
            BlockOutcome::Done | BlockOutcome::DoesNotApply => (expression::FORGET_BLOCKED_HOST, None),
            BlockOutcome::Malformed if is_blocked => (expression::BLOCK, Some(now)),
            BlockOutcome::Malformed => (expression::UNBLOCK, None),
        };
        self.update_existing(code.to_string(), update, now).await
    }

    /// Blocks or unblocks a link if that `applies` to it, `now`, with an entry in its history.
    pub(super) async fn change_block(
        &self,
        code: &Code,
        change: &LinkChange,
        applies: impl Fn(&ManagedLink) -> bool,
        now: Timestamp,
    ) -> Result<BlockOutcome, StoreError> {
        // The expiry does not change, so the item is kept for as long as before.
        Ok(match self.change_as_operator(code, change, applies, now, None).await {
            Ok(OperatorChange::Done { .. }) => BlockOutcome::Done,
            Ok(OperatorChange::DoesNotApply) => BlockOutcome::DoesNotApply,
            Ok(OperatorChange::Missing) => BlockOutcome::Missing,
            Err(StoreError::Malformed { .. }) => BlockOutcome::Malformed,
            Err(error) => return Err(error),
        })
    }
}
