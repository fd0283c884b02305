//! What a link's visits leave in the table: its total on the link's own item, and an item for each of its days.
//!
//! | a day's attribute | type | meaning |
//! | --- | --- | --- |
//! | `shortCode` | S | `day#` code `#` date, which no code can be |
//! | `hits`, `bots` | N | visits of people, and of programs |
//! | `phone`, `tablet`, `desktop` | N | of people, by device |
//! | `country:XX` | N | of people, by country |
//! | `referrers` | SS | the hosts that have a count of their own, at most [`MAX_REFERRERS`] |
//! | `from:HOST`, `from:other` | N | of people, by referring host |
//! | `purgeAt` | N | the table's TTL attribute |
//!
//! A visitor can invent referrers, and so an item holds a fixed number of them, whoever writes it; the rest are `other`.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, ReturnValuesOnConditionCheckFailure};

use crate::clock::Timestamp;
use crate::code::Code;
use crate::link::{Item, attribute, number};
use crate::store::{Store, StoreError};
use crate::visitor::{OTHER, Visitor};

/// How many days a link's history shows.
pub const DAYS_SHOWN: i64 = 30;

/// How many referring hosts a day of a link has counts for. With names of at most 64 bytes and all countries there are,
/// an item stays under 8 KB.
pub const MAX_REFERRERS: usize = 25;

/// How often a day is written again because others have filled its referrers meanwhile.
const MAX_ROUNDS: usize = 3;

const SECONDS_PER_DAY: i64 = 86_400;

/// A day of a link's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// The day, in UTC, such as `2030-01-31`.
    pub date: String,
    /// How often people followed the link.
    pub hits: u64,
    /// How often programs did.
    pub bots: u64,
}

/// Counts of one day of one link, not yet written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DayCounts {
    /// `hits`, `bots`, devices and countries, by attribute.
    counts: BTreeMap<String, u64>,
    referrers: BTreeMap<String, u64>,
}

impl DayCounts {
    pub(crate) fn count(&mut self, visitor: &Visitor) {
        if visitor.bot {
            increment(&mut self.counts, "bots".to_owned(), 1);
            return;
        }
        increment(&mut self.counts, attribute::HITS.to_owned(), 1);
        increment(&mut self.counts, visitor.device.to_owned(), 1);
        if let Some(country) = &visitor.country {
            increment(&mut self.counts, format!("country:{country}"), 1);
        }
        if let Some(host) = &visitor.referrer {
            self.count_referrer(host.clone(), 1);
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        for (name, count) in other.counts {
            increment(&mut self.counts, name, count);
        }
        for (host, count) in other.referrers {
            self.count_referrer(host, count);
        }
    }

    fn count_referrer(&mut self, host: String, count: u64) {
        let has_room = self.referrers.len() < MAX_REFERRERS || self.referrers.contains_key(&host);
        increment(&mut self.referrers, if has_room { host } else { OTHER.to_owned() }, count);
    }
}

fn increment(counts: &mut BTreeMap<String, u64>, name: String, by: u64) {
    *counts.entry(name).or_default() += by;
}

impl Store {
    /// Adds to a link's total; false if there is no such link (any more).
    pub(crate) async fn add_hits(&self, code: &Code, hits: u64, last_hit_at: Timestamp) -> Result<bool, StoreError> {
        let update = self.update_hits(code, hits);
        let newest = newest(update.clone(), last_hit_at);
        match verdict(newest.customize().config_override(once()).send().await)? {
            Verdict::Done => return Ok(true),
            Verdict::Refused(None) => return Ok(false),
            Verdict::Refused(Some(_)) => {}
        }
        let older = update.update_expression("ADD hits :hits").condition_expression("attribute_exists(shortCode)");
        let verdict = verdict(older.customize().config_override(once()).send().await)?;
        Ok(matches!(verdict, Verdict::Done))
    }

    /// The update that adds to a link's total; what it is on condition of is still to be said.
    pub(crate) fn update_hits(&self, code: &Code, hits: u64) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key(attribute::CODE, AttributeValue::S(code.to_string()))
            .expression_attribute_values(":hits", AttributeValue::N(hits.to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    /// Adds to a day of a link. The item is kept for `days_kept` seconds after the day.
    pub(crate) async fn add_day(
        &self,
        code: &Code,
        date: &str,
        day: &DayCounts,
        days_kept: i64,
    ) -> Result<(), StoreError> {
        let mut day = day.clone();
        // Referrers that the item is known to have.
        let mut known = BTreeSet::new();
        for round in 0..MAX_ROUNDS {
            let is_last = round + 1 == MAX_ROUNDS;
            let new: BTreeSet<_> =
                day.referrers.keys().filter(|host| *host != OTHER && !known.contains(*host)).cloned().collect();
            let room = MAX_REFERRERS.saturating_sub(known.len().max(if is_last { MAX_REFERRERS } else { 0 }));
            for host in new.iter().skip(room) {
                let count = day.referrers.remove(host).unwrap_or_default();
                increment(&mut day.referrers, OTHER.to_owned(), count);
            }
            let new: Vec<_> = new.into_iter().take(room).collect();
            let update = self.update_day(&day_key(code, date), &day, &new, purge_at(date, days_kept));
            match verdict(update.customize().config_override(once()).send().await)? {
                Verdict::Done => return Ok(()),
                Verdict::Refused(item) => {
                    let hosts = item.as_ref().and_then(|item| item.get("referrers")?.as_ss().ok());
                    known = hosts.into_iter().flatten().cloned().collect();
                }
            }
        }
        Err(StoreError::Unavailable("others kept filling a day's referrers".to_owned()))
    }

    /// The update that adds a day's counts where its item has room for all their referrers.
    pub(crate) fn update_new_day(
        &self,
        code: &Code,
        date: &str,
        day: &DayCounts,
        days_kept: i64,
    ) -> UpdateItemFluentBuilder {
        let new: Vec<_> = day.referrers.keys().filter(|host| *host != OTHER).cloned().collect();
        self.update_day(&day_key(code, date), day, &new, purge_at(date, days_kept))
    }

    /// The update that adds a day's counts, and `new` to the item's referrers if there is room for them.
    fn update_day(&self, key: &str, day: &DayCounts, new: &[String], purge_at: i64) -> UpdateItemFluentBuilder {
        let referrers = day.referrers.iter().map(|(host, count)| (format!("from:{host}"), count));
        let counts = day.counts.iter().map(|(name, count)| (name.clone(), count)).chain(referrers);
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(attribute::CODE, AttributeValue::S(key.to_owned()))
            .expression_attribute_values(":purge", number(purge_at))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let mut added = Vec::new();
        for (n, (name, count)) in counts.enumerate() {
            added.push(format!("#{n} :{n}"));
            update = update
                .expression_attribute_names(format!("#{n}"), name)
                .expression_attribute_values(format!(":{n}"), AttributeValue::N(count.to_string()));
        }
        if !new.is_empty() {
            added.push("referrers :new".to_owned());
            // There is room for as many as are new, or they are all there already.
            let mut present = Vec::new();
            for (n, host) in new.iter().enumerate() {
                present.push(format!("contains(referrers, :host{n})"));
                update = update.expression_attribute_values(format!(":host{n}"), AttributeValue::S(host.clone()));
            }
            update = update
                .condition_expression(format!(
                    "attribute_not_exists(referrers) OR size(referrers) <= :room OR ({})",
                    present.join(" AND ")
                ))
                .expression_attribute_values(":new", AttributeValue::Ss(new.to_vec()))
                .expression_attribute_values(":room", AttributeValue::N((MAX_REFERRERS - new.len()).to_string()));
        }
        update.update_expression(format!("SET purgeAt = :purge ADD {}", added.join(", ")))
    }

    /// The last [`DAYS_SHOWN`] days of a link, today last; days without a visit are there with zeros.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn days(&self, code: &Code, now: Timestamp) -> Result<Vec<Day>, StoreError> {
        let dates = (0..DAYS_SHOWN).rev().filter_map(|ago| Some(now.plus(-ago * SECONDS_PER_DAY)?.date()));
        let mut days: BTreeMap<String, Day> =
            dates.map(|date| (day_key(code, &date), Day { date, hits: 0, bots: 0 })).collect();
        let mut wanted: Vec<Item> =
            days.keys().map(|key| Item::from([(attribute::CODE.to_owned(), AttributeValue::S(key.clone()))])).collect();
        // DynamoDB may leave some out when it is busy, and says which.
        for _ in 0..MAX_ROUNDS {
            if wanted.is_empty() {
                break;
            }
            let keys = KeysAndAttributes::builder()
                .set_keys(Some(wanted))
                .projection_expression("shortCode, hits, bots")
                .build()
                .map_err(|error| StoreError::Refused(error.to_string()))?;
            let got = self.client.batch_get_item().request_items(&self.table, keys).send().await;
            let mut got = got.map_err(|error| StoreError::from_sdk(&error))?;
            let items = got.responses.as_mut().and_then(|tables| tables.remove(&self.table)).unwrap_or_default();
            for item in items {
                let key = item.get(attribute::CODE).and_then(|key| key.as_s().ok());
                if let Some(day) = key.and_then(|key| days.get_mut(key)) {
                    day.hits = count(&item, attribute::HITS);
                    day.bots = count(&item, "bots");
                }
            }
            let left = got.unprocessed_keys.as_mut().and_then(|tables| tables.remove(&self.table));
            wanted = left.map(|keys| keys.keys).unwrap_or_default();
        }
        if !wanted.is_empty() {
            return Err(StoreError::Unavailable("days were left out again and again".to_owned()));
        }
        Ok(days.into_values().collect())
    }
}

/// An update on condition that the link is there, and that no newer visit of it has been written. (Others write the same
/// link: the newest visit of all is the one that stays.)
pub(crate) fn newest(update: UpdateItemFluentBuilder, last_hit_at: Timestamp) -> UpdateItemFluentBuilder {
    update
        .update_expression("SET lastHitAt = :last ADD hits :hits")
        .condition_expression("attribute_exists(shortCode) AND (attribute_not_exists(lastHitAt) OR lastHitAt <= :last)")
        .expression_attribute_values(":last", number(last_hit_at.unix()))
}

fn day_key(code: &Code, date: &str) -> String {
    format!("day#{code}#{date}")
}

/// When a day's item may be deleted, Unix seconds.
fn purge_at(date: &str, days_kept: i64) -> i64 {
    let start = Timestamp::parse(&format!("{date}T00:00:00Z")).map_or(0, Timestamp::unix);
    start + SECONDS_PER_DAY + days_kept
}

fn count(item: &Item, name: &str) -> u64 {
    item.get(name).and_then(|value| value.as_n().ok()?.parse().ok()).unwrap_or_default()
}

/// What DynamoDB made of a condition.
enum Verdict {
    Done,
    /// The condition failed on this item.
    Refused(Option<Item>),
}

fn verdict<T>(outcome: Result<T, SdkError<UpdateItemError, impl std::fmt::Debug>>) -> Result<Verdict, StoreError> {
    let Err(error) = outcome else { return Ok(Verdict::Done) };
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(failure)) => {
            Ok(Verdict::Refused(failure.item().cloned()))
        }
        _ => Err(StoreError::from_sdk(&error)),
    }
}

/// A count that is sent twice counts twice: here it is [`crate::visits`] that tries again, and only what has failed.
fn once() -> aws_sdk_dynamodb::config::Builder {
    aws_sdk_dynamodb::Config::builder().retry_config(RetryConfig::disabled())
}
