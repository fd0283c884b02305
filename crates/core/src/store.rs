//! The table: create a link, find a link.
//!
//! Every call to DynamoDB stands here, in [`crate::reuse`], in [`crate::day`] or in [`crate::batch`]; what each function
//! may call is in [`actions`].

use std::error::Error as StdError;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use rand::{Rng, RngExt};
use thiserror::Error;

use crate::clock::Timestamp;
use crate::code::Code;
use crate::expiry::Expiry;
use crate::link::{Item, Link, attribute};
use crate::problem::Problem;
use crate::target::Target;

/// The DynamoDB actions that each function calls, and so the ones that template.yaml allows its role.
/// (A transaction is allowed by the actions on its items.)
pub mod actions {
    /// `shorten` puts links, and gets the one that a `reuse` found.
    pub const SHORTEN: &[&str] = &["dynamodb:GetItem", "dynamodb:PutItem"];
    /// `resolve` gets links.
    pub const RESOLVE: &[&str] = &["dynamodb:GetItem"];
    /// Where visits are counted, it adds to links and to their days; where days are, it reads them.
    pub const RESOLVE_VISITS: &[&str] = &["dynamodb:BatchGetItem", "dynamodb:UpdateItem"];
}

/// How many codes of one length are drawn before longer ones are.
const DRAWS_PER_LENGTH: usize = 5;

/// By how many characters a code may come out longer than was asked for. Even in a code space that is 99 %
/// full, 5 draws of 7 characters and 5 of 8 are all taken once in 3 × 10^8 links.
const EXTRA_LENGTH: usize = 3;

/// A condition: no item has this code yet.
pub(crate) const IS_NEW: &str = "attribute_not_exists(shortCode)";

/// The table of links.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) client: Client,
    pub(crate) table: String,
    shortcut: Option<Shortcut>,
}

/// A shorter way to an item, where the table is in this process. Of a read through the SDK five sixths are the SDK's
/// (170 µs against 30, `bench load`), and most requests are a read.
///
/// It is given a key, and returns what is there. `None`: it cannot tell, and the SDK is asked.
#[derive(Clone)]
pub struct Shortcut(Arc<Find>);

type Find = dyn Fn(&str) -> Option<Option<Item>> + Send + Sync;

/// Where codes come from: how long they are, and what they are drawn with.
#[derive(Clone)]
pub struct CodeSource {
    length: usize,
    rng: Arc<Mutex<dyn Rng + Send>>,
}

/// A link that is wished for.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The code that the client chose; `None`: one is drawn.
    pub alias: Option<Code>,
    /// Where the link leads.
    pub target: Target,
    /// What the client asked of its life.
    pub expiry: Expiry,
    /// When it is made.
    pub created_at: Timestamp,
    /// When it expires, by the operator's policy.
    pub expires_at: Option<Timestamp>,
    /// How long it stays in the table after that, seconds.
    pub purge_after: i64,
}

/// What is at a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A link that leads to its target.
    Live(Link),
    /// A link that has expired.
    Expired(Link),
    /// Nothing.
    Missing,
}

/// Why a link was not made.
#[derive(Debug, Error)]
pub enum CreateError {
    /// The alias is this link's.
    #[error("the alias is taken")]
    AliasTaken(Box<Link>),
    /// Every code drawn was taken: the code space is all but full.
    #[error("every code drawn was taken: raise CODE_LENGTH")]
    Exhausted,
    /// The table did not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why the table did not do its part. The text is for the log: it holds no target and no body.
#[derive(Debug, Error)]
pub enum StoreError {
    /// It throttles, or does not answer: worth another try.
    #[error("DynamoDB is not available: {0}")]
    Unavailable(String),
    /// It refuses, or what it says makes no sense: a defect or a mistake in the deployment.
    #[error("DynamoDB refused: {0}")]
    Refused(String),
    /// An item that no version of this code has written.
    #[error("the item of {code} has no valid {attribute}")]
    Malformed {
        /// The item's code.
        code: Code,
        /// The attribute that is missing or not of its type.
        attribute: &'static str,
    },
}

/// What came of a put.
pub(crate) enum Put {
    Done,
    Taken(Box<Link>),
}

impl CodeSource {
    /// Codes of `length` characters, drawn with `rng`.
    pub fn new(length: usize, rng: impl Rng + Send + 'static) -> Self {
        Self { length, rng: Arc::new(Mutex::new(rng)) }
    }

    /// Codes of `length` characters from the operating system's random source.
    pub fn system(length: usize) -> Self {
        Self::new(length, rand::rand_core::UnwrapErr(rand::rngs::SysRng))
    }

    /// The codes to try for one link: a few of the length asked for, then a few of each of the next lengths.
    pub fn draws(&self) -> impl Iterator<Item = Code> {
        (self.length..=self.length + EXTRA_LENGTH)
            .flat_map(|length| std::iter::repeat_n(length, DRAWS_PER_LENGTH))
            .map(|length| self.with_rng(|rng| Code::draw(length, rng)))
    }

    pub(crate) fn write_id(&self) -> String {
        format!("{:016x}", self.with_rng(|rng| rng.random::<u64>()))
    }

    fn with_rng<T>(&self, draw: impl FnOnce(&mut (dyn Rng + Send)) -> T) -> T {
        draw(&mut *self.rng.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::fmt::Debug for CodeSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CodeSource").field("length", &self.length).finish_non_exhaustive()
    }
}

impl Shortcut {
    /// A shortcut that sees all that has been written.
    pub fn new(find: impl Fn(&str) -> Option<Option<Item>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(find))
    }
}

impl std::fmt::Debug for Shortcut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shortcut")
    }
}

impl Draft {
    pub(crate) fn link(&self, code: Code) -> Link {
        Link::new(code, self.target.clone(), self.created_at, self.expires_at)
    }
}

impl Store {
    /// The table of that name.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into(), shortcut: None }
    }

    /// This table, whose items can be read on a shorter way.
    pub fn with_shortcut(self, shortcut: Shortcut) -> Self {
        Self { shortcut: Some(shortcut), ..self }
    }

    /// Makes a link. Whether its code is taken is decided by DynamoDB when it is put, never by a look before.
    ///
    /// # Errors
    ///
    /// [`CreateError`].
    pub async fn create(&self, draft: &Draft, codes: &CodeSource) -> Result<Link, CreateError> {
        if let Some(alias) = &draft.alias {
            let link = draft.link(alias.clone());
            return match self.put(&link, draft.purge_after, &codes.write_id()).await? {
                Put::Done => Ok(link),
                Put::Taken(other) => Err(CreateError::AliasTaken(other)),
            };
        }
        for code in codes.draws() {
            let link = draft.link(code);
            if let Put::Done = self.put(&link, draft.purge_after, &codes.write_id()).await? {
                return Ok(link);
            }
        }
        Err(CreateError::Exhausted)
    }

    /// Looks a code up: first as cheaply as DynamoDB can, and if there is nothing, once more with a consistent
    /// read, so that a link works from the moment its maker is told of it.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn find(&self, code: &Code, now: Timestamp) -> Result<Found, StoreError> {
        let link = match self.get(code, false).await? {
            Some(link) => Some(link),
            None => self.get(code, true).await?,
        };
        Ok(match link {
            Some(link) if link.is_expired(now) => Found::Expired(link),
            Some(link) => Found::Live(link),
            None => Found::Missing,
        })
    }

    /// One read of a link.
    pub(crate) async fn get(&self, code: &Code, consistent: bool) -> Result<Option<Link>, StoreError> {
        let item = self.get_item(code.as_str(), consistent).await?;
        item.map(|item| to_link(code, item)).transpose()
    }

    pub(crate) async fn get_item(&self, key: &str, consistent: bool) -> Result<Option<Item>, StoreError> {
        if let Some(found) = self.shortcut.as_ref().and_then(|Shortcut(find)| find(key)) {
            return Ok(found);
        }
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .key(attribute::CODE, AttributeValue::S(key.to_owned()))
            .consistent_read(consistent);
        Ok(get.send().await.map_err(|error| StoreError::from_sdk(&error))?.item)
    }

    async fn put(&self, link: &Link, purge_after: i64, write_id: &str) -> Result<Put, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(link.to_item(write_id, purge_after)))
            .condition_expression(IS_NEW)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = put.send().await else { return Ok(Put::Done) };
        let old = match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failure)) => failure.item().cloned(),
            _ => return Err(StoreError::from_sdk(&error)),
        };
        let Some(old) = old else {
            return Err(StoreError::Refused("a failed condition without the item that failed it".to_owned()));
        };
        // The SDK repeats a put whose answer was lost: then what stands in its way is itself.
        if old.get(attribute::WRITE_ID) == Some(&AttributeValue::S(write_id.to_owned())) {
            return Ok(Put::Done);
        }
        to_link(&link.code, old).map(|other| Put::Taken(Box::new(other)))
    }
}

pub(crate) fn to_link(code: &Code, item: Item) -> Result<Link, StoreError> {
    Link::from_item(item).map_err(|attribute| StoreError::Malformed { code: code.clone(), attribute })
}

impl StoreError {
    /// What the client is told. The cause is logged, here and nowhere else, and not shown.
    pub fn problem(&self, request_id: &str) -> Problem {
        tracing::error!(request_id, error = %self, "the table did not do its part");
        match self {
            Self::Unavailable(_) => Problem::unavailable(),
            Self::Refused(_) | Self::Malformed { .. } => Problem::internal(request_id),
        }
    }

    /// Sorts the SDK's errors: what may pass, and what will not.
    pub(crate) fn from_sdk<E, R>(error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + StdError + 'static,
        R: std::fmt::Debug,
    {
        /// Codes of errors that another try may not meet, after the SDK's own tries did.
        const PASSING: &[&str] = &[
            "InternalServerError",
            "LimitExceededException",
            "ProvisionedThroughputExceededException",
            "RequestLimitExceeded",
            "ServiceUnavailable",
            "ThrottlingException",
            "TransactionConflictException",
            "TransactionInProgressException",
        ];
        match error {
            SdkError::ServiceError(service) => {
                let code = service.err().code().unwrap_or("an error without a code");
                let text = format!("{code}: {}", service.err().message().unwrap_or("no message"));
                if PASSING.contains(&code) { Self::Unavailable(text) } else { Self::Refused(text) }
            }
            // Without `Debug`, which would print the response's body.
            other => Self::Unavailable(in_words(other)),
        }
    }
}

/// An error and its causes, in their own words, on one line.
pub fn in_words(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
