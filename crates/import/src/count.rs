//! Numbers of visits, as the sources write them.

/// Parses a whole number, also with separators between its thousands (`1,234`, `1.234`, `1 234`, `1'234`) or with `.0`.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let text = text.strip_suffix(".0").unwrap_or(text);
    let is_separator = |c: char| matches!(c, ',' | '.' | ' ' | '\'' | '_' | '\u{a0}' | '\u{202f}' | '’');
    let mut groups = text.split(is_separator);
    let first = groups.next()?;
    let mut digits = first.to_owned();
    let mut has_groups = false;
    for group in groups {
        has_groups = true;
        if group.len() != 3 {
            return None;
        }
        digits.push_str(group);
    }
    let is_valid = !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (!has_groups || (1..=3).contains(&first.len()));
    is_valid.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn thousands_are_read_with_separators() {
        for text in
            ["1234567", "1,234,567", "1.234.567", "1 234 567", "1'234'567", "1\u{a0}234\u{202f}567", "1234567.0"]
        {
            assert_eq!(parse(text), Some(1_234_567), "{text}");
        }
        assert_eq!(parse("0"), Some(0));
        for text in ["", "-1", "1,23", "1234,567", "1.5", "many", ",", "1,,000", "99999999999999999999"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
