//! Changing a link that exists. The caller decides who may do so.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use crate::domain::clock::Timestamp;
use crate::domain::code::Code;
use crate::domain::link::{Link, LinkChange};
use crate::domain::owner::Owner;
use crate::dynamodb::error::StoreError;
use crate::dynamodb::items::{self, Item, attribute, expression, number};
use crate::dynamodb::store::Store;

/// A link with what decides who may manage it, and who else may get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedLink {
    /// The link.
    pub link: Link,
    /// How often it was changed.
    pub version: u64,
    /// When it was last changed.
    pub changed_at: Option<Timestamp>,
    /// To whom it belongs, if it was created with an API key.
    pub owner: Option<String>,
    /// The digest of its management token, if it has one.
    pub manage_digest: Option<String>,
    /// Whether its code is an alias.
    pub is_alias: bool,
}

impl ManagedLink {
    /// The link of an item.
    pub(super) fn from_item(code: &Code, item: Item) -> Result<Self, StoreError> {
        let malformed = |attribute| StoreError::Malformed { code: code.clone(), attribute };
        let version = match item.get(attribute::VERSION) {
            None => Some(0),
            Some(version) => version.as_n().ok().and_then(|digits| digits.parse().ok()),
        };
        let text = |name| items::text(&item, name).map(str::to_owned);
        Ok(Self {
            version: version.ok_or_else(|| malformed(attribute::VERSION))?,
            changed_at: items::instant(&item, attribute::CHANGED_AT).map_err(malformed)?,
            owner: text(attribute::OWNER),
            manage_digest: text(attribute::MANAGE_DIGEST),
            is_alias: item.contains_key(attribute::IS_ALIAS),
            link: Store::to_link(code, item)?,
        })
    }

    /// Whether a request of `owner` may get the link with `reuse`: it is the owner's, or it is nobody's and cannot be
    /// changed.
    pub fn is_shared_with(&self, owner: Option<&Owner>) -> bool {
        let is_own = self.owner.as_deref() == owner.map(Owner::as_str);
        is_own && (owner.is_some() || self.manage_digest.is_none())
    }
}

impl Store {
    /// The link with this code, read consistently, with what decides who may manage it.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn find_managed(&self, code: &Code) -> Result<Option<ManagedLink>, StoreError> {
        let item = self.get_item(code.as_str(), true).await?;
        item.map(|item| ManagedLink::from_item(code, item)).transpose()
    }

    /// Changes a link whose state its owner has `seen`, `now`. The item is kept for `purge_after` seconds after the new
    /// expiry. Returns the changed link, or `None` if the link has been changed or deleted meanwhile. `change_id` is
    /// random, so that an update is recognised that the SDK repeats because its response was lost.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn change(
        &self,
        seen: &ManagedLink,
        change: &LinkChange,
        change_id: &str,
        now: Timestamp,
        purge_after: Option<i64>,
    ) -> Result<Option<ManagedLink>, StoreError> {
        let link = change.apply_to(&seen.link, now);
        if link == seen.link {
            return Ok(Some(seen.clone()));
        }
        let version = seen.version + 1;
        let purge_after = purge_after.filter(|_| !seen.is_alias);
        let purge_at = items::purge_at(&link, purge_after, now);
        let attributes = [
            (attribute::TARGET, Some(AttributeValue::S(link.target.to_string()))),
            (attribute::EXPIRES_AT, link.expires_at.map(|instant| number(instant.unix()))),
            (attribute::PURGE_AT, purge_at.map(number)),
            (attribute::WITHDRAWN_AT, link.withdrawn_at.map(|instant| number(instant.unix()))),
            (attribute::VERSION, Some(AttributeValue::N(version.to_string()))),
            (attribute::CHANGED_AT, Some(number(now.unix()))),
            (attribute::CHANGE_ID, Some(AttributeValue::S(change_id.to_owned()))),
            // Only an embedded table has checksums.
            (attribute::CHECKSUM, self.direct_access.as_ref().map(|_| AttributeValue::S(checksum(&link)))),
        ];
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(attribute::CODE, AttributeValue::S(link.code.to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .expression_attribute_values(":created", number(link.created_at.unix()));
        let (mut set, mut removed) = (Vec::new(), Vec::new());
        for (name, value) in attributes {
            match value {
                Some(value) => {
                    set.push(format!("{name} = :{name}"));
                    update = update.expression_attribute_values(format!(":{name}"), value);
                }
                None => removed.push(name),
            }
        }
        let remove = if removed.is_empty() { String::new() } else { format!(" REMOVE {}", removed.join(", ")) };
        update = update.update_expression(format!("SET {}{remove}", set.join(", ")));
        update = match seen.version {
            0 => update.condition_expression(expression::IS_UNCHANGED),
            seen => update
                .condition_expression(expression::IS_VERSION)
                .expression_attribute_values(":seen", AttributeValue::N(seen.to_string())),
        };
        let changed = ManagedLink { link, version, changed_at: Some(now), ..seen.clone() };
        let Err(error) = update.send().await else { return Ok(Some(changed)) };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failure)) => {
                let last_change = failure.item().and_then(|item| items::text(item, attribute::CHANGE_ID));
                Ok((last_change == Some(change_id)).then_some(changed))
            }
            _ => Err(StoreError::from_sdk(&error)),
        }
    }
}

fn checksum(link: &Link) -> String {
    let expires_at = link.expires_at.map(|instant| instant.unix().to_string()).unwrap_or_default();
    items::checksum(link.code.as_str(), link.target.as_str(), &expires_at)
}
