//! Creating and finding links.

use std::pin::Pin;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use crate::domain::clock::Timestamp;
use crate::domain::code::Code;
use crate::domain::code_generator::CodeGenerator;
use crate::domain::link::{Link, NewLink};
use crate::domain::manage_token::ManageToken;
use crate::domain::visit_regions::VisitRegions;
use crate::dynamodb::error::{CreateError, StoreError};
use crate::dynamodb::items::{self, Item, attribute, expression, number};
use crate::dynamodb::link_changes::ManagedLink;

/// The table of links. Clones share the client.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) client: Client,
    pub(super) table: String,
    pub(super) direct_access: Option<Arc<dyn DirectAccess>>,
    pub(super) visit_regions: VisitRegions,
}

/// Direct access to a table inside this process, without the SDK.
///
/// Most requests are one read or one put. Through the SDK such a call costs several times as much as the table takes for
/// it (`bench load`).
pub trait DirectAccess: std::fmt::Debug + Send + Sync {
    /// The item with this key, including everything that has been committed; `None` if there is no such item.
    fn get_item<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Item>, StoreError>>;

    /// Puts an item on the condition that its key is free. Returns the existing item if it is not.
    fn put_new_item(&self, item: Item) -> BoxFuture<'_, Result<Option<Item>, StoreError>>;
}

/// The future of a trait method that returns a value of type `T`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The result of looking up a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// The link exists and has not expired.
    Live(Link),
    /// The link has expired.
    Expired(Link),
    /// The link's owner has withdrawn it.
    Withdrawn,
    /// The operator has blocked it.
    Blocked,
    /// There is no link with this code.
    Missing,
}

/// A link that was created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedLink {
    /// The link.
    pub link: Link,
    /// The secret with which it can be changed and withdrawn, if it can.
    pub token: Option<ManageToken>,
    /// How many generated codes belonged to other links before one was free.
    pub codes_taken: usize,
}

/// An item that is put on a condition.
#[derive(Clone, Debug)]
pub(super) struct ConditionalPut {
    pub(super) item: Item,
    pub(super) condition: &'static str,
    /// The values in the condition.
    pub(super) values: Vec<(&'static str, AttributeValue)>,
}

impl ConditionalPut {
    /// Puts an item on the condition that its key is free.
    pub(super) fn if_new(item: Item) -> Self {
        Self { item, condition: expression::KEY_NOT_EXISTS, values: Vec::new() }
    }
}

/// The result of putting a link.
enum PutOutcome {
    Created,
    /// The code belongs to this link.
    Taken(Box<ManagedLink>),
}

impl Store {
    /// The table with this name.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into(), direct_access: None, visit_regions: VisitRegions::default() }
    }

    /// The same table, whose visits are counted in these regions.
    pub fn with_visit_regions(self, visit_regions: VisitRegions) -> Self {
        Self { visit_regions, ..self }
    }

    /// The same table, which is inside this process: single items are read and put by `direct_access`.
    pub fn with_direct_access(self, direct_access: Arc<dyn DirectAccess>) -> Self {
        Self { direct_access: Some(direct_access), ..self }
    }

    /// Creates a link. DynamoDB decides whether its code is taken, by the condition of the put; there is no read before
    /// it.
    ///
    /// # Errors
    ///
    /// [`CreateError`].
    pub async fn create(&self, new_link: &NewLink, codes: &CodeGenerator) -> Result<CreatedLink, CreateError> {
        let token = new_link.has_token.then(|| codes.manage_token());
        if let Some(alias) = &new_link.alias {
            let link = new_link.with_code(alias.clone());
            return match self.put(&link, new_link, token.as_ref(), &codes.write_id()).await? {
                PutOutcome::Created => Ok(CreatedLink { link, token, codes_taken: 0 }),
                PutOutcome::Taken(other) => Err(CreateError::AliasTaken(other)),
            };
        }
        for (codes_taken, code) in codes.candidates().enumerate() {
            let link = new_link.with_code(code);
            if let PutOutcome::Created = self.put(&link, new_link, token.as_ref(), &codes.write_id()).await? {
                return Ok(CreatedLink { link, token, codes_taken });
            }
        }
        Err(CreateError::CodesExhausted)
    }

    /// Looks up a code with an eventually consistent read. If that finds nothing, a strongly consistent read follows,
    /// so that a link works as soon as its creator has been told of it.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn find(&self, code: &Code, now: Timestamp) -> Result<Lookup, StoreError> {
        let link = match self.get(code, false).await? {
            // A table inside this process has no replicas that could lag behind.
            None if self.direct_access.is_none() => self.get(code, true).await?,
            link => link,
        };
        Ok(match link {
            Some(link) if link.blocked_at.is_some() => Lookup::Blocked,
            Some(link) if link.withdrawn_at.is_some() => Lookup::Withdrawn,
            Some(link) if link.is_expired(now) => Lookup::Expired(link),
            Some(link) => Lookup::Live(link),
            None => Lookup::Missing,
        })
    }

    /// Reads a link once.
    pub(super) async fn get(&self, code: &Code, consistent: bool) -> Result<Option<Link>, StoreError> {
        let item = self.get_item(code.as_str(), consistent).await?;
        item.map(|item| Self::to_link(code, item)).transpose()
    }

    /// Reads an item once.
    pub(super) async fn get_item(&self, key: &str, consistent: bool) -> Result<Option<Item>, StoreError> {
        if let Some(table) = &self.direct_access {
            return table.get_item(key).await;
        }
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .key(attribute::CODE, AttributeValue::S(key.to_owned()))
            .consistent_read(consistent);
        Ok(get.send().await.map_err(|error| StoreError::from_sdk(&error))?.item)
    }

    /// Puts a link on the condition that its code is free.
    async fn put(
        &self,
        link: &Link,
        new_link: &NewLink,
        token: Option<&ManageToken>,
        write_id: &str,
    ) -> Result<PutOutcome, StoreError> {
        let item = items::from_link(link, new_link, write_id, token.map(ManageToken::digest));
        let existing = match &self.direct_access {
            Some(table) => table.put_new_item(item).await?,
            None => self.put_item(ConditionalPut::if_new(item)).await?,
        };
        match existing {
            None => Ok(PutOutcome::Created),
            // The SDK repeats a put whose response was lost. The existing item is then the one that this put wrote.
            Some(item) if item.get(attribute::WRITE_ID) == Some(&AttributeValue::S(write_id.to_owned())) => {
                Ok(PutOutcome::Created)
            }
            Some(item) => ManagedLink::from_item(&link.code, item).map(|other| PutOutcome::Taken(Box::new(other))),
        }
    }

    /// Puts an item. Returns the existing item if the condition fails.
    pub(super) async fn put_item(&self, put: ConditionalPut) -> Result<Option<Item>, StoreError> {
        let ConditionalPut { item, condition, values } = put;
        let mut put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression(condition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (name, value) in values {
            put = put.expression_attribute_values(name, value);
        }
        let Err(error) = put.send().await else { return Ok(None) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failure)) => match failure.item() {
                Some(item) => Ok(Some(item.clone())),
                None => Err(StoreError::Rejected("a failed condition without the existing item".to_owned())),
            },
            _ => Err(StoreError::from_sdk(&error)),
        }
    }

    /// Updates an item on the condition that it exists, with the time `:now` if the update names it. Returns false if
    /// there is no such item.
    pub(super) async fn update_existing(
        &self,
        key: String,
        update: &str,
        now: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let mut call = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(attribute::CODE, AttributeValue::S(key))
            .update_expression(update)
            .condition_expression(expression::KEY_EXISTS);
        if let Some(now) = now {
            call = call.expression_attribute_values(":now", number(now.unix()));
        }
        let Err(error) = call.send().await else { return Ok(true) };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
            _ => Err(StoreError::from_sdk(&error)),
        }
    }

    /// The link of an item.
    pub(super) fn to_link(code: &Code, item: Item) -> Result<Link, StoreError> {
        items::to_link(item).map_err(|attribute| StoreError::Malformed { code: code.clone(), attribute })
    }
}
