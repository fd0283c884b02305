//! Does the binary do in Lambda what it must?

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::json;
use tokio::process::{Child, Command};

use crate::app::TestApp;
use crate::process::signal;
use crate::runtime_api::{Happened, RuntimeApi};
use crate::way::{Answered, Asked, way};

/// The function `resolve` as Lambda starts it.
fn start(runtime_api: &RuntimeApi, endpoint_url: &str) -> Child {
    function(env!("CARGO_BIN_EXE_resolve-under-test"), runtime_api, endpoint_url).spawn().expect("a process")
}

/// A function as Lambda starts it.
pub fn function(binary: &str, runtime_api: &RuntimeApi, endpoint_url: &str) -> Command {
    let mut command = Command::new(binary);
    command
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", runtime_api.address.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "resolve"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_ENDPOINT_URL_DYNAMODB", endpoint_url),
            ("TABLE_NAME", "links"),
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}

fn visit() -> serde_json::Value {
    json!({
        "routeKey": "GET /{code}", "pathParameters": {"code": "here"},
        "headers": {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
        "requestContext": {"http": {"method": "GET"}},
    })
}

async fn app() -> TestApp {
    let app = TestApp::start().await;
    app.put_item(json!({"shortCode": "here", "originalUrl": "https://example.com/", "createdAt": 1})).await;
    app
}

/// Ends an environment as Lambda does.
async fn terminate(mut function: Child) {
    signal(&function, "TERM").await;
    assert_eq!(function.wait().await.expect("an exit").code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_leaves_before_the_visit_is_written_and_the_next_event_is_asked_for_after() {
    let app = app().await;
    let mut runtime_api = RuntimeApi::start().await;
    let tell = runtime_api.teller();
    let asked = move |piece: &[u8]| {
        for operation in ["GetItem", "UpdateItem"] {
            if String::from_utf8_lossy(piece).contains(&format!("DynamoDB_20120810.{operation}")) {
                tell(Happened::AskedTable(operation));
            }
        }
        Asked::Pass
    };
    let endpoint_url = way(app.endpoint_url().to_owned(), asked, || Answered::Pass).await;
    let function = start(&runtime_api, &endpoint_url);
    let answer = runtime_api.invoke(&visit()).await;
    assert_eq!((&answer["statusCode"], &answer["headers"]["location"]), (&json!(301), &json!("https://example.com/")));
    runtime_api.idle().await;
    terminate(function).await;
    let happened = runtime_api.happened();
    assert_eq!(
        happened,
        [
            Happened::Registered,
            Happened::AskedForNext,
            Happened::AskedTable("GetItem"),
            Happened::Answered(answer),
            Happened::AskedTable("UpdateItem"), // the link
            Happened::AskedTable("UpdateItem"), // its day
            Happened::AskedForNext,
        ]
    );
    assert_eq!(app.number("here", "hits").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_visits_cost_as_many_calls_as_they_take_seconds_and_none_is_lost_to_sigterm() {
    const VISITS: u64 = 5_000;
    let app = app().await;
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let asked = move |piece: &[u8]| {
        if String::from_utf8_lossy(piece).contains("DynamoDB_20120810.") {
            count.fetch_add(1, Ordering::SeqCst);
        }
        Asked::Pass
    };
    let endpoint_url = way(app.endpoint_url().to_owned(), asked, || Answered::Pass).await;
    let mut runtime_api = RuntimeApi::start().await;
    let began = Instant::now();
    let function = start(&runtime_api, &endpoint_url);
    for _ in 0..VISITS {
        assert_eq!(runtime_api.invoke(&visit()).await["statusCode"], 301);
    }
    terminate(function).await;
    // Even as it is still writing: what it has begun it finishes.
    let (calls, seconds) = (calls.load(Ordering::SeqCst), began.elapsed().as_secs());
    #[expect(clippy::print_stderr, reason = "for whoever runs it with --nocapture")]
    {
        eprintln!("{VISITS} visits in {seconds} s: {calls} calls of DynamoDB");
    }
    assert_eq!(app.number("here", "hits").await, VISITS);
    // A second of the clock has two writes, the link and its day, every fifth of them a read, and SIGTERM two writes more.
    let bound = usize::try_from(2 * (seconds + 3) + seconds / 5 + 2).expect("small");
    assert!(calls <= bound, "{calls} calls in {seconds} s");
}
