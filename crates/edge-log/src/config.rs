//! The settings.

use shortlink_core::config::{ConfigError, Environment};
use shortlink_core::domain::clock::DAY_SECONDS;
use shortlink_core::visits::recorder::VisitTracking;

/// The settings of the function.
#[derive(Clone, Debug)]
pub struct Config {
    /// `EDGE_LOGS`: where the logs are: the bucket, and what the names of the files in it begin with, ending in a slash, such
    /// as `bucket/AWSLogs/123456789012/CloudFront/E2EXAMPLE/`.
    pub logs: LogLocation,
    /// `VISITS`: what is counted, as for `resolve`.
    pub visits: VisitTracking,
    /// `VISITS_RETENTION`: how long the counts of a month are kept after its end, in seconds, as for `resolve`.
    pub visits_retention: i64,
}

/// Where the logs are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLocation {
    /// The bucket.
    pub bucket: String,
    /// What the names of the files begin with, ending in a slash.
    pub prefix: String,
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    ///
    /// The first variable with an invalid value.
    pub fn read(environment: &Environment<'_>) -> Result<Self, ConfigError> {
        let tracking = [("off", VisitTracking::Off), ("total", VisitTracking::Total), ("daily", VisitTracking::Daily)];
        let range = DAY_SECONDS..=36_500 * DAY_SECONDS;
        Ok(Self {
            logs: LogLocation::read(environment)?,
            visits: environment.choice("VISITS", VisitTracking::Daily, &tracking)?,
            visits_retention: environment.integer("VISITS_RETENTION", 400 * DAY_SECONDS, range)?,
        })
    }
}

impl LogLocation {
    fn read(environment: &Environment<'_>) -> Result<Self, ConfigError> {
        const VARIABLE: &str = "EDGE_LOGS";
        let text = environment.required(VARIABLE)?;
        let parts = text.split_once('/').filter(|(bucket, prefix)| !bucket.is_empty() && prefix.ends_with('/'));
        let (bucket, prefix) = parts.ok_or_else(|| {
            ConfigError::new(VARIABLE, format!("must be BUCKET/PREFIX/, as edge.yaml outputs it; it is {text:?}"))
        })?;
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn location_is_a_bucket_and_a_folder() {
        let read = |text: &str| LogLocation::read(&Environment::new(&|_| Some(text.to_owned())));
        let location = read("logs/AWSLogs/123456789012/CloudFront/E2EXAMPLE/").expect("a location");
        let expected = ("logs", "AWSLogs/123456789012/CloudFront/E2EXAMPLE/");
        assert_eq!((location.bucket.as_str(), location.prefix.as_str()), expected);
        for invalid in ["logs", "logs/prefix", "/prefix/", ""] {
            let error = read(invalid).expect_err(invalid).to_string();
            assert!(error.starts_with("EDGE_LOGS "), "{error}");
        }
    }
}
