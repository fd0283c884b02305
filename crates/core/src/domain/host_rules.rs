//! Which hosts links may lead to: hosts that the operator has blocked, and hosts that the operator allows.

use std::collections::BTreeSet;
use std::fmt;

use thiserror::Error;
use url::Url;

use crate::domain::target::Target;

/// How many allowed hosts a reason names.
const MAX_SHOWN: usize = 5;

/// A host that an operator lists, and every host below it: a name in lower-case ASCII without a trailing dot, or an IP
/// address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListedHost(String);

/// The reason that a text is not a host. The message continues a sentence that begins with the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ListedHostError {
    /// There is more than a host: a scheme, a port or a path.
    #[error("is more than a host; leave out what is before and after the host, as in example.com")]
    NotOnlyHost,
    /// `*.example.com`.
    #[error("contains a '*'; a host stands for all hosts below it, so leave out the '*.'")]
    Wildcard,
    /// The URL parser rejects it.
    #[error("is not a host such as example.com")]
    Invalid,
}

/// The hosts that the operator lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostRules {
    /// No link may lead to these hosts.
    pub blocked: BTreeSet<ListedHost>,
    /// Links may lead to these hosts only; if there are none, to any host.
    pub allowed: BTreeSet<ListedHost>,
}

/// The reason that a link may not lead to a host. Each message continues a sentence that begins with the field's name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HostRuleError {
    /// The operator has blocked the host, or one above it.
    #[error("leads to {host}, which the operator of this service has blocked")]
    Blocked {
        /// The host of the target.
        host: String,
    },
    /// The operator allows other hosts only.
    #[error("leads to {host}; the links of this service may lead only to {allowed}")]
    NotAllowed {
        /// The host of the target.
        host: String,
        /// Some of the hosts that are allowed, for people.
        allowed: String,
    },
}

impl ListedHost {
    /// Parses a host. International names are converted to ASCII, as in a target.
    ///
    /// # Errors
    ///
    /// [`ListedHostError`].
    pub fn parse(text: &str) -> Result<Self, ListedHostError> {
        let has_port = text.contains(':') && !(text.starts_with('[') && text.ends_with(']'));
        if has_port || text.contains(['/', '\\', '?', '#', '@']) {
            return Err(ListedHostError::NotOnlyHost);
        }
        if text.contains('*') {
            return Err(ListedHostError::Wildcard);
        }
        let url = Url::parse(&format!("https://{text}/")).map_err(|_| ListedHostError::Invalid)?;
        let host = url.host_str().unwrap_or_default();
        let host = host.strip_suffix('.').unwrap_or(host);
        if host.split('.').any(str::is_empty) || text.contains(char::is_whitespace) {
            return Err(ListedHostError::Invalid);
        }
        Ok(Self(host.to_owned()))
    }

    /// Whether `host` is this host or below it. Whole labels are compared, so `notexample.com` is not below `example.com`.
    pub fn includes(&self, host: &str) -> bool {
        host.strip_suffix(self.0.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    /// Whether a text on the command line is a host and not a code: no code contains these characters.
    pub fn is_meant_by(text: &str) -> bool {
        text.contains(['.', ':', '。', '．', '｡'])
    }

    /// The host in ASCII.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for ListedHost {
    type Err = ListedHostError;

    fn from_str(text: &str) -> Result<Self, ListedHostError> {
        Self::parse(text)
    }
}

impl fmt::Display for ListedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HostRules {
    /// Checks whether a link may lead to a target.
    ///
    /// # Errors
    ///
    /// [`HostRuleError`].
    pub fn check(&self, target: &Target) -> Result<(), HostRuleError> {
        let host = target.host();
        if find(&self.blocked, &host).is_some() {
            return Err(HostRuleError::Blocked { host });
        }
        if self.allowed.is_empty() || find(&self.allowed, &host).is_some() {
            return Ok(());
        }
        let mut allowed: Vec<_> = self.allowed.iter().take(MAX_SHOWN).map(ListedHost::as_str).collect();
        if self.allowed.len() > MAX_SHOWN {
            allowed.push("others that the operator has listed");
        }
        Err(HostRuleError::NotAllowed { host, allowed: allowed.join(", ") })
    }

    /// The blocked host at or above the host of a target.
    pub fn blocked_host_of(&self, target: &Target) -> Option<&ListedHost> {
        find(&self.blocked, &target.host())
    }
}

/// The listed host that is a host or above it, by label.
fn find<'a>(listed: &'a BTreeSet<ListedHost>, host: &str) -> Option<&'a ListedHost> {
    let mut hosts = std::iter::successors(Some(host), |host| host.split_once('.').map(|(_, above)| above));
    hosts.find_map(|host| listed.get(&ListedHost(host.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(hosts: &[&str]) -> BTreeSet<ListedHost> {
        hosts.iter().map(|host| ListedHost::parse(host).unwrap_or_else(|error| panic!("{host} {error}"))).collect()
    }

    fn check(rules: &HostRules, host: &str) -> Result<(), String> {
        let target = Target::parse(&format!("https://{host}/"), &[]).expect("a target");
        rules.check(&target).map_err(|error| error.to_string())
    }

    #[test]
    fn a_host_includes_those_below_it_by_label() {
        let host = ListedHost::parse("Example.com.").expect("a host");
        for (target, expected) in [
            ("https://example.com/", true),
            ("https://EXAMPLE.com.:8443/a", true),
            ("https://a.b.example.com/", true),
            ("https://notexample.com/", false),
            ("https://example.com.evil.example/", false),
            ("https://evil.example/?example.com", false),
            ("https://evil.example/#.example.com", false),
        ] {
            let target = Target::parse(target, &[]).expect("a target");
            assert_eq!(host.includes(&target.host()), expected, "{target}");
        }
    }

    #[test]
    fn hosts_are_listed_in_ascii() {
        for (text, expected) in [
            ("Example.COM", "example.com"),
            ("example.com.", "example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("BÜCHER。example", "xn--bcher-kva.example"),
            ("zip.", "zip"),
            ("8.8.8.8", "8.8.8.8"),
            ("[2606:4700:0::1111]", "[2606:4700::1111]"),
        ] {
            assert_eq!(ListedHost::parse(text).as_ref().map(ListedHost::as_str), Ok(expected), "{text}");
            assert!(ListedHost::is_meant_by(text), "{text}");
        }
        for text in ["https://example.com", "example.com/", "example.com:443", "me@example.com", "a?b.c", "a.b#", "::1"]
        {
            assert_eq!(ListedHost::parse(text), Err(ListedHostError::NotOnlyHost), "{text}");
        }
        assert_eq!(ListedHost::parse("*.example.com"), Err(ListedHostError::Wildcard));
        for text in ["", ".", "..", ".example.com", "a..b", "exa mple.com", " example.com", "xn--a.example"] {
            assert_eq!(ListedHost::parse(text), Err(ListedHostError::Invalid), "{text}");
        }
        assert!(!ListedHost::is_meant_by("abc_D-1"));
    }

    #[test]
    fn hosts_below_a_blocked_one_are_blocked_by_label() {
        let rules = HostRules { blocked: listed(&["evil.example", "zip.", "bücher.example"]), ..HostRules::default() };
        for host in ["evil.example", "EVIL.example.", "a.b.evil.example:8443", "x.zip", "a.xn--bcher-kva.example"] {
            assert!(check(&rules, host).is_err(), "{host}");
        }
        for host in ["notevil.example", "evil.example.com", "example.com", "zip.example.com"] {
            assert_eq!(check(&rules, host), Ok(()), "{host}");
        }
    }

    #[test]
    fn blocked_hosts_below_an_allowed_one_stay_blocked() {
        let rules = HostRules { blocked: listed(&["bad.example.com"]), allowed: listed(&["example.com", "8.8.8.8"]) };
        assert_eq!(check(&rules, "www.example.com"), Ok(()));
        assert_eq!(check(&rules, "8.8.8.8"), Ok(()));
        let blocked = "leads to bad.example.com, which the operator of this service has blocked";
        assert_eq!(check(&rules, "bad.example.com"), Err(blocked.to_owned()));
        let other = "leads to example.org; the links of this service may lead only to 8.8.8.8, example.com";
        assert_eq!(check(&rules, "example.org"), Err(other.to_owned()));
        assert!(check(&rules, "1.8.8.8").is_err());
    }
}
