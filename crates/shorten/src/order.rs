//! What a client orders: the fields of `POST /shorten`, each read and checked.

use shortlink_core::clock::Timestamp;
use shortlink_core::code::Code;
use shortlink_core::expiry::Expiry;
use shortlink_core::problem::{Kind, Problem};
use shortlink_core::target::Target;

use crate::body::{Fields, Value};

/// A link that a client orders.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// `url`: where the link leads.
    pub target: Target,
    /// `alias`: the code that it should have.
    pub alias: Option<Code>,
    /// `expires_in` or `expires_at`: how long it should live.
    pub expiry: Expiry,
    /// `reuse`: whether a link that was made for the same order will do.
    pub reuse: bool,
}

/// The fields, before they are put together.
#[derive(Default)]
struct Given {
    url: Option<Value>,
    alias: Option<Value>,
    expires_in: Option<Value>,
    expires_at: Option<Value>,
    reuse: Option<Value>,
}

impl Order {
    /// Reads an order; `own_hosts` are those that no link may lead to, since they are ours.
    ///
    /// # Errors
    ///
    /// A field is missing, unknown, there twice, of the wrong type, or holds what cannot be had.
    pub fn read(fields: Fields, own_hosts: &[&str]) -> Result<Self, Problem> {
        let given = Given::sort(fields)?;
        let url = match given.url {
            Some(Value::Text(url)) => url,
            None => {
                let problem = "is missing: give the URL that the link should lead to";
                return Err(Problem::with_field(Kind::InvalidUrl, "url", problem));
            }
            Some(_) => return Err(Problem::with_field(Kind::InvalidBody, "url", "must be a string")),
        };
        Ok(Self {
            expiry: expiry(given.expires_in, given.expires_at)?,
            alias: alias(given.alias)?,
            reuse: reuse(given.reuse)?,
            target: Target::parse(&url, own_hosts)
                .map_err(|error| Problem::with_field(Kind::InvalidUrl, "url", error))?,
        })
    }
}

impl Given {
    fn sort(fields: Fields) -> Result<Self, Problem> {
        let mut given = Self::default();
        for (name, value) in fields.0 {
            let place = match name.as_str() {
                "url" | "long_url" => &mut given.url,
                "alias" => &mut given.alias,
                "expires_in" => &mut given.expires_in,
                "expires_at" => &mut given.expires_at,
                "reuse" => &mut given.reuse,
                _ => return Err(unknown(&name)),
            };
            // A null is no value; only of a link's end it says something: that there is none.
            if value == Value::Null && name != "expires_at" {
                continue;
            }
            if place.replace(value).is_some() {
                let detail =
                    format!("There are two of the field {name:?} (or url and long_url, which are one); send one.");
                return Err(Problem::new(Kind::InvalidBody, detail));
            }
        }
        Ok(given)
    }
}

fn unknown(name: &str) -> Problem {
    let shown: String = name.chars().take(32).collect();
    let detail = format!(
        "There is no field {shown:?}; there are url, alias, expires_in, expires_at and reuse. If it is a part of the \
         URL, encode the URL (curl --data-urlencode url=…) or send it as JSON or text/plain."
    );
    Problem::new(Kind::InvalidBody, detail)
}

fn alias(value: Option<Value>) -> Result<Option<Code>, Problem> {
    match value {
        None => Ok(None),
        Some(Value::Text(text)) => {
            Code::parse_alias(&text).map(Some).map_err(|error| Problem::with_field(Kind::InvalidAlias, "alias", error))
        }
        Some(_) => Err(Problem::with_field(Kind::InvalidBody, "alias", "must be a string")),
    }
}

fn expiry(expires_in: Option<Value>, expires_at: Option<Value>) -> Result<Expiry, Problem> {
    let invalid = |field, problem: &str| Problem::with_field(Kind::InvalidExpiry, field, problem);
    match (expires_in, expires_at) {
        (None, None) => Ok(Expiry::Default),
        (None, Some(Value::Null)) => Ok(Expiry::Never),
        // A form has no null.
        (None, Some(Value::Text(text))) if text == "never" => Ok(Expiry::Never),
        (None, Some(Value::Text(text))) => Timestamp::parse(&text).map(Expiry::At).ok_or_else(|| {
            let problem = "must be an instant as RFC 3339 writes it, such as 2030-01-31T12:00:00Z (in a form, + is \
                               written %2B)";
            invalid("expires_at", problem)
        }),
        (Some(Value::Integer(seconds)), None) => Ok(Expiry::In(seconds)),
        // The page has one list for both.
        (Some(Value::Text(text)), None) if text == "never" => Ok(Expiry::Never),
        (Some(Value::Text(text)), None) if text.parse::<i64>().is_ok() => {
            Ok(Expiry::In(text.parse().unwrap_or_default()))
        }
        (Some(_), None) => Err(invalid("expires_in", "must be a whole number of seconds, such as 3600")),
        (None, Some(_)) => {
            Err(invalid("expires_at", "must be a string such as \"2030-01-31T12:00:00Z\", or null for never"))
        }
        (Some(_), Some(_)) => Err(invalid("expires_in", "and expires_at are both there; send one of them")),
    }
}

fn reuse(value: Option<Value>) -> Result<bool, Problem> {
    match value {
        None => Ok(false),
        Some(Value::Bool(reuse)) => Ok(reuse),
        // A form has only text; `on` is a browser's word for a box that is ticked.
        Some(Value::Text(text)) if matches!(text.as_str(), "true" | "1" | "on") => Ok(true),
        Some(Value::Text(text)) if matches!(text.as_str(), "false" | "0" | "off") => Ok(false),
        Some(_) => Err(Problem::with_field(Kind::InvalidBody, "reuse", "must be true or false")),
    }
}
