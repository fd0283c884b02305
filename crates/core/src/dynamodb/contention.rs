//! Waiting before a write is tried again that a concurrent request has made fail.

use std::time::Duration;

use rand::RngExt;

/// The longest back-off after the first attempt, in milliseconds. It doubles with each attempt, up to
/// [`MAX_BACKOFF_MS`].
const INITIAL_BACKOFF_MS: u64 = 10;

/// The longest back-off between two attempts, in milliseconds.
const MAX_BACKOFF_MS: u64 = 200;

/// Sleeps for a random time, so that requests that collided do not collide again. The first attempt is number 0.
pub async fn back_off(attempt: u32) {
    let longest = INITIAL_BACKOFF_MS.saturating_mul(1 << attempt.min(10)).min(MAX_BACKOFF_MS);
    let mut rng = rand::rand_core::UnwrapErr(rand::rngs::SysRng);
    tokio::time::sleep(Duration::from_millis(rng.random_range(0..=longest))).await;
}
