//! Content negotiation: which of several media types a client prefers (RFC 9110, section 12.5.1).

/// The media type among `offered` with the highest weight in an `Accept` header. Among equal weights, a type that the
/// header names comes before one that a wildcard covers, and then the first one offered wins.
///
/// Returns `None` if the header accepts none of them. Without a header, every type is acceptable.
pub fn negotiate<'a>(accept: Option<&str>, offered: &[&'a str]) -> Option<&'a str> {
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

/// The weight in thousandths that the most specific matching range in `accept` gives to `media_type`, and how specific
/// that range is: 0 for `*/*`, 1 for `type/*`, 2 for `type/subtype`.
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
            Some((specificity, quality(parameters)))
        })
        .max_by_key(|(specificity, _)| *specificity)
        .map_or((0, 0), |(specificity, weight)| (weight, specificity))
}

/// The weight in thousandths among the parameters of a part of an `Accept` header or the like; without one, 1,000.
pub(super) fn quality<'a>(mut parameters: impl Iterator<Item = &'a str>) -> u16 {
    let quality =
        parameters.find_map(|parameter| parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q=")));
    quality.map_or(1_000, thousandths)
}

/// A quality value in thousandths. An invalid one counts as 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the value is between 0 and 1,000")]
fn thousandths(quality: &str) -> u16 {
    let quality: f32 = quality.parse().unwrap_or(0.0);
    if quality.is_nan() { 0 } else { (quality.clamp(0.0, 1.0) * 1_000.0) as u16 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON_OR_TEXT: [&str; 2] = ["application/json", "text/plain"];

    #[test]
    fn the_highest_weight_wins_and_the_first_offer_breaks_ties() {
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
            assert_eq!(negotiate(Some(accept), &JSON_OR_TEXT), expected, "{accept}");
        }
        assert_eq!(negotiate(None, &JSON_OR_TEXT), Some("application/json"));
    }
}
