//! API keys in the table: creating, finding, listing and revoking them.
//!
//! A key is found by its digest with one read. A second item has the key's name, so that names are unique and a key can
//! be revoked by its name.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::api_key::{ApiKey, KeyRecord, Name};
use crate::domain::clock::Timestamp;
use crate::domain::permissions::{Permissions, Scope};
use crate::dynamodb::error::StoreError;
use crate::dynamodb::items::{self, Item, attribute, expression, number};
use crate::dynamodb::link_transaction::TransactionOutcome;
use crate::dynamodb::store::{ConditionalPut, Store};

impl Store {
    /// Puts a key. Returns false if there is a key with this name.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn create_key(&self, key: &ApiKey, record: &KeyRecord) -> Result<bool, StoreError> {
        let digest = key.digest();
        let name = Item::from([
            (attribute::CODE.to_owned(), AttributeValue::S(items::key_name_key(&record.name))),
            (attribute::KEY_DIGEST.to_owned(), AttributeValue::S(digest.clone())),
        ]);
        let outcome = self.put_with_entries(to_item(&digest, record), &[ConditionalPut::if_new(name)]).await?;
        match outcome {
            TransactionOutcome::Done => Ok(true),
            TransactionOutcome::EntryExists(..) | TransactionOutcome::CodeTaken(_) => Ok(false),
            TransactionOutcome::Conflict => {
                Err(StoreError::Unavailable("another key was created meanwhile".to_owned()))
            }
        }
    }

    /// The key whose secret has this digest, whether it is valid or not.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn find_key(&self, digest: &str) -> Result<Option<KeyRecord>, StoreError> {
        let item = self.get_item(&items::api_key_key(digest), false).await?;
        item.map(|item| to_record(&item)).transpose()
    }

    /// Records that the key with this digest was used, `now`.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn use_key(&self, digest: &str, now: Timestamp) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(attribute::CODE, AttributeValue::S(items::key_use_key(digest)))
            .update_expression(expression::USE)
            .expression_attribute_values(":now", number(now.unix()));
        update.send().await.map(drop).map_err(|error| StoreError::from_sdk(&error))
    }

    /// All keys, by name, each with the time of its last use, and the keys of items that should be API keys and are not.
    /// This reads the whole table, and calls `report` with the number of items after each part of it.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn list_keys(
        &self,
        report: impl Fn(u64),
    ) -> Result<(Vec<(KeyRecord, Option<Timestamp>)>, Vec<String>), StoreError> {
        let (mut keys, mut uses, mut malformed) = (Vec::new(), HashMap::new(), Vec::new());
        let scan = self
            .client
            .scan()
            .table_name(&self.table)
            .filter_expression(expression::IS_API_KEY)
            .expression_attribute_values(":key", AttributeValue::S(items::api_key_key("")))
            .expression_attribute_values(":use", AttributeValue::S(items::key_use_key("")));
        let (mut found, mut page) = (scan.into_paginator().send(), Vec::new().into_iter());
        loop {
            let Some(item) = page.next() else {
                let Some(next) = found.next().await else { break };
                let next = next.map_err(|error| StoreError::from_sdk(&error))?;
                report(u64::try_from(next.scanned_count).unwrap_or_default());
                page = next.items.unwrap_or_default().into_iter();
                continue;
            };
            let key = items::text(&item, attribute::CODE).unwrap_or_default().to_owned();
            if let Some(digest) = key.strip_prefix(&items::key_use_key("")) {
                let last_used_at = items::instant(&item, attribute::LAST_USED_AT).ok().flatten();
                uses.extend(last_used_at.map(|instant| (items::api_key_key(digest), instant)));
                continue;
            }
            match to_record(&item) {
                Ok(record) => keys.push((key, record)),
                Err(_) => malformed.push(key),
            }
        }
        keys.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
        Ok((keys.into_iter().map(|(key, record)| (record, uses.get(&key).copied())).collect(), malformed))
    }

    /// Revokes the key with this name, `now`. Returns false if there is no such key.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn revoke_key(&self, name: &Name, now: Timestamp) -> Result<bool, StoreError> {
        let item = self.get_item(&items::key_name_key(name), true).await?;
        let Some(digest) = item.as_ref().and_then(|item| items::text(item, attribute::KEY_DIGEST)) else {
            return Ok(false);
        };
        self.update_existing(items::api_key_key(digest), expression::REVOKE, Some(now)).await
    }
}

fn to_item(digest: &str, record: &KeyRecord) -> Item {
    let scopes = record.permissions.scopes.iter().map(|scope| scope.as_str().to_owned()).collect();
    let mut item = Item::from([
        (attribute::CODE.to_owned(), AttributeValue::S(items::api_key_key(digest))),
        (attribute::KEY_NAME.to_owned(), AttributeValue::S(record.name.to_string())),
        (attribute::KEY_OWNER.to_owned(), AttributeValue::S(record.permissions.owner.to_string())),
        (attribute::SCOPES.to_owned(), AttributeValue::Ss(scopes)),
        (attribute::CREATED_AT.to_owned(), number(record.created_at.unix())),
    ]);
    if let Some(limit) = record.daily_limit {
        item.insert(attribute::DAILY_LIMIT.to_owned(), number(limit.into()));
    }
    if let Some(expires_at) = record.expires_at {
        item.insert(attribute::EXPIRES_AT.to_owned(), number(expires_at.unix()));
    }
    item
}

fn to_record(item: &Item) -> Result<KeyRecord, StoreError> {
    let invalid = |name: &str| StoreError::Rejected(format!("an API key has no valid {name}"));
    let name = |attribute: &str| {
        items::text(item, attribute).and_then(|text| text.parse::<Name>().ok()).ok_or_else(|| invalid(attribute))
    };
    // Keys that were created before links could be listed have the attribute of a link.
    let owner = name(attribute::KEY_OWNER).or_else(|_| name(attribute::OWNER));
    let instant = |attribute| items::instant(item, attribute).map_err(invalid);
    let daily_limit = item.get(attribute::DAILY_LIMIT).map(|limit| limit.as_n().ok()?.parse().ok());
    let scopes = item.get(attribute::SCOPES).and_then(|scopes| scopes.as_ss().ok());
    let scopes = scopes.into_iter().flatten().map(|scope| scope.parse::<Scope>());
    Ok(KeyRecord {
        name: name(attribute::KEY_NAME)?,
        permissions: Permissions {
            owner: (&owner?).into(),
            scopes: scopes.collect::<Result<BTreeSet<_>, _>>().map_err(|_| invalid(attribute::SCOPES))?,
        },
        // A limit that cannot be read must not become none.
        daily_limit: daily_limit.map(|limit| limit.ok_or_else(|| invalid(attribute::DAILY_LIMIT))).transpose()?,
        created_at: instant(attribute::CREATED_AT)?.ok_or_else(|| invalid(attribute::CREATED_AT))?,
        expires_at: instant(attribute::EXPIRES_AT)?,
        revoked_at: instant(attribute::REVOKED_AT)?,
    })
}
