//! The operator's settings of the read side.

use http::StatusCode;
use shortlink_core::config::{ConfigError, Environment};
use shortlink_core::domain::base_url::BaseUrl;
use shortlink_core::domain::clock::DAY_SECONDS;
use shortlink_core::http::brand::Brand;
use shortlink_core::visits::edge_key::EdgeKey;
use shortlink_core::visits::recorder::VisitTracking;

/// What the preview of a link shows to everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preview {
    /// The target and the visits.
    Full,
    /// The target.
    Target,
    /// There is no preview.
    Off,
}

/// The settings of `resolve`.
#[derive(Clone, Debug)]
pub struct Config {
    /// `REDIRECT_STATUS`: the status of a redirect, one of `301` (the default), `302`, `307`, `308`. Browsers cache a
    /// 301 or 308 for as long as `Cache-Control` says, and a 302 or 307 likewise only because it says so.
    pub redirect_status: StatusCode,
    /// `VISITS`: what is counted: `off`; `total`, the number of visits of each link; `daily` (the default), also the
    /// visits of each day, and the devices, countries and referrers of each month.
    pub visits: VisitTracking,
    /// `PREVIEW`: what the preview `/{code}+` shows: `full`, where the link leads and its visits; `target` (the default),
    /// where it leads; `off`, there is no preview.
    pub preview: Preview,
    /// `VISITS_RETENTION`: how long the counts of a month are kept after its end, in seconds; 34560000 (400 days) by
    /// default.
    pub visits_retention: i64,
    /// `EDGE_KEY`: see [`EdgeKey::read`]. If it is set, only requests that contain it are answered, and the country that the
    /// CDN reports is counted.
    pub edge_key: Option<EdgeKey>,
    /// `REPORT_URL`: where people report abuse, an `http`, `https` or `mailto` URL. The preview links to it, and so does
    /// the response about a blocked link.
    pub report_url: Option<String>,
    /// `NOT_FOUND_URL`: where a browser is redirected that follows a link that does not exist, instead of our page.
    pub not_found_url: Option<String>,
    /// `EXPIRED_URL`: the same for a link that has expired or was withdrawn.
    pub expired_url: Option<String>,
    /// `LINK_CACHE_SECONDS`: how long a link is cached in memory after it was read, 0 to 60 seconds, 5 by default. A
    /// link that is deleted or changed may still redirect to its old target for that long. 0 disables the cache.
    pub link_cache_seconds: i64,
    /// `EDGE_CACHE_SECONDS`: how long a CDN in front of the service may answer with a redirect from its own cache; see
    /// [`Environment::edge_cache_seconds`].
    pub edge_cache_seconds: i64,
    /// `BASE_URL`: what short URLs begin with; see [`Environment::base_url`].
    pub base_url: Option<BaseUrl>,
    /// `BRAND_NAME`, `BRAND_COLOUR` and `BRAND_URL`: see [`Brand`].
    pub brand: Brand,
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    ///
    /// The first variable with an invalid value.
    pub fn read(environment: &Environment<'_>) -> Result<Self, ConfigError> {
        let statuses = [
            ("301", StatusCode::MOVED_PERMANENTLY),
            ("302", StatusCode::FOUND),
            ("307", StatusCode::TEMPORARY_REDIRECT),
            ("308", StatusCode::PERMANENT_REDIRECT),
        ];
        let tracking = [("off", VisitTracking::Off), ("total", VisitTracking::Total), ("daily", VisitTracking::Daily)];
        let previews = [("full", Preview::Full), ("target", Preview::Target), ("off", Preview::Off)];
        Ok(Self {
            redirect_status: environment.choice("REDIRECT_STATUS", StatusCode::MOVED_PERMANENTLY, &statuses)?,
            visits: environment.choice("VISITS", VisitTracking::Daily, &tracking)?,
            preview: environment.choice("PREVIEW", Preview::Target, &previews)?,
            visits_retention: environment.seconds(
                "VISITS_RETENTION",
                400 * DAY_SECONDS,
                DAY_SECONDS..=36_500 * DAY_SECONDS,
            )?,
            edge_key: EdgeKey::read(environment)?,
            report_url: report_url(environment)?,
            not_found_url: environment.web_url("NOT_FOUND_URL")?,
            expired_url: environment.web_url("EXPIRED_URL")?,
            link_cache_seconds: environment.seconds("LINK_CACHE_SECONDS", 5, 0..=60)?,
            edge_cache_seconds: environment.edge_cache_seconds()?,
            base_url: environment.base_url()?,
            brand: Brand::read(environment)?,
        })
    }
}

fn report_url(environment: &Environment<'_>) -> Result<Option<String>, ConfigError> {
    const VARIABLE: &str = "REPORT_URL";
    let Some(text) = environment.text(VARIABLE) else { return Ok(None) };
    let is_valid = ["https://", "http://", "mailto:"].iter().any(|scheme| text.starts_with(scheme))
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    let error = || ConfigError::new(VARIABLE, format!("must be an http, https or mailto URL; it is {text:?}"));
    is_valid.then(|| text.clone()).map(Some).ok_or_else(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_are_permanent_by_default() {
        let config = Config::read(&Environment::new(&|_| None));
        assert_eq!(config.map(|config| config.redirect_status), Ok(StatusCode::MOVED_PERMANENTLY));
    }
}
