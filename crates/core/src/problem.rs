//! What went wrong, told to the client as `application/problem+json` (RFC 9457).
//!
//! `type` is stable and for programs; `detail` is for the person, and says what to do.

use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::reply::{self, Reply};

/// What kind of thing went wrong. The `type` of a problem is [`TYPE_PREFIX`] and the kind's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The body cannot be read: its encoding, its syntax, a field that is unknown or has the wrong type.
    InvalidBody,
    /// The target is missing, no URL, or leads where links may not.
    InvalidUrl,
    /// The alias is not one, or reserved.
    InvalidAlias,
    /// The life asked for is not one, or not allowed.
    InvalidExpiry,
    /// A query parameter is not what it must be.
    InvalidParameter,
    /// No link of that code.
    NotFound,
    /// The alias is another link's.
    AliasTaken,
    /// The link was there and is no more.
    Gone,
    /// The body is too large.
    BodyTooLarge,
    /// The body is of a type that is not read here.
    UnsupportedMediaType,
    /// A defect of ours; logged.
    Internal,
    /// The table does not answer; worth another try.
    Unavailable,
}

/// What the `type` of every problem begins with. A URN and not an address: it must not change with the
/// host, and there is nothing to fetch.
pub const TYPE_PREFIX: &str = "urn:shortlink:problem:";

/// After how many seconds a client may try again what was [`Kind::Unavailable`].
const RETRY_AFTER_SECONDS: u16 = 1;

impl Kind {
    /// Every kind, in the order of their status.
    pub const ALL: &[Self] = &[
        Self::InvalidBody,
        Self::InvalidUrl,
        Self::InvalidAlias,
        Self::InvalidExpiry,
        Self::InvalidParameter,
        Self::NotFound,
        Self::AliasTaken,
        Self::Gone,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::Internal,
        Self::Unavailable,
    ];

    /// Its status, its name within `type`, and its title.
    fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::InvalidBody => (StatusCode::BAD_REQUEST, "invalid-body", "The request's body cannot be read"),
            Self::InvalidUrl => (StatusCode::BAD_REQUEST, "invalid-url", "No link can lead to this URL"),
            Self::InvalidAlias => (StatusCode::BAD_REQUEST, "invalid-alias", "This alias cannot be used"),
            Self::InvalidExpiry => (StatusCode::BAD_REQUEST, "invalid-expiry", "A link cannot live that long"),
            Self::InvalidParameter => {
                (StatusCode::BAD_REQUEST, "invalid-parameter", "This query parameter cannot be used")
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "No such link"),
            Self::AliasTaken => (StatusCode::CONFLICT, "alias-taken", "This alias is taken"),
            Self::Gone => (StatusCode::GONE, "gone", "This link has expired"),
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The request's body is too large"),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "This type of body is not read here")
            }
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something is broken here"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Try again in a moment"),
        }
    }

    /// The status of the reply.
    pub fn status(self) -> StatusCode {
        self.parts().0
    }

    /// Its name: the end of `type`.
    pub fn name(self) -> &'static str {
        self.parts().1
    }

    /// What happened, in a few words that are the same each time.
    pub fn title(self) -> &'static str {
        self.parts().2
    }
}

/// Something that went wrong, for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind of thing.
    pub kind: Kind,
    /// What was wrong this time, and what to do: a sentence.
    pub detail: String,
    /// The field of the request that it concerns.
    pub field: Option<&'static str>,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

impl Problem {
    /// A problem with the request as a whole.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), field: None }
    }

    /// A problem with one field; `problem` continues a sentence that begins with the field's name.
    pub fn with_field(kind: Kind, field: &'static str, problem: impl std::fmt::Display) -> Self {
        Self { kind, detail: format!("{field} {problem}."), field: Some(field) }
    }

    /// A defect of ours: what it was stands in the log under the request's id.
    pub fn internal(request_id: &str) -> Self {
        Self::new(
            Kind::Internal,
            format!(
                "This is not your mistake. Try again later; if it stays, tell the operator the request id {request_id}."
            ),
        )
    }

    /// The table does not answer.
    pub fn unavailable() -> Self {
        Self::new(Kind::Unavailable, "The service is busy. Send the same request again in a second.")
    }

    /// The reply that says so.
    pub fn reply(&self) -> Reply {
        let (status, name, title) = self.kind.parts();
        let body = Body {
            r#type: format!("{TYPE_PREFIX}{name}"),
            title,
            status: status.as_u16(),
            detail: &self.detail,
            field: self.field,
        };
        let mut reply = reply::json(status, &body);
        reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        self.set_retry_after(&mut reply);
        reply
    }

    /// Says when to try again, where that helps.
    pub fn set_retry_after(&self, reply: &mut Reply) {
        if self.kind == Kind::Unavailable {
            reply.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        }
    }
}
