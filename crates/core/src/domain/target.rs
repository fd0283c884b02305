//! Targets: the URLs that a link may redirect to.
//!
//! A target is parsed by the rules that browsers follow (the WHATWG URL standard) and serialised so that it also
//! conforms to RFC 3986. Each rejection gives the client a reason. A target is never fetched.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use thiserror::Error;
use url::{Host, Url};

use crate::domain::invisible;
use crate::domain::special_address::is_special;

/// The maximum length of a target, in bytes after serialisation: what RFC 9110, section 4.1, recommends that every
/// sender and recipient supports. API Gateway documents a limit of 10,240 bytes for the request line and headers of a
/// request, and none for those of a response; a `Location` of this length stays below it.
pub const MAX_BYTES: usize = 8_000;

/// The maximum length of a text that is parsed, in bytes. Serialising can shorten a URL (dot segments, a default port),
/// but no real URL shrinks to a quarter of its length.
const MAX_INPUT_BYTES: usize = 4 * MAX_BYTES;

/// Domains whose names are resolved only within one machine or network: RFC 6761 (`localhost`), RFC 6762 (`local`, and
/// in appendix G names that networks use by convention), RFC 8375 (`home.arpa`), ICANN's reservation of `internal` and
/// its decision not to delegate `corp`, `home` and `mail`, and names of Unix systems (`localdomain`), of Windows
/// (`workgroup`) and of Kubernetes (`svc`). A name without a dot is treated the same.
const LOCAL_SUFFIXES: &[&str] = &[
    "corp",
    "home",
    "home.arpa",
    "internal",
    "intranet",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "mail",
    "private",
    "svc",
    "workgroup",
];

/// Domains that are reserved for something else than public hosts: RFC 9476 (`alt`), RFC 3172 (`arpa`), RFC 6761
/// (`invalid`, `test`) and RFC 7686 (`onion`). RFC 6761 also reserves `example`; it is allowed, since its names reach
/// nobody and everybody tries them.
const RESERVED_SUFFIXES: &[&str] = &["alt", "arpa", "invalid", "onion", "test"];

/// Public names of services that clouds run at link-local addresses: Google's and Azure's are below `internal`.
const METADATA_NAMES: &[&str] = &["metadata.packet.net", "metadata.platformequinix.com", "metadata.tencentyun.com"];

/// The maximum lengths of a host name and of one of its labels, in bytes (RFC 1035, section 2.3.4).
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// An `http` or `https` URL that a link may redirect to: ASCII, at most [`MAX_BYTES`] long, without user name and
/// password, with a public host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target(String);

/// The reason that a text is not a target. Each message continues a sentence that begins with the field's name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TargetError {
    /// The text is empty.
    #[error("is empty; give the URL that the link should redirect to")]
    Empty,
    /// The text, or the serialised URL, is too long.
    #[error("is longer than {MAX_BYTES} bytes; give a shorter URL")]
    TooLong,
    /// A tab, a line break or another control character, which URL parsers remove silently.
    #[error("contains the control character U+{:04X}; percent-encode it", u32::from(*character))]
    ControlCharacter {
        /// The first one.
        character: char,
    },
    /// A character that nobody sees, such as a zero-width space, in the middle of the text.
    #[error("contains {}, which is invisible; remove it, or percent-encode it if it belongs there", invisible::name(*character))]
    InvisibleCharacter {
        /// The first one.
        character: char,
    },
    /// There is neither a scheme nor a host name: `example`, `/path`.
    #[error("is not a URL such as https://example.com/page")]
    Relative,
    /// The URL parser's reason.
    #[error("is not a URL: {0}")]
    Syntax(url::ParseError),
    /// `javascript:`, `data:`, `ftp:` and the rest.
    #[error("has the scheme {scheme:?}; only http and https URLs can be shortened")]
    Scheme {
        /// The scheme, without its colon, cut at 32 characters.
        scheme: String,
    },
    /// `https://user:password@host/`.
    #[error("contains a user name or password, which anybody with the short link would see; remove it and the '@'")]
    Credentials,
    /// `localhost` and other names without a public meaning.
    #[error("points to {host:?}, which works only on your own network")]
    LocalName {
        /// The host.
        host: String,
    },
    /// `.onion`, `.test` and other names that are reserved for something else than public hosts.
    #[error("points to {host:?}, a reserved name that has no public address")]
    ReservedName {
        /// The host.
        host: String,
    },
    /// An address that is not routed on the public internet.
    #[error("points to the address {address}, which is loopback, private or otherwise not public")]
    SpecialAddress {
        /// The address, as the parser understood it.
        address: IpAddr,
    },
    /// A URL of this service, which could make a redirect loop.
    #[error("points to this service; give the URL that the short link redirects to")]
    OwnHost,
}

impl Target {
    /// Parses, checks and normalises a target. A text that begins with a public host name, such as `example.com/page`, gets
    /// its `https://`, as in the address bar of a browser.
    ///
    /// `own_hosts` are the hosts of this service, in lower case and without a port.
    ///
    /// # Errors
    ///
    /// The first [`TargetError`] that applies.
    pub fn parse(text: &str, own_hosts: &[&str]) -> Result<Self, TargetError> {
        let text = invisible::trim(text);
        if text.is_empty() {
            return Err(TargetError::Empty);
        }
        if text.len() > MAX_INPUT_BYTES {
            return Err(TargetError::TooLong);
        }
        if let Some(character) = text.chars().find(|c| c.is_control()) {
            return Err(TargetError::ControlCharacter { character });
        }
        let text = &*with_scheme(text);
        let url = Url::parse(text);
        if url == Err(url::ParseError::RelativeUrlWithoutBase) && !text.contains("://") {
            return Err(TargetError::Relative);
        }
        if let Some(character) = invisible::find_inside(text) {
            return Err(TargetError::InvisibleCharacter { character });
        }
        let url = url.map_err(|error| match error {
            url::ParseError::RelativeUrlWithoutBase => TargetError::Relative,
            error => TargetError::Syntax(error),
        })?;
        check(&url, own_hosts)?;
        let serialised = to_rfc3986(url.into());
        if serialised.len() > MAX_BYTES {
            return Err(TargetError::TooLong);
        }
        Ok(Self(serialised))
    }

    /// A target from the table, which was parsed when the link was created. Characters that RFC 3986 does not allow are
    /// percent-encoded, in case the item was written by an earlier version. Returns `None` if the text cannot be a
    /// `Location` header, which happens only if the table was edited by other means.
    pub fn from_stored(text: String) -> Option<Self> {
        let scheme = text.starts_with("https://") || text.starts_with("http://");
        let header_value = text.bytes().all(|byte| byte.is_ascii_graphic());
        (scheme && header_value).then(|| Self(to_rfc3986(text)))
    }

    /// Splits the target into the text before the host, the host with its port, and the rest. Pages emphasise the host,
    /// because the host alone decides whom a visitor reaches.
    pub fn split_at_host(&self) -> (&str, &str, &str) {
        split_at_host(&self.0)
    }

    /// The host in lower case, without the port and a trailing dot.
    pub fn host(&self) -> String {
        let url = Url::parse(&self.0).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
        host.strip_suffix('.').unwrap_or(host).to_owned()
    }

    /// The target as it is sent in `Location`: visible ASCII only.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text, with a scheme if it begins with a host name of several labels, and perhaps a port, instead of one.
fn with_scheme(text: &str) -> Cow<'_, str> {
    let authority = text.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let (host, port) = authority.split_once(':').unwrap_or((authority, "0"));
    let has_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = host.chars().all(|character| character.is_alphanumeric() || "-_.。．｡".contains(character));
    // A number such as `3.14` would be an IPv4 address, too.
    let labels: Vec<_> = host.split(['.', '。', '．', '｡']).collect();
    let is_number = |label: &&str| label.bytes().all(|byte| byte.is_ascii_digit());
    let is_address = labels.len() == 4 && !labels.contains(&"");
    let has_top_label = labels.last().is_some_and(|last| !is_number(last)) || is_address;
    match has_port && is_name && labels.len() > 1 && has_top_label {
        true => Cow::Owned(format!("https://{text}")),
        false => Cow::Borrowed(text),
    }
}

fn check(url: &Url, own_hosts: &[&str]) -> Result<(), TargetError> {
    if !matches!(url.scheme(), "http" | "https") {
        // `example.com:8080/path` parses as the scheme `example.com`.
        if url.scheme().contains('.') || url.scheme() == "localhost" {
            return Err(TargetError::Relative);
        }
        return Err(TargetError::Scheme { scheme: url.scheme().chars().take(32).collect() });
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(TargetError::Credentials);
    }
    let host = url.host_str().unwrap_or_default();
    let is_ours = |own: &&str| own.trim_end_matches('.') == host.trim_end_matches('.');
    if !host.is_empty() && own_hosts.iter().any(is_ours) {
        return Err(TargetError::OwnHost);
    }
    match url.host() {
        None => Err(TargetError::Syntax(url::ParseError::EmptyHost)),
        Some(Host::Domain(name)) => check_name(name),
        Some(Host::Ipv4(address)) => check_address(address.into()),
        Some(Host::Ipv6(address)) => check_address(address.into()),
    }
}

fn check_name(name: &str) -> Result<(), TargetError> {
    // "localhost." and "localhost" are the same name: the trailing dot is the DNS root.
    let name = name.strip_suffix('.').unwrap_or(name);
    let labels = || name.split('.');
    if name.len() > MAX_NAME || labels().any(|label| label.is_empty() || label.len() > MAX_LABEL) {
        return Err(TargetError::Syntax(url::ParseError::IdnaError));
    }
    let is_at_or_below =
        |suffix: &str| name.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    let is_in = |suffixes: &[&str]| suffixes.iter().any(|suffix| is_at_or_below(suffix));
    let shown = || name.chars().take(64).collect();
    if labels().count() == 1 || is_in(LOCAL_SUFFIXES) || is_in(METADATA_NAMES) {
        return Err(TargetError::LocalName { host: shown() });
    }
    if is_in(RESERVED_SUFFIXES) {
        return Err(TargetError::ReservedName { host: shown() });
    }
    Ok(())
}

fn check_address(address: IpAddr) -> Result<(), TargetError> {
    if is_special(address) { Err(TargetError::SpecialAddress { address }) } else { Ok(()) }
}

/// Percent-encodes what RFC 3986 does not allow and the WHATWG URL standard leaves as it is: `| ^ { } \` and others,
/// square brackets outside an IPv6 address, a `%` that no two hexadecimal digits follow, and `#` within a fragment.
/// Strict clients (`java.net.http`, Apache HttpClient 4, Ruby, Go) reject a `Location` with these characters.
fn to_rfc3986(url: String) -> String {
    let (before_host, host, _) = split_at_host(&url);
    let path_start = before_host.len() + host.len();
    let fragment_start = url.find('#');
    let is_allowed = |index: usize, byte: u8| match byte {
        b'%' => url.as_bytes().get(index + 1..index + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)),
        b'#' => fragment_start == Some(index),
        b'[' | b']' => index < path_start,
        b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' => true,
        b':' | b'@' | b'/' | b'?' => true,
        _ => byte.is_ascii_alphanumeric(),
    };
    if url.bytes().enumerate().all(|(index, byte)| is_allowed(index, byte)) {
        return url;
    }
    let mut encoded = String::with_capacity(url.len() + 16);
    for (index, byte) in url.bytes().enumerate() {
        if is_allowed(index, byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(percent_encoding::percent_encode_byte(byte));
        }
    }
    encoded
}

/// Splits a URL into the text before the host, the host with its port, and the rest.
fn split_at_host(url: &str) -> (&str, &str, &str) {
    let start = url.find("://").map_or(0, |at| at + 3);
    let (before, rest) = url.split_at(start);
    let (host, after) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    (before, host, after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, TargetError> {
        Target::parse(text, &["sho.rt"]).map(|target| target.to_string())
    }

    #[test]
    fn targets_are_stored_as_the_parser_serialises_them() {
        assert_eq!(parse(" HTTPS://EXAMPLE.com:443/a/../b?q=é#f "), Ok("https://example.com/b?q=%C3%A9#f".into()));
        assert_eq!(parse("https://bücher.example"), Ok("https://xn--bcher-kva.example/".into()));
        assert_eq!(parse("http://example.com."), Ok("http://example.com./".into()));
        assert_eq!(parse("https:\\\\example.com\\a"), Ok("https://example.com/a".into()));
    }

    #[test]
    fn targets_follow_rfc_3986() {
        for (text, expected) in [
            ("http://t.example.com/p|q", "http://t.example.com/p%7Cq"),
            (
                "http://t.example.com/[a]{b}^`?[a]{b}^`|#[a]{b}^|#x",
                "http://t.example.com/%5Ba%5D%7Bb%7D%5E%60?%5Ba%5D%7Bb%7D%5E%60%7C#%5Ba%5D%7Bb%7D%5E%7C%23x",
            ),
            ("http://t.example.com/%zz%4", "http://t.example.com/%25zz%254"),
            ("http://t.example.com/%", "http://t.example.com/%25"),
            ("http://t.example.com/?q=a\\b", "http://t.example.com/?q=a%5Cb"),
            ("http://[2606:4700::1111]/[x]", "http://[2606:4700::1111]/%5Bx%5D"),
            (
                "http://t.example.com/!$&'()*+,;=:@-._~%7c?a=b/c?d#e?f/g",
                "http://t.example.com/!$&'()*+,;=:@-._~%7c?a=b/c?d#e?f/g",
            ),
        ] {
            assert_eq!(parse(text), Ok(expected.to_owned()));
            assert_eq!(
                Target::from_stored(expected.to_owned()).map(|target| target.to_string()),
                Some(expected.to_owned())
            );
        }
        let stored = Target::from_stored("http://t.example.com/p|q".to_owned());
        assert_eq!(stored.map(|target| target.to_string()), Some("http://t.example.com/p%7Cq".to_owned()));
    }

    #[test]
    fn invisible_characters_are_trimmed_and_rejected_inside() {
        for text in
            ["\u{feff}https://example.com/", "https://example.com/\u{200b}", "\u{202a}https://example.com/\u{a0}\r\n"]
        {
            assert_eq!(parse(text), Ok("https://example.com/".into()), "{text:?}");
        }
        let inside = parse("https://exam\u{200b}ple.com/").expect_err("invisible").to_string();
        assert_eq!(
            inside,
            "contains U+200B (zero width space), which is invisible; remove it, or percent-encode it if it belongs there"
        );
        assert_eq!(
            parse("https://example.com/\u{202e}gpj.exe"),
            Err(TargetError::InvisibleCharacter { character: '\u{202e}' })
        );
        assert_eq!(
            parse("https\u{200b}://example.com/"),
            Err(TargetError::InvisibleCharacter { character: '\u{200b}' })
        );
        // The flag of England is a black flag and tag characters.
        let flag = "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}";
        let target = parse(&format!("https://example.com/{flag}"));
        assert_eq!(target.map(|target| target.len()), Ok("https://example.com/".len() + 7 * 4 * 3));
        assert_eq!(parse("https://example.com/%E2%80%8B"), Ok("https://example.com/%E2%80%8B".into()));
        // Joiners shape Persian words and emoji, and variation selectors choose the form of an emoji.
        assert_eq!(parse("https://نامه\u{200c}ای.com/"), Ok("https://xn--mgba3gch31f060k.com/".into()));
        assert_eq!(parse("https://example.com/❤\u{fe0f}"), Ok("https://example.com/%E2%9D%A4%EF%B8%8F".into()));
    }

    #[test]
    fn special_addresses_are_rejected_in_every_notation() {
        for host in [
            "127.0.0.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "127.1",
            "127.0.0.1.",
            "0",
            "%31%32%37.0.0.1",
            "127。0。0。1",
            "10.0.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "198.18.0.1",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:8.8.8.8]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[fe80::1]",
            "[fc00::1]",
            "[ff02::1]",
            "[2001::1]",
            "[2001:db8::1]",
            "[2002:7f00:1::]",
            "[3fff::1]",
        ] {
            let error = parse(&format!("http://{host}/")).expect_err(host);
            assert!(matches!(error, TargetError::SpecialAddress { .. }), "{host}: {error:?}");
        }
        for host in ["8.8.8.8", "134744072", "172.32.0.1", "100.128.0.1", "[2606:4700::1111]", "[2001:4860:4860::8888]"]
        {
            assert!(parse(&format!("http://{host}/")).is_ok(), "{host}");
        }
    }

    #[test]
    fn local_names_and_our_own_host_are_rejected_with_and_without_a_trailing_dot() {
        for host in [
            "localhost",
            "LOCALHOST.",
            "a.localhost:3000",
            "printer.local",
            "db.internal",
            "nas.home.arpa",
            "intranet",
            "nas.lan",
            "instance-data",
            "metadata.google.internal",
            "metadata.tencentyun.com",
        ] {
            assert!(matches!(parse(&format!("http://{host}")), Err(TargetError::LocalName { .. })), "{host}");
        }
        assert_eq!(parse("https://SHO.rt:8443/abc"), Err(TargetError::OwnHost));
        assert_eq!(parse("https://sho.rt./abc"), Err(TargetError::OwnHost));
        assert!(parse("https://not-sho.rt/").is_ok());
        assert!(parse("https://notlocal.example/").is_ok());
        assert_eq!(Target::parse("http://8.8.4.4/x", &["8.8.4.4"]), Err(TargetError::OwnHost));
        assert_eq!(Target::parse("http://[2606:4700::1111]/x", &["[2606:4700::1111]"]), Err(TargetError::OwnHost));
    }

    #[test]
    fn names_that_no_public_resolver_knows_are_rejected() {
        for suffix in ["home", "corp", "mail", "intranet", "private", "svc", "localdomain", "workgroup"] {
            for host in [format!("a.{suffix}"), format!("a.b.{suffix}."), format!("A.{suffix}:8080")] {
                assert!(matches!(parse(&format!("http://{host}")), Err(TargetError::LocalName { .. })), "{host}");
            }
        }
        for suffix in ["alt", "arpa", "in-addr.arpa", "invalid", "onion", "test"] {
            for host in [format!("a.{suffix}"), format!("a.b.{suffix}."), format!("A.{suffix}:8080")] {
                assert!(matches!(parse(&format!("http://{host}")), Err(TargetError::ReservedName { .. })), "{host}");
            }
        }
        assert!(matches!(parse("http://home.arpa"), Err(TargetError::LocalName { .. })));
        for free in ["alt.example.com", "test.com", "my-onion.com", "home.example.org", "a.mail.ru", "xarpa.net"] {
            assert!(parse(&format!("https://{free}/")).is_ok(), "{free}");
        }
    }

    #[test]
    fn host_name_gets_its_scheme() {
        for (text, expected) in [
            ("example.com", "https://example.com/"),
            (" Example.COM/a?b=http://c/#d ", "https://example.com/a?b=http://c/#d"),
            ("example.com:8080/a", "https://example.com:8080/a"),
            ("example.com?a@b", "https://example.com/?a@b"),
            ("bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
            ("例え。テスト/", "https://xn--r8jz45g.xn--zckzah/"),
            ("8.8.8.8/x", "https://8.8.8.8/x"),
        ] {
            assert_eq!(parse(text).map(|target| target.to_string()), Ok(expected.to_owned()), "{text}");
        }
        for text in [
            "example",
            "/example.com",
            "3.14",
            "1.2.3",
            "a.b.1",
            "localhost:3000",
            "[::1]/a",
            "a b.example/x",
            ".",
            "..",
        ] {
            assert_eq!(parse(text), Err(TargetError::Relative), "{text}");
        }
        // What has a scheme keeps it, and every other rule applies.
        for text in [
            "javascript:alert(document.cookie)",
            "mailto:me@example.com",
            "C:\\a.txt",
            "me:secret@example.com",
            "data:a.b",
            "tel:1.2",
        ] {
            assert!(matches!(parse(text), Err(TargetError::Scheme { .. })), "{text}");
        }
        assert!(matches!(parse("me@example.com"), Err(TargetError::Relative)));
        assert!(matches!(parse("10.0.0.1/x"), Err(TargetError::SpecialAddress { .. })));
        assert!(matches!(parse("nas.local/x"), Err(TargetError::LocalName { .. })));
        assert_eq!(parse("sho.rt/abc"), Err(TargetError::OwnHost));
    }

    #[test]
    fn each_rejection_says_what_to_do() {
        let detail = |text: &str| parse(text).expect_err(text).to_string();
        assert_eq!(detail("example/a"), "is not a URL such as https://example.com/page");
        assert_eq!(
            detail("javascript:alert(1)"),
            "has the scheme \"javascript\"; only http and https URLs can be shortened"
        );
        assert_eq!(detail("https://a\tb.example/"), "contains the control character U+0009; percent-encode it");
        assert_eq!(
            detail("https://me:secret@example.com/"),
            "contains a user name or password, which anybody with the short link would see; remove it and the '@'"
        );
        assert_eq!(detail("http://a.onion/"), "points to \"a.onion\", a reserved name that has no public address");
        assert_eq!(detail("   "), "is empty; give the URL that the link should redirect to");
        assert_eq!(detail("https://"), "is not a URL: empty host");
        assert_eq!(detail("https://example..com/"), "is not a URL: invalid international domain name");
    }

    #[test]
    fn the_length_limit_applies_after_serialisation() {
        let of_length = |n: usize| format!("https://example.com/{}", "a".repeat(n - 20));
        assert_eq!(parse(&of_length(MAX_BYTES)).map(|t| t.len()), Ok(MAX_BYTES));
        assert_eq!(parse(&of_length(MAX_BYTES + 1)), Err(TargetError::TooLong));
        let encoded_to_three_bytes_each = format!("https://example.com/{}", "é".repeat(1_400));
        assert_eq!(parse(&encoded_to_three_bytes_each), Err(TargetError::TooLong));
        assert_eq!(parse(&"x".repeat(10_000_000)), Err(TargetError::TooLong));
    }
}
