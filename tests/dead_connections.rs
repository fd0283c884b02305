//! Requests whose connection to DynamoDB has died, as connections do while Lambda freezes an environment.
//!
//! The SDK retries a call that fails on a dead connection, which costs the visitor a back-off. So it is not enough that
//! requests succeed: the tests also check that each call succeeded at the first attempt.

use std::time::Duration;

use serde_json::json;

use crate::support::app::{TestApp, send};
use crate::support::fault_proxy::{Call, ConnectionEnd, FaultProxy};
use crate::support::function_process::{self, SHORTEN, send_signal};
use crate::support::runtime_api::RuntimeApi;

/// The first attempt of a call of `operation`.
fn first_attempt(operation: &str) -> Call {
    Call { operation: operation.to_owned(), attempt: 1 }
}

/// Ends all connections, and lets the service's side receive that, as the kernel does while an environment is frozen.
async fn cut(app: &TestApp, end: ConnectionEnd) {
    app.proxy().cut_connections(end).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
}

#[tokio::test]
async fn requests_survive_dead_connections() {
    // Without visits, the service makes no calls in the background.
    let app = TestApp::builder().env("VISITS", "off").proxy(FaultProxy::builder()).start().await;
    // The first request also reads the lists of hosts.
    let mut expected = vec![first_attempt("GetItem")];
    for round in 0..20 {
        for end in [ConnectionEnd::Shutdown, ConnectionEnd::Reset] {
            let alias = format!("{end:?}-{round}");
            let created = send(app.create_link(&json!({"url": "https://example.com/", "alias": alias}))).await;
            assert_eq!(created.status, 201, "a write on a dead connection: {created}");
            cut(&app, end).await;
            let redirect = send(app.get(&format!("/{alias}"))).await;
            assert_eq!(redirect.status, 301, "a read on a dead connection: {redirect}");
            cut(&app, end).await;
            expected.extend([first_attempt("PutItem"), first_attempt("GetItem")]);
        }
    }
    assert_eq!(app.proxy().calls(), expected, "no call is retried");
    assert_eq!(app.proxy().connections(), expected.len() - 1, "each cut costs one new connection");
}

#[tokio::test(flavor = "multi_thread")]
async fn frozen_function_replaces_its_dead_connection() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let certificate_authority = folder.path().join("ca.pem");
    let proxy = FaultProxy::builder().tls(&certificate_authority).start(app.endpoint_url()).await;
    let mut runtime_api = RuntimeApi::start().await;
    let mut shorten = function_process::command(SHORTEN, &runtime_api, proxy.url());
    let process = shorten.env("AWS_CA_BUNDLE", &certificate_authority).spawn().expect("a process");
    let mut connections = 1;
    for end in [ConnectionEnd::Shutdown, ConnectionEnd::Close, ConnectionEnd::Reset].repeat(4) {
        let event = |alias: String| {
            json!({
                "routeKey": "POST /shorten", "headers": {"content-type": "application/json"},
                "body": json!({"url": "https://example.com/", "alias": alias}).to_string(),
                "requestContext": {"http": {"method": "POST"}},
            })
        };
        let created = runtime_api.invoke(&event(format!("before-{connections}"))).await;
        assert_eq!(created["statusCode"], 201, "{created}");
        assert_eq!(proxy.connections(), connections, "one connection is used for as long as it lives");
        runtime_api.wait_until_idle().await;
        send_signal(&process, "STOP").await;
        proxy.cut_connections(end).await;
        // The kernel receives the end of the connection, and then the next event, while the process is stopped.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let event = event(format!("after-{connections}"));
        let (created, ()) = tokio::join!(runtime_api.invoke(&event), async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            send_signal(&process, "CONT").await;
        });
        assert_eq!(created["statusCode"], 201, "{end:?}: {created}");
        connections += 1;
        assert_eq!(proxy.connections(), connections, "{end:?}: one new connection");
    }
    assert!(proxy.calls().iter().all(|call| call.attempt == 1), "no call is retried: {:?}", proxy.calls());
    assert_eq!(proxy.count("PutItem"), 24);
}
