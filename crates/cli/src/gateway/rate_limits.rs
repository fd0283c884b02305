//! Rate limits, as API Gateway has them: each route has a limit of its own, for all clients together.
//!
//! The numbers are those of template.yaml, which a test compares.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use shortlink_core::http::routes::{self, Endpoint, ROUTES, Route};

/// The limit of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many requests per second are answered in the long run.
    pub per_second: u32,
    /// How many requests may arrive at once.
    pub burst: u32,
}

impl Rate {
    /// A rate with a burst of two seconds, as all are on AWS but one.
    pub const fn per_second(per_second: u32) -> Self {
        Self { per_second, burst: per_second.saturating_mul(2) }
    }
}

/// The limit of each route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Of each route that creates links.
    pub create: Rate,
    /// Of following links, their previews and QR codes.
    pub follow: Rate,
}

/// The limit of each route that creates links if anybody may.
pub const CREATE_BY_ANYBODY: Rate = Rate::per_second(5);

/// The limit of each route that creates links if only those may whom the operator knows.
pub const CREATE: Rate = Rate::per_second(50);

/// The limit of following links.
pub const FOLLOW: Rate = Rate::per_second(200);

/// The limit of reading the visits of a link, which takes many reads of the table.
const SHOW_VISITS: Rate = Rate { per_second: 2, burst: 20 };

/// The limit of the route that creates up to a hundred links.
const CREATE_SEVERAL: Rate = Rate { per_second: 1, burst: 10 };

/// The limit of every other route.
const OTHER: Rate = Rate::per_second(20);

impl Rates {
    /// The limit of a method of a route.
    pub fn of(&self, route: &Route, method: &str) -> Rate {
        match (route.endpoint, method) {
            (Endpoint::CreateLink | Endpoint::DeclareLink, _) => self.create,
            (Endpoint::Link, "GET") => self.follow,
            (Endpoint::ShowVisits, _) => SHOW_VISITS,
            (Endpoint::CreateLinks, _) => CREATE_SEVERAL,
            _ => OTHER,
        }
    }
}

/// Counts the requests of each route.
#[derive(Debug)]
pub struct RateLimits {
    start: Instant,
    /// The method and the pattern of a route, and its bucket.
    routes: Vec<(&'static str, &'static str, TokenBucket)>,
    default_route: TokenBucket,
}

impl RateLimits {
    /// Limits with these rates. All requests of a burst are free at first.
    pub fn new(rates: Rates) -> Self {
        let methods = ROUTES.iter().flat_map(|route| route.methods.iter().map(move |method| (route, *method)));
        let mut routes: Vec<_> =
            methods.map(|(route, method)| (method, route.pattern, TokenBucket::new(rates.of(route, method)))).collect();
        // The route that most requests have is found first.
        routes.sort_by_key(|(method, pattern, _)| (*method, *pattern) != ("GET", "/{code}"));
        Self { start: Instant::now(), routes, default_route: TokenBucket::new(OTHER) }
    }

    /// Counts a request.
    ///
    /// # Errors
    ///
    /// The limit is exceeded; it is not in so many seconds, at least one.
    pub(super) fn take(&self, route: &Route, method: &str) -> Result<(), u64> {
        let is_route = |(m, pattern, _): &&(&str, &str, _)| *m == method && *pattern == route.pattern;
        let bucket = match route.pattern {
            routes::DEFAULT => &self.default_route,
            _ => self.routes.iter().find(is_route).map_or(&self.default_route, |(_, _, bucket)| bucket),
        };
        bucket.take(self.start.elapsed()).map_err(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
    }
}

/// A token bucket in one number (the generic cell rate algorithm): the time at which the bucket will be full again. Each
/// request moves it by the time that a token takes, and is refused if it would be later than the whole bucket takes.
#[derive(Debug)]
struct TokenBucket {
    token_nanos: u64,
    bucket_nanos: u64,
    full_at_nanos: AtomicU64,
}

impl TokenBucket {
    fn new(rate: Rate) -> Self {
        let token_nanos = 1_000_000_000 / u64::from(rate.per_second.max(1));
        let bucket_nanos = token_nanos * u64::from(rate.burst.max(1));
        Self { token_nanos, bucket_nanos, full_at_nanos: AtomicU64::new(0) }
    }

    /// Takes a token at a time since the start. The error is the time until there is one.
    fn take(&self, now: Duration) -> Result<(), Duration> {
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let next = |full_at: u64| full_at.max(now).saturating_add(self.token_nanos);
        let is_free = |full_at: u64| full_at.saturating_sub(now) <= self.bucket_nanos;
        let taken = self.full_at_nanos.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| {
            Some(next(full_at)).filter(|full_at| is_free(*full_at))
        });
        taken.map(drop).map_err(|full_at| {
            Duration::from_nanos(next(full_at).saturating_sub(now).saturating_sub(self.bucket_nanos))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_then_the_rate_holds() {
        let bucket = TokenBucket::new(Rate { per_second: 5, burst: 10 });
        let at = |milliseconds| bucket.take(Duration::from_millis(milliseconds));
        for _ in 0..10 {
            assert_eq!(at(1_000), Ok(()));
        }
        assert_eq!(at(1_000), Err(Duration::from_millis(200)));
        assert_eq!(at(1_150), Err(Duration::from_millis(50)));
        assert_eq!(at(1_200), Ok(()));
        assert_eq!(at(1_200), Err(Duration::from_millis(200)));
        // A bucket holds no more than a burst, however long it waits.
        for _ in 0..10 {
            assert_eq!(at(100_000), Ok(()));
        }
        assert!(at(100_000).is_err());
    }

    #[test]
    fn each_route_has_a_limit_of_its_own() {
        let limits = RateLimits::new(Rates { create: Rate { per_second: 1, burst: 1 }, follow: FOLLOW });
        let take = |method, path| limits.take(routes::find(method, path).route, method);
        assert_eq!(take("POST", "/shorten"), Ok(()));
        assert_eq!(take("POST", "/shorten"), Err(1));
        assert_eq!(take("POST", "/links"), Ok(()));
        assert_eq!(take("PUT", "/links/abc"), Ok(()));
        assert_eq!(take("PUT", "/links/other"), Err(1));
        assert_eq!(take("GET", "/abc"), Ok(()));
        for _ in 0..40 {
            assert_eq!(take("GET", "/a/b/c"), Ok(()));
        }
        assert_eq!(take("DELETE", "/a/b/c"), Err(1));
    }
}
