//! When a link expires: what a client may ask for, and what the operator allows.

use thiserror::Error;

use crate::domain::clock::Timestamp;
use crate::domain::duration::to_human;

/// The expiry that a client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestedExpiry {
    /// No expiry was given: the operator's default applies.
    Default,
    /// `expires_in`: the lifetime in seconds.
    In(i64),
    /// `expires_at`: the instant.
    At(Timestamp),
    /// `"expires_at": null`: the link never expires.
    Never,
}

/// The expiry that the operator allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiryPolicy {
    /// The lifetime of a link whose creator gave none, in seconds; `None`: it never expires.
    pub default: Option<i64>,
    /// The shortest lifetime, in seconds.
    pub min: i64,
    /// The longest lifetime, in seconds.
    pub max: i64,
    /// Whether a client may ask for a link that never expires.
    pub allow_never: bool,
    /// How long an expired link with a generated code stays in the table, in seconds; `None`: for good. Until then it
    /// responds with 410 and its code stays taken. A link with an alias always stays for good.
    pub purge_after: Option<i64>,
}

/// The reason that an expiry is not allowed. Each message continues a sentence that begins with the field's name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ExpiryError {
    /// The lifetime is too short or too long.
    #[error("must be between {} and {} from now ({min} to {max} seconds); it is {seconds}", to_human(*min), to_human(*max))]
    OutOfBounds {
        /// The requested lifetime, in seconds.
        seconds: i64,
        /// The shortest lifetime, in seconds.
        min: i64,
        /// The longest lifetime, in seconds.
        max: i64,
    },
    /// The instant is over.
    #[error("is in the past; it must be between {} and {} from now", to_human(*min), to_human(*max))]
    Past {
        /// The shortest lifetime, in seconds.
        min: i64,
        /// The longest lifetime, in seconds.
        max: i64,
    },
    /// Links that never expire are not allowed.
    #[error("requests a link that never expires, which this service does not allow; omit it to get the default")]
    NeverNotAllowed,
}

impl ExpiryPolicy {
    /// The expiry of a link created `now`; `None` if it never expires.
    ///
    /// # Errors
    ///
    /// [`ExpiryError`] if the policy does not allow the requested expiry.
    pub fn expires_at(&self, requested: RequestedExpiry, now: Timestamp) -> Result<Option<Timestamp>, ExpiryError> {
        let seconds = match requested {
            RequestedExpiry::Never if self.allow_never => return Ok(None),
            RequestedExpiry::Never => return Err(ExpiryError::NeverNotAllowed),
            RequestedExpiry::Default => match self.default {
                None => return Ok(None),
                Some(seconds) => seconds,
            },
            RequestedExpiry::In(seconds) => seconds,
            RequestedExpiry::At(instant) => instant.since(now),
        };
        let Self { min, max, .. } = *self;
        let is_past = matches!(requested, RequestedExpiry::At(_)) && seconds < 0;
        let out_of_bounds =
            if is_past { ExpiryError::Past { min, max } } else { ExpiryError::OutOfBounds { seconds, min, max } };
        if !(self.min..=self.max).contains(&seconds) {
            return Err(out_of_bounds);
        }
        now.plus(seconds).map(Some).ok_or(out_of_bounds)
    }

    /// Whether `requested`, asked for at `created_at`, would yield a link that expires at `expires_at`.
    pub fn would_yield(
        &self,
        requested: RequestedExpiry,
        created_at: Timestamp,
        expires_at: Option<Timestamp>,
    ) -> bool {
        match requested {
            RequestedExpiry::At(instant) => expires_at == Some(instant),
            RequestedExpiry::Never => expires_at.is_none(),
            RequestedExpiry::In(_) | RequestedExpiry::Default => {
                self.expires_at(requested, created_at) == Ok(expires_at)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: ExpiryPolicy =
        ExpiryPolicy { default: Some(100), min: 10, max: 1_000, allow_never: false, purge_after: Some(50) };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(seconds).expect("in range")
    }

    #[test]
    fn bounds_are_inclusive() {
        let now = at(5_000);
        let expires_at = |requested| POLICY.expires_at(requested, now);
        assert_eq!(expires_at(RequestedExpiry::Default), Ok(Some(at(5_100))));
        assert_eq!(expires_at(RequestedExpiry::In(10)), Ok(Some(at(5_010))));
        assert_eq!(expires_at(RequestedExpiry::At(at(6_000))), Ok(Some(at(6_000))));
        assert_eq!(expires_at(RequestedExpiry::Never), Err(ExpiryError::NeverNotAllowed));
        for requested in [
            RequestedExpiry::In(9),
            RequestedExpiry::In(1_001),
            RequestedExpiry::In(i64::MIN),
            RequestedExpiry::In(i64::MAX),
            RequestedExpiry::At(at(5_009)),
        ] {
            assert!(matches!(expires_at(requested), Err(ExpiryError::OutOfBounds { .. })), "{requested:?}");
        }
        assert!(matches!(expires_at(RequestedExpiry::At(at(4_999))), Err(ExpiryError::Past { .. })));
    }

    #[test]
    fn a_link_matches_the_request_that_would_yield_it() {
        assert!(POLICY.would_yield(RequestedExpiry::Default, at(0), Some(at(100))));
        assert!(POLICY.would_yield(RequestedExpiry::In(100), at(0), Some(at(100))));
        assert!(!POLICY.would_yield(RequestedExpiry::In(99), at(0), Some(at(100))));
        assert!(!POLICY.would_yield(RequestedExpiry::Never, at(0), Some(at(100))));
        assert!(POLICY.would_yield(RequestedExpiry::At(at(100)), at(7), Some(at(100))));
    }
}
