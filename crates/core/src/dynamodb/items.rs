//! The items of the table.
//!
//! The table has one key, the partition key [`CODE`](attribute::CODE), and ten kinds of items. A link's key is its
//! code. The keys of the others contain `#`, which no code contains.
//!
//! | item | key | attributes |
//! | --- | --- | --- |
//! | link | the code | `originalUrl`, `createdAt`, `expiresAt`, `purgeAt`, `writeId`, `manageDigest`, `isAlias`, `owner`, `creator`, `title`, `tags`, `note`; of one that was imported `importId`, `importedFrom`, `importDigest`; of a link that was changed also `version`, `changedAt`, `changeId`, `withdrawnAt`; of a blocked one `blockedAt`, `blockedHost` |
//! | API key | `key#` digest | `keyName`, `keyOwner`, `scopes`, `dailyLimit`, `createdAt`, `expiresAt`, `revokedAt` |
//! | last use of an API key | `keyuse#` digest | `lastUsedAt` |
//! | name of an API key | `keyname#` name | `keyDigest` |
//! | history entry | `history#` code `#` number | `version`, `changedAt`, `changedBy`, `linkCreatedAt`, `fields`, `before`, `after`, `purgeAt` |
//! | hosts | `hosts#` | `blockedHosts`, `allowedHosts` |
//! | deduplication entry | `reuse#` digest | `reuseCode`, `purgeAt` |
//! | idempotency entry | `idempotency#` digest | `reuseCode`, `request`, `existed`, `purgeAt` |
//! | count of created links | `limit#` sender, of a day `#` date | `links`, `purgeAt` |
//!
//! Counts of visits are in [`visit_items`](crate::dynamodb::visit_items). Every other attribute name and key, and both
//! directions of the mapping, are in this file.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use sha2::{Digest, Sha256};

use crate::domain::api_key::Name;
use crate::domain::clock::Timestamp;
use crate::domain::code::Code;
use crate::domain::creator::Creator;
use crate::domain::expiry::RequestedExpiry;
use crate::domain::idempotency_key::{IdempotencyKey, KEY_LIFETIME_SECONDS};
use crate::domain::labels::{LabelText, Labels, Tags};
use crate::domain::link::{Link, NewLink};
use crate::domain::link_history::MAX_ENTRIES;
use crate::domain::link_limit::LinkLimit;
use crate::domain::owner::Owner;
use crate::domain::target::Target;
use crate::dynamodb::store::ConditionalPut;

/// An item, as the SDK represents it.
pub type Item = HashMap<String, AttributeValue>;

/// The names of attributes.
///
/// A link that another tool has written may lack all of these but [`CODE`](attribute::CODE) and
/// [`TARGET`](attribute::TARGET), such as an item with `shortCode`, `originalUrl` and `expiresAt` alone. Then it never expires
/// if it has no [`EXPIRES_AT`](attribute::EXPIRES_AT), it is not known when it was created if it has no
/// [`CREATED_AT`](attribute::CREATED_AT), it belongs to nobody, and only the operator and administrators can change it. What
/// it has must be of the type that is said here, or the link answers 500.
pub mod attribute {
    /// S, the partition key: a link's code, as in the path, or the key of another kind of item.
    pub const CODE: &str = "shortCode";
    /// S: the target.
    pub const TARGET: &str = "originalUrl";
    /// N, Unix seconds: when the link was created. Absent: another tool has written the link, and it is not known.
    pub const CREATED_AT: &str = "createdAt";
    /// N, Unix seconds: from this instant on the link responds with 410. Absent: never.
    pub const EXPIRES_AT: &str = "expiresAt";
    /// N, Unix seconds: the table's TTL attribute. From this instant on DynamoDB may delete the item.
    pub const PURGE_AT: &str = "purgeAt";
    /// S, 16 hexadecimal digits, random for each creation. If the response to a put is lost, the SDK repeats the put,
    /// which then finds its own item in the way and recognises it by this id.
    pub const WRITE_ID: &str = "writeId";
    /// S, 64 hexadecimal digits: the SHA-256 digest of the management token. Absent if there is no
    /// token: the link belongs to an owner, was created by nobody with `reuse`, or before there were tokens.
    pub const MANAGE_DIGEST: &str = "manageDigest";
    /// BOOL: the code is an alias, which is never given out again. Absent: the code was generated.
    pub const IS_ALIAS: &str = "isAlias";
    /// S, of a link: to whom it belongs. Absent if the link was created without a key and without a token, so that it is
    /// not in the [index](super::index).
    pub const OWNER: &str = "owner";
    /// S: the title that its owner gave the link.
    pub const TITLE: &str = "title";
    /// SS: the tags that its owner gave the link.
    pub const TAGS: &str = "tags";
    /// S: the note that its owner attached to the link.
    pub const NOTE: &str = "note";
    /// M: what is kept of the link's creator, with the next three, each of type S. Absent: nothing is kept.
    pub const CREATOR: &str = "creator";
    /// In the creator: the User-Agent.
    pub const USER_AGENT: &str = "userAgent";
    /// In the creator: the address, or its network.
    pub const ADDRESS: &str = "address";
    /// In the creator: the trace id.
    pub const TRACE_ID: &str = "traceId";
    /// S, of an API key: to whom the links belong that are created with it. It has another name than the owner of a link,
    /// so that keys are not in the [index](super::index) of links.
    pub const KEY_OWNER: &str = "keyOwner";
    /// N, Unix seconds, of the last use of an API key: when it was used, to the hour.
    pub const LAST_USED_AT: &str = "lastUsedAt";
    /// S, of an API key: its name.
    pub const KEY_NAME: &str = "keyName";
    /// SS, of an API key: what it allows.
    pub const SCOPES: &str = "scopes";
    /// N, of an API key: how many links may be created with it on a day. Absent: any number.
    pub const DAILY_LIMIT: &str = "dailyLimit";
    /// N, of a count of created links: their number.
    pub const LINKS: &str = "links";
    /// N, Unix seconds, of an API key: when it was revoked.
    pub const REVOKED_AT: &str = "revokedAt";
    /// S, of the name of an API key: the key's digest.
    pub const KEY_DIGEST: &str = "keyDigest";
    /// N: how often the link was changed. Absent: never.
    pub const VERSION: &str = "version";
    /// N, Unix seconds: when the link was last changed.
    pub const CHANGED_AT: &str = "changedAt";
    /// S, 16 hexadecimal digits, random for each change: the last change. A change that is repeated because its response
    /// was lost is recognised by it.
    pub const CHANGE_ID: &str = "changeId";
    /// S, of a history entry: who changed the link.
    pub const CHANGED_BY: &str = "changedBy";
    /// N, Unix seconds, of a history entry: when the link was created. A code that was purged may be given out again, and
    /// its new link has a history of its own.
    pub const LINK_CREATED_AT: &str = "linkCreatedAt";
    /// SS, of a history entry: the names of the fields that changed, as clients know them.
    pub const FIELDS: &str = "fields";
    /// M, of a history entry: the values that changed, before the change.
    pub const BEFORE: &str = "before";
    /// M, of a history entry: the values that changed, after the change.
    pub const AFTER: &str = "after";
    /// BOOL, among the values of a history entry: whether the link is withdrawn.
    pub const IS_WITHDRAWN: &str = "withdrawn";
    /// BOOL, among the values of a history entry: whether the link is blocked.
    pub const IS_BLOCKED: &str = "blocked";
    /// N, Unix seconds: when the owner withdrew the link. Absent: the link is not withdrawn. The item of a withdrawn link
    /// has no `purgeAt`, so that nobody else gets its code.
    pub const WITHDRAWN_AT: &str = "withdrawnAt";
    /// N, Unix seconds: when the operator blocked the link. Absent: the link is not blocked.
    pub const BLOCKED_AT: &str = "blockedAt";
    /// S: the host with which the operator blocked the link. Absent: the link is not blocked, or by itself.
    pub const BLOCKED_HOST: &str = "blockedHost";
    /// SS, of the hosts: no link may lead to these.
    pub const BLOCKED_HOSTS: &str = "blockedHosts";
    /// SS, of the hosts: if there are any, links may lead only to these.
    pub const ALLOWED_HOSTS: &str = "allowedHosts";
    /// S, of a link that was imported, and of its visits: the id of the import, 16 hexadecimal digits.
    pub const IMPORT_ID: &str = "importId";
    /// S, of a link that was imported: the format of the file, and the host of its short URL, if that is known.
    pub const IMPORTED_FROM: &str = "importedFrom";
    /// S, of a link that was imported: 16 hexadecimal digits, the beginning of a digest of the item as it was imported.
    pub const IMPORT_DIGEST: &str = "importDigest";
    /// S, of a link in an embedded table: 8 hexadecimal digits, a checksum of where it leads and until when.
    pub const CHECKSUM: &str = "checksum";
    /// S, of a deduplication or idempotency entry: the code of the link to return.
    pub const ENTRY_CODE: &str = "reuseCode";
    /// S, of an idempotency entry: a digest of the request.
    pub const REQUEST: &str = "request";
    /// BOOL, of an idempotency entry: the link existed before the request. Absent: the request created it.
    pub const EXISTED: &str = "existed";
}

/// The global secondary index of links by owner, the latest first.
pub mod index {
    use super::attribute;

    /// Its name. Its partition key is [`attribute::OWNER`], and its sort key [`attribute::CREATED_AT`]: a link without an
    /// owner is not in it.
    pub const BY_OWNER: &str = "byOwner";

    /// The attributes that it contains beside the keys: what a list of links shows. No counter is among them, because each
    /// visit would then cost a second write.
    pub const INCLUDED: &[&str] = &[
        attribute::TARGET,
        attribute::EXPIRES_AT,
        attribute::WITHDRAWN_AT,
        attribute::BLOCKED_AT,
        attribute::VERSION,
        attribute::CHANGED_AT,
        attribute::TITLE,
        attribute::TAGS,
        attribute::NOTE,
    ];
}

/// Expressions in which attributes are named.
pub mod expression {
    /// A condition: there is no item with this key.
    pub const KEY_NOT_EXISTS: &str = "attribute_not_exists(shortCode)";
    /// An update: the item may be deleted from `:now` on.
    pub(in crate::dynamodb) const SET_PURGE_AT: &str = "SET purgeAt = :now";
    /// An update: the item is kept.
    pub(in crate::dynamodb) const REMOVE_PURGE_AT: &str = "REMOVE purgeAt";
    /// A condition: the deduplication entry still points to the code `:stale`.
    pub(in crate::dynamodb) const IS_STALE_ENTRY: &str = "reuseCode = :stale";
    /// A condition: there is an item with this key.
    pub(in crate::dynamodb) const KEY_EXISTS: &str = "attribute_exists(shortCode)";
    /// An update: revokes an API key, unless it is revoked already.
    pub(in crate::dynamodb) const REVOKE: &str = "SET revokedAt = if_not_exists(revokedAt, :now)";
    /// An update: blocks a link by itself. If it is blocked already, it stays blocked when its host is unblocked.
    pub(in crate::dynamodb) const BLOCK: &str = "SET blockedAt = if_not_exists(blockedAt, :now) REMOVE blockedHost";
    /// An update: ends the blocking of a link.
    pub(in crate::dynamodb) const UNBLOCK: &str = "REMOVE blockedAt, blockedHost";
    /// An update: blocks a link with its host. The new version makes a concurrent change by its owner fail, which would
    /// otherwise write what it has seen.
    pub(in crate::dynamodb) const BLOCK_WITH_HOST: &str =
        "SET blockedAt = :now, blockedHost = :host, changedAt = :now, version = if_not_exists(version, :zero) + :one";
    /// An update: ends the blocking of a link with its host.
    pub(in crate::dynamodb) const UNBLOCK_WITH_HOST: &str =
        "SET changedAt = :now, version = if_not_exists(version, :zero) + :one REMOVE blockedAt, blockedHost";
    /// An update: a link that is blocked is blocked by itself, and one that is not is not blocked with a host.
    pub(in crate::dynamodb) const FORGET_BLOCKED_HOST: &str = "REMOVE blockedHost";
    /// An update: the link is blocked with the host `:other`.
    pub(in crate::dynamodb) const SET_BLOCKED_HOST: &str = "SET blockedHost = :other";
    /// A condition: the link is not blocked, and its target is still `:target`.
    pub(in crate::dynamodb) const IS_UNBLOCKED_WITH_TARGET: &str =
        "attribute_not_exists(blockedAt) AND originalUrl = :target";
    /// A condition: the link is blocked with the host `:host`.
    pub(in crate::dynamodb) const IS_BLOCKED_WITH_HOST: &str = "blockedHost = :host";
    /// A filter: the item is a link.
    pub(in crate::dynamodb) const IS_LINK: &str = "attribute_exists(originalUrl)";
    /// A projection: whether and why a link is blocked, and where it leads.
    pub(in crate::dynamodb) const BLOCK_OF_LINK: &str = "shortCode, originalUrl, blockedAt, blockedHost";
    /// A condition: the sender has created fewer links than `:limit`.
    pub(in crate::dynamodb) const IS_BELOW_LIMIT: &str = "attribute_not_exists(links) OR links < :limit";
    /// An update: counts a link that is about to be created.
    pub(in crate::dynamodb) const COUNT_LINK: &str = "SET purgeAt = :purge ADD links :one";
    /// An update: takes back a link that was counted and not created.
    pub(in crate::dynamodb) const DISCOUNT_LINK: &str = "ADD links :minus_one";
    /// A filter: the item is an API key, or says when one was last used.
    pub(in crate::dynamodb) const IS_API_KEY: &str = "begins_with(shortCode, :key) OR begins_with(shortCode, :use)";
    /// An update: sets the time of the last use of an API key.
    pub(in crate::dynamodb) const USE: &str = "SET lastUsedAt = :now";
    /// A condition on keys: the links of an owner. `owner` itself is a reserved word.
    pub(in crate::dynamodb) const IS_OWNED: &str = "#owner = :owner";
    /// A condition: the link is the one that was seen. One of two follows.
    pub(in crate::dynamodb) const IS_SAME_LINK: &str = "createdAt = :created AND ";
    /// The same for a link that does not say when it was created.
    pub(in crate::dynamodb) const IS_SAME_ADOPTED_LINK: &str =
        "attribute_not_exists(createdAt) AND attribute_exists(originalUrl) AND ";
    /// A condition: the link was never changed.
    pub(in crate::dynamodb) const IS_UNCHANGED: &str = "attribute_not_exists(version)";
    /// A condition: the link was changed as often.
    pub(in crate::dynamodb) const IS_VERSION: &str = "version = :seen";
    /// A condition: the link was never changed, nor blocked.
    pub(in crate::dynamodb) const IS_NEVER_CHANGED: &str =
        "attribute_not_exists(version) AND attribute_not_exists(blockedAt)";
    /// A condition: the item is about the link that was created at `:created`.
    pub(in crate::dynamodb) const IS_OF_LINK: &str = "linkCreatedAt = :created";
    /// A condition: there is no idempotency entry, or its lifetime is over at `:now`.
    pub(in crate::dynamodb) const ENTRY_IS_ABSENT_OR_EXPIRED: &str =
        "attribute_not_exists(shortCode) OR purgeAt <= :now";
}

/// The key of the item with the hosts that the operator lists.
pub(super) const HOST_RULES_KEY: &str = "hosts#";

/// The item of a link that `new_link` asked for. `manage_digest` is the digest of the link's management token, if it has
/// one.
pub fn from_link(link: &Link, new_link: &NewLink, write_id: &str, manage_digest: Option<String>) -> Item {
    let mut item = Item::from([
        (attribute::CODE.to_owned(), AttributeValue::S(link.code.to_string())),
        (attribute::TARGET.to_owned(), AttributeValue::S(link.target.to_string())),
        (attribute::CREATED_AT.to_owned(), number(link.created_at.unix())),
        (attribute::WRITE_ID.to_owned(), AttributeValue::S(write_id.to_owned())),
    ]);
    if let Some(digest) = manage_digest {
        item.insert(attribute::MANAGE_DIGEST.to_owned(), AttributeValue::S(digest));
    }
    if let Some(expires_at) = link.expires_at {
        item.insert(attribute::EXPIRES_AT.to_owned(), number(expires_at.unix()));
    }
    if let Some(purge_at) = link.purge_at {
        item.insert(attribute::PURGE_AT.to_owned(), number(purge_at.unix()));
    }
    if new_link.alias.is_some() {
        item.insert(attribute::IS_ALIAS.to_owned(), AttributeValue::Bool(true));
    }
    if let Some(owner) = &new_link.owner {
        item.insert(attribute::OWNER.to_owned(), AttributeValue::S(owner.to_string()));
    }
    if let Some(creator) = &new_link.creator {
        item.insert(attribute::CREATOR.to_owned(), from_creator(creator));
    }
    let labels = label_attributes(&new_link.labels);
    item.extend(labels.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    item
}

/// The attributes of a link's labels. One without a value is absent.
pub(super) fn label_attributes(labels: &Labels) -> [(&'static str, Option<AttributeValue>); 3] {
    let text = |text: &Option<LabelText>| text.as_ref().map(|text| AttributeValue::S(text.as_str().to_owned()));
    let tags = labels.tags.iter().map(str::to_owned).collect::<Vec<_>>();
    [
        (attribute::TITLE, text(&labels.title)),
        // DynamoDB has no empty sets.
        (attribute::TAGS, (!tags.is_empty()).then_some(AttributeValue::Ss(tags))),
        (attribute::NOTE, text(&labels.note)),
    ]
}

/// The labels of an item. Those that another tool has written and that are not valid are left out.
pub(super) fn labels(item: &Item) -> Labels {
    let tags = item.get(attribute::TAGS).and_then(|tags| tags.as_ss().ok());
    Labels {
        title: text(item, attribute::TITLE).and_then(|title| LabelText::parse_title(title).ok().flatten()),
        tags: tags.and_then(|tags| Tags::parse(tags.iter().map(String::as_str)).ok()).unwrap_or_default(),
        note: text(item, attribute::NOTE).and_then(|note| LabelText::parse_note(note).ok().flatten()),
    }
}

fn from_creator(creator: &Creator) -> AttributeValue {
    let Creator { user_agent, address, trace_id } = creator;
    let texts = [(attribute::USER_AGENT, user_agent), (attribute::ADDRESS, address), (attribute::TRACE_ID, trace_id)];
    let texts = texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), AttributeValue::S(text.clone()?))));
    AttributeValue::M(texts.collect())
}

/// What is kept of a link's creator.
pub(super) fn creator(item: &Item) -> Option<Creator> {
    let creator = item.get(attribute::CREATOR)?.as_m().ok()?;
    let text = |name| text(creator, name).map(str::to_owned);
    Some(Creator {
        user_agent: text(attribute::USER_AGENT),
        address: text(attribute::ADDRESS),
        trace_id: text(attribute::TRACE_ID),
    })
}

/// The key of the history entry of the change that made this version. A new entry replaces the oldest one, once there
/// are [`MAX_ENTRIES`].
pub(super) fn history_key(code: &Code, version: u64) -> String {
    format!("history#{code}#{}", version % MAX_ENTRIES)
}

/// The checksum of a link in an embedded table: the first 8 hexadecimal digits of the SHA-256 of its code, its target and
/// its expiry in Unix seconds, empty if it never expires, each followed by a line break. One in four thousand million
/// changes goes undetected.
pub fn checksum(code: &str, target: &str, expires_at: &str) -> String {
    let digest = Sha256::digest(format!("{code}\n{target}\n{expires_at}\n"));
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// The instant of an attribute of type N, in Unix seconds, if there is one. The error is the attribute's name.
pub(super) fn instant(item: &Item, name: &'static str) -> Result<Option<Timestamp>, &'static str> {
    match item.get(name) {
        None => Ok(None),
        Some(AttributeValue::N(digits)) => digits.parse().ok().and_then(Timestamp::from_unix).map(Some).ok_or(name),
        Some(_) => Err(name),
    }
}

/// The text of an attribute of type S.
pub(super) fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
}

/// The link of an item.
///
/// # Errors
///
/// The name of the attribute that is missing or has the wrong type.
pub fn to_link(mut item: Item) -> Result<Link, &'static str> {
    let mut text = |name: &'static str| match item.remove(name) {
        Some(AttributeValue::S(text)) => Ok(text),
        _ => Err(name),
    };
    let code = Code::parse(&text(attribute::CODE)?).map_err(|_| attribute::CODE)?;
    let target = Target::from_stored(text(attribute::TARGET)?).ok_or(attribute::TARGET)?;
    let instant = |name| instant(&item, name);
    Ok(Link {
        code,
        target,
        created_at: instant(attribute::CREATED_AT)?.unwrap_or(Timestamp::UNKNOWN),
        expires_at: instant(attribute::EXPIRES_AT)?,
        withdrawn_at: instant(attribute::WITHDRAWN_AT)?,
        blocked_at: instant(attribute::BLOCKED_AT)?,
        purge_at: instant(attribute::PURGE_AT)?,
    })
}

/// The key of the deduplication entry for a request: SHA-256 of the target and of the requested expiry, each followed
/// by a line break, which neither contains.
pub(super) fn deduplication_entry_key(new_link: &NewLink) -> String {
    let (target, expiry) = (&new_link.target, expiry_text(new_link.requested_expiry));
    // Each owner has links of their own.
    let owner = new_link.owner.as_ref().map(|owner| format!("{owner}\n")).unwrap_or_default();
    format!("reuse#{:x}", Sha256::digest(format!("{target}\n{expiry}\n{owner}")))
}

fn expiry_text(expiry: RequestedExpiry) -> String {
    match expiry {
        RequestedExpiry::Default => "default".to_owned(),
        RequestedExpiry::In(seconds) => format!("in {seconds}"),
        RequestedExpiry::At(instant) => format!("at {}", instant.unix()),
        RequestedExpiry::Never => "never".to_owned(),
    }
}

/// The deduplication entry that points to `link`. It replaces the entry that points to `stale`, or is the first one. It
/// may be deleted once the link has expired.
pub(super) fn deduplication_entry(key: &str, link: &Link, stale: Option<&Code>) -> ConditionalPut {
    let mut item = entry(key, link);
    if let Some(expires_at) = link.expires_at {
        item.insert(attribute::PURGE_AT.to_owned(), number(expires_at.unix()));
    }
    match stale {
        None => ConditionalPut::if_new(item),
        Some(stale) => ConditionalPut {
            item,
            condition: expression::IS_STALE_ENTRY,
            values: vec![(":stale", AttributeValue::S(stale.to_string()))],
        },
    }
}

/// The key of the idempotency entry of an idempotency key: SHA-256 of that key and, so that nobody gets the response to
/// somebody else's request, of the owner.
pub(super) fn idempotency_entry_key(key: &IdempotencyKey, owner: Option<&Owner>) -> String {
    let owner = owner.map(|owner| format!("\n{owner}")).unwrap_or_default();
    format!("idempotency#{:x}", Sha256::digest(format!("{}{owner}", key.as_str())))
}

/// The key of an API key with this digest.
pub(super) fn api_key_key(digest: &str) -> String {
    format!("key#{digest}")
}

/// The key of the last use of the API key with this digest. It is an item of its own, because the functions may not write
/// keys.
pub(super) fn key_use_key(digest: &str) -> String {
    format!("keyuse#{digest}")
}

/// The key of the name of an API key.
pub(super) fn key_name_key(name: &Name) -> String {
    format!("keyname#{name}")
}

/// The key of the count of links that a sender has created, `now`.
pub(super) fn limit_key(limit: &LinkLimit, now: Timestamp) -> String {
    format!("limit#{}", limit.counter(now))
}

/// The idempotency entry of a request that creates `link`. It replaces an entry whose lifetime is over.
pub(super) fn idempotency_entry(key: &str, new_link: &NewLink, reuse: bool, link: &Link) -> ConditionalPut {
    let now = new_link.created_at.unix();
    let mut item = entry(key, link);
    item.insert(attribute::REQUEST.to_owned(), AttributeValue::S(request_digest(new_link, reuse)));
    item.insert(attribute::PURGE_AT.to_owned(), number(now + KEY_LIFETIME_SECONDS));
    ConditionalPut { item, condition: expression::ENTRY_IS_ABSENT_OR_EXPIRED, values: vec![(":now", number(now))] }
}

/// Whether an idempotency entry is that of this request.
pub(super) fn is_same_request(entry: &Item, new_link: &NewLink, reuse: bool) -> bool {
    entry.get(attribute::REQUEST) == Some(&AttributeValue::S(request_digest(new_link, reuse)))
}

/// Whether the lifetime of an idempotency entry is over.
pub(super) fn is_over(entry: &Item, now: Timestamp) -> bool {
    instant(entry, attribute::PURGE_AT).is_ok_and(|instant| instant.is_some_and(|instant| instant <= now))
}

/// Marks an idempotency entry whose link existed before the request.
pub(super) fn mark_existing(entry: &mut ConditionalPut) {
    entry.item.insert(attribute::EXISTED.to_owned(), AttributeValue::Bool(true));
}

/// Whether the link of an idempotency entry existed before the request.
pub(super) fn is_existing(entry: &Item) -> bool {
    entry.contains_key(attribute::EXISTED)
}

/// SHA-256 of all that a request asks for.
fn request_digest(new_link: &NewLink, reuse: bool) -> String {
    let alias = new_link.alias.as_ref().map_or("", Code::as_str);
    let (target, expiry) = (&new_link.target, expiry_text(new_link.requested_expiry));
    let labels = label_lines(&new_link.labels);
    format!("{:x}", Sha256::digest(format!("{target}\n{expiry}\n{alias}\n{reuse}\n{labels}")))
}

/// A line for each label that there is. A title, a tag and a note contain no line break.
fn label_lines(labels: &Labels) -> String {
    let text = |name, text: &Option<LabelText>| text.as_ref().map(|text| format!("{name} {}\n", text.as_str()));
    let tags = labels.tags.iter().map(|tag| format!("tag {tag}\n"));
    let texts = [text("title", &labels.title), text("note", &labels.note)];
    texts.into_iter().flatten().chain(tags).collect()
}

/// An item that points to `link`.
fn entry(key: &str, link: &Link) -> Item {
    Item::from([
        (attribute::CODE.to_owned(), AttributeValue::S(key.to_owned())),
        (attribute::ENTRY_CODE.to_owned(), AttributeValue::S(link.code.to_string())),
    ])
}

/// The code that an entry points to.
pub(super) fn entry_code(entry: &Item) -> Option<Code> {
    Code::parse(text(entry, attribute::ENTRY_CODE)?).ok()
}

/// A number, as DynamoDB expects it.
pub(super) fn number(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> Link {
        Link::new(
            Code::parse("abc").expect("a code"),
            Target::parse("https://example.com/", &[]).expect("a target"),
            Timestamp::from_unix(100).expect("in range"),
            Timestamp::from_unix(200),
        )
    }

    fn new_link() -> NewLink {
        let Link { target, created_at, expires_at, .. } = link();
        let requested_expiry = RequestedExpiry::Default;
        NewLink {
            alias: None,
            target,
            requested_expiry,
            created_at,
            expires_at,
            purge_after: Some(50),
            owner: None,
            creator: None,
            has_token: true,
            labels: Labels::default(),
        }
    }

    #[test]
    fn a_link_round_trips() {
        assert_eq!(to_link(from_link(&link(), &new_link(), "0", None)), Ok(link()));
        let never_expires = Link { expires_at: None, ..link() };
        assert_eq!(to_link(from_link(&never_expires, &new_link(), "0", None)), Ok(never_expires));
    }

    #[test]
    fn a_malformed_item_is_an_error_that_names_the_attribute() {
        for name in [attribute::CODE, attribute::TARGET] {
            let mut item = from_link(&link(), &new_link(), "0", None);
            item.remove(name);
            assert_eq!(to_link(item), Err(name));
        }
        for name in [attribute::CREATED_AT, attribute::EXPIRES_AT] {
            let mut item = from_link(&link(), &new_link(), "0", None);
            item.insert(name.to_owned(), AttributeValue::S("2030-01-01".to_owned()));
            assert_eq!(to_link(item), Err(name));
        }
        let mut item = from_link(&link(), &new_link(), "0", None);
        item.insert(attribute::TARGET.to_owned(), AttributeValue::S("javascript:alert(1)".to_owned()));
        assert_eq!(to_link(item), Err(attribute::TARGET));
    }

    #[test]
    fn expressions_name_the_attributes() {
        for (expression, names) in [
            (expression::KEY_NOT_EXISTS, &[attribute::CODE][..]),
            (expression::ENTRY_IS_ABSENT_OR_EXPIRED, &[attribute::CODE, attribute::PURGE_AT]),
            (expression::SET_PURGE_AT, &[attribute::PURGE_AT]),
            (expression::REMOVE_PURGE_AT, &[attribute::PURGE_AT]),
            (expression::IS_STALE_ENTRY, &[attribute::ENTRY_CODE]),
            (expression::KEY_EXISTS, &[attribute::CODE]),
            (expression::IS_API_KEY, &[attribute::CODE]),
            (expression::USE, &[attribute::LAST_USED_AT]),
            (expression::IS_BELOW_LIMIT, &[attribute::LINKS]),
            (expression::COUNT_LINK, &[attribute::LINKS, attribute::PURGE_AT]),
            (expression::DISCOUNT_LINK, &[attribute::LINKS]),
            (expression::REVOKE, &[attribute::REVOKED_AT]),
            (expression::BLOCK, &[attribute::BLOCKED_AT, attribute::BLOCKED_HOST]),
            (expression::UNBLOCK, &[attribute::BLOCKED_AT, attribute::BLOCKED_HOST]),
            (expression::BLOCK_WITH_HOST, &[attribute::BLOCKED_AT, attribute::BLOCKED_HOST, attribute::VERSION]),
            (expression::UNBLOCK_WITH_HOST, &[attribute::BLOCKED_AT, attribute::BLOCKED_HOST, attribute::VERSION]),
            (expression::FORGET_BLOCKED_HOST, &[attribute::BLOCKED_HOST]),
            (expression::SET_BLOCKED_HOST, &[attribute::BLOCKED_HOST]),
            (expression::IS_UNBLOCKED_WITH_TARGET, &[attribute::BLOCKED_AT, attribute::TARGET]),
            (expression::IS_BLOCKED_WITH_HOST, &[attribute::BLOCKED_HOST]),
            (expression::IS_LINK, &[attribute::TARGET]),
            (expression::BLOCK_OF_LINK, &[attribute::CODE, attribute::TARGET, attribute::BLOCKED_AT]),
            (expression::IS_SAME_LINK, &[attribute::CREATED_AT]),
            (expression::IS_SAME_ADOPTED_LINK, &[attribute::CREATED_AT, attribute::TARGET]),
            (expression::IS_UNCHANGED, &[attribute::VERSION]),
            (expression::IS_VERSION, &[attribute::VERSION]),
            (expression::IS_NEVER_CHANGED, &[attribute::VERSION, attribute::BLOCKED_AT]),
            (expression::IS_OF_LINK, &[attribute::LINK_CREATED_AT]),
        ] {
            for name in names {
                assert!(expression.contains(name), "{name} in {expression}");
            }
        }
    }
}
