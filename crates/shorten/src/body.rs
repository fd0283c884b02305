//! The body of `POST /shorten`: JSON, a form, a multipart form or plain text, read into the same named fields.

use http::{HeaderValue, header};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use shortlink_core::domain::invisible;
use shortlink_core::http::problem::{Problem, ProblemKind};
use shortlink_core::http::reason::Reason;
use shortlink_core::http::request::Request;
use url::form_urlencoded;

use crate::multipart;

/// The maximum size of a body, in bytes: 24,000 for the longest target in a form, which may encode each byte as three,
/// and 8,768 for the other fields.
pub const MAX_BYTES: usize = 32_768;

/// The value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// JSON `null`.
    Null,
    /// JSON `true` or `false`.
    Bool(bool),
    /// A JSON number that is whole.
    Integer(i64),
    /// A JSON string, or any value of a form.
    Text(String),
    /// A JSON array of strings.
    Texts(Vec<String>),
    /// Another JSON value: a fraction, another array or an object.
    Other,
}

/// The fields of a body, in order. A name may occur twice.
#[derive(Debug)]
pub struct Fields(pub Vec<(String, Value)>);

/// The names of the fields.
const FIELD_NAMES: &[&str] =
    &["url", "long_url", "alias", "expires_in", "expires_at", "reuse", "title", "tags", "note"];

/// The media type of a form, and of what `curl -d` sends.
const FORM: &str = "application/x-www-form-urlencoded";

/// Reads a request's body.
///
/// # Errors
///
/// The body is too large or compressed, has an unsupported media type, or is not valid.
pub async fn read(request: &Request) -> Result<Fields, Problem> {
    require_size(request, MAX_BYTES)?;
    require_identity_encoding(request)?;
    let media_type = media_type(request)?;
    if media_type == "multipart/form-data" {
        return multipart::read(request).await;
    }
    let body = text(request)?;
    match media_type.as_str() {
        "application/json" => json(body),
        // `curl -d '{"url": …}'` sends JSON with the media type of a form, and a browser's `fetch` with that of text.
        "" | FORM | "text/plain" if body.trim_ascii_start().starts_with('{') => json(body),
        "text/plain" => Ok(url_alone(body)),
        "" | FORM if is_url_alone(body) => match field_after_url(body) {
            None => Ok(url_alone(body)),
            Some(name) => {
                let reason = format!(
                    "must have its name, as the field {name:?} follows; use curl --data-urlencode url=…, or send JSON, or \
                     text/plain if all of it is the URL"
                );
                Err(Problem::with_field(ProblemKind::InvalidUrl, "url", reason))
            }
        },
        "" | FORM => form(body),
        other => {
            let shown: String = other.chars().take(64).collect();
            let reason = format!(
                "The body is of type {shown:?}; send application/json, {FORM}, multipart/form-data or text/plain."
            );
            Err(Problem::new(ProblemKind::UnsupportedMediaType, reason))
        }
    }
}

/// Reads a request's body, which must be JSON.
///
/// # Errors
///
/// The body is too large or compressed, has an unsupported media type, or is not a JSON object.
pub fn read_json(request: &Request) -> Result<Fields, Problem> {
    json(read_json_text(request, MAX_BYTES)?)
}

/// Reads a request's body, which must be JSON of at most `max_bytes`. It has not been parsed yet.
///
/// # Errors
///
/// The body is too large or compressed, or has an unsupported media type.
pub(crate) fn read_json_text(request: &Request, max_bytes: usize) -> Result<&str, Problem> {
    require_size(request, max_bytes)?;
    require_identity_encoding(request)?;
    let media_type = media_type(request)?;
    if !matches!(media_type.as_str(), "" | "application/json" | "application/merge-patch+json" | FORM) {
        let reason = "The body must be JSON; send it as application/json.";
        return Err(Problem::new(ProblemKind::UnsupportedMediaType, reason));
    }
    text(request)
}

/// Whether a program sent the body: JSON or text, and not a form.
pub fn is_from_program(request: &Request) -> bool {
    let is_data = |media_type: &str| matches!(media_type, "application/json" | "text/plain");
    let body = request.body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&request.body);
    body.trim_ascii_start().starts_with(b"{") || media_type(request).is_ok_and(|name| is_data(&name))
}

fn require_size(request: &Request, max_bytes: usize) -> Result<(), Problem> {
    if request.body.len() <= max_bytes {
        return Ok(());
    }
    // A transport may have kept only the first bytes.
    let reason = format!("The body has more than {max_bytes} bytes; send fewer.");
    Err(Problem::new(ProblemKind::BodyTooLarge, reason))
}

/// The body as text, without the byte order mark that some editors add.
fn text(request: &Request) -> Result<&str, Problem> {
    let body = std::str::from_utf8(&request.body)
        .map_err(|error| invalid(format!("The body is not valid UTF-8 at byte {}.", error.valid_up_to())))?;
    Ok(body.trim_start_matches('\u{feff}'))
}

fn require_identity_encoding(request: &Request) -> Result<(), Problem> {
    let mut encodings = request.headers.get_all(header::CONTENT_ENCODING).iter();
    if encodings.all(|encoding| encoding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity")) {
        return Ok(());
    }
    let reason = "The body is compressed; send it without Content-Encoding.";
    Err(Problem::new(ProblemKind::UnsupportedMediaType, reason)
        .with_header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity")))
}

/// A body that is a URL and nothing else, as in `curl -d https://example.com/`.
fn is_url_alone(body: &str) -> bool {
    let body = invisible::trim(body).as_bytes();
    [&b"http://"[..], b"https://"]
        .iter()
        .any(|scheme| body.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme)))
}

/// The name of a field that follows a URL without a name, as in `curl -d https://example.com/ -d alias=sale`.
fn field_after_url(body: &str) -> Option<&str> {
    let mut names = body.split('&').skip(1).filter_map(|pair| Some(pair.split_once('=')?.0));
    names.find(|name| FIELD_NAMES.contains(name))
}

fn url_alone(body: &str) -> Fields {
    Fields(vec![("url".to_owned(), Value::Text(body.to_owned()))])
}

/// The media type without parameters, in lower case; empty if the request has none. A `charset` is ignored: bodies are
/// UTF-8.
fn media_type(request: &Request) -> Result<String, Problem> {
    if !request.headers.contains_key(header::CONTENT_TYPE) {
        return Ok(String::new());
    }
    let text = request.header(header::CONTENT_TYPE).ok_or_else(|| {
        let detail = "Content-Type occurs twice or is not ASCII; send it once, such as application/json.";
        Problem::new(ProblemKind::UnsupportedMediaType, detail)
    })?;
    Ok(text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

fn json(body: &str) -> Result<Fields, Problem> {
    if !body.trim_ascii_start().starts_with('{') {
        return Err(invalid("The body is not a JSON object; send one such as {\"url\": \"https://example.com/\"}."));
    }
    serde_json::from_str(body).map_err(|error| {
        // The parser's own message may quote the body.
        invalid(format!("The body is not valid JSON at line {}, column {}.", error.line(), error.column()))
    })
}

/// The fields of a form.
///
/// A form that is not UTF-8 after decoding is an error: the parser would replace the bytes with U+FFFD, and the link
/// would redirect to another URL.
fn form(body: &str) -> Result<Fields, Problem> {
    if percent_encoding::percent_decode_str(body).decode_utf8().is_err() {
        let reason = "The form is not UTF-8 after decoding. If the URL itself contains percent-encoded bytes, encode \
                      it as a form field (curl --data-urlencode url=…), or send it as JSON or text/plain.";
        return Err(invalid(reason));
    }
    let body = body.trim_ascii();
    if let Some(field) = unencoded_url(body) {
        let reason = "contains % or + but is not encoded, so decoding the form would change it; use \
                      curl --data-urlencode url=…, or send JSON or text/plain";
        return Err(Problem::with_field(ProblemKind::InvalidUrl, field, reason));
    }
    let pairs = form_urlencoded::parse(body.as_bytes());
    Ok(Fields(pairs.map(|(name, value)| (name.into_owned(), Value::Text(value.into_owned()))).collect()))
}

/// The field of a form whose URL was sent as it is and would be changed by decoding: a client that encodes a form
/// writes `://` as `%3A%2F%2F`.
fn unencoded_url(form: &str) -> Option<&'static str> {
    form.split('&').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let name = ["url", "long_url"].into_iter().find(|field| *field == name)?;
        (value.contains("://") && value.contains(['%', '+'])).then_some(name)
    })
}

/// A problem with the body as a whole.
pub(crate) fn invalid(reason: impl Into<Reason>) -> Problem {
    Problem::new(ProblemKind::InvalidBody, reason)
}

impl Value {
    /// The value without invisible characters at the ends of a text.
    pub fn trimmed(self) -> Self {
        match self {
            Self::Text(text) => Self::Text(invisible::trim(&text).to_owned()),
            other => other,
        }
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// Keeps every entry. `serde_json::Map` would silently keep only the last one of a name.
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Fields;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, serde_json::Value>()? {
                    fields.push((name, value.into()));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// A whole number with a decimal point or an exponent, as some clients write every number.
#[expect(clippy::cast_possible_truncation, reason = "below 2^53 a whole f64 is an i64")]
fn whole(number: &serde_json::Number) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < EXACT).map(|float| float as i64)
}

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(number) => {
                number.as_i64().or_else(|| whole(&number)).map_or(Self::Other, Self::Integer)
            }
            serde_json::Value::String(text) => Self::Text(text),
            serde_json::Value::Array(values) => {
                let texts = values.into_iter().map(|value| match value {
                    serde_json::Value::String(text) => Some(text),
                    _ => None,
                });
                texts.collect::<Option<Vec<_>>>().map_or(Self::Other, Self::Texts)
            }
            serde_json::Value::Object(_) => Self::Other,
        }
    }
}
