//! Codes, owners and instants of the command line. What is none is a wrong argument.

use std::time::Duration;

use shorten::visit_range::parse_day;
use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::code::Code;
use shortlink_core::domain::owner::Owner;

/// Parses the code of a link that exists.
pub(crate) fn code(text: &str) -> Result<Code, String> {
    Code::parse(text).map_err(|error| error.to_string())
}

/// Parses a code that is to be chosen.
pub(super) fn alias(text: &str) -> Result<Code, String> {
    Code::parse_alias(text).map_err(|error| error.to_string())
}

/// Parses an owner.
pub(super) fn owner(text: &str) -> Result<Owner, String> {
    Owner::parse(text).map_err(|error| error.to_string())
}

/// Parses a day such as `2030-01-31`, which begins at midnight UTC.
pub(crate) fn day(text: &str) -> Result<Timestamp, String> {
    parse_day(text).ok_or_else(|| "must be a day such as 2030-01-31".to_owned())
}

/// Parses a day, or an instant such as `2030-01-31T12:00:00Z`.
pub(super) fn instant(text: &str) -> Result<Timestamp, String> {
    let instant = parse_day(text).or_else(|| Timestamp::parse(text));
    instant.ok_or_else(|| "must be a day such as 2030-01-31, or an instant such as 2030-01-31T12:00:00Z".to_owned())
}

/// Parses a lifetime such as `30d`, in seconds.
pub(super) fn lifetime(text: &str) -> Result<i64, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).ok().filter(|seconds| *seconds > 0);
    seconds(duration).ok_or_else(|| "must be at least 1s".to_owned())
}
