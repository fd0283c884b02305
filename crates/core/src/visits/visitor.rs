//! What a request's headers tell of a visitor. Nothing that distinguishes one person from another is kept, and no address.

use http::{HeaderMap, HeaderValue, header};
use url::Url;

use crate::domain::visit::{OTHER, Visitor};
use crate::visits::bots::is_bot;

/// The maximum length of a referring host's name, in bytes; a longer one counts as [`OTHER`].
const MAX_HOST_BYTES: usize = 64;

/// The visitor who sent these headers.
pub fn from_headers(headers: &HeaderMap) -> Visitor {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let user_agent = text(header::USER_AGENT.as_str()).unwrap_or_default().to_ascii_lowercase();
    let country = text("cloudfront-viewer-country");
    let country = country.filter(|name| name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_uppercase()));
    // Browsers mark requests that they send before a person has clicked.
    let is_prefetch = ["purpose", "sec-purpose"].iter().any(|name| text(name).is_some_and(|p| p.contains("prefetch")));
    Visitor {
        is_bot: is_prefetch || is_bot(&user_agent),
        referrer: text(header::REFERER.as_str()).and_then(referring_host),
        country: country.map(str::to_owned),
        device: device(&user_agent),
    }
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
    use super::*;

    fn visitor(headers: &[(&'static str, &str)]) -> Visitor {
        from_headers(
            &headers
                .iter()
                .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
                .collect(),
        )
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
    fn only_the_host_of_a_referrer_is_kept() {
        let referrer = |text: &str| visitor(&[("referer", text)]).referrer;
        assert_eq!(referrer("https://www.example.com/private?token=secret"), Some("example.com".to_owned()));
        assert_eq!(referrer("android-app://com.example/"), None);
        assert_eq!(referrer("nonsense"), None);
        assert_eq!(referrer(&format!("https://{}.example/", "a".repeat(63))), Some(OTHER.to_owned()));
    }

    #[test]
    fn a_country_is_two_capital_letters() {
        let country = |text: &str| visitor(&[("cloudfront-viewer-country", text)]).country;
        assert_eq!(country("DE"), Some("DE".to_owned()));
        assert_eq!((country("de"), country("DEU"), country("<b>")), (None, None, None));
    }
}
