//! Links kept in memory, so that a popular link needs no read of the table.
//!
//! The trade-off: after a link is edited or withdrawn, each execution environment that has it cached redirects to the old
//! target until the entry's time to live ends. Expiry is checked on each lookup. Missing links are not cached.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::domain::clock::Timestamp;
use crate::domain::code::Code;
use crate::domain::link::Link;

/// The capacity of a function's cache, in links: about 1.5 MB with targets of the usual 100 bytes, 10 MB with the longest.
pub const CAPACITY: usize = 4_096;

/// A cache of links with a time to live and a bounded size.
#[derive(Debug)]
pub struct LinkCache {
    ttl_seconds: i64,
    capacity: usize,
    links: Mutex<HashMap<Code, CachedLink>>,
}

#[derive(Debug)]
struct CachedLink {
    link: Link,
    cached_at: Timestamp,
}

impl LinkCache {
    /// A cache that keeps at most `capacity` links for `ttl_seconds` each; 0 seconds disable it.
    pub fn new(ttl_seconds: i64, capacity: usize) -> Self {
        Self { ttl_seconds, capacity, links: Mutex::new(HashMap::new()) }
    }

    /// The link with this code, if it is cached and has not expired.
    pub fn get(&self, code: &Code, now: Timestamp) -> Option<Link> {
        if self.ttl_seconds == 0 {
            return None;
        }
        let links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.get(code).filter(|cached| self.is_fresh(cached, now)).map(|cached| cached.link.clone())
    }

    /// Caches a link.
    pub fn insert(&self, link: &Link, now: Timestamp) {
        if self.ttl_seconds == 0 {
            return;
        }
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        if links.len() >= self.capacity {
            links.retain(|_, cached| self.is_fresh(cached, now));
            // If all entries are fresh, all are evicted: the popular links return with their next visit.
            if links.len() >= self.capacity {
                links.clear();
            }
        }
        links.insert(link.code.clone(), CachedLink { link: link.clone(), cached_at: now });
    }

    fn is_fresh(&self, cached: &CachedLink, now: Timestamp) -> bool {
        // The range excludes negative ages, so that a clock that is set back does not extend an entry.
        (0..self.ttl_seconds).contains(&now.since(cached.cached_at)) && !cached.link.is_expired(now)
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
            assert!(cache.links.lock().expect("a lock").len() <= CAPACITY);
        }
        let off = LinkCache::new(0, CAPACITY);
        off.insert(&link("abc"), at(90));
        assert_eq!(off.get(&link("abc").code, at(90)), None);
    }
}
