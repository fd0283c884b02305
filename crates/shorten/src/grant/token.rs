//! The text of a grant: `slg_1.KEY.CLAIMS.SIGNATURE`.
//!
//! `1` is the version, which fixes the algorithm, HMAC-SHA-256: a token cannot choose another. `KEY` is the id of the key
//! that has signed, `CLAIMS` is JSON in base64url, and `SIGNATURE` is over everything before it. Claims that this version
//! does not know are refused, since they may be bounds.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac;
use rand::Rng;
use serde::{Deserialize, Serialize};
use shortlink_core::domain::clock::Timestamp;

use crate::grant::key::{self, GrantKeys};
use crate::grant::{Grant, MAX_HOSTS, MaxLinks};

/// What every grant begins with.
pub const PREFIX: &str = "slg_";

/// The version, after the prefix.
const VERSION: &str = "1.";

/// The maximum length of a token, in bytes.
const MAX_LENGTH: usize = 4_096;

/// A token whose signature has not been verified yet.
#[derive(Clone, Copy, Debug)]
pub struct UnverifiedGrant<'a> {
    signed: &'a str,
    key_id: &'a str,
    claims: &'a str,
    signature: &'a str,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    id: String,
    /// Unix seconds.
    expires_at: i64,
    /// Seconds.
    max_life: i64,
    hosts: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    links_per_day: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    links_in_total: Option<u32>,
}

impl<'a> UnverifiedGrant<'a> {
    /// Splits a token into its parts.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.').filter(|_| text.len() <= MAX_LENGTH)?;
        let (key_id, claims) = signed.strip_prefix(PREFIX)?.strip_prefix(VERSION)?.split_once('.')?;
        Some(Self { signed, key_id, claims, signature })
    }

    /// The id of the key that has signed the token, as the token says.
    pub fn key_id(&self) -> &'a str {
        self.key_id
    }

    /// The grant, if one of the keys has signed it. It may have expired.
    pub fn verify(&self, keys: &GrantKeys) -> Option<Grant> {
        let signature = URL_SAFE_NO_PAD.decode(self.signature).ok()?;
        key::signature(keys.find(self.key_id)?, self.signed).verify_slice(&signature).ok()?;
        let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(self.claims).ok()?).ok()?;
        claims.into_grant()
    }
}

impl Claims {
    fn into_grant(self) -> Option<Grant> {
        let hosts: Vec<_> = self.hosts.iter().map(|host| host.parse()).collect::<Result<_, _>>().ok()?;
        let maximum = match (self.links_per_day, self.links_in_total) {
            (None, None) => None,
            (Some(maximum), None) => Some(MaxLinks::PerDay(maximum)),
            (None, Some(maximum)) => Some(MaxLinks::InTotal(maximum)),
            (Some(_), Some(_)) => return None,
        };
        let owner = self.owner.map(|owner| owner.parse()).transpose().ok()?;
        let is_valid = (1..=MAX_HOSTS).contains(&hosts.len()) && self.max_life > 0;
        let expires_at = Timestamp::from_unix(self.expires_at).filter(|_| is_valid)?;
        Some(Grant { id: self.id, expires_at, max_life: self.max_life, hosts, owner, maximum })
    }
}

/// The id of a new grant.
pub fn random_id(rng: &mut (impl Rng + ?Sized)) -> String {
    format!("{:016x}", rng.next_u64())
}

/// The token of a grant, signed with the current key.
///
/// # Errors
///
/// None in practice: the claims are text and numbers.
pub fn sign(grant: &Grant, keys: &GrantKeys) -> Result<String, serde_json::Error> {
    let (links_per_day, links_in_total) = match grant.maximum {
        None => (None, None),
        Some(MaxLinks::PerDay(maximum)) => (Some(maximum), None),
        Some(MaxLinks::InTotal(maximum)) => (None, Some(maximum)),
    };
    let claims = Claims {
        id: grant.id.clone(),
        expires_at: grant.expires_at.unix(),
        max_life: grant.max_life,
        hosts: grant.hosts.iter().map(|host| host.as_str().to_owned()).collect(),
        owner: grant.owner.as_ref().map(ToString::to_string),
        links_per_day,
        links_in_total,
    };
    let claims = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims)?);
    let signed = format!("{PREFIX}{VERSION}{}.{claims}", key::key_id(keys.current()));
    let signature = key::signature(keys.current(), &signed).finalize().into_bytes();
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::key::{GrantKey, PREFIX as KEY_PREFIX};

    fn keys(digit: &str) -> GrantKeys {
        GrantKeys::new(GrantKey::parse(&format!("{KEY_PREFIX}{}", digit.repeat(64))).expect("a key"))
    }

    fn grant() -> Grant {
        Grant {
            id: "0123456789abcdef".to_owned(),
            expires_at: Timestamp::from_unix(1_000).expect("in range"),
            max_life: 60,
            hosts: vec!["example.com".parse().expect("a host")],
            owner: Some("web".parse().expect("a name")),
            maximum: Some(MaxLinks::InTotal(5)),
        }
    }

    fn verify(token: &str, keys: &GrantKeys) -> Option<Grant> {
        UnverifiedGrant::parse(token)?.verify(keys)
    }

    #[test]
    fn a_grant_is_verified_as_it_was_signed() {
        let token = sign(&grant(), &keys("1")).expect("a token");
        assert_eq!(verify(&token, &keys("1")), Some(grant()));
        let replaced = keys("1").replaced_by(keys("2").current().clone());
        assert_eq!(verify(&token, &replaced), Some(grant()));
        assert_eq!(verify(&token, &keys("2")), None);
    }

    #[test]
    fn no_changed_byte_is_accepted() {
        let token = sign(&grant(), &keys("1")).expect("a token");
        for place in 0..token.len() {
            for byte in *b"A.-1" {
                let mut changed = token.clone().into_bytes();
                changed[place] = byte;
                let changed = String::from_utf8(changed).expect("ASCII");
                assert!(changed == token || verify(&changed, &keys("1")).is_none(), "{changed}");
            }
            assert_eq!(verify(&token[..place], &keys("1")), None);
        }
        assert_eq!(verify(&format!("{token}="), &keys("1")), None);
    }

    /// A signed token of a later version may have bounds that this version does not know.
    #[test]
    fn unknown_claims_and_versions_are_refused() {
        let signed_with = |head: &str, claims: &str| {
            let signed = format!("{head}{}.{}", key::key_id(keys("1").current()), URL_SAFE_NO_PAD.encode(claims));
            let signature = key::signature(keys("1").current(), &signed).finalize().into_bytes();
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
        };
        let claims = r#"{"id":"0","expires_at":1000,"max_life":60,"hosts":["example.com"]}"#;
        assert!(verify(&signed_with("slg_1.", claims), &keys("1")).is_some());
        assert_eq!(verify(&signed_with("slg_2.", claims), &keys("1")), None);
        for (old, new) in [
            ("}", r#","only_on":"monday"}"#),
            ("}", r#","links_per_day":1,"links_in_total":1}"#),
            (r#"["example.com"]"#, "[]"),
            (r#""max_life":60,"#, ""),
            ("60", "0"),
        ] {
            assert_eq!(verify(&signed_with("slg_1.", &claims.replace(old, new)), &keys("1")), None, "{new}");
        }
    }
}
