//! How long browsers and a CDN may cache a redirect.

use shortlink_core::link_cache::STALE_IF_ERROR_SECONDS;

/// How long a browser may cache a redirect, in seconds: long enough for a double click, short enough for a link that is
/// deleted or changed. (Browsers keep a 301 without a limit for good.) The value is that of bit.ly.
const MAX_AGE_SECONDS: i64 = 90;

/// The `Cache-Control` of a redirect to a link that expires in `seconds_left`; `None`: it never does. `edge_seconds` is how
/// long a CDN may keep it; with 0, no shared cache may.
///
/// No cache uses it past the expiry. A browser subtracts the time that the redirect has spent in the CDN's cache, which is
/// in the header `Age`. CloudFront would use it for any time while the service answers with 5xx, unless `stale-if-error`
/// limits that. The limit is that of our own cache of links.
pub(crate) fn cache_control(seconds_left: Option<i64>, edge_seconds: i64) -> String {
    let at_most = |seconds: i64| seconds_left.map_or(seconds, |left| left.min(seconds)).max(0);
    let max_age = at_most(MAX_AGE_SECONDS);
    if edge_seconds == 0 {
        return format!("private, max-age={max_age}");
    }
    let shared = at_most(edge_seconds);
    let stale = at_most(shared + STALE_IF_ERROR_SECONDS) - shared;
    format!("public, max-age={max_age}, s-maxage={shared}, stale-if-error={stale}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cache_keeps_a_redirect_past_the_expiry() {
        for (left, edge, expected) in [
            (Some(0), 0, "private, max-age=0"),
            (Some(1), 0, "private, max-age=1"),
            (Some(89), 0, "private, max-age=89"),
            (Some(90), 0, "private, max-age=90"),
            (Some(3_601), 0, "private, max-age=90"),
            (None, 0, "private, max-age=90"),
            (Some(0), 3_600, "public, max-age=0, s-maxage=0, stale-if-error=0"),
            (Some(1), 3_600, "public, max-age=1, s-maxage=1, stale-if-error=0"),
            (Some(89), 3_600, "public, max-age=89, s-maxage=89, stale-if-error=0"),
            (Some(90), 3_600, "public, max-age=90, s-maxage=90, stale-if-error=0"),
            (Some(3_601), 3_600, "public, max-age=90, s-maxage=3600, stale-if-error=1"),
            (None, 3_600, "public, max-age=90, s-maxage=3600, stale-if-error=3600"),
            (Some(0), 60, "public, max-age=0, s-maxage=0, stale-if-error=0"),
            (Some(1), 60, "public, max-age=1, s-maxage=1, stale-if-error=0"),
            (Some(89), 60, "public, max-age=89, s-maxage=60, stale-if-error=29"),
            (Some(90), 60, "public, max-age=90, s-maxage=60, stale-if-error=30"),
            (Some(3_601), 60, "public, max-age=90, s-maxage=60, stale-if-error=3541"),
            (None, 60, "public, max-age=90, s-maxage=60, stale-if-error=3600"),
            // The clock of this process is behind: the link has been read as a live one.
            (Some(-1), 60, "public, max-age=0, s-maxage=0, stale-if-error=0"),
        ] {
            assert_eq!(cache_control(left, edge), expected, "{left:?} seconds left, {edge} at the edge");
        }
    }
}
