//! The items that count the visits of a link.
//!
//! Each link that was visited has one item, which a visit updates with one write. It contains the total since the link was
//! created, the days of one month, and that month's visits by device, country and referrer. When the first visit of a
//! later month is written, the item's copy becomes the item of the month that has ended, and the item starts the new month
//! with its total. So the total stays for as long as the link does, a visit costs one write, and that write costs one unit
//! as long as the item has less than 1 KB: DynamoDB bills the size of the item, not of the change. Attribute names count
//! towards the size, so those that occur often are short.
//!
//! | attribute | type | meaning |
//! | --- | --- | --- |
//! | `shortCode` | S | The key: `visits#` code, or `visits#` code `#` month of a month that has ended. Away from the home region, `@` and the region follow the code. |
//! | `linkCreatedAt` | N | When the link was created, in Unix seconds. |
//! | `visitMonth` | S | The month that the item counts, such as `2030-01`, in UTC. |
//! | `hits` | N | The number of visits since the link was created, in the item of a month until its end. |
//! | `lastHitAt` | N | The time of the latest visit, in Unix seconds. |
//! | `d0131`, `b0131` | N | The number of visits, and of redirects answered to bots, on 31 January. |
//! | `phone`, `tablet`, `desktop` | N | Visits by kind of device. |
//! | `c:DE` | N | Visits from a country. |
//! | `r:example.com`, `r:other` | N | Visits from a referring host. |
//! | `referrers` | SS | The referring hosts that have a count of their own, at most 25. |
//! | `flushId` | S | 16 random hexadecimal digits: the last flush that was added. |
//! | `importId` | S | The import that made the item, if one did. |
//! | `purgeAt` | N | The TTL attribute, in Unix seconds: that of the link. In the item of a month that has ended: its end plus the retention. |

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::clock::Timestamp;
use crate::domain::code::Code;
use crate::domain::link::Link;
use crate::domain::visit::{Breakdown, DEVICES, DayCounts, Flush, OTHER, VisitCounts, VisitedLink};
use crate::dynamodb::items::attribute::{CODE, IMPORT_ID, LINK_CREATED_AT, PURGE_AT};
use crate::dynamodb::items::{Item, instant, number, text};

/// The names of attributes, beside those in [`items`](crate::dynamodb::items).
pub mod attribute {
    /// S: the month that the item counts. `month` is a reserved word.
    pub const MONTH: &str = "visitMonth";
    /// N: the number of visits.
    pub const HITS: &str = "hits";
    /// N, Unix seconds: the time of the latest visit.
    pub const LAST_HIT_AT: &str = "lastHitAt";
    /// S: the last flush of visits that has been added to the item. A flush that is repeated because its response was lost
    /// is recognised by it.
    pub const FLUSH_ID: &str = "flushId";
    /// SS: the referring hosts that have a count of their own, at most
    /// [`MAX_REFERRERS`](crate::domain::visit::MAX_REFERRERS).
    pub const REFERRERS: &str = "referrers";
    /// N: visits on a day; two digits of the month and two of the day follow.
    pub const DAY_HITS_PREFIX: &str = "d";
    /// N: redirects answered to bots on a day, named likewise.
    pub const DAY_BOTS_PREFIX: &str = "b";
    /// N: visits from a country; two capital letters follow.
    pub const COUNTRY_PREFIX: &str = "c:";
    /// N: visits from a referring host, or `other`; the host follows.
    pub const REFERRER_PREFIX: &str = "r:";
}

/// Expressions in which attributes are named.
pub(super) mod expression {
    /// A condition: the last flush of the item is not `:flush`, and the item counts `:month` of this link, or there is
    /// none.
    pub(in crate::dynamodb) const FLUSH_IS_NEW_IN_MONTH: &str = "NOT flushId = :flush AND \
        (attribute_not_exists(shortCode) OR visitMonth = :month AND linkCreatedAt = :created)";
    /// A condition: none of the visits is later than `:last`.
    pub(in crate::dynamodb) const IS_LATEST_VISIT: &str = "(attribute_not_exists(lastHitAt) OR lastHitAt <= :last)";
    /// A condition: the item has room for more referrers, up to `:room`. It is followed by one that the item contains them.
    pub(in crate::dynamodb) const HAS_ROOM: &str = "attribute_not_exists(referrers) OR size(referrers) <= :room";
    /// A condition: the item contains a referrer. The name of its value follows.
    pub(in crate::dynamodb) const CONTAINS: &str = "contains(referrers, ";
    /// A condition: the last flush of the item is still `:seen`.
    pub(in crate::dynamodb) const FLUSH_IS_SEEN: &str = "flushId = :seen";
    /// Part of an update: what the item counts, and its last flush.
    pub(in crate::dynamodb) const SET_MONTH: &str =
        "SET visitMonth = :month, linkCreatedAt = :created, flushId = :flush";
    /// Part of an update: the time of the latest visit.
    pub(in crate::dynamodb) const SET_LAST_VISIT: &str = ", lastHitAt = :last";
    /// Part of an update: the item ends with its link.
    pub(in crate::dynamodb) const SET_END: &str = ", purgeAt = :purge";
    /// Part of an update: the link does not end.
    pub(in crate::dynamodb) const REMOVE_END: &str = " REMOVE purgeAt";
    /// Part of an update: adds to the referrers that have a count of their own.
    pub(in crate::dynamodb) const ADD_REFERRERS: &str = "referrers :new";
}

/// What an item of visits says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct VisitItem {
    pub(super) link_created_at: Option<Timestamp>,
    pub(super) month: String,
    pub(super) flush_id: String,
    pub(super) counts: VisitCounts,
    /// The referring hosts that have a count of their own.
    pub(super) referrers: BTreeSet<String>,
}

/// The key of the item that counts a link's visits in a region now; `None`: the home region, or the only one.
pub(super) fn current_key(code: &Code, region: Option<&str>) -> String {
    match region {
        None => format!("visits#{code}"),
        Some(region) => format!("visits#{code}@{region}"),
    }
}

/// The key of the item of a month that has ended, such as `2030-01`.
pub(super) fn month_key(code: &Code, region: Option<&str>, month: &str) -> String {
    format!("{}#{month}", current_key(code, region))
}

/// The instant at which the item of a month may be deleted, Unix seconds: `retention_seconds` after the month has ended.
/// `None` if it is not a month.
pub(super) fn month_purge_at(month: &str, retention_seconds: i64) -> Option<i64> {
    let next = next_month(month)?;
    Some(Timestamp::parse(&format!("{next}-01T00:00:00Z"))?.unix() + retention_seconds)
}

/// The month after a month such as `2030-12`.
pub(super) fn next_month(month: &str) -> Option<String> {
    let (year, month) = month.split_once('-')?;
    let (year, month): (u32, u32) = (year.parse().ok()?, month.parse().ok()?);
    Some(format!("{:04}-{:02}", year + month / 12, month % 12 + 1))
}

/// The numbers to add to an item, by attribute name, without the total.
pub(super) fn increments(counts: &VisitCounts) -> impl Iterator<Item = (String, u64)> {
    let days = counts.days.iter().flat_map(|(date, day)| {
        let name = |prefix| format!("{prefix}{}", date.get("2030-".len()..).unwrap_or_default().replace('-', ""));
        [(name(attribute::DAY_HITS_PREFIX), day.hits), (name(attribute::DAY_BOTS_PREFIX), day.bots)]
    });
    let Breakdown { devices, countries, referrers } = &counts.breakdown;
    let devices = devices.iter().map(|(device, count)| ((*device).to_owned(), *count));
    let countries =
        countries.iter().map(|(country, count)| (format!("{}{country}", attribute::COUNTRY_PREFIX), *count));
    let referrers = referrers.iter().map(|(host, count)| (format!("{}{host}", attribute::REFERRER_PREFIX), *count));
    days.filter(|(_, count)| *count > 0).chain(devices).chain(countries).chain(referrers)
}

/// The item with which a link starts `month`: with the counts of a flush alone, and a total of `hits` before them.
/// `key` is that of the item.
pub(super) fn first_of_month(
    key: String,
    link: &VisitedLink,
    month: &str,
    flush: &Flush,
    earlier: &VisitCounts,
) -> Item {
    let mut item = Item::from([
        (CODE.to_owned(), AttributeValue::S(key)),
        (LINK_CREATED_AT.to_owned(), number(link.created_at.unix())),
        (attribute::MONTH.to_owned(), AttributeValue::S(month.to_owned())),
        (attribute::FLUSH_ID.to_owned(), AttributeValue::S(flush.id.clone())),
        (attribute::HITS.to_owned(), count(earlier.hits + flush.counts.hits)),
    ]);
    if let Some(last) = earlier.last_hit_at.max(flush.counts.last_hit_at) {
        item.insert(attribute::LAST_HIT_AT.to_owned(), number(last.unix()));
    }
    if let Some(purge_at) = flush.purge_at {
        item.insert(PURGE_AT.to_owned(), number(purge_at.unix()));
    }
    item.extend(increments(&flush.counts).map(|(name, increment)| (name, count(increment))));
    let hosts: Vec<_> = flush.counts.breakdown.referrers.keys().filter(|host| *host != OTHER).cloned().collect();
    if !hosts.is_empty() {
        item.insert(attribute::REFERRERS.to_owned(), AttributeValue::Ss(hosts));
    }
    item
}

/// The item of a link that had `hits` visits elsewhere, of which the days are not known. Visits from `month` on are added.
pub(super) fn imported_total(link: &Link, month: &str, hits: u64, import_id: &str) -> Item {
    let mut item = Item::from([
        (CODE.to_owned(), AttributeValue::S(current_key(&link.code, None))),
        (LINK_CREATED_AT.to_owned(), number(link.created_at.unix())),
        (attribute::MONTH.to_owned(), AttributeValue::S(month.to_owned())),
        // The next month begins on the condition that this is what was seen.
        (attribute::FLUSH_ID.to_owned(), AttributeValue::S(import_id.to_owned())),
        (attribute::HITS.to_owned(), count(hits)),
        (IMPORT_ID.to_owned(), AttributeValue::S(import_id.to_owned())),
    ]);
    if let Some(purge_at) = link.purge_at {
        item.insert(PURGE_AT.to_owned(), number(purge_at.unix()));
    }
    item
}

/// The item of a month that has ended, made of the item that counted it. `key` is that of the month.
pub(super) fn ended_month(key: String, month: &str, mut item: Item, retention_seconds: i64) -> Item {
    // They are needed only for updates.
    item.remove(attribute::FLUSH_ID);
    item.remove(attribute::REFERRERS);
    item.insert(CODE.to_owned(), AttributeValue::S(key));
    match month_purge_at(month, retention_seconds) {
        Some(purge_at) => item.insert(PURGE_AT.to_owned(), number(purge_at)),
        None => item.remove(PURGE_AT),
    };
    item
}

/// Reads an item. What this program does not write in it is left out.
pub(super) fn read(item: &Item) -> VisitItem {
    let month = text(item, attribute::MONTH).unwrap_or_default().to_owned();
    let mut counts = VisitCounts {
        last_hit_at: instant(item, attribute::LAST_HIT_AT).unwrap_or_default(),
        ..VisitCounts::default()
    };
    for (name, value) in item {
        let Some(count) = value.as_n().ok().and_then(|digits| digits.parse().ok()) else { continue };
        let Breakdown { devices, countries, referrers } = &mut counts.breakdown;
        if name == attribute::HITS {
            counts.hits = count;
        } else if let Some(device) = DEVICES.into_iter().find(|device| device == name) {
            devices.insert(device, count);
        } else if let Some(country) = name.strip_prefix(attribute::COUNTRY_PREFIX) {
            countries.insert(country.to_owned(), count);
        } else if let Some(host) = name.strip_prefix(attribute::REFERRER_PREFIX) {
            referrers.insert(host.to_owned(), count);
        } else if let Some(day) = day(&mut counts.days, name, attribute::DAY_HITS_PREFIX, &month) {
            day.hits = count;
        } else if let Some(day) = day(&mut counts.days, name, attribute::DAY_BOTS_PREFIX, &month) {
            day.bots = count;
        }
    }
    let hosts = item.get(attribute::REFERRERS).and_then(|hosts| hosts.as_ss().ok());
    VisitItem {
        link_created_at: instant(item, LINK_CREATED_AT).unwrap_or_default(),
        flush_id: text(item, attribute::FLUSH_ID).unwrap_or_default().to_owned(),
        referrers: hosts.into_iter().flatten().cloned().collect(),
        month,
        counts,
    }
}

/// The day that an attribute counts in the item of `month`, if it counts one. A late write may add a day of the month
/// before, which in January is in the year before.
fn day<'a>(
    days: &'a mut BTreeMap<String, DayCounts>,
    name: &str,
    prefix: &str,
    month: &str,
) -> Option<&'a mut DayCounts> {
    let digits =
        name.strip_prefix(prefix).filter(|rest| rest.len() == 4 && rest.bytes().all(|b| b.is_ascii_digit()))?;
    let (day_month, day) = digits.split_at_checked(2)?;
    let (year, month) = month.split_once('-')?;
    let year: u32 = year.parse().ok()?;
    let year = if day_month > month { year.checked_sub(1)? } else { year };
    Some(days.entry(format!("{year:04}-{day_month}-{day}")).or_default())
}

fn count(count: u64) -> AttributeValue {
    AttributeValue::N(count.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::country::CODES;
    use crate::domain::visit::{MAX_REFERRERS, Visitor};

    /// The size by which DynamoDB bills an item, in bytes: the lengths of names and texts, and of numbers about a byte for
    /// two digits and one more ("DynamoDB item sizes and formats" in Amazon's developer guide).
    fn billed_bytes(item: &Item) -> usize {
        let value_bytes = |value: &AttributeValue| match value {
            AttributeValue::S(text) => text.len(),
            AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
            AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
            other => panic!("no size of {other:?}"),
        };
        item.iter().map(|(name, value)| name.len() + value_bytes(value)).sum()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("an instant")
    }

    fn visitor(country: &str, referrer: &str, device: &'static str) -> Visitor {
        Visitor { is_bot: false, referrer: Some(referrer.to_owned()), country: Some(country.to_owned()), device }
    }

    fn item(counts: VisitCounts) -> Item {
        let link =
            VisitedLink { code: Code::parse("abc2345").expect("a code"), created_at: at("2029-12-01T00:00:00Z") };
        let flush = Flush { id: "0123456789abcdef".to_owned(), counts, purge_at: Some(at("2031-01-01T00:00:00Z")) };
        let earlier = VisitCounts { hits: 1_000_000, ..VisitCounts::default() };
        first_of_month(current_key(&link.code, None), &link, "2030-01", &flush, &earlier)
    }

    #[test]
    fn a_busy_link_costs_one_write_unit() {
        let mut counts = VisitCounts::default();
        for day in 1..=31 {
            let now = at(&format!("2030-01-{day:02}T12:00:00Z"));
            counts.record_day(&Visitor { is_bot: true, ..visitor("DE", "", "desktop") }, now);
            for (n, country) in ["DE", "AT", "CH", "US", "GB", "FR", "NL", "PL"].into_iter().enumerate() {
                let device = DEVICES[n % DEVICES.len()];
                for _ in 0..100 {
                    counts.record_total(now);
                    counts.record_day(&visitor(country, &format!("site-{n}.example"), device), now);
                }
            }
        }
        let bytes = billed_bytes(&item(counts));
        assert!((800..1_024).contains(&bytes), "{bytes} bytes");
    }

    #[test]
    fn inventive_visitors_cost_six_write_units_at_most() {
        let mut counts = VisitCounts::default();
        for country in CODES.split(' ') {
            counts.record_day(&visitor(country, "", "desktop"), at("2030-01-01T12:00:00Z"));
        }
        for n in 0..1_000 {
            let host = format!("{n:064}");
            counts.record_day(&visitor("DE", &host, "phone"), at("2030-01-31T12:00:00Z"));
        }
        assert!(counts.breakdown.referrers.len() <= MAX_REFERRERS + 1);
        let bytes = billed_bytes(&item(counts));
        assert!(bytes < 6 * 1_024, "{bytes} bytes");
    }

    #[test]
    fn an_item_round_trips() {
        let mut counts = VisitCounts::default();
        let now = at("2030-01-31T23:59:59Z");
        counts.record_total(now);
        counts.record_day(&visitor("DE", "example.com", "phone"), now);
        counts
            .record_day(&Visitor { is_bot: true, ..visitor("DE", "example.com", "phone") }, at("2029-12-31T00:00:00Z"));
        let read = read(&item(counts.clone()));
        assert_eq!(read.counts, VisitCounts { hits: 1_000_001, ..counts });
        assert_eq!((read.month.as_str(), read.flush_id.as_str()), ("2030-01", "0123456789abcdef"));
        assert_eq!(read.referrers, BTreeSet::from(["example.com".to_owned()]));
    }

    #[test]
    fn december_is_followed_by_january() {
        assert_eq!(next_month("2030-01").as_deref(), Some("2030-02"));
        assert_eq!(next_month("2030-12").as_deref(), Some("2031-01"));
        assert_eq!(month_purge_at("2030-12", 10), Some(at("2031-01-01T00:00:10Z").unix()));
        assert_eq!((next_month("x"), month_purge_at("", 0)), (None, None));
    }
}
