//! The `resolve` binary under Lambda's Runtime API.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use shortlink_core::visits::writer::CONCURRENT_WRITES;
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
    visit_of("here")
}

fn visit_of(code: &str) -> serde_json::Value {
    json!({
        "routeKey": "GET /{code}", "pathParameters": {"code": code}, "headers": {"user-agent": FIREFOX},
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
            called("UpdateItem"),
            Observation::NextRequested,
        ]
    );
    assert_eq!(app.number("visits#here", "hits").await, 1);
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
    assert_eq!(app.number("visits#here", "hits").await, VISITS);
    // Each second of the clock has a write. Every fifth has a read, since the link is cached for five seconds. SIGTERM adds
    // two writes.
    let bound = usize::try_from(seconds + 3 + seconds / 5 + 2).expect("a small number");
    assert!(calls <= bound, "{calls} calls in {seconds} s");
}

#[tokio::test(flavor = "multi_thread")]
async fn visit_of_each_link_costs_one_read_and_one_write() {
    const LINKS: usize = 500;
    let app = app().await;
    for n in 0..LINKS {
        let link = json!({"shortCode": format!("link-{n}"), "originalUrl": "https://example.com/", "createdAt": 1});
        app.put_item(link).await;
    }
    let proxy = FaultProxy::builder().start(app.endpoint_url()).await;
    let mut runtime_api = RuntimeApi::start().await;
    let function = start_function(&runtime_api, proxy.url());
    for n in 0..LINKS {
        assert_eq!(runtime_api.invoke(&visit_of(&format!("link-{n}"))).await["statusCode"], 301);
    }
    terminate(function).await;
    assert_eq!((proxy.count("GetItem"), proxy.count("UpdateItem"), proxy.calls().len()), (LINKS, LINKS, 2 * LINKS));
    for n in 0..LINKS {
        assert_eq!(app.number(&format!("visits#link-{n}"), "hits").await, 1, "{n}");
    }
}

/// Each visitor is redirected at once while no write gets an answer, and the environment is soon ready for the next one:
/// it writes a few times in all, and not after each response. No visit is lost.
#[tokio::test(flavor = "multi_thread")]
async fn table_that_hangs_delays_an_environment_for_few_writes_and_loses_no_visit() {
    const LINKS: usize = 45;
    let app = app().await;
    for n in 0..LINKS {
        app.put_item(json!({"shortCode": format!("link-{n}"), "originalUrl": "https://example.com/", "createdAt": 1}))
            .await;
    }
    let hangs = Arc::new(AtomicBool::new(true));
    let is_hanging = Arc::clone(&hangs);
    let fault = move |request: &str| {
        let is_write = request.contains("DynamoDB_20120810.UpdateItem");
        if is_write && is_hanging.load(Ordering::SeqCst) { RequestFault::Stall } else { RequestFault::None }
    };
    let proxy = FaultProxy::builder().on_request(fault).start(app.endpoint_url()).await;
    let mut runtime_api = RuntimeApi::start().await;
    let function = start_function(&runtime_api, proxy.url());
    let started = Instant::now();
    for n in 0..LINKS {
        assert_eq!(runtime_api.invoke(&visit_of(&format!("link-{n}"))).await["statusCode"], 301);
        runtime_api.wait_until_idle().await;
    }
    // After an attempt that failed, writing stops for 1 s, then for 2, 4 ... s, by a clock of whole seconds. An attempt
    // starts at most as many writes as may run at the same time.
    let attempts = 2 + (started.elapsed().as_secs() + 1).ilog2() as usize;
    assert!(proxy.count("UpdateItem") <= attempts * CONCURRENT_WRITES, "{:?}", proxy.calls());
    hangs.store(false, Ordering::SeqCst);
    terminate(function).await;
    for n in 0..LINKS {
        assert_eq!(app.number(&format!("visits#link-{n}"), "hits").await, 1, "{n}");
    }
}

/// At its deadline, Lambda would end the environment, and everything that is still to be written would be lost.
#[tokio::test(flavor = "multi_thread")]
async fn visits_are_not_written_in_the_last_second_of_an_invocation() {
    let app = app().await;
    let proxy = FaultProxy::builder().start(app.endpoint_url()).await;
    let mut runtime_api = RuntimeApi::start().await;
    runtime_api.set_timeout(Duration::from_millis(1_200));
    let function = start_function(&runtime_api, proxy.url());
    assert_eq!(runtime_api.invoke(&visit()).await["statusCode"], 301);
    runtime_api.wait_until_idle().await;
    assert_eq!(proxy.count("UpdateItem"), 0);
    // The next invocation has time.
    runtime_api.set_timeout(Duration::from_secs(5));
    assert_eq!(runtime_api.invoke(&visit()).await["statusCode"], 301);
    runtime_api.wait_until_idle().await;
    assert_eq!((proxy.count("UpdateItem"), app.number("visits#here", "hits").await), (1, 2));
    terminate(function).await;
}
