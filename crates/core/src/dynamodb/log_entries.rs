//! Entries that say which visits in a CDN's log have been counted.
//!
//! A log is a file, which may be delivered twice and be read again after a failure. So each of its links gets an entry, in
//! the transaction that adds the link's visits, and the file gets one when all of its links have theirs.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Put};
use sha2::{Digest, Sha256};

use crate::domain::clock::{DAY_SECONDS, Timestamp};
use crate::domain::code::Code;
use crate::domain::link::Link;
use crate::dynamodb::batch_reads::MAX_KEYS;
use crate::dynamodb::error::StoreError;
use crate::dynamodb::items::attribute::{CODE, PURGE_AT};
use crate::dynamodb::items::{Item, expression, number, to_link};
use crate::dynamodb::store::Store;

/// How long entries are kept, in seconds: longer than a log is read for.
pub const RETENTION_SECONDS: i64 = 4 * DAY_SECONDS;

/// An entry of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    key: String,
    purge_at: Timestamp,
}

impl LogEntry {
    /// The entry of a log as a whole, which has this name.
    pub fn of_log(name: &str, now: Timestamp) -> Self {
        let digest = Sha256::digest(name);
        // Half of the digest is enough to distinguish names.
        let key = digest.iter().take(16).fold(String::from("edgelog#"), |key, byte| format!("{key}{byte:02x}"));
        Self { key, purge_at: now.plus(RETENTION_SECONDS).unwrap_or(now) }
    }

    /// The entry of one link in that log.
    #[must_use]
    pub fn of_link(&self, code: &Code) -> Self {
        Self { key: format!("{}#{code}", self.key), ..self.clone() }
    }

    /// An id for the flushes of the log's counts. It is the same in each repetition.
    pub fn flush_id(&self) -> String {
        self.key.chars().skip("edgelog#".len()).take(16).collect()
    }

    /// The put of the entry, on the condition that it does not exist.
    pub(super) fn put(&self, table: &str) -> PutBuilder {
        let put = Put::builder().table_name(table);
        put.set_item(Some(self.item())).condition_expression(expression::KEY_NOT_EXISTS)
    }

    fn item(&self) -> Item {
        Item::from([
            (CODE.to_owned(), AttributeValue::S(self.key.clone())),
            (PURGE_AT.to_owned(), number(self.purge_at.unix())),
        ])
    }
}

impl Store {
    /// Those of the entries that exist, in the same order.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn existing_log_entries(&self, entries: &[LogEntry]) -> Result<Vec<bool>, StoreError> {
        let mut found = HashSet::new();
        for entries in entries.chunks(MAX_KEYS) {
            for item in self.get_items(entries.iter().map(|entry| entry.key.clone()), true, Some(CODE)).await? {
                found.extend(item.get(CODE).and_then(|key| key.as_s().ok()).cloned());
            }
        }
        Ok(entries.iter().map(|entry| found.contains(&entry.key)).collect())
    }

    /// Puts an entry.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn put_log_entry(&self, entry: &LogEntry) -> Result<(), StoreError> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(entry.item()));
        put.send().await.map(drop).map_err(|error| StoreError::from_sdk(&error))
    }

    /// The links with these codes, whether they still redirect or not. Codes of no link are left out.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn links_of(&self, codes: &[Code]) -> Result<Vec<Link>, StoreError> {
        let mut links = Vec::new();
        for codes in codes.chunks(MAX_KEYS) {
            let keys = codes.iter().map(|code| code.as_str().to_owned());
            // What is not a link, or not a valid one, does not redirect either.
            links.extend(self.get_items(keys, false, None).await?.into_iter().filter_map(|item| to_link(item).ok()));
        }
        Ok(links)
    }
}
