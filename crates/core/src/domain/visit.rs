//! Visitors of links, and counts of their visits.
//!
//! A visit is a redirect sent to a person. Bots are counted apart, by day only. Nothing that distinguishes one person
//! from another is stored.

use std::collections::BTreeMap;

use crate::domain::clock::Timestamp;
use crate::domain::code::Code;
use crate::domain::link::Link;

/// How many days a link's history shows.
pub const DAYS_SHOWN: i64 = 30;

/// How many referring hosts have a count of their own per link and month; visits from further hosts count as [`OTHER`],
/// because visitors can invent referrers. With host names of at most 64 bytes and every country there is, an item of
/// counts stays below 6 KB.
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

/// A link whose visits are counted. A purged code may be given out again; its new link has counts of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VisitedLink {
    /// The link's code.
    pub code: Code,
    /// When the link was created.
    pub created_at: Timestamp,
}

/// Counts of visits of one link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VisitCounts {
    /// The number of visits.
    pub hits: u64,
    /// The time of the latest visit.
    pub last_hit_at: Option<Timestamp>,
    /// Counts by day in UTC, such as `2030-01-31`.
    pub days: BTreeMap<String, DayCounts>,
    /// The visits by device, country and referrer.
    pub breakdown: Breakdown,
}

/// Counts that are written together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flush {
    /// Distinguishes this write of the link from any other, so that it is carried out once however often it is sent.
    pub id: String,
    /// The counts.
    pub counts: VisitCounts,
    /// When the link may be deleted, and its counts with it; `None`: never.
    pub purge_at: Option<Timestamp>,
}

/// Counts for one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayCounts {
    /// The number of visits.
    pub hits: u64,
    /// The number of redirects answered to bots.
    pub bots: u64,
}

/// Visits by device, country and referrer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breakdown {
    /// Visits by kind of device.
    pub devices: BTreeMap<&'static str, u64>,
    /// Visits by country.
    pub countries: BTreeMap<String, u64>,
    /// Visits by referring host.
    pub referrers: BTreeMap<String, u64>,
}

/// The kinds of devices.
pub const DEVICES: [&str; 3] = ["phone", "tablet", "desktop"];

/// The visits of a link: in total, and in a range of days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VisitReport {
    /// The number of visits since the link was created.
    pub total_hits: u64,
    /// The time of the latest visit.
    pub last_hit_at: Option<Timestamp>,
    /// Each day of the range, the earliest first. Days without visits are included, with zeros.
    pub days: Vec<DailyVisits>,
    /// The visits of all months that the range touches, by device, country and referrer.
    pub breakdown: Breakdown,
}

/// One day of a link's visits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DailyVisits {
    /// The day in UTC, such as `2030-01-31`.
    pub date: String,
    /// The number of visits.
    pub hits: u64,
    /// The number of redirects answered to bots.
    pub bots: u64,
}

impl VisitedLink {
    /// The link, as its visits are counted.
    pub fn of(link: &Link) -> Self {
        Self { code: link.code.clone(), created_at: link.created_at }
    }
}

impl VisitCounts {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.hits == 0 && self.days.is_empty()
    }

    /// The month in UTC of the latest visit or request of a bot, such as `2030-01`; `None` if there is none.
    pub fn month(&self) -> Option<String> {
        let day = self.days.keys().next_back().cloned();
        month_of(&day.or_else(|| Some(self.last_hit_at?.date()))?).map(str::to_owned)
    }

    /// Counts a visit in the total.
    pub fn record_total(&mut self, now: Timestamp) {
        self.hits += 1;
        self.last_hit_at = self.last_hit_at.max(Some(now));
    }

    /// Counts a redirect to `visitor` by day and, if it is a visit, by device, country and referrer.
    pub fn record_day(&mut self, visitor: &Visitor, now: Timestamp) {
        let day = self.days.entry(now.date()).or_default();
        if visitor.is_bot {
            day.bots += 1;
            return;
        }
        day.hits += 1;
        let Breakdown { devices, countries, .. } = &mut self.breakdown;
        *devices.entry(visitor.device).or_default() += 1;
        if let Some(country) = &visitor.country {
            *countries.entry(country.clone()).or_default() += 1;
        }
        if let Some(host) = &visitor.referrer {
            self.breakdown.add_referrer(host.clone());
        }
    }
}

impl Breakdown {
    /// Counts the visits from `host` as visits from [`OTHER`].
    pub fn move_to_other(&mut self, host: &str) {
        let count = self.referrers.remove(host).unwrap_or_default();
        *self.referrers.entry(OTHER.to_owned()).or_default() += count;
    }

    /// Adds the counts of `other`, with all its referrers.
    pub fn add(&mut self, other: Self) {
        for (device, count) in other.devices {
            *self.devices.entry(device).or_default() += count;
        }
        for (country, count) in other.countries {
            *self.countries.entry(country).or_default() += count;
        }
        for (host, count) in other.referrers {
            *self.referrers.entry(host).or_default() += count;
        }
    }

    fn add_referrer(&mut self, host: String) {
        let has_room = self.referrers.len() < MAX_REFERRERS || self.referrers.contains_key(&host);
        *self.referrers.entry(if has_room { host } else { OTHER.to_owned() }).or_default() += 1;
    }
}

/// The month of a day such as `2030-01-31`.
pub fn month_of(date: &str) -> Option<&str> {
    date.get(.."2030-01".len())
}
