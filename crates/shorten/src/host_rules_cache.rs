//! The hosts that the operator lists, kept in memory, so that most requests need no read for them.
//!
//! The trade-off: a host that is blocked is accepted for up to [`FRESH_SECONDS`] more. `shortlink block` therefore looks
//! for its links once more after that.

use std::sync::{Arc, Mutex, PoisonError};

use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::host_rules::{HostRuleError, HostRules};
use shortlink_core::domain::target::Target;
use shortlink_core::dynamodb::error::StoreError;
use shortlink_core::http::problem::{Problem, ProblemKind};

use crate::Shorten;

/// For how long the lists are used after they were read, in seconds.
const FRESH_SECONDS: i64 = 60;

/// For how long they are used if they cannot be read again, in seconds. After that, no link is created.
const STALE_SECONDS: i64 = 3_600;

/// The lists, and when they were read.
#[derive(Debug, Default)]
pub(crate) struct HostRulesCache(Mutex<Option<(Arc<HostRules>, Timestamp)>>);

impl HostRulesCache {
    /// The lists, from memory or from the table.
    async fn get(&self, shorten: &Shorten) -> Result<Arc<HostRules>, StoreError> {
        let now = shorten.clock.now();
        let cached = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let within = |seconds| {
            let is_within = |read_at: Timestamp| (0..seconds).contains(&now.since(read_at));
            cached.as_ref().filter(|(_, read_at)| is_within(*read_at)).map(|(rules, _)| Arc::clone(rules))
        };
        if let Some(rules) = within(FRESH_SECONDS) {
            return Ok(rules);
        }
        match shorten.store.host_rules().await {
            Ok(rules) => {
                let rules = Arc::new(rules);
                *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Arc::clone(&rules), now));
                Ok(rules)
            }
            Err(error) => within(STALE_SECONDS).ok_or(error),
        }
    }
}

/// Checks that a link may lead to a target.
///
/// # Errors
///
/// The operator does not allow the host, or the table cannot be asked.
pub(crate) async fn require_allowed(shorten: &Shorten, target: &Target) -> Result<(), Problem> {
    let rules = shorten.host_rules.get(shorten).await?;
    rules.check(target).map_err(|error| {
        let kind = match error {
            HostRuleError::Blocked { .. } => ProblemKind::HostBlocked,
            HostRuleError::NotAllowed { .. } => ProblemKind::HostNotAllowed,
        };
        Problem::with_field(kind, "url", error)
    })
}
