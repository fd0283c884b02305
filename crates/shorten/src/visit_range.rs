//! The days of a report about visits.

use shortlink_core::domain::clock::{DAY_SECONDS, Timestamp};
use shortlink_core::domain::visit::DAYS_SHOWN;
use thiserror::Error;

/// The maximum number of days of a report, which needs one call of the table.
const MAX_DAYS: i64 = 366;

/// The first and the last day of a report, at midnight UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VisitRange {
    from: Timestamp,
    to: Timestamp,
}

/// The reason that a report cannot have these days. Each message continues a sentence that begins with `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum VisitRangeError {
    /// The first day is after the last one.
    #[error("is after to; exchange them")]
    Reversed,
    /// There are too many days.
    #[error("is too early: a report has at most {MAX_DAYS} days")]
    TooLong,
}

impl VisitRange {
    /// The range from one day to another, each at midnight UTC. Without them it is the last [`DAYS_SHOWN`] days, today,
    /// `now`, last.
    ///
    /// # Errors
    ///
    /// [`VisitRangeError`].
    pub fn new(from: Option<Timestamp>, to: Option<Timestamp>, now: Timestamp) -> Result<Self, VisitRangeError> {
        let to = to.or_else(|| parse_day(&now.date())).unwrap_or(now);
        let from = from.or_else(|| to.plus((1 - DAYS_SHOWN) * DAY_SECONDS)).unwrap_or(to);
        match to.since(from) / DAY_SECONDS {
            _ if from > to => Err(VisitRangeError::Reversed),
            MAX_DAYS.. => Err(VisitRangeError::TooLong),
            _ => Ok(Self { from, to }),
        }
    }

    /// The days, such as `2030-01-31`, in ascending order.
    pub fn dates(self) -> impl Iterator<Item = String> {
        (0..=self.to.since(self.from) / DAY_SECONDS)
            .filter_map(move |day| Some(self.from.plus(day * DAY_SECONDS)?.date()))
    }
}

/// The midnight at which a day such as `2030-01-31` begins, in UTC.
pub fn parse_day(text: &str) -> Option<Timestamp> {
    // The length keeps out what is no day but makes an instant with the rest.
    Timestamp::parse(&format!("{text}T00:00:00Z")).filter(|_| text.len() == "2030-01-31".len())
}
