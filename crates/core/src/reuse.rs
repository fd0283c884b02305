//! `reuse`: the same link again for the same wish.
//!
//! A wish is a target and what was asked of its life. The link made for it is remembered in an item of its own, whose
//! key is a digest of the wish, and which is put in one transaction with the link: however many ask at once, one link
//! is made. A wish with an alias needs no such item: its link can only be the one at that alias.

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, Put as PutWrite, TransactWriteItem};
use rand::RngExt;
use sha2::{Digest, Sha256};

use crate::code::Code;
use crate::expiry::{Expiry, ExpiryPolicy};
use crate::link::{Item, Link, attribute, number};
use crate::store::{CodeSource, CreateError, Draft, IS_NEW, Store, StoreError};

/// What the key of such an item begins with; `#` is in no code.
const KEY_PREFIX: &str = "reuse#";

/// How often a wish is tried while others race for the same one. A round is lost only to another that won it, and the
/// winner's link is there for the next round: more than two rounds need a link that expires meanwhile, or conflicts.
const MAX_ROUNDS: u32 = 10;

/// The longest pause after the first round, milliseconds; it doubles with each, up to [`MAX_PAUSE_MS`].
const FIRST_PAUSE_MS: u64 = 10;

/// The longest pause between rounds, milliseconds.
const MAX_PAUSE_MS: u64 = 200;

/// A link, and whether this request made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reused {
    /// It was there.
    Found(Link),
    /// It was made.
    Made(Link),
}

enum Round {
    Won(Link),
    Lost,
}

impl Store {
    /// The live link that `draft` wishes for, made if it is not there.
    ///
    /// # Errors
    ///
    /// [`CreateError`].
    pub async fn create_or_reuse(
        &self,
        draft: &Draft,
        policy: &ExpiryPolicy,
        codes: &CodeSource,
    ) -> Result<Reused, CreateError> {
        if draft.alias.is_some() {
            return match self.create(draft, codes).await {
                Ok(link) => Ok(Reused::Made(link)),
                Err(CreateError::AliasTaken(link)) if is_wish_of(draft, policy, &link) => Ok(Reused::Found(*link)),
                Err(error) => Err(error),
            };
        }
        let key = key(draft);
        for round in 0..MAX_ROUNDS {
            let remembered = self.remembered(&key).await?;
            if let Some(code) = &remembered
                && let Some(link) = self.get(code, true).await?
                // At its code there may be another link by now, made once the remembered one was deleted.
                && is_wish_of(draft, policy, &link)
            {
                return Ok(Reused::Found(link));
            }
            if let Round::Won(link) = self.make_and_remember(draft, codes, &key, remembered.as_ref()).await? {
                return Ok(Reused::Made(link));
            }
            pause(round).await;
        }
        Err(StoreError::Unavailable("others kept racing for the same reuse".to_owned()).into())
    }

    /// The code that was made for this wish.
    async fn remembered(&self, key: &str) -> Result<Option<Code>, StoreError> {
        let item = self.get_item(key, true).await?;
        let code = item.as_ref().and_then(|item| item.get(attribute::REUSE_CODE)?.as_s().ok());
        Ok(code.and_then(|code| Code::parse(code).ok()))
    }

    /// Puts a link and the memory of it, both or neither. Others may have been faster: then the round is lost.
    async fn make_and_remember(
        &self,
        draft: &Draft,
        codes: &CodeSource,
        key: &str,
        stale: Option<&Code>,
    ) -> Result<Round, CreateError> {
        for code in codes.draws() {
            let link = draft.link(code);
            let put_link = PutWrite::builder()
                .table_name(&self.table)
                .set_item(Some(link.to_item(&codes.write_id(), draft.purge_after)))
                .condition_expression(IS_NEW);
            let memory = PutWrite::builder().table_name(&self.table).set_item(Some(memory(key, &link)));
            // Only the memory that was read may be replaced.
            let memory = match stale {
                None => memory.condition_expression(IS_NEW),
                Some(stale) => memory
                    .condition_expression("reuseCode = :stale")
                    .expression_attribute_values(":stale", AttributeValue::S(stale.to_string())),
            };
            let mut transaction = self.client.transact_write_items();
            for put in [put_link, memory] {
                let put = put.build().map_err(|error| StoreError::Refused(error.to_string()))?;
                transaction = transaction.transact_items(TransactWriteItem::builder().put(put).build());
            }
            let Err(error) = transaction.send().await else { return Ok(Round::Won(link)) };
            match cancellation(&error) {
                Some([link, _]) if failed(link) => {} // the code is taken: draw another
                Some([_, memory]) if failed(memory) => return Ok(Round::Lost),
                Some(reasons) if reasons.iter().any(conflicted) => return Ok(Round::Lost),
                _ => return Err(StoreError::from_sdk(&error).into()),
            }
        }
        Err(CreateError::Exhausted)
    }
}

/// The key of a wish's memory: SHA-256 of its target and of what was asked of its life, each ended by a line break,
/// which neither holds.
fn key(draft: &Draft) -> String {
    let life = match draft.expiry {
        Expiry::Default => "default".to_owned(),
        Expiry::In(seconds) => format!("in {seconds}"),
        Expiry::At(instant) => format!("at {}", instant.unix()),
        Expiry::Never => "never".to_owned(),
    };
    format!("{KEY_PREFIX}{:x}", Sha256::digest(format!("{}\n{life}\n", draft.target)))
}

/// The memory's item. It is of no use once the link has expired.
fn memory(key: &str, link: &Link) -> Item {
    let mut item = Item::from([
        (attribute::CODE.to_owned(), AttributeValue::S(key.to_owned())),
        (attribute::REUSE_CODE.to_owned(), AttributeValue::S(link.code.to_string())),
    ]);
    if let Some(expires_at) = link.expires_at {
        item.insert(attribute::PURGE_AT.to_owned(), number(expires_at.unix()));
    }
    item
}

/// Whether a link is alive and what `draft` wishes for.
fn is_wish_of(draft: &Draft, policy: &ExpiryPolicy, link: &Link) -> bool {
    link.target == draft.target
        && !link.is_expired(draft.created_at)
        && policy.gave(draft.expiry, link.created_at, link.expires_at)
}

/// Why a transaction of two was cancelled, for each of the two.
fn cancellation<R>(error: &SdkError<TransactWriteItemsError, R>) -> Option<&[CancellationReason; 2]> {
    match error.as_service_error()? {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            cancelled.cancellation_reasons().try_into().ok()
        }
        _ => None,
    }
}

fn failed(reason: &CancellationReason) -> bool {
    reason.code() == Some("ConditionalCheckFailed")
}

fn conflicted(reason: &CancellationReason) -> bool {
    matches!(reason.code(), Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded"))
}

/// Waits a random while, so that those who lost a round do not meet again in the next.
async fn pause(round: u32) {
    let longest = FIRST_PAUSE_MS.saturating_mul(1 << round).min(MAX_PAUSE_MS);
    let mut rng = rand::rand_core::UnwrapErr(rand::rngs::SysRng);
    tokio::time::sleep(Duration::from_millis(rng.random_range(0..=longest))).await;
}
