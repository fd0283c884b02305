//! Visitors of links, and counts of their visits.
//!
//! A visit is a redirect sent to a person. Bots are counted apart, by day only. Nothing that distinguishes one person
//! from another is stored.

use std::collections::BTreeMap;

use crate::domain::clock::Timestamp;

/// How many days a link's history shows.
pub const DAYS_SHOWN: i64 = 30;

/// How many referring hosts have a count of their own per link and day; visits from further hosts count as [`OTHER`],
/// because visitors can invent referrers. With host names of at most 64 bytes and every country there is, the day's
/// item stays below 8 KB.
pub const MAX_REFERRERS: usize = 25;

/// The name under which referring hosts are counted that are too long, or that exceed [`MAX_REFERRERS`].
pub const OTHER: &str = "other";

/// What is known of a visitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// Whether it is a bot: a crawler, a link preview, a script.
    pub is_bot: bool,
    /// The host of the referring page, if the browser sends it.
    pub referrer: Option<String>,
    /// The country, two capital letters (ISO 3166-1), if CloudFront is in front and sends it.
    pub country: Option<String>,
    /// The kind of device: `phone`, `tablet` or `desktop`.
    pub device: &'static str,
}

/// Counts for one link that have not been written yet. They are written as far as possible; what could not be written
/// is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VisitCounts {
    /// The number of visits.
    pub hits: u64,
    /// The time of the latest visit.
    pub last_hit_at: Option<Timestamp>,
    /// Counts by day, such as `2030-01-31`.
    pub days: BTreeMap<String, DailyCounts>,
}

/// Counts of one link that are written together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flush {
    /// Distinguishes this write of the link from any other, so that it is carried out once however often it is sent.
    pub id: String,
    /// The counts that have not been written yet.
    pub counts: VisitCounts,
}

/// Counts for one link and day that have not been written yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DailyCounts {
    /// The number of visits.
    pub hits: u64,
    /// The number of requests from bots.
    pub bots: u64,
    /// Visits by kind of device.
    pub devices: BTreeMap<&'static str, u64>,
    /// Visits by country.
    pub countries: BTreeMap<String, u64>,
    /// Visits by referring host, at most [`MAX_REFERRERS`] of them and [`OTHER`].
    pub referrers: BTreeMap<String, u64>,
}

/// The kinds of devices.
pub const DEVICES: [&str; 3] = ["phone", "tablet", "desktop"];

/// The visits of a link in a range of days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisitReport {
    /// Each day, the earliest first. Days without visits are included, with zeros.
    pub days: Vec<DailyVisits>,
    /// The visits of all days by device, country and referrer, and the sums of the days.
    pub total: DailyCounts,
}

/// One day of a link's visits, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DailyVisits {
    /// The day in UTC, such as `2030-01-31`.
    pub date: String,
    /// The number of visits.
    pub hits: u64,
    /// The number of requests from bots.
    pub bots: u64,
}

impl VisitCounts {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.hits == 0 && self.days.is_empty()
    }

    /// Adds the counts of `other`.
    pub fn merge(&mut self, other: Self) {
        self.hits += other.hits;
        self.last_hit_at = self.last_hit_at.max(other.last_hit_at);
        for (date, counts) in other.days {
            self.days.entry(date).or_default().merge(counts);
        }
    }
}

impl DailyCounts {
    /// Counts a request from `visitor`.
    pub fn record(&mut self, visitor: &Visitor) {
        if visitor.is_bot {
            self.bots += 1;
            return;
        }
        self.hits += 1;
        *self.devices.entry(visitor.device).or_default() += 1;
        if let Some(country) = &visitor.country {
            *self.countries.entry(country.clone()).or_default() += 1;
        }
        if let Some(host) = &visitor.referrer {
            self.add_referrer(host.clone(), 1);
        }
    }

    /// Counts the visits from `host` as visits from [`OTHER`].
    pub fn move_to_other(&mut self, host: &str) {
        let count = self.referrers.remove(host).unwrap_or_default();
        *self.referrers.entry(OTHER.to_owned()).or_default() += count;
    }

    fn merge(&mut self, other: Self) {
        self.hits += other.hits;
        self.bots += other.bots;
        for (device, count) in other.devices {
            *self.devices.entry(device).or_default() += count;
        }
        for (country, count) in other.countries {
            *self.countries.entry(country).or_default() += count;
        }
        for (host, count) in other.referrers {
            self.add_referrer(host, count);
        }
    }

    fn add_referrer(&mut self, host: String, count: u64) {
        let has_room = self.referrers.len() < MAX_REFERRERS || self.referrers.contains_key(&host);
        *self.referrers.entry(if has_room { host } else { OTHER.to_owned() }).or_default() += count;
    }
}
