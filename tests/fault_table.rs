//! Every kind of request under every fault of DynamoDB, over the wire. The result is the table in `fault_table.md`,
//! which `UPDATE_FAULT_TABLE=1 cargo test --locked fault_table` writes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder};
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

/// Whether a fault of the attempts up to `attempts` affects a call. It spares reads of the links whose codes begin with
/// `write-`, so that the requests about them get as far as the write.
fn is_affected(request: &str, attempts: u32) -> bool {
    Call::parse(request).is_none_or(|call| {
        let is_spared = call.operation == "GetItem" && request.contains("\"write-");
        call.attempt <= attempts && !is_spared
    })
}

/// Starts the service behind a proxy with a fault that affects the attempts up to `attempts` of each call while
/// `is_active`.
async fn start(fault: Fault, attempts: u32, is_active: &Arc<AtomicBool>) -> TestApp {
    let (request_active, response_active) = (Arc::clone(is_active), Arc::clone(is_active));
    let proxy = FaultProxy::builder()
        .on_request(move |chunk| match fault {
            Fault::Request(fault) if request_active.load(Ordering::SeqCst) && is_affected(chunk, attempts) => fault(),
            _ => RequestFault::None,
        })
        .on_response(move |chunk| match fault {
            Fault::Response(fault) if response_active.load(Ordering::SeqCst) && is_affected(chunk, attempts) => fault(),
            _ => ResponseFault::None,
        });
    TestApp::builder().proxy(proxy).start().await
}

/// A link, and what its owner sends to change it.
struct OwnLink {
    code: String,
    token: String,
    etag: String,
}

impl OwnLink {
    /// Creates the link and reads it.
    async fn create(app: &TestApp, code: String) -> Self {
        let body = json!({"url": "https://example.com/old", "alias": code});
        let created = send(app.create_link(&body)).await;
        let token = created.json()["manage_token"].as_str().expect("a token").to_owned();
        let shown = send(app.request(Method::GET, &format!("/links/{code}")).bearer_auth(&token)).await;
        Self { code, token, etag: shown.header("etag").to_owned() }
    }

    fn new_target(&self) -> String {
        format!("https://example.com/new/{}", self.code)
    }

    /// The request that changes the target of the link, unless it was changed since it was read.
    fn change(&self, app: &TestApp) -> RequestBuilder {
        let request = app.request(Method::PATCH, &format!("/links/{}", self.code)).bearer_auth(&self.token);
        request.header("if-match", &self.etag).body(json!({"url": self.new_target()}).to_string())
    }

    /// Sends the change again after its `first` response. Returns the second one, and whether the change is lost: it
    /// was not made exactly once, or a response says otherwise.
    async fn change_again(&self, app: &TestApp, first: &Response) -> (Response, bool) {
        // The item, since a redirect would cache the target.
        let item = app.item(&self.code).await.expect("a link");
        let is_made = item["originalUrl"].as_s() == Ok(&self.new_target());
        let repeated = send(self.change(app)).await;
        let location = send(app.get(&format!("/{}", self.code)).header("user-agent", "curl")).await;
        let is_once = app.number(&self.code, "version").await == 1;
        // The change is refused because of the link's version only if it was made before.
        let is_refused_rightly = repeated.status == if is_made { 412 } else { 200 };
        let is_answered_rightly = first.status == 503 || (first.status == 200 && is_made);
        let is_right = is_once && is_answered_rightly && is_refused_rightly;
        (repeated, !is_right || location.header("location") != self.new_target())
    }
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

/// Sends the requests under a fault, then heals it and sends the creations and changes again. Returns a row of the
/// table.
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
    let mut own_links = BTreeMap::new();
    for kind in ["all", "write"] {
        let links: &mut Vec<_> = own_links.entry(kind).or_default();
        for n in 0..REQUESTS {
            links.push(OwnLink::create(&app, format!("{kind}-{n}")).await);
        }
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
    for (kind, links) in &own_links {
        sent.push((kind, links.iter().map(|link| tokio::spawn(send(link.change(&app)))).collect()));
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
    let mut changes = BTreeMap::new();
    for (kind, links) in &own_links {
        let mut again = Vec::new();
        for (link, first) in links.iter().zip(&answers[kind]) {
            let (repeated, is_lost) = link.change_again(&app, first).await;
            lost += usize::from(is_lost);
            again.push(repeated);
        }
        changes.insert(*kind, format!("{} → {}", summary(&answers[kind]), summary(&again)));
    }
    let links = app.keys().await.into_iter().filter(|key| !key.contains('#')).count();
    let surplus = links.cast_signed() - (7 * REQUESTS).cast_signed();
    // The visits before the fault, and those that were answered.
    let followed = answers["cold"].iter().chain(&answers["hot"]).filter(|response| response.status == 301).count();
    app.resolve.shutdown().await;
    let mut counted = 0;
    for kind in ["cold", "hot"] {
        for n in 0..REQUESTS {
            counted += app.number(&format!("visits#{kind}-{n}"), "hits").await;
        }
    }
    format!(
        "| {name} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {lost} | {surplus} | {} → {counted} |\n",
        summary(&answers["plain"]),
        summary(&answers["alias"]),
        summary(&answers["reuse"]),
        changes["all"],
        changes["write"],
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
         `cargo test --locked fault_table` measures these rows and compares them. A proxy between the SDK and\n\
         DynamoDB injects each fault into every call, or into the first two attempts of each call. Three requests\n\
         of each kind are sent at the same time; *cold* and *cached* are redirects. A PATCH changes the target of a\n\
         link in two calls, a read and a write; it is sent with the management token and `If-Match`. *Write only*:\n\
         the fault spares the read. *In time* means within the deadline of 4 s and 2 s of tolerance. When the fault\n\
         has ended, the creations are sent again with the same `Idempotency-Key`, and the changes with the same\n\
         `If-Match` (after the arrow): 200 makes the change, and 412 says that it had been made. *Lost* are links\n\
         that were answered with 201 and do not redirect, and changes that were not made exactly once or whose\n\
         answers say otherwise. *Surplus* are duplicate links, and *visits* are those that were answered and those\n\
         that were counted.\n\n\
         | fault | POST | POST, alias | POST, reuse | PATCH | PATCH, write only | GET, cold | GET, cached | in time | \
         sent again | lost | surplus | visits |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
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
