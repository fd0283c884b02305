//! Returning an existing link: deduplication (`reuse`) and idempotency keys.
//!
//! Two requests are the same for deduplication if they have the same target and ask for the same expiry. The link
//! created for such a request is recorded in a deduplication entry, an item whose key is a digest of the request. A
//! request with an idempotency key is recorded in an idempotency entry, whose key is a digest of that key. The link and
//! its entries are put in one transaction, so one link is created however many clients race for it, and however often a
//! client repeats a request whose response was lost. A request with an alias needs no deduplication entry: its link can
//! only be the one with that alias.

use crate::domain::code::Code;
use crate::domain::code_generator::CodeGenerator;
use crate::domain::expiry::ExpiryPolicy;
use crate::domain::idempotency_key::IdempotencyKey;
use crate::domain::link::{Link, NewLink};
use crate::domain::manage_token::ManageToken;
use crate::dynamodb::contention::back_off;
use crate::dynamodb::error::{CreateError, StoreError};
use crate::dynamodb::items::{self, Item, attribute};
use crate::dynamodb::link_changes::ManagedLink;
use crate::dynamodb::link_transaction::TransactionOutcome;
use crate::dynamodb::store::{ConditionalPut, CreatedLink, Store};

/// The maximum number of attempts under contention. An attempt fails only because a concurrent request has created the
/// same link, so the next attempt normally finds that link: more than two attempts require a link that expires in
/// between, or conflicting transactions.
const MAX_ATTEMPTS: u32 = 10;

/// A link, and whether this request has created it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreateOutcome {
    /// The link existed.
    Existing(Link),
    /// The link was created.
    Created(CreatedLink),
    /// The link was created by an earlier request with the same idempotency key. The token is absent if the key could be
    /// guessed, or if the link cannot be changed.
    Replayed(Link, Option<ManageToken>),
}

/// Which existing link a request is answered with instead of a new one.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeduplicateBy<'a> {
    /// Whether to return the existing link for the same request.
    pub reuse: bool,
    /// The idempotency key of the request.
    pub key: Option<&'a IdempotencyKey>,
}

impl Store {
    /// Creates a link, unless it exists according to `deduplicate_by`.
    ///
    /// # Errors
    ///
    /// [`CreateError`].
    pub async fn get_or_create(
        &self,
        new_link: &NewLink,
        deduplicate_by: DeduplicateBy<'_>,
        policy: &ExpiryPolicy,
        codes: &CodeGenerator,
    ) -> Result<CreateOutcome, CreateError> {
        let DeduplicateBy { reuse, key } = deduplicate_by;
        if key.is_none() && (!reuse || new_link.alias.is_some()) {
            return match self.create(new_link, codes).await {
                Ok(created) => Ok(CreateOutcome::Created(created)),
                Err(CreateError::AliasTaken(other)) if reuse && matches_request(&other, new_link, policy) => {
                    Ok(CreateOutcome::Existing(other.link))
                }
                Err(error) => Err(error),
            };
        }
        let entry_key = key.map(|key| items::idempotency_entry_key(key, new_link.owner.as_ref()));
        let deduplication_key = (reuse && new_link.alias.is_none()).then(|| items::deduplication_entry_key(new_link));
        for attempt in 0..MAX_ATTEMPTS {
            let mut stale = None;
            if let Some(deduplication_key) = &deduplication_key {
                stale = self.get_item(deduplication_key, true).await?.as_ref().and_then(items::entry_code);
                if let Some(link) = self.live_link(stale.as_ref(), new_link, policy).await? {
                    return self.return_existing(link, key, new_link, reuse).await;
                }
            }
            // The idempotency entry is the first one, if there is one.
            let entries = |link: &Link| {
                let deduplication =
                    deduplication_key.as_ref().map(|key| items::deduplication_entry(key, link, stale.as_ref()));
                let idempotency = entry_key.as_ref().map(|key| items::idempotency_entry(key, new_link, reuse, link));
                idempotency.into_iter().chain(deduplication).collect::<Vec<_>>()
            };
            let (created, outcome) = self.put_new_link(new_link, key, codes, entries).await?;
            match (outcome, key) {
                (TransactionOutcome::Done, _) => return Ok(CreateOutcome::Created(created)),
                (TransactionOutcome::CodeTaken(item), _) => {
                    let other = ManagedLink::from_item(&created.link.code, item)?;
                    if reuse && matches_request(&other, new_link, policy) {
                        return self.return_existing(other.link, key, new_link, reuse).await;
                    }
                    return Err(CreateError::AliasTaken(Box::new(other)));
                }
                (TransactionOutcome::EntryExists(0, entry), Some(key)) => {
                    return self.replay(&entry, new_link, reuse, key).await;
                }
                // A concurrent request was faster.
                (TransactionOutcome::EntryExists(..) | TransactionOutcome::Conflict, _) => back_off(attempt).await,
            }
        }
        Err(StoreError::Unavailable("too many concurrent requests for the same link".to_owned()).into())
    }

    /// The link that exists according to `deduplicate_by`, without creating one.
    pub(super) async fn find_existing(
        &self,
        new_link: &NewLink,
        deduplicate_by: DeduplicateBy<'_>,
        policy: &ExpiryPolicy,
    ) -> Result<Option<CreateOutcome>, CreateError> {
        let DeduplicateBy { reuse, key } = deduplicate_by;
        if let Some(key) = key {
            let entry_key = items::idempotency_entry_key(key, new_link.owner.as_ref());
            let entry = self.get_item(&entry_key, true).await?;
            if let Some(entry) = entry.filter(|entry| !items::is_over(entry, new_link.created_at)) {
                return self.replay(&entry, new_link, reuse, key).await.map(Some);
            }
        }
        if !reuse {
            return Ok(None);
        }
        let code = match &new_link.alias {
            Some(alias) => Some(alias.clone()),
            None => {
                let entry = self.get_item(&items::deduplication_entry_key(new_link), true).await?;
                entry.as_ref().and_then(items::entry_code)
            }
        };
        let Some(link) = self.live_link(code.as_ref(), new_link, policy).await? else { return Ok(None) };
        self.return_existing(link, key, new_link, reuse).await.map(Some)
    }

    /// The link with this code, if it is live and is what the request asks for. The link may have been deleted, and
    /// another may have been created with its code.
    async fn live_link(
        &self,
        code: Option<&Code>,
        new_link: &NewLink,
        policy: &ExpiryPolicy,
    ) -> Result<Option<Link>, StoreError> {
        let Some(code) = code else { return Ok(None) };
        let Some(item) = self.get_item(code.as_str(), true).await? else { return Ok(None) };
        let existing = ManagedLink::from_item(code, item)?;
        Ok(matches_request(&existing, new_link, policy).then_some(existing.link))
    }

    /// Puts a link and its entries, all or none: under its alias, or under the first generated code that is free. So the
    /// outcome is that the code is taken only if it is the alias.
    async fn put_new_link(
        &self,
        new_link: &NewLink,
        key: Option<&IdempotencyKey>,
        codes: &CodeGenerator,
        entries: impl Fn(&Link) -> Vec<ConditionalPut>,
    ) -> Result<(CreatedLink, TransactionOutcome), CreateError> {
        let candidates: Box<dyn Iterator<Item = Code> + Send> = match &new_link.alias {
            Some(alias) => Box::new(std::iter::once(alias.clone())),
            None => Box::new(codes.candidates()),
        };
        for (codes_taken, code) in candidates.enumerate() {
            let link = new_link.with_code(code);
            let write_id = codes.write_id();
            let token = new_link.has_token.then(|| match key {
                Some(key) if key.is_unguessable() => ManageToken::derived(key, &write_id),
                _ => codes.manage_token(),
            });
            let item = items::from_link(&link, new_link, &write_id, token.as_ref().map(ManageToken::digest));
            let outcome = self.put_with_entries(item, &entries(&link)).await?;
            if new_link.alias.is_some() || !matches!(outcome, TransactionOutcome::CodeTaken(_)) {
                return Ok((CreatedLink { link, token, codes_taken }, outcome));
            }
        }
        Err(CreateError::CodesExhausted)
    }

    /// The link that an earlier request with the same idempotency key has created or found.
    async fn replay(
        &self,
        entry: &Item,
        new_link: &NewLink,
        reuse: bool,
        key: &IdempotencyKey,
    ) -> Result<CreateOutcome, CreateError> {
        let code = items::entry_code(entry).filter(|_| items::is_same_request(entry, new_link, reuse));
        let code = code.ok_or(CreateError::IdempotencyKeyUsed)?;
        let item = self.get_item(code.as_str(), true).await?.ok_or(CreateError::IdempotencyKeyUsed)?;
        let token = ManageToken::derived(key, items::text(&item, attribute::WRITE_ID).unwrap_or_default());
        let is_own = items::text(&item, attribute::MANAGE_DIGEST) == Some(&token.digest());
        let link = Self::to_link(&code, item)?;
        // The owner of the token may have changed the target meanwhile. Otherwise a link with another target is not the
        // one that the request created: that one was deleted, and its code was given out again.
        let is_same = is_own || link.target == new_link.target;
        if !is_same || !link.is_live(new_link.created_at) {
            return Err(CreateError::IdempotencyKeyUsed);
        }
        match items::is_existing(entry) {
            true => Ok(CreateOutcome::Existing(link)),
            false => Ok(CreateOutcome::Replayed(link, is_own.then_some(token))),
        }
    }

    /// Returns a link that existed before the request, and records it under the idempotency key, so that the same
    /// request gets the same response for a day. If the key is recorded already, that record decides: an earlier attempt
    /// of this request may have created the link.
    async fn return_existing(
        &self,
        link: Link,
        key: Option<&IdempotencyKey>,
        new_link: &NewLink,
        reuse: bool,
    ) -> Result<CreateOutcome, CreateError> {
        let Some(key) = key else { return Ok(CreateOutcome::Existing(link)) };
        let mut entry = items::idempotency_entry(
            &items::idempotency_entry_key(key, new_link.owner.as_ref()),
            new_link,
            reuse,
            &link,
        );
        items::mark_existing(&mut entry);
        match self.put_item(entry).await? {
            None => Ok(CreateOutcome::Existing(link)),
            Some(recorded) => self.replay(&recorded, new_link, reuse, key).await,
        }
    }
}

/// Whether an existing link is live and is what the request asks for, and whether its sender may get it.
fn matches_request(existing: &ManagedLink, new_link: &NewLink, policy: &ExpiryPolicy) -> bool {
    let link = &existing.link;
    existing.is_shared_with(new_link.owner.as_ref())
        && link.target == new_link.target
        && link.is_live(new_link.created_at)
        && policy.would_yield(new_link.requested_expiry, link.created_at, link.expires_at)
}
