//! Reading the file of a table while a server uses it. SQLite's write-ahead log lets several processes read, each of them
//! what has been committed. Nothing here writes, and no command that writes opens a file this way.

use std::path::Path;
use std::sync::Arc;

use dynoxide::Database;
use shortlink_core::dynamodb::store::Store;

use super::connector::InProcessConnector;
use super::write_queue::WriteQueue;
use super::{EmbeddedError, EmbeddedTable, Location};
use crate::error::CliError;

impl EmbeddedTable {
    /// Opens the table called `name` in a file that another process has opened, for reading.
    ///
    /// # Errors
    ///
    /// [`CliError`].
    pub async fn open_beside(path: &Path, name: &str) -> Result<Self, CliError> {
        let unusable = |reason: String| EmbeddedError::Unusable { path: path.to_owned(), reason };
        // SQLite gives some relative names a special meaning. An absolute path has none.
        let absolute = std::path::absolute(path).map_err(|error| unusable(error.to_string()))?;
        let text = absolute.to_str().ok_or_else(|| unusable("its name is not UTF-8".to_owned()))?;
        let database = Database::new(text).map_err(|error| unusable(error.to_string()))?;
        // It carries out the description of the table, too, which is no write.
        let writes = WriteQueue::start(database.clone(), name, None).map_err(CliError::Runtime)?;
        let client = InProcessConnector::new(database, Arc::new(writes)).client();
        let store = Store::new(client, name);
        Ok(Self { store, location: Location::File(path.to_owned()), _lock: None })
    }
}
