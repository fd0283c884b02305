//! Arbitrary text as the target of a link.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shortlink_core::domain::special_address::is_special;
use shortlink_core::domain::target::{MAX_BYTES, Target, TargetError};
use url::{Host, Url};

const OWN_HOST: &str = "sho.rt";

fuzz_target!(|text: &str| {
    match Target::parse(text, &[OWN_HOST]) {
        Ok(target) => check_target(&target),
        Err(error) => check_reason(&error),
    }
    // The table may contain what an earlier version wrote.
    if let Some(target) = Target::from_stored(text.to_owned()) {
        check_characters(target.as_str());
        assert_eq!(Target::from_stored(target.to_string()), Some(target));
    }
});

fn check_target(target: &Target) {
    let text = target.as_str();
    assert!(text.len() <= MAX_BYTES);
    assert_eq!(Target::parse(text, &[OWN_HOST]).as_ref(), Ok(target), "parsing changes a target");
    assert_eq!(Target::from_stored(text.to_owned()).as_ref(), Some(target), "storing changes a target");
    check_characters(text);

    let (before_host, host, rest) = target.split_at_host();
    assert_eq!(format!("{before_host}{host}{rest}"), text);
    assert!(matches!(before_host, "http://" | "https://"), "{text}");
    assert!(rest.starts_with('/'), "{text}");
    assert!(rest.matches('#').count() <= 1 && !rest.contains(['[', ']']), "{text}");

    let url = Url::parse(text).expect("a URL");
    assert!(url.username().is_empty() && url.password().is_none(), "{text}");
    // A browser decodes a host, which may contain a few characters that RFC 3986 wants encoded, such as `"` and `{`.
    if !host.contains('%') {
        assert_eq!(url.as_str(), text, "a browser changes a target");
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        assert_eq!(format!("{}{port}", url.host_str().expect("a host")), host);
    }
    match url.host().expect("a host") {
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            assert!(name.contains('.') && name != OWN_HOST, "{text}");
            let is_label = |label: &str| (1..=63).contains(&label.len());
            assert!(name.len() <= 253 && name.split('.').all(is_label), "{text}");
        }
        Host::Ipv4(address) => assert!(!is_special(address.into()), "{text}"),
        Host::Ipv6(address) => assert!(!is_special(address.into()), "{text}"),
    }
}

/// Checks that a text has only characters that RFC 3986 allows in a URI, and whole percent-encodings.
fn check_characters(text: &str) {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
    assert!(text.bytes().all(is_allowed), "{text}");
    for encoded in text.split('%').skip(1) {
        assert!(encoded.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2, "{text}");
    }
}

/// Checks that a reason can be shown: it becomes a part of a sentence on a page and in a log.
fn check_reason(error: &TargetError) {
    let reason = error.to_string();
    assert!(!reason.is_empty() && !reason.ends_with('.') && !reason.contains(char::is_control), "{reason:?}");
    assert!(reason.len() < 1_000, "{reason:?}");
}
