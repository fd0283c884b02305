//! The settings of a server: reading them, and what people should know of them.

use std::fmt::Write as _;

use shorten::config::Door;
use shortlink_core::config::{ConfigError, Environment};
use shortlink_core::settings::{Place, SETTINGS, Setting};

use crate::error::CliError;

/// The settings of the two functions.
pub(super) struct Settings {
    pub(super) shorten: shorten::config::Config,
    pub(super) resolve: resolve::config::Config,
}

/// Reads the settings.
///
/// # Errors
///
/// [`CliError::Settings`] with everything that is invalid, or [`CliError::NoAuthorizer`].
pub(super) fn read(environment: &Environment<'_>) -> Result<Settings, CliError> {
    match (shorten::config::Config::read(environment), resolve::config::Config::read(environment)) {
        (Ok(shorten), _) if shorten.door == Door::Jwt => Err(CliError::NoAuthorizer),
        (Ok(shorten), Ok(resolve)) => Ok(Settings { shorten, resolve }),
        _ => {
            let mut errors = environment.errors(shorten::config::Config::read);
            for error in environment.errors(resolve::config::Config::read) {
                if !errors.contains(&error) {
                    errors.push(error);
                }
            }
            Err(CliError::Settings(errors))
        }
    }
}

/// The settings that the server has.
fn settings() -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(|setting| setting.place != Place::Lambda)
}

/// The settings for `--help`.
pub(super) fn help() -> String {
    let mut text = "Environment variables:\n".to_owned();
    for setting in settings() {
        let Setting { variable, meaning, default, unit, .. } = setting;
        let unit = if unit.is_empty() || default.is_empty() { String::new() } else { format!(" {unit}") };
        let default = if default.is_empty() { String::new() } else { format!(" [default: {default}{unit}]") };
        // Writing to a string does not fail.
        writeln!(text, "  {variable:<20} {meaning}{default}").ok();
    }
    text
}

/// A line with the settings that do not have their defaults, without secrets; `None` if all have.
pub(super) fn changed(environment: &Environment<'_>) -> Option<String> {
    let changed = settings().filter_map(|setting| {
        let value = environment.text(setting.variable).filter(|value| value != setting.default)?;
        let value = if setting.is_secret() { "(secret)" } else { value.as_str() };
        Some(format!("{}={value}", setting.variable))
    });
    let changed: Vec<_> = changed.collect();
    (!changed.is_empty()).then(|| format!("Settings: {}", changed.join(" ")))
}

/// The names among `variables` that are probably misspelt settings, each with the name of the setting.
pub(super) fn misspelt(variables: impl Iterator<Item = String>) -> Vec<(String, &'static str)> {
    let is_setting = |name: &String| SETTINGS.iter().any(|setting| setting.variable == name);
    variables
        .filter(|name| !is_setting(name))
        .filter_map(|name| similar(&name).map(|setting| (name, setting)))
        .collect()
}

/// The setting whose name differs by a letter or, if it is long, by two. Short names are near to many others.
fn similar(name: &str) -> Option<&'static str> {
    let names = settings().map(|setting| setting.variable).filter(|known| known.len() > 4);
    let distances = names.map(|known| (strsim::osa_distance(known, &name.to_ascii_uppercase()), known));
    let (distance, known) = distances.min()?;
    (distance <= if known.len() < 10 { 1 } else { 2 }).then_some(known)
}

/// `PORT`: the port to listen on; `None` if it is not set.
///
/// # Errors
///
/// It is no port.
pub(super) fn port(environment: &Environment<'_>) -> Result<Option<u16>, ConfigError> {
    if environment.text("PORT").is_none() {
        return Ok(None);
    }
    environment.integer("PORT", 0, 0..=i64::from(u16::MAX)).map(|port| u16::try_from(port).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_settings_are_recognised() {
        let of = |name: &str| misspelt(std::iter::once(name.to_owned())).pop().map(|(_, setting)| setting);
        for (name, expected) in [
            ("CODE_LENGHT", "CODE_LENGTH"),
            ("code_length", "CODE_LENGTH"),
            ("BASEURL", "BASE_URL"),
            ("EXPIRES_DEFAULT", "EXPIRES_IN_DEFAULT"),
            ("VISIT", "VISITS"),
            ("ALLOWED_ORIGIN", "ALLOWED_ORIGINS"),
        ] {
            // Three letters are missing from one of them.
            assert_eq!(of(name), Some(expected).filter(|_| name != "EXPIRES_DEFAULT"), "{name}");
        }
        for name in ["CODE_LENGTH", "PATH", "HOME", "EDITOR", "COLOR", "DOOM", "REDIRECT_STATUS_TEXT", "TABLE_NAME"] {
            assert_eq!(of(name), None, "{name}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let values =
            [("EDGE_KEY", "0123456789abcdef"), ("CODE_LENGTH", "8"), ("DOOR", "open"), ("TABLE_NAME", "links")];
        let lookup = |name: &str| values.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        let line = changed(&Environment::new(&lookup));
        assert_eq!(line.as_deref(), Some("Settings: CODE_LENGTH=8 EDGE_KEY=(secret)"));
        assert_eq!(changed(&Environment::new(&|_| None)), None);
    }
}
