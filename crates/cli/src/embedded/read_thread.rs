//! The thread that reads single items, while the disk answers.
//!
//! A read takes ten microseconds, but it may wait for the disk, so it must not block a worker thread of the runtime.
//! One thread that reads for all requests costs less than a thread of the runtime's pool for each: under load it is
//! awake when the next read is submitted. A read that the thread does not answer within [`PATIENCE`] runs in the pool
//! instead: the thread may be waiting for one part of the file while others can still be read.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Duration;

use shortlink_core::dynamodb::client;
use shortlink_core::dynamodb::error::StoreError;
use tokio::sync::oneshot;

use crate::embedded::reader::SqliteReader;
use crate::embedded::values::EngineItem;

/// How long a read may wait for the disk: as long as a call to DynamoDB, so that a cached link can redirect before the
/// deadline of the request.
const READ_TIMEOUT: Duration = client::CALL_TIMEOUT;

/// How long a read waits for the thread: a thousand times as long as a read from memory takes.
const PATIENCE: Duration = Duration::from_millis(10);

/// The maximum number of reads that wait for the thread. While it waits for the disk, further reads go to the pool at
/// once.
const MAX_WAITING: usize = 1_024;

type Outcome = Result<Option<EngineItem>, StoreError>;

/// A read that waits for its turn.
struct Job {
    key: String,
    reply: oneshot::Sender<Outcome>,
}

/// Hands reads to the thread, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct ReadThread {
    reader: Arc<SqliteReader>,
    jobs: SyncSender<Job>,
}

impl ReadThread {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// The operating system's, if it starts no thread.
    pub(super) fn start(reader: SqliteReader) -> std::io::Result<Self> {
        let reader = Arc::new(reader);
        let (jobs, receiver) = mpsc::sync_channel(MAX_WAITING);
        let thread_reader = Arc::clone(&reader);
        thread::Builder::new().name("table-reader".to_owned()).spawn(move || run(&receiver, &thread_reader))?;
        Ok(Self { reader, jobs })
    }

    /// The item with this key.
    ///
    /// # Errors
    ///
    /// [`StoreError::Storage`] if SQLite fails, or if the item is damaged; [`StoreError::Unavailable`] after
    /// [`READ_TIMEOUT`].
    pub(super) async fn get_item(&self, key: &str) -> Outcome {
        let (reply, outcome) = oneshot::channel();
        let is_submitted = self.jobs.try_send(Job { key: key.to_owned(), reply }).is_ok();
        if is_submitted && let Ok(Ok(outcome)) = tokio::time::timeout(PATIENCE, outcome).await {
            return outcome;
        }
        let (reader, key) = (Arc::clone(&self.reader), key.to_owned());
        let read = tokio::task::spawn_blocking(move || reader.get_item(&key));
        match tokio::time::timeout(READ_TIMEOUT.saturating_sub(PATIENCE), read).await {
            Ok(read) => read.map_err(|error| StoreError::Storage(error.to_string()))?,
            Err(_) => Err(StoreError::Unavailable("the disk does not answer".to_owned())),
        }
    }
}

fn run(jobs: &Receiver<Job>, reader: &SqliteReader) {
    while let Ok(Job { key, reply }) = jobs.recv() {
        // Nobody waits for a read that has gone to the pool, or whose request has been abandoned.
        if !reply.is_closed() {
            reply.send(reader.get_item(&key)).ok();
        }
    }
}
