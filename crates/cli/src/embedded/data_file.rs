//! The file of an embedded table: opening it, and noticing that it is unusable, damaged or gone.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use dynoxide::{Database, DynoxideError};
use rusqlite::{Connection, OpenFlags};

use crate::embedded::{Durability, EmbeddedError, checksum, fault, file_origin, unusable};
use crate::output::progress::Progress;

/// The size of the index of a write-ahead log, which SQLite creates when it opens a database.
const PROBE_BYTES: usize = 32 * 1_024;

/// How many faults `quick_check` lists at most.
const MAX_FAULTS: usize = 10;

/// An open file.
#[derive(Debug)]
pub(super) struct DataFile {
    /// The resolved path: SQLite derives the names of the files beside it from this one.
    path: PathBuf,
    identity: Option<Identity>,
    /// The files beside it that SQLite created or found.
    companions: Vec<(PathBuf, Identity)>,
    last_written: Option<SystemTime>,
}

/// What the names of the files that SQLite keeps beside a database end with.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

/// What tells a file from another that has taken its place.
pub(super) type Identity = (u64, u64);

impl DataFile {
    /// Opens the file at `path`, which contains `table`, and creates it if it does not exist.
    ///
    /// # Errors
    ///
    /// [`EmbeddedError`].
    pub(super) fn open(path: &Path, table: &str, durability: Durability) -> Result<(Self, Database), EmbeddedError> {
        // SQLite gives some relative names, such as `:memory:` and `file:`, a special meaning. An absolute path has none.
        let absolute = std::path::absolute(path).map_err(|error| unusable(path, &error))?;
        // Opening writes to the files.
        let last_written = last_written(path);
        // SQLite gives the files beside it the same mode.
        create_private(path).map_err(|error| unusable(path, &error))?;
        file_origin::require_ours(path, table)?;
        let database = open_database(path, &absolute, durability)?;
        let resolved = path.canonicalize().map_err(|error| unusable(path, &error))?;
        let marked = Connection::open_with_flags(&resolved, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .and_then(|connection| file_origin::mark(&connection));
        marked.map_err(|error| unusable_database(path, &error))?;
        if durability == Durability::Durable {
            sync_folder(&resolved).map_err(|error| unusable(path, &error))?;
        }
        let companions = COMPANIONS.map(|suffix| companion(&resolved, suffix));
        let companions = companions.into_iter().filter_map(|path| Some((path.clone(), identity(&path)?))).collect();
        let identity = identity(&resolved);
        Ok((Self { path: resolved, identity, companions, last_written }, database))
    }

    /// A second handle to the same database, for reads that do not wait for writes.
    pub(super) fn open_for_reads(&self) -> Result<Database, EmbeddedError> {
        open_database(&self.path, &self.path, Durability::Relaxed)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the path still leads to this file.
    pub(super) fn is_in_place(&self) -> bool {
        self.identity.is_none() || identity(&self.path) == self.identity
    }

    /// Renames the files beside it once another file has taken its place: SQLite would apply the write-ahead log to the
    /// other file and destroy it.
    pub(super) fn set_aside_companions(&self) {
        for (path, opened) in &self.companions {
            if identity(path) == Some(*opened) {
                fs::rename(path, companion(path, ".replaced")).ok();
            }
        }
    }

    /// When the file or its write-ahead log was last written before it was opened; `None` if it is new.
    pub(super) fn last_written(&self) -> Option<SystemTime> {
        self.last_written
    }

    /// Moves all committed writes from the write-ahead log into the file, so that a copy of the file alone is complete.
    pub(super) fn checkpoint(&self) {
        let checkpoint = || {
            let connection = Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0))
        };
        match checkpoint() {
            Ok(false) => {}
            Ok(true) => tracing::warn!("the write-ahead log is in use and was not moved into the file; keep both"),
            Err(error) => tracing::warn!(%error, "the write-ahead log was not moved into the file; keep both"),
        }
    }

    /// Looks for damage in the whole file.
    ///
    /// # Errors
    ///
    /// Those of [`check`].
    pub(super) fn check(&self, table: &str) -> Result<(), EmbeddedError> {
        check(&self.path, table)
    }
}

/// Looks for damage in the file at `path`: SQLite's `quick_check`, and the checksum of each link of `table`.
///
/// # Errors
///
/// [`EmbeddedError::Damaged`] if there is any, else [`EmbeddedError::Unusable`].
pub(super) fn check(path: &Path, table: &str) -> Result<(), EmbeddedError> {
    let mut faults = Vec::new();
    let mut find = || -> rusqlite::Result<()> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut statement = connection.prepare(&format!("PRAGMA quick_check({MAX_FAULTS})"))?;
        for fault in statement.query_map([], |row| row.get::<_, String>(0))? {
            faults.push(fault?);
        }
        faults.retain(|fault| fault != "ok");
        if !connection.table_exists(None, table)? {
            return Ok(());
        }
        let name = dynoxide::storage_backend::sql_builders::escape_table_name(table);
        let mut statement = connection.prepare(&format!("SELECT pk, item_json FROM \"{name}\""))?;
        let progress = Progress::new(None, "items checked");
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (key, json) = (row.get_ref(0)?.as_bytes()?, row.get_ref(1)?.as_bytes()?);
            let item = serde_json::from_slice(json);
            if faults.len() < MAX_FAULTS && !item.is_ok_and(|item| checksum::is_intact(&item)) {
                faults.push(format!("the item {} is damaged", String::from_utf8_lossy(key)));
            }
            progress.add(1);
        }
        Ok(())
    };
    match find() {
        Ok(()) => {}
        Err(error) if is_damage(&error) => faults.push(error.to_string()),
        Err(error) => return Err(unusable_database(path, &error)),
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(EmbeddedError::Damaged { path: path.to_owned(), faults: faults.join("; ") })
}

fn open_database(path: &Path, absolute: &Path, durability: Durability) -> Result<Database, EmbeddedError> {
    let unusable_engine =
        |error: &DynoxideError| EmbeddedError::Unusable { path: path.to_owned(), reason: fault::of_engine(error) };
    let name = absolute.to_str().ok_or_else(|| EmbeddedError::NameNotUtf8(path.to_owned()))?;
    let database = Database::new(name).map_err(|error| match try_growing(absolute) {
        Ok(()) => unusable_engine(&error),
        // SQLite calls any fault an "I/O error"; the operating system names it.
        Err(cause) => unusable(path, &cause),
    })?;
    if durability == Durability::Relaxed {
        // This is dynoxide's only way to `synchronous=NORMAL`; the other three settings that it applies are SQLite's
        // defaults. A commit is then written before it is answered, but the disk is not waited for.
        database.disable_bulk_loading().map_err(|error| unusable_engine(&error))?;
    }
    Ok(database)
}

/// Tries to write beside the file as much as SQLite needs to open it.
fn try_growing(path: &Path) -> io::Result<()> {
    let probe = companion(path, ".probe");
    let written = create_private(&probe).and_then(|mut file| file.write_all(&[0; PROBE_BYTES]));
    fs::remove_file(probe).ok();
    written
}

/// Opens a file, and creates it so that only its owner can read it: targets are nobody else's business.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Synchronises the entry of a new file in its folder: without it, a power cut may lose the whole file.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        #[cfg(unix)]
        Some(folder) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

/// The path with more at its end.
pub(super) fn companion(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(suffix);
    PathBuf::from(name)
}

fn last_written(path: &Path) -> Option<SystemTime> {
    let modified = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    modified(path).max(modified(&companion(path, "-wal")))
}

/// What tells the file at `path` from others, where the system has such a thing.
pub(super) fn identity(path: &Path) -> Option<Identity> {
    identity_of(fs::metadata(path).ok())
}

/// As [`identity`], of a file with this metadata.
pub(super) fn identity_of(metadata: Option<Metadata>) -> Option<Identity> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        metadata.map(|metadata| (metadata.dev(), metadata.ino()))
    }
    #[cfg(not(unix))]
    metadata.and(None)
}

fn unusable_database(path: &Path, error: &rusqlite::Error) -> EmbeddedError {
    EmbeddedError::Unusable { path: path.to_owned(), reason: fault::of_sqlite(error) }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase))
}
