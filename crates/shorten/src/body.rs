//! The body of `POST /shorten`: JSON, a form or plain text, read into the same named fields.

use http::header;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use shortlink_core::http::problem::{Problem, ProblemKind};
use shortlink_core::http::request::Request;
use url::form_urlencoded;

/// The maximum size of a body, in bytes: eight times the longest target (a form may encode each byte in three), which leaves
/// room for the other fields.
pub const MAX_BYTES: usize = 16_384;

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
    /// Another JSON value: a fraction, an array or an object.
    Other,
}

/// The fields of a body, in order. A name may occur twice.
#[derive(Debug)]
pub struct Fields(pub Vec<(String, Value)>);

/// Reads a request's body.
///
/// # Errors
///
/// The body is too large, has an unsupported media type, or is not valid.
pub fn read(request: &Request) -> Result<Fields, Problem> {
    if request.body.len() > MAX_BYTES {
        let detail = format!("The body has {} bytes; send at most {MAX_BYTES}.", request.body.len());
        return Err(Problem::new(ProblemKind::BodyTooLarge, detail));
    }
    let body = std::str::from_utf8(&request.body)
        .map_err(|error| invalid(format!("The body is not valid UTF-8 at byte {}.", error.valid_up_to())))?;
    let body = body.trim_start_matches('\u{feff}'); // the byte order mark that some editors add
    match media_type(request)?.as_str() {
        "application/json" => json(body),
        "text/plain" => Ok(Fields(vec![("url".to_owned(), Value::Text(body.trim_ascii().to_owned()))])),
        // `curl -d '{"url": …}'` sends JSON with the media type of a form.
        "" | "application/x-www-form-urlencoded" if body.trim_ascii_start().starts_with('{') => json(body),
        "" | "application/x-www-form-urlencoded" => form(body),
        other => {
            let shown: String = other.chars().take(64).collect();
            let detail = format!(
                "The body is of type {shown:?}; send application/json, application/x-www-form-urlencoded or text/plain."
            );
            Err(Problem::new(ProblemKind::UnsupportedMediaType, detail))
        }
    }
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

/// The fields of a form. An empty field counts as absent, since a browser sends every input of a form.
///
/// A form that is not UTF-8 after decoding is an error: the parser would replace the bytes with U+FFFD, and the link would
/// redirect to another URL.
fn form(body: &str) -> Result<Fields, Problem> {
    if percent_encoding::percent_decode_str(body).decode_utf8().is_err() {
        let detail = "The form is not UTF-8 after decoding. If the URL contains such bytes, encode it once more \
                      (curl --data-urlencode url=…), or send it as JSON or text/plain.";
        return Err(invalid(detail));
    }
    let pairs = form_urlencoded::parse(body.trim_ascii().as_bytes());
    let fields = pairs.filter(|(_, value)| !value.is_empty());
    Ok(Fields(fields.map(|(name, value)| (name.into_owned(), Value::Text(value.into_owned()))).collect()))
}

fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::InvalidBody, detail)
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
            serde_json::Value::Array(_) | serde_json::Value::Object(_) => Self::Other,
        }
    }
}
