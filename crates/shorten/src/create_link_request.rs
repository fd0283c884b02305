//! The request for a link: the fields of `POST /shorten`, parsed and checked.

use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::code::Code;
use shortlink_core::domain::expiry::{ExpiryPolicy, RequestedExpiry};
use shortlink_core::domain::host_rules::ListedHost;
use shortlink_core::domain::labels::{Labels, Tags};
use shortlink_core::domain::target::Target;
use shortlink_core::http::problem::{Problem, ProblemKind};
use shortlink_core::http::reason::Reason;

use crate::body::{Fields, Value};
use crate::grant::Grant;
use crate::label_fields;

/// A request for a link.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateLinkRequest {
    /// `url`: the target.
    pub target: Target,
    /// `alias`: the code that the link should have.
    pub alias: Option<Code>,
    /// `expires_in` or `expires_at`: when the link should expire.
    pub expiry: RequestedExpiry,
    /// Which of the two fields gave the expiry.
    pub expiry_field: &'static str,
    /// `reuse`: whether to return the existing link for the same request, if there is one.
    pub reuse: bool,
    /// `title`, `tags` and `note`: what its owner calls the link.
    pub labels: Labels,
}

/// The fields by name, before they are parsed.
#[derive(Default)]
struct RawFields {
    url: Option<Value>,
    alias: Option<Value>,
    expires_in: Option<Value>,
    expires_at: Option<Value>,
    reuse: Option<Value>,
    title: Option<Value>,
    tags: Option<Value>,
    note: Option<Value>,
}

impl CreateLinkRequest {
    /// Parses the fields of a body. `own_hosts` are the hosts of this service, which no link may redirect to. `query`
    /// is the request's query string, which is not read but may be where a client has put the URL.
    ///
    /// # Errors
    ///
    /// A field is missing, unknown or duplicated, or has the wrong type or an invalid value.
    pub fn parse(fields: Fields, own_hosts: &[&str], query: Option<&str>) -> Result<Self, Problem> {
        let raw = RawFields::collect(fields)?;
        let url = match raw.url {
            Some(Value::Text(url)) => url,
            None => return Err(missing_url(query)),
            Some(_) => return Err(Problem::with_field(ProblemKind::InvalidBody, "url", "must be a string")),
        };
        let labels = Labels {
            title: raw.title.as_ref().map_or(Ok(None), label_fields::parse_title)?,
            tags: raw.tags.as_ref().map_or_else(|| Ok(Tags::default()), label_fields::parse_tags)?,
            note: raw.note.as_ref().map_or(Ok(None), label_fields::parse_note)?,
        };
        let reuse = parse_reuse(raw.reuse)?;
        if reuse && !labels.is_empty() {
            // The existing link has labels of its own, or is nobody's.
            let reason = "cannot be combined with title, tags or note; change them at /links/{code}";
            return Err(Problem::with_field(ProblemKind::InvalidLabel, "reuse", reason));
        }
        let expiry_field = if raw.expires_in.is_some() { "expires_in" } else { "expires_at" };
        Ok(Self {
            expiry: parse_expiry(raw.expires_in, raw.expires_at)?,
            expiry_field,
            alias: parse_alias(raw.alias)?,
            reuse,
            labels,
            target: Target::parse(&url, own_hosts)
                .map_err(|error| Problem::with_field(ProblemKind::InvalidUrl, "url", error))?,
        })
    }

    /// Restricts the request to the bounds of a grant: the host of the target, and the lifetime. The default lifetime is
    /// shortened to the grant's, and a longer one that the client asks for is refused.
    pub(crate) fn restrict_to(&mut self, grant: &Grant, policy: &ExpiryPolicy, now: Timestamp) -> Result<(), Problem> {
        if !grant.allows(&self.target) {
            let hosts: Vec<_> = grant.hosts.iter().map(ListedHost::as_str).collect();
            let hosts = hosts.join(", ");
            let reason = format!("leads to another host than this grant allows: {hosts}, and hosts below");
            return Err(Problem::with_field(ProblemKind::Forbidden, "url", reason));
        }
        let max = grant.max_life;
        let seconds = match self.expiry {
            RequestedExpiry::Default => {
                let seconds = policy.default.map_or(max, |default| default.min(max));
                self.expiry = RequestedExpiry::In(seconds);
                Some(seconds)
            }
            RequestedExpiry::In(seconds) => Some(seconds),
            RequestedExpiry::At(instant) => Some(instant.since(now)),
            RequestedExpiry::Never => None,
        };
        if seconds.is_none_or(|seconds| seconds > max) {
            let reason =
                format!("is later than this grant allows, {max} seconds from now; omit it to get the longest lifetime");
            return Err(Problem::with_field(ProblemKind::Forbidden, self.expiry_field, reason));
        }
        Ok(())
    }
}

impl RawFields {
    /// Assigns each field to its name.
    fn collect(fields: Fields) -> Result<Self, Problem> {
        let mut raw = Self::default();
        for (name, value) in fields.0 {
            let slot = match name.as_str() {
                "url" | "long_url" => &mut raw.url,
                "alias" => &mut raw.alias,
                "expires_in" => &mut raw.expires_in,
                "expires_at" => &mut raw.expires_at,
                "reuse" => &mut raw.reuse,
                "title" => &mut raw.title,
                "tags" => &mut raw.tags,
                "note" => &mut raw.note,
                _ => return Err(unknown(&name)),
            };
            // An empty text counts as absent, since a browser sends every input of a form; an empty URL has a message
            // of its own. A null counts as absent too, except that a link whose `expires_at` is null never expires.
            let value = value.trimmed();
            let is_url = matches!(name.as_str(), "url" | "long_url");
            let is_empty = !is_url && value == Value::Text(String::new());
            if is_empty || (value == Value::Null && name != "expires_at") {
                continue;
            }
            if slot.replace(value).is_some() {
                let detail =
                    format!("The field {name:?} occurs twice (url and long_url are the same field); send it once.");
                return Err(Problem::new(ProblemKind::InvalidBody, detail));
            }
        }
        Ok(raw)
    }
}

fn missing_url(query: Option<&str>) -> Problem {
    let mut names = query.unwrap_or_default().split('&').filter_map(|pair| Some(pair.split_once('=')?.0));
    let reason = if names.any(|name| matches!(name, "url" | "long_url")) {
        "is missing: send it in the body; the query string is not read".into()
    } else {
        Reason::NoTarget
    };
    Problem::with_field(ProblemKind::InvalidUrl, "url", reason)
}

fn unknown(name: &str) -> Problem {
    let shown: String = name.chars().take(32).collect();
    let detail = format!(
        "There is no field {shown:?}; the fields are url, alias, expires_in, expires_at, reuse, title, tags and note. If \
         this is part of the URL, encode the URL (curl --data-urlencode url=…) or send it as JSON or text/plain."
    );
    Problem::new(ProblemKind::InvalidBody, detail)
}

/// How many characters of an alias an error shows.
const MAX_SHOWN_ALIAS: usize = 64;

fn parse_alias(value: Option<Value>) -> Result<Option<Code>, Problem> {
    match value {
        None => Ok(None),
        Some(Value::Text(text)) => Code::parse_alias(&text).map(Some).map_err(|error| {
            let similar = Code::similar_alias(&text).map(|alias| alias.to_string());
            let suggestions = similar.iter().cloned().collect();
            let text = text.chars().take(MAX_SHOWN_ALIAS).collect();
            Problem::with_field(ProblemKind::InvalidAlias, "alias", Reason::Alias { error, text, similar })
                .with_suggestions(suggestions)
        }),
        Some(_) => Err(Problem::with_field(ProblemKind::InvalidBody, "alias", "must be a string")),
    }
}

/// Parses the expiry from the fields `expires_in` and `expires_at`, of which one may be given.
pub(crate) fn parse_expiry(expires_in: Option<Value>, expires_at: Option<Value>) -> Result<RequestedExpiry, Problem> {
    let invalid = |field, reason: &'static str| Problem::with_field(ProblemKind::InvalidExpiry, field, reason);
    match (expires_in, expires_at) {
        (None, None) => Ok(RequestedExpiry::Default),
        (None, Some(Value::Null)) => Ok(RequestedExpiry::Never),
        // Forms have no null.
        (None, Some(Value::Text(text))) if text == "never" => Ok(RequestedExpiry::Never),
        (None, Some(Value::Text(text))) => Timestamp::parse(&text).map(RequestedExpiry::At).ok_or_else(|| {
            let reason =
                "must be a date and time in RFC 3339 format, such as 2030-01-31T12:00:00Z (in a form, write + as %2B)";
            invalid("expires_at", reason)
        }),
        (Some(Value::Integer(seconds)), None) => Ok(RequestedExpiry::In(seconds)),
        // The form has one list for both.
        (Some(Value::Text(text)), None) if text == "never" => Ok(RequestedExpiry::Never),
        (Some(Value::Text(text)), None) if text.parse::<i64>().is_ok() => {
            Ok(RequestedExpiry::In(text.parse().unwrap_or_default()))
        }
        (Some(_), None) => Err(invalid("expires_in", "must be a whole number of seconds, such as 3600")),
        (None, Some(_)) => {
            Err(invalid("expires_at", "must be a string such as \"2030-01-31T12:00:00Z\", or null for never"))
        }
        (Some(_), Some(_)) => Err(invalid("expires_in", "cannot be combined with expires_at; send only one of them")),
    }
}

fn parse_reuse(value: Option<Value>) -> Result<bool, Problem> {
    match value {
        None => Ok(false),
        Some(Value::Bool(reuse)) => Ok(reuse),
        // Forms have only text; browsers send `on` for a checkbox.
        Some(Value::Text(text)) if is_one_of(&text, &["true", "1", "on"]) => Ok(true),
        Some(Value::Text(text)) if is_one_of(&text, &["false", "0", "off"]) => Ok(false),
        Some(_) => Err(Problem::with_field(ProblemKind::InvalidBody, "reuse", "must be true or false")),
    }
}

fn is_one_of(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.eq_ignore_ascii_case(word))
}
