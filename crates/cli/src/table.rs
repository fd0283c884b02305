//! Creating a table with the keys and settings that template.yaml declares, and checking that one exists.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::get_item::GetItemError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    TimeToLiveSpecification,
};
use shortlink_core::dynamodb::error::error_chain;
use shortlink_core::dynamodb::items::attribute;
use thiserror::Error;

/// The reason that a table cannot be used.
#[derive(Debug, Error)]
pub enum TableError {
    /// The table does not exist.
    #[error("the table {table:?} does not exist; create it as declared in template.yaml, or name another with --table")]
    Missing {
        /// The table's name.
        table: String,
    },
    /// DynamoDB does not answer, or rejects the call.
    #[error("the table {table:?} cannot be used: {reason}")]
    Unusable {
        /// The table's name.
        table: String,
        /// The message of DynamoDB or the SDK.
        reason: String,
    },
}

/// Creates the table if it does not exist.
///
/// # Errors
///
/// [`TableError::Unusable`].
pub async fn ensure(client: &Client, table: &str) -> Result<(), TableError> {
    let unusable = |reason: String| TableError::Unusable { table: table.to_owned(), reason };
    let key = AttributeDefinition::builder()
        .attribute_name(attribute::CODE)
        .attribute_type(ScalarAttributeType::S)
        .build()
        .map_err(|error| unusable(error.to_string()))?;
    let schema = KeySchemaElement::builder()
        .attribute_name(attribute::CODE)
        .key_type(KeyType::Hash)
        .build()
        .map_err(|error| unusable(error.to_string()))?;
    let created = client
        .create_table()
        .table_name(table)
        .attribute_definitions(key)
        .key_schema(schema)
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await;
    match created {
        Ok(_) => {}
        Err(error) if matches!(error.as_service_error(), Some(CreateTableError::ResourceInUseException(_))) => {
            return Ok(());
        }
        Err(error) => return Err(unusable(error_chain(&error))),
    }
    let ttl = TimeToLiveSpecification::builder()
        .attribute_name(attribute::PURGE_AT)
        .enabled(true)
        .build()
        .map_err(|error| unusable(error.to_string()))?;
    let enabled = client.update_time_to_live().table_name(table).time_to_live_specification(ttl).send().await;
    enabled.map(drop).map_err(|error| unusable(error_chain(&error)))
}

/// Checks that the table exists and has the right key, by reading an item. This needs no permission that the server does
/// not need anyway.
///
/// # Errors
///
/// [`TableError`].
pub async fn require_exists(client: &Client, table: &str) -> Result<(), TableError> {
    let key = AttributeValue::S("#".to_owned()); // no item has this key
    let read = client.get_item().table_name(table).key(attribute::CODE, key).send().await;
    read.map(drop).map_err(|error| match error.as_service_error() {
        Some(GetItemError::ResourceNotFoundException(_)) => TableError::Missing { table: table.to_owned() },
        _ => TableError::Unusable { table: table.to_owned(), reason: error_chain(&error) },
    })
}
