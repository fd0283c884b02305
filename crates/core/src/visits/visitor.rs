//! What a request's headers tell of a visitor. No address, and nothing else that distinguishes one person from another,
//! is stored.

use http::{HeaderMap, HeaderValue, header};
use url::Url;

use crate::domain::country::is_country;
use crate::domain::visit::{OTHER, Visitor};
use crate::visits::bots::is_bot;
use crate::visits::edge_key::EdgeKey;

/// The maximum length of a referring host's name, in bytes; a longer one counts as [`OTHER`].
const MAX_HOST_BYTES: usize = 64;

/// The headers in which browsers mark requests that they send before a person has clicked: the standard's
/// `Sec-Purpose`, and older ones of Chrome, Safari and Firefox.
pub const PURPOSE_HEADERS: &[&str] = &["sec-purpose", "purpose", "x-purpose", "x-moz"];

/// The visitor who sent these headers. Their country is known only if the CDN that adds it proves itself with `edge_key`,
/// since anybody could send the header.
pub fn from_headers(headers: &HeaderMap, edge_key: Option<&EdgeKey>) -> Visitor {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let is_from_edge = edge_key.is_some_and(|key| key.is_in(headers));
    let country = text("cloudfront-viewer-country").filter(|_| is_from_edge);
    let is_prefetch = PURPOSE_HEADERS.iter().any(|name| text(name).is_some_and(is_prefetch));
    let visitor = of(text(header::USER_AGENT.as_str()), text(header::REFERER.as_str()), country);
    Visitor { is_bot: is_prefetch || visitor.is_bot, ..visitor }
}

/// The visitor with this User-Agent, who comes from the page `referrer` and from `country`, which is trusted.
pub fn of(user_agent: Option<&str>, referrer: Option<&str>, country: Option<&str>) -> Visitor {
    let user_agent = user_agent.unwrap_or_default().to_ascii_lowercase();
    Visitor {
        is_bot: is_bot(&user_agent),
        referrer: referrer.and_then(referring_host),
        country: country.filter(|code| is_country(code)).map(str::to_owned),
        device: device(&user_agent),
    }
}

/// Whether a purpose header says that no person has clicked.
fn is_prefetch(purpose: &str) -> bool {
    let purpose = purpose.to_ascii_lowercase();
    ["prefetch", "prerender", "preview"].iter().any(|word| purpose.contains(word))
}

fn device(user_agent: &str) -> &'static str {
    let has = |word| user_agent.contains(word);
    if has("ipad") || has("tablet") || (has("android") && !has("mobile")) {
        "tablet"
    } else if has("mobi") || has("iphone") {
        "phone"
    } else {
        "desktop"
    }
}

fn referring_host(referrer: &str) -> Option<String> {
    let url = Url::parse(referrer).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let host = url.host_str()?;
    let host = host.strip_prefix("www.").unwrap_or(host);
    Some(if host.len() > MAX_HOST_BYTES { OTHER.to_owned() } else { host.to_owned() })
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;
    use crate::visits::edge_key;

    const EDGE_KEY: &str = "0123456789abcdef";

    fn visitor(headers: &[(&'static str, &str)]) -> Visitor {
        let headers = headers.iter().map(|(name, value)| {
            (name.parse::<HeaderName>().expect("a name"), value.parse::<HeaderValue>().expect("a value"))
        });
        from_headers(&headers.collect(), EdgeKey::parse(EDGE_KEY).as_ref())
    }

    #[test]
    fn browsers_are_people_and_everything_else_is_a_bot() {
        for (agent, bot, device) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", false, "desktop"),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
                false,
                "phone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36",
                false,
                "tablet",
            ),
            ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", true, "desktop"),
            ("facebookexternalhit/1.1", true, "desktop"),
            ("WhatsApp/2.23.20.0", true, "desktop"),
            ("curl/8.14.1", true, "desktop"),
            ("", true, "desktop"),
        ] {
            let seen = visitor(&[("user-agent", agent)]);
            assert_eq!((seen.is_bot, seen.device), (bot, device), "{agent}");
        }
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        assert!(visitor(&[("user-agent", firefox), ("sec-purpose", "prefetch;prerender")]).is_bot);
    }

    #[test]
    fn prefetches_are_not_people() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let is_bot = |name: &'static str, value: &str| visitor(&[("user-agent", firefox), (name, value)]).is_bot;
        for (name, value) in [
            ("sec-purpose", "prefetch"),
            ("sec-purpose", "Prefetch;Prerender"),
            ("purpose", "preview"),
            ("purpose", "PREFETCH"),
            ("x-purpose", "preview"),
            ("x-moz", "prefetch"),
        ] {
            assert!(is_bot(name, value), "{name}: {value}");
        }
        assert!(!is_bot("purpose", "reading"));
    }

    #[test]
    fn only_the_host_of_a_referrer_is_kept() {
        let referrer = |text: &str| visitor(&[("referer", text)]).referrer;
        assert_eq!(referrer("https://www.example.com/private?token=secret"), Some("example.com".to_owned()));
        assert_eq!(referrer("android-app://com.example/"), None);
        assert_eq!(referrer("nonsense"), None);
        assert_eq!(referrer(&format!("https://{}.example/", "a".repeat(63))), Some(OTHER.to_owned()));
    }

    #[test]
    fn country_is_a_known_one_and_needs_the_edge_key() {
        let sent_with =
            |key: &str, text: &str| visitor(&[("cloudfront-viewer-country", text), (edge_key::HEADER, key)]).country;
        assert_eq!(visitor(&[("cloudfront-viewer-country", "DE")]).country, None);
        assert_eq!(sent_with("fedcba9876543210", "DE"), None);
        let country = |text: &str| sent_with(EDGE_KEY, text);
        assert_eq!(country("DE"), Some("DE".to_owned()));
        for unknown in ["de", "DEU", "<b>", "ZZ", "QX"] {
            assert_eq!(country(unknown), None, "{unknown}");
        }
    }
}
