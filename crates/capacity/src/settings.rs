//! The constants of Shortlink that the model depends on, read from the crates that use them, in the model's units.

use std::sync::LazyLock;

use resolve::config::Config;
use shortlink_core::config::Environment;
use shortlink_core::domain::code_generator;
use shortlink_core::dynamodb::retries;
use shortlink_core::visits::{recorder, writer};

pub(crate) use retries::MAX_ATTEMPTS;
pub(crate) use writer::CONCURRENT_WRITES;

/// How many codes of one length `shorten` tries before it tries longer ones.
#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "it is small")]
pub(crate) const ATTEMPTS_PER_LENGTH: i32 = code_generator::ATTEMPTS_PER_LENGTH as i32;

/// The SDK's longest pause before the second attempt of a call, seconds. It doubles with each attempt.
pub(crate) const INITIAL_BACKOFF: f64 = retries::INITIAL_BACKOFF.as_secs_f64();

/// The longest pause after failed writes of counts, seconds.
pub(crate) const MAX_BACKOFF_SECONDS: f64 = recorder::MAX_BACKOFF_SECONDS as f64;

/// The least time between two writes of a link's counts by one environment, seconds.
pub(crate) const MIN_INTERVAL_SECONDS: f64 = writer::MIN_INTERVAL_SECONDS as f64;

/// How long an environment caches a link by default, seconds.
pub(crate) static LINK_CACHE_SECONDS: LazyLock<f64> = LazyLock::new(|| default_config().link_cache_seconds as f64);

/// The settings of `resolve` if the operator sets none.
#[expect(clippy::expect_used, reason = "a default that is invalid is a defect")]
pub(crate) fn default_config() -> Config {
    Config::read(&Environment::new(&|_| None)).expect("the defaults are valid")
}

#[cfg(test)]
mod tests {
    use shortlink_core::link_cache;
    use shortlink_core::visits::recorder::VisitTracking;

    use super::*;
    use crate::limits::ENVIRONMENT_RATE;

    #[test]
    fn model_assumes_the_default_visit_tracking() {
        // A visit costs one write, as it does without counts by day.
        assert_eq!(default_config().visits, VisitTracking::Daily);
    }

    #[test]
    fn environment_never_fills_its_memory() {
        // At ten requests a second, the simulation needs neither the cache's capacity nor the limit on pending links.
        let links = ENVIRONMENT_RATE * LINK_CACHE_SECONDS.max(MAX_BACKOFF_SECONDS);
        assert!(links < link_cache::CAPACITY.min(recorder::MAX_PENDING) as f64);
    }
}
