//! Links, links that are yet to be created, and changes of links.

use crate::domain::clock::Timestamp;
use crate::domain::code::Code;
use crate::domain::creator::Creator;
use crate::domain::expiry::RequestedExpiry;
use crate::domain::host_rules::ListedHost;
use crate::domain::labels::{LabelChange, Labels};
use crate::domain::owner::Owner;
use crate::domain::target::Target;

/// A link with its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The code, by which the table finds the link.
    pub code: Code,
    /// The URL that it redirects to.
    pub target: Target,
    /// When it was created; [`Timestamp::UNKNOWN`] if another tool has written it without saying so.
    pub created_at: Timestamp,
    /// The instant at which it stops redirecting and responds with 410; `None`: never.
    pub expires_at: Option<Timestamp>,
    /// When its owner withdrew it: it then responds with 410 until the owner restores it.
    pub withdrawn_at: Option<Timestamp>,
    /// When the operator blocked it: it then responds with 451.
    pub blocked_at: Option<Timestamp>,
    /// When it may be deleted from the table; `None`: never.
    pub purge_at: Option<Timestamp>,
}

/// A link that a client asks for and that has no code yet, unless the client chose an alias.
#[derive(Clone, Debug)]
pub struct NewLink {
    /// The code that the client chose; `None`: a code is generated.
    pub alias: Option<Code>,
    /// The URL that the link redirects to.
    pub target: Target,
    /// The expiry that the client asked for.
    pub requested_expiry: RequestedExpiry,
    /// When the link is created.
    pub created_at: Timestamp,
    /// When the link expires, by the operator's policy; `None`: never.
    pub expires_at: Option<Timestamp>,
    /// How long the link stays in the table after its expiry, in seconds; `None`: for good.
    pub purge_after: Option<i64>,
    /// To whom the link belongs, if it is created with an API key.
    pub owner: Option<Owner>,
    /// What is kept of the creator.
    pub creator: Option<Creator>,
    /// Whether the creator gets a management token. A link that belongs to an owner has none, because the owner's keys
    /// manage it: a token would survive the key. Nor has a link of nobody that others get as well, with `reuse`: it could
    /// lead them elsewhere.
    pub has_token: bool,
    /// What its owner calls it.
    pub labels: Labels,
}

/// A change of a link. What is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkChange {
    /// The new target.
    pub target: Option<Target>,
    /// The new expiry: an instant, or `None` for never.
    pub expires_at: Option<Option<Timestamp>>,
    /// Whether the link is withdrawn from now on.
    pub is_withdrawn: Option<bool>,
    /// Whether the link is blocked from now on. Only the operator may change this.
    pub is_blocked: Option<bool>,
    /// The host with which it is blocked from now on, if it is not blocked by itself.
    pub blocked_host: Option<ListedHost>,
    /// The new labels.
    pub labels: LabelChange,
    /// The owner to whom the link belongs from now on. Only the operator may change this.
    pub owner: Option<Owner>,
}

impl LinkChange {
    /// The link after the change, which is made `now`.
    pub fn apply_to(&self, link: &Link, now: Timestamp) -> Link {
        let since = |is_so: Option<bool>, since: Option<Timestamp>| match is_so {
            None => since,
            Some(true) => since.or(Some(now)),
            Some(false) => None,
        };
        Link {
            target: self.target.clone().unwrap_or_else(|| link.target.clone()),
            expires_at: self.expires_at.unwrap_or(link.expires_at),
            withdrawn_at: since(self.is_withdrawn, link.withdrawn_at),
            blocked_at: since(self.is_blocked, link.blocked_at),
            ..link.clone()
        }
    }
}

impl Link {
    /// A link that stays in the table for good.
    pub fn new(code: Code, target: Target, created_at: Timestamp, expires_at: Option<Timestamp>) -> Self {
        Self { code, target, created_at, expires_at, withdrawn_at: None, blocked_at: None, purge_at: None }
    }

    /// When the link may be deleted from the table: `purge_after` seconds after its expiry or, if it has expired before,
    /// after `now`; never if it is withdrawn, never expires or stays for good.
    pub fn end_of_grace_period(&self, purge_after: Option<i64>, now: Timestamp) -> Option<Timestamp> {
        let expires_at = self.expires_at.filter(|_| self.withdrawn_at.is_none())?;
        expires_at.max(now).plus(purge_after?)
    }

    /// Whether the link redirects.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.blocked_at.is_none() && self.withdrawn_at.is_none() && !self.is_expired(now)
    }

    /// Whether the link has expired. The clock decides, not whether DynamoDB has deleted the item: TTL deletion lags by
    /// up to days.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|instant| instant <= now)
    }
}

impl NewLink {
    /// The link, with its code.
    pub fn with_code(&self, code: Code) -> Link {
        let link = Link::new(code, self.target.clone(), self.created_at, self.expires_at);
        Link { purge_at: link.end_of_grace_period(self.purge_after, self.created_at), ..link }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_expires_at_its_instant() {
        let at = |seconds| Timestamp::from_unix(seconds).expect("in range");
        let target = Target::parse("https://example.com/", &[]).expect("a target");
        let link = Link::new(Code::parse("abc").expect("a code"), target, at(100), Some(at(200)));
        assert!(!link.is_expired(at(199)));
        assert!(link.is_expired(at(200)));
    }
}
