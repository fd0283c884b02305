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
use shortlink_core::domain::link_limit::LinkLimit;
use shortlink_core::domain::target::Target;
use thiserror::Error;
use url::Host;

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
    pub hosts: Vec<GrantedHost>,
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

/// A host to which links may lead, as the URL parser serialises it, such as `example.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantedHost(String);

/// A text that is not a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("must be a host such as example.com, without https:// and without a path")]
pub struct InvalidHost;

impl Grant {
    /// Whether a link may lead to `target`.
    pub fn allows(&self, target: &Target) -> bool {
        let host = target.host();
        self.hosts.iter().any(|granted| granted.includes(host))
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

impl GrantedHost {
    /// The host as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `host` is this host or below it. Whole labels are compared, so `notexample.com` is not below `example.com`.
    fn includes(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        host.strip_suffix(self.0.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

impl std::str::FromStr for GrantedHost {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        let host = Host::parse(text).map_err(|_| InvalidHost)?.to_string();
        let host = host.strip_suffix('.').unwrap_or(&host);
        if host.is_empty() { Err(InvalidHost) } else { Ok(Self(host.to_owned())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_includes_those_below_it_by_label() {
        let host: GrantedHost = "Example.com.".parse().expect("a host");
        for (target, expected) in [
            ("https://example.com/", true),
            ("https://EXAMPLE.com.:8443/a", true),
            ("https://a.b.example.com/", true),
            ("https://notexample.com/", false),
            ("https://example.com.evil.example/", false),
            ("https://evil.example/?example.com", false),
            ("https://evil.example/#.example.com", false),
            ("https://evil.example\\@example.com/", false),
        ] {
            if let Ok(target) = Target::parse(target, &[]) {
                assert_eq!(host.includes(target.host()), expected, "{target}");
            }
        }
        let international: GrantedHost = "bücher.example".parse().expect("a host");
        assert_eq!(international.as_str(), "xn--bcher-kva.example");
        for text in ["", ".", "https://example.com", "a b", "example.com/path"] {
            assert_eq!(text.parse::<GrantedHost>(), Err(InvalidHost), "{text}");
        }
    }
}
