//! The lock that lets one process at a time write the file of an embedded table.
//!
//! The lock is on a file beside it, since SQLite has locks of its own on the database file. The kernel releases it even
//! after `kill -9`; then the lock's file stays behind, and the next process takes it over.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::embedded::data_file::{companion, create_private, identity, identity_of};
use crate::embedded::{EmbeddedError, unusable};

/// The lock, which is released when this is dropped.
#[derive(Debug)]
pub(super) struct FileLock {
    path: PathBuf,
    _file: File,
}

impl FileLock {
    /// Locks the file at `path`, which need not exist. Its folder is created if that does not exist.
    ///
    /// # Errors
    ///
    /// [`EmbeddedError::InUse`] if another process has locked it, else [`EmbeddedError::Unusable`].
    pub(super) fn acquire(path: &Path) -> Result<Self, EmbeddedError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| unusable(path, &error))?;
        }
        // A file that has two names must have one lock.
        let name = companion(&path.canonicalize().unwrap_or_else(|_| path.to_owned()), ".lock");
        loop {
            let file = create_private(&name).map_err(|error| unusable(path, &error))?;
            match file.try_lock() {
                // The process that had the lock may have removed its file after we opened it. The next process would
                // then lock another file.
                Ok(()) if identity(&name) == identity_of(file.metadata().ok()) => {
                    return Ok(Self { path: name, _file: file });
                }
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(EmbeddedError::InUse(path.to_owned())),
                Err(TryLockError::Error(error)) => return Err(unusable(path, &error)),
            }
        }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Before the lock is released, so that this is not another process's.
        fs::remove_file(&self.path).ok();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn one_holds_the_lock_although_its_file_comes_and_goes() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("links.db");
        let holders = AtomicU32::new(0);
        let held = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..2_000 {
                        let Ok(lock) = FileLock::acquire(&path) else { continue };
                        assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0);
                        held.fetch_add(1, Ordering::SeqCst);
                        std::thread::yield_now();
                        holders.fetch_sub(1, Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
        assert!(held.into_inner() > 0);
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }
}
