//! Problems: errors that are reported to the client, as `application/problem+json` (RFC 9457) or as a page.
//!
//! Handlers return a [`Problem`] as a value; [`Problem::render`] turns it into a response, in one place. `type` is
//! stable and for programs; `detail` is for a person and says what to do.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::dynamodb::error::StoreError;
use crate::http::brand::Brand;
use crate::http::html;
use crate::http::language::Language;
use crate::http::reason::Reason;
use crate::http::request::Request;
use crate::http::response::{self, Response};
use crate::http::routes::Endpoint;
use crate::http::security_headers;
use crate::http::texts;

/// The kind of a problem. The `type` of the document is [`TYPE_PREFIX`] and the kind's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// The body cannot be read: its encoding, its syntax, a field that is unknown or has the wrong type.
    InvalidBody,
    /// The target is missing, is no URL, or may not be redirected to.
    InvalidUrl,
    /// The alias is no code, or is reserved.
    InvalidAlias,
    /// The expiry is invalid or not allowed.
    InvalidExpiry,
    /// The title, the tags or the note are invalid.
    InvalidLabel,
    /// A query parameter is invalid.
    InvalidParameter,
    /// The `Idempotency-Key` header is invalid.
    InvalidIdempotencyKey,
    /// The request has no credentials that allow it.
    Unauthorized,
    /// The credentials do not allow this.
    Forbidden,
    /// The request goes around the CDN in front of the service.
    NotFromEdge,
    /// The operator has blocked the target's host.
    HostBlocked,
    /// The operator does not allow links to the target's host.
    HostNotAllowed,
    /// There is no link with this code.
    NotFound,
    /// The path does not accept this method.
    MethodNotAllowed,
    /// The alias is the code of another link.
    AliasTaken,
    /// The link has expired.
    Gone,
    /// The link's owner has withdrawn it.
    Withdrawn,
    /// The operator has blocked the link.
    Blocked,
    /// The link has changed since the client read it.
    PreconditionFailed,
    /// The body is too large.
    BodyTooLarge,
    /// The body has a media type that is not supported.
    UnsupportedMediaType,
    /// The idempotency key belongs to another request.
    IdempotencyKeyUsed,
    /// The sender has created as many links today as it may.
    LimitReached,
    /// All clients together have sent too many requests. Only the local server answers this; on AWS, the gateway does so
    /// with a document of its own.
    RateLimited,
    /// A defect of this service. The cause is logged.
    Internal,
    /// The table does not answer. Another attempt may succeed.
    Unavailable,
}

/// What the `type` of every problem begins with. It is a URN and not a URL, because it must not change with the host
/// and there is no document to fetch.
pub const TYPE_PREFIX: &str = "urn:shortlink:problem:";

/// The `Retry-After` of [`ProblemKind::Unavailable`], in seconds.
const RETRY_AFTER_SECONDS: u16 = 1;

/// The `Retry-After` if a person must act first, in seconds.
const OPERATOR_RETRY_AFTER_SECONDS: u16 = 60;

/// The media types that a problem can be rendered as.
const OFFERED: [&str; 3] = ["application/problem+json", "application/json", "text/html"];

impl ProblemKind {
    /// Every kind, in the order of their status.
    pub const ALL: &[Self] = &[
        Self::InvalidBody,
        Self::InvalidUrl,
        Self::InvalidAlias,
        Self::InvalidExpiry,
        Self::InvalidLabel,
        Self::InvalidParameter,
        Self::InvalidIdempotencyKey,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFromEdge,
        Self::HostBlocked,
        Self::HostNotAllowed,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::AliasTaken,
        Self::Gone,
        Self::Withdrawn,
        Self::PreconditionFailed,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::IdempotencyKeyUsed,
        Self::LimitReached,
        Self::RateLimited,
        Self::Blocked,
        Self::Internal,
        Self::Unavailable,
    ];

    /// The status, the name within `type`, and the title.
    fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::InvalidBody => (StatusCode::BAD_REQUEST, "invalid-body", "The request body cannot be read"),
            Self::InvalidUrl => (StatusCode::BAD_REQUEST, "invalid-url", "This URL cannot be shortened"),
            Self::InvalidAlias => (StatusCode::BAD_REQUEST, "invalid-alias", "This alias cannot be used"),
            Self::InvalidExpiry => (StatusCode::BAD_REQUEST, "invalid-expiry", "This expiry cannot be used"),
            Self::InvalidLabel => (StatusCode::BAD_REQUEST, "invalid-label", "This label cannot be used"),
            Self::InvalidParameter => {
                (StatusCode::BAD_REQUEST, "invalid-parameter", "This query parameter cannot be used")
            }
            Self::InvalidIdempotencyKey => {
                (StatusCode::BAD_REQUEST, "invalid-idempotency-key", "This idempotency key cannot be used")
            }
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", "Credentials are missing or wrong"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "These credentials do not allow this"),
            Self::NotFromEdge => (StatusCode::FORBIDDEN, "not-from-edge", "This address does not answer"),
            Self::HostBlocked => (StatusCode::FORBIDDEN, "host-blocked", "This host is blocked"),
            Self::HostNotAllowed => (StatusCode::FORBIDDEN, "host-not-allowed", "Links to this host are not allowed"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "Link not found"),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "This method is not allowed")
            }
            Self::AliasTaken => (StatusCode::CONFLICT, "alias-taken", "This alias is taken"),
            Self::Gone => (StatusCode::GONE, "gone", "This link has expired"),
            Self::Withdrawn => (StatusCode::GONE, "withdrawn", "This link was withdrawn"),
            Self::PreconditionFailed => {
                (StatusCode::PRECONDITION_FAILED, "precondition-failed", "This link has changed")
            }
            Self::Blocked => (StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS, "blocked", "This link was blocked"),
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The request body is too large"),
            Self::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                "This type of request body is not supported",
            ),
            Self::IdempotencyKeyUsed => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency-key-used",
                "This idempotency key was used for another request",
            ),
            Self::LimitReached => (StatusCode::TOO_MANY_REQUESTS, "limit-reached", "Too many links were created today"),
            Self::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "rate-limited", "Too many requests"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Temporarily unavailable"),
        }
    }

    fn document<'a>(self, field: Option<&'a str>, suggestions: &'a [String], detail: &'a str) -> Document<'a> {
        let (status, name, title) = self.parts();
        let r#type = format!("{TYPE_PREFIX}{name}");
        Document { r#type, title, status: status.as_u16(), detail, field, suggestions }
    }

    /// The status of the response.
    pub fn status(self) -> StatusCode {
        self.parts().0
    }

    /// The name: the end of `type`.
    pub fn name(self) -> &'static str {
        self.parts().1
    }

    /// What happened, in a few words that are always the same.
    pub fn title(self) -> &'static str {
        self.parts().2
    }
}

/// An error that is reported to the client.
#[derive(Debug)]
pub struct Problem {
    kind: ProblemKind,
    field: Option<&'static str>,
    /// In a box, because a handler returns a problem or a response, and some reasons are large.
    reason: Box<Reason>,
    /// Values of the field that would be accepted.
    suggestions: Vec<String>,
    /// What went wrong inside, for the log only.
    cause: Option<String>,
    header: Option<Box<(HeaderName, HeaderValue)>>,
    representation: Representation,
}

/// How a problem is rendered.
#[derive(Debug)]
enum Representation {
    /// As a document or as the general page, whichever the client prefers.
    Negotiated,
    /// As a document, whatever the client prefers.
    Document,
    /// As this page.
    Page(Box<Response>),
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    suggestions: &'a [String],
}

impl Problem {
    /// A problem with the request as a whole; `reason` is one or more sentences.
    pub fn new(kind: ProblemKind, reason: impl Into<Reason>) -> Self {
        Self {
            kind,
            field: None,
            reason: Box::new(reason.into()),
            suggestions: Vec::new(),
            cause: None,
            header: None,
            representation: Representation::Negotiated,
        }
    }

    /// A problem with one field; `reason` continues a sentence that begins with the field's name, and has no full stop.
    pub fn with_field(kind: ProblemKind, field: &'static str, reason: impl Into<Reason>) -> Self {
        Self { field: Some(field), ..Self::new(kind, reason) }
    }

    /// The same problem, with values of its field that would be accepted. The reason names them for people.
    pub fn with_suggestions(self, suggestions: Vec<String>) -> Self {
        Self { suggestions, ..self }
    }

    /// A defect of this service; `cause` is logged and never shown.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self { cause: Some(cause.to_string()), ..Self::new(ProblemKind::Internal, Reason::Internal) }
    }

    /// The service cannot answer now; `cause` is logged and never shown.
    pub fn unavailable(cause: impl std::fmt::Display) -> Self {
        Self { cause: Some(cause.to_string()), ..Self::new(ProblemKind::Unavailable, Reason::Busy) }
    }

    /// The service cannot answer until its operator acts; `cause` is logged and never shown.
    pub fn operator_required(cause: impl std::fmt::Display) -> Self {
        Self { cause: Some(cause.to_string()), ..Self::new(ProblemKind::Unavailable, Reason::OperatorRequired) }
            .with_header(header::RETRY_AFTER, HeaderValue::from(OPERATOR_RETRY_AFTER_SECONDS))
    }

    /// As [`operator_required`](Self::operator_required), if the cause is in the log already; `reason` is one or more
    /// sentences.
    pub fn operator_required_as_logged(reason: impl Into<Reason>) -> Self {
        Self::new(ProblemKind::Unavailable, reason)
            .with_header(header::RETRY_AFTER, HeaderValue::from(OPERATOR_RETRY_AFTER_SECONDS))
    }

    /// The same problem, whose response has this header beside those of its kind.
    pub fn with_header(self, name: HeaderName, value: HeaderValue) -> Self {
        Self { header: Some(Box::new((name, value))), ..self }
    }

    /// The kind, which determines the status, the title and the `type`.
    pub fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// The field of the request that the problem concerns.
    pub fn field(&self) -> Option<&'static str> {
        self.field
    }

    /// Values of the [field](Self::field) that would be accepted, best first.
    pub fn suggestions(&self) -> &[String] {
        &self.suggestions
    }

    /// What is wrong: after the name of the [field](Self::field) if there is one, else by itself.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// What is wrong and what to do, for a person in front of a page.
    pub fn detail_on_page(&self, language: Language, request_id: &str) -> String {
        texts::reason(language, &self.reason).unwrap_or_else(|| self.detail(request_id))
    }

    /// What is wrong and what to do, as one or more sentences.
    pub fn detail(&self, request_id: &str) -> String {
        match self.field {
            Some(field) => format!("{field} {}.", self.reason),
            None if self.kind == ProblemKind::Internal => format!("{} {request_id}.", self.reason),
            None => self.reason.to_string(),
        }
    }

    /// The same problem, rendered as a document whatever the client prefers.
    pub fn as_document(self) -> Self {
        Self { representation: Representation::Document, ..self }
    }

    /// The same problem, rendered as `page`, because the client asked for one that is not the general page. The page's
    /// status and the headers of the problem are set when it is rendered.
    pub fn as_page(self, page: Response) -> Self {
        Self { representation: Representation::Page(Box::new(page)), ..self }
    }

    /// Logs the cause, if there is one.
    pub fn log(&self, request_id: &str) {
        if let Some(cause) = &self.cause {
            tracing::error!(request_id, status = self.kind.status().as_u16(), error = cause, "a request failed");
        }
    }

    /// Renders the problem for the client that sent `request`.
    pub fn render(mut self, request: &Request, brand: &Brand) -> Response {
        let representation = std::mem::replace(&mut self.representation, Representation::Document);
        let mut response = match representation {
            Representation::Page(page) => *page,
            Representation::Negotiated if request.negotiate(&OFFERED) == Some("text/html") => {
                // These paths have more than one segment, so a relative URL would not lead home.
                let is_below = matches!(
                    request.endpoint,
                    Endpoint::Fallback
                        | Endpoint::ShowLink
                        | Endpoint::DeclareLink
                        | Endpoint::ShowHistory
                        | Endpoint::ChangeLink
                        | Endpoint::WithdrawLink
                );
                let home = if is_below { request.base_url.join("") } else { html::HERE.to_owned() };
                let language = Language::of(request);
                let detail = self.detail_on_page(language, &request.request_id);
                html::problem_page(self.kind, &detail, &home, brand, language)
            }
            Representation::Negotiated | Representation::Document => {
                document(self.kind, self.field, &self.suggestions, &self.detail(&request.request_id))
            }
        };
        *response.status_mut() = self.kind.status();
        response.headers_mut().extend(headers(self.kind));
        response::add_vary(&mut response, "accept");
        if let Some((name, value)) = self.header.map(|header| *header) {
            response.headers_mut().insert(name, value);
        }
        response
    }

    /// The document as a JSON value, as a part of a response about several things.
    pub fn to_json(&self, request_id: &str) -> serde_json::Value {
        let detail = self.detail(request_id);
        // Serialisation cannot fail: the document consists of strings and a number.
        serde_json::to_value(self.kind.document(self.field, &self.suggestions, &detail)).unwrap_or_default()
    }

    /// Renders the problem as a document, for a transport that could not build a [`Request`]. `is_https` tells whether
    /// clients use https.
    pub fn render_without_request(self, is_https: bool) -> Response {
        let mut response = document(self.kind, self.field, &self.suggestions, &self.detail(""));
        security_headers::add(response.headers_mut(), is_https);
        response
    }
}

fn document(kind: ProblemKind, field: Option<&str>, suggestions: &[String], detail: &str) -> Response {
    let mut response = response::json(kind.status(), &kind.document(field, suggestions, detail));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

/// The headers of a problem, however it is rendered.
fn headers(kind: ProblemKind) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if kind == ProblemKind::Unavailable {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
    }
    if kind == ProblemKind::Unauthorized {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    headers
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::unavailable(error),
            StoreError::Storage(_) | StoreError::NoIndex(_) => Self::operator_required(error),
            StoreError::Rejected(_) | StoreError::Malformed { .. } => Self::internal(error),
        }
    }
}
