//! Formats numbers for the tables.

/// Formats a number: with two decimals below 10, otherwise as a whole number.
pub(crate) fn short(value: f64) -> String {
    if value < 10.0 && value.fract() != 0.0 { format!("{value:.2}") } else { whole(value) }
}

/// Formats a share as a percentage.
pub(crate) fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0".to_owned(),
        percent if percent >= 99.95 => "nearly 100 %".to_owned(),
        percent if percent >= 10.0 => format!("{percent:.1} %"),
        percent if percent >= 0.01 => format!("{percent:.2} %"),
        percent => format!("{percent:.1e} %"),
    }
}

/// Formats a whole number with its digits in groups of three: `27,300`.
fn whole(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_formatted_for_people() {
        assert_eq!([0.0, 0.00147, 0.147, 0.9999].map(percent), ["0", "0.15 %", "14.7 %", "nearly 100 %"]);
        assert_eq!(
            [0.0, 0.123, 12.3, 1_234.0, 123_456.0, 1_234_567.0].map(short),
            ["0", "0.12", "12", "1,234", "123,456", "1,234,567"]
        );
    }
}
