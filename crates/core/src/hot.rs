//! Links that were followed a moment ago, so that a hot one does not need the table.
//!
//! What that costs: a link that is withdrawn or changed is followed the old way for as many seconds as they are kept, in
//! each execution environment that knows it. It is never followed past its expiry, and what is missing is not kept.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::clock::Timestamp;
use crate::code::Code;
use crate::link::Link;

/// How many links a function keeps at most: with targets of the usual 100 bytes some 1.5 MB, of the longest 10 MB.
pub const CAPACITY: usize = 4_096;

/// Links lately followed.
#[derive(Debug)]
pub struct HotLinks {
    seconds: i64,
    capacity: usize,
    links: Mutex<HashMap<Code, Kept>>,
}

#[derive(Debug)]
struct Kept {
    link: Link,
    since: Timestamp,
}

impl HotLinks {
    /// Links are kept for `seconds`, 0 keeps none, and no more of them than `capacity`.
    pub fn new(seconds: i64, capacity: usize) -> Self {
        Self { seconds, capacity, links: Mutex::new(HashMap::new()) }
    }

    /// A link that is kept and has not expired.
    pub fn get(&self, code: &Code, now: Timestamp) -> Option<Link> {
        if self.seconds == 0 {
            return None;
        }
        let links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.get(code).filter(|kept| self.is_fresh(kept, now)).map(|kept| kept.link.clone())
    }

    /// Keeps a link.
    pub fn keep(&self, link: &Link, now: Timestamp) {
        if self.seconds == 0 {
            return;
        }
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        if links.len() >= self.capacity {
            links.retain(|_, kept| self.is_fresh(kept, now));
            // All of them are: the hottest will be back at once.
            if links.len() >= self.capacity {
                links.clear();
            }
        }
        links.insert(link.code.clone(), Kept { link: link.clone(), since: now });
    }

    fn is_fresh(&self, kept: &Kept, now: Timestamp) -> bool {
        // A clock that was set back does not make a link stay.
        (0..self.seconds).contains(&now.since(kept.since)) && !kept.link.is_expired(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Target;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(seconds).expect("in range")
    }

    fn link(code: &str) -> Link {
        let target = Target::parse("https://example.com/", &[]).expect("a target");
        Link::new(Code::parse(code).expect("a code"), target, at(0), Some(at(103)))
    }

    #[test]
    fn a_link_is_kept_for_its_seconds_and_never_past_its_expiry() {
        let hot = HotLinks::new(5, CAPACITY);
        let abc = link("abc");
        hot.keep(&abc, at(90));
        assert_eq!(hot.get(&abc.code, at(94)), Some(abc.clone()));
        assert_eq!(hot.get(&abc.code, at(95)), None);
        assert_eq!(hot.get(&abc.code, at(89)), None);
        hot.keep(&abc, at(100));
        assert_eq!(hot.get(&abc.code, at(102)), Some(abc.clone()));
        assert_eq!(hot.get(&abc.code, at(103)), None);
    }

    #[test]
    fn no_more_than_the_capacity_is_kept_and_nothing_where_that_is_asked() {
        let hot = HotLinks::new(5, CAPACITY);
        for n in 0..3 * CAPACITY {
            hot.keep(&link(&format!("code-{n}")), at(90));
            assert!(hot.links.lock().expect("a lock").len() <= CAPACITY);
        }
        let off = HotLinks::new(0, CAPACITY);
        off.keep(&link("abc"), at(90));
        assert_eq!(off.get(&link("abc").code, at(90)), None);
    }
}
