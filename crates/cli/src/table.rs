//! The table: as template.yaml makes it in AWS, so this makes it in the embedded engine.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TimeToLiveSpecification,
};
use shortlink_core::link::attribute;
use shortlink_core::store::in_words;
use thiserror::Error;

/// Why there is no table to work with.
#[derive(Debug, Error)]
pub enum TableError {
    /// It is not there.
    #[error(
        "there is no table {table:?} at that DynamoDB; create it (template.yaml says how it should be), or name another with --table"
    )]
    Missing {
        /// Its name.
        table: String,
    },
    /// DynamoDB does not answer, or refuses.
    #[error("the table {table:?} cannot be used: {reason}")]
    Unusable {
        /// Its name.
        table: String,
        /// DynamoDB's or the SDK's words.
        reason: String,
    },
}

/// Makes the table unless it is there.
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
        Err(error) => return Err(unusable(in_words(&error))),
    }
    let ttl = TimeToLiveSpecification::builder()
        .attribute_name(attribute::PURGE_AT)
        .enabled(true)
        .build()
        .map_err(|error| unusable(error.to_string()))?;
    let enabled = client.update_time_to_live().table_name(table).time_to_live_specification(ttl).send().await;
    enabled.map(drop).map_err(|error| unusable(in_words(&error)))
}

/// Makes sure that the table is there.
///
/// # Errors
///
/// [`TableError`].
pub async fn find(client: &Client, table: &str) -> Result<(), TableError> {
    let described = client.describe_table().table_name(table).send().await;
    described.map(drop).map_err(|error| match error.as_service_error() {
        Some(DescribeTableError::ResourceNotFoundException(_)) => TableError::Missing { table: table.to_owned() },
        _ => TableError::Unusable { table: table.to_owned(), reason: in_words(&error) },
    })
}
