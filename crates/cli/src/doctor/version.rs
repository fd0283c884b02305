//! Comparing versions such as `0.1.0`.

/// Whether a version is older than that of this program; `None` if it is no version.
pub(super) fn is_older(version: &str) -> Option<bool> {
    Some(parse(version)? < parse(env!("CARGO_PKG_VERSION"))?)
}

fn parse(version: &str) -> Option<[u64; 3]> {
    let mut numbers = version.split('.').map(|number| number.parse().ok());
    let version = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert!(parse("0.9.0") < parse("0.10.0"));
        assert_eq!(is_older(env!("CARGO_PKG_VERSION")), Some(false));
        assert_eq!(is_older("0.0.9"), Some(true));
        for text in ["", "1", "1.2", "1.2.3.4", "a.b.c"] {
            assert_eq!(is_older(text), None, "{text}");
        }
    }
}
