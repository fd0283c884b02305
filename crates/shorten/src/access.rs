//! Who sends a request: anybody, the holder of an API key, of a grant or of a link's management token, or the subject of a
//! token that API Gateway has verified.

use http::{HeaderName, HeaderValue, header};
use shortlink_core::domain::api_key::{self, ApiKey, KeyRecord};
use shortlink_core::domain::link_limit::LinkLimit;
use shortlink_core::domain::manage_token::{self, ManageToken};
use shortlink_core::domain::owner::Owner;
use shortlink_core::domain::permissions::Permissions;
use shortlink_core::http::problem::{Problem, ProblemKind};
use shortlink_core::http::reason::Reason;
use shortlink_core::http::request::Request;

use crate::Shorten;
use crate::config::{Config, Door};
use crate::grant::Grant;
use crate::grant::token::{self, UnverifiedGrant};

/// The header in which a client may send an API key instead of `Authorization`.
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The scheme of `Authorization`.
const BEARER: &str = "Bearer";

/// Why no grant can be verified.
const NO_GRANT_KEY: &str = "This service cannot verify grants now: its operator has configured no grant key, or it cannot \
                            be read. Use other credentials, or try again later.";

/// Who sends a request.
#[derive(Clone, Debug)]
pub(crate) enum Sender {
    /// Anybody: the request contains no credentials.
    Anybody,
    /// The holder of a valid API key.
    Key(Box<KeyRecord>),
    /// The holder of a grant that is valid.
    Grant(Box<Grant>),
    /// The holder of a management token, which may not be that of the link.
    Token(ManageToken),
    /// The subject of a token that the gateway has verified.
    Subject(Box<Permissions>),
}

impl Sender {
    /// The sender of a request. The credentials are in `Authorization` (RFC 6750) or, if they are an API key or a grant, in
    /// `X-Api-Key`; never in the query, which every proxy on the way may log. Behind the door `jwt` they are the token
    /// that the gateway has verified, and nothing else.
    ///
    /// # Errors
    ///
    /// The credentials are not valid, or the table cannot be asked; or behind the door `jwt`, there are none.
    pub(crate) async fn of(shorten: &Shorten, request: &Request) -> Result<Self, Problem> {
        if shorten.config.door == Door::Jwt {
            return Self::of_verified_token(shorten, request);
        }
        let Some(text) = credentials(request)? else { return Ok(Self::Anybody) };
        if let Some(token) = ManageToken::parse(text) {
            return Ok(Self::Token(token));
        }
        if let Some(grant) = UnverifiedGrant::parse(text) {
            return verify(shorten, grant).await.map(|grant| Self::Grant(Box::new(grant)));
        }
        let Some(key) = ApiKey::parse(text) else { return Err(wrong_credentials()) };
        let now = shorten.clock.now();
        let record = shorten.keys.find(&shorten.store, &key, now).await?.filter(|record| record.is_valid(now));
        let record = record.ok_or_else(wrong_credentials)?;
        shorten.key_uses.record(&key.digest(), now);
        Ok(Self::Key(Box::new(record)))
    }

    /// The subject of the token that the gateway has verified. Without one the gateway should not have passed the request
    /// on: a route may lack the authorizer.
    fn of_verified_token(shorten: &Shorten, request: &Request) -> Result<Self, Problem> {
        let Some(token) = &request.verified_token else {
            let reason = "Sign in, and send the access token in the Authorization header, as Bearer <token>.";
            return Err(Problem::new(ProblemKind::Unauthorized, reason));
        };
        let permissions = token.permissions(&shorten.config.jwt_scope_prefix);
        permissions.map(|permissions| Self::Subject(Box::new(permissions))).map_err(|error| {
            let reason = format!("The subject of the access token {error}. Sign in with another account.");
            Problem::new(ProblemKind::Forbidden, reason)
        })
    }

    /// The name of the sender's API key, for the log.
    pub(crate) fn key_name(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(key.name.as_str()),
            Self::Anybody | Self::Grant(_) | Self::Token(_) | Self::Subject(_) => None,
        }
    }

    /// The id of the sender's grant, for the log.
    pub(crate) fn grant_id(&self) -> Option<&str> {
        self.grant().map(|grant| grant.id.as_str())
    }

    /// The sender's grant.
    pub(crate) fn grant(&self) -> Option<&Grant> {
        if let Self::Grant(grant) = self { Some(grant) } else { None }
    }

    /// How many links the sender may create; `None`: any number.
    pub(crate) fn limit(&self, config: &Config) -> Option<LinkLimit> {
        match self {
            Self::Key(key) => key.daily_limit.map(|maximum| LinkLimit::per_day(format!("key#{}", key.name), maximum)),
            Self::Grant(grant) => grant.limit(),
            Self::Subject(permissions) => config
                .subject_daily_limit
                .map(|maximum| LinkLimit::per_day(format!("subject#{}", permissions.owner), maximum)),
            Self::Anybody | Self::Token(_) => None,
        }
    }

    /// What the sender may do with the links of an owner; `None` if there is no owner, but perhaps a token.
    pub(crate) fn permissions(&self) -> Option<&Permissions> {
        match self {
            Self::Key(key) => Some(&key.permissions),
            Self::Subject(permissions) => Some(permissions),
            Self::Anybody | Self::Grant(_) | Self::Token(_) => None,
        }
    }

    /// To whom a link belongs that the sender creates.
    ///
    /// # Errors
    ///
    /// The sender may not create links.
    pub(crate) fn require_create(&self, door: Door) -> Result<Option<Owner>, Problem> {
        if let Self::Grant(grant) = self {
            return Ok(grant.owner.as_ref().map(Owner::from));
        }
        match (self.permissions(), door) {
            (Some(permissions), _) if permissions.may_create() => Ok(Some(permissions.owner.clone())),
            (Some(_), _) => Err(self.forbidden("create links")),
            (None, Door::Open) => Ok(None),
            (None, Door::Key | Door::Jwt) => {
                let reason =
                    "An API key is required to create links. Send it in the Authorization header, as Bearer <key>.";
                Err(Problem::new(ProblemKind::Unauthorized, reason))
            }
        }
    }

    /// The sender's credentials do not allow this.
    pub(crate) fn forbidden(&self, action: &str) -> Problem {
        let reason = match self {
            Self::Subject(_) => {
                format!("This access token does not allow you to {action}. Ask the operator for the scope.")
            }
            Self::Grant(_) => format!("This grant does not allow you to {action}: it allows creating links only."),
            Self::Anybody | Self::Token(_) | Self::Key(_) => {
                format!("This API key does not allow you to {action}. Use another key.")
            }
        };
        Problem::new(ProblemKind::Forbidden, reason)
    }
}

/// The grant, if a key of this service has signed it and it has not expired.
async fn verify(shorten: &Shorten, grant: UnverifiedGrant<'_>) -> Result<Grant, Problem> {
    let now = shorten.clock.now();
    let keys = match &shorten.grant_keys {
        Some(keys) => keys.keys(grant.key_id(), now).await,
        None => None,
    };
    // What is wrong with the key is in the log: once for each read, and not for each request of a stranger.
    let keys = keys.ok_or_else(|| Problem::operator_required_as_logged(NO_GRANT_KEY))?;
    let grant = grant.verify(&keys).ok_or_else(wrong_credentials)?;
    if grant.expires_at <= now {
        let reason = format!("The grant expired at {}. Ask for a new one where you got it.", grant.expires_at);
        return Err(invalid_token(reason));
    }
    Ok(grant)
}

/// The credentials that a request contains: the token of `Authorization`, or else `X-Api-Key`. Another scheme than
/// `Bearer` is for somebody else, such as a proxy in front.
fn credentials(request: &Request) -> Result<Option<&str>, Problem> {
    let mut bearer = request.headers.get_all(header::AUTHORIZATION).iter().filter(|value| is_bearer(value));
    match (bearer.next(), bearer.next()) {
        (None, _) => {}
        (Some(value), None) => {
            let token = value.to_str().ok().and_then(|value| value.get(BEARER.len()..));
            return token.map(|token| Some(token.trim())).ok_or_else(wrong_credentials);
        }
        (Some(_), Some(_)) => return Err(wrong_credentials()),
    }
    if request.headers.contains_key(X_API_KEY) {
        return request.header(X_API_KEY).map(|key| Some(key.trim())).ok_or_else(wrong_credentials);
    }
    Ok(None)
}

fn is_bearer(value: &HeaderValue) -> bool {
    let (scheme, rest) = value.as_bytes().split_at(BEARER.len().min(value.len()));
    scheme.eq_ignore_ascii_case(BEARER.as_bytes()) && rest.first().is_none_or(u8::is_ascii_whitespace)
}

/// The credentials are no API key, no grant and no management token, or not one that is valid.
fn wrong_credentials() -> Problem {
    let reason = format!(
        "The credentials are not valid. Send an API key ({}…), a grant ({}…) or the link's management token ({}…) in the \
         Authorization header, as Bearer <token>.",
        api_key::PREFIX,
        token::PREFIX,
        manage_token::PREFIX
    );
    invalid_token(reason)
}

/// The sender has credentials, and they are not accepted (RFC 6750, 3.1).
pub(crate) fn invalid_token(reason: impl Into<Reason>) -> Problem {
    Problem::new(ProblemKind::Unauthorized, reason)
        .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""))
}
