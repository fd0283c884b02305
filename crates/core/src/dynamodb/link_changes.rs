//! Changing a link that exists. The caller decides who may do so.

use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};

use crate::domain::clock::Timestamp;
use crate::domain::code::Code;
use crate::domain::creator::Creator;
use crate::domain::host_rules::ListedHost;
use crate::domain::labels::Labels;
use crate::domain::link::{Link, LinkChange};
use crate::domain::link_history::{Editor, HistoryEntry, LinkState};
use crate::domain::owner::Owner;
use crate::dynamodb::error::StoreError;
use crate::dynamodb::items::{self, Item, attribute, expression, number};
use crate::dynamodb::link_history;
use crate::dynamodb::link_transaction::{cancellation_reasons, conflicted};
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
    /// The host with which it is blocked, if it is not blocked by itself.
    pub blocked_host: Option<String>,
    /// What its owner calls it.
    pub labels: Labels,
    /// What is kept of its creator. Only its owner and the operator may see it.
    pub creator: Option<Creator>,
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
            blocked_host: text(attribute::BLOCKED_HOST),
            labels: items::labels(&item),
            creator: items::creator(&item),
            link: Store::to_link(code, item)?,
        })
    }

    /// The link of an item that was read with others, by its own key.
    ///
    /// # Errors
    ///
    /// The item's key, if it is not a link that this version can read.
    pub fn of_item(item: Item) -> Result<Self, String> {
        let key = items::text(&item, attribute::CODE).unwrap_or_default().to_owned();
        let Ok(code) = Code::parse(&key) else { return Err(key) };
        Self::from_item(&code, item).map_err(|_| key)
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

    /// Changes a link whose state its `editor` has `seen`, `now`, and adds an entry to its history, both or neither. If
    /// the expiry changes, the item is kept for `purge_after` seconds after the new one. Returns the changed link, or
    /// `None` if the link has been changed or deleted meanwhile. `change_id` is random, so that a change is recognised
    /// that the SDK repeats because its response was lost.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn change(
        &self,
        seen: &ManagedLink,
        change: &LinkChange,
        editor: &Editor,
        change_id: &str,
        now: Timestamp,
        purge_after: Option<i64>,
    ) -> Result<Option<ManagedLink>, StoreError> {
        let (link, labels) = (change.apply_to(&seen.link, now), change.labels.apply_to(&seen.labels));
        let owner = change.owner.as_ref().map(Owner::to_string).or_else(|| seen.owner.clone());
        if link == seen.link && labels == seen.labels && owner == seen.owner {
            return Ok(Some(seen.clone()));
        }
        let version = seen.version + 1;
        let before = LinkState { link: &seen.link, labels: &seen.labels, owner: seen.owner.as_deref() };
        let after = LinkState { link: &link, labels: &labels, owner: owner.as_deref() };
        let entry = HistoryEntry::new(before, after, version, now, editor.clone());
        let blocked_host = match change.is_blocked {
            None => seen.blocked_host.clone(),
            Some(_) => change.blocked_host.as_ref().map(ListedHost::to_string),
        };
        let has_new_end = (link.expires_at, link.withdrawn_at) != (seen.link.expires_at, seen.link.withdrawn_at);
        let end = link.end_of_grace_period(purge_after.filter(|_| !seen.is_alias), now);
        let link = Link { purge_at: if has_new_end { end } else { seen.link.purge_at }, ..link };
        let changed = ManagedLink { link, labels, owner, version, changed_at: Some(now), blocked_host, ..seen.clone() };
        // The counts of visits never end before the link.
        let (before, after) = (seen.link.purge_at, changed.link.purge_at);
        let ends_later = before.is_some_and(|before| after.is_none_or(|after| after > before));
        if ends_later {
            self.keep_visits_until(&changed.link, after).await?;
        }
        let entry = Put::builder()
            .table_name(&self.table)
            .set_item(Some(link_history::to_item(&changed.link, &entry, end.map(Timestamp::unix))))
            .build()
            .map_err(|error| StoreError::Rejected(error.to_string()))?;
        let update = self.update_to(&changed, seen, change_id)?;
        let transaction = self
            .client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().update(update).build())
            .transact_items(TransactWriteItem::builder().put(entry).build());
        let Err(error) = transaction.send().await else {
            if before != after && !ends_later {
                // If this fails, the counts outlive the link until its next visit.
                self.keep_visits_until(&changed.link, after).await.ok();
            }
            return Ok(Some(changed));
        };
        let reasons = cancellation_reasons(&error);
        match reasons.first().filter(|reason| reason.code() == Some("ConditionalCheckFailed")) {
            Some(reason) => {
                let last_change = reason.item().and_then(|item| items::text(item, attribute::CHANGE_ID));
                Ok((last_change == Some(change_id)).then_some(changed))
            }
            None if reasons.iter().any(conflicted) => Ok(None),
            None => Err(StoreError::from_sdk(&error)),
        }
    }

    /// The update that makes the link `changed`, on the condition that it still is as it was `seen`.
    fn update_to(&self, changed: &ManagedLink, seen: &ManagedLink, change_id: &str) -> Result<Update, StoreError> {
        let link = &changed.link;
        let instant = |instant: Option<Timestamp>| instant.map(|instant| number(instant.unix()));
        let mut attributes = vec![
            (attribute::TARGET, Some(AttributeValue::S(link.target.to_string()))),
            (attribute::EXPIRES_AT, instant(link.expires_at)),
            (attribute::WITHDRAWN_AT, instant(link.withdrawn_at)),
            (attribute::BLOCKED_AT, instant(link.blocked_at)),
            (attribute::BLOCKED_HOST, changed.blocked_host.clone().map(AttributeValue::S)),
            (attribute::VERSION, Some(AttributeValue::N(changed.version.to_string()))),
            (attribute::CHANGED_AT, instant(changed.changed_at)),
            (attribute::CHANGE_ID, Some(AttributeValue::S(change_id.to_owned()))),
            // Only an embedded table has checksums.
            (attribute::CHECKSUM, self.direct_access.as_ref().map(|_| AttributeValue::S(checksum(link)))),
        ];
        attributes.extend(items::label_attributes(&changed.labels));
        if link.purge_at != seen.link.purge_at {
            attributes.push((attribute::PURGE_AT, instant(link.purge_at)));
        }
        let mut update = Update::builder()
            .table_name(&self.table)
            .key(attribute::CODE, AttributeValue::S(link.code.to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let is_same = match link.created_at.known() {
            None => expression::IS_SAME_ADOPTED_LINK,
            Some(created_at) => {
                update = update.expression_attribute_values(":created", number(created_at.unix()));
                expression::IS_SAME_LINK
            }
        };
        let (mut set, mut removed) = (Vec::new(), Vec::new());
        if let Some(owner) = changed.owner.clone().filter(|_| changed.owner != seen.owner) {
            // `owner` itself is a reserved word.
            set.push("#owner = :owner".to_owned());
            update = update
                .expression_attribute_names("#owner", attribute::OWNER)
                .expression_attribute_values(":owner", AttributeValue::S(owner));
        }
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
            0 => update.condition_expression(format!("{is_same}{}", expression::IS_UNCHANGED)),
            seen => update
                .condition_expression(format!("{is_same}{}", expression::IS_VERSION))
                .expression_attribute_values(":seen", AttributeValue::N(seen.to_string())),
        };
        update.build().map_err(|error| StoreError::Rejected(error.to_string()))
    }
}

fn checksum(link: &Link) -> String {
    let expires_at = link.expires_at.map(|instant| instant.unix().to_string()).unwrap_or_default();
    items::checksum(link.code.as_str(), link.target.as_str(), &expires_at)
}
