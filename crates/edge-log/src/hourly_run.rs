//! Counting what is new.

use shortlink_core::domain::clock::{Clock, Timestamp};
use shortlink_core::dynamodb::log_entries::LogEntry;
use shortlink_core::dynamodb::store::Store;
use shortlink_core::visits::recorder::VisitTracking;
use tokio::time::{Duration, Instant};

use crate::bucket::Bucket;
use crate::config::Config;
use crate::{counter, log_file};

/// The hours whose files are looked for: CloudFront may deliver lines a day late.
pub const HOURS: i64 = 26;

/// How long before its end a run starts no further file.
const RESERVE: Duration = Duration::from_secs(60);

/// What a run has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// The files that were counted.
    pub files: usize,
    /// The visits in them.
    pub visits: u64,
    /// The files that could not be counted. The next run tries again.
    pub failed: usize,
    /// The files that were left to the next run, because there was no time.
    pub left: usize,
}

/// Counts the files of the last [`HOURS`] that have not been counted. A file that fails does not keep others from being
/// counted. No file is begun in the last minute before `deadline`.
pub async fn run(config: &Config, store: &Store, bucket: &Bucket, clock: &Clock, deadline: Instant) -> Summary {
    let mut summary = Summary::default();
    if config.visits == VisitTracking::Off {
        return summary;
    }
    let now = clock.now();
    for prefix in prefixes(&config.logs.prefix, now) {
        let keys = match Box::pin(uncounted(store, bucket, &prefix, now)).await {
            Ok(keys) => keys,
            Err(error) => {
                tracing::error!(error, prefix, "the logs could not be listed; the next run tries again");
                summary.failed += 1;
                continue;
            }
        };
        for key in keys {
            if Instant::now() + RESERVE > deadline {
                summary.left += 1;
                continue;
            }
            // The box keeps the future's type short: it would otherwise nest the futures of the SDK deeper than the compiler
            // allows.
            match Box::pin(count(config, store, bucket, &key, now)).await {
                Ok(visits) => {
                    summary.files += 1;
                    summary.visits += visits;
                }
                Err(error) => {
                    tracing::error!(error, file = key, "a log could not be counted; the next run tries again");
                    summary.failed += 1;
                }
            }
        }
    }
    let Summary { files, visits, failed, left } = summary;
    tracing::info!(files, visits, failed, left, "counted the visits that CloudFront has answered");
    summary
}

/// The folders of the last hours, the latest first: `{prefix}2030/01/31/12/`.
fn prefixes(prefix: &str, now: Timestamp) -> impl Iterator<Item = String> {
    (0..HOURS).filter_map(move |hours| {
        let text = now.plus(-hours * 3_600)?.to_string();
        let (date, time) = text.split_once('T')?;
        Some(format!("{prefix}{}/{}/", date.replace('-', "/"), time.get(..2)?))
    })
}

/// The files of a folder that have not been counted.
async fn uncounted(store: &Store, bucket: &Bucket, prefix: &str, now: Timestamp) -> Result<Vec<String>, String> {
    let keys = bucket.list(prefix).await.map_err(|error| error.to_string())?;
    let entries: Vec<_> = keys.iter().map(|key| LogEntry::of_log(key, now)).collect();
    let counted = store.existing_log_entries(&entries).await.map_err(|error| error.to_string())?;
    Ok(keys.into_iter().zip(counted).filter(|(_, counted)| !counted).map(|(key, _)| key).collect())
}

/// Counts a file, and returns how many visits it contains.
async fn count(config: &Config, store: &Store, bucket: &Bucket, key: &str, now: Timestamp) -> Result<u64, String> {
    let compressed = bucket.read(key).await.map_err(|error| error.to_string())?;
    let counts = log_file::count(&compressed, config.visits);
    let (garbage, is_damaged) = (counts.garbage, counts.is_damaged);
    if garbage > 0 || is_damaged {
        tracing::error!(garbage, is_damaged, file = key, "a log contains lines that are none, which are not counted");
    }
    let counted = counter::count_once(store, key, &counts, config.visits_retention, now).await;
    let counted = counted.map_err(|error| error.to_string())?;
    if counted.unknown > 0 {
        tracing::warn!(unknown = counted.unknown, file = key, "a log contains redirects of links that do not exist");
    }
    Ok(counted.visits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_a_day_and_more_are_searched() {
        let now = Timestamp::parse("2030-01-01T00:30:00Z").expect("an instant");
        let prefixes: Vec<_> = prefixes("AWSLogs/1/CloudFront/E1/", now).collect();
        assert_eq!(prefixes.len(), 26);
        assert_eq!(prefixes.first().map(String::as_str), Some("AWSLogs/1/CloudFront/E1/2030/01/01/00/"));
        assert_eq!(prefixes.get(1).map(String::as_str), Some("AWSLogs/1/CloudFront/E1/2029/12/31/23/"));
        assert_eq!(prefixes.last().map(String::as_str), Some("AWSLogs/1/CloudFront/E1/2029/12/30/23/"));
    }
}
