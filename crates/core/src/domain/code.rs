//! Codes: the last segment of a short URL, generated at random or chosen by a client (an alias).
//!
//! [`Code::parse`] is the only parser: the key of every link in the table has passed through it.

use std::fmt;

use rand::Rng;
use thiserror::Error;

/// The characters of generated codes: ASCII letters and digits without vowels, so that no code contains a word, and
/// without those that look alike in print (`1 l I`, `0 O o`, `u v`, `5 S s`, `2 Z`) or like a vowel (`3`, `4`). This is
/// nanoid-dictionary's `nolookalikesSafe`: 36 characters, 5.2 bits each. Codes from other characters remain valid.
pub const ALPHABET: &[u8; 36] = b"6789BCDFGHJKLMNPQRTWbcdfghjkmnpqrtwz";

/// The minimum length of a code that is generated or chosen, in characters.
pub const MIN_LENGTH: usize = 3;

/// The minimum length of a code that is followed, in characters. Other shorteners, whose links can be imported, have shorter
/// ones than [`MIN_LENGTH`].
pub const MIN_READ_LENGTH: usize = 1;

/// The maximum length of a code, in characters.
pub const MAX_LENGTH: usize = 64;

/// Names that cannot be an alias: present and likely future paths of this service, files that browsers and crawlers
/// request by themselves, and words that would make a link look like a part of the service. Case, `-` and `_` do not
/// matter, nor do letters and digits that look alike (`0 O o`, `1 I i l`), so the names are written without
/// separators. They are in the order of their skeletons, in which `i` and `1` are `l` and `0` is `o`.
pub const RESERVED: &[&str] = &[
    "429",
    "410",
    "403",
    "404",
    "401",
    "400",
    "502",
    "503",
    "504",
    "501",
    "500",
    "about",
    "abuse",
    "abusereport",
    "access",
    "accesskey",
    "accesskeys",
    "account",
    "accounts",
    "admin",
    "administrator",
    "administrators",
    "admins",
    "ads",
    "adstxt",
    "analytics",
    "api",
    "apidocs",
    "apikey",
    "apikeys",
    "apis",
    "app",
    "appads",
    "appadstxt",
    "appleappsiteassociation",
    "apps",
    "asset",
    "assetlinks",
    "assets",
    "auth",
    "authenticate",
    "authentication",
    "authorization",
    "authorize",
    "autodiscover",
    "batch",
    "billing",
    "blog",
    "bulk",
    "callback",
    "campaign",
    "campaigns",
    "cgibin",
    "changepassword",
    "clientaccesspolicy",
    "code",
    "codes",
    "config",
    "configuration",
    "confirm",
    "confirmation",
    "console",
    "contact",
    "contactus",
    "cookie",
    "cookies",
    "create",
    "crossdomain",
    "csp",
    "csrf",
    "css",
    "dashboard",
    "debug",
    "delete",
    "dev",
    "developer",
    "developers",
    "development",
    "dmca",
    "doc",
    "docs",
    "documentation",
    "domain",
    "domains",
    "download",
    "downloads",
    "edit",
    "email",
    "emails",
    "embed",
    "error",
    "errors",
    "event",
    "events",
    "expand",
    "export",
    "exports",
    "false",
    "faq",
    "faqs",
    "favicon",
    "feed",
    "file",
    "files",
    "find",
    "font",
    "fonts",
    "forgot",
    "forgotpassword",
    "gdpr",
    "grant",
    "grants",
    "graphiql",
    "graphql",
    "group",
    "groups",
    "health",
    "healthcheck",
    "healthz",
    "help",
    "history",
    "home",
    "host",
    "hostmaster",
    "hosts",
    "html",
    "humans",
    "humanstxt",
    "javascript",
    "js",
    "json",
    "jwks",
    "jwt",
    "key",
    "keys",
    "legal",
    "legalnotice",
    "license",
    "licenses",
    "limit",
    "limits",
    "llms",
    "llmstxt",
    "link",
    "links",
    "live",
    "liveness",
    "livez",
    "image",
    "images",
    "import",
    "imports",
    "impressum",
    "imprint",
    "index",
    "info",
    "insights",
    "internal",
    "login",
    "logoff",
    "logon",
    "logout",
    "logs",
    "mail",
    "maintenance",
    "malware",
    "manage",
    "manifest",
    "mcp",
    "me",
    "media",
    "metric",
    "metrics",
    "mfa",
    "moderator",
    "moderators",
    "monitor",
    "monitoring",
    "mylinks",
    "nan",
    "new",
    "none",
    "noreply",
    "notfound",
    "notifications",
    "null",
    "oauth",
    "oembed",
    "official",
    "offline",
    "oidc",
    "openapi",
    "openid",
    "opensearch",
    "operator",
    "operators",
    "org",
    "organisation",
    "organisations",
    "organization",
    "organizations",
    "orgs",
    "otp",
    "owner",
    "owners",
    "passkey",
    "passkeys",
    "passwd",
    "password",
    "passwords",
    "payment",
    "payments",
    "phishing",
    "phpmyadmin",
    "ping",
    "policies",
    "policy",
    "postmaster",
    "preferences",
    "preview",
    "previews",
    "pricing",
    "privacy",
    "privacypolicy",
    "private",
    "prod",
    "production",
    "profile",
    "profiles",
    "prometheus",
    "public",
    "qr",
    "qrcode",
    "qrcodes",
    "readiness",
    "ready",
    "readyz",
    "redirect",
    "redirects",
    "register",
    "registration",
    "report",
    "reportabuse",
    "reports",
    "reset",
    "resetpassword",
    "resolve",
    "resolver",
    "revoke",
    "robot",
    "robots",
    "robotstxt",
    "root",
    "rss",
    "saml",
    "scim",
    "script",
    "scripts",
    "search",
    "security",
    "securitytxt",
    "sellers",
    "sellersjson",
    "server",
    "service",
    "services",
    "serviceworker",
    "session",
    "sessions",
    "settings",
    "shorten",
    "shortener",
    "shortlink",
    "shorturl",
    "shorturls",
    "signin",
    "signoff",
    "signout",
    "signup",
    "sitemap",
    "sitemaps",
    "spam",
    "sping",
    "sso",
    "staff",
    "staging",
    "static",
    "statistic",
    "statistics",
    "stats",
    "status",
    "statuspage",
    "style",
    "styles",
    "stylesheet",
    "subscribe",
    "subscription",
    "subscriptions",
    "sudo",
    "superuser",
    "support",
    "sw",
    "swagger",
    "swaggerui",
    "sysadmin",
    "system",
    "tag",
    "tags",
    "takedown",
    "team",
    "teams",
    "telemetry",
    "terms",
    "termsofservice",
    "termsofuse",
    "test",
    "testing",
    "tests",
    "token",
    "tokens",
    "tos",
    "tracking",
    "trafficadvice",
    "true",
    "unauthorized",
    "undefined",
    "unsubscribe",
    "update",
    "updates",
    "upload",
    "uploads",
    "url",
    "urls",
    "user",
    "userinfo",
    "username",
    "usernames",
    "users",
    "verification",
    "verified",
    "verify",
    "version",
    "versions",
    "visit",
    "visitor",
    "visitors",
    "visits",
    "webhook",
    "webhooks",
    "webmaster",
    "wellknown",
    "worker",
    "workers",
    "workspace",
    "workspaces",
    "wpadmin",
    "wpcontent",
    "wpincludes",
    "wplogin",
    "www",
    "xml",
    "xmlrpc",
];

/// Beginnings of names that cannot be an alias, compared in the same way: files that browsers and crawlers request by
/// themselves, such as `/apple-touch-icon-precomposed.png`, which would be a link's QR code.
pub const RESERVED_PREFIXES: &[&str] =
    &["androidchrome", "appletouchicon", "browserconfig", "favicon", "mstile", "safaripinnedtab"];

/// A code: 1 to 64 of `A-Z a-z 0-9 _ -`, of which those that are generated or chosen have at least 3. Case matters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(String);

/// The reason that a text is not a code or cannot be an alias.
///
/// Each message continues a sentence that begins with the field's name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CodeError {
    /// Too short or too long.
    #[error("has {length} characters; use {MIN_LENGTH} to {MAX_LENGTH}")]
    Length {
        /// The number of characters.
        length: usize,
    },
    /// A character that is not allowed in a code.
    #[error("contains {character:?}; use only letters A-Z a-z, digits 0-9, '_' and '-'")]
    Character {
        /// The first such character.
        character: char,
    },
    /// An alias that begins or ends with `_` or `-`. Programs that turn addresses in text into links often leave these
    /// out of the link.
    #[error("must begin and end with a letter or digit")]
    Ends,
    /// Looks like one of [`RESERVED`], or begins like one of [`RESERVED_PREFIXES`].
    #[error("is reserved; choose another name")]
    Reserved,
}

impl Code {
    /// Parses a code.
    ///
    /// # Errors
    ///
    /// [`CodeError::Character`] or [`CodeError::Length`].
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if let Some(character) = text.chars().find(|&c| !allowed(c)) {
            return Err(CodeError::Character { character });
        }
        if !(MIN_READ_LENGTH..=MAX_LENGTH).contains(&text.len()) {
            return Err(CodeError::Length { length: text.len() });
        }
        Ok(Self(text.to_owned()))
    }

    /// Parses a code that a client chose for a new link.
    ///
    /// # Errors
    ///
    /// As [`Code::parse`], and [`CodeError::Ends`] or [`CodeError::Reserved`].
    pub fn parse_alias(text: &str) -> Result<Self, CodeError> {
        let code = Self::parse(text)?;
        if text.len() < MIN_LENGTH {
            return Err(CodeError::Length { length: text.len() });
        }
        let ends_well = |end: Option<char>| end.is_some_and(|c| c.is_ascii_alphanumeric());
        if !ends_well(text.chars().next()) || !ends_well(text.chars().next_back()) {
            return Err(CodeError::Ends);
        }
        if code.is_reserved() { Err(CodeError::Reserved) } else { Ok(code) }
    }

    /// An alias that says nearly the same as a text that is none, such as `my-sale` for `my sale!`.
    pub fn similar_alias(text: &str) -> Option<Self> {
        let words = text.split(|c: char| c.is_whitespace() || matches!(c, '-' | '.' | '/' | '+'));
        let words =
            words.map(|word| word.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>());
        let alias = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
        Self::parse_alias(alias.trim_matches('_')).ok()
    }

    /// Other aliases that say nearly the same as this one: `sale-2`, `sale-3` and so on.
    pub fn numbered(&self) -> impl Iterator<Item = Self> + '_ {
        (2..10).filter_map(move |number| Self::parse_alias(&format!("{self}-{number}")).ok())
    }

    /// Generates a code of `length` characters (clamped to 3 to 64) from [`ALPHABET`]. All characters are equally
    /// likely if `rng` is uniform.
    pub fn random(length: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        let length = length.clamp(MIN_LENGTH, MAX_LENGTH);
        loop {
            let code = Self(random_chars(length, rng));
            if !code.is_reserved() {
                return code;
            }
        }
    }

    /// The code as it appears in a path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_reserved(&self) -> bool {
        let mut own = skeleton(&self.0);
        if !own.next().zip(own.next()).is_some_and(|(first, second)| is_beginning(first, second)) {
            return false;
        }
        let begins_with = |prefix: &&str| skeleton(prefix).eq(skeleton(&self.0).take(prefix.len()));
        RESERVED.binary_search_by(|name| skeleton(name).cmp(skeleton(&self.0))).is_ok()
            || RESERVED_PREFIXES.iter().any(begins_with)
    }
}

/// What two names have in common if people could take one for the other: their letters and digits without case, and one
/// letter for those that look alike.
fn skeleton(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().filter(|byte| !matches!(byte, b'-' | b'_')).map(fold)
}

const fn fold(byte: u8) -> u8 {
    match byte.to_ascii_lowercase() {
        b'0' => b'o',
        b'1' | b'i' => b'l',
        other => other,
    }
}

/// Whether the skeleton of a reserved name may begin with these two characters. Every generated code is checked, and
/// seven of eight need no search.
fn is_beginning(first: u8, second: u8) -> bool {
    BEGINNINGS.get(usize::from(first % 32)).is_some_and(|seconds| seconds & (1 << (second % 32)) != 0)
}

/// For each first character of a reserved name, modulo 32, the set of second characters.
const BEGINNINGS: [u32; 32] = add_beginnings(RESERVED_PREFIXES, add_beginnings(RESERVED, [0; 32]));

#[expect(clippy::indexing_slicing, reason = "the compiler evaluates this")]
const fn add_beginnings(mut names: &[&str], mut sets: [u32; 32]) -> [u32; 32] {
    while let [name, rest @ ..] = names {
        if let [first, second, ..] = name.as_bytes() {
            sets[(fold(*first) % 32) as usize] |= 1 << (fold(*second) % 32);
        }
        names = rest;
    }
    sets
}

/// Generates characters by rejection sampling: bytes of 252 (7 x 36) and above are discarded, because `byte % 36` would
/// otherwise favour some characters. It reads 16 bytes at a time, since each read of the operating system's random
/// source is a system call.
fn random_chars(length: usize, rng: &mut (impl Rng + ?Sized)) -> String {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut bytes = [0_u8; 16];
        rng.fill_bytes(&mut bytes);
        let accepted = bytes.into_iter().map(usize::from).filter(|byte| *byte < 256 / ALPHABET.len() * ALPHABET.len());
        let chars = accepted.filter_map(|byte| ALPHABET.get(byte % ALPHABET.len()));
        text.extend(chars.take(length - text.len()).copied().map(char::from));
    }
    text
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similar_aliases_are_aliases() {
        for (text, expected) in [
            ("my sale", Some("my-sale")),
            (" Spring Sale 2030! ", Some("Spring-Sale-2030")),
            ("a/b/c", Some("a-b-c")),
            ("-abc-", Some("abc")),
            ("abc_", Some("abc")),
            ("naïve", Some("nave")),
            ("日本", None),
            ("ad min", None),
            ("", None),
        ] {
            assert_eq!(Code::similar_alias(text).as_ref().map(Code::as_str), expected, "{text}");
        }
        let numbered: Vec<_> =
            Code::parse("sale").expect("a code").numbered().take(2).map(|code| code.to_string()).collect();
        assert_eq!(numbered, ["sale-2", "sale-3"]);
        assert_eq!(Code::parse(&"a".repeat(63)).expect("a code").numbered().next(), None);
    }

    #[test]
    fn the_alphabet_is_sorted_unique_and_alphanumeric() {
        assert!(ALPHABET.is_sorted_by(|a, b| a < b));
        assert!(ALPHABET.iter().all(u8::is_ascii_alphanumeric));
    }

    #[test]
    fn generated_codes_contain_no_words() {
        // Nor what people read as a vowel: `h3ll`, `4ss`, `v` for `u`, `y`.
        let spelling = |byte: &u8| b"aeiouyv01345".contains(&byte.to_ascii_lowercase());
        assert_eq!(ALPHABET.iter().find(|byte| spelling(byte)), None);
    }

    #[test]
    fn reserved_names_are_rejected_in_any_case() {
        assert_eq!(Code::parse_alias("ShOrTeN"), Err(CodeError::Reserved));
        assert!(Code::parse_alias("shortened").is_ok());
        assert_eq!(Code::parse_alias("Apple-Touch-Icon-120x120"), Err(CodeError::Reserved));
    }

    #[test]
    fn reserved_names_are_lower_case_and_in_order() {
        let is_plain = |name: &&str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        assert!(RESERVED.iter().chain(RESERVED_PREFIXES).all(is_plain));
        for pair in RESERVED.windows(2) {
            assert!(skeleton(pair[0]).lt(skeleton(pair[1])), "{pair:?} are the same or in the wrong order");
        }
    }

    /// What the service serves or may serve, and what programs look for at the root of a site.
    #[test]
    fn well_known_names_are_reserved_in_any_case() {
        let names = "links api admin login logout keys health static assets app docs metrics sping ping well-known sitemap \
                     manifest sw robots favicon apple-app-site-association ads app-ads humans security llms sellers \
                     assetlinks crossdomain openapi browserconfig apple-touch-icon wp-admin wp-login xmlrpc cgi-bin \
                     owners grants hosts history visits tags search report abuse";
        for name in names.split_whitespace() {
            for alias in [name.to_owned(), name.to_uppercase(), name.replace('-', "_")] {
                let parsed = Code::parse_alias(&alias);
                // Names of two characters are too short to be an alias.
                assert!(name.len() < MIN_LENGTH || parsed == Err(CodeError::Reserved), "{alias}: {parsed:?}");
            }
        }
    }

    #[test]
    fn names_that_look_like_a_reserved_one_are_rejected() {
        for alias in ["l0gin", "log-in", "Iogin", "LOG1N", "l_0-g-i-n", "a-d-m-i-n", "m-e", "sign-0ut", "4O4"] {
            assert_eq!(Code::parse_alias(alias), Err(CodeError::Reserved), "{alias}");
        }
        assert_eq!(Code::parse_alias("favic0n-32x32"), Err(CodeError::Reserved));
        assert_eq!(Code::parse_alias("apple_touch_1con"), Err(CodeError::Reserved));
        // Nobody can choose these, either.
        assert_eq!(Code::parse_alias("admin_"), Err(CodeError::Ends));
    }

    #[test]
    fn names_that_contain_a_reserved_one_are_free() {
        for alias in ["my-login-page", "login2", "api-guide", "status-2030", "the-team", "newsletter", "lagin"] {
            assert!(Code::parse_alias(alias).is_ok(), "{alias}");
        }
    }

    #[test]
    fn reserved_names_can_be_looked_up() {
        for text in ["login", "l0gin", "apple-touch-icon", "404"] {
            assert!(Code::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn short_codes_can_be_followed_and_not_chosen() {
        for text in ["1", "ab", "_"] {
            assert!(Code::parse(text).is_ok(), "{text}");
            assert_eq!(Code::parse_alias(text), Err(CodeError::Length { length: text.len() }));
        }
        assert_eq!(Code::parse(""), Err(CodeError::Length { length: 0 }));
        assert_eq!(Code::parse(&"a".repeat(65)), Err(CodeError::Length { length: 65 }));
    }

    #[test]
    fn aliases_begin_and_end_with_a_letter_or_digit() {
        for alias in ["abc_", "_abc", "-abc", "abc-", "___"] {
            assert_eq!(Code::parse_alias(alias), Err(CodeError::Ends), "{alias}");
            assert!(Code::parse(alias).is_ok(), "{alias}");
        }
        assert!(Code::parse_alias("a_c").is_ok());
    }

    /// A chi-squared test over 360,000 characters. With 35 degrees of freedom, an unbiased generator exceeds 83.0 once in
    /// 100,000 runs; one with modulo bias exceeds it eightfold.
    #[test]
    fn all_characters_are_equally_likely() {
        let mut rng = rand::rand_core::UnwrapErr(rand::rngs::SysRng);
        let mut seen = [0_u32; 128];
        for _ in 0..10_000 {
            for byte in Code::random(36, &mut rng).as_str().bytes() {
                seen[usize::from(byte)] += 1;
            }
        }
        let expected = 10_000.0;
        let chi_squared: f64 =
            ALPHABET.iter().map(|&byte| (f64::from(seen[usize::from(byte)]) - expected).powi(2) / expected).sum();
        assert!(chi_squared < 83.0, "chi-squared {chi_squared}");
    }
}
