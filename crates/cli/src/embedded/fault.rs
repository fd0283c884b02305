//! Faults of the disk and of the file, in words for the operator: what is wrong, and what to do.
//!
//! SQLite and the engine have words of their own for them, some of which are for programmers.

use std::io;

use dynoxide::DynoxideError;
use rusqlite::ErrorCode;

const DISK_FULL: &str = "the disk is full: free some space";
const READ_ONLY: &str = "it is read-only: choose another file with --data, or make it writable";
const DAMAGED: &str = "it is damaged: restore a backup";
const LOCKED: &str = "another program has locked it: stop that program";

/// An error of the operating system.
pub(super) fn of_system(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => DISK_FULL.to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => READ_ONLY.to_owned(),
        io::ErrorKind::PermissionDenied => {
            "you may not write it: run this program as its owner, or choose another file with --data".to_owned()
        }
        _ => format!("{error}: choose another file with --data"),
    }
}

/// An error of SQLite.
pub(super) fn of_sqlite(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => DISK_FULL.to_owned(),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => READ_ONLY.to_owned(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => DAMAGED.to_owned(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => LOCKED.to_owned(),
        _ => error.to_string(),
    }
}

/// An error of the engine. Some of those that SQLite has are known by their text only.
pub(super) fn of_engine(error: &DynoxideError) -> String {
    if let DynoxideError::SqliteError(error) = error {
        return of_sqlite(error);
    }
    let text = error.to_string();
    let known = [
        ("disk is full", DISK_FULL),
        ("readonly database", READ_ONLY),
        ("disk image is malformed", DAMAGED),
        ("not a valid", DAMAGED),
        ("locked", LOCKED),
    ];
    known.iter().find(|(words, _)| text.contains(words)).map_or(text.clone(), |(_, fault)| (*fault).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An error of SQLite, with the text that SQLite gives it.
    fn error(code: i32, text: &str) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), Some(text.to_owned()))
    }

    #[test]
    fn a_fault_has_one_name_whoever_reports_it() {
        use rusqlite::ffi;
        for (code, text, expected) in [
            (ffi::SQLITE_FULL, "database or disk is full", DISK_FULL),
            (ffi::SQLITE_READONLY, "attempt to write a readonly database", READ_ONLY),
            (ffi::SQLITE_CORRUPT, "database disk image is malformed", DAMAGED),
            (ffi::SQLITE_NOTADB, "file is not a database", DAMAGED),
            (ffi::SQLITE_BUSY, "database is locked", LOCKED),
        ] {
            assert_eq!(of_sqlite(&error(code, text)), expected);
            assert_eq!(of_engine(&DynoxideError::SqliteError(error(code, text))), expected);
            // As the engine passes it on.
            let passed_on = DynoxideError::from(dynoxide::storage_backend::error::from_rusqlite(error(code, text)));
            assert_eq!(of_engine(&passed_on), expected, "{passed_on}");
        }
        assert_eq!(of_system(&io::ErrorKind::StorageFull.into()), DISK_FULL);
    }
}
