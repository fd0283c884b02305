//! Header values that browsers and other clients send.

/// The `User-Agent` of Firefox on a desktop computer.
pub const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// The `User-Agent` of Safari on a phone.
pub const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Mobile Safari/604.1";

/// The `User-Agent` of Facebook's link preview, which counts as a bot.
pub const FACEBOOK: &str = "facebookexternalhit/1.1";

/// The `User-Agent` of curl, which counts as a bot.
pub const CURL: &str = "curl/8.14.1";

/// The `Accept` header of Firefox for a page.
pub const BROWSER_ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
