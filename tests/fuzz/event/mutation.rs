//! Changes an event so that it mostly remains one. Bytes that change at random would rarely get past the JSON parser.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use libfuzzer_sys::fuzzer_mutate;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::{IndexedRandom, IteratorRandom};
use rand::{RngExt, SeedableRng};
use serde_json::{Map, Value, json};
use shortlink_core::http::routes;

/// The parts of an event that the functions read. The others are changed less often.
const READ: &[&str] = &[
    "/body",
    "/headers",
    "/isBase64Encoded",
    "/pathParameters/code",
    "/rawPath",
    "/rawQueryString",
    "/requestContext/domainName",
    "/requestContext/http/method",
    "/requestContext/stage",
    "/routeKey",
];

/// Texts that the functions give a meaning, or that other programs send.
const WORDS: &[&str] = &[
    "",
    "$default",
    "*/*",
    "/",
    "/live",
    "/live/",
    "/prod/live",
    "GET",
    "GET /",
    "GET /favicon.svg",
    "GET /openapi.json",
    "GET /shorten",
    "GET /{code}",
    "HEAD",
    "HEAD /{code}",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "POST",
    "POST /shorten",
    "WhatsApp/2",
    "application/json",
    "application/problem+json",
    "application/x-www-form-urlencoded",
    "expired",
    "expired+",
    "gzip",
    "https://example.com/",
    "identity",
    "image/png",
    "image/svg+xml",
    "live",
    "live+",
    "live.png",
    "live.svg",
    "multipart/form-data; boundary=b",
    "prefetch",
    "prod",
    "sho.rt",
    "size=64&margin=0",
    "text/html",
    "text/plain",
    "utm_source=a&utm_medium=b",
];

/// The headers that the functions read.
const HEADERS: &[&str] = &[
    "accept",
    "cloudfront-is-mobile-viewer",
    "cloudfront-is-tablet-viewer",
    "cloudfront-viewer-country",
    "content-encoding",
    "content-type",
    "dnt",
    "idempotency-key",
    "if-none-match",
    "purpose",
    "referer",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "sec-gpc",
    "sec-purpose",
    "user-agent",
];

/// Names of the fields of a body, with a value.
const FIELDS: &[&str] = &[
    r#"{"url":"https://example.com/","alias":"my-alias"}"#,
    r#"{"url":"https://example.com/","expires_in":60}"#,
    r#"{"url":"https://example.com/","expires_at":null}"#,
    r#"{"url":"https://example.com/","expires_at":"2031-01-31T12:00:00+01:00"}"#,
    r#"{"url":"https://example.com/","reuse":true}"#,
    "url=https%3A%2F%2Fexample.com%2F&alias=my-alias&expires_in=never&reuse=on",
    "https://example.com/",
    "--b\r\nContent-Disposition: form-data; name=\"url\"\r\n\r\nhttps://example.com/\r\n--b--\r\n",
];

/// How many changes are tried until a function handles the event.
const ATTEMPTS: usize = 8;

/// Changes the first `size` bytes of `data`, and returns how many there are then.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed.into());
    let event = serde_json::from_slice::<Value>(data.get(..size).unwrap_or_default());
    let (Ok(event), false) = (event, rng.random_ratio(1, 20)) else {
        return fuzzer_mutate(data, size, max_size);
    };
    for _ in 0..ATTEMPTS {
        let mut changed = event.clone();
        for _ in 0..rng.random_range(1..=3) {
            mutate_event(&mut changed, &mut rng);
        }
        let json = changed.to_string();
        // An event without a route or of another form has a short way through the code.
        if json.len() <= max_size && (has_handler(&json) || rng.random_ratio(1, 20)) {
            data[..json.len()].copy_from_slice(json.as_bytes());
            return json.len();
        }
    }
    fuzzer_mutate(data, size, max_size)
}

fn has_handler(event: &str) -> bool {
    serde_json::from_str::<ApiGatewayV2httpRequest>(event)
        .is_ok_and(|event| event.route_key.as_deref().and_then(routes::find_by_key).is_some())
}

fn mutate_event(event: &mut Value, rng: &mut Xoshiro256PlusPlus) {
    if rng.random_ratio(1, 4) {
        return mutate_value(any_part(event, rng), rng);
    }
    let part = READ.choose(rng).copied().unwrap_or_default();
    let is_base64 = event["isBase64Encoded"] == true;
    match event.pointer_mut(part) {
        Some(Value::String(body)) if part == "/body" && is_base64 && BASE64.decode(&*body).is_ok() => {
            let decoded = BASE64.decode(&*body).unwrap_or_default();
            *body = BASE64.encode(mutated_bytes(decoded, rng));
        }
        Some(value) => mutate_value(value, rng),
        None => insert(event, part),
    }
}

/// A part of the event at any depth.
fn any_part<'a>(value: &'a mut Value, rng: &mut Xoshiro256PlusPlus) -> &'a mut Value {
    let is_empty = match &*value {
        Value::Object(members) => members.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => true,
    };
    if is_empty || rng.random_ratio(1, 8) {
        return value;
    }
    let part = match value {
        Value::Object(members) => members.values_mut().choose(rng),
        Value::Array(items) => items.iter_mut().choose(rng),
        _ => None,
    };
    any_part(part.expect("a container that is not empty"), rng)
}

/// Adds the part that an event lacks.
fn insert(event: &mut Value, pointer: &str) {
    let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
    if event.pointer(parent).is_none() && !parent.is_empty() {
        insert(event, parent);
    }
    if let Some(Value::Object(members)) = event.pointer_mut(parent) {
        members.insert(name.to_owned(), if name == "code" { json!("live") } else { json!({}) });
    }
}

fn mutate_value(value: &mut Value, rng: &mut Xoshiro256PlusPlus) {
    if rng.random_ratio(1, 30) {
        let others = [json!(null), json!(true), json!(0), json!(-1.5), json!(""), json!([]), json!({}), json!(["a"])];
        *value = others.choose(rng).cloned().unwrap_or_default();
        return;
    }
    match value {
        Value::String(text) => *text = mutated_text(text, rng),
        Value::Bool(bool) => *bool = !*bool,
        Value::Object(members) => mutate_object(members, rng),
        Value::Array(items) => items.push(json!("a")),
        Value::Null => *value = json!(WORDS.choose(rng)),
        Value::Number(_) => *value = json!(rng.random::<i64>()),
    }
}

fn mutate_object(members: &mut Map<String, Value>, rng: &mut Xoshiro256PlusPlus) {
    let name = members.keys().nth(rng.random_range(0..=members.len())).cloned();
    match (rng.random_range(0..4), name) {
        (0, Some(name)) => {
            members.remove(&name);
        }
        (1, Some(name)) => {
            let value = members.remove(&name).unwrap_or_default();
            members.insert(mutated_text(&name, rng), value);
        }
        (2, Some(name)) => mutate_value(&mut members[&name], rng),
        _ => {
            let name = HEADERS.choose(rng).copied().unwrap_or_default();
            members.insert(name.to_owned(), json!(WORDS.choose(rng)));
        }
    }
}

fn mutated_text(text: &str, rng: &mut Xoshiro256PlusPlus) -> String {
    match rng.random_range(0..8) {
        0 => WORDS.choose(rng).copied().unwrap_or_default().to_owned(),
        1 => FIELDS.choose(rng).copied().unwrap_or_default().to_owned(),
        _ => String::from_utf8_lossy(&mutated_bytes(text.into(), rng)).into_owned(),
    }
}

fn mutated_bytes(mut bytes: Vec<u8>, rng: &mut Xoshiro256PlusPlus) -> Vec<u8> {
    let size = bytes.len();
    let max_size = size + rng.random_range(1..=32);
    bytes.resize(max_size, 0);
    let size = fuzzer_mutate(&mut bytes, size, max_size);
    bytes.truncate(size);
    bytes
}
