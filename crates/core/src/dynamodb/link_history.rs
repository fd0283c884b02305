//! The history of a link in the table: at most [`MAX_ENTRIES`] items, of which a new one replaces the oldest.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::clock::Timestamp;
use crate::domain::link::Link;
use crate::domain::link_history::{ChangedValues, HistoryEntry, MAX_ENTRIES, MIN_LIFETIME_SECONDS};
use crate::dynamodb::error::StoreError;
use crate::dynamodb::items::{self, Item, attribute, number};
use crate::dynamodb::link_changes::ManagedLink;
use crate::dynamodb::store::Store;

impl Store {
    /// The changes of a link, the latest first. Entries that have been purged, or that another tool has written, are left
    /// out.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn history(&self, managed: &ManagedLink) -> Result<Vec<HistoryEntry>, StoreError> {
        let ManagedLink { link, version, .. } = managed;
        let keys =
            (version.saturating_sub(MAX_ENTRIES)..*version).map(|before| items::history_key(&link.code, before + 1));
        let items = self.get_items(keys, true, None).await?;
        let mut entries: Vec<_> = items.iter().filter_map(|item| to_entry(item, link)).collect();
        // The link may have been changed since it was read: its history ends with what was read.
        entries.retain(|entry| entry.version <= *version);
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.version));
        Ok(entries)
    }
}

/// The item of an entry of the history of `link`, which may be deleted at `purge_at`, in Unix seconds.
pub(super) fn to_item(link: &Link, entry: &HistoryEntry, purge_at: Option<i64>) -> Item {
    let mut item = Item::from([
        (attribute::CODE.to_owned(), AttributeValue::S(items::history_key(&link.code, entry.version))),
        (attribute::VERSION.to_owned(), AttributeValue::N(entry.version.to_string())),
        (attribute::CHANGED_AT.to_owned(), number(entry.changed_at.unix())),
        (attribute::LINK_CREATED_AT.to_owned(), number(link.created_at.unix())),
        (attribute::FIELDS.to_owned(), AttributeValue::Ss(entry.fields.iter().cloned().collect())),
        (attribute::BEFORE.to_owned(), AttributeValue::M(from_values(&entry.before))),
        (attribute::AFTER.to_owned(), AttributeValue::M(from_values(&entry.after))),
    ]);
    if let Some(editor) = &entry.changed_by {
        item.insert(attribute::CHANGED_BY.to_owned(), AttributeValue::S(editor.to_string()));
    }
    if let Some(purge_at) = purge_at {
        let purge_at = purge_at.max(entry.changed_at.unix().saturating_add(MIN_LIFETIME_SECONDS));
        item.insert(attribute::PURGE_AT.to_owned(), number(purge_at));
    }
    item
}

/// The entry of an item, if it is one of the history of `link`.
fn to_entry(item: &Item, link: &Link) -> Option<HistoryEntry> {
    let instant = |name| items::instant(item, name).ok().flatten();
    if instant(attribute::LINK_CREATED_AT) != Some(link.created_at) {
        return None;
    }
    let values = |name| item.get(name).and_then(|values| values.as_m().ok()).map(to_values).unwrap_or_default();
    Some(HistoryEntry {
        version: item.get(attribute::VERSION)?.as_n().ok()?.parse().ok()?,
        changed_at: instant(attribute::CHANGED_AT)?,
        changed_by: items::text(item, attribute::CHANGED_BY).and_then(|editor| editor.parse().ok()),
        fields: item.get(attribute::FIELDS)?.as_ss().ok()?.iter().cloned().collect(),
        before: values(attribute::BEFORE),
        after: values(attribute::AFTER),
    })
}

fn from_values(values: &ChangedValues) -> Item {
    let expiry = |expires_at: Option<Timestamp>| match expires_at {
        Some(instant) => number(instant.unix()),
        None => AttributeValue::Null(true),
    };
    let values = [
        (attribute::TARGET, values.target.clone().map(AttributeValue::S)),
        (attribute::EXPIRES_AT, values.expires_at.map(expiry)),
        (attribute::IS_WITHDRAWN, values.is_withdrawn.map(AttributeValue::Bool)),
        (attribute::IS_BLOCKED, values.is_blocked.map(AttributeValue::Bool)),
        (
            attribute::OWNER,
            values.owner.clone().map(|owner| owner.map_or(AttributeValue::Null(true), AttributeValue::S)),
        ),
    ];
    values.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn to_values(values: &Item) -> ChangedValues {
    let bool = |name| values.get(name).and_then(|value| value.as_bool().ok()).copied();
    let expires_at = values.get(attribute::EXPIRES_AT).map(|value| match value {
        AttributeValue::N(_) => items::instant(values, attribute::EXPIRES_AT).ok().flatten(),
        _ => None,
    });
    ChangedValues {
        target: items::text(values, attribute::TARGET).map(str::to_owned),
        expires_at,
        is_withdrawn: bool(attribute::IS_WITHDRAWN),
        is_blocked: bool(attribute::IS_BLOCKED),
        owner: values.get(attribute::OWNER).map(|owner| owner.as_s().ok().cloned()),
    }
}
