//! Content negotiation: which of our media types a client would rather have (RFC 9110, section 12.5.1).

/// The one of `offered` that an `Accept` header weighs highest; among equals one that it names before one that it only
/// covers, and then the one offered first.
/// `None` if it accepts none of them. Without a header everything is acceptable.
pub fn preferred<'a>(accept: Option<&str>, offered: &[&'a str]) -> Option<&'a str> {
    let Some(accept) = accept else { return offered.first().copied() };
    let mut best = None;
    for &media_type in offered {
        let weight = weight(accept, media_type);
        if weight.0 > 0 && best.is_none_or(|(_, highest)| weight > highest) {
            best = Some((media_type, weight));
        }
    }
    best.map(|(media_type, _)| media_type)
}

/// The weight in thousandths that `accept` gives to `media_type`, that of the most specific range, and how specific that
/// is.
fn weight(accept: &str, media_type: &str) -> (u16, u8) {
    let main_type = media_type.split('/').next().unwrap_or_default();
    let specificity = |range: &str| match range.split_once('/') {
        Some(("*", "*")) => Some(0),
        Some((main, "*")) if main.eq_ignore_ascii_case(main_type) => Some(1),
        Some(_) if range.eq_ignore_ascii_case(media_type) => Some(2),
        _ => None,
    };
    accept
        .split(',')
        .filter_map(|part| {
            let mut parameters = part.split(';').map(str::trim);
            let specificity = specificity(parameters.next()?)?;
            let quality =
                parameters.find_map(|parameter| parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q=")));
            Some((specificity, quality.map_or(1_000, thousandths)))
        })
        .max_by_key(|(specificity, _)| *specificity)
        .map_or((0, 0), |(specificity, weight)| (weight, specificity))
}

/// A `qvalue` in thousandths; what is not one counts as 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 1,000")]
fn thousandths(quality: &str) -> u16 {
    let quality: f32 = quality.parse().unwrap_or(0.0);
    if quality.is_nan() { 0 } else { (quality.clamp(0.0, 1.0) * 1_000.0) as u16 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON_OR_TEXT: [&str; 2] = ["application/json", "text/plain"];

    #[test]
    fn the_highest_weight_wins_and_among_equals_the_first_offered() {
        for (accept, expected) in [
            ("text/plain", Some("text/plain")),
            ("TEXT/PLAIN; Q=0.5", Some("text/plain")),
            ("application/json, text/plain, */*", Some("application/json")),
            ("text/plain, */*", Some("text/plain")),
            ("application/json;q=0.1, text/*;q=0.2", Some("text/plain")),
            ("*/*, application/json;q=0", Some("text/plain")),
            ("image/png", None),
            ("*/*;q=0", None),
            ("text/plain;q=nonsense", None),
            ("text/plain;q=NaN", None),
            (",,;;==", None),
        ] {
            assert_eq!(preferred(Some(accept), &JSON_OR_TEXT), expected, "{accept}");
        }
        assert_eq!(preferred(None, &JSON_OR_TEXT), Some("application/json"));
    }
}
