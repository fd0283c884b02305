//! Creating a table with the keys, the index and the settings that template.yaml declares, and checking that one exists.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::get_item::GetItemError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, CreateGlobalSecondaryIndexAction, GlobalSecondaryIndex,
    GlobalSecondaryIndexUpdate, KeySchemaElement, KeyType, Projection, ProjectionType, ScalarAttributeType,
    TimeToLiveSpecification,
};
use aws_smithy_types::error::operation::BuildError;
use shortlink_core::dynamodb::items::{attribute, index};
use thiserror::Error;

use crate::aws_fault;

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
        /// The cause, and what to do.
        reason: String,
    },
}

/// Creates the table if it does not exist, and adds the index of links by owner if the table is from before there was one.
///
/// # Errors
///
/// [`TableError::Unusable`].
pub async fn ensure(client: &Client, table: &str) -> Result<(), TableError> {
    let unusable = |reason: String| TableError::Unusable { table: table.to_owned(), reason };
    let build_error = |error: BuildError| unusable(error.to_string());
    let created = client
        .create_table()
        .table_name(table)
        .set_attribute_definitions(Some(attribute_definitions().map_err(build_error)?))
        .key_schema(key(attribute::CODE, KeyType::Hash).map_err(build_error)?)
        .global_secondary_indexes(index_by_owner().map_err(build_error)?)
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await;
    match created {
        Ok(_) => {}
        Err(error) if matches!(error.as_service_error(), Some(CreateTableError::ResourceInUseException(_))) => {
            return ensure_index(client, table).await;
        }
        Err(error) => return Err(unusable(aws_fault::describe(&error))),
    }
    let ttl = TimeToLiveSpecification::builder()
        .attribute_name(attribute::PURGE_AT)
        .enabled(true)
        .build()
        .map_err(build_error)?;
    let enabled = client.update_time_to_live().table_name(table).time_to_live_specification(ttl).send().await;
    enabled.map(drop).map_err(|error| unusable(aws_fault::describe(&error)))
}

/// Adds the index of links by owner if the table has none. The engine fills it before it returns.
async fn ensure_index(client: &Client, table: &str) -> Result<(), TableError> {
    let unusable = |reason: String| TableError::Unusable { table: table.to_owned(), reason };
    let build_error = |error: BuildError| unusable(error.to_string());
    let described = client.describe_table().table_name(table).send().await;
    let described = described.map_err(|error| unusable(aws_fault::describe(&error)))?;
    let indexes = described.table.and_then(|table| table.global_secondary_indexes).unwrap_or_default();
    if indexes.iter().any(|index| index.index_name() == Some(index::BY_OWNER)) {
        return Ok(());
    }
    let index = index_by_owner().map_err(build_error)?;
    let create = CreateGlobalSecondaryIndexAction::builder()
        .index_name(index.index_name)
        .set_key_schema(Some(index.key_schema))
        .set_projection(index.projection)
        .build()
        .map_err(build_error)?;
    let updated = client
        .update_table()
        .table_name(table)
        .set_attribute_definitions(Some(attribute_definitions().map_err(build_error)?))
        .global_secondary_index_updates(GlobalSecondaryIndexUpdate::builder().create(create).build())
        .send()
        .await;
    updated.map(drop).map_err(|error| unusable(aws_fault::describe(&error)))
}

/// The attributes of the keys of the table and of its index.
fn attribute_definitions() -> Result<Vec<AttributeDefinition>, BuildError> {
    let definition = |name, kind| AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build();
    Ok(vec![
        definition(attribute::CODE, ScalarAttributeType::S)?,
        definition(attribute::OWNER, ScalarAttributeType::S)?,
        definition(attribute::CREATED_AT, ScalarAttributeType::N)?,
    ])
}

fn index_by_owner() -> Result<GlobalSecondaryIndex, BuildError> {
    let included = index::INCLUDED.iter().map(|name| (*name).to_owned()).collect();
    let projection =
        Projection::builder().projection_type(ProjectionType::Include).set_non_key_attributes(Some(included)).build();
    GlobalSecondaryIndex::builder()
        .index_name(index::BY_OWNER)
        .key_schema(key(attribute::OWNER, KeyType::Hash)?)
        .key_schema(key(attribute::CREATED_AT, KeyType::Range)?)
        .projection(projection)
        .build()
}

fn key(name: &str, kind: KeyType) -> Result<KeySchemaElement, BuildError> {
    KeySchemaElement::builder().attribute_name(name).key_type(kind).build()
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
        _ => TableError::Unusable { table: table.to_owned(), reason: aws_fault::describe(&error) },
    })
}
