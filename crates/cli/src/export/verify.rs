//! `shortlink export verify`: proves that an export can be restored, and that each of its links then works.

use std::io;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use shortlink_core::dynamodb::item_kind::ItemKind;
use shortlink_core::dynamodb::store::Store;

use super::error::ExportError;
use super::file::{Counts, ExportReader, Record, line_of};
use super::follower::{Follower, expected};
use super::restored::restore;
use crate::error::CliError;
use crate::output::progress::Progress;

/// How many differences are printed.
const MAX_PRINTED: usize = 100;

/// The options of `shortlink export verify`.
#[derive(Debug, Args)]
#[command(after_help = "Example:  shortlink export verify links.ndjson")]
pub struct VerifyOptions {
    /// The file of the export
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Print the result as a JSON document
    #[arg(long)]
    json: bool,
}

/// The result, as a JSON document.
#[derive(Serialize)]
struct Report<'a> {
    file: &'a PathBuf,
    table: &'a str,
    exported_at: &'a str,
    #[serde(flatten)]
    counts: Counts,
    different: usize,
    /// The first of them.
    differences: &'a [Difference],
}

/// An item or a link that is not as it should be.
#[derive(Debug, Serialize)]
struct Difference {
    line: u64,
    key: String,
    reason: String,
}

/// Verifies an export. `print` is called with each line for the user.
///
/// # Errors
///
/// [`CliError`], also if anything differs.
pub async fn verify(options: VerifyOptions, print: impl Fn(&str) -> io::Result<()>) -> Result<(), CliError> {
    let restored = restore(&options.file).await?;
    let (header, counts) = (&restored.header, restored.trailer.counts);
    let invalid = || ExportError::NotAnExport(options.file.clone());
    // The links are followed as at the time of the export: most of those in an old one are over today.
    let now = header.instant().ok_or_else(invalid)?;
    let (store, follower) = (restored.store(), Follower::new(restored.store(), now)?);
    let progress = Progress::new(Some(counts.items), "items compared");
    let (mut export, mut differences) = (ExportReader::open(&options.file)?, Vec::new());
    while let Some(record) = export.next_record()? {
        let reason = match restored.refused.iter().find(|(key, _)| *key == record.key) {
            Some((_, reason)) => Some(format!("cannot be restored: {reason}")),
            None => compare(&record, &store).await?,
        };
        let reason = match reason {
            None if record.kind == ItemKind::Link => {
                let (expected, actual) = (expected(&record.item, now), follower.follow(&record.key).await);
                (expected != actual).then(|| format!("should answer with {expected}; it answers with {actual}"))
            }
            reason => reason,
        };
        if let Some(reason) = reason {
            differences.push(Difference { line: record.line, key: record.key, reason });
        }
        progress.add(1);
    }
    drop(progress);
    let printed = differences.get(..differences.len().min(MAX_PRINTED)).unwrap_or_default();
    if options.json {
        let different = differences.len();
        let (table, exported_at) = (header.table.as_str(), header.exported_at.as_str());
        let report = Report { file: &options.file, table, exported_at, counts, different, differences: printed };
        print(&serde_json::to_string(&report)?).map_err(CliError::Output)?;
    } else {
        for Difference { line, key, reason } in printed {
            print(&format!("line {line}: {key:?} {reason}")).map_err(CliError::Output)?;
        }
    }
    if !differences.is_empty() {
        return Err(ExportError::Differs(differences.len() as u64).into());
    }
    if options.json {
        return Ok(());
    }
    let Counts { items, links, .. } = counts;
    let sentence = format!(
        "{} is whole: all {items} items can be restored, and all {links} links were followed and answer as they did in {} \
         at {}.",
        options.file.display(),
        header.table,
        header.exported_at
    );
    print(&sentence).map_err(CliError::Output)
}

/// What differs between a record and the restored item, if anything does.
async fn compare(record: &Record, store: &Store) -> Result<Option<String>, CliError> {
    Ok(match store.whole_item(&record.key).await? {
        None => Some("is missing after it was restored".to_owned()),
        Some(item) if line_of(item.clone())? != record.text => Some("is another item after it was restored".to_owned()),
        Some(_) => None,
    })
}
