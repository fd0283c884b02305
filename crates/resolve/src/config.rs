//! What the operator chose for the read side.

use http::StatusCode;
use shortlink_core::config::{ConfigError, Environment};
use shortlink_core::hot;
use shortlink_core::request::BaseUrl;
use shortlink_core::visits::Mode;

const DAY: i64 = 86_400;

/// The settings of `resolve`.
#[derive(Clone, Debug)]
pub struct Config {
    /// `REDIRECT_STATUS`: the status of a redirect, one of `301` (the default), `302`, `307`, `308`. Browsers keep a
    /// 301 or 308 for as long as `Cache-Control` says, and ask again after each 302 or 307 without it.
    pub redirect_status: StatusCode,
    /// `VISITS`: what is counted: `off`; `total`, how often each link is followed; `daily` (the default), for each day
    /// also by whom.
    pub visits: Mode,
    /// `VISITS_KEPT`: how long a day's counts are kept, seconds; 34560000 (400 days) by default.
    pub visits_kept: i64,
    /// `HOT_LINKS`: how long a link that was followed is followed again without a look at the table, 0 to 60 seconds, 5
    /// by default. For so long may a link that is withdrawn still redirect. 0: never.
    pub hot_links: i64,
    /// How many links are remembered so: as many as a function's memory takes. A server may raise it.
    pub hot_links_capacity: usize,
    /// `BASE_URL`: what short URLs begin with; see [`Environment::base_url`].
    pub base_url: Option<BaseUrl>,
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    ///
    /// The first variable whose value cannot be used.
    pub fn read(environment: &Environment<'_>) -> Result<Self, ConfigError> {
        let statuses = [
            ("301", StatusCode::MOVED_PERMANENTLY),
            ("302", StatusCode::FOUND),
            ("307", StatusCode::TEMPORARY_REDIRECT),
            ("308", StatusCode::PERMANENT_REDIRECT),
        ];
        let redirect_status = environment.choice("REDIRECT_STATUS", StatusCode::MOVED_PERMANENTLY, &statuses)?;
        let modes = [("off", Mode::Off), ("total", Mode::Total), ("daily", Mode::Daily)];
        Ok(Self {
            redirect_status,
            base_url: environment.base_url()?,
            visits: environment.choice("VISITS", Mode::Daily, &modes)?,
            visits_kept: environment.integer("VISITS_KEPT", 400 * DAY, DAY..=36_500 * DAY)?,
            hot_links: environment.integer("HOT_LINKS", 5, 0..=60)?,
            hot_links_capacity: hot::CAPACITY,
        })
    }
}
