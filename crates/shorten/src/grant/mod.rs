//! Grants: signed tokens that allow creating links within bounds, and nothing else.
//!
//! A grant is what a web page may contain so that its visitors can create links, without an API key. `shortlink grant`
//! signs one with the [grant key](key), and the signature is verified without a read of the table. A grant cannot be
//! revoked by itself: it expires, or the operator replaces the key.
//!
//! | module | defines |
//! | --- | --- |
//! | [`key`] | the secret that signs grants |
//! | [`key_cache`] | the key kept in memory |
//! | [`key_source`] | where the key is kept: a parameter or a file |
//! | [`parameter`] | the calls to AWS Systems Manager Parameter Store |
//! | [`token`] | the text of a grant: signing and verifying it |

use shortlink_core::domain::api_key::Name;
use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::host_rules::ListedHost;
use shortlink_core::domain::link_limit::LinkLimit;
use shortlink_core::domain::target::Target;

pub mod key;
pub mod key_cache;
pub mod key_source;
pub mod parameter;
pub mod token;

/// The maximum number of hosts of a grant.
pub const MAX_HOSTS: usize = 20;

/// What a grant allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Names the grant in the log and in the table: 16 hexadecimal digits.
    pub id: String,
    /// From this instant on the grant is refused.
    pub expires_at: Timestamp,
    /// The longest lifetime of a link, in seconds.
    pub max_life: i64,
    /// The hosts to which links may lead; hosts below them are included. At least one, at most [`MAX_HOSTS`].
    pub hosts: Vec<ListedHost>,
    /// To whom the links belong.
    pub owner: Option<Name>,
    /// How many links may be created.
    pub maximum: Option<MaxLinks>,
}

/// How many links may be created with a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxLinks {
    /// On each day, in UTC.
    PerDay(u32),
    /// Altogether.
    InTotal(u32),
}

impl Grant {
    /// Whether a link may lead to `target`.
    pub fn allows(&self, target: &Target) -> bool {
        let host = target.host();
        self.hosts.iter().any(|granted| granted.includes(&host))
    }

    /// The limit on the number of links, if there is one.
    pub fn limit(&self) -> Option<LinkLimit> {
        let counter = format!("grant#{}", self.id);
        Some(match self.maximum? {
            MaxLinks::PerDay(maximum) => LinkLimit::per_day(counter, maximum),
            MaxLinks::InTotal(maximum) => LinkLimit::in_total(counter, maximum, self.expires_at),
        })
    }
}
