//! `shortlink import`: links from an export of Shortlink or of another shortener, in a dry run by default.
//!
//! | module | defines |
//! | --- | --- |
//! | `restore` | restoring an export of Shortlink |
//! | `links` | importing the links of another shortener |
//! | `plan` | what a row of a source becomes |
//! | [`writer`] | putting items that are new, below a rate |
//! | [`report`] | what became of each row |
//! | `undo` | removing what an import has made |
//! | `comparison` | whether the old and the new service answer alike |
//! | `head_client` | HEAD requests to a service |
//! | [`error`] | what can go wrong |

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use sha2::{Digest, Sha256};
use shortlink_core::config::Environment;
use shortlink_core::domain::api_key::Name;
use shortlink_core::domain::clock::Clock;
use shortlink_import::Format;
use url::Url;

mod comparison;
pub mod error;
mod head_client;
mod links;
mod plan;
pub mod report;
mod restore;
mod undo;
pub mod writer;

use comparison::{Agreement, Comparison, NewService};
use error::ImportFailure;
use head_client::HeadClient;
use plan::Planner;
use report::{Entry, Report, Tally};
use writer::ItemWriter;

use crate::error::CliError;
use crate::export::file::ExportReader;
use crate::export::follower::Follower;
use crate::interruption::Interruption;
use crate::pace::Pace;
use crate::storage::{Storage, StorageOptions};

/// The options of `shortlink import`.
#[derive(Debug, Args)]
#[command(after_help = "Example:  shortlink import links.csv --table links --report report.ndjson\n\
                  and once the counts are right, the same with --apply")]
pub struct ImportOptions {
    /// The file to import: an export of Shortlink or of another shortener
    #[arg(value_name = "FILE", required_unless_present = "undo", conflicts_with = "undo")]
    file: Option<PathBuf>,

    /// The format of the file, if it is not detected
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,

    /// Write the links; without it, nothing is written
    #[arg(long, conflicts_with = "undo")]
    apply: bool,

    /// To whom the links belong [default: the owners at the source, or nobody]
    #[arg(long, value_name = "NAME")]
    owner: Option<Name>,

    /// Import codes that are names which nobody can choose here, such as "about"
    #[arg(long)]
    allow_reserved: bool,

    /// Import links that have a password at the source, too; here, whoever has the short URL can follow them
    #[arg(long)]
    without_passwords: bool,

    /// If case does not matter at the source, import codes in lower case, too
    #[arg(long)]
    lower_case_too: bool,

    /// Write what became of each row to this file, a JSON document a line
    #[arg(long, value_name = "FILE", conflicts_with = "undo")]
    report: Option<PathBuf>,

    /// Write at most so many units a second to a DynamoDB table; one is 1 KB. A new table takes 4,000
    #[arg(long, value_name = "NUMBER", default_value_t = 3_000, value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,

    /// Afterwards ask the old service, whose short URLs begin with this URL, for each code, and compare; HEAD requests may
    /// count as visits there
    #[arg(long, value_name = "URL", conflicts_with = "undo", value_parser = parse_base)]
    verify: Option<Url>,

    /// Compare with the service at this URL [default: the table, without a service]
    #[arg(long, value_name = "URL", requires = "verify", value_parser = parse_base)]
    new: Option<Url>,

    /// Ask for at most so many codes a second
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    verify_rate: u32,

    /// Remove the links that the import with this id has made and that nobody has changed since
    #[arg(long, value_name = "ID")]
    undo: Option<String>,

    /// Print the result as JSON: a document, after one for each code at which the services differ
    #[arg(long)]
    json: bool,

    /// Where the links are kept
    #[command(flatten)]
    storage: StorageOptions,
}

/// The result, as a JSON document.
#[derive(Serialize)]
struct Summary<'a> {
    applied: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    import_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'static str>,
    #[serde(flatten)]
    tally: Tally,
    warnings: &'a [String],
    examples: &'a [Entry],
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<Agreement>,
}

/// Imports a file, or undoes an import. `print` is called with each line for the user.
///
/// # Errors
///
/// [`CliError`], also if some rows cannot be imported, or if the services do not agree.
pub async fn import(options: ImportOptions, print: impl Fn(&str) -> io::Result<()>) -> Result<(), CliError> {
    let interruption = Interruption::watch().map_err(CliError::Signals)?;
    match (&options.undo, &options.file) {
        (Some(id), _) => undo_import(&options, id, &interruption, print).await,
        (None, Some(file)) => import_file(&options, file, &interruption, print).await,
        (None, None) => Ok(()),
    }
}

async fn undo_import(
    options: &ImportOptions,
    id: &str,
    interruption: &Interruption,
    print: impl Fn(&str) -> io::Result<()>,
) -> Result<(), CliError> {
    let storage = options.storage.open_existing().await?;
    let pace = Pace::new(rate(options, &storage));
    let undone = undo::undo(&storage.store(), id, &pace, interruption).await?;
    let line = match options.json {
        true => serde_json::to_string(&undone)?,
        false => {
            let undo::Undone { removed, kept } = undone;
            format!("{removed} links of the import {id} were removed. {kept} stay, because they were changed since.")
        }
    };
    print(&line).map_err(CliError::Output)
}

async fn import_file(
    options: &ImportOptions,
    file: &Path,
    interruption: &Interruption,
    print: impl Fn(&str) -> io::Result<()>,
) -> Result<(), CliError> {
    let is_export = options.format.is_none() && ExportReader::is_export(file);
    let ImportOptions { owner, allow_reserved, without_passwords, lower_case_too, verify, .. } = options;
    let is_for_others = *allow_reserved || *without_passwords || *lower_case_too || owner.is_some() || verify.is_some();
    if is_export && is_for_others {
        return Err(ImportFailure::IsExport.into());
    }
    let planner = if is_export { None } else { Some(planner(options, file)?) };
    let mut report = Report::new(options.report.as_deref())?;
    let storage = options.storage.open_persistent().await?;
    let writer = ItemWriter::new(storage.store(), rate(options, &storage), options.apply);
    let mut warnings = Vec::new();
    match &planner {
        None => restore::restore(file, &writer, interruption, &mut report).await?,
        Some(planner) => {
            let mut source = shortlink_import::open(file, planner.format).map_err(ImportFailure::from)?;
            let imported = links::import(&mut source, planner, &writer, interruption, &mut report).await;
            if imported.is_err() {
                report.flush()?;
            }
            imported?;
            warnings = source.warnings();
        }
    }
    report.flush()?;
    if !options.json {
        print_counts(options, planner.as_ref(), &report, &warnings, &print)?;
    }
    let verified = match (&options.verify, &planner) {
        (Some(old), Some(planner)) => {
            Some(compare(options, file, planner, old.clone(), &storage, interruption, &print).await?)
        }
        _ => None,
    };
    let tally = report.tally();
    if options.json {
        let summary = Summary {
            applied: options.apply,
            import_id: planner.as_ref().map(|planner| planner.import_id.as_str()),
            format: planner.as_ref().map(|planner| planner.format.name()),
            tally,
            warnings: &warnings,
            examples: report.examples(),
            verified,
        };
        print(&serde_json::to_string(&summary)?).map_err(CliError::Output)?;
    } else if let Some(agreement) = &verified {
        print(&format!("The old and the new service: {agreement}.")).map_err(CliError::Output)?;
    }
    match verified.map(|agreement| agreement.disagreements()) {
        Some(disagreements) if disagreements > 0 => Err(ImportFailure::Disagree(disagreements).into()),
        _ if tally.failed() > 0 => Err(ImportFailure::NotWholly(tally.failed()).into()),
        _ => Ok(()),
    }
}

/// Compares the old and the new service.
async fn compare(
    options: &ImportOptions,
    file: &Path,
    planner: &Planner,
    old: Url,
    storage: &Storage,
    interruption: &Interruption,
    print: impl Fn(&str) -> io::Result<()>,
) -> Result<Agreement, CliError> {
    let new = match &options.new {
        Some(new) => NewService::Remote(HeadClient::new(new.clone())),
        None => NewService::Table(Follower::new(storage.store(), Clock::system().now())?),
    };
    let mut source = shortlink_import::open(file, planner.format).map_err(ImportFailure::from)?;
    let comparison = Comparison { old: HeadClient::new(old), new, pace: Pace::new(Some(options.verify_rate)), planner };
    comparison.run(&mut source, interruption, options.json, print).await
}

/// How the rows of a file become links. The settings of the service apply that concern links which exist.
fn planner(options: &ImportOptions, file: &Path) -> Result<Planner, CliError> {
    let format = match options.format {
        Some(format) => format,
        None => shortlink_import::detect(file).map_err(ImportFailure::from)?,
    };
    let settings = shorten::config::Config::read(&Environment::process())?;
    Ok(Planner {
        format,
        import_id: import_id(file)?,
        now: Clock::system().now(),
        owner: options.owner.as_ref().map(Into::into),
        allows_reserved: options.allow_reserved,
        drops_passwords: options.without_passwords,
        adds_lower_case: options.lower_case_too,
        purge_after: settings.expiry.purge_after,
        own_host: settings.base_url.map(|base_url| base_url.host().to_owned()),
    })
}

/// The id of the import of a file: the beginning of its digest, so that an import which is run again has the same one.
fn import_id(path: &Path) -> Result<String, ImportFailure> {
    let to_error = |error| ImportFailure::Open(path.to_owned(), error);
    let (mut file, mut digest) = (File::open(path).map_err(to_error)?, Sha256::new());
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer).map_err(to_error)?;
        if read == 0 {
            return Ok(digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect());
        }
        digest.update(buffer.get(..read).unwrap_or_default());
    }
}

/// The write units a second. Nobody else uses an embedded table.
fn rate(options: &ImportOptions, storage: &Storage) -> Option<u32> {
    (!matches!(storage, Storage::Embedded(_))).then_some(options.rate)
}

fn print_counts(
    options: &ImportOptions,
    planner: Option<&Planner>,
    report: &Report,
    warnings: &[String],
    print: impl Fn(&str) -> io::Result<()>,
) -> Result<(), CliError> {
    let print = |line: String| print(&line).map_err(CliError::Output);
    let Tally { new, same, kept, conflict, refused } = report.tally();
    let new_ones = if options.apply { "Written" } else { "New" };
    let kept = if kept > 0 { format!("different and left as they are: {kept}, ") } else { String::new() };
    print(format!(
        "{new_ones}: {new}, there already: {same}, {kept}in conflict with other links: {conflict}, refused: {refused}."
    ))?;
    for Entry { position, code, reason, .. } in report.examples() {
        let (code, reason) = (code.as_deref().unwrap_or("a row"), reason.as_deref().unwrap_or_default());
        print(format!("  {position}: {code}: {reason}"))?;
    }
    for warning in warnings {
        print(format!("Note: {warning}."))?;
    }
    match planner {
        _ if !options.apply => print("Nothing was written: this was a dry run. Write with --apply.".to_owned()),
        Some(Planner { import_id: id, format, .. }) => print(format!(
            "The import of this {format} has the id {id}. shortlink import --undo {id} removes its links."
        )),
        None => Ok(()),
    }
}

/// A URL with which short URLs begin.
fn parse_base(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("it is no URL: {error}"))?;
    match url.scheme() {
        "http" | "https" if url.query().is_none() && url.fragment().is_none() => Ok(url),
        _ => Err("it must be an http or https URL without a query, such as https://old.example".to_owned()),
    }
}
