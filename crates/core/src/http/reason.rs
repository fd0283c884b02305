//! Why a request has a problem. The API's documents say it in English, after the name of a field; pages say it in the
//! words of the person and in their language ([`texts`](crate::http::texts)).

use std::borrow::Cow;
use std::fmt;

use crate::domain::clock::Timestamp;
use crate::domain::code::CodeError;
use crate::domain::expiry::ExpiryError;
use crate::domain::host_rules::HostRuleError;
use crate::domain::target::TargetError;

/// The reason of a [`Problem`](crate::http::problem::Problem). As text, it is what an API's client gets: one or more
/// sentences, or the rest of a sentence that begins with the field's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A reason that has only the API's words.
    Text(Cow<'static, str>),
    /// The target is missing.
    NoTarget,
    /// The target.
    Target(TargetError),
    /// The host of the target.
    Host(HostRuleError),
    /// The alias.
    Alias {
        /// Why.
        error: CodeError,
        /// What was given.
        text: String,
        /// An alias that says nearly the same.
        similar: Option<String>,
    },
    /// The alias is the code of another link.
    AliasTaken {
        /// The alias.
        alias: String,
        /// Some that are free.
        free: Vec<String>,
    },
    /// The expiry.
    Expiry(ExpiryError),
    /// There is no link at this path.
    UnknownLink {
        /// The last segment of the path, if it is known.
        segment: Option<String>,
    },
    /// The link has expired.
    Expired {
        /// When.
        at: Option<Timestamp>,
        /// The current time.
        now: Timestamp,
    },
    /// The link's owner has withdrawn it.
    Withdrawn,
    /// The operator has blocked the link.
    Blocked {
        /// Where to ask why.
        contact: Option<String>,
    },
    /// The service may answer the next attempt.
    Busy,
    /// The service answers when its operator has acted.
    OperatorRequired,
    /// A defect. The request id follows.
    Internal,
}

impl From<&'static str> for Reason {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Reason {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<TargetError> for Reason {
    fn from(error: TargetError) -> Self {
        Self::Target(error)
    }
}

impl From<HostRuleError> for Reason {
    fn from(error: HostRuleError) -> Self {
        Self::Host(error)
    }
}

impl From<ExpiryError> for Reason {
    fn from(error: ExpiryError) -> Self {
        Self::Expiry(error)
    }
}

/// The words of the API.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::NoTarget => f.write_str("is missing: give the URL that the link should redirect to"),
            Self::Target(error) => error.fmt(f),
            Self::Host(error) => error.fmt(f),
            Self::Alias { error, similar: None, .. } => error.fmt(f),
            Self::Alias { error, similar: Some(similar), .. } => write!(f, "{error}; for example, {similar}"),
            Self::AliasTaken { free, .. } if free.is_empty() => f.write_str("is already taken; choose another"),
            Self::AliasTaken { free, .. } => {
                write!(f, "is already taken; choose another, such as {}", free.join(" or "))
            }
            Self::Expiry(error) => error.fmt(f),
            Self::UnknownLink { .. } => {
                f.write_str("There is no link at this address. Check it for typos: upper and lower case matter.")
            }
            Self::Expired { at, .. } => {
                f.write_str("This link expired")?;
                if let Some(instant) = at {
                    write!(f, " on {}", instant.to_human())?;
                }
                f.write_str(" and no longer works. Ask the person who sent it to you for a new one.")
            }
            Self::Withdrawn => f.write_str(
                "The person who made this link has withdrawn it. Ask the person who sent it to you for a new one.",
            ),
            Self::Blocked { contact } => {
                f.write_str("The operator of this service has blocked this link, because it was abused.")?;
                match contact {
                    Some(contact) => write!(f, " If you think that this is a mistake, contact {contact}."),
                    None => Ok(()),
                }
            }
            Self::Busy => f.write_str("The service is busy. Send the same request again in a second."),
            Self::OperatorRequired => f.write_str(
                "The service cannot answer this request until its operator has fixed a fault. Try again later.",
            ),
            Self::Internal => f.write_str(
                "This is not your mistake. Try again later; if it happens again, contact the operator and give the \
                 request id",
            ),
        }
    }
}
