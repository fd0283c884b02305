//! Instants in whole seconds, and the clock they are read from.
//!
//! The clock is passed as an argument to code that needs the time, so that a test can advance it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Seconds of a day.
pub const DAY_SECONDS: i64 = 86_400;

/// An instant: seconds since 1970-01-01T00:00:00Z, within the years 0000 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(OffsetDateTime);

impl Timestamp {
    /// When something was created that another tool has written without saying when: the epoch.
    pub const UNKNOWN: Self = Self(OffsetDateTime::UNIX_EPOCH);

    /// The instant, unless it is [`UNKNOWN`](Self::UNKNOWN).
    pub fn known(self) -> Option<Self> {
        Some(self).filter(|instant| *instant != Self::UNKNOWN)
    }

    /// The instant `seconds` after the epoch; `None` outside the years 0000 to 9999.
    pub fn from_unix(seconds: i64) -> Option<Self> {
        let instant = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
        (0..=9999).contains(&instant.year()).then_some(Self(instant))
    }

    /// Parses RFC 3339, such as `2030-01-31T12:00:00Z`. Fractions of a second are dropped.
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_unix(OffsetDateTime::parse(text, &Rfc3339).ok()?.unix_timestamp())
    }

    /// Seconds since the epoch.
    pub fn unix(self) -> i64 {
        self.0.unix_timestamp()
    }

    /// The instant `seconds` later; `None` outside the years 0000 to 9999.
    pub fn plus(self, seconds: i64) -> Option<Self> {
        Self::from_unix(self.unix().checked_add(seconds)?)
    }

    /// The date in UTC, such as `2030-01-31`.
    pub fn date(self) -> String {
        self.to_string().chars().take("2030-01-31".len()).collect()
    }

    /// The instant in a form for people, such as `3 November 2029, 14:00 UTC`.
    pub fn to_human(self) -> String {
        format!("{}, {:02}:{:02} UTC", self.date_to_human(), self.0.hour(), self.0.minute())
    }

    /// The date in UTC in a form for people, such as `3 November 2029`.
    pub fn date_to_human(self) -> String {
        format!("{} {} {}", self.0.day(), self.0.month(), self.0.year())
    }

    /// The day of the month, the month from 1 to 12, and the year, in UTC.
    pub fn day_month_year(self) -> (u8, u8, i32) {
        (self.0.day(), u8::from(self.0.month()), self.0.year())
    }

    /// The hour and the minute, in UTC.
    pub fn hour_and_minute(self) -> (u8, u8) {
        (self.0.hour(), self.0.minute())
    }

    /// Seconds from `earlier` to `self`; negative if `self` is the earlier one.
    pub fn since(self, earlier: Self) -> i64 {
        self.unix() - earlier.unix()
    }
}

/// RFC 3339 in UTC, such as `2030-01-31T12:00:00Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A source of the current time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The system clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that shows `seconds` since the epoch and moves only when that value is changed.
    pub fn manual(seconds: Arc<AtomicI64>) -> Self {
        Self(Source::Manual(seconds))
    }

    /// The current time. A clock set outside the years 0000 to 9999 reads as the epoch.
    pub fn now(&self) -> Timestamp {
        self.now_plus(Duration::ZERO)
    }

    /// The current time plus `offset`, which is less than a second: whoever has another offset sees the next second begin
    /// at another moment. A clock set outside the years 0000 to 9999 reads as the epoch, and one that is moved by hand
    /// has no fractions of a second.
    pub fn now_plus(&self, offset: Duration) -> Timestamp {
        let seconds = match &self.0 {
            Source::System => SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH)
                .ok()
                .and_then(|elapsed| i64::try_from((elapsed + offset).as_secs()).ok())
                .unwrap_or(0),
            Source::Manual(seconds) => seconds.load(Ordering::SeqCst),
        };
        Timestamp::from_unix(seconds).unwrap_or(Timestamp(OffsetDateTime::UNIX_EPOCH))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3339_round_trips() {
        let instant = Timestamp::parse("2030-01-31T14:00:00.9+02:00").expect("RFC 3339");
        assert_eq!(instant.to_string(), "2030-01-31T12:00:00Z");
        assert_eq!(Timestamp::from_unix(instant.unix()), Some(instant));
    }

    #[test]
    fn an_instant_is_written_for_people() {
        let instant = Timestamp::parse("2029-11-03T14:00:59Z").expect("RFC 3339");
        assert_eq!(instant.to_human(), "3 November 2029, 14:00 UTC");
    }

    #[test]
    fn invalid_instants_are_rejected() {
        for text in
            ["", "tomorrow", "2030-01-31", "2030-02-30T00:00:00Z", "2030-01-31T12:00:00", "99999-01-01T00:00:00Z"]
        {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
        assert_eq!(Timestamp::from_unix(i64::MAX), None);
        assert_eq!(Timestamp::parse("9999-12-31T23:59:59Z").and_then(|last| last.plus(1)), None);
    }
}
