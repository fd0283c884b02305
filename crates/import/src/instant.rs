//! Instants, as the sources write them.

use time::format_description::well_known::Rfc2822;
use time::{Date, Month, OffsetDateTime, Time, UtcOffset};

/// Numbers from here on are milliseconds: as seconds they would be after the year 5000.
const FIRST_MILLISECONDS: i64 = 100_000_000_000;

/// Parses an instant to Unix seconds. `None` is no instant: an empty text, `NULL`, 0, and the zero dates of MySQL and
/// Go.
///
/// Read are Unix seconds and milliseconds, `YYYY-MM-DD`, the same with a time and with or without a zone, which is UTC
/// if there is none, and the dates of HTTP. A date such as `01/02/2024` is an error, because it can be in January or
/// February.
pub(crate) fn parse(text: &str) -> Result<Option<i64>, String> {
    let text = text.trim();
    let is_none = text.is_empty() || text.eq_ignore_ascii_case("null") || text == "0";
    if is_none || text.starts_with("0000-00-00") || text.starts_with("0001-01-01") {
        return Ok(None);
    }
    let instant = number(text).or_else(|| calendar(text)).or_else(|| http_date(text));
    instant.map(Some).ok_or_else(|| text.to_owned())
}

/// Unix seconds or milliseconds, of at least nine digits, so that no date without separators is taken for them.
fn number(text: &str) -> Option<i64> {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    let is_number = whole.len() >= 9 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: i64 = is_number.then(|| whole.parse().ok()).flatten()?;
    Some(if number >= FIRST_MILLISECONDS { number / 1_000 } else { number })
}

fn http_date(text: &str) -> Option<i64> {
    // RFC 2822 knows GMT, and dates in HTTP end with it.
    OffsetDateTime::parse(text, &Rfc2822).ok().map(OffsetDateTime::unix_timestamp)
}

fn calendar(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let mut parts = date.split(['-', '/']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if year.len() != 4 || parts.next().is_some() {
        return None;
    }
    let month = Month::try_from(digits::<u8>(month)?).ok()?;
    let date = Date::from_calendar_date(digits(year)?, month, digits(day)?).ok()?;
    if rest.is_empty() {
        return Some(date.midnight().assume_utc().unix_timestamp());
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?.trim_start();
    let end = rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.' | ',')).unwrap_or(rest.len());
    let (clock, zone) = rest.split_at_checked(end)?;
    let whole = clock.split_once(['.', ',']).map_or(clock, |(whole, _)| whole);
    let mut parts = whole.split(':');
    let (hour, minute) = (digits(parts.next()?)?, digits(parts.next()?)?);
    // A leap second is the last one of its minute here, as in Unix time.
    let second = parts.next().map_or(Some(0), digits::<u8>)?.min(59);
    if parts.next().is_some() {
        return None;
    }
    let time = Time::from_hms(hour, minute, second).ok()?;
    Some(date.with_time(time).assume_offset(offset(zone.trim())?).unix_timestamp())
}

/// `Z`, `UTC`, `+0000`, `+00:00`, `+00`, or nothing.
fn offset(zone: &str) -> Option<UtcOffset> {
    if zone.is_empty() || zone.eq_ignore_ascii_case("z") || zone.eq_ignore_ascii_case("utc") {
        return Some(UtcOffset::UTC);
    }
    let sign = match zone.bytes().next()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let zone = zone.get(1..)?.replace(':', "");
    let (hours, minutes) = zone.split_at_checked(2)?;
    let minutes = if minutes.is_empty() { 0 } else { digits::<i8>(minutes)? };
    UtcOffset::from_hms(sign * digits::<i8>(hours)?, sign * minutes, 0).ok()
}

/// A number without a sign, of at most four digits.
fn digits<N: std::str::FromStr>(text: &str) -> Option<N> {
    let is_number = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_in_all_notations() {
        for text in [
            "1603732840",
            "1603732840.75",
            "1603732840123",
            "2020-10-26T17:20:40Z",
            "2020-10-26T17:20:40+0000",
            "2020-10-26T18:20:40+01:00",
            "2020-10-26T12:20:40.123456-05",
            "2020-10-26 17:20:40",
            "2020/10/26 17:20:40",
            "2020-10-26 17:20:40 UTC",
            "2020-10-26 17:20:40 +0000 UTC",
            "Mon, 26 Oct 2020 17:20:40 GMT",
        ] {
            let expected = if text.ends_with("+0000 UTC") { Err(text.to_owned()) } else { Ok(Some(1_603_732_840)) };
            assert_eq!(parse(text), expected, "{text}");
        }
        assert_eq!(parse("2020-10-26"), Ok(Some(1_603_670_400)));
        assert_eq!(parse("2020-10-26T17:20"), Ok(Some(1_603_732_800)));
        assert_eq!(parse("1965-01-01 00:00:00"), Ok(Some(-157_766_400)));
    }

    #[test]
    fn what_is_no_instant_is_not_an_error() {
        for text in ["", " ", "0", "NULL", "null", "0000-00-00 00:00:00", "0001-01-01T00:00:00Z"] {
            assert_eq!(parse(text), Ok(None), "{text}");
        }
    }

    #[test]
    fn ambiguous_and_impossible_dates_are_errors() {
        for text in
            ["01/02/2024", "2024-02-30", "2024-13-01", "20240131", "soon", "2024-01-01T25:00", "é024-01-01", "+1"]
        {
            assert_eq!(parse(text), Err(text.to_owned()), "{text}");
        }
    }
}
