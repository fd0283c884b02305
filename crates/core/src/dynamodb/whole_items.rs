//! Reading, putting and deleting whole items, for commands that move links from one table to another.

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::dynamodb::error::StoreError;
use crate::dynamodb::items::{Item, attribute, expression};
use crate::dynamodb::store::{ConditionalPut, Store};

impl Store {
    /// The item with this key, read consistently.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn whole_item(&self, key: &str) -> Result<Option<Item>, StoreError> {
        self.get_item(key, true).await
    }

    /// Puts an item on the condition that there is none with its key. Returns the existing item if there is one, which is
    /// the same item if the response to an earlier attempt was lost.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn put_if_new(&self, item: Item) -> Result<Option<Item>, StoreError> {
        match &self.direct_access {
            Some(table) => table.put_new_item(item).await,
            None => self.put_item(ConditionalPut::if_new(item)).await,
        }
    }

    /// Deletes an item on the condition that all its attributes are as they were `seen`, and that the link has not been
    /// changed or blocked. Returns false if the condition fails, or if there is no such item.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn delete_unchanged(&self, seen: &Item) -> Result<bool, StoreError> {
        let Some(key) = seen.get(attribute::CODE).cloned() else { return Ok(false) };
        let mut delete = self.client.delete_item().table_name(&self.table).key(attribute::CODE, key);
        let mut conditions = vec![expression::IS_NEVER_CHANGED.to_owned()];
        for (n, (name, value)) in seen.iter().enumerate() {
            conditions.push(format!("#{n} = :{n}"));
            delete = delete
                .expression_attribute_names(format!("#{n}"), name)
                .expression_attribute_values(format!(":{n}"), value.clone());
        }
        let Err(error) = delete.condition_expression(conditions.join(" AND ")).send().await else { return Ok(true) };
        match error.as_service_error() {
            Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(false),
            _ => Err(StoreError::from_sdk(&error)),
        }
    }

    /// Deletes the visits of a link that was created at the instant in `link_created_at`. Returns false if there are none.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn delete_visits(&self, code: &str, link_created_at: AttributeValue) -> Result<bool, StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .key(attribute::CODE, AttributeValue::S(format!("visits#{code}")))
            .condition_expression(expression::IS_OF_LINK)
            .expression_attribute_values(":created", link_created_at);
        let Err(error) = delete.send().await else { return Ok(true) };
        match error.as_service_error() {
            Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(false),
            _ => Err(StoreError::from_sdk(&error)),
        }
    }
}
