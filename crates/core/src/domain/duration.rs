//! Durations in words.

use crate::domain::clock::DAY_SECONDS;

/// A duration of whole seconds in the largest unit that needs no fraction, such as `90 days`. A year has 365 days.
pub fn to_human(seconds: i64) -> String {
    let units = [(365 * DAY_SECONDS, "year"), (DAY_SECONDS, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (unit, name) = units.into_iter().find(|(unit, _)| seconds % unit == 0).unwrap_or((1, "second"));
    match seconds / unit {
        1 => format!("1 {name}"),
        count => format!("{count} {name}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_in_the_largest_unit() {
        for (seconds, expected) in [
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (5_400, "90 minutes"),
            (86_400, "1 day"),
            (7_776_000, "90 days"),
            (31_536_000, "1 year"),
            (315_360_000, "10 years"),
        ] {
            assert_eq!(to_human(seconds), expected);
        }
    }
}
