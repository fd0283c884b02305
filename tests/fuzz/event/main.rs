//! An arbitrary event of the Lambda functions, in JSON.
//!
//! | module | defines |
//! | --- | --- |
//! | [`functions`] | both functions over a table in memory |
//! | [`mutation`] | changes an event so that it mostly remains one |

#![no_main]

mod functions;
mod mutation;

use std::cell::RefCell;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use functions::Functions;
use lambda_http::aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use libfuzzer_sys::{Corpus, fuzz_mutator, fuzz_target};
use serde_json::Value;
use serde_json::value::RawValue;

/// After how many events the table is emptied, so that neither memory nor the time of an event grows.
const EVENTS_PER_TABLE: usize = 2_000;

thread_local! {
    static FUNCTIONS: RefCell<(usize, Option<Functions>)> = const { RefCell::new((0, None)) };
}

fuzz_target!(|data: &[u8]| -> Corpus {
    // What is no JSON does not get through Lambda's Runtime API.
    let Ok(event) = serde_json::from_slice::<Box<RawValue>>(data) else { return Corpus::Reject };
    FUNCTIONS.with_borrow_mut(|(count, functions)| {
        if *count % EVENTS_PER_TABLE == 0 {
            *functions = None;
        }
        *count += 1;
        for response in functions.get_or_insert_with(Functions::start).invoke(&event) {
            check(&response);
        }
    });
    // An event that no handler sees is not worth changing further: there are many ways to be none.
    let is_event = serde_json::from_str::<ApiGatewayV2httpRequest>(event.get()).is_ok();
    if is_event { Corpus::Keep } else { Corpus::Reject }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutation::mutate(data, size, max_size, seed)
});

/// Checks that API Gateway can read a response, and that it is no fault of the service.
fn check(response: &ApiGatewayV2httpResponse) {
    let json = serde_json::to_value(response).expect("a response that serialises");
    let status = json["statusCode"].as_u64().expect("a status");
    assert!((200..500).contains(&status), "{json}");
    let headers = json["headers"].as_object().expect("headers");
    assert!(headers.values().all(Value::is_string), "{json}");
    let header = |name: &str| headers.get(name).and_then(Value::as_str);
    if let Some(location) = header("location") {
        assert!(!location.is_empty() && location.bytes().all(|byte| byte.is_ascii_graphic()), "{json}");
    }
    let Some(body) = json.get("body").and_then(Value::as_str) else { return };
    if json["isBase64Encoded"] == true {
        BASE64.decode(body).expect("base64");
        return;
    }
    assert!(header("content-type").is_some(), "{json}");
    if header("content-type") == Some("application/problem+json") {
        let problem: Value = serde_json::from_str(body).expect("a document");
        assert_eq!(problem["status"], status, "{json}");
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.contains(char::is_control)), "{json}");
    }
}
