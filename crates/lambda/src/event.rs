//! An event of an API Gateway HTTP API (payload format 2.0): what we read of it, and what it is answered.
//!
//! Of the event's forty fields ten are read. The types of `aws_lambda_events`, which `lambda_http` has, read them all,
//! into maps and strings that nobody looks at.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use shortlink_core::problem::{Kind, Problem};
use shortlink_core::reply::Reply;
use shortlink_core::request::{BaseUrl, Request};
use shortlink_core::route::Route;

/// An event.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event<'a> {
    #[serde(borrow, default)]
    route_key: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "headers")]
    headers: HeaderMap,
    // What is not there in other kinds of events.
    #[serde(borrow)]
    request_context: Context<'a>,
    #[serde(default)]
    raw_query_string: Option<String>,
    #[serde(default)]
    path_parameters: Option<Parameters>,
    #[serde(borrow, default)]
    body: Option<Cow<'a, str>>,
    #[serde(default)]
    is_base64_encoded: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    #[serde(borrow, default)]
    domain_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    stage: Option<Cow<'a, str>>,
    #[serde(default)]
    request_id: Option<String>,
    #[serde(borrow)]
    http: Http<'a>,
}

#[derive(Debug, Deserialize)]
struct Http<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
}

#[derive(Debug, Deserialize)]
struct Parameters {
    #[serde(default)]
    code: Option<String>,
}

impl Event<'_> {
    /// Whether the client wants no body.
    pub fn is_head(&self) -> bool {
        self.request_context.http.method == "HEAD"
    }

    /// The request of this event.
    ///
    /// # Errors
    ///
    /// The reply, if no route matches it, or if its body is not the base64 that it says it is.
    pub fn into_request(self) -> Result<Request, Box<Reply>> {
        let route = self.route_key.as_deref().and_then(Route::from_key).ok_or_else(|| {
            let detail = "No route of this API matches the request.";
            Box::new(Problem::new(Kind::NotFound, detail).reply())
        })?;
        let head = self.is_head();
        let body = self.body.unwrap_or_default();
        let body = if self.is_base64_encoded.unwrap_or_default() {
            let decoded = base64::engine::general_purpose::STANDARD.decode(body.as_bytes());
            decoded.map_err(|_| {
                let detail = "The event says that its body is base64, and it is not.";
                Box::new(Problem::new(Kind::InvalidBody, detail).reply())
            })?
        } else {
            body.into_owned().into_bytes()
        };
        let context = self.request_context;
        // The gateway's own word for the host, not the client's.
        let base_url = context.domain_name.and_then(|domain| {
            let stage = context.stage.filter(|stage| stage != "$default").unwrap_or_default();
            BaseUrl::parse(&format!("https://{domain}/{stage}"))
        });
        Ok(Request {
            route,
            head,
            query: self.raw_query_string,
            code: self.path_parameters.and_then(|parameters| parameters.code),
            headers: self.headers,
            body: Bytes::from(body),
            base_url: base_url.unwrap_or_default(),
            id: context.request_id.unwrap_or_default(),
        })
    }
}

/// Headers, of which each must be one: what cannot be a header is nothing that a gateway has let through.
fn headers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HeaderMap, D::Error> {
    struct Headers;

    impl<'de> Visitor<'de> for Headers {
        type Value = HeaderMap;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("headers by name")
        }

        fn visit_unit<E: Error>(self) -> Result<HeaderMap, E> {
            Ok(HeaderMap::new())
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<HeaderMap, A::Error> {
            let mut headers = HeaderMap::with_capacity(map.size_hint().unwrap_or(16));
            while let Some((name, value)) = map.next_entry::<Text<'_>, Text<'_>>()? {
                let name = HeaderName::from_bytes(name.0.as_bytes()).map_err(A::Error::custom)?;
                let value = HeaderValue::from_str(&value.0).map_err(A::Error::custom)?;
                headers.append(name, value);
            }
            Ok(headers)
        }
    }

    deserializer.deserialize_any(Headers)
}

/// Text that is borrowed where JSON has no escapes in it, which serde does not do for a bare `Cow`.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The answer to an event.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// The status.
    pub status_code: u16,
    /// The headers.
    #[serde(serialize_with = "by_name")]
    pub headers: HeaderMap,
    /// The body: text, or base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Whether the body is base64.
    pub is_base64_encoded: bool,
}

impl Response {
    /// A reply as API Gateway takes it: text as it is, other bodies in base64, and none after HEAD.
    pub fn new(reply: Reply, is_head: bool) -> Self {
        let (parts, body) = reply.into_parts();
        let (body, is_base64_encoded) = if body.is_empty() || is_head {
            (None, false)
        } else {
            match String::from_utf8(body.into()) {
                Ok(text) => (Some(text), false),
                Err(error) => (Some(base64::engine::general_purpose::STANDARD.encode(error.as_bytes())), true),
            }
        };
        Self { status_code: parts.status.as_u16(), headers: parts.headers, body, is_base64_encoded }
    }
}

/// Headers as an object; a name with several values has them joined, as HTTP has it.
fn by_name<S: Serializer>(headers: &HeaderMap, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(headers.keys_len()))?;
    for name in headers.keys() {
        let mut values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        let first = values.next().unwrap_or_default();
        let joined = values.fold(first, |all, value| Cow::Owned(format!("{all}, {value}")));
        map.serialize_entry(name.as_str(), &joined)?;
    }
    map.end()
}
