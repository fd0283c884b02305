//! API keys kept in memory, so that most requests need no read for their key.
//!
//! The trade-off: a key that is revoked is accepted for up to [`KNOWN_SECONDS`] more by a process that has it cached.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use shortlink_core::domain::api_key::{ApiKey, KeyRecord};
use shortlink_core::domain::clock::Timestamp;
use shortlink_core::dynamodb::error::StoreError;
use shortlink_core::dynamodb::store::Store;

/// For how long a key is kept, in seconds.
const KNOWN_SECONDS: i64 = 60;

/// For how long it is kept that there is no such key, in seconds: a new key works at the latest after that.
const UNKNOWN_SECONDS: i64 = 10;

/// The maximum number of keys that are kept. A client that guesses keys fills the cache; it is then emptied.
const CAPACITY: usize = 1_000;

/// Keys by their digest.
#[derive(Debug, Default)]
pub(crate) struct KeyCache(Mutex<HashMap<String, CachedKey>>);

#[derive(Clone, Debug)]
struct CachedKey {
    record: Option<KeyRecord>,
    read_at: Timestamp,
}

impl KeyCache {
    /// The key with this secret, from the cache or from the table.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub(crate) async fn find(
        &self,
        store: &Store,
        key: &ApiKey,
        now: Timestamp,
    ) -> Result<Option<KeyRecord>, StoreError> {
        let digest = key.digest();
        if let Some(cached) = self.get(&digest, now) {
            return Ok(cached.record);
        }
        let record = store.find_key(&digest).await?;
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= CAPACITY {
            keys.clear();
        }
        keys.insert(digest, CachedKey { record: record.clone(), read_at: now });
        Ok(record)
    }

    fn get(&self, digest: &str, now: Timestamp) -> Option<CachedKey> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cached = keys.get(digest)?;
        let lifetime = if cached.record.is_some() { KNOWN_SECONDS } else { UNKNOWN_SECONDS };
        (0..lifetime).contains(&now.since(cached.read_at)).then(|| cached.clone())
    }
}
