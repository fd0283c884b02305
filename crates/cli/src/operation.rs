//! DynamoDB's operations, as the embedded engine carries them out: a name and a body in, a body out.
//!
//! `dynoxide`'s own HTTP server does the same, and reads each body three times over to be as strict as AWS with bodies
//! that no SDK would send. Here they come from the SDK in this process.

use dynoxide::actions::transact_write_items::TransactWriteItemsRequest;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Whether an operation may change something. What is not known is taken to.
pub(crate) fn is_write(operation: &str) -> bool {
    !matches!(operation, "BatchGetItem" | "DescribeTable" | "GetItem" | "Query" | "Scan")
}

/// Carries an operation out.
///
/// # Errors
///
/// DynamoDB's, such as a condition that failed; and an operation that this program does not use.
pub(crate) fn perform(database: &Database, operation: &str, body: &[u8]) -> Result<Vec<u8>, DynoxideError> {
    match operation {
        "BatchGetItem" => with(body, |request| database.batch_get_item(request)),
        "CreateTable" => with(body, |request| database.create_table(request)),
        "DeleteItem" => with(body, |request| database.delete_item(request)),
        "DescribeTable" => with(body, |request| database.describe_table(request)),
        "GetItem" => with(body, |request| database.get_item(request)),
        "PutItem" => with(body, |request| database.put_item(request)),
        "Query" => with(body, |request| database.query(request)),
        "Scan" => with(body, |request| database.scan(request)),
        "TransactWriteItems" => with(body, |mut request: TransactWriteItemsRequest| {
            // By its token a transaction that is sent twice is known; here nothing is, and to remember it costs as much
            // as to carry it out.
            request.client_request_token = None;
            database.transact_write_items(request)
        }),
        "UpdateItem" => with(body, |request| database.update_item(request)),
        "UpdateTimeToLive" => with(body, |request| database.update_time_to_live(request)),
        other => Err(DynoxideError::ValidationException(format!("the embedded engine is never asked to {other}"))),
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
