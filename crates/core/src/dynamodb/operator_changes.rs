//! Changes that the operator makes, whoever else changes the link at the same time.

use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

use crate::domain::clock::Timestamp;
use crate::domain::code::Code;
use crate::domain::code_generator::random_id;
use crate::domain::link::LinkChange;
use crate::domain::link_history::Editor;
use crate::dynamodb::contention::back_off;
use crate::dynamodb::error::StoreError;
use crate::dynamodb::link_changes::ManagedLink;
use crate::dynamodb::store::Store;

/// How often a change is tried if others change the link meanwhile.
const MAX_ATTEMPTS: u32 = 10;

/// The result of a change by the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperatorChange {
    /// The link is as it should be: before the change, and after it. They are equal if there was nothing to change.
    Done {
        /// The link before the change.
        before: Box<ManagedLink>,
        /// The link after the change.
        after: Box<ManagedLink>,
    },
    /// The link has changed, so that it should stay as it is.
    DoesNotApply,
    /// There is no such link.
    Missing,
}

impl Store {
    /// Changes a link if the change `applies` to it, `now`, with an entry in its history that names the operator. If the
    /// expiry changes, the item is kept for `purge_after` seconds after the new one.
    ///
    /// # Errors
    ///
    /// [`StoreError`], also if others keep changing the link, or if it is malformed.
    pub async fn change_as_operator(
        &self,
        code: &Code,
        change: &LinkChange,
        applies: impl Fn(&ManagedLink) -> bool,
        now: Timestamp,
        purge_after: Option<i64>,
    ) -> Result<OperatorChange, StoreError> {
        let change_id = random_id(&mut UnwrapErr(SysRng));
        for attempt in 0..MAX_ATTEMPTS {
            let Some(seen) = self.find_managed(code).await? else { return Ok(OperatorChange::Missing) };
            if !applies(&seen) {
                return Ok(OperatorChange::DoesNotApply);
            }
            if let Some(after) = self.change(&seen, change, &Editor::Operator, &change_id, now, purge_after).await? {
                return Ok(OperatorChange::Done { before: Box::new(seen), after: Box::new(after) });
            }
            back_off(attempt).await;
        }
        Err(StoreError::Unavailable(format!("others keep changing the link {code}")))
    }
}
