//! The operations of DynamoDB, carried out by the embedded engine: an operation's name and a request body in, a
//! response body out.
//!
//! `dynoxide`'s own HTTP server does the same, but parses each body three times to be as strict as AWS with bodies that
//! no SDK would send. Here all bodies come from the SDK in this process.

use dynoxide::actions::put_item::PutItemRequest;
use dynoxide::actions::transact_write_items::TransactWriteItemsRequest;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::embedded::checksum;

/// Whether an operation may write. Unknown operations count as writes, and so does `DescribeTable`: the handle for reads
/// would remember the description, and not notice that the handle for writes has changed it.
pub(super) fn is_write(operation: &str) -> bool {
    !matches!(operation, "BatchGetItem" | "GetItem" | "Query" | "Scan")
}

/// Carries out an operation.
///
/// # Errors
///
/// The errors of DynamoDB, such as a failed condition, and a `ValidationException` for an operation that this program
/// does not use.
pub(super) fn perform(database: &Database, operation: &str, body: &[u8]) -> Result<Vec<u8>, DynoxideError> {
    match operation {
        "BatchGetItem" => with(body, |request| database.batch_get_item(request)),
        "CreateTable" => with(body, |request| database.create_table(request)),
        "DeleteItem" => with(body, |request| database.delete_item(request)),
        "DescribeTable" => with(body, |request| database.describe_table(request)),
        "GetItem" => with(body, |request| database.get_item(request)),
        "PutItem" => with(body, |mut request: PutItemRequest| {
            checksum::add(&mut request.item);
            database.put_item(request)
        }),
        "Query" => with(body, |request| database.query(request)),
        "Scan" => with(body, |request| database.scan(request)),
        "TransactWriteItems" => with(body, |mut request: TransactWriteItemsRequest| {
            // DynamoDB recognises a repeated transaction by its token. Here nothing is sent twice, and recording the
            // token would cost as much as the transaction.
            request.client_request_token = None;
            for put in request.transact_items.iter_mut().filter_map(|item| item.put.as_mut()) {
                checksum::add(&mut put.item);
            }
            database.transact_write_items(request)
        }),
        "UpdateItem" => with(body, |request| database.update_item(request)),
        "UpdateTable" => with(body, |request| database.update_table(request)),
        "UpdateTimeToLive" => with(body, |request| database.update_time_to_live(request)),
        other => Err(DynoxideError::ValidationException(format!("the embedded table does not support {other}"))),
    }
}

fn with<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    act: impl FnOnce(Q) -> dynoxide::Result<A>,
) -> Result<Vec<u8>, DynoxideError> {
    let request =
        serde_json::from_slice(body).map_err(|error| DynoxideError::SerializationException(error.to_string()))?;
    serde_json::to_vec(&act(request)?).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}
