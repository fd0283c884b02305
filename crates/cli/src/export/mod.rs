//! `shortlink export`: all that a table has, in a file that can be restored, or its links in a table for spreadsheets.
//!
//! | module | defines |
//! | --- | --- |
//! | `file` | the file of an export: its lines, counts and digests |
//! | `table` | reading a whole table |
//! | `spool` | where the items wait until all are there |
//! | `spreadsheet` | links as CSV |
//! | [`restored`] | an export, restored into an embedded table |
//! | [`follower`] | following links through the handler |
//! | [`verify`] | `shortlink export verify` |
//! | [`error`] | what can go wrong |

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use shortlink_core::domain::clock::Clock;
use shortlink_core::dynamodb::item_kind::ItemKind;
use tempfile::NamedTempFile;

pub mod error;
pub mod file;
pub mod follower;
pub mod restored;
mod spool;
mod spreadsheet;
mod table;
pub mod verify;

use error::ExportError;
use file::{ExportWriter, Header, Trailer};
use spool::Spool;
use table::TableReader;

use crate::error::CliError;
use crate::interruption::Interruption;
use crate::output::progress::Progress;
use crate::pace::Pace;
use crate::storage::{Storage, StorageOptions};

/// The options of `shortlink export`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Example:  shortlink export --table links --output links.ndjson"
)]
pub struct ExportOptions {
    #[command(subcommand)]
    command: Option<ExportCommand>,

    #[command(flatten)]
    table: TableOptions,
}

#[derive(Debug, Subcommand)]
enum ExportCommand {
    /// Restore an export into an embedded table, follow each link, and say what differs
    Verify(verify::VerifyOptions),
}

/// The format of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum ExportFormat {
    /// Everything that the table has, an item a line: `import` restores it
    #[default]
    Ndjson,
    /// The links, for spreadsheets: it cannot be restored
    Csv,
}

#[derive(Debug, Args)]
struct TableOptions {
    /// Write to this file, which is replaced once the export is complete [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// The format
    #[arg(long, value_enum, default_value_t)]
    format: ExportFormat,

    /// Continue an export into this file that was stopped
    #[arg(long, requires = "output")]
    resume: bool,

    /// Read so many parts of a DynamoDB table at the same time
    #[arg(long, value_name = "NUMBER", default_value_t = 4, value_parser = clap::value_parser!(i32).range(1..=1_000))]
    segments: i32,

    /// Use at most so many read units a second; one is 4 KB [default: any number]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    read_units: Option<u32>,

    /// Print what was done as a JSON document
    #[arg(long, requires = "output")]
    json: bool,

    /// Where the links are kept
    #[command(flatten)]
    storage: StorageOptions,
}

/// What was done, as a JSON document.
#[derive(Serialize)]
struct Summary<'a> {
    file: &'a Path,
    #[serde(flatten)]
    trailer: Option<&'a Trailer>,
    /// The number of links, if there is no trailer.
    #[serde(rename = "links", skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
    read_units: f64,
}

/// Runs the command. `print` is called with each line for the user.
///
/// # Errors
///
/// [`CliError`].
pub async fn export(options: ExportOptions, print: impl Fn(&str) -> io::Result<()>) -> Result<(), CliError> {
    match options.command {
        Some(ExportCommand::Verify(options)) => verify::verify(options, print).await,
        None => export_table(options.table, print).await,
    }
}

async fn export_table(options: TableOptions, print: impl Fn(&str) -> io::Result<()>) -> Result<(), CliError> {
    if let Some(output) = options.output.as_ref().filter(|output| output.exists() && !output.is_file()) {
        return Err(ExportError::NotAFile(output.clone()).into());
    }
    let interruption = Interruption::watch().map_err(CliError::Signals)?;
    let storage = options.storage.open_existing().await?;
    let now = Clock::system().now();
    // An embedded table is read at once: it has no partitions, and sorts them anew for each page of a segment.
    let segments = if matches!(storage, Storage::Embedded(_)) { 1 } else { options.segments };
    // Deleted at the end, unless it is to be resumed.
    let folder;
    let path = match &options.output {
        Some(output) => with_suffix(output, ".partial"),
        None => {
            folder = tempfile::tempdir().map_err(|error| ExportError::Write(std::env::temp_dir(), error))?;
            folder.path().join("export.partial")
        }
    };
    let (spool, header) = open_spool(&path, options.resume, &storage, now, segments)?;
    let now = header.instant().unwrap_or(now);
    let store = storage.store();
    let total = store.approximate_items().await.filter(|items| *items > 0);
    let reader = TableReader {
        store,
        spool: Arc::new(Mutex::new(spool)),
        pace: Arc::new(Pace::new(options.read_units)),
        progress: Arc::new(Progress::new(total, "items read")),
        interruption: interruption.clone(),
        now,
    };
    let read_units = reader.read().await?;
    drop(reader.progress);
    let spool = reader.spool;
    let output = options.output.clone();
    let is_complete = spool.lock().unwrap_or_else(PoisonError::into_inner).unread()?.is_empty();
    if !is_complete {
        let items = spool.lock().unwrap_or_else(PoisonError::into_inner).items()?;
        return Err(match output {
            Some(_) => ExportError::Stopped { items, path }.into(),
            None => ExportError::Cancelled.into(),
        });
    }
    let format = options.format;
    let written = tokio::task::spawn_blocking(move || {
        let spool = spool.lock().unwrap_or_else(PoisonError::into_inner);
        write(&spool, &header, format, output.as_deref())
    });
    let (trailer, links) = written.await.map_err(|error| CliError::Runtime(error.into()))??;
    let Some(output) = options.output else { return Ok(()) };
    remove_spool(&path);
    if options.json {
        let rows = trailer.is_none().then_some(links);
        let summary = Summary { file: &output, trailer: trailer.as_ref(), rows, read_units };
        return print(&serde_json::to_string(&summary)?).map_err(CliError::Output);
    }
    let items = trailer.map(|trailer| format!(", items in all: {}", trailer.counts.items)).unwrap_or_default();
    let billed = match storage {
        Storage::Embedded(_) => String::new(),
        Storage::Remote { .. } => format!(" DynamoDB billed {read_units} read units."),
    };
    print(&format!("{} is written. Links: {links}{items}.{billed}", output.display())).map_err(CliError::Output)?;
    if format == ExportFormat::Csv {
        print("It is for spreadsheets and cannot be restored; the format ndjson can.").map_err(CliError::Output)?;
    }
    Ok(())
}

/// The spool of a new export, or of one that was not finished.
fn open_spool(
    path: &Path,
    resumes: bool,
    storage: &Storage,
    now: shortlink_core::domain::clock::Timestamp,
    segments: i32,
) -> Result<(Spool, Header), CliError> {
    let table = storage.to_string();
    if resumes {
        if !path.exists() {
            return Err(ExportError::NothingToResume(path.to_owned()).into());
        }
        let (spool, header) = Spool::open(path)?;
        if header.table != table {
            return Err(ExportError::OtherTable { path: path.to_owned(), table: header.table }.into());
        }
        return Ok((spool, header));
    }
    if path.exists() {
        return Err(ExportError::Unfinished(path.to_owned()).into());
    }
    create_private(path).map_err(|error| ExportError::Write(path.to_owned(), error))?;
    let header = Header::new(table, now);
    Ok((Spool::create(path, &header, segments)?, header))
}

/// Writes what a spool has, to a file or standard output. Returns the trailer, if the format has one, and the number of links.
fn write(
    spool: &Spool,
    header: &Header,
    format: ExportFormat,
    path: Option<&Path>,
) -> Result<(Option<Trailer>, u64), CliError> {
    spool.sort()?;
    let Some(path) = path else {
        let output = BufWriter::with_capacity(1 << 16, io::stdout().lock());
        let mut closed = None;
        let to_error = |error: io::Error| ExportError::Write(PathBuf::from("the standard output"), error);
        let written = write_to(spool, header, format, output, to_error);
        if let Err(ExportError::Write(_, error)) = &written {
            closed = Some(io::Error::new(error.kind(), error.to_string()));
        }
        return match closed {
            Some(error) => Err(CliError::Output(error)),
            None => Ok(written?),
        };
    };
    let to_error = |error: io::Error| ExportError::Write(path.to_owned(), error);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Only its owner may read it: it has digests of keys, and addresses of creators.
    let file = NamedTempFile::new_in(folder).map_err(to_error)?;
    let written = write_to(spool, header, format, BufWriter::with_capacity(1 << 16, &file), to_error)?;
    file.as_file().sync_all().map_err(to_error)?;
    file.persist(path).map_err(|error| to_error(error.error))?;
    Ok(written)
}

fn write_to(
    spool: &Spool,
    header: &Header,
    format: ExportFormat,
    output: impl Write,
    to_error: impl Fn(io::Error) -> ExportError + Copy,
) -> Result<(Option<Trailer>, u64), ExportError> {
    if format == ExportFormat::Csv {
        return Ok((None, spreadsheet::write(spool, output, to_error)?));
    }
    let mut export = ExportWriter::new(output, header).map_err(to_error)?;
    spool.for_each(|line| export.item(line, kind_of(line)).map_err(to_error))?;
    let (_, trailer) = export.finish().map_err(to_error)?;
    let links = trailer.counts.links;
    Ok((Some(trailer), links))
}

/// What the item of a line is.
fn kind_of(line: &str) -> ItemKind {
    file::item_of(line).map_or(ItemKind::Unknown, |item| ItemKind::of(&item))
}

fn create_private(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn remove_spool(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        fs::remove_file(with_suffix(path, suffix)).ok();
    }
}
