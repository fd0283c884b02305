//! `shortlink backup`: copies the file of the links, also while a server uses it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;

use crate::embedded::{self, Location};
use crate::error::CliError;
use crate::storage;

/// The options of `shortlink backup`.
#[derive(Debug, Args)]
#[command(after_help = "Example: shortlink backup links-2030-01-31.db")]
pub struct BackupOptions {
    /// The file to write, which must not exist
    pub file: PathBuf,

    /// The file of the links [default: links.db in the user's data folder]
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,
}

/// Copies the file of the links as it is at one instant. `print` is called with a line for the user.
///
/// # Errors
///
/// [`CliError`].
pub async fn backup(options: BackupOptions, print: impl Fn(&str) -> io::Result<()>) -> Result<(), CliError> {
    let source = match storage::location(options.data.as_deref())? {
        Location::Memory => return Err(CliError::InMemory),
        Location::File(path) if !path.exists() => return Err(CliError::NoFile(path)),
        Location::File(path) => path,
    };
    let is_cancelled = Arc::new(AtomicBool::new(false));
    let (from, to, cancelled) = (source.clone(), options.file.clone(), Arc::clone(&is_cancelled));
    let mut copying =
        tokio::task::spawn_blocking(move || embedded::backup::copy(&from, &to, storage::DEFAULT_TABLE, &cancelled));
    let copied = tokio::select! {
        copied = &mut copying => copied,
        _ = tokio::signal::ctrl_c() => {
            is_cancelled.store(true, Ordering::Relaxed);
            copying.await
        }
    };
    let copied = copied.map_err(|error| CliError::Runtime(error.into()))??.ok_or(CliError::Cancelled)?;
    let (source, file, megabytes) = (source.display(), options.file.display(), megabytes(copied.bytes));
    let items = copied.items;
    print(&format!("Copied {source} to {file}: {items} items, {megabytes} MB. The copy was checked for damage."))
        .map_err(CliError::Output)
}

/// A size in megabytes, with one decimal place.
fn megabytes(bytes: u64) -> String {
    let tenths = bytes.div_ceil(100_000);
    format!("{}.{}", tenths / 10, tenths % 10)
}
