//! The history of a link: who changed what, and when.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::domain::api_key::Name;
use crate::domain::clock::{DAY_SECONDS, Timestamp};
use crate::domain::labels::Labels;
use crate::domain::link::Link;
use crate::domain::owner::Owner;

/// The number of changes that are kept of each link: the latest ones.
pub const MAX_ENTRIES: u64 = 50;

/// For how long an entry is kept at least, in seconds: a year. It is kept longer if the link is.
pub const MIN_LIFETIME_SECONDS: i64 = 365 * DAY_SECONDS;

/// Who changes a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Editor {
    /// The holder of the API key with this name.
    Key(Name),
    /// The subject of a verified token, who is this owner.
    Subject(Owner),
    /// The holder of the link's management token.
    Token,
    /// The operator, with the program `shortlink`.
    Operator,
}

/// One change of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The version of the link after the change.
    pub version: u64,
    /// When the link was changed.
    pub changed_at: Timestamp,
    /// Who changed it; `None` if the entry does not say so in a form that this program knows.
    pub changed_by: Option<Editor>,
    /// The names of the fields that changed, as clients know them.
    pub fields: BTreeSet<String>,
    /// What changed, before the change.
    pub before: ChangedValues,
    /// What changed, after the change.
    pub after: ChangedValues,
}

/// The values of the fields that a change concerns. The others are `None`, and so are the labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangedValues {
    /// The target.
    pub target: Option<String>,
    /// The expiry: an instant, or `None` for never.
    pub expires_at: Option<Option<Timestamp>>,
    /// Whether the link is withdrawn.
    pub is_withdrawn: Option<bool>,
    /// Whether the link is blocked.
    pub is_blocked: Option<bool>,
    /// The owner, or `None` for nobody.
    pub owner: Option<Option<String>>,
}

/// What a change can concern.
#[derive(Clone, Copy, Debug)]
pub struct LinkState<'a> {
    /// The link.
    pub link: &'a Link,
    /// What its owner calls it.
    pub labels: &'a Labels,
    /// To whom it belongs.
    pub owner: Option<&'a str>,
}

impl HistoryEntry {
    /// The change of a link from `before` to `after`.
    pub fn new(
        before: LinkState<'_>,
        after: LinkState<'_>,
        version: u64,
        changed_at: Timestamp,
        changed_by: Editor,
    ) -> Self {
        let (old, new) = (before.link, after.link);
        let changed = [
            ("url", old.target != new.target),
            ("expires_at", old.expires_at != new.expires_at),
            ("withdrawn", old.withdrawn_at.is_some() != new.withdrawn_at.is_some()),
            ("blocked", old.blocked_at.is_some() != new.blocked_at.is_some()),
            ("title", before.labels.title != after.labels.title),
            ("tags", before.labels.tags != after.labels.tags),
            ("note", before.labels.note != after.labels.note),
            ("owner", before.owner != after.owner),
        ];
        let fields: BTreeSet<_> = changed.iter().filter(|(_, is_changed)| *is_changed).map(|(name, _)| *name).collect();
        let values = |LinkState { link, owner, .. }: LinkState<'_>| ChangedValues {
            target: fields.contains("url").then(|| link.target.to_string()),
            expires_at: fields.contains("expires_at").then_some(link.expires_at),
            is_withdrawn: fields.contains("withdrawn").then_some(link.withdrawn_at.is_some()),
            is_blocked: fields.contains("blocked").then_some(link.blocked_at.is_some()),
            owner: fields.contains("owner").then(|| owner.map(str::to_owned)),
        };
        let (before, after) = (values(before), values(after));
        let fields = fields.into_iter().map(str::to_owned).collect();
        Self { version, changed_at, changed_by: Some(changed_by), fields, before, after }
    }
}

/// As in the table: `key NAME`, `subject OWNER`, `token` or `operator`.
impl fmt::Display for Editor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(name) => write!(f, "key {name}"),
            Self::Subject(owner) => write!(f, "subject {owner}"),
            Self::Token => f.write_str("token"),
            Self::Operator => f.write_str("operator"),
        }
    }
}

impl FromStr for Editor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.split_once(' ') {
            Some(("key", name)) => name.parse().map(Self::Key).map_err(drop),
            Some(("subject", owner)) => Owner::parse(owner).map(Self::Subject).map_err(drop),
            None if text == "token" => Ok(Self::Token),
            None if text == "operator" => Ok(Self::Operator),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editors_round_trip() {
        let subject = Owner::of_subject("auth0|5f7c").expect("an owner");
        let key = Editor::Key("ci".parse().expect("a name"));
        for editor in [key, Editor::Subject(subject), Editor::Token, Editor::Operator] {
            assert_eq!(editor.to_string().parse(), Ok(editor));
        }
        for text in ["", "key", "key ", "key A", "subject ", "somebody"] {
            assert_eq!(text.parse::<Editor>(), Err(()), "{text}");
        }
    }
}
