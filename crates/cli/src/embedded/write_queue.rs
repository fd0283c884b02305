//! The one thread that writes the embedded table, in groups.
//!
//! A commit ends with a wait for the disk, which takes milliseconds. While the thread waits, further writes queue up;
//! those that only put a new link are then committed in one transaction, with one wait (group commit). So the more
//! clients create links at the same time, the more links each wait covers. Writes with `reuse` or an idempotency key
//! are transactions of their own. Requests wait without holding a thread, so their deadline holds whatever the disk
//! does.
//!
//! New links go into the file without the engine ([`SqliteWriter`]), so that 1.4 times as many can be created in the same
//! time (`bench load`, with 1 and 16 connections). Links that have an owner are left to the engine, since it keeps an
//! index of them.

use std::collections::HashSet;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use dynoxide::actions::transact_write_items::{TransactPut, TransactWriteItem, TransactWriteItemsRequest};
use dynoxide::{AttributeValue as EngineValue, Database, DynoxideError};
use shortlink_core::dynamodb::items::{attribute, expression};
use thiserror::Error;
use tokio::sync::oneshot;

use crate::embedded::data_file::DataFile;
use crate::embedded::values::EngineItem;
use crate::embedded::writer::{PutError, SqliteWriter};
use crate::embedded::{fault, operations};

/// The maximum number of puts in a transaction: DynamoDB's limit, which the engine enforces.
const MAX_GROUP: usize = 100;

/// The time that the thread may take to finish its last write and to close the table.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// The maximum number of writes that wait: more than the clients that a machine can serve. While the disk does not
/// answer, clients give up and come again, and what they leave behind stays in memory.
const MAX_WAITING: usize = 10_000;

/// A write that waits for its turn.
enum Job {
    /// Puts an item if its key is free.
    Put(Put),
    /// Carries out an operation of DynamoDB: its name and the body of the request.
    Operation { name: String, body: Vec<u8>, reply: Reply<Vec<u8>> },
}

struct Put {
    item: EngineItem,
    /// Gets the existing item if the key is not free.
    reply: Reply<Option<EngineItem>>,
}

type Reply<T> = oneshot::Sender<Result<T, OperationError>>;

/// The reason that an operation failed.
#[derive(Debug, Error)]
pub(super) enum OperationError {
    /// An error that DynamoDB has, too.
    #[error(transparent)]
    Engine(DynoxideError),
    /// An error of SQLite, the operating system or the file, which DynamoDB does not have.
    #[error("{0}")]
    Storage(String),
    /// Too many writes wait.
    #[error("too many writes are waiting for the disk")]
    Busy,
    /// The thread has ended.
    #[error("the table is closed")]
    Closed,
}

impl OperationError {
    /// The error of an operation that the engine has carried out.
    pub(super) fn of_operation(name: &str, error: DynoxideError) -> Self {
        match error {
            DynoxideError::InternalServerError(_) | DynoxideError::SqliteError(_) => {
                let action = if operations::is_write(name) { "write" } else { "read" };
                Self::Storage(format!("the database {action} failed: {}", fault::of_engine(&error)))
            }
            error => Self::Engine(error),
        }
    }
}

/// Hands writes to the thread. When it is dropped, the thread finishes the writes that wait and closes the table.
pub(super) struct WriteQueue {
    jobs: Mutex<Option<SyncSender<Job>>>,
    closed: Mutex<Receiver<()>>,
}

impl WriteQueue {
    /// Starts the thread, which writes `table` in `database`. `file` is absent if the database is in memory.
    pub(super) fn start(database: Database, table: &str, file: Option<OpenFile>) -> std::io::Result<Self> {
        let (jobs, receiver) = mpsc::sync_channel(MAX_WAITING);
        let (on_closed, closed) = mpsc::channel();
        let mut writer = Writer { database, table: table.to_owned(), file };
        thread::Builder::new().name("table-writer".to_owned()).spawn(move || {
            let _abort_on_panic = AbortOnPanic;
            writer.run(&receiver);
            drop(on_closed);
        })?;
        Ok(Self { jobs: Mutex::new(Some(jobs)), closed: Mutex::new(closed) })
    }

    /// Puts an item if its key is free, and returns the existing item if it is not.
    pub(super) async fn put_new(&self, item: EngineItem) -> Result<Option<EngineItem>, OperationError> {
        self.submit(|reply| Job::Put(Put { item, reply })).await
    }

    /// Carries out an operation of DynamoDB that writes, and returns the body of the response.
    pub(super) async fn perform(&self, name: String, body: Vec<u8>) -> Result<Vec<u8>, OperationError> {
        self.submit(|reply| Job::Operation { name, body, reply }).await
    }

    async fn submit<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, OperationError> {
        let (reply, result) = oneshot::channel();
        if let Some(jobs) = &*self.jobs.lock().unwrap_or_else(PoisonError::into_inner) {
            // If the thread has ended, `result` says so.
            if let Err(TrySendError::Full(_)) = jobs.try_send(job(reply)) {
                return Err(OperationError::Busy);
            }
        }
        result.await.unwrap_or(Err(OperationError::Closed))
    }
}

impl Drop for WriteQueue {
    fn drop(&mut self) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        if closed.recv_timeout(CLOSE_TIMEOUT) == Err(RecvTimeoutError::Timeout) {
            tracing::error!("the disk does not answer: the table was not closed");
        }
    }
}

/// Ends the process if the thread panics: a server that can write nothing should be restarted.
struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            tracing::error!("the thread that writes the table has panicked");
            std::process::abort();
        }
    }
}

/// What the thread works with.
struct Writer {
    database: Database,
    table: String,
    file: Option<OpenFile>,
}

/// The file of a table, and the connection that puts new items into it.
#[derive(Debug)]
pub(super) struct OpenFile {
    pub(super) file: DataFile,
    pub(super) writer: SqliteWriter,
}

impl Writer {
    fn run(&mut self, jobs: &Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            let (mut puts, mut operations) = (Vec::new(), Vec::new());
            for job in std::iter::once(first).chain(jobs.try_iter().take(MAX_GROUP)) {
                match job {
                    Job::Put(put) => puts.push(put),
                    Job::Operation { name, body, reply } => operations.push((name, body, reply)),
                }
            }
            // A request that was abandoned at its deadline was answered with 503, so its write is skipped.
            puts.retain(|put| !put.reply.is_closed());
            puts = self.insert(puts);
            while !puts.is_empty() {
                puts = self.put_group(puts);
                puts.retain(|put| !put.reply.is_closed());
            }
            for (name, body, reply) in operations {
                if !reply.is_closed() {
                    reply.send(self.perform(&name, &body)).ok();
                }
            }
        }
        if self.require_file().is_ok()
            && let Some(OpenFile { file, .. }) = &self.file
        {
            file.checkpoint();
        }
    }

    /// Puts the items that the engine keeps no index of, answers them, and returns the others.
    fn insert(&mut self, puts: Vec<Put>) -> Vec<Put> {
        let is_in_place = self.require_file();
        let Some(OpenFile { writer, .. }) = &mut self.file else { return puts };
        let (indexed, new): (Vec<_>, Vec<_>) =
            puts.into_iter().partition(|put| put.item.contains_key(attribute::OWNER));
        if new.is_empty() {
            return indexed;
        }
        let written = is_in_place.map_err(|error| error.to_string()).and_then(|()| {
            let items = new.iter().map(|put| &put.item);
            writer.put_new(items).map_err(|error| match error {
                PutError::Sqlite(error) => format!("the database write failed: {}", fault::of_sqlite(&error)),
                error => error.to_string(),
            })
        });
        let results = match written {
            Ok(existing) => existing.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error); new.len()],
        };
        for (put, result) in new.into_iter().zip(results) {
            put.reply.send(result.map_err(OperationError::Storage)).ok();
        }
        indexed
    }

    fn perform(&self, name: &str, body: &[u8]) -> Result<Vec<u8>, OperationError> {
        self.require_file()?;
        operations::perform(&self.database, name, body).map_err(|error| OperationError::of_operation(name, error))
    }

    fn require_file(&self) -> Result<(), OperationError> {
        match &self.file {
            Some(OpenFile { file, .. }) if !file.is_in_place() => {
                file.set_aside_companions();
                // What is written to it would be lost.
                let reason = "the file was deleted or replaced while the server was running; restart the server";
                Err(OperationError::Storage(reason.to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Puts as many items as one transaction can, answers those that are decided, and returns the others. At least one
    /// is decided.
    fn put_group(&self, puts: Vec<Put>) -> Vec<Put> {
        let mut keys = HashSet::new();
        // A transaction cannot write an item twice.
        let (group, mut rest): (Vec<_>, Vec<_>) =
            puts.into_iter().partition(|put| keys.len() < MAX_GROUP && keys.insert(key(&put.item)));
        let result = self.require_file().and_then(|()| {
            let transact_items = group.iter().map(|put| self.put_if_free(put.item.clone())).collect();
            let request = TransactWriteItemsRequest { transact_items, ..TransactWriteItemsRequest::default() };
            let put = self.database.transact_write_items(request);
            put.map_err(|error| OperationError::of_operation("TransactWriteItems", error))
        });
        match result {
            Ok(_) => group.into_iter().for_each(|put| drop(put.reply.send(Ok(None)))),
            Err(OperationError::Engine(DynoxideError::TransactionCanceledException(_, reasons))) => {
                for (put, reason) in group.into_iter().zip(reasons) {
                    match reason.code.as_str() {
                        "ConditionalCheckFailed" => drop(put.reply.send(Ok(reason.item))),
                        "None" => rest.push(put),
                        code => {
                            let message = format!("{code}: {}", reason.message.unwrap_or_default());
                            drop(
                                put.reply
                                    .send(Err(OperationError::Engine(DynoxideError::ValidationException(message)))),
                            );
                        }
                    }
                }
            }
            Err(error) => {
                for put in group {
                    drop(put.reply.send(Err(OperationError::Storage(error.to_string()))));
                }
            }
        }
        rest
    }

    fn put_if_free(&self, item: EngineItem) -> TransactWriteItem {
        let put = TransactPut {
            table_name: self.table.clone(),
            item,
            condition_expression: Some(expression::KEY_NOT_EXISTS.to_owned()),
            return_values_on_condition_check_failure: Some("ALL_OLD".to_owned()),
            ..TransactPut::default()
        };
        TransactWriteItem { put: Some(put), ..TransactWriteItem::default() }
    }
}

/// The key of an item; empty if it has none, which the engine then rejects.
fn key(item: &EngineItem) -> String {
    match item.get(attribute::CODE) {
        Some(EngineValue::S(key)) => key.clone(),
        _ => String::new(),
    }
}

impl std::fmt::Debug for WriteQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WriteQueue")
    }
}
