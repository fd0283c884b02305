//! The file with the access token. It contains the whole header, so that `curl -H @FILE` sends the token, and the list of
//! processes does not show it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

use super::LoginError;
use crate::error::CliError;

/// Writes the token, and returns the path.
pub(super) fn write(token: &str) -> Result<PathBuf, CliError> {
    let folders = ProjectDirs::from("", "", "shortlink").ok_or(CliError::NoDataFolder)?;
    let path = folders.data_dir().join("authorization");
    match replace(&path, &format!("Authorization: Bearer {token}\n")) {
        Ok(()) => Ok(path),
        Err(reason) => Err(LoginError::File { path, reason }.into()),
    }
}

/// Replaces the file by one that only its owner can read, whatever the old one was.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let new = path.with_extension("new");
    if let Err(error) = fs::remove_file(&new)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&new)?.write_all(text.as_bytes())?;
    fs::rename(new, path)
}
