//! Arbitrary text as a code, as an alias and as the segment of a path.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use resolve::resource::LinkResource;
use shortlink_core::domain::code::{Code, CodeError, MAX_LENGTH, MIN_READ_LENGTH};
use shortlink_core::http::routes::{self, Endpoint};

fuzz_target!(|text: &str| {
    let is_code_character = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let is_code = text.chars().all(is_code_character) && (MIN_READ_LENGTH..=MAX_LENGTH).contains(&text.len());
    let code = Code::parse(text);
    assert_eq!(code.is_ok(), is_code, "{text:?}");
    match &code {
        Ok(code) => check_code(code, text),
        Err(error) => check_reason(error),
    }
    match Code::parse_alias(text) {
        Ok(alias) => check_alias(&alias, text),
        Err(error) => check_reason(&error),
    }
    check_segment(text);
    check_generated(text);
});

fn check_code(code: &Code, text: &str) {
    assert_eq!(code.as_str(), text);
    for resource in ["", "+", ".svg", ".png"] {
        let (parsed, kind) = LinkResource::parse(&format!("{text}{resource}")).expect("a resource of a link");
        assert_eq!((parsed.as_str(), kind.suffix()), (text, resource));
    }
}

fn check_alias(alias: &Code, text: &str) {
    assert_eq!(Code::parse(text).as_ref(), Ok(alias));
    // No other spelling of a name that is free is reserved.
    let lower = text.to_ascii_lowercase();
    let look_alikes = lower.replace('0', "o").replace(['1', 'i'], "l");
    for other in [text.to_ascii_uppercase(), lower, look_alikes, text.replace(['-', '_'], "")] {
        assert_ne!(Code::parse_alias(&other), Err(CodeError::Reserved), "{text} is an alias and {other} is not");
    }
    let path = format!("/{text}");
    for method in ["GET", "HEAD"] {
        let found = routes::find(method, &path);
        assert_eq!(
            (found.route.endpoint, found.param("code")),
            (Endpoint::Link, Some(text)),
            "{path} is another route"
        );
    }
}

/// Checks that no segment of a path leads to a code that the segment does not begin with.
fn check_segment(text: &str) {
    if let Some((code, resource)) = LinkResource::parse(text) {
        let rest = text.strip_prefix(code.as_str()).expect("the code is at the beginning");
        let punctuation = rest.strip_prefix(resource.suffix()).expect("the suffix follows the code");
        assert!(!punctuation.contains(char::is_alphanumeric), "{text:?}");
    }
    routes::find("GET", &format!("/{text}"));
    routes::find_by_key(text);
}

/// Checks that codes which are generated with any seed can be looked up, and could be aliases.
fn check_generated(text: &str) {
    let seed = text.bytes().fold(0_u64, |seed, byte| seed.wrapping_mul(257).wrapping_add(byte.into()));
    let code = Code::random(text.len(), &mut Xoshiro256PlusPlus::seed_from_u64(seed));
    assert_eq!(Code::parse(code.as_str()).as_ref(), Ok(&code));
    assert_eq!(Code::parse_alias(code.as_str()).as_ref(), Ok(&code));
}

/// Checks that a reason can be shown: it becomes a part of a sentence on a page and in a log.
fn check_reason(error: &CodeError) {
    let reason = error.to_string();
    assert!(!reason.is_empty() && !reason.ends_with('.') && !reason.contains(char::is_control), "{reason:?}");
}
