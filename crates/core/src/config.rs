//! Settings from environment variables.
//!
//! Each function documents its own variables where it reads them (`crates/*/src/config.rs`); this module holds the
//! parts that they share. An empty variable counts as unset, since a CloudFormation parameter cannot be absent. An
//! invalid value is never replaced silently: the program does not start.

use std::ops::RangeInclusive;

use thiserror::Error;

use crate::domain::base_url::BaseUrl;

/// An invalid setting. The message names the variable and says which values are valid.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{variable} {reason}")]
pub struct ConfigError {
    variable: &'static str,
    reason: String,
}

impl ConfigError {
    /// An error about `variable`; `reason` continues a sentence that begins with the variable's name.
    pub fn new(variable: &'static str, reason: impl Into<String>) -> Self {
        Self { variable, reason: reason.into() }
    }
}

/// The source of settings: the process's environment, or a list in a test.
pub struct Environment<'a>(&'a dyn Fn(&str) -> Option<String>);

impl<'a> Environment<'a> {
    /// An environment that calls `lookup` with the name of each variable.
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self(lookup)
    }

    /// The environment of this process.
    pub fn process() -> Environment<'static> {
        Environment(&|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    /// The value of a variable; `None` if it is unset or empty.
    pub fn text(&self, variable: &'static str) -> Option<String> {
        (self.0)(variable).filter(|value| !value.is_empty())
    }

    /// The value of a variable that must be set.
    ///
    /// # Errors
    ///
    /// The variable is unset or empty.
    pub fn required(&self, variable: &'static str) -> Result<String, ConfigError> {
        self.text(variable).ok_or_else(|| ConfigError::new(variable, "is not set"))
    }

    /// A whole number within `range`; `default` if unset.
    ///
    /// # Errors
    ///
    /// The value is not a whole number, or is outside the range.
    pub fn integer(
        &self,
        variable: &'static str,
        default: i64,
        range: RangeInclusive<i64>,
    ) -> Result<i64, ConfigError> {
        let Some(text) = self.text(variable) else { return Ok(default) };
        text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
            let (min, max) = (range.start(), range.end());
            ConfigError::new(variable, format!("must be a whole number from {min} to {max}; it is {text:?}"))
        })
    }

    /// One of `choices`; `default` if unset.
    ///
    /// # Errors
    ///
    /// The value is none of them.
    pub fn choice<T: Copy>(&self, variable: &'static str, default: T, choices: &[(&str, T)]) -> Result<T, ConfigError> {
        let Some(text) = self.text(variable) else { return Ok(default) };
        let chosen = choices.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        chosen.ok_or_else(|| {
            let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            ConfigError::new(variable, format!("must be one of {}; it is {text:?}", names.join(", ")))
        })
    }

    /// An `http` or `https` URL that can be sent in a header; `None` if the variable is unset.
    ///
    /// # Errors
    ///
    /// The value is something else.
    pub fn web_url(&self, variable: &'static str) -> Result<Option<String>, ConfigError> {
        let Some(text) = self.text(variable) else { return Ok(None) };
        let is_valid = BaseUrl::parse(text.split(['?', '#']).next().unwrap_or_default()).is_some()
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        let error = || ConfigError::new(variable, format!("must be an http or https URL in ASCII; it is {text:?}"));
        is_valid.then(|| text.clone()).map(Some).ok_or_else(error)
    }

    /// `EDGE_CACHE_SECONDS`: how long a CDN in front of the service may answer with a redirect from its own cache, 0 (the
    /// default) to 3600 seconds. Above 0, the service does not see each visit, and a change of a link is visible that much
    /// later. Both functions read this variable, since the response to a change says when it is visible.
    ///
    /// # Errors
    ///
    /// The value is not a whole number, or is outside the range.
    pub fn edge_cache_seconds(&self) -> Result<i64, ConfigError> {
        self.integer("EDGE_CACHE_SECONDS", 0, 0..=3_600)
    }

    /// `BASE_URL`: what short URLs begin with, such as `https://sho.rt`. If unset, short URLs begin with the address
    /// that the client used. Both functions read this variable, since a QR code contains a short URL.
    ///
    /// # Errors
    ///
    /// The value is not an `http` or `https` URL with a host and without query and fragment.
    pub fn base_url(&self) -> Result<Option<BaseUrl>, ConfigError> {
        const VARIABLE: &str = "BASE_URL";
        let Some(text) = self.text(VARIABLE) else { return Ok(None) };
        let reason = || format!("must be a URL such as https://sho.rt; it is {text:?}");
        BaseUrl::parse(&text).map(Some).ok_or_else(|| ConfigError::new(VARIABLE, reason()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(value: &str, read: impl Fn(&Environment<'_>) -> Result<T, ConfigError>) -> Result<T, String> {
        let lookup = |_: &str| Some(value.to_owned());
        read(&Environment::new(&lookup)).map_err(|error| error.to_string())
    }

    fn base_url(value: &str) -> Result<Option<BaseUrl>, String> {
        let lookup = |_: &str| Some(value.to_owned());
        Environment::new(&lookup).base_url().map_err(|error| error.to_string())
    }

    #[test]
    fn web_urls_can_be_sent_in_a_header() {
        let read = |value: &str| with(value, |environment| environment.web_url("HOME_URL"));
        for url in ["https://example.com", "http://example.com:8080/a?b=c#d"] {
            assert_eq!(read(url), Ok(Some(url.to_owned())));
        }
        for invalid in
            ["example.com", "javascript:alert(1)", "https://example.com/ü", "https://a b/", "https://me@example.com"]
        {
            assert!(read(invalid).is_err(), "{invalid}");
        }
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        assert_eq!(with("", |e| e.integer("N", 7, 1..=9)), Ok(7));
        assert_eq!(with("", |e| e.required("TABLE_NAME")), Err("TABLE_NAME is not set".into()));
    }

    #[test]
    fn an_invalid_value_is_an_error_that_names_the_variable() {
        assert_eq!(
            with("70", |e| e.integer("CODE_LENGTH", 7, 3..=64)),
            Err("CODE_LENGTH must be a whole number from 3 to 64; it is \"70\"".into())
        );
        assert_eq!(
            with("yes", |e| e.choice("ALLOW_NEVER", false, &[("true", true), ("false", false)])),
            Err("ALLOW_NEVER must be one of true, false; it is \"yes\"".into())
        );
        for url in ["sho.rt", "ftp://sho.rt", "https://sho.rt/?q", "https://sho.rt/#f", "https://me@sho.rt"] {
            let error = base_url(url).expect_err(url);
            assert!(error.starts_with("BASE_URL must be a URL such as https://sho.rt; it is "), "{error}");
        }
    }

    #[test]
    fn a_base_url_loses_its_trailing_slash() {
        let base = base_url("https://Sho.rt/").expect("a URL").expect("set");
        assert_eq!(base.join("abc"), "https://sho.rt/abc");
    }
}
