//! The hosts that the operator lists, in one item of the table, and blocking the links that lead to a host.
//!
//! A link that is blocked with its host has the host in an attribute, so that unblocking the host leaves the links alone
//! that the operator has blocked one by one.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::clock::Timestamp;
use crate::domain::code::Code;
use crate::domain::host_rules::{HostRules, ListedHost};
use crate::domain::link::LinkChange;
use crate::domain::target::Target;
use crate::dynamodb::error::StoreError;
use crate::dynamodb::items::{self, HOST_RULES_KEY, Item, attribute, expression, number};
use crate::dynamodb::link_blocks::BlockOutcome;
use crate::dynamodb::link_changes::ManagedLink;
use crate::dynamodb::store::Store;

/// How many items are read at once, and the pause after that: at most 5,000 items a second, so that visitors are not
/// slowed down. With items of 500 bytes that is a tenth of what one partition of the table can read.
const PAGE_ITEMS: i32 = 500;
const PAGE_PAUSE: Duration = Duration::from_millis(100);

/// A list of hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostList {
    /// No link may lead to these.
    Blocked,
    /// If there are any, links may lead only to these.
    Allowed,
}

impl HostList {
    fn attribute(self) -> &'static str {
        match self {
            Self::Blocked => attribute::BLOCKED_HOSTS,
            Self::Allowed => attribute::ALLOWED_HOSTS,
        }
    }
}

/// What a pass over all links has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkPass {
    /// The number of links that were read.
    pub read: u64,
    /// The number of links that were changed.
    pub changed: u64,
    /// The number of links whose target this version does not accept. They do not redirect.
    pub malformed: u64,
}

impl Store {
    /// The hosts that the operator lists.
    ///
    /// # Errors
    ///
    /// [`StoreError`], also if an entry is not a host.
    pub async fn host_rules(&self) -> Result<HostRules, StoreError> {
        let item = self.get_item(HOST_RULES_KEY, true).await?.unwrap_or_default();
        Ok(HostRules { blocked: hosts(&item, HostList::Blocked)?, allowed: hosts(&item, HostList::Allowed)? })
    }

    /// Adds a host to a list.
    ///
    /// # Errors
    ///
    /// [`StoreError`], also if the item has no space left.
    pub async fn list_host(&self, list: HostList, host: &ListedHost) -> Result<(), StoreError> {
        self.update_hosts(&format!("ADD {} :hosts", list.attribute()), host).await
    }

    /// Removes a host from a list.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn unlist_host(&self, list: HostList, host: &ListedHost) -> Result<(), StoreError> {
        self.update_hosts(&format!("DELETE {} :hosts", list.attribute()), host).await
    }

    async fn update_hosts(&self, update: &str, host: &ListedHost) -> Result<(), StoreError> {
        let updated = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(attribute::CODE, AttributeValue::S(HOST_RULES_KEY.to_owned()))
            .update_expression(update)
            .expression_attribute_values(":hosts", AttributeValue::Ss(vec![host.to_string()]))
            .send()
            .await;
        updated.map(drop).map_err(|error| StoreError::from_sdk(&error))
    }

    /// Blocks every link that leads to a host or below it, `now`, except for those that are blocked already. This reads
    /// the whole table, calls `report` after each part of it, and can be repeated.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the links that were read before are blocked.
    pub async fn block_links_to(
        &self,
        host: &ListedHost,
        now: Timestamp,
        report: impl Fn(LinkPass),
    ) -> Result<LinkPass, StoreError> {
        let rules = HostRules { blocked: [host.clone()].into(), ..HostRules::default() };
        self.for_each_link(report, async |item, target| {
            if rules.blocked_host_of(target).is_none() || item.contains_key(attribute::BLOCKED_AT) {
                return Ok(false);
            }
            let change =
                LinkChange { is_blocked: Some(true), blocked_host: Some(host.clone()), ..LinkChange::default() };
            let applies = |seen: &ManagedLink| {
                seen.link.blocked_at.is_none() && rules.blocked_host_of(&seen.link.target).is_some()
            };
            if let Some(changed) = self.change_block_of(item, &change, applies, now).await? {
                return Ok(changed);
            }
            let values = [
                (":now", number(now.unix())),
                (":zero", number(0)),
                (":one", number(1)),
                (":host", AttributeValue::S(host.to_string())),
                (":target", item.get(attribute::TARGET).cloned().unwrap_or(AttributeValue::Null(true))),
            ];
            self.update_link(item, expression::BLOCK_WITH_HOST, expression::IS_UNBLOCKED_WITH_TARGET, values).await
        })
        .await
    }

    /// Unblocks every link that was blocked with a host, `now`, except for those that `rules` still block. This reads the whole
    /// table, calls `report` after each part of it, and can be repeated.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the links that were read before are unblocked.
    pub async fn unblock_links_to(
        &self,
        host: &ListedHost,
        rules: &HostRules,
        now: Timestamp,
        report: impl Fn(LinkPass),
    ) -> Result<LinkPass, StoreError> {
        self.for_each_link(report, async |item, target| {
            if items::text(item, attribute::BLOCKED_HOST) != Some(host.as_str()) {
                return Ok(false);
            }
            let (listed, host) = (host, (":host", AttributeValue::S(host.to_string())));
            match rules.blocked_host_of(target) {
                None => {
                    let change = LinkChange { is_blocked: Some(false), ..LinkChange::default() };
                    let applies = |seen: &ManagedLink| seen.blocked_host.as_deref() == Some(listed.as_str());
                    if let Some(changed) = self.change_block_of(item, &change, applies, now).await? {
                        return Ok(changed);
                    }
                    let values = [host, (":now", number(now.unix())), (":zero", number(0)), (":one", number(1))];
                    let update = expression::UNBLOCK_WITH_HOST;
                    self.update_link(item, update, expression::IS_BLOCKED_WITH_HOST, values).await
                }
                Some(other) => {
                    let values = [host, (":other", AttributeValue::S(other.to_string()))];
                    let update = expression::SET_BLOCKED_HOST;
                    self.update_link(item, update, expression::IS_BLOCKED_WITH_HOST, values).await?;
                    Ok(false)
                }
            }
        })
        .await
    }

    /// Reads all links. `act` tells whether it has changed a link.
    async fn for_each_link(
        &self,
        report: impl Fn(LinkPass),
        act: impl AsyncFn(&Item, &Target) -> Result<bool, StoreError>,
    ) -> Result<LinkPass, StoreError> {
        let mut pass = LinkPass::default();
        let mut start = None;
        loop {
            let page = self
                .client
                .scan()
                .table_name(&self.table)
                .limit(PAGE_ITEMS)
                .filter_expression(expression::IS_LINK)
                .projection_expression(expression::BLOCK_OF_LINK)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| StoreError::from_sdk(&error))?;
            for item in page.items() {
                pass.read += 1;
                let target = items::text(item, attribute::TARGET).and_then(|text| Target::from_stored(text.to_owned()));
                match target {
                    None => pass.malformed += 1,
                    Some(target) => pass.changed += u64::from(act(item, &target).await?),
                }
            }
            report(pass);
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(pass);
            }
            // Nobody else uses a table inside this process.
            if self.direct_access.is_none() {
                tokio::time::sleep(PAGE_PAUSE).await;
            }
        }
    }

    /// Blocks or unblocks a link if that still `applies` to it, with an entry in its history. Returns whether the link was
    /// changed; `None` if another tool has written it, so that it has no history.
    async fn change_block_of(
        &self,
        item: &Item,
        change: &LinkChange,
        applies: impl Fn(&ManagedLink) -> bool,
        now: Timestamp,
    ) -> Result<Option<bool>, StoreError> {
        let Some(code) = items::text(item, attribute::CODE).and_then(|code| Code::parse(code).ok()) else {
            return Ok(None);
        };
        Ok(match self.change_block(&code, change, applies, now).await? {
            BlockOutcome::Done => Some(true),
            BlockOutcome::DoesNotApply | BlockOutcome::Missing => Some(false),
            BlockOutcome::Malformed => None,
        })
    }

    /// Updates a link on a condition. Returns false if it does not hold.
    async fn update_link(
        &self,
        item: &Item,
        update: &str,
        condition: &str,
        values: impl IntoIterator<Item = (&'static str, AttributeValue)>,
    ) -> Result<bool, StoreError> {
        let Some(key) = item.get(attribute::CODE).cloned() else { return Ok(false) };
        let mut call = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(attribute::CODE, key)
            .update_expression(update)
            .condition_expression(condition);
        for (name, value) in values {
            call = call.expression_attribute_values(name, value);
        }
        let Err(error) = call.send().await else { return Ok(true) };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
            _ => Err(StoreError::from_sdk(&error)),
        }
    }
}

fn hosts(item: &Item, list: HostList) -> Result<BTreeSet<ListedHost>, StoreError> {
    let name = list.attribute();
    let Some(value) = item.get(name) else { return Ok(BTreeSet::new()) };
    let invalid =
        || StoreError::Rejected(format!("the item {HOST_RULES_KEY:?} has an entry of {name} that is not a host"));
    let hosts = value.as_ss().map_err(|_| invalid())?;
    hosts.iter().map(|host| ListedHost::parse(host).map_err(|_| invalid())).collect()
}
