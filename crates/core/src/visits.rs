//! How often a link is followed, and by whom.

use crate::clock::Timestamp;
use crate::code::Code;
use crate::store::{Store, StoreError};

/// How many days a link's history shows.
pub const DAYS_SHOWN: usize = 30;

/// A day of a link's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// The day, in UTC, such as `2030-01-31`.
    pub date: String,
    /// How often people followed the link.
    pub hits: u64,
    /// How often crawlers and previews did.
    pub bots: u64,
}

impl Store {
    /// The last [`DAYS_SHOWN`] days of a link, today last; days without a visit are there with zeros.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn days(&self, _code: &Code, _now: Timestamp) -> Result<Vec<Day>, StoreError> {
        // Until visits are counted, every day is a day without one.
        let today = _now.unix() - _now.unix().rem_euclid(86_400);
        let day = |days_ago: usize| {
            let start = Timestamp::from_unix(today - 86_400 * i64::try_from(days_ago).ok()?)?;
            Some(Day { date: start.to_string().chars().take(10).collect(), hits: 0, bots: 0 })
        };
        Ok((0..DAYS_SHOWN).rev().filter_map(day).collect())
    }
}
