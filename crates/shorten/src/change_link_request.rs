//! The request to change a link: the fields of `PATCH /links/{code}`, parsed and checked.

use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::expiry::{ExpiryPolicy, RequestedExpiry};
use shortlink_core::domain::labels::LabelChange;
use shortlink_core::domain::link::LinkChange;
use shortlink_core::domain::target::Target;
use shortlink_core::http::problem::{Problem, ProblemKind};

use crate::body::{Fields, Value};
use crate::{create_link_request, label_fields};

/// A request to change a link, a JSON Merge Patch (RFC 7396). A field that is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChangeLinkRequest {
    /// `url`: the new target.
    pub target: Option<Target>,
    /// `expires_in` or `expires_at`: the new expiry, with the name of the field.
    pub expiry: Option<(RequestedExpiry, &'static str)>,
    /// `withdrawn`: whether the link is withdrawn.
    pub is_withdrawn: Option<bool>,
    /// `title`, `tags` and `note`: the new labels. A null removes one.
    pub labels: LabelChange,
}

impl ChangeLinkRequest {
    /// Parses the fields of a body. `own_hosts` are the hosts of this service, which no link may redirect to.
    ///
    /// # Errors
    ///
    /// A field is unknown or duplicated, or has the wrong type or an invalid value.
    pub fn parse(fields: Fields, own_hosts: &[&str]) -> Result<Self, Problem> {
        let mut url = None;
        let mut expires_in = None;
        let mut expires_at = None;
        let mut withdrawn = None;
        let (mut title, mut tags, mut note) = (None, None, None);
        for (name, value) in fields.0 {
            // A lifetime cannot be removed, so a null counts as absent, as in the request for a link.
            if name == "expires_in" && value == Value::Null {
                continue;
            }
            let slot = match name.as_str() {
                "url" => &mut url,
                "expires_in" => &mut expires_in,
                "expires_at" => &mut expires_at,
                "withdrawn" => &mut withdrawn,
                "title" => &mut title,
                "tags" => &mut tags,
                "note" => &mut note,
                _ => return Err(unknown(&name)),
            };
            if slot.replace(value.trimmed()).is_some() {
                let reason = format!("The field {name:?} occurs twice; send it once.");
                return Err(Problem::new(ProblemKind::InvalidBody, reason));
            }
        }
        let target = match url {
            None => None,
            Some(Value::Text(url)) => Some(
                Target::parse(&url, own_hosts)
                    .map_err(|error| Problem::with_field(ProblemKind::InvalidUrl, "url", error))?,
            ),
            Some(_) => return Err(Problem::with_field(ProblemKind::InvalidBody, "url", "must be a string")),
        };
        let is_withdrawn = match withdrawn {
            None => None,
            Some(Value::Bool(withdrawn)) => Some(withdrawn),
            Some(Value::Null) => Some(false),
            Some(_) => return Err(Problem::with_field(ProblemKind::InvalidBody, "withdrawn", "must be true or false")),
        };
        let labels = LabelChange {
            title: title.as_ref().map(label_fields::parse_title).transpose()?,
            tags: tags.as_ref().map(label_fields::parse_tags).transpose()?,
            note: note.as_ref().map(label_fields::parse_note).transpose()?,
        };
        let field = if expires_in.is_some() { "expires_in" } else { "expires_at" };
        let is_given = expires_in.is_some() || expires_at.is_some();
        let expiry = create_link_request::parse_expiry(expires_in, expires_at)?;
        Ok(Self { target, expiry: is_given.then_some((expiry, field)), is_withdrawn, labels })
    }

    /// The change that the operator's policy makes of the request, `now`.
    ///
    /// # Errors
    ///
    /// The policy does not allow the expiry.
    pub fn apply_policy(self, policy: &ExpiryPolicy, now: Timestamp) -> Result<LinkChange, Problem> {
        let expires_at = self.expiry.map(|(expiry, field)| {
            let allowed = policy.expires_at(expiry, now);
            allowed.map_err(|error| Problem::with_field(ProblemKind::InvalidExpiry, field, error))
        });
        Ok(LinkChange {
            target: self.target,
            expires_at: expires_at.transpose()?,
            is_withdrawn: self.is_withdrawn,
            is_blocked: None,
            blocked_host: None,
            labels: self.labels,
            owner: None,
        })
    }
}

fn unknown(name: &str) -> Problem {
    let shown: String = name.chars().take(32).collect();
    let reason = format!(
        "There is no field {shown:?}; the fields are url, expires_in, expires_at, withdrawn, title, tags and note."
    );
    Problem::new(ProblemKind::InvalidBody, reason)
}
