//! What a sender may do with links, whether by an API key or by a verified token.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::domain::owner::Owner;

/// What somebody may do with links, and with whose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// To whom the links belong that the sender creates.
    pub owner: Owner,
    /// What is allowed.
    pub scopes: BTreeSet<Scope>,
}

/// A part of what can be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// To create links, and nothing else.
    Create,
    /// To read the links of the owner.
    Read,
    /// To create links, and to read, change and withdraw those of the owner.
    Own,
    /// To create links, and to read, change and withdraw those of anybody.
    Admin,
}

/// A string that is not a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("must be create, read, own or admin")]
pub struct InvalidScope;

impl Permissions {
    /// Whether links may be created.
    pub fn may_create(&self) -> bool {
        [Scope::Create, Scope::Own, Scope::Admin].iter().any(|scope| self.scopes.contains(scope))
    }

    /// Whether any links may be read.
    pub fn may_read_links(&self) -> bool {
        self.may_read(Some(self.owner.as_str()))
    }

    /// Whether any links may be changed and withdrawn.
    pub fn may_change_links(&self) -> bool {
        self.may_change(Some(self.owner.as_str()))
    }

    /// Whether a link of `owner` may be read.
    pub fn may_read(&self, owner: Option<&str>) -> bool {
        self.may_change(owner) || (self.scopes.contains(&Scope::Read) && owner == Some(self.owner.as_str()))
    }

    /// Whether a link of `owner` may be changed and withdrawn.
    pub fn may_change(&self, owner: Option<&str>) -> bool {
        let is_owner = owner == Some(self.owner.as_str());
        self.scopes.contains(&Scope::Admin) || (self.scopes.contains(&Scope::Own) && is_owner)
    }
}

impl Scope {
    /// Every scope, with its name.
    pub const ALL: &[(Self, &str)] =
        &[(Self::Create, "create"), (Self::Read, "read"), (Self::Own, "own"), (Self::Admin, "admin")];

    /// The name, as in the table and on the command line.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(scope, _)| *scope == self).map_or("", |(_, name)| name)
    }
}

impl std::str::FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(scope, _)| *scope).ok_or(InvalidScope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_allow_what_they_say() {
        let allowed = |scopes: &[Scope]| {
            let owner = Owner::parse("web").expect("an owner");
            let permissions = Permissions { owner, scopes: scopes.iter().copied().collect() };
            let owners = [Some("web"), Some("other"), None];
            let reads = owners.map(|owner| permissions.may_read(owner));
            (permissions.may_create(), reads, owners.map(|owner| permissions.may_change(owner)))
        };
        assert_eq!(allowed(&[]), (false, [false; 3], [false; 3]));
        assert_eq!(allowed(&[Scope::Create]), (true, [false; 3], [false; 3]));
        assert_eq!(allowed(&[Scope::Read]), (false, [true, false, false], [false; 3]));
        assert_eq!(allowed(&[Scope::Own]), (true, [true, false, false], [true, false, false]));
        assert_eq!(allowed(&[Scope::Admin]), (true, [true; 3], [true; 3]));
    }
}
