//! What can go wrong with a call to the table. The messages are for the log: they contain no target and no body.

use std::error::Error as StdError;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use thiserror::Error;

use crate::domain::clock::Timestamp;
use crate::domain::code::Code;
use crate::domain::link_limit::LinkLimit;
use crate::dynamodb::link_changes::ManagedLink;

/// Codes of errors that may disappear if the call is repeated later. The SDK has then already used up its own attempts.
const TRANSIENT_ERRORS: &[&str] = &[
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// The error code of an embedded table whose disk or file fails. DynamoDB has no such error.
pub const EMBEDDED_STORAGE_FAILURE: &str = "EmbeddedStorageFailure";

/// The reason that a link was not created.
#[derive(Debug, Error)]
pub enum CreateError {
    /// The alias is the code of this link.
    #[error("the alias is taken")]
    AliasTaken(Box<ManagedLink>),
    /// The idempotency key belongs to another request.
    #[error("the idempotency key was used for another request")]
    IdempotencyKeyUsed,
    /// The sender has reached this limit, at this instant.
    #[error("the limit on the number of links is reached")]
    LimitReached(LinkLimit, Timestamp),
    /// All candidate codes are taken: the code space is nearly full.
    #[error("all generated codes are taken: raise CODE_LENGTH")]
    CodesExhausted,
    /// A call to the table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The reason that a call to the table failed.
#[derive(Debug, Error)]
pub enum StoreError {
    /// DynamoDB throttles or does not answer. Another attempt may succeed.
    #[error("DynamoDB is not available: {0}")]
    Unavailable(String),
    /// An embedded table cannot be read or written: for example, its disk is full, or its file is read-only, damaged or
    /// gone. The operator must act.
    #[error("the table cannot be used: {0}")]
    Storage(String),
    /// The table has no index of links by owner, or is still building it. The operator must act.
    #[error("the table has no index {0:?} yet: add it as template.yaml declares it, or wait until it is built")]
    NoIndex(&'static str),
    /// DynamoDB rejects the call, or its response makes no sense: a defect, or a mistake in the deployment.
    #[error("DynamoDB rejected the call: {0}")]
    Rejected(String),
    /// An item with a missing or invalid attribute, which this program does not write.
    #[error("the item of {code} has no valid {attribute}")]
    Malformed {
        /// The item's code.
        code: Code,
        /// The attribute that is missing or has the wrong type.
        attribute: &'static str,
    },
}

impl StoreError {
    /// Whether DynamoDB rejects one item and would accept others: for example, because the item is too large, or because an
    /// attribute has a type that an index does not accept.
    pub fn is_about_item(&self) -> bool {
        matches!(self, Self::Rejected(reason) if reason.starts_with("ValidationException"))
    }

    /// Classifies an error of the SDK as transient or not.
    pub(super) fn from_sdk<E, R>(error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + StdError + 'static,
        R: std::fmt::Debug,
    {
        match error {
            SdkError::ServiceError(service) => {
                let code = service.err().code();
                let text = format!(
                    "{}: {}",
                    code.unwrap_or("an error without a code"),
                    service.err().message().unwrap_or("no message")
                );
                if code == Some(EMBEDDED_STORAGE_FAILURE) {
                    return Self::Storage(service.err().message().unwrap_or("no message").to_owned());
                }
                // An error without a code is not DynamoDB's, but that of something in front of it.
                if code.is_none_or(|code| TRANSIENT_ERRORS.contains(&code)) {
                    Self::Unavailable(text)
                } else {
                    Self::Rejected(text)
                }
            }
            // `Debug` would print the response's body.
            other => Self::Unavailable(error_chain(other)),
        }
    }
}

/// The messages of an error and of its causes, on one line.
pub fn error_chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
