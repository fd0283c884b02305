//! Links kept in memory, so that a popular link needs no read of the table.
//!
//! The trade-off: after a link is deleted or changed, each execution environment that has it cached redirects to the
//! old target until the entry's time to live ends. Expiry is checked on each lookup. Missing links are not cached.
//!
//! While the table does not answer, an entry is used for longer (`stale-if-error`, RFC 5861), up to
//! [`STALE_IF_ERROR_SECONDS`].

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::domain::clock::Timestamp;
use crate::domain::code::Code;
use crate::domain::link::Link;

/// The capacity of a function's cache, in links: about 1.5 MB with targets of the usual 100 bytes, at most 10 MB.
pub const CAPACITY: usize = 4_096;

/// For how long after it was read a link may be used while the table does not answer, in seconds.
pub const STALE_IF_ERROR_SECONDS: i64 = 3_600;

/// For how long a stale link is used before the table is asked again, in seconds. Each such read may take seconds.
const STALE_RETRY_SECONDS: i64 = 5;

/// The average length of targets above which the cache is full before it holds `capacity` links, in bytes. It bounds
/// the memory that a client can fill by creating links with long targets.
const MAX_AVERAGE_TARGET_BYTES: usize = 2_048;

/// A cache of links with a time to live and a bounded size.
#[derive(Debug)]
pub struct LinkCache {
    ttl_seconds: i64,
    capacity: usize,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    links: HashMap<Code, CachedLink>,
    /// The sum of the lengths of their targets.
    target_bytes: usize,
}

#[derive(Debug)]
struct CachedLink {
    link: Link,
    cached_at: Timestamp,
    /// For how many seconds after `cached_at` the link is used without reading the table.
    fresh_for: i64,
}

impl LinkCache {
    /// A cache that keeps at most `capacity` links for `ttl_seconds` each; 0 seconds disable it.
    pub fn new(ttl_seconds: i64, capacity: usize) -> Self {
        Self { ttl_seconds, capacity, entries: Mutex::default() }
    }

    /// The link with this code, if it is cached and has not expired.
    pub fn get(&self, code: &Code, now: Timestamp) -> Option<Link> {
        if self.ttl_seconds == 0 {
            return None;
        }
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.links.get(code).filter(|cached| is_fresh(cached, now)).map(|cached| cached.link.clone())
    }

    /// The link with this code, if it was read at most [`STALE_IF_ERROR_SECONDS`] ago and has not expired. This is for
    /// when the table does not answer; the link is then fresh for a few seconds.
    pub fn get_stale(&self, code: &Code, now: Timestamp) -> Option<Link> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let cached = entries.links.get_mut(code)?;
        let age = now.since(cached.cached_at);
        if !(0..STALE_IF_ERROR_SECONDS).contains(&age) || cached.link.is_expired(now) {
            return None;
        }
        cached.fresh_for = age + STALE_RETRY_SECONDS;
        Some(cached.link.clone())
    }

    /// Caches a link.
    pub fn insert(&self, link: &Link, now: Timestamp) {
        if self.ttl_seconds == 0 {
            return;
        }
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_full(&entries) {
            entries.retain(|cached| is_fresh(cached, now));
            // If all entries are fresh, all are evicted: the popular links return with their next visit.
            if self.is_full(&entries) {
                entries.retain(|_| false);
            }
        }
        entries.insert(CachedLink { link: link.clone(), cached_at: now, fresh_for: self.ttl_seconds });
    }

    /// Removes a link that the table no longer contains.
    pub fn remove(&self, code: &Code) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(removed) = entries.links.remove(code) {
            entries.target_bytes -= removed.target_bytes();
        }
    }

    fn is_full(&self, entries: &Entries) -> bool {
        entries.links.len() >= self.capacity
            || entries.target_bytes >= self.capacity.saturating_mul(MAX_AVERAGE_TARGET_BYTES)
    }
}

fn is_fresh(cached: &CachedLink, now: Timestamp) -> bool {
    // The range excludes negative ages, so that a clock that is set back does not extend an entry.
    (0..cached.fresh_for).contains(&now.since(cached.cached_at)) && !cached.link.is_expired(now)
}

impl Entries {
    fn insert(&mut self, cached: CachedLink) {
        self.target_bytes += cached.target_bytes();
        if let Some(replaced) = self.links.insert(cached.link.code.clone(), cached) {
            self.target_bytes -= replaced.target_bytes();
        }
    }

    fn retain(&mut self, keep: impl Fn(&CachedLink) -> bool) {
        self.links.retain(|_, cached| keep(cached));
        self.target_bytes = self.links.values().map(CachedLink::target_bytes).sum();
    }
}

impl CachedLink {
    fn target_bytes(&self) -> usize {
        self.link.target.as_str().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::target::Target;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(seconds).expect("in range")
    }

    fn link(code: &str) -> Link {
        let target = Target::parse("https://example.com/", &[]).expect("a target");
        Link::new(Code::parse(code).expect("a code"), target, at(0), Some(at(103)))
    }

    #[test]
    fn a_link_is_cached_for_its_ttl_and_not_past_its_expiry() {
        let cache = LinkCache::new(5, CAPACITY);
        let abc = link("abc");
        cache.insert(&abc, at(90));
        assert_eq!(cache.get(&abc.code, at(94)), Some(abc.clone()));
        assert_eq!(cache.get(&abc.code, at(95)), None);
        assert_eq!(cache.get(&abc.code, at(89)), None);
        cache.insert(&abc, at(100));
        assert_eq!(cache.get(&abc.code, at(102)), Some(abc.clone()));
        assert_eq!(cache.get(&abc.code, at(103)), None);
    }

    #[test]
    fn the_capacity_is_a_limit_and_a_ttl_of_zero_disables_the_cache() {
        let cache = LinkCache::new(5, CAPACITY);
        for n in 0..3 * CAPACITY {
            cache.insert(&link(&format!("code-{n}")), at(90));
            assert!(cache.entries.lock().expect("a lock").links.len() <= CAPACITY);
        }
        let off = LinkCache::new(0, CAPACITY);
        off.insert(&link("abc"), at(90));
        assert_eq!(off.get(&link("abc").code, at(90)), None);
    }

    #[test]
    fn long_targets_fill_the_cache_sooner() {
        let cache = LinkCache::new(5, 100);
        let target = Target::parse(&format!("https://example.com/{}", "a".repeat(7_000)), &[]).expect("a target");
        for n in 0..1_000 {
            let code = Code::parse(&format!("code-{}", n % 300)).expect("a code");
            cache.insert(&Link::new(code, target.clone(), at(0), None), at(90));
            let entries = cache.entries.lock().expect("a lock");
            assert_eq!(entries.target_bytes, entries.links.len() * target.as_str().len());
            assert!(entries.target_bytes < 100 * MAX_AVERAGE_TARGET_BYTES + target.as_str().len());
        }
    }
}
