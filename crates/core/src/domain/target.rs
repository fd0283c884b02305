//! Targets: the URLs that a link may redirect to.
//!
//! A target is parsed by the rules that browsers follow (the WHATWG URL standard) and stored as that parser serialises
//! it. Each rejection has a reason that the client is told. A target is never fetched.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use thiserror::Error;
use url::{Host, Url};

/// The maximum length of a target, in bytes after serialisation. Browsers follow longer URLs; chat clients, proxies and
/// some gateways do not.
pub const MAX_BYTES: usize = 2_048;

/// The maximum length of a text that is parsed, in bytes. Serialising can shorten a URL (dot segments, a default port),
/// but no URL in use is shortened from four times the limit.
const MAX_INPUT_BYTES: usize = 4 * MAX_BYTES;

/// Domains whose names are resolved only within one machine or network: RFC 6761 (`localhost`), RFC 6762 (`local`),
/// RFC 8375 (`home.arpa`), ICANN's reservation of `internal`, and names that routers and Unix systems use by convention
/// (`lan`, `localdomain`). A name without a dot is treated the same.
const LOCAL_SUFFIXES: &[&str] = &["localhost", "local", "home.arpa", "internal", "lan", "localdomain"];

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
    #[error("is longer than {MAX_BYTES} bytes; links to such URLs break in many clients")]
    TooLong,
    /// A tab, a line break or another control character, which URL parsers remove silently.
    #[error("contains the control character U+{:04X}; percent-encode it", u32::from(*character))]
    ControlCharacter {
        /// The first one.
        character: char,
    },
    /// There is no scheme: `example.com/path`.
    #[error("is not an absolute URL; start it with https:// or http://")]
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
    /// Parses, checks and normalises a target.
    ///
    /// `own_hosts` are the hosts of this service, in lower case and without a port.
    ///
    /// # Errors
    ///
    /// The first [`TargetError`] that applies.
    pub fn parse(text: &str, own_hosts: &[&str]) -> Result<Self, TargetError> {
        let text = text.trim_matches(' ');
        if text.is_empty() {
            return Err(TargetError::Empty);
        }
        if text.len() > MAX_INPUT_BYTES {
            return Err(TargetError::TooLong);
        }
        if let Some(character) = text.chars().find(|c| c.is_control()) {
            return Err(TargetError::ControlCharacter { character });
        }
        let url = Url::parse(text).map_err(|error| match error {
            url::ParseError::RelativeUrlWithoutBase => TargetError::Relative,
            error => TargetError::Syntax(error),
        })?;
        check(&url, own_hosts)?;
        let serialised = String::from(url);
        if serialised.len() > MAX_BYTES {
            return Err(TargetError::TooLong);
        }
        Ok(Self(serialised))
    }

    /// A target from the table, which was parsed when the link was created. Returns `None` if the text cannot be a
    /// `Location` header, which happens only if the table was edited by other means.
    pub fn from_stored(text: String) -> Option<Self> {
        let scheme = text.starts_with("https://") || text.starts_with("http://");
        let header_value = text.bytes().all(|byte| byte.is_ascii_graphic());
        (scheme && header_value).then_some(Self(text))
    }

    /// Splits the target into the text before the host, the host with its port, and the rest. Pages emphasise the host,
    /// because the host alone decides whom a visitor reaches.
    pub fn split_at_host(&self) -> (&str, &str, &str) {
        let start = self.0.find("://").map_or(0, |at| at + 3);
        let (before, rest) = self.0.split_at(start);
        let (host, after) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        (before, host, after)
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
        Some(Host::Ipv4(address)) => check_address(IpAddr::V4(address), is_special_v4(address)),
        Some(Host::Ipv6(address)) => check_address(IpAddr::V6(address), is_special_v6(address)),
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
    if labels().count() == 1 || LOCAL_SUFFIXES.iter().any(|suffix| is_at_or_below(suffix)) {
        return Err(TargetError::LocalName { host: name.chars().take(64).collect() });
    }
    Ok(())
}

fn check_address(address: IpAddr, special: bool) -> Result<(), TargetError> {
    if special { Err(TargetError::SpecialAddress { address }) } else { Ok(()) }
}

/// Whether an address is in IANA's IPv4 Special-Purpose Address Registry, multicast or reserved.
/// (`Ipv4Addr::is_global` is nearly the same and is not stable.)
fn is_special_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_private()                       // 10/8, 172.16/12, 192.168/16
        || address.is_loopback()               // 127/8
        || address.is_link_local()             // 169.254/16, including cloud metadata services
        || address.is_multicast()              // 224/4
        || address.is_documentation()          // 192.0.2/24, 198.51.100/24, 203.0.113/24
        || a == 0                              // "this network", RFC 791
        || a >= 240                            // reserved, RFC 1112, and broadcast
        || (a == 100 && (b & 0xc0) == 64)      // shared address space, RFC 6598
        || (a == 198 && (b & 0xfe) == 18)      // benchmarking, RFC 2544
        || (a == 192 && b == 0 && c == 0)      // IETF protocol assignments, RFC 6890
        || (a == 192 && b == 88 && c == 99) // 6to4 relay anycast, RFC 7526
}

/// Whether an address is not global unicast. Only 2000::/3 is allocated; loopback, `::ffff:a.b.c.d`, `64:ff9b::/96`,
/// unique local, link-local and multicast addresses are outside it. Within it, IANA's IPv6 Special-Purpose Address
/// Registry excludes some ranges.
fn is_special_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    (first & 0xe000) != 0x2000
        || (first == 0x2001 && second < 0x0200)   // IETF protocol assignments, including Teredo
        || (first == 0x2001 && second == 0x0db8)  // documentation, RFC 3849
        || first == 0x2002                        // 6to4, which embeds an IPv4 address, RFC 3056
        || (first == 0x3fff && second < 0x1000) // documentation, RFC 9637
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
    fn each_rejection_says_what_to_do() {
        let detail = |text: &str| parse(text).expect_err(text).to_string();
        assert_eq!(detail("example.com/a"), "is not an absolute URL; start it with https:// or http://");
        assert_eq!(detail("example.com:80/a"), "is not an absolute URL; start it with https:// or http://");
        assert_eq!(
            detail("javascript:alert(1)"),
            "has the scheme \"javascript\"; only http and https URLs can be shortened"
        );
        assert_eq!(detail("https://a\tb.example/"), "contains the control character U+0009; percent-encode it");
        assert_eq!(
            detail("https://me:secret@example.com/"),
            "contains a user name or password, which anybody with the short link would see; remove it and the '@'"
        );
        assert_eq!(detail("   "), "is empty; give the URL that the link should redirect to");
        assert_eq!(detail("https://"), "is not a URL: empty host");
        assert_eq!(detail("https://example..com/"), "is not a URL: invalid international domain name");
    }

    #[test]
    fn the_length_limit_applies_after_serialisation() {
        let of_length = |n: usize| format!("https://example.com/{}", "a".repeat(n - 20));
        assert_eq!(parse(&of_length(MAX_BYTES)).map(|t| t.len()), Ok(MAX_BYTES));
        assert_eq!(parse(&of_length(MAX_BYTES + 1)), Err(TargetError::TooLong));
        let encoded_to_three_bytes_each = format!("https://example.com/{}", "é".repeat(400));
        assert_eq!(parse(&encoded_to_three_bytes_each), Err(TargetError::TooLong));
        assert_eq!(parse(&"x".repeat(10_000_000)), Err(TargetError::TooLong));
    }
}
