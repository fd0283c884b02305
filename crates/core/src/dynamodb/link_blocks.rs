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
use crate::dynamodb::store::Store;

/// How often a link is blocked if others change it meanwhile.
const MAX_ATTEMPTS: u32 = 10;

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
        let change_id = random_id(&mut UnwrapErr(SysRng));
        for attempt in 0..MAX_ATTEMPTS {
            let seen = match self.find_managed(code).await {
                // What another tool has written can be blocked, too. It has no history.
                Err(StoreError::Malformed { .. }) if is_blocked => {
                    return self.update_existing(code.to_string(), expression::BLOCK, Some(now)).await;
                }
                Err(StoreError::Malformed { .. }) => {
                    return self.update_existing(code.to_string(), expression::UNBLOCK, None).await;
                }
                seen => seen?,
            };
            let Some(seen) = seen else { return Ok(false) };
            // The expiry does not change, so the item is kept for as long as before.
            if self.change(&seen, &change, &Editor::Operator, &change_id, now, None).await?.is_some() {
                // It is no longer, or not only, blocked with its host.
                return self.update_existing(code.to_string(), expression::FORGET_BLOCKED_HOST, None).await;
            }
            back_off(attempt).await;
        }
        Err(StoreError::Unavailable("others keep changing this link".to_owned()))
    }
}
