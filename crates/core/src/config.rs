//! Settings from environment variables.
//!
//! Each function documents its own variables where it reads them (`crates/*/src/config.rs`); this module holds the
//! parts that they share. An empty variable counts as unset, since a CloudFormation parameter cannot be absent. An
//! invalid value is never replaced silently: the program does not start.

use std::ops::RangeInclusive;

use thiserror::Error;

use crate::domain::base_url::BaseUrl;
use crate::domain::visit_regions::VisitRegions;

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

    /// The value of a variable as it is; `None` if it is unset.
    pub fn lookup(&self, variable: &str) -> Option<String> {
        (self.0)(variable)
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
        self.whole_number(variable, default, range, "", "")
    }

    /// A number of seconds within `range`; `default` if unset.
    ///
    /// # Errors
    ///
    /// The value is not a whole number, or is outside the range.
    pub fn seconds(
        &self,
        variable: &'static str,
        default: i64,
        range: RangeInclusive<i64>,
    ) -> Result<i64, ConfigError> {
        self.whole_number(variable, default, range, " of seconds", "")
    }

    /// A number of seconds within `range`, or `None` for the value `never`; `default` if unset.
    ///
    /// # Errors
    ///
    /// The value is neither, or is outside the range.
    pub fn seconds_or_never(
        &self,
        variable: &'static str,
        default: i64,
        range: RangeInclusive<i64>,
    ) -> Result<Option<i64>, ConfigError> {
        if self.text(variable).is_some_and(|text| text.eq_ignore_ascii_case("never")) {
            return Ok(None);
        }
        self.whole_number(variable, default, range, " of seconds", ", or never").map(Some)
    }

    /// A whole number. `unit` and `alternative` are for the message.
    fn whole_number(
        &self,
        variable: &'static str,
        default: i64,
        range: RangeInclusive<i64>,
        unit: &str,
        alternative: &str,
    ) -> Result<i64, ConfigError> {
        let Some(text) = self.text(variable) else { return Ok(default) };
        text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
            let (min, max) = (range.start(), range.end());
            let reason = format!("must be a whole number{unit} from {min} to {max}{alternative}; it is {text:?}");
            ConfigError::new(variable, reason)
        })
    }

    /// Yes or no: `true`, `1`, `yes` or `on`; or `false`, `0`, `no` or `off`, in any case. `default` if unset.
    ///
    /// # Errors
    ///
    /// The value is none of them.
    pub fn flag(&self, variable: &'static str, default: bool) -> Result<bool, ConfigError> {
        let Some(text) = self.text(variable) else { return Ok(default) };
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(ConfigError::new(variable, format!("must be true or false; it is {text:?}"))),
        }
    }

    /// One of `choices`, in any case; `default` if unset.
    ///
    /// # Errors
    ///
    /// The value is none of them.
    pub fn choice<T: Copy>(&self, variable: &'static str, default: T, choices: &[(&str, T)]) -> Result<T, ConfigError> {
        let Some(text) = self.text(variable) else { return Ok(default) };
        let chosen = choices.iter().find(|(name, _)| name.eq_ignore_ascii_case(&text)).map(|(_, value)| *value);
        chosen.ok_or_else(|| {
            let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            ConfigError::new(variable, format!("must be one of {}; it is {text:?}", names.join(", ")))
        })
    }

    /// Everything that `read` rejects, rather than the first only: it is called again without what it has rejected.
    pub fn errors<T>(&self, read: impl Fn(&Environment<'_>) -> Result<T, ConfigError>) -> Vec<ConfigError> {
        let mut errors: Vec<ConfigError> = Vec::new();
        loop {
            let is_rejected = |name: &str| errors.iter().any(|error| error.variable == name);
            let lookup = |name: &str| if is_rejected(name) { None } else { (self.0)(name) };
            match read(&Environment::new(&lookup)) {
                Err(error) if !is_rejected(error.variable) => errors.push(error),
                _ => return errors,
            }
        }
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

    /// `VISIT_REGIONS`: the AWS regions that count visits, if the table is a global one, the home region first, separated by
    /// commas; by default there is one. Every function reads this variable, and `AWS_REGION`, which Lambda sets.
    ///
    /// # Errors
    ///
    /// The value is no list of regions, or lacks that of this process.
    pub fn visit_regions(&self) -> Result<VisitRegions, ConfigError> {
        const VARIABLE: &str = "VISIT_REGIONS";
        let Some(list) = self.text(VARIABLE) else { return Ok(VisitRegions::default()) };
        let own = self.text("AWS_REGION").unwrap_or_default();
        let error = || {
            ConfigError::new(VARIABLE, format!("must list regions, each once, and among them {own:?}; it is {list:?}"))
        };
        VisitRegions::parse(&list, &own).ok_or_else(error)
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
            with("90d", |e| e.seconds_or_never("PURGE_AFTER", 7, 1..=9)),
            Err("PURGE_AFTER must be a whole number of seconds from 1 to 9, or never; it is \"90d\"".into())
        );
        assert_eq!(
            with("maybe", |e| e.flag("ALLOW_NEVER", false)),
            Err("ALLOW_NEVER must be true or false; it is \"maybe\"".into())
        );
        assert_eq!(
            with("loud", |e| e.choice("LOG_LEVEL", 1, &[("error", 0), ("info", 1)])),
            Err("LOG_LEVEL must be one of error, info; it is \"loud\"".into())
        );
        for url in ["sho.rt", "ftp://sho.rt", "https://sho.rt/?q", "https://sho.rt/#f", "https://me@sho.rt"] {
            let error = base_url(url).expect_err(url);
            assert!(error.starts_with("BASE_URL must be a URL such as https://sho.rt; it is "), "{error}");
        }
    }

    #[test]
    fn words_may_have_any_case() {
        for (yes, no) in [("true", "false"), ("1", "0"), ("YES", "No"), ("On", "oFF")] {
            assert_eq!(with(yes, |e| e.flag("ALLOW_NEVER", false)), Ok(true), "{yes}");
            assert_eq!(with(no, |e| e.flag("ALLOW_NEVER", true)), Ok(false), "{no}");
        }
        assert_eq!(with("INFO", |e| e.choice("LOG_LEVEL", 1, &[("error", 0), ("info", 2)])), Ok(2));
        assert_eq!(with("Never", |e| e.seconds_or_never("PURGE_AFTER", 7, 1..=9)), Ok(None));
    }

    #[test]
    fn all_invalid_values_are_found() {
        let values = [("A", "x"), ("B", "2"), ("C", "y")];
        let lookup = |name: &str| values.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        let errors = Environment::new(&lookup).errors(|environment| {
            for name in ["A", "B", "C"] {
                environment.integer(name, 1, 1..=9)?;
            }
            // An error that does not go away is found once.
            environment.required("D")
        });
        let variables: Vec<_> = errors.iter().map(|error| error.variable).collect();
        assert_eq!(variables, ["A", "C", "D"]);
    }

    #[test]
    fn a_base_url_loses_its_trailing_slash() {
        let base = base_url("https://Sho.rt/").expect("a URL").expect("set");
        assert_eq!(base.join("abc"), "https://sho.rt/abc");
    }
}
