//! A table's partitions, and what they are asked for.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::capacity::limits::{PARTITION_READS, PARTITION_WRITES};

/// What refills steadily, up to a limit, and is taken from.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    tokens: f64,
    most: f64,
    rate: f64,
    at: f64,
}

impl Bucket {
    /// Full; refills with `rate` a second up to `most`.
    pub(crate) fn new(most: f64, rate: f64) -> Self {
        Self { tokens: most, most, rate, at: 0.0 }
    }

    /// Takes `count`, or nothing if there are not so many.
    pub(crate) fn take(&mut self, count: f64, now: f64) -> bool {
        self.tokens = (self.tokens + (now - self.at).max(0.0) * self.rate).min(self.most);
        self.at = self.at.max(now);
        let enough = self.tokens >= count;
        if enough {
            self.tokens -= count;
        }
        enough
    }
}

/// An item of a link.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) enum Item {
    Link(u32),
    Day(u32),
}

/// What was granted while it was counted: units, and those of the partition that holds the most popular link.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    pub(crate) reads: f64,
    pub(crate) writes: f64,
    pub(crate) hottest_reads: f64,
    pub(crate) hottest_writes: f64,
    /// Writes that were turned away.
    pub(crate) throttled_writes: f64,
}

/// The partitions. An item's is known by a hash of its key, as with DynamoDB.
pub(crate) struct Partitions {
    reads: Vec<Bucket>,
    writes: Vec<Bucket>,
    pub(crate) used: Used,
}

impl Partitions {
    /// `count` of them, of which this is a slice.
    pub(crate) fn new(count: usize, slice: f64) -> Self {
        let of = |rate: f64| vec![Bucket::new(rate * slice, rate * slice); count];
        Self { reads: of(PARTITION_READS), writes: of(PARTITION_WRITES), used: Used::default() }
    }

    /// Half a unit: an eventually consistent read of a link.
    pub(crate) fn read(&mut self, item: Item, now: f64) -> bool {
        let (of, is_hottest) = self.of(item);
        let granted = self.reads.get_mut(of).is_some_and(|bucket| bucket.take(0.5, now));
        if granted {
            self.used.reads += 0.5;
            self.used.hottest_reads += if is_hottest { 0.5 } else { 0.0 };
        }
        granted
    }

    /// One unit: a link's total, or the day of a link with few referrers.
    pub(crate) fn write(&mut self, item: Item, now: f64) -> bool {
        let (of, is_hottest) = self.of(item);
        let granted = self.writes.get_mut(of).is_some_and(|bucket| bucket.take(1.0, now));
        if granted {
            self.used.writes += 1.0;
            self.used.hottest_writes += if is_hottest { 1.0 } else { 0.0 };
        } else {
            self.used.throttled_writes += 1.0;
        }
        granted
    }

    fn of(&self, item: Item) -> (usize, bool) {
        let place = |item: Item| {
            let mut hasher = DefaultHasher::new();
            item.hash(&mut hasher);
            usize::try_from(hasher.finish() % self.reads.len() as u64).unwrap_or_default()
        };
        let of = place(item);
        (of, of == place(Item::Link(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_no_more_than_it_holds_and_is_refilled() {
        let mut bucket = Bucket::new(10.0, 5.0);
        assert_eq!((0..20).filter(|_| bucket.take(1.0, 0.0)).count(), 10);
        assert_eq!((0..20).filter(|_| bucket.take(1.0, 1.0)).count(), 5);
        assert_eq!((0..20).filter(|_| bucket.take(1.0, 100.0)).count(), 10);
    }

    #[test]
    fn the_most_popular_link_and_its_day_are_on_two_partitions() {
        // By the luck of the hash, as in most tables; the model on paper takes it so.
        for count in [4, 40, 400, 4_000] {
            let partitions = Partitions::new(count, 1.0);
            assert!(!partitions.of(Item::Day(1)).1, "{count}");
        }
    }
}
