//! The `resolve` binary under Lambda's Runtime API.

use std::time::Instant;

use serde_json::json;
use tokio::process::Child;

use crate::support::app::TestApp;
use crate::support::fault_proxy::{Call, FaultProxy, RequestFault};
use crate::support::function_process::{self, RESOLVE, send_signal};
use crate::support::runtime_api::{Observation, RuntimeApi};
use crate::support::user_agents::FIREFOX;

fn start_function(runtime_api: &RuntimeApi, endpoint_url: &str) -> Child {
    function_process::command(RESOLVE, runtime_api, endpoint_url).spawn().expect("a process")
}

fn visit() -> serde_json::Value {
    json!({
        "routeKey": "GET /{code}", "pathParameters": {"code": "here"}, "headers": {"user-agent": FIREFOX},
        "requestContext": {"http": {"method": "GET"}},
    })
}

/// A service with the link `here`. The tests use its table.
async fn app() -> TestApp {
    let app = TestApp::start().await;
    app.put_item(json!({"shortCode": "here", "originalUrl": "https://example.com/", "createdAt": 1})).await;
    app
}

/// Ends an environment as Lambda does.
async fn terminate(mut function: Child) {
    send_signal(&function, "TERM").await;
    assert_eq!(function.wait().await.expect("an exit status").code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn visits_are_written_between_response_and_next_event() {
    let app = app().await;
    let mut runtime_api = RuntimeApi::start().await;
    let record = runtime_api.recorder();
    let observe = move |request: &str| {
        if let Some(call) = Call::parse(request) {
            record(Observation::TableCalled(call.operation));
        }
        RequestFault::None
    };
    let proxy = FaultProxy::builder().on_request(observe).start(app.endpoint_url()).await;
    let function = start_function(&runtime_api, proxy.url());
    let response = runtime_api.invoke(&visit()).await;
    assert_eq!(
        (&response["statusCode"], &response["headers"]["location"]),
        (&json!(301), &json!("https://example.com/"))
    );
    runtime_api.wait_until_idle().await;
    terminate(function).await;
    let called = |operation: &str| Observation::TableCalled(operation.to_owned());
    assert_eq!(
        runtime_api.observations(),
        [
            Observation::ExtensionRegistered,
            Observation::NextRequested,
            called("GetItem"),
            Observation::Responded(response),
            called("UpdateItem"), // of the link
            called("UpdateItem"), // of its day
            Observation::NextRequested,
        ]
    );
    assert_eq!(app.number("here", "hits").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn visits_are_batched_and_survive_sigterm() {
    const VISITS: u64 = 5_000;
    let app = app().await;
    let proxy = FaultProxy::builder().start(app.endpoint_url()).await;
    let mut runtime_api = RuntimeApi::start().await;
    let started = Instant::now();
    let function = start_function(&runtime_api, proxy.url());
    for _ in 0..VISITS {
        assert_eq!(runtime_api.invoke(&visit()).await["statusCode"], 301);
    }
    // The signal may arrive during a write, which the function then finishes.
    terminate(function).await;
    let (calls, seconds) = (proxy.calls().len(), started.elapsed().as_secs());
    #[expect(clippy::print_stderr, reason = "shown with --nocapture")]
    {
        eprintln!("{VISITS} visits in {seconds} s: {calls} calls of DynamoDB");
    }
    assert_eq!(app.number("here", "hits").await, VISITS);
    // Each second of the clock has two writes, of the link and of its day. Every fifth has a read, since the link is
    // cached for five seconds. SIGTERM adds two writes.
    let bound = usize::try_from(2 * (seconds + 3) + seconds / 5 + 2).expect("a small number");
    assert!(calls <= bound, "{calls} calls in {seconds} s");
}
