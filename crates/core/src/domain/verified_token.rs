//! Tokens whose signature, issuer, audience and expiry somebody else has verified before the request arrived.

use crate::domain::owner::{InvalidOwner, Owner};
use crate::domain::permissions::{Permissions, Scope};

/// What a verified token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedToken {
    /// Whom it is about (the claim `sub`).
    pub subject: String,
    /// The scopes (the claim `scope` or `scp`), separated by spaces, perhaps in brackets.
    pub scopes: String,
}

impl VerifiedToken {
    /// What the token allows. Its scopes begin with `scope_prefix`; others concern other services.
    ///
    /// # Errors
    ///
    /// The subject cannot be an owner.
    pub fn permissions(&self, scope_prefix: &str) -> Result<Permissions, InvalidOwner> {
        let names = self.scopes.trim_start_matches('[').trim_end_matches(']').split_ascii_whitespace();
        let scopes = names.filter_map(|name| name.strip_prefix(scope_prefix)?.parse::<Scope>().ok());
        Ok(Permissions { owner: Owner::of_subject(&self.subject)?, scopes: scopes.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(text: &str, prefix: &str) -> Vec<Scope> {
        let token = VerifiedToken { subject: "a".to_owned(), scopes: text.to_owned() };
        token.permissions(prefix).expect("an owner").scopes.into_iter().collect()
    }

    #[test]
    fn scopes_with_another_prefix_allow_nothing() {
        assert_eq!(scopes("openid shortlink/create shortlink/own", "shortlink/"), [Scope::Create, Scope::Own]);
        assert_eq!(scopes("[shortlink/read shortlink/admin]", "shortlink/"), [Scope::Read, Scope::Admin]);
        for none in ["", "admin", "other/admin", "shortlink/", "shortlink/everything", "shortlink/admin,"] {
            assert_eq!(scopes(none, "shortlink/"), [], "{none}");
        }
        assert_eq!(scopes("admin shortlink/own", ""), [Scope::Admin]);
    }
}
