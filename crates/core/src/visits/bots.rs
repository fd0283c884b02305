//! Which user agents are bots: crawlers, link previews, scripts.

/// What the User-Agent of nearly every browser of the last twenty years begins with, in lower case.
const BROWSER_PREFIXES: &[&str] = &["mozilla/", "opera/"];

/// What only browser engines contain, wherever it stands: apps that show pages in a web view may put their own name
/// first.
const ENGINE_WORDS: &[&str] = &["applewebkit/", "ucbrowser", "ucweb/"];

/// What browsers and in-app browsers begin with that name neither Mozilla nor an engine. Their User-Agents may contain
/// words of [`BOT_WORDS`], such as the library `libwww` in Lynx.
const OTHER_BROWSER_PREFIXES: &[&str] =
    &["[fban/", "[fbav/", "dillo/", "elinks/", "ibrowse/", "links (", "lynx/", "ncsa_mosaic/", "w3m/"];

/// Words that occur in the User-Agent of bots that call themselves Mozilla, and not in that of browsers: what the bot
/// does, or where it is described. In lower case. An e-mail address marks a bot, too: see [`contains_email_address`].
///
/// These words replace a list of hundreds of bots and the regular expression that matches it: the crate `isbot`
/// 0.1.3 adds 12.5 M instructions to a start (callgrind, release build) and 0.54 MB to a zip. A test compares the words
/// with `crawler-user-agents` 1.60, of which they recognise 96 %, and with a list of browsers.
const BOT_WORDS: &[&str] = &[
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

/// Names of devices and apps that contain one of [`BOT_WORDS`] by accident.
const HARMLESS_NAMES: &[&str] = &["caboto", "camscanner", "checkout", "cubot", "; m bot ", "turbotab"];

/// Whether a User-Agent, in lower case, is a bot's. Everything that is not a browser's is: `curl`, HTTP libraries, apps
/// that fetch a link before a person opens it.
pub fn is_bot(user_agent: &str) -> bool {
    let begins_with = |prefixes: &[&str]| prefixes.iter().any(|prefix| user_agent.starts_with(prefix));
    if begins_with(OTHER_BROWSER_PREFIXES) {
        return false;
    }
    if !begins_with(BROWSER_PREFIXES) && !ENGINE_WORDS.iter().any(|word| user_agent.contains(word)) {
        return true;
    }
    let is_bot = |user_agent: &str| BOT_WORDS.iter().any(|word| user_agent.contains(word));
    if contains_email_address(user_agent) {
        return true;
    }
    // The names are removed only if there is a word to be explained: most User-Agents contain neither.
    is_bot(user_agent)
        && is_bot(&HARMLESS_NAMES.iter().fold(user_agent.to_owned(), |rest, name| rest.replace(name, "")))
}

/// Whether there is an `@` before a domain name, whose last label has letters only. Browsers use `@` for versions, as
/// in `ios@9.2.3.1367`, and for locales.
fn contains_email_address(user_agent: &str) -> bool {
    user_agent.split('@').skip(1).any(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-').unwrap_or(rest.len());
        let domain = rest.get(..end).unwrap_or_default().trim_end_matches('.');
        domain.rsplit_once('.').is_some_and(|(_, last)| last.len() > 1 && last.bytes().all(|b| b.is_ascii_alphabetic()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_with_unusual_names_are_people() {
        for user_agent in [
            "mozilla/5.0 (linux; android 10; k) applewebkit/537.36 (khtml, like gecko) chrome/145.0.0.0 mobile \
             safari/537.36 (ecosia android@145.0.0.0)",
            "mozilla/5.0 (iphone; cpu iphone os 17_5 like mac os x) applewebkit/605.1.15 instagram 330.0 (en_ir@calendar=\
             gregorian; en)",
            "mozilla/5.0 (linux; android 6.0; cubot max) applewebkit/537.36 chrome/72.0.3626.121 mobile safari/537.36",
            "mozilla/5.0 (linux; android 11; m bot 60) applewebkit/537.36 chrome/99.0 mobile safari/537.36",
            "mozilla/5.0 (linux; android 13; wv) applewebkit/537.36 mobile safari/537.36 camscanner/4.5.0",
            "mozilla/5.0 (linux; android 14; wv) applewebkit/537.36 mobile safari/537.36 csh-store-checkout",
            "[fban/fb4a;fbav/567.1.0.52.74;fbdm/{density=3.0}]",
            "job search/24.4.0 mozilla/5.0 (linux; android 14; wv) applewebkit/537.36 mobile safari/537.36",
            "lynx/2.9.0dev.6 libwww-fm/2.14 ssl-mm/1.4.1 openssl/1.1.1j-dev",
            "elinks/0.12~pre6 (textmode; linux; 100x25-2)",
        ] {
            assert!(!is_bot(user_agent), "{user_agent}");
        }
    }

    #[test]
    fn a_harmless_name_does_not_hide_a_bot() {
        for user_agent in [
            "mozilla/5.0 (linux; android 6.0; cubot max) applewebkit/537.36 (compatible; googlebot/2.1)",
            "mozilla/5.0 (compatible; examplespider; someone@example.com)",
            "mozilla/5.0 (compatible; gatherer/1.0; +admin@sub.example.co.uk)",
            "curl/8.14.1",
            "outlook-ios/709.2189947.prod.iphone",
            "",
        ] {
            assert!(is_bot(user_agent), "{user_agent}");
        }
    }
}
