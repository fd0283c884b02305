//! Adding to the counts of visits, and reading them. [`visit_items`] describes the items.
//!
//! An update that was carried out but whose response was lost must not count twice when it is repeated. So each update
//! stores its flush id in the item, on the condition that the item does not contain this id already. The SDK does not
//! repeat updates; [`crate::visits::recorder`] repeats what has failed, at its own pace.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use tokio::time::Instant;

use crate::domain::clock::Timestamp;
use crate::domain::link::Link;
use crate::domain::visit::{
    DailyVisits, DayCounts, Flush, MAX_REFERRERS, OTHER, VisitCounts, VisitReport, VisitedLink, month_of,
};
use crate::dynamodb::batch_reads;
use crate::dynamodb::error::StoreError;
use crate::dynamodb::items::attribute::CODE;
use crate::dynamodb::items::{self, Item, number};
use crate::dynamodb::link_transaction::{cancellation_reasons, conflicted};
use crate::dynamodb::log_entries::LogEntry;
use crate::dynamodb::store::Store;
use crate::dynamodb::visit_items::{self, VisitItem, attribute, expression};

/// The maximum number of items in a transaction: DynamoDB's limit.
pub const MAX_TRANSACTION_ITEMS: usize = 100;

/// The maximum number of attempts to add a flush to an item that others are changing.
const MAX_ATTEMPTS: usize = 5;

/// The time that writes may take.
#[derive(Clone, Copy, Debug)]
pub struct WriteLimits {
    /// The timeout of one call of DynamoDB.
    pub call_timeout: Duration,
    /// No call is started that could end after this instant; `None`: there is no limit.
    pub until: Option<Instant>,
}

/// An item that was in the way of a write: what it says, and the item itself.
type SeenItem = (VisitItem, Item);

/// The result of a conditional write.
enum WriteOutcome {
    Written,
    /// The condition failed on this item; `None`: it has been deleted meanwhile.
    ConditionFailed(Option<Box<SeenItem>>),
}

impl Store {
    /// Adds counts to a link. If the month that the link's item counts has ended, the counts of that month are moved to an
    /// item of their own, which is kept for `retention_seconds` after its end. What an earlier call with the same flush has
    /// written is not added again. Whether the link still exists is not asked.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. The counts may have been written: call this again with the same flush.
    pub async fn add_visits(
        &self,
        link: &VisitedLink,
        flush: &Flush,
        retention_seconds: i64,
        limits: WriteLimits,
    ) -> Result<(), StoreError> {
        self.add_visits_with(link, flush, retention_seconds, limits, None).await
    }

    /// As [`add_visits`](Self::add_visits), in one transaction with the entry `once`, which must not exist yet: if it does,
    /// nothing is added. So a repetition adds nothing, whoever has written the item of counts meanwhile.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. The counts may have been written: call this again with the same entry.
    pub async fn add_visits_once(
        &self,
        link: &VisitedLink,
        flush: &Flush,
        retention_seconds: i64,
        limits: WriteLimits,
        once: &LogEntry,
    ) -> Result<(), StoreError> {
        self.add_visits_with(link, flush, retention_seconds, limits, Some(once)).await
    }

    async fn add_visits_with(
        &self,
        link: &VisitedLink,
        flush: &Flush,
        retention_seconds: i64,
        limits: WriteLimits,
        once: Option<&LogEntry>,
    ) -> Result<(), StoreError> {
        let Some(month) = flush.counts.month() else { return Ok(()) };
        // What the item contains. The first attempt assumes that nothing is in the way.
        let mut seen: Option<Box<SeenItem>> = None;
        for _ in 0..MAX_ATTEMPTS {
            if limits.until.is_some_and(|until| Instant::now() + limits.call_timeout > until) {
                return Err(StoreError::Unavailable("there was no time left for a write".to_owned()));
            }
            let outcome = match &seen {
                Some(seen) if !counts(&seen.0, link, &month) => {
                    self.start_month(link, &month, flush, seen, (retention_seconds, limits), once).await?
                }
                seen => {
                    let update = self.update_of(link, &month, flush, seen.as_ref().map(|seen| &seen.0));
                    self.update(update, limits, once).await?
                }
            };
            let WriteOutcome::ConditionFailed(item) = outcome else { return Ok(()) };
            seen = item;
            if let Some(item) = seen.as_ref().map(|seen| &seen.0) {
                // The flush was written before, and the response was lost.
                let is_written = item.flush_id == flush.id;
                // The visits were those of an earlier link with the same code.
                let is_late = item.link_created_at > Some(link.created_at);
                if is_written || is_late {
                    return Ok(());
                }
            }
        }
        Err(StoreError::Unavailable("others kept changing the item of counts".to_owned()))
    }

    /// Adds the counts of at most [`MAX_TRANSACTION_ITEMS`] links in one transaction.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. Then nothing has been written: for instance because the month of one item has ended, or because one
    /// has no room for a referrer.
    pub async fn add_visits_in_transaction<'a>(
        &self,
        batch: impl Iterator<Item = (&'a VisitedLink, &'a Flush)>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.client.transact_write_items();
        for (link, flush) in batch {
            let Some(month) = flush.counts.month() else { continue };
            let update = self.update_of(link, &month, flush, None);
            transaction = transaction.transact_items(to_transact_item(&update)?);
        }
        transaction.send().await.map(drop).map_err(|error| StoreError::from_sdk(&error))
    }

    /// The visits of a link: its total, and those on `dates`, days such as `2030-01-31` in ascending order, of which only
    /// those from its creation until `now` are read.
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
        let mut report = VisitReport::default();
        let mut days: BTreeMap<_, _> = dates.map(|date| (date, DayCounts::default())).collect();
        let months = days
            .keys()
            .next()
            .zip(days.keys().next_back())
            .and_then(|(first, last)| Some((month_of(first)?.to_owned(), month_of(last)?.to_owned())));
        let mut totals = BTreeMap::<_, u64>::new();
        for (region, item) in self.read_months(link, months.as_ref(), now).await? {
            // The total of a month that has ended is what it was then.
            let total = totals.entry(region).or_default();
            *total = item.counts.hits.max(*total);
            report.last_hit_at = report.last_hit_at.max(item.counts.last_hit_at);
            for (date, counts) in &item.counts.days {
                if let Some(DayCounts { hits, bots }) = days.get_mut(date) {
                    (*hits, *bots) = (*hits + counts.hits, *bots + counts.bots);
                }
            }
            if months.as_ref().is_some_and(|(first, last)| (first..=last).contains(&&item.month)) {
                report.breakdown.add(item.counts.breakdown);
            }
        }
        report.total_hits = totals.values().sum();
        let to_day = |(date, DayCounts { hits, bots })| DailyVisits { date, hits, bots };
        report.days = days.into_iter().map(to_day).collect();
        Ok(report)
    }

    /// The items of the months from the first to the last, as far as the link existed then, and the one that counts visits
    /// now, each with the region that has counted.
    async fn read_months(
        &self,
        link: &Link,
        months: Option<&(String, String)>,
        now: Timestamp,
    ) -> Result<Vec<(Option<String>, VisitItem)>, StoreError> {
        let mut keys = BTreeMap::new();
        let regions: Vec<_> = self.visit_regions.all().collect();
        for region in &regions {
            keys.insert(visit_items::current_key(&link.code, *region), *region);
        }
        if let Some((first, last)) = months {
            // The link had no visits before it was created, and none after today. A late write adds a day to the item of the
            // month after it.
            let (created, today) = (link.created_at.date(), now.date());
            let after_last = visit_items::next_month(last).unwrap_or_default();
            let last = month_of(&today).map_or(after_last.as_str(), |today| today.min(&after_last));
            let mut month = month_of(&created).map_or(first.as_str(), |created| created.max(first)).to_owned();
            while month.as_str() <= last {
                for region in &regions {
                    keys.insert(visit_items::month_key(&link.code, *region, &month), *region);
                }
                let Some(next) = visit_items::next_month(&month) else { break };
                month = next;
            }
        }
        let mut items = Vec::new();
        for names in keys.keys().collect::<Vec<_>>().chunks(batch_reads::MAX_KEYS) {
            items.extend(self.get_items(names.iter().map(|name| (*name).clone()), false, None).await?);
        }
        let items = items.iter().filter_map(|item| {
            let region = keys.get(items::text(item, CODE)?)?.map(str::to_owned);
            Some((region, visit_items::read(item)))
        });
        Ok(items.filter(|(_, item)| item.link_created_at == Some(link.created_at)).collect())
    }

    /// Keeps the counts of a link for as long as the link itself, whose end has changed.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub(super) async fn keep_visits_until(&self, link: &Link, purge_at: Option<Timestamp>) -> Result<(), StoreError> {
        let update =
            if purge_at.is_some() { items::expression::SET_PURGE_AT } else { items::expression::REMOVE_PURGE_AT };
        for region in self.visit_regions.all() {
            self.update_existing(visit_items::current_key(&link.code, region), update, purge_at).await?;
        }
        Ok(())
    }

    /// Carries out an update that adds a flush, together with the entry `once`, if there is one.
    async fn update(
        &self,
        update: UpdateItemFluentBuilder,
        limits: WriteLimits,
        once: Option<&LogEntry>,
    ) -> Result<WriteOutcome, StoreError> {
        if let Some(once) = once {
            let transaction = self.client.transact_write_items().transact_items(to_transact_item(&update)?);
            let transaction = transaction.transact_items(to_put(once.put(&self.table))?);
            let result = transaction.customize().config_override(config_override(limits)).send().await;
            return transaction_outcome(result);
        }
        let result = update.customize().config_override(config_override(limits)).send().await;
        let Err(error) = result else { return Ok(WriteOutcome::Written) };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failure)) => Ok(condition_failed(failure.item())),
            _ => Err(StoreError::from_sdk(&error)),
        }
    }

    /// The update that adds a flush to the item that counts `month`. It creates the item if there is none.
    fn update_of(
        &self,
        link: &VisitedLink,
        month: &str,
        flush: &Flush,
        seen: Option<&VisitItem>,
    ) -> UpdateItemFluentBuilder {
        let mut counts = flush.counts.clone();
        let new_referrers = make_room_for_referrers(&mut counts, seen);
        // The item may count a later month than the clock of this process shows.
        let month = seen.map_or(month, |item| item.month.as_str().max(month));
        let mut expression = expression::SET_MONTH.to_owned();
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(CODE, AttributeValue::S(visit_items::current_key(&link.code, self.visit_regions.own())))
            .expression_attribute_values(":month", AttributeValue::S(month.to_owned()))
            .expression_attribute_values(":created", number(link.created_at.unix()))
            .expression_attribute_values(":flush", AttributeValue::S(flush.id.clone()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let mut condition = expression::FLUSH_IS_NEW_IN_MONTH.to_owned();
        // Several execution environments write the same link, and the latest visit of all must stay.
        let seen_last = seen.and_then(|item| item.counts.last_hit_at);
        if let Some(last_hit_at) = counts.last_hit_at.filter(|last| seen_last <= Some(*last)) {
            expression.push_str(expression::SET_LAST_VISIT);
            condition = format!("{condition} AND {}", expression::IS_LATEST_VISIT);
            update = update.expression_attribute_values(":last", number(last_hit_at.unix()));
        }
        match flush.purge_at {
            Some(purge_at) => {
                expression.push_str(expression::SET_END);
                update = update.expression_attribute_values(":purge", number(purge_at.unix()));
            }
            None => expression.push_str(expression::REMOVE_END),
        }
        let total = (counts.hits > 0).then(|| (attribute::HITS.to_owned(), counts.hits));
        let mut add = Vec::new();
        for (n, (name, count)) in total.into_iter().chain(visit_items::increments(&counts)).enumerate() {
            add.push(format!("#{n} :{n}"));
            update = update
                .expression_attribute_names(format!("#{n}"), name)
                .expression_attribute_values(format!(":{n}"), AttributeValue::N(count.to_string()));
        }
        if !new_referrers.is_empty() {
            add.push(expression::ADD_REFERRERS.to_owned());
            let mut contained = Vec::new();
            for (n, host) in new_referrers.iter().enumerate() {
                contained.push(format!("{}:host{n})", expression::CONTAINS));
                update = update.expression_attribute_values(format!(":host{n}"), AttributeValue::S(host.clone()));
            }
            let room = MAX_REFERRERS - new_referrers.len();
            condition = format!("{condition} AND ({} OR {})", expression::HAS_ROOM, contained.join(" AND "));
            update = update
                .expression_attribute_values(":new", AttributeValue::Ss(new_referrers))
                .expression_attribute_values(":room", AttributeValue::N(room.to_string()));
        }
        update.update_expression(format!("{expression} ADD {}", add.join(", "))).condition_expression(condition)
    }

    /// Starts a new month with a flush, and moves the counts of the month that has ended to an item of their own, both or
    /// neither. The counts of an earlier link with the same code are dropped.
    async fn start_month(
        &self,
        link: &VisitedLink,
        month: &str,
        flush: &Flush,
        (seen, item): &SeenItem,
        (retention_seconds, limits): (i64, WriteLimits),
        once: Option<&LogEntry>,
    ) -> Result<WriteOutcome, StoreError> {
        let is_same_link = seen.link_created_at == Some(link.created_at);
        let earlier = if is_same_link { &seen.counts } else { &VisitCounts::default() };
        let key = visit_items::current_key(&link.code, self.visit_regions.own());
        let first = Put::builder()
            .table_name(&self.table)
            .set_item(Some(visit_items::first_of_month(key, link, month, flush, earlier)))
            .condition_expression(expression::FLUSH_IS_SEEN)
            .expression_attribute_values(":seen", AttributeValue::S(seen.flush_id.clone()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let mut transaction = self.client.transact_write_items().transact_items(to_put(first)?);
        if is_same_link {
            let key = visit_items::month_key(&link.code, self.visit_regions.own(), &seen.month);
            let ended = visit_items::ended_month(key, &seen.month, item.clone(), retention_seconds);
            let ended = Put::builder().table_name(&self.table).set_item(Some(ended));
            transaction = transaction.transact_items(to_put(ended)?);
        }
        if let Some(once) = once {
            transaction = transaction.transact_items(to_put(once.put(&self.table))?);
        }
        let result = transaction.customize().config_override(config_override(limits)).send().await;
        transaction_outcome(result)
    }
}

/// The outcome of a transaction whose first write is that of the item of counts. The only other write with a condition is
/// that of an entry: if it exists, the flush was written before.
fn transaction_outcome<O, R>(
    result: Result<O, SdkError<TransactWriteItemsError, R>>,
) -> Result<WriteOutcome, StoreError>
where
    R: std::fmt::Debug,
{
    let Err(error) = result else { return Ok(WriteOutcome::Written) };
    let reasons = cancellation_reasons(&error);
    let has_failed = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
    if reasons.iter().skip(1).any(has_failed) {
        return Ok(WriteOutcome::Written);
    }
    match reasons.first().filter(|reason| has_failed(reason)) {
        Some(reason) => Ok(condition_failed(reason.item())),
        None if reasons.iter().any(conflicted) => {
            Err(StoreError::Unavailable("another write changed the same item of counts".to_owned()))
        }
        None => Err(StoreError::from_sdk(&error)),
    }
}

/// Whether an item counts `month`, or a later one, of this link.
fn counts(item: &VisitItem, link: &VisitedLink, month: &str) -> bool {
    item.link_created_at == Some(link.created_at) && item.month.as_str() >= month
}

/// Moves the referrers for which the item has no room to [`OTHER`]. Returns those that get a count of their own and that
/// the item is not known to contain.
fn make_room_for_referrers(counts: &mut VisitCounts, seen: Option<&VisitItem>) -> Vec<String> {
    let is_known = |host: &str| seen.is_some_and(|item| item.referrers.contains(host));
    let hosts = counts.breakdown.referrers.keys();
    let mut new: Vec<String> = hosts.filter(|host| *host != OTHER && !is_known(host)).cloned().collect();
    let room = MAX_REFERRERS.saturating_sub(seen.map_or(0, |item| item.referrers.len()));
    for host in new.drain(room.min(new.len())..) {
        counts.breakdown.move_to_other(&host);
    }
    new
}

fn condition_failed(item: Option<&Item>) -> WriteOutcome {
    let item = item.filter(|item| !item.is_empty());
    WriteOutcome::ConditionFailed(item.map(|item| Box::new((visit_items::read(item), item.clone()))))
}

/// A single attempt, which takes as long as `limits` allow.
fn config_override(limits: WriteLimits) -> aws_sdk_dynamodb::config::Builder {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(limits.call_timeout).build();
    aws_sdk_dynamodb::Config::builder().retry_config(RetryConfig::disabled()).timeout_config(timeouts)
}

fn to_put(put: aws_sdk_dynamodb::types::builders::PutBuilder) -> Result<TransactWriteItem, StoreError> {
    let put = put.build().map_err(|error| StoreError::Rejected(error.to_string()))?;
    Ok(TransactWriteItem::builder().put(put).build())
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
        .set_expression_attribute_values(update.get_expression_attribute_values().clone())
        .set_return_values_on_condition_check_failure(update.get_return_values_on_condition_check_failure().clone());
    let update = update.build().map_err(|error| StoreError::Rejected(error.to_string()))?;
    Ok(TransactWriteItem::builder().update(update).build())
}
