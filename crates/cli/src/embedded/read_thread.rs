//! The thread that reads single items, while the disk answers.
//!
//! A read takes ten microseconds, but it may wait for the disk, so it must not block a worker thread of the runtime.
//! One thread that reads for all requests costs less than a thread of the runtime's pool for each: under load it is
//! awake when the next read is submitted. While the thread waits for the disk, further reads do not wait for it: they
//! run in the pool, since other parts of the file may still be readable.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use shortlink_core::dynamodb::error::StoreError;
use tokio::sync::oneshot;

use crate::embedded::reader::SqliteReader;
use crate::embedded::values::EngineItem;

/// A read that has taken this long waits for the disk: a thousand times as long as a read from memory takes.
const STUCK_AFTER: Duration = Duration::from_millis(10);

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
    jobs: Sender<Job>,
    current: Arc<CurrentRead>,
}

impl ReadThread {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// The operating system's, if it starts no thread.
    pub(super) fn start(reader: SqliteReader) -> std::io::Result<Self> {
        let reader = Arc::new(reader);
        let current = Arc::new(CurrentRead::new());
        let (jobs, receiver) = mpsc::channel();
        let (thread_reader, thread_current) = (Arc::clone(&reader), Arc::clone(&current));
        thread::Builder::new()
            .name("table-reader".to_owned())
            .spawn(move || run(&receiver, &thread_reader, &thread_current))?;
        Ok(Self { reader, jobs, current })
    }

    /// The item with this key. The result may take as long as the disk does.
    ///
    /// # Errors
    ///
    /// [`StoreError::Storage`] if SQLite fails, or if the item is damaged.
    pub(super) async fn get_item(&self, key: String) -> Outcome {
        if self.current.is_stuck() {
            let reader = Arc::clone(&self.reader);
            let read = tokio::task::spawn_blocking(move || reader.get_item(&key));
            return read.await.map_err(|error| StoreError::Storage(error.to_string()))?;
        }
        let (reply, outcome) = oneshot::channel();
        // If the thread has ended, `outcome` says so.
        self.jobs.send(Job { key, reply }).ok();
        outcome
            .await
            .unwrap_or_else(|_| Err(StoreError::Storage("the thread that reads the table has ended".to_owned())))
    }
}

fn run(jobs: &Receiver<Job>, reader: &SqliteReader, current: &CurrentRead) {
    while let Ok(Job { key, reply }) = jobs.recv() {
        // A request that has given up needs no answer.
        if !reply.is_closed() {
            current.start();
            let outcome = reader.get_item(&key);
            current.end();
            reply.send(outcome).ok();
        }
    }
}

/// When the read that is under way has started.
#[derive(Debug)]
struct CurrentRead {
    epoch: Instant,
    /// Microseconds since the epoch; 0 while no read is under way.
    started: AtomicU64,
}

impl CurrentRead {
    fn new() -> Self {
        Self { epoch: Instant::now(), started: AtomicU64::new(0) }
    }

    fn start(&self) {
        self.started.store(self.now().max(1), Ordering::Relaxed);
    }

    fn end(&self) {
        self.started.store(0, Ordering::Relaxed);
    }

    fn is_stuck(&self) -> bool {
        let started = self.started.load(Ordering::Relaxed);
        started != 0 && u128::from(self.now().saturating_sub(started)) > STUCK_AFTER.as_micros()
    }

    fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}
