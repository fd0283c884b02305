//! The partitions of a DynamoDB table, each with its limits.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::limits::{PARTITION_READS, PARTITION_WRITES};

/// A token bucket: it refills steadily up to its capacity.
#[derive(Clone, Debug)]
pub(crate) struct TokenBucket {
    tokens: f64,
    capacity: f64,
    refill_rate: f64,
    updated_at: f64,
}

impl TokenBucket {
    /// A full bucket that refills with `refill_rate` tokens a second.
    pub(crate) fn new(capacity: f64, refill_rate: f64) -> Self {
        Self { tokens: capacity, capacity, refill_rate, updated_at: 0.0 }
    }

    /// Takes `count` tokens, or none if there are fewer.
    pub(crate) fn try_take(&mut self, count: f64, now: f64) -> bool {
        self.tokens = (self.tokens + (now - self.updated_at).max(0.0) * self.refill_rate).min(self.capacity);
        self.updated_at = self.updated_at.max(now);
        let enough = self.tokens >= count;
        if enough {
            self.tokens -= count;
        }
        enough
    }
}

/// An item of the table.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) enum Item {
    /// A link.
    Link(u32),
    /// The counts of a link's visits.
    Visits(u32),
}

/// The units that the table has granted, in all, and on the partitions of the most popular link and of its counts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Consumed {
    pub(crate) reads: f64,
    pub(crate) writes: f64,
    pub(crate) hottest_reads: f64,
    pub(crate) hottest_writes: f64,
    /// Writes that were throttled.
    pub(crate) throttled_writes: f64,
}

/// The partitions. As in DynamoDB, a hash of its key assigns an item to one.
pub(crate) struct Partitions {
    reads: Vec<TokenBucket>,
    writes: Vec<TokenBucket>,
    pub(crate) consumed: Consumed,
}

impl Partitions {
    /// `count` partitions, each with the share `scale` of the limits.
    pub(crate) fn new(count: usize, scale: f64) -> Self {
        let buckets = |rate: f64| vec![TokenBucket::new(rate * scale, rate * scale); count];
        Self { reads: buckets(PARTITION_READS), writes: buckets(PARTITION_WRITES), consumed: Consumed::default() }
    }

    /// Reads a link eventually consistently, which costs half a unit. Returns `false` if the read is throttled.
    pub(crate) fn read(&mut self, item: Item, now: f64) -> bool {
        let partition = self.partition_of(item);
        let is_hottest = partition == self.partition_of(Item::Link(1));
        let granted = self.reads.get_mut(partition).is_some_and(|bucket| bucket.try_take(0.5, now));
        if granted {
            self.consumed.reads += 0.5;
            self.consumed.hottest_reads += if is_hottest { 0.5 } else { 0.0 };
        }
        granted
    }

    /// Writes a link's counts, with few referrers, which costs one unit. Returns `false` if the write is throttled.
    pub(crate) fn write(&mut self, item: Item, now: f64) -> bool {
        let partition = self.partition_of(item);
        let is_hottest = partition == self.partition_of(Item::Visits(1));
        let granted = self.writes.get_mut(partition).is_some_and(|bucket| bucket.try_take(1.0, now));
        if granted {
            self.consumed.writes += 1.0;
            self.consumed.hottest_writes += if is_hottest { 1.0 } else { 0.0 };
        } else {
            self.consumed.throttled_writes += 1.0;
        }
        granted
    }

    fn partition_of(&self, item: Item) -> usize {
        let mut hasher = DefaultHasher::new();
        item.hash(&mut hasher);
        usize::try_from(hasher.finish() % self.reads.len() as u64).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_refills_up_to_its_capacity() {
        let mut bucket = TokenBucket::new(10.0, 5.0);
        assert_eq!((0..20).filter(|_| bucket.try_take(1.0, 0.0)).count(), 10);
        assert_eq!((0..20).filter(|_| bucket.try_take(1.0, 1.0)).count(), 5);
        assert_eq!((0..20).filter(|_| bucket.try_take(1.0, 100.0)).count(), 10);
    }
}
