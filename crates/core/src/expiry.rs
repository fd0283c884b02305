//! How long a link lives: what a client may ask for, and what the operator allows.

use thiserror::Error;

use crate::clock::Timestamp;

/// What a client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// Nothing: the operator's default.
    Default,
    /// `expires_in`: so many seconds from now.
    In(i64),
    /// `expires_at`: that instant.
    At(Timestamp),
    /// `"expires_at": null`: never.
    Never,
}

/// What the operator allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiryPolicy {
    /// The life of a link for which nothing was asked, seconds. `None`: it never expires.
    pub default: Option<i64>,
    /// The shortest life, seconds.
    pub min: i64,
    /// The longest life, seconds.
    pub max: i64,
    /// Whether a client may ask for a link that never expires.
    pub never: bool,
    /// How long after its expiry a link still says that it has expired, and its code stays taken, seconds.
    pub purge_after: i64,
}

/// Why a link cannot live that long.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ExpiryError {
    /// Too short or too long a life.
    #[error("must be {min} to {max} seconds from now; it is {seconds}")]
    OutOfBounds {
        /// What was asked for, seconds.
        seconds: i64,
        /// The shortest life, seconds.
        min: i64,
        /// The longest life, seconds.
        max: i64,
    },
    /// Links that never expire are not allowed here.
    #[error("must be an instant: this service makes no links that never expire; leave it out for the default")]
    NeverNotAllowed,
}

impl ExpiryPolicy {
    /// The instant at which a link made `now` expires; `None` if never.
    ///
    /// # Errors
    ///
    /// [`ExpiryError`] if the operator does not allow what was asked for.
    pub fn expires_at(&self, asked: Expiry, now: Timestamp) -> Result<Option<Timestamp>, ExpiryError> {
        let seconds = match asked {
            Expiry::Never if self.never => return Ok(None),
            Expiry::Never => return Err(ExpiryError::NeverNotAllowed),
            Expiry::Default => match self.default {
                None => return Ok(None),
                Some(seconds) => seconds,
            },
            Expiry::In(seconds) => seconds,
            Expiry::At(instant) => instant.since(now),
        };
        let out_of_bounds = ExpiryError::OutOfBounds { seconds, min: self.min, max: self.max };
        if !(self.min..=self.max).contains(&seconds) {
            return Err(out_of_bounds);
        }
        now.plus(seconds).map(Some).ok_or(out_of_bounds)
    }

    /// Whether a link that was made at `created_at` and expires at `expires_at` is one that `asked` for
    /// then would have given.
    pub fn gave(&self, asked: Expiry, created_at: Timestamp, expires_at: Option<Timestamp>) -> bool {
        match asked {
            Expiry::At(instant) => expires_at == Some(instant),
            Expiry::Never => expires_at.is_none(),
            Expiry::In(_) | Expiry::Default => self.expires_at(asked, created_at) == Ok(expires_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: ExpiryPolicy =
        ExpiryPolicy { default: Some(100), min: 10, max: 1_000, never: false, purge_after: 50 };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(seconds).expect("in range")
    }

    #[test]
    fn the_bounds_are_allowed_and_what_is_outside_is_not() {
        let now = at(5_000);
        let expires_at = |asked| POLICY.expires_at(asked, now);
        assert_eq!(expires_at(Expiry::Default), Ok(Some(at(5_100))));
        assert_eq!(expires_at(Expiry::In(10)), Ok(Some(at(5_010))));
        assert_eq!(expires_at(Expiry::At(at(6_000))), Ok(Some(at(6_000))));
        assert_eq!(expires_at(Expiry::Never), Err(ExpiryError::NeverNotAllowed));
        for asked in [Expiry::In(9), Expiry::In(1_001), Expiry::In(i64::MIN), Expiry::In(i64::MAX), Expiry::At(at(0))] {
            assert!(matches!(expires_at(asked), Err(ExpiryError::OutOfBounds { .. })), "{asked:?}");
        }
    }

    #[test]
    fn a_link_is_known_by_what_was_asked_for() {
        assert!(POLICY.gave(Expiry::Default, at(0), Some(at(100))));
        assert!(POLICY.gave(Expiry::In(100), at(0), Some(at(100))));
        assert!(!POLICY.gave(Expiry::In(99), at(0), Some(at(100))));
        assert!(!POLICY.gave(Expiry::Never, at(0), Some(at(100))));
        assert!(POLICY.gave(Expiry::At(at(100)), at(7), Some(at(100))));
    }
}
