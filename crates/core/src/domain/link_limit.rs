//! Limits on how many links a sender may create.

use crate::domain::clock::{DAY_SECONDS, Timestamp};

/// How many links a sender may create, on a day or altogether.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkLimit {
    /// Names the sender: its kind, `#`, and a name that is unique among that kind.
    counter: String,
    /// The maximum number of links.
    maximum: u32,
    /// When the sender's credentials end, if the limit is on all links; `None`: it is on those of a day.
    ends_at: Option<Timestamp>,
}

impl LinkLimit {
    /// At most `maximum` links on each day, in UTC. `counter` names the sender, such as `key#ci`.
    pub fn per_day(counter: String, maximum: u32) -> Self {
        Self { counter, maximum, ends_at: None }
    }

    /// At most `maximum` links until `ends_at`, when the sender's credentials expire.
    pub fn in_total(counter: String, maximum: u32, ends_at: Timestamp) -> Self {
        Self { counter, maximum, ends_at: Some(ends_at) }
    }

    /// The maximum number of links.
    pub fn maximum(&self) -> u32 {
        self.maximum
    }

    /// The name of the counter that a link created `now` belongs to.
    pub fn counter(&self, now: Timestamp) -> String {
        match self.ends_at {
            None => format!("{}#{}", self.counter, now.date()),
            Some(_) => self.counter.clone(),
        }
    }

    /// When the counter is no longer needed, in Unix seconds: a day after it was last used, so that clocks may differ.
    pub fn counter_ends_at(&self, now: Timestamp) -> i64 {
        let last_use = self.ends_at.map_or(now.unix() + seconds_to_midnight(now), Timestamp::unix);
        last_use.saturating_add(DAY_SECONDS)
    }

    /// The seconds from `now` until links may be created again, 1 to 86,400; `None`: never with these credentials.
    pub fn retry_after(&self, now: Timestamp) -> Option<i64> {
        self.ends_at.is_none().then(|| seconds_to_midnight(now))
    }
}

fn seconds_to_midnight(now: Timestamp) -> i64 {
    DAY_SECONDS - now.unix().rem_euclid(DAY_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight_in_utc() {
        let at = |text| Timestamp::parse(text).expect("an instant");
        let limit = LinkLimit::per_day("key#ci".to_owned(), 1);
        assert_eq!(limit.counter(at("2030-01-31T23:59:59Z")), "key#ci#2030-01-31");
        assert_eq!(limit.retry_after(at("2030-01-31T23:59:59Z")), Some(1));
        assert_eq!(limit.retry_after(at("2030-02-01T00:00:00Z")), Some(86_400));
        assert_eq!(limit.counter_ends_at(at("2030-01-31T12:00:00Z")), at("2030-02-02T00:00:00Z").unix());
        let limit = LinkLimit::in_total("grant#1".to_owned(), 1, at("2030-03-01T00:00:00Z"));
        assert_eq!(limit.counter(at("2030-01-31T12:00:00Z")), "grant#1");
        assert_eq!(limit.retry_after(at("2030-01-31T12:00:00Z")), None);
        assert_eq!(limit.counter_ends_at(at("2030-01-31T12:00:00Z")), at("2030-03-02T00:00:00Z").unix());
    }
}
