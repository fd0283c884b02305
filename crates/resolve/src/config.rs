//! What the operator chose for the read side.

use http::StatusCode;
use shortlink_core::config::{ConfigError, Environment};
use shortlink_core::request::BaseUrl;

/// The settings of `resolve`.
#[derive(Clone, Debug)]
pub struct Config {
    /// `REDIRECT_STATUS`: the status of a redirect, one of `301` (the default), `302`, `307`, `308`. Browsers keep a
    /// 301 or 308 for as long as `Cache-Control` says, and ask again after each 302 or 307 without it.
    pub redirect_status: StatusCode,
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
        Ok(Self { redirect_status, base_url: environment.base_url()? })
    }
}
