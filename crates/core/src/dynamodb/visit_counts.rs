//! Counts of visits: a total on the link's own item, and one item for each day of a link.
//!
//! An update that was carried out but whose response was lost must not count twice when it is repeated. So each update
//! stores its flush id in the item, on the condition that the item does not contain this id already. The SDK does not
//! repeat updates; [`crate::visits::recorder`] repeats what has failed, at its own pace.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};

use crate::domain::clock::{DAY_SECONDS, Timestamp};
use crate::domain::code::Code;
use crate::domain::link::Link;
use crate::domain::visit::{
    DAYS_SHOWN, DailyCounts, DailyVisits, Flush, MAX_REFERRERS, OTHER, VisitCounts, VisitReport,
};
use crate::dynamodb::batch_reads;
use crate::dynamodb::error::StoreError;
use crate::dynamodb::items::{self, Item, attribute, expression, number};
use crate::dynamodb::store::Store;

/// The maximum number of items in a transaction: DynamoDB's limit.
pub const MAX_TRANSACTION_ITEMS: usize = 100;

/// The maximum number of attempts to write a day whose referrers are being added by others.
const MAX_ATTEMPTS: usize = 3;

/// The number of items that writing these counts updates.
pub fn item_count(counts: &VisitCounts) -> usize {
    usize::from(counts.last_hit_at.is_some()) + counts.days.len()
}

/// The result of a conditional update.
enum UpdateOutcome {
    Updated,
    /// The condition failed on this item, which does not contain the flush id.
    ConditionFailed(Option<Item>),
}

impl Store {
    /// Adds counts to a link and its days, and removes from `flush` what has been written. Daily counts are kept for
    /// `retention_seconds` after their day. What an earlier call with the same flush has written is not added again.
    ///
    /// If the link no longer exists, all counts are dropped and no item is written.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. The counts that were not written are still in `flush`.
    pub async fn add_visits(&self, code: &Code, flush: &mut Flush, retention_seconds: i64) -> Result<(), StoreError> {
        let Flush { id, counts } = flush;
        if let Some(last_hit_at) = counts.last_hit_at
            && !self.add_hits(code, id, counts.hits, last_hit_at).await?
        {
            *counts = VisitCounts::default();
            return Ok(());
        }
        (counts.hits, counts.last_hit_at) = (0, None);
        while let Some((date, day)) = counts.days.pop_first() {
            if let Err(error) = self.add_day(code, id, &date, &day, retention_seconds).await {
                counts.days.insert(date, day);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Adds the counts of several links in one transaction of at most [`MAX_TRANSACTION_ITEMS`] items.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. Then nothing has been written: for instance because one of the links no longer exists, or
    /// because a day has no room for a referrer.
    pub async fn add_visits_in_transaction<'a>(
        &self,
        batch: impl Iterator<Item = (&'a Code, &'a Flush)>,
        retention_seconds: i64,
    ) -> Result<(), StoreError> {
        let mut transaction = self.client.transact_write_items();
        for (code, Flush { id, counts }) in batch {
            let hits =
                counts.last_hit_at.map(|last_hit_at| if_latest(self.update_hits(code, id, counts.hits), last_hit_at));
            let days = counts.days.iter().map(|(date, day)| {
                let new_referrers: Vec<_> = day.referrers.keys().filter(|host| *host != OTHER).cloned().collect();
                self.update_day(code, id, date, day, &new_referrers, retention_seconds)
            });
            for update in hits.into_iter().chain(days) {
                transaction = transaction.transact_items(to_transact_item(&update)?);
            }
        }
        transaction.send().await.map(drop).map_err(|error| StoreError::from_sdk(&error))
    }

    /// The last [`DAYS_SHOWN`] days of a link, today last. Days without visits are included, with zeros.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn daily_visits(&self, code: &Code, now: Timestamp) -> Result<Vec<DailyVisits>, StoreError> {
        let dates = (0..DAYS_SHOWN).rev().filter_map(|ago| Some(now.plus(-ago * DAY_SECONDS)?.date()));
        let mut days = empty_days(code, dates);
        let keys: Vec<_> = days.keys().cloned().collect();
        for item in self.get_items(keys.into_iter(), false, Some(expression::DAILY_VISITS)).await? {
            read_day(&item, &mut days);
        }
        Ok(days.into_values().collect())
    }

    /// The visits of a link on these days, such as `2030-01-31`. Only the days from its creation until `now` are read.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn visit_report(
        &self,
        link: &Link,
        dates: impl Iterator<Item = String>,
        now: Timestamp,
    ) -> Result<VisitReport, StoreError> {
        let mut days = empty_days(&link.code, dates);
        let mut total = DailyCounts::default();
        let (first, last) = (link.created_at.date(), now.date());
        let may_have_visits = |day: &DailyVisits| (&first..=&last).contains(&&day.date);
        let keys = days.iter().filter(|(_, day)| may_have_visits(day));
        let keys: Vec<_> = keys.map(|(key, _)| key.clone()).collect();
        for keys in keys.chunks(batch_reads::MAX_KEYS) {
            for item in self.get_items(keys.iter().cloned(), false, None).await? {
                read_day(&item, &mut days);
                items::add_daily_counts(&item, &mut total);
            }
        }
        Ok(VisitReport { days: days.into_values().collect(), total })
    }

    /// Adds to a link's total. Returns false if the link does not exist.
    async fn add_hits(
        &self,
        code: &Code,
        flush_id: &str,
        hits: u64,
        last_hit_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let update = self.update_hits(code, flush_id, hits);
        match send(if_latest(update.clone(), last_hit_at), flush_id).await? {
            UpdateOutcome::Updated => return Ok(true),
            UpdateOutcome::ConditionFailed(None) => return Ok(false),
            // Another execution environment has written a later visit, whose time stays.
            UpdateOutcome::ConditionFailed(Some(_)) => {}
        }
        let update = update
            .update_expression(expression::ADD_HITS)
            .condition_expression(expression::LINK_EXISTS_AND_FLUSH_IS_NEW);
        let outcome = send(update, flush_id).await?;
        Ok(matches!(outcome, UpdateOutcome::Updated))
    }

    /// Adds to one day of a link.
    async fn add_day(
        &self,
        code: &Code,
        flush_id: &str,
        date: &str,
        day: &DailyCounts,
        retention_seconds: i64,
    ) -> Result<(), StoreError> {
        let mut day = day.clone();
        // The referrers that the item is known to contain. The first attempt assumes that it contains none.
        let mut known = BTreeSet::new();
        for attempt in 1..=MAX_ATTEMPTS {
            let is_new = |host: &&String| *host != OTHER && !known.contains(*host);
            let mut new: Vec<String> = day.referrers.keys().filter(is_new).cloned().collect();
            // The last attempt adds no referrers, so that its condition cannot fail.
            let room = if attempt == MAX_ATTEMPTS { 0 } else { MAX_REFERRERS.saturating_sub(known.len()) };
            for host in new.drain(room.min(new.len())..) {
                day.move_to_other(&host);
            }
            let update = self.update_day(code, flush_id, date, &day, &new, retention_seconds);
            match send(update, flush_id).await? {
                UpdateOutcome::Updated => return Ok(()),
                UpdateOutcome::ConditionFailed(item) => {
                    known = item.as_ref().map(items::daily_referrers).unwrap_or_default();
                }
            }
        }
        Err(StoreError::Unavailable("concurrent writes kept adding referrers to a day".to_owned()))
    }

    /// The update that adds to a link's total. The caller adds the update expression and the condition.
    fn update_hits(&self, code: &Code, flush_id: &str, hits: u64) -> UpdateItemFluentBuilder {
        self.update_item(code.to_string(), flush_id)
            .expression_attribute_values(":hits", AttributeValue::N(hits.to_string()))
    }

    /// The update that adds to a day's counts, and adds `new_referrers` to the hosts that have a count of their own.
    /// Its condition is that the flush is new, and that the item has room for all of them or contains them already.
    fn update_day(
        &self,
        code: &Code,
        flush_id: &str,
        date: &str,
        day: &DailyCounts,
        new_referrers: &[String],
        retention_seconds: i64,
    ) -> UpdateItemFluentBuilder {
        let purge_at = number(items::daily_purge_at(date, retention_seconds));
        let mut update =
            self.update_item(items::daily_key(code, date), flush_id).expression_attribute_values(":purge", purge_at);
        let mut additions = Vec::new();
        for (n, (name, count)) in items::daily_increments(day).enumerate() {
            additions.push(format!("#{n} :{n}"));
            update = update
                .expression_attribute_names(format!("#{n}"), name)
                .expression_attribute_values(format!(":{n}"), AttributeValue::N(count.to_string()));
        }
        let referrers = attribute::REFERRERS;
        let mut condition = expression::FLUSH_IS_NEW.to_owned();
        if !new_referrers.is_empty() {
            additions.push(format!("{referrers} :new"));
            let mut contained = Vec::new();
            for (n, host) in new_referrers.iter().enumerate() {
                contained.push(format!("contains({referrers}, :host{n})"));
                update = update.expression_attribute_values(format!(":host{n}"), AttributeValue::S(host.clone()));
            }
            let room = MAX_REFERRERS - new_referrers.len();
            condition.push_str(&format!(
                " AND (attribute_not_exists({referrers}) OR size({referrers}) <= :room OR ({}))",
                contained.join(" AND ")
            ));
            update = update
                .expression_attribute_values(":new", AttributeValue::Ss(new_referrers.to_vec()))
                .expression_attribute_values(":room", AttributeValue::N(room.to_string()));
        }
        let expression =
            format!("SET {} = :purge, {} ADD {}", attribute::PURGE_AT, expression::SET_FLUSH, additions.join(", "));
        update.update_expression(expression).condition_expression(condition)
    }

    /// An update of the item with this key, which returns the item if a condition fails.
    fn update_item(&self, key: String, flush_id: &str) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key(attribute::CODE, AttributeValue::S(key))
            .expression_attribute_values(":flush", AttributeValue::S(flush_id.to_owned()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}

/// Days without visits, by the keys of their items.
fn empty_days(code: &Code, dates: impl Iterator<Item = String>) -> BTreeMap<String, DailyVisits> {
    dates.map(|date| (items::daily_key(code, &date), DailyVisits { date, hits: 0, bots: 0 })).collect()
}

/// Copies the totals of a day's item into its day.
fn read_day(item: &Item, days: &mut BTreeMap<String, DailyVisits>) {
    if let Some(day) = items::text(item, attribute::CODE).and_then(|key| days.get_mut(key)) {
        items::read_daily_visits(item, day);
    }
}

/// Completes an update of a link's total, on the condition that the link exists and that no later visit has been
/// written: several execution environments write the same link, and the latest visit of all must stay.
fn if_latest(update: UpdateItemFluentBuilder, last_hit_at: Timestamp) -> UpdateItemFluentBuilder {
    update
        .update_expression(expression::ADD_HITS_AND_TIME)
        .condition_expression(expression::IS_LATEST_VISIT)
        .expression_attribute_values(":last", number(last_hit_at.unix()))
}

/// Sends an update once, without the SDK's retries.
async fn send(update: UpdateItemFluentBuilder, flush_id: &str) -> Result<UpdateOutcome, StoreError> {
    let without_retries = aws_sdk_dynamodb::Config::builder().retry_config(RetryConfig::disabled());
    let result = update.customize().config_override(without_retries).send().await;
    let Err(error) = result else { return Ok(UpdateOutcome::Updated) };
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(failure)) => {
            // The flush was carried out before, and the response was lost.
            if failure.item().is_some_and(|item| items::has_flush_id(item, flush_id)) {
                return Ok(UpdateOutcome::Updated);
            }
            Ok(UpdateOutcome::ConditionFailed(failure.item().cloned()))
        }
        _ => Err(StoreError::from_sdk::<UpdateItemError, _>(&error)),
    }
}

/// The same update, as an item of a transaction.
fn to_transact_item(update: &UpdateItemFluentBuilder) -> Result<TransactWriteItem, StoreError> {
    let update = update.as_input().clone();
    let update = Update::builder()
        .set_table_name(update.get_table_name().clone())
        .set_key(update.get_key().clone())
        .set_update_expression(update.get_update_expression().clone())
        .set_condition_expression(update.get_condition_expression().clone())
        .set_expression_attribute_names(update.get_expression_attribute_names().clone())
        .set_expression_attribute_values(update.get_expression_attribute_values().clone());
    let update = update.build().map_err(|error| StoreError::Rejected(error.to_string()))?;
    Ok(TransactWriteItem::builder().update(update).build())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::visit::Visitor;
    use crate::dynamodb::iam_actions::{DAILY_ATTRIBUTES, DAILY_KEYS, TOTAL_ATTRIBUTES};

    /// The attributes that an update names, in its key and in its expressions.
    fn attributes(update: &UpdateItemFluentBuilder) -> BTreeSet<String> {
        let input = update.as_input();
        let expressions = [input.get_update_expression(), input.get_condition_expression()];
        let words = expressions.into_iter().flatten().flat_map(|expression| {
            expression.split(|character: char| !(character.is_ascii_alphanumeric() || "#:_".contains(character)))
        });
        let keywords = ["SET", "ADD", "AND", "OR", "NOT", "contains", "size", ""];
        let is_name = |word: &&str| !(word.starts_with(':') || word.contains("_exists") || keywords.contains(word));
        let placeholders = input.get_expression_attribute_names().clone().unwrap_or_default();
        let resolve = |word: &str| placeholders.get(word).map_or(word, String::as_str).to_owned();
        let key = input.get_key().clone().unwrap_or_default().into_keys();
        words.filter(is_name).map(resolve).chain(key).collect()
    }

    #[test]
    fn updates_name_exactly_the_attributes_that_the_role_allows() {
        let config =
            aws_sdk_dynamodb::Config::builder().behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest());
        let store = Store::new(aws_sdk_dynamodb::Client::from_conf(config.build()), "links");
        let code = Code::parse("abc").expect("a code");
        let mut day = DailyCounts::default();
        for (is_bot, device) in [(false, "phone"), (false, "tablet"), (false, "desktop"), (true, "desktop")] {
            let (country, referrer) = (Some("DE".to_owned()), Some("example.com".to_owned()));
            day.record(&Visitor { is_bot, country, referrer, device });
        }
        let hits = store.update_hits(&code, "flush", 1);
        let totals = [
            if_latest(hits.clone(), Timestamp::from_unix(0).expect("in range")),
            hits.update_expression(expression::ADD_HITS).condition_expression(expression::LINK_EXISTS_AND_FLUSH_IS_NEW),
        ];
        let days = [store.update_day(&code, "flush", "2030-01-01", &day, &["example.com".to_owned()], 0)];
        let matches = |pattern: &str, name: &str| match pattern.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == pattern,
        };
        for (updates, allowed) in [(&totals[..], TOTAL_ATTRIBUTES), (&days, DAILY_ATTRIBUTES)] {
            let named: BTreeSet<_> = updates.iter().flat_map(attributes).collect();
            for name in &named {
                assert!(allowed.iter().any(|pattern| matches(pattern, name)), "{name} is not allowed");
            }
            for pattern in allowed {
                assert!(named.iter().any(|name| matches(pattern, name)), "{pattern} is not needed: {named:?}");
            }
        }
        assert!(matches(DAILY_KEYS, &items::daily_key(&code, "2030-01-01")));
        assert!(!matches(DAILY_KEYS, code.as_str()));
    }
}
