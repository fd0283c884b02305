//! Who follows a link, as far as one may know: a program or a person, from which site, in which country, on what kind
//! of device. Nothing that tells one person from another is kept, no address above all.

use http::{HeaderMap, header};
use url::Url;

/// What the User-Agent of every browser of the last twenty years begins with. The rest are programs: `curl`, libraries,
/// apps that look at a link before a person does.
const BROWSERS: &[&str] = &["mozilla/", "opera/"];

/// What programs that call themselves Mozilla have in their User-Agent and browsers do not: a name for what they do, or
/// an address to complain to. Some fifty words in place of a list of hundreds of programs and the regular expression that
/// reads it: the crate `isbot` 0.1.3 adds 12.5 M instructions to a start (callgrind, release build) and 0.54 MB to a zip.
/// A test holds the words against `crawler-user-agents` 1.60 (96 % are known) and against browsers.
const PROGRAMS: &[&str] = &[
    "@",
    "agent;",
    "ahrefs",
    "archiv",
    "bot",
    "check",
    "coccoc",
    "collect",
    "crawl",
    "facebookexternalhit",
    "favicon",
    "feed",
    "fetch",
    "google-",
    "googleother",
    "headless",
    "http:",
    "https:",
    "httrack",
    "index",
    "java/",
    "libwww",
    "lighthouse",
    "loader",
    "mediapartners",
    "monitor",
    "nutch",
    "phantomjs",
    "pingdom",
    "playwright",
    "prerender",
    "preview",
    "probe",
    "proxy",
    "python",
    "scan",
    "scrap",
    "selenium",
    "sitemap",
    "slurp",
    "snippet",
    "spider",
    "thumb",
    "valid",
    "wget",
    "whatsapp",
    "www.",
    "yahoo!",
];

/// The longest name of a referring host that is kept, bytes; a longer one counts as [`OTHER`].
const MAX_HOST_BYTES: usize = 64;

/// The name for what has too long a name, or one too many.
pub const OTHER: &str = "other";

/// Who follows a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// Whether it is a program: a crawler, a preview, a script.
    pub bot: bool,
    /// The host of the page that the link stood on, where the browser tells.
    pub referrer: Option<String>,
    /// The country, two capital letters (ISO 3166-1), where CloudFront stands in front and tells.
    pub country: Option<String>,
    /// The kind of device: `phone`, `tablet` or `desktop`.
    pub device: &'static str,
}

impl Visitor {
    /// Who sent these headers.
    pub fn of(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
        let agent = text(header::USER_AGENT.as_str()).unwrap_or_default().to_ascii_lowercase();
        let country = text("cloudfront-viewer-country");
        let country = country.filter(|name| name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_uppercase()));
        // A browser that only looks ahead says so.
        let looks_ahead =
            ["purpose", "sec-purpose"].iter().any(|name| text(name).is_some_and(|p| p.contains("prefetch")));
        Self {
            bot: looks_ahead || is_program(&agent),
            referrer: text(header::REFERER.as_str()).and_then(referring_host),
            country: country.map(str::to_owned),
            device: device(&agent),
        }
    }
}

fn is_program(agent: &str) -> bool {
    !BROWSERS.iter().any(|name| agent.starts_with(name)) || PROGRAMS.iter().any(|word| agent.contains(word))
}

fn device(agent: &str) -> &'static str {
    let says = |word| agent.contains(word);
    if says("ipad") || says("tablet") || (says("android") && !says("mobile")) {
        "tablet"
    } else if says("mobi") || says("iphone") {
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
        Visitor::of(
            &headers
                .iter()
                .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
                .collect(),
        )
    }

    #[test]
    fn browsers_are_people_and_others_are_programs() {
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
            assert_eq!((seen.bot, seen.device), (bot, device), "{agent}");
        }
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        assert!(visitor(&[("user-agent", firefox), ("sec-purpose", "prefetch;prerender")]).bot);
    }

    #[test]
    fn of_a_referrer_only_the_host_is_kept() {
        let referrer = |text: &str| visitor(&[("referer", text)]).referrer;
        assert_eq!(referrer("https://www.example.com/private?token=secret"), Some("example.com".to_owned()));
        assert_eq!(referrer("android-app://com.example/"), None);
        assert_eq!(referrer("nonsense"), None);
        assert_eq!(referrer(&format!("https://{}.example/", "a".repeat(63))), Some(OTHER.to_owned()));
    }

    #[test]
    fn a_country_is_two_capital_letters_or_none() {
        let country = |text: &str| visitor(&[("cloudfront-viewer-country", text)]).country;
        assert_eq!(country("DE"), Some("DE".to_owned()));
        assert_eq!((country("de"), country("DEU"), country("<b>")), (None, None, None));
    }
}
