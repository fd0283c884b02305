//! Blocking links: what an operator does about abuse.
//!
//! A blocked link keeps its item, so that nobody creates another link with its code, and its owner cannot restore it.

use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

use crate::domain::clock::Timestamp;
use crate::domain::code::Code;
use crate::domain::code_generator::random_id;
use crate::domain::link::LinkChange;
use crate::domain::link_history::Editor;
use crate::dynamodb::contention::back_off;
use crate::dynamodb::error::StoreError;
use crate::dynamodb::items::expression;
use crate::dynamodb::link_changes::ManagedLink;
use crate::dynamodb::store::Store;

/// How often a link is blocked if others change it meanwhile.
const MAX_ATTEMPTS: u32 = 10;

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
        let change_id = random_id(&mut UnwrapErr(SysRng));
        for attempt in 0..MAX_ATTEMPTS {
            let seen = match self.find_managed(code).await {
                Err(StoreError::Malformed { .. }) => return Ok(BlockOutcome::Malformed),
                seen => seen?,
            };
            let Some(seen) = seen else { return Ok(BlockOutcome::Missing) };
            if !applies(&seen) {
                return Ok(BlockOutcome::DoesNotApply);
            }
            // The expiry does not change, so the item is kept for as long as before.
            if self.change(&seen, change, &Editor::Operator, &change_id, now, None).await?.is_some() {
                return Ok(BlockOutcome::Done);
            }
            back_off(attempt).await;
        }
        Err(StoreError::Unavailable(format!("others keep changing the link {code}")))
    }
}
