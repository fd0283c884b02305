//! Visits of many links, written at once: for a table that is in this process.
//!
//! There a call costs more than what it asks for, and there are more links than a function sees: one machine follows
//! them all. A transaction of a hundred updates is one call. In AWS it would cost twice as much as a hundred calls, which
//! is why the functions never do this.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{TransactWriteItem, Update};

use crate::clock::Timestamp;
use crate::code::Code;
use crate::day;
use crate::store::StoreError;
use crate::visits::{Counts, Visits};

/// How many items a transaction may have: DynamoDB's limit.
const MAX_ITEMS: usize = 100;

impl Visits {
    /// As [`flush`](Self::flush), many links at once; but a link may be written again at once, so the caller makes the
    /// pauses.
    pub async fn flush_in_batches(&self, now: Timestamp) {
        let _writing = self.0.writing.lock().await;
        let taken = std::mem::take(&mut *self.pending());
        let (due, early): (Vec<_>, Vec<_>) =
            taken.into_iter().partition(|(_, pending)| pending.not_before.is_none_or(|instant| instant <= now));
        for (code, pending) in early {
            self.pending().entry(code).or_default().merge(pending);
        }
        self.write_in_batches(due.into_iter().map(|(code, pending)| (code, pending.counts)), now).await;
    }

    /// As [`flush_all`](Self::flush_all), many links at once.
    pub async fn flush_all_in_batches(&self, now: Timestamp) {
        let _writing = self.0.writing.lock().await;
        let taken = std::mem::take(&mut *self.pending());
        self.write_in_batches(taken.into_iter().map(|(code, pending)| (code, pending.counts)), now).await;
    }

    async fn write_in_batches(&self, due: impl Iterator<Item = (Code, Counts)>, now: Timestamp) {
        self.report_uncounted();
        let mut due: Vec<_> = due.filter(|(_, counts)| !counts.is_empty()).collect();
        // Neighbours lie on the same pages: in order, each page is read and written once.
        due.sort_unstable_by(|(a, _), (b, _)| a.as_str().cmp(b.as_str()));
        let (mut batch, mut items) = (Vec::new(), 0);
        for (code, counts) in due {
            let more = usize::from(counts.last_hit_at.is_some()) + counts.days.len();
            if items + more > MAX_ITEMS {
                self.write_batch(std::mem::take(&mut batch), now).await;
                items = 0;
            }
            items += more;
            batch.push((code, counts));
        }
        self.write_batch(batch, now).await;
    }

    /// Writes all of a batch. What keeps one link from being written keeps all, and then each is written alone.
    async fn write_batch(&self, batch: Vec<(Code, Counts)>, now: Timestamp) {
        if !batch.is_empty() && self.add_all(&batch).await.is_err() {
            self.write(batch, now).await;
        }
    }

    async fn add_all(&self, batch: &[(Code, Counts)]) -> Result<(), StoreError> {
        let store = &self.0.store;
        let mut transaction = store.client.transact_write_items();
        for (code, counts) in batch {
            let hits =
                counts.last_hit_at.map(|last_hit_at| day::newest(store.update_hits(code, counts.hits), last_hit_at));
            let days = counts.days.iter().map(|(date, day)| store.update_new_day(code, date, day, self.0.days_kept));
            for update in hits.into_iter().chain(days) {
                transaction = transaction.transact_items(part(&update)?);
            }
        }
        transaction.send().await.map(drop).map_err(|error| StoreError::from_sdk(&error))
    }
}

/// An update as a part of a transaction.
fn part(update: &UpdateItemFluentBuilder) -> Result<TransactWriteItem, StoreError> {
    let update = update.as_input().clone();
    let part = Update::builder()
        .set_table_name(update.get_table_name().clone())
        .set_key(update.get_key().clone())
        .set_update_expression(update.get_update_expression().clone())
        .set_condition_expression(update.get_condition_expression().clone())
        .set_expression_attribute_names(update.get_expression_attribute_names().clone())
        .set_expression_attribute_values(update.get_expression_attribute_values().clone());
    let part = part.build().map_err(|error| StoreError::Refused(error.to_string()))?;
    Ok(TransactWriteItem::builder().update(part).build())
}
