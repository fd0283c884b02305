//! The links of an owner, by the index of the table.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::QueryError;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::code::Code;
use crate::domain::link_list::ListPosition;
use crate::domain::owner::Owner;
use crate::dynamodb::error::StoreError;
use crate::dynamodb::items::{self, Item, attribute, expression, index, number};
use crate::dynamodb::link_changes::ManagedLink;
use crate::dynamodb::store::Store;

/// How often the index is queried for one page. More than one query is needed only if a page exceeds DynamoDB's limit of
/// 1 MB, or if the index contains items that are no links.
const MAX_QUERIES: usize = 20;

/// A part of a list.
#[derive(Clone, Debug, Default)]
pub struct LinkPage {
    /// The links, the latest first.
    pub links: Vec<ManagedLink>,
    /// The position after which the list continues; `None` at its end.
    pub next: Option<ListPosition>,
}

impl Store {
    /// At most `limit` links of an owner after a position, the latest first. The index is eventually consistent: a link
    /// that was just created or changed may not be in it yet. Items that are no valid links are left out.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn list_links(
        &self,
        owner: &Owner,
        limit: usize,
        after: Option<&ListPosition>,
    ) -> Result<LinkPage, StoreError> {
        let mut page = LinkPage::default();
        let mut start = after.map(|position| start_key(owner, position));
        for _ in 0..MAX_QUERIES {
            // One more than asked for shows whether there are more.
            let missing = i32::try_from(limit + 1 - page.links.len()).unwrap_or(i32::MAX);
            let query = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(index::BY_OWNER)
                .key_condition_expression(expression::IS_OWNED)
                .expression_attribute_names("#owner", attribute::OWNER)
                .expression_attribute_values(":owner", AttributeValue::S(owner.to_string()))
                .scan_index_forward(false)
                .limit(missing)
                .set_exclusive_start_key(start);
            let found = query.send().await.map_err(|error| to_store_error(&error))?;
            page.links.extend(found.items.unwrap_or_default().into_iter().filter_map(to_managed));
            start = found.last_evaluated_key.filter(|key| !key.is_empty());
            if page.links.len() > limit || start.is_none() {
                break;
            }
        }
        if page.links.len() > limit || start.is_some() {
            page.links.truncate(limit);
            page.next = page
                .links
                .last()
                .map(|managed| ListPosition { created_at: managed.link.created_at, code: managed.link.code.clone() });
        }
        Ok(page)
    }
}

fn to_managed(item: Item) -> Option<ManagedLink> {
    let code = Code::parse(items::text(&item, attribute::CODE)?).ok()?;
    ManagedLink::from_item(&code, item).ok()
}

fn start_key(owner: &Owner, position: &ListPosition) -> Item {
    Item::from([
        (attribute::OWNER.to_owned(), AttributeValue::S(owner.to_string())),
        (attribute::CREATED_AT.to_owned(), number(position.created_at.unix())),
        (attribute::CODE.to_owned(), AttributeValue::S(position.code.to_string())),
    ])
}

/// DynamoDB has no error code of its own for a table without the index, or one that is still building it.
fn to_store_error<R: std::fmt::Debug>(error: &SdkError<QueryError, R>) -> StoreError {
    let is_about_index = error.as_service_error().is_some_and(|error| {
        error.code() == Some("ValidationException")
            && error.message().is_some_and(|message| message.contains(index::BY_OWNER))
    });
    if is_about_index { StoreError::NoIndex(index::BY_OWNER) } else { StoreError::from_sdk(error) }
}
