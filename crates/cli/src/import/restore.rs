//! Restoring an export of Shortlink into a table, item by item.

use std::collections::VecDeque;
use std::path::Path;

use shortlink_core::dynamodb::error::StoreError;
use shortlink_core::dynamodb::item_kind::ItemKind;
use shortlink_core::dynamodb::items::{Item, attribute};
use tokio::task::JoinHandle;

use super::error::ImportFailure;
use super::report::{Entry, Fate, Report};
use super::writer::ItemWriter;
use crate::error::CliError;
use crate::export::file::{ExportReader, Record, line_of};
use crate::interruption::Interruption;
use crate::output::progress::Progress;

/// How many items are put at the same time.
const CONCURRENCY: usize = 256;

type Put = (Record, JoinHandle<Result<Option<Item>, StoreError>>);

/// Restores the export in the file at `path`.
///
/// # Errors
///
/// [`CliError`], also if the file is damaged: then nothing has been written.
pub(super) async fn restore(
    path: &Path,
    writer: &ItemWriter,
    interruption: &Interruption,
    report: &mut Report,
) -> Result<(), CliError> {
    let mut check = ExportReader::open(path)?;
    while check.next_record()?.is_some() {}
    let items = check.trailer().map(|trailer| trailer.counts.items);
    let progress = Progress::new(items, "items");
    let (mut export, mut puts) = (ExportReader::open(path)?, VecDeque::<Put>::new());
    loop {
        let record = if interruption.is_requested() { None } else { export.next_record()? };
        let is_end = record.is_none();
        if let Some(record) = record {
            let (writer, item, bytes) = (writer.clone(), record.item.clone(), record.text.len());
            let put = tokio::spawn(async move { writer.put(&item, bytes).await });
            puts.push_back((record, put));
        }
        while puts.len() >= CONCURRENCY || is_end {
            let Some((record, put)) = puts.pop_front() else { break };
            let existing = put.await.map_err(|error| CliError::Runtime(error.into()))?;
            report.add(entry(&record, existing)?)?;
            progress.add(1);
        }
        if is_end {
            break;
        }
    }
    if interruption.is_requested() {
        report.flush()?;
        return Err(ImportFailure::Stopped(report.tally().rows()).into());
    }
    Ok(())
}

/// What became of a record.
fn entry(record: &Record, existing: Result<Option<Item>, StoreError>) -> Result<Entry, CliError> {
    let (outcome, reason) = match existing {
        Ok(None) => (Fate::New, None),
        Ok(Some(existing)) if line_of(existing.clone())? == record.text => (Fate::Same, None),
        Ok(Some(existing)) if record.kind == ItemKind::Link => {
            let target = existing.get(attribute::TARGET).and_then(|target| target.as_s().ok());
            match target == record.item.get(attribute::TARGET).and_then(|target| target.as_s().ok()) {
                // The link was changed since, or visited, but leads to the same place.
                true => (Fate::Same, None),
                false => {
                    let target = target.map_or("something else", String::as_str);
                    (Fate::Conflict, Some(format!("the code leads to {target} already")))
                }
            }
        }
        Ok(Some(_)) => (Fate::Kept, Some("there is another item already, which was left as it is".to_owned())),
        Err(error) if error.is_about_item() => (Fate::Refused, Some(error.to_string())),
        Err(error) => return Err(error.into()),
    };
    let (position, code) = (format!("line {}", record.line), Some(record.key.clone()));
    Ok(Entry { position, code, outcome, reason, not_carried: Vec::new() })
}
