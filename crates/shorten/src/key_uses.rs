//! When API keys were last used, to the hour, for the operator who looks for keys that nobody needs.
//!
//! A use is written after the response, at most once an hour for each key and process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use shortlink_core::domain::clock::Timestamp;
use shortlink_core::dynamodb::store::Store;

/// The time between two writes for one key, in seconds.
const INTERVAL_SECONDS: i64 = 3_600;

/// The uses of keys, by the digest of the key. Only keys that are in the table are recorded, so there are not more than
/// the operator has created.
#[derive(Debug, Default)]
pub(crate) struct KeyUses(Mutex<HashMap<String, KeyUse>>);

#[derive(Clone, Copy, Debug)]
struct KeyUse {
    used_at: Timestamp,
    is_written: bool,
}

impl KeyUses {
    /// Records that a key is used `now`.
    pub(crate) fn record(&self, digest: &str, now: Timestamp) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |recorded: &KeyUse| (0..INTERVAL_SECONDS).contains(&now.since(recorded.used_at));
        if !uses.get(digest).is_some_and(is_recent) {
            uses.insert(digest.to_owned(), KeyUse { used_at: now, is_written: false });
        }
    }

    /// Writes the uses that have not been written. A write that fails is not repeated: an hour later the next one follows.
    pub(crate) async fn write(&self, store: &Store) {
        for (digest, used_at) in self.take() {
            if let Err(error) = store.use_key(&digest, used_at).await {
                tracing::warn!(%error, "the last use of an API key could not be written");
            }
        }
    }

    fn take(&self) -> Vec<(String, Timestamp)> {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let unwritten = uses.iter_mut().filter(|(_, recorded)| !recorded.is_written);
        unwritten
            .map(|(digest, recorded)| {
                recorded.is_written = true;
                (digest.clone(), recorded.used_at)
            })
            .collect()
    }
}
