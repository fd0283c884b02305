//! The grant key kept in memory, so that verifying a grant needs no call.

use std::time::Duration;

use rand::RngExt;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use shortlink_core::domain::clock::Timestamp;
use tokio::sync::Mutex;

use crate::grant::key::GrantKeys;
use crate::grant::key_source::{KeySource, KeySourceError};

/// For how long a key is used before it is read again, in seconds: about ten minutes. It is random, so that environments
/// which started together do not read together.
const REFRESH_SECONDS: std::ops::RangeInclusive<i64> = 540..=660;

/// After a read that failed, and before a read because of an unknown key id, in seconds. A stranger can invent key ids, and
/// Parameter Store allows 40 reads per second and account.
const RETRY_SECONDS: i64 = 30;

/// How long a request waits for a read while a key is in memory.
const REFRESH_TIMEOUT: Duration = Duration::from_millis(500);

/// The keys of a [`KeySource`], kept in memory.
#[derive(Debug)]
pub struct GrantKeyCache {
    source: KeySource,
    cached: Mutex<CachedKeys>,
}

#[derive(Debug, Default)]
struct CachedKeys {
    keys: Option<GrantKeys>,
    last_read: Option<Timestamp>,
    /// Seconds from the last read to the next one.
    interval: i64,
}

impl GrantKeyCache {
    /// A cache that has read nothing yet.
    pub fn new(source: KeySource) -> Self {
        Self { source, cached: Mutex::default() }
    }

    /// The keys, for a grant whose key has this id; `None` if they cannot be read. The last ones are kept while the source
    /// fails, and dropped if it says that there are none. The mutex lets one request read, and the others wait for it.
    pub(crate) async fn keys(&self, key_id: &str, now: Timestamp) -> Option<GrantKeys> {
        let mut cached = self.cached.lock().await;
        let is_known = cached.keys.as_ref().is_some_and(|keys| keys.find(key_id).is_some());
        let interval = if is_known { cached.interval } else { cached.interval.min(RETRY_SECONDS) };
        let is_fresh = |read_at| (0..interval).contains(&now.since(read_at));
        if !cached.last_read.is_some_and(is_fresh) {
            // Set before the read, because a request that takes too long is dropped in the middle of it.
            cached.last_read = Some(now);
            cached.interval = RETRY_SECONDS;
            self.refresh(&mut cached).await;
        }
        cached.keys.clone()
    }

    async fn refresh(&self, cached: &mut CachedKeys) {
        let read = self.source.read();
        let read = match &cached.keys {
            None => read.await,
            Some(_) => tokio::time::timeout(REFRESH_TIMEOUT, read).await.unwrap_or_else(|_| {
                Err(KeySourceError::Unavailable("the grant key".to_owned(), "the read took too long".to_owned()))
            }),
        };
        match read {
            Ok(keys) => {
                cached.keys = Some(keys);
                cached.interval = UnwrapErr(SysRng).random_range(REFRESH_SECONDS);
            }
            Err(error) => {
                if matches!(error, KeySourceError::Missing(_)) {
                    cached.keys = None;
                }
                if cached.keys.is_some() {
                    tracing::warn!(%error, "the grant key could not be read again; the last one stays in use");
                } else {
                    tracing::error!(%error, "the grant key could not be read; grants are refused");
                }
            }
        }
    }
}
