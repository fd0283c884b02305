//! Where the grant key is kept: in a parameter of Parameter Store, or in a file.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::grant::key::{GrantKeys, InvalidGrantKeys};
use crate::grant::parameter::Parameter;

/// Where the key is kept.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// A parameter of Parameter Store.
    Parameter(Box<Parameter>),
    /// A file that only its owner can read.
    File(PathBuf),
}

/// The reason that the key cannot be read or written. No message contains a key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeySourceError {
    /// There is no such parameter or file.
    #[error("{0} does not exist; create it with `shortlink grant-key create`")]
    Missing(String),
    /// The parameter or file is in the way of a new key.
    #[error("{0} exists already; use `shortlink grant-key replace` to replace the key in it")]
    Exists(String),
    /// Others than the owner may read the key.
    #[error("{0} is not secret; use a parameter of the type SecureString, or a file of the mode 0600")]
    NotSecret(String),
    /// The value is not a key.
    #[error("{0} {1}")]
    Invalid(String, InvalidGrantKeys),
    /// The parameter or file cannot be read or written now.
    #[error("{0} cannot be used: {1}")]
    Unavailable(String, String),
}

impl KeySource {
    /// Reads the keys.
    ///
    /// # Errors
    ///
    /// [`KeySourceError`].
    pub async fn read(&self) -> Result<GrantKeys, KeySourceError> {
        match self {
            Self::Parameter(parameter) => parameter.read().await,
            Self::File(path) => {
                let (owned, name) = (path.clone(), file_name(path));
                // A disk may be slow, which must not hold up other requests.
                let read = tokio::task::spawn_blocking(move || read_file(&owned)).await;
                read.map_err(|error| KeySourceError::Unavailable(name, error.to_string()))?
            }
        }
    }

    /// Writes the first keys.
    ///
    /// # Errors
    ///
    /// [`KeySourceError`], also if there are keys already.
    pub async fn create(&self, keys: &GrantKeys) -> Result<(), KeySourceError> {
        match self {
            Self::Parameter(parameter) => parameter.write(keys, false).await,
            Self::File(path) => write_new_file(path, keys),
        }
    }

    /// Replaces the keys.
    ///
    /// # Errors
    ///
    /// [`KeySourceError`].
    pub async fn replace(&self, keys: &GrantKeys) -> Result<(), KeySourceError> {
        match self {
            Self::Parameter(parameter) => parameter.write(keys, true).await,
            Self::File(path) => {
                // A server that reads the file at the same time finds the old keys or the new ones.
                let new = path.with_extension("new");
                write_new_file(&new, keys)?;
                fs::rename(&new, path).map_err(|error| to_error(path, &error))
            }
        }
    }
}

fn file_name(path: &Path) -> String {
    format!("the file {}", path.display())
}

fn to_error(path: &Path, error: &io::Error) -> KeySourceError {
    match error.kind() {
        io::ErrorKind::NotFound => KeySourceError::Missing(file_name(path)),
        io::ErrorKind::AlreadyExists => KeySourceError::Exists(file_name(path)),
        _ => KeySourceError::Unavailable(file_name(path), error.to_string()),
    }
}

fn read_file(path: &Path) -> Result<GrantKeys, KeySourceError> {
    let text = fs::read_to_string(path).map_err(|error| to_error(path, &error))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let metadata = fs::metadata(path).map_err(|error| to_error(path, &error))?;
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(KeySourceError::NotSecret(file_name(path)));
        }
    }
    GrantKeys::parse(&text).map_err(|error| KeySourceError::Invalid(file_name(path), error))
}

fn write_new_file(path: &Path, keys: &GrantKeys) -> Result<(), KeySourceError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path).map_err(|error| to_error(path, &error))?;
    let written = file.write_all(keys.to_text().as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|error| to_error(path, &error))
}
