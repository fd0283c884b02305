//! Importing the links of another shortener's export.

use std::collections::VecDeque;
use std::collections::hash_map::{Entry as MapEntry, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use shortlink_core::domain::clock::Timestamp;
use shortlink_core::dynamodb::error::StoreError;
use shortlink_core::dynamodb::imported_links::is_of_import;
use shortlink_core::dynamodb::items::{Item, attribute};
use shortlink_import::Source;
use tokio::task::JoinHandle;

use super::error::ImportFailure;
use super::plan::{Plan, PlannedLink, Planner};
use super::report::{Entry, Fate, Report};
use super::writer::ItemWriter;
use crate::error::CliError;
use crate::export::file::line_of;
use crate::interruption::Interruption;
use crate::output::progress::Progress;

/// How many links are put at the same time.
const CONCURRENCY: usize = 128;

/// Puts under way: what is put, and its fate.
type Puts = VecDeque<(Box<PlannedLink>, JoinHandle<Result<(Fate, Option<String>), StoreError>>)>;

/// Imports the links of `source`.
///
/// # Errors
///
/// [`CliError`]. The links before are imported, and the same import can be run again.
pub(super) async fn import(
    source: &mut Source,
    planner: &Planner,
    writer: &ItemWriter,
    interruption: &Interruption,
    report: &mut Report,
) -> Result<(), CliError> {
    let (progress, mut puts, mut targets) = (Progress::new(None, "rows"), Puts::new(), HashMap::new());
    for row in source {
        if interruption.is_requested() {
            break;
        }
        for plan in planner.plan(row.map_err(ImportFailure::from)?) {
            match plan {
                Plan::Refuse(entry) => {
                    finish(&mut puts, 0, report).await?;
                    report.add(entry)?;
                }
                Plan::Put(planned) if !writer.applies() && is_repeated(&mut targets, &planned) => {
                    finish(&mut puts, 0, report).await?;
                    report.add(repeated(&planned, &targets))?;
                }
                Plan::Put(planned) => {
                    // Of two rows with one code, the first one wins.
                    let is_under_way = puts.iter().any(|(other, _)| other.link.link.code == planned.link.link.code);
                    finish(&mut puts, if is_under_way { 0 } else { CONCURRENCY - 1 }, report).await?;
                    let (writer, link, now) = (writer.clone(), planned.clone(), planner.now);
                    puts.push_back((planned, tokio::spawn(async move { put(&writer, &link, now).await })));
                }
            }
            progress.add(1);
        }
    }
    finish(&mut puts, 0, report).await?;
    if interruption.is_requested() {
        report.flush()?;
        return Err(ImportFailure::Stopped(report.tally().rows()).into());
    }
    Ok(())
}

/// Waits for puts, until at most `left` are under way, and reports them.
async fn finish(puts: &mut Puts, left: usize, report: &mut Report) -> Result<(), CliError> {
    while puts.len() > left {
        let Some((planned, put)) = puts.pop_front() else { break };
        let (outcome, reason) = match put.await.map_err(|error| CliError::Runtime(error.into()))? {
            Err(error) if error.is_about_item() => (Fate::Refused, Some(error.to_string())),
            outcome => outcome?,
        };
        let PlannedLink { position, link, not_carried } = *planned;
        report.add(Entry { position, code: Some(link.link.code.to_string()), outcome, reason, not_carried })?;
    }
    Ok(())
}

/// Puts a link and the total of its visits. Returns what became of it, and why.
async fn put(writer: &ItemWriter, planned: &PlannedLink, now: Timestamp) -> Result<(Fate, Option<String>), StoreError> {
    let (link, item) = (&planned.link, planned.link.item());
    let bytes = line_of(item.clone()).map_or(0, |line| line.len());
    let existing = writer.put(&item, bytes).await?;
    let (outcome, reason) = match &existing {
        None => (Fate::New, None),
        Some(existing) => {
            let target = text(existing, attribute::TARGET);
            if target != text(&item, attribute::TARGET) {
                let reason = format!("the code leads to {} already", target.unwrap_or("something else"));
                return Ok((Fate::Conflict, Some(reason)));
            }
            (Fate::Same, None)
        }
    };
    // An earlier run of this import may have been stopped between the link and its visits.
    let is_ours = existing.as_ref().is_none_or(|existing| is_of_import(existing, &link.import_id));
    if let Some(visits) = link.visits_item(existing.as_ref(), now).filter(|_| is_ours && writer.applies()) {
        writer.put(&visits, 0).await?;
    }
    Ok((outcome, reason))
}

fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
}

/// Whether a row before had the same code. In a dry run, the table does not say so. It keeps 16 bytes for each code.
fn is_repeated(targets: &mut HashMap<u64, u64>, planned: &PlannedLink) -> bool {
    let link = &planned.link.link;
    match targets.entry(hash(link.code.as_str())) {
        MapEntry::Occupied(_) => true,
        MapEntry::Vacant(vacant) => {
            vacant.insert(hash(link.target.as_str()));
            false
        }
    }
}

fn repeated(planned: &PlannedLink, targets: &HashMap<u64, u64>) -> Entry {
    let link = &planned.link.link;
    let is_same = targets.get(&hash(link.code.as_str())) == Some(&hash(link.target.as_str()));
    let reason = (!is_same).then(|| "an earlier row has the same code and another target".to_owned());
    let outcome = if is_same { Fate::Same } else { Fate::Conflict };
    let (position, code) = (planned.position.clone(), Some(link.code.to_string()));
    Entry { position, code, outcome, reason, not_carried: planned.not_carried.clone() }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
