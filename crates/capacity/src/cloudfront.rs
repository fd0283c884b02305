//! The share of redirects that CloudFront would serve from its caches.
//!
//! Each cache requests a link at most once per TTL. Of a link that a cache is asked for `n` times per TTL, one in
//! `1 + n` requests goes to the API.

use std::collections::HashMap;

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use rand_distr::{Distribution, Exp1};

use crate::traffic::Load;

/// Assumed: the number of caches that request links from the API, each for one part of the world. CloudFront has
/// hundreds of small caches, and behind them some dozen regional ones; the model spreads visitors evenly over the
/// latter.
const CACHES: f64 = 13.0;

/// How long a cache keeps a redirect, seconds: `EDGE_CACHE_SECONDS`.
pub(crate) const TTL: f64 = 60.0;

/// Assumed: the time that each file of CloudFront's logs covers, seconds. It delivers them "several times an hour".
const LOG_FILE_SECONDS: f64 = 300.0;

/// The write units with which `edge-log` counts the visits of a link in a file, however many they are: a transaction of two
/// items, at twice the price.
const UNITS_PER_LOGGED_LINK: f64 = 4.0;

/// Estimates how many write units `edge-log` needs per redirect, whether it was a cache hit or not.
pub(crate) fn estimate_logged_units(load: Load) -> f64 {
    let per_ttl = requests_per_ttl(load);
    let in_file = |share: f64| {
        let hit_ratio = 1.0 - 1.0 / (1.0 + per_ttl * share);
        1.0 - (-load.rate * share * hit_ratio * LOG_FILE_SECONDS).exp()
    };
    let links: f64 = load.pattern.link_groups().iter().map(|group| group.links * in_file(group.share)).sum();
    links * UNITS_PER_LOGGED_LINK / (load.rate * LOG_FILE_SECONDS)
}

/// Estimates the share of redirects that are cache hits.
pub(crate) fn estimate_hit_ratio(load: Load) -> f64 {
    let requests = requests_per_ttl(load);
    let hit_ratio = |share: f64| 1.0 - 1.0 / (1.0 + requests * share);
    load.pattern.link_groups().iter().map(|group| group.links * group.share * hit_ratio(group.share)).sum()
}

/// Simulates one cache and returns the share of redirects that are cache hits. The unit of time is the TTL.
pub(crate) fn simulate_hit_ratio(load: Load, seed: u64) -> f64 {
    let rate = requests_per_ttl(load);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let links = load.pattern.sampler();
    let mut expiries: HashMap<u32, f64> = HashMap::new();
    let (mut now, mut requests, mut hits) = (0.0, 0.0, 0.0);
    // The cache fills during the first unit; at least one more is counted, and at least 20,000 requests.
    let end = 2.0 + 20_000.0 / rate;
    while now < end {
        let gap: f64 = Exp1.sample(&mut rng);
        now += gap / rate;
        let expiry = expiries.entry(links.sample(&mut rng)).or_insert(0.0);
        let is_hit = now < *expiry;
        if !is_hit {
            *expiry = now + 1.0;
        }
        if now >= 1.0 {
            requests += 1.0;
            hits += if is_hit { 1.0 } else { 0.0 };
        }
    }
    hits / requests
}

/// The requests to one cache during a TTL.
fn requests_per_ttl(load: Load) -> f64 {
    load.rate / CACHES * TTL
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::Pattern;

    /// However many visits a popular link has, a file costs it one transaction; rare links cost one each time.
    #[test]
    fn logs_cost_by_link_and_file() {
        let one = |rate| estimate_logged_units(Load { rate, pattern: Pattern::OneLink }) * rate * LOG_FILE_SECONDS;
        assert!((one(100.0) - UNITS_PER_LOGGED_LINK).abs() < 0.001, "{}", one(100.0));
        assert!((one(10_000.0) - UNITS_PER_LOGGED_LINK).abs() < 0.001, "{}", one(10_000.0));
        for rate in [1.0, 100.0, 10_000.0, 1_000_000.0] {
            let load = Load { rate, pattern: Pattern::Mix };
            let units = estimate_logged_units(load);
            assert!(units > 0.0 && units < UNITS_PER_LOGGED_LINK * estimate_hit_ratio(load), "{rate}: {units}");
        }
    }

    #[test]
    fn simulation_confirms_the_estimate() {
        for rate in [1.0, 100.0, 10_000.0] {
            for pattern in Pattern::ALL {
                let load = Load { rate, pattern };
                let (estimated, simulated) = (estimate_hit_ratio(load), simulate_hit_ratio(load, 7));
                assert!((estimated - simulated).abs() < 0.02, "{load:?}: {estimated} and {simulated}");
            }
        }
    }
}
