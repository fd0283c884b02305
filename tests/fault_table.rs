//! Every kind of request under every fault of DynamoDB, over the wire. The result is the table in `fault_table.md`,
//! which `UPDATE_FAULT_TABLE=1 cargo test --locked fault_table` writes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use shortlink_core::http::handler::{DEADLINE, Handler};
use tokio::task::{LocalSet, spawn_local};

use crate::support::app::{Response, TestApp, send};
use crate::support::fault_proxy::{Call, FaultProxy, HTML_200, HTML_503, RequestFault, ResponseFault, THROTTLED};
use crate::support::user_agents::FIREFOX;

/// How many requests of each kind are sent under each fault, all at the same time.
const REQUESTS: usize = 3;

const NOT_HTTP: &[u8] = b"220 mail.example.com ESMTP\r\n";
const ERROR_500: &[u8] = b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/x-amz-json-1.0\r\n\
    Content-Length: 73\r\n\r\n{\"__type\":\"com.amazonaws.dynamodb.v20120810#InternalServerError\",\"m\":1  }";

/// What happens to a call to DynamoDB.
#[derive(Clone, Copy)]
enum Fault {
    None,
    /// It is not carried out.
    Request(fn() -> RequestFault),
    /// It is carried out, and its response is changed or lost.
    Response(fn() -> ResponseFault),
}

/// The faults by name.
fn faults() -> Vec<(&'static str, Fault)> {
    vec![
        ("none", Fault::None),
        ("connection reset at once", Fault::Request(|| RequestFault::Reset)),
        ("no answer", Fault::Request(|| RequestFault::Stall)),
        ("throttled", Fault::Request(|| RequestFault::Respond(THROTTLED))),
        ("500", Fault::Request(|| RequestFault::Respond(ERROR_500))),
        ("503 with an HTML page", Fault::Request(|| RequestFault::Respond(HTML_503))),
        ("200 with an HTML page", Fault::Request(|| RequestFault::Respond(HTML_200))),
        ("carried out, answer lost", Fault::Response(|| ResponseFault::Disconnect)),
        ("carried out, half an answer", Fault::Response(|| ResponseFault::Truncate)),
        ("carried out, reset amid the answer", Fault::Response(|| ResponseFault::Reset)),
        ("carried out, no answer", Fault::Response(|| ResponseFault::Stall)),
        ("carried out, answer after 2 s", Fault::Response(|| ResponseFault::Delay(Duration::from_secs(2)))),
        ("carried out, answer after 0.5 s", Fault::Response(|| ResponseFault::Delay(Duration::from_millis(500)))),
        ("carried out, 500", Fault::Response(|| ResponseFault::Replace(ERROR_500))),
        ("carried out, 200 with an HTML page", Fault::Response(|| ResponseFault::Replace(HTML_200))),
        ("carried out, no HTTP", Fault::Response(|| ResponseFault::Replace(NOT_HTTP))),
    ]
}

/// Starts the service behind a proxy with a fault that affects the attempts up to `attempts` of each call while
/// `is_active`.
async fn start(fault: Fault, attempts: u32, is_active: &Arc<AtomicBool>) -> TestApp {
    let (request_active, response_active) = (Arc::clone(is_active), Arc::clone(is_active));
    let attempt_of = |chunk: &str| Call::parse(chunk).map_or(1, |call| call.attempt);
    let proxy = FaultProxy::builder()
        .on_request(move |chunk| match fault {
            Fault::Request(fault) if request_active.load(Ordering::SeqCst) && attempt_of(chunk) <= attempts => fault(),
            _ => RequestFault::None,
        })
        .on_response(move |attempt| match fault {
            Fault::Response(fault) if response_active.load(Ordering::SeqCst) && attempt <= attempts => fault(),
            _ => ResponseFault::None,
        });
    TestApp::builder().proxy(proxy).start().await
}

/// `3 × 201`, or several of these.
fn summary(responses: &[Response]) -> String {
    let mut counts = BTreeMap::new();
    for response in responses {
        *counts.entry(response.status).or_insert(0) += 1;
    }
    let counts: Vec<_> = counts.into_iter().map(|(status, count)| format!("{count} × {status}")).collect();
    counts.join(", ")
}

/// Sends the requests under a fault, then heals it and sends the creations again. Returns a row of the table.
async fn measure(name: &str, fault: Fault, attempts: u32) -> String {
    let is_active = Arc::new(AtomicBool::new(false));
    let app = start(fault, attempts, &is_active).await;
    for n in 0..REQUESTS {
        for alias in [format!("cold-{n}"), format!("hot-{n}")] {
            let body = json!({"url": format!("https://example.com/{alias}"), "alias": alias});
            assert_eq!(send(app.create_link(&body)).await.status, 201);
        }
        assert_eq!(send(app.get(&format!("/hot-{n}")).header("user-agent", FIREFOX)).await.status, 301);
    }
    let creation = |kind: &str, n: usize| {
        let mut body = json!({"url": format!("https://example.com/{kind}/{n}")});
        match kind {
            "alias" => body["alias"] = json!(format!("mine-{n}")),
            "reuse" => body["reuse"] = json!(true),
            _ => {}
        }
        app.create_link(&body).header("idempotency-key", format!("{kind}-{n}"))
    };
    let redirect = |kind: &str, n: usize| app.get(&format!("/{kind}-{n}")).header("user-agent", FIREFOX);

    is_active.store(true, Ordering::SeqCst);
    let start = Instant::now();
    let mut sent = Vec::new();
    for kind in ["plain", "alias", "reuse"] {
        sent.push((kind, (0..REQUESTS).map(|n| tokio::spawn(send(creation(kind, n)))).collect::<Vec<_>>()));
    }
    for kind in ["cold", "hot"] {
        sent.push((kind, (0..REQUESTS).map(|n| tokio::spawn(send(redirect(kind, n)))).collect()));
    }
    let mut answers = BTreeMap::new();
    for (kind, tasks) in sent {
        let responses: &mut Vec<Response> = answers.entry(kind).or_default();
        for task in tasks {
            responses.push(task.await.expect("a response"));
        }
    }
    // The deadline, and what a busy machine needs.
    let is_in_time = start.elapsed() < DEADLINE + Duration::from_secs(2);
    // The visits are written while the fault lasts, and again after it.
    app.resolve.after_response().await;
    is_active.store(false, Ordering::SeqCst);

    let (mut again, mut lost) = (Vec::new(), 0);
    for kind in ["plain", "alias", "reuse"] {
        for (n, first) in answers[kind].iter().enumerate() {
            let repeated = send(creation(kind, n)).await;
            let is_same = first.status != 201 || first.json()["code"] == repeated.json()["code"];
            let code = repeated.json()["code"].as_str().unwrap_or("none").to_owned();
            let location = send(app.get(&format!("/{code}")).header("user-agent", "curl")).await;
            lost += usize::from(!is_same || location.header("location") != format!("https://example.com/{kind}/{n}"));
            again.push(repeated);
        }
    }
    let links = app.keys().await.into_iter().filter(|key| !key.contains('#')).count();
    let surplus = links.cast_signed() - (5 * REQUESTS).cast_signed();
    // The visits before the fault, and those that were answered.
    let followed = answers["cold"].iter().chain(&answers["hot"]).filter(|response| response.status == 301).count();
    app.resolve.shutdown().await;
    let mut counted = 0;
    for kind in ["cold", "hot"] {
        for n in 0..REQUESTS {
            let item = app.item(&format!("{kind}-{n}")).await.expect("a link");
            let hits = item.get("hits").map_or(0, |hits| hits.as_n().expect("a number").parse().expect("a count"));
            counted += hits;
        }
    }
    format!(
        "| {name} | {} | {} | {} | {} | {} | {} | {} | {lost} | {surplus} | {} → {counted} |\n",
        summary(&answers["plain"]),
        summary(&answers["alias"]),
        summary(&answers["reuse"]),
        summary(&answers["cold"]),
        summary(&answers["hot"]),
        if is_in_time { "yes" } else { "no" },
        summary(&again),
        followed + REQUESTS,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_table() {
    let mut table = String::from(
        "# What clients see when DynamoDB fails\n\n\
         `cargo test --locked fault_table` measures these rows and compares them. A proxy between the SDK and DynamoDB\n\
         injects each fault into every call, or into the first two attempts of each call. Three requests of each kind are\n\
         sent at the same time; *cold* and *cached* are redirects. *In time* means within the deadline of 4 s and 2 s of tolerance. When the\n\
         fault has ended, the creations are sent again with the same `Idempotency-Key`. *Lost* are links that were\n\
         answered with 201 and do not redirect, *surplus* are duplicate links, and *visits* are those that\n\
         were answered and those that were counted.\n\n\
         | fault | POST | POST, alias | POST, reuse | GET, cold | GET, cached | in time | sent again | lost | surplus | \
         visits |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    let mut cases = Vec::new();
    for (name, fault) in faults() {
        cases.push((name.to_owned(), fault, u32::MAX));
        if !matches!(fault, Fault::None) {
            cases.push((format!("{name}, twice"), fault, 2));
        }
    }
    // A few at a time, since they wait more than they work.
    for cases in cases.chunks(4) {
        let measure_all = async {
            let rows: Vec<_> = cases
                .iter()
                .cloned()
                .map(|(name, fault, attempts)| spawn_local(async move { measure(&name, fault, attempts).await }))
                .collect();
            for row in rows {
                table.push_str(&row.await.expect("a row"));
            }
        };
        LocalSet::new().run_until(measure_all).await;
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/fault_table.md");
    if std::env::var_os("UPDATE_FAULT_TABLE").is_some() {
        std::fs::write(file, &table).expect("a file");
    }
    let recorded = std::fs::read_to_string(file).expect("the table");
    let differences: Vec<_> = table.lines().zip(recorded.lines()).filter(|(now, recorded)| now != recorded).collect();
    assert!(differences.is_empty(), "measured and recorded rows: {differences:#?}");
    assert_eq!(table.lines().count(), recorded.lines().count());
}
