//! The operator's settings of the write side.

use shortlink_core::config::{ConfigError, Environment};
use shortlink_core::domain::base_url::BaseUrl;
use shortlink_core::domain::clock::DAY_SECONDS;
use shortlink_core::domain::code;
use shortlink_core::domain::creator::CreatorPolicy;
use shortlink_core::domain::expiry::ExpiryPolicy;
use shortlink_core::http::brand::Brand;
use shortlink_core::http::cors::AllowedOrigins;
use shortlink_core::visits::edge_key::EdgeKey;
use url::Url;

/// The longest lifetime that can be configured, in seconds: a thousand years, so that every year has four digits.
const MAX_LIFETIME: i64 = 365_250 * DAY_SECONDS;

/// Who may create links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Anybody.
    Open,
    /// Whoever has an API key that allows it.
    Key,
    /// Whoever has a token that allows it, and that API Gateway has verified.
    Jwt,
}

/// Where the page signs people in: a public client of an identity provider, for the authorization code flow with PKCE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// The authorization endpoint, perhaps with a query.
    pub authorize_url: Url,
    /// The token endpoint.
    pub token_url: Url,
    /// The id of the client.
    pub client: String,
}

/// The settings of `shorten`.
#[derive(Clone, Debug)]
pub struct Config {
    /// `BASE_URL`: what short URLs begin with; see [`Environment::base_url`].
    pub base_url: Option<BaseUrl>,
    /// `BRAND_NAME`, `BRAND_COLOUR` and `BRAND_URL`: see [`Brand`].
    pub brand: Brand,
    /// `CODE_LENGTH`: the length of a generated code in characters, 3 to 32, 7 by default: 36^7 = 7.8 × 10^10 codes.
    pub code_length: usize,
    /// `DOOR`: who may create links: `open`, anybody (the default); `key`, whoever has an API key;
    /// `jwt`, whoever has a token that API Gateway has verified.
    pub door: Door,
    /// `GRANT_KEY_PARAMETER`: the name of the parameter of Parameter Store, a `SecureString`, that contains the key of
    /// grants. If unset, grants are refused.
    pub grant_key_parameter: Option<String>,
    /// `SUBJECT_DAILY_LIMIT`: how many links the subject of a token may create on a day, in UTC, 1 to 1,000,000; 0, the
    /// default: any number.
    pub subject_daily_limit: Option<u32>,
    /// `JWT_SCOPE_PREFIX`: what the scopes of tokens begin with, before `create`, `read`, `own` or `admin`; nothing by
    /// default.
    pub jwt_scope_prefix: String,
    /// Where the page signs people in, from these variables: `SIGN_IN_AUTHORIZE_URL` and `SIGN_IN_TOKEN_URL`, the
    /// endpoints, and `SIGN_IN_CLIENT`, the id of the client. All are set, or none: then the page signs nobody in.
    pub sign_in: Option<SignIn>,
    /// `PREVIEW`: `off` if links have no preview, so that no page leads to one; `full` or `target` (the default) if they
    /// have.
    pub has_preview: bool,
    /// `HOME_URL`: where `/` redirects, instead of the page that creates links.
    pub home_url: Option<String>,
    /// `ALLOWED_ORIGINS`: see [`AllowedOrigins::read`].
    pub allowed_origins: AllowedOrigins,
    /// `CREATOR`: what is kept of the client that creates a link, for the link's owner and the operator: `off`, nothing;
    /// `anonymised` (the default), its User-Agent, its trace id and the network of its address; `full`, the same with the
    /// whole address.
    pub creator: CreatorPolicy,
    /// `EDGE_KEY`: see [`EdgeKey::read`]. If it is set, only requests that contain it are answered, and the client's address
    /// that the CDN reports is used.
    pub edge_key: Option<EdgeKey>,
    /// `EDGE_CACHE_SECONDS`: how long a CDN may answer with a redirect from its own cache; see
    /// [`Environment::edge_cache_seconds`].
    pub edge_cache_seconds: i64,
    /// The expiry of links, from these variables, in seconds:
    ///
    /// | variable | default | meaning |
    /// | --- | --- | --- |
    /// | `EXPIRES_IN_DEFAULT` | 7776000 (90 days) | the lifetime of a link whose creator gives none; `never`: it does not expire |
    /// | `EXPIRES_IN_MIN` | 60 | the shortest lifetime |
    /// | `EXPIRES_IN_MAX` | 315360000 (10 years) | the longest lifetime |
    /// | `ALLOW_NEVER` | false | `true` (or `1`, `yes`, `on`): clients may ask for links that never expire |
    /// | `PURGE_AFTER` | 2592000 (30 days) | how long an expired link with a generated code responds with 410 before it is deleted; `never`: for good, as one with an alias |
    pub expiry: ExpiryPolicy,
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    ///
    /// The first variable whose value is invalid, by itself or together with the others.
    pub fn read(environment: &Environment<'_>) -> Result<Self, ConfigError> {
        let code_length = environment.integer("CODE_LENGTH", 7, code::MIN_LENGTH as i64..=32)?;
        let code_length = usize::try_from(code_length).unwrap_or(code::MIN_LENGTH);
        let door =
            environment.choice("DOOR", Door::Open, &[("open", Door::Open), ("key", Door::Key), ("jwt", Door::Jwt)])?;
        let policies =
            [("off", CreatorPolicy::Off), ("anonymised", CreatorPolicy::Anonymised), ("full", CreatorPolicy::Full)];
        Ok(Self {
            base_url: environment.base_url()?,
            brand: Brand::read(environment)?,
            code_length,
            door,
            grant_key_parameter: environment.text("GRANT_KEY_PARAMETER"),
            subject_daily_limit: read_subject_daily_limit(environment)?,
            jwt_scope_prefix: environment.text("JWT_SCOPE_PREFIX").unwrap_or_default(),
            sign_in: read_sign_in(environment)?,
            has_preview: environment.choice("PREVIEW", true, &[("full", true), ("target", true), ("off", false)])?,
            home_url: environment.web_url("HOME_URL")?,
            allowed_origins: AllowedOrigins::read(environment)?,
            creator: environment.choice("CREATOR", CreatorPolicy::default(), &policies)?,
            edge_key: EdgeKey::read(environment)?,
            edge_cache_seconds: environment.edge_cache_seconds()?,
            expiry: read_expiry(environment)?,
        })
    }
}

fn read_subject_daily_limit(environment: &Environment<'_>) -> Result<Option<u32>, ConfigError> {
    let limit = environment.integer("SUBJECT_DAILY_LIMIT", 0, 0..=1_000_000)?;
    Ok(u32::try_from(limit).ok().filter(|limit| *limit > 0))
}

fn read_sign_in(environment: &Environment<'_>) -> Result<Option<SignIn>, ConfigError> {
    let authorize_url = read_endpoint(environment, "SIGN_IN_AUTHORIZE_URL")?;
    let token_url = read_endpoint(environment, "SIGN_IN_TOKEN_URL")?;
    match (authorize_url, token_url, environment.text("SIGN_IN_CLIENT")) {
        (None, None, None) => Ok(None),
        (Some(authorize_url), Some(token_url), Some(client)) => Ok(Some(SignIn { authorize_url, token_url, client })),
        _ => {
            let reason = "requires SIGN_IN_AUTHORIZE_URL and SIGN_IN_TOKEN_URL, and they require it";
            Err(ConfigError::new("SIGN_IN_CLIENT", reason))
        }
    }
}

/// An endpoint of an identity provider. A test or an emulator may have one without TLS.
fn read_endpoint(environment: &Environment<'_>, variable: &'static str) -> Result<Option<Url>, ConfigError> {
    let Some(text) = environment.text(variable) else { return Ok(None) };
    let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "https" | "http"));
    let invalid = || ConfigError::new(variable, format!("must be an https URL; it is {text:?}"));
    url.map(Some).ok_or_else(invalid)
}

fn read_expiry(environment: &Environment<'_>) -> Result<ExpiryPolicy, ConfigError> {
    let min = environment.seconds("EXPIRES_IN_MIN", 60, 1..=MAX_LIFETIME)?;
    let max = environment.seconds("EXPIRES_IN_MAX", 3_650 * DAY_SECONDS, 1..=MAX_LIFETIME)?;
    if min > max {
        return Err(ConfigError::new("EXPIRES_IN_MIN", format!("is {min}, more than EXPIRES_IN_MAX, which is {max}")));
    }
    let allow_never = environment.flag("ALLOW_NEVER", false)?;
    let default = (90 * DAY_SECONDS).clamp(min, max);
    let default = environment.seconds_or_never("EXPIRES_IN_DEFAULT", default, min..=max)?;
    if default.is_none() && !allow_never {
        return Err(ConfigError::new("EXPIRES_IN_DEFAULT", "is never, which requires ALLOW_NEVER=true"));
    }
    let purge_after = environment.seconds_or_never("PURGE_AFTER", 30 * DAY_SECONDS, 0..=MAX_LIFETIME)?;
    Ok(ExpiryPolicy { default, min, max, allow_never, purge_after })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, String> {
        let lookup = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        Config::read(&Environment::new(&lookup)).map_err(|error| error.to_string())
    }

    #[test]
    fn links_expire_after_90_days_and_codes_have_7_characters_by_default() {
        let config = read(&[]).expect("defaults are valid");
        assert_eq!(config.code_length, 7);
        assert_eq!(config.expiry.default, Some(7_776_000));
        assert!(!config.expiry.allow_never);
    }

    #[test]
    fn contradictory_settings_are_rejected() {
        for (variables, expected) in [
            (&[("EXPIRES_IN_DEFAULT", "never")][..], "EXPIRES_IN_DEFAULT is never, which requires ALLOW_NEVER=true"),
            (
                &[("EXPIRES_IN_MIN", "9"), ("EXPIRES_IN_MAX", "8")],
                "EXPIRES_IN_MIN is 9, more than EXPIRES_IN_MAX, which is 8",
            ),
            (
                &[("EXPIRES_IN_MAX", "100"), ("EXPIRES_IN_DEFAULT", "101")],
                "EXPIRES_IN_DEFAULT must be a whole number of seconds from 60 to 100, or never; it is \"101\"",
            ),
            (
                &[("SIGN_IN_CLIENT", "a"), ("SIGN_IN_TOKEN_URL", "https://example.com/token")],
                "SIGN_IN_CLIENT requires SIGN_IN_AUTHORIZE_URL and SIGN_IN_TOKEN_URL, and they require it",
            ),
            (
                &[("SIGN_IN_TOKEN_URL", "javascript:alert(1)")],
                "SIGN_IN_TOKEN_URL must be an https URL; it is \"javascript:alert(1)\"",
            ),
            (&[("CODE_LENGTH", "2")], "CODE_LENGTH must be a whole number from 3 to 32; it is \"2\""),
        ] {
            assert_eq!(read(variables).map(drop), Err(expected.to_owned()));
        }
    }
}
