//! Concurrent requests, lost responses and replica lag.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rand::TryRng;
use serde_json::json;
use shortlink::embedded::{EmbeddedTable, Location, OpenOptions};
use shortlink_core::config::Environment;
use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::code_generator::CodeGenerator;
use shortlink_core::domain::expiry::RequestedExpiry;
use shortlink_core::domain::labels::Labels;
use shortlink_core::domain::link::NewLink;
use shortlink_core::domain::target::Target;
use shortlink_core::dynamodb::deduplication::{CreateOutcome, DeduplicateBy};

use crate::support::app::{NOW, Response, TestApp, send};
use crate::support::fault_proxy::{FaultProxy, HTML_200, HTML_503, RequestFault, ResponseFault};

/// Sends requests with these bodies concurrently.
async fn create_concurrently(app: &TestApp, bodies: impl Iterator<Item = serde_json::Value>) -> Vec<Response> {
    let sent: Vec<_> = bodies.map(|body| tokio::spawn(send(app.create_link(&body)))).collect();
    let mut responses = Vec::new();
    for task in sent {
        responses.push(task.await.expect("a response"));
    }
    responses
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_alias_requests_have_one_winner() {
    let app = TestApp::builder().without_timeouts().start().await;
    let target = |n: usize| format!("https://example.com/{n}");
    let bodies = (0..200).map(|n| json!({"url": target(n), "alias": "wanted"}));
    let responses = create_concurrently(&app, bodies).await;
    let winners: Vec<usize> = (0..200).filter(|&n| responses[n].status == 201).collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(responses.iter().filter(|response| response.status == 409).count(), 199);
    assert_eq!(send(app.get("/wanted")).await.header("location"), target(winners[0]));
}

/// A random number generator that yields only the first four characters of the alphabet.
struct FourLetters(u32);

impl TryRng for FourLetters {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        // A linear congruential generator is random enough.
        self.0 = self.0.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
        Ok(self.0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.try_next_u32().map(u64::from)
    }

    /// Codes are generated from these bytes: byte 0 is the first character of the alphabet, and so on.
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for byte in bytes {
            *byte = u8::try_from(self.try_next_u32()? >> 30).expect("two bits");
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn full_code_space_yields_longer_codes() {
    const CODES_OF_THREE: usize = 4 * 4 * 4;
    let app = TestApp::builder().env("CODE_LENGTH", "3").rng(FourLetters(1)).without_timeouts().start().await;
    let mut links = HashMap::new();
    for round in 0..15 {
        let targets: Vec<_> = (0..20).map(|n| format!("https://example.com/{round}/{n}")).collect();
        // Half of them use `reuse`, which writes a new code in a transaction.
        let bodies = targets.iter().enumerate().map(|(n, url)| json!({"url": url, "reuse": n % 2 == 0}));
        for (target, created) in targets.iter().zip(create_concurrently(&app, bodies).await) {
            assert_eq!(created.status, 201, "{created}");
            let code = created.json()["code"].as_str().expect("a code").to_owned();
            assert_eq!(links.insert(code, target.clone()), None, "no code is used twice");
        }
    }
    assert_eq!(
        links.keys().filter(|code| code.len() == 3).count(),
        CODES_OF_THREE,
        "every code of three characters is used"
    );
    assert_eq!(links.len(), 300);
    for (code, target) in links {
        assert_eq!(send(app.get(&format!("/{code}"))).await.header("location"), target);
    }
}

#[tokio::test]
async fn taken_codes_are_counted() {
    let policy = shorten::config::Config::read(&Environment::new(&|_| None)).expect("defaults").expiry;
    // `reuse` takes another path to the table.
    for reuse in [false, true] {
        let table = EmbeddedTable::open(Location::Memory, "links", OpenOptions::default()).await.expect("a table");
        let codes = CodeGenerator::new(3, FourLetters(1));
        let mut taken = Vec::new();
        for n in 0..300 {
            let new_link = NewLink {
                alias: None,
                target: Target::parse(&format!("https://example.com/{n}"), &[]).expect("a target"),
                requested_expiry: RequestedExpiry::Default,
                created_at: Timestamp::from_unix(NOW).expect("in range"),
                expires_at: None,
                purge_after: None,
                owner: None,
                creator: None,
                has_token: true,
                labels: Labels::default(),
            };
            let deduplicate_by = DeduplicateBy { reuse, key: None };
            let outcome = table.store().get_or_create(&new_link, deduplicate_by, &policy, &codes).await;
            let CreateOutcome::Created(created) = outcome.expect("a link") else { panic!("it existed") };
            taken.push(created.codes_taken);
        }
        assert_eq!(taken[0], 0);
        // There are 64 codes of three characters.
        assert!(taken[290..].iter().all(|taken| *taken > 0), "{taken:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_reuse_requests_share_one_link() {
    let app = TestApp::builder().without_timeouts().start().await;
    let body = || json!({"url": "https://example.com/", "reuse": true});
    let responses = create_concurrently(&app, (0..50).map(|_| body())).await;
    let codes: HashSet<_> = responses.iter().map(|response| response.json()["code"].to_string()).collect();
    assert_eq!(codes.len(), 1);
    assert_eq!(responses.iter().filter(|response| response.status == 201).count(), 1);
    assert_eq!(responses.iter().filter(|response| response.status == 200).count(), 49);
    assert_eq!(app.keys().await.len(), 2, "one link and one deduplication entry");
}

#[tokio::test]
async fn lost_put_response_is_not_a_conflict() {
    let lose = Arc::new(AtomicBool::new(false));
    let shall_lose = Arc::clone(&lose);
    // DynamoDB has carried out the write before its response is lost.
    let proxy = FaultProxy::builder().on_response(move |_| {
        if shall_lose.swap(false, Ordering::SeqCst) { ResponseFault::Disconnect } else { ResponseFault::None }
    });
    let app = TestApp::builder().proxy(proxy).start().await;
    for body in [
        json!({"url": "https://example.com/", "alias": "mine"}),
        json!({"url": "https://example.com/"}),
        json!({"url": "https://example.com/", "reuse": true}),
    ] {
        let before = app.keys().await.len();
        lose.store(true, Ordering::SeqCst);
        let created = send(app.create_link(&body)).await;
        assert!(!lose.load(Ordering::SeqCst), "a response was lost");
        assert_eq!(created.status, 201, "{body}: {created}");
        let expected = before + if body["reuse"] == true { 2 } else { 1 };
        assert_eq!(app.keys().await.len(), expected, "{body}: no second link was created");
    }
}

#[tokio::test]
async fn new_link_redirects_despite_replica_lag() {
    const NO_ITEM: &[u8] =
        b"HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: 2\r\n\r\n{}";
    let misses = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&misses);
    let lag = move |request: &str| {
        if request.contains("\"ConsistentRead\":false") {
            counted.fetch_add(1, Ordering::SeqCst);
            return RequestFault::Respond(NO_ITEM);
        }
        RequestFault::None
    };
    let app = TestApp::builder().proxy(FaultProxy::builder().on_request(lag)).start().await;
    let created = send(app.create_link(&json!({"url": "https://example.com/"}))).await;
    let redirect = send(app.get(created.json()["short"].as_str().expect("a path"))).await;
    assert_eq!((redirect.status, redirect.header("location")), (301, "https://example.com/"));
    assert_eq!(misses.load(Ordering::SeqCst), 1, "the eventually consistent read comes first");
}

#[tokio::test]
async fn reuse_ignores_a_link_that_replaced_its_own() {
    let app = TestApp::start().await;
    let body = json!({"url": "https://bank.example/login", "reuse": true});
    let created = send(app.create_link(&body)).await.json()["code"].as_str().expect("a code").to_owned();
    // An operator deletes the link, and then somebody else takes its code.
    app.delete_item(&created).await;
    let taken = send(app.create_link(&json!({"url": "https://evil.example/", "alias": created}))).await;
    assert_eq!(taken.status, 201);
    let again = send(app.create_link(&body)).await;
    assert_eq!((again.status, again.json()["url"].as_str()), (201, Some("https://bank.example/login")));
    let found = send(app.create_link(&body)).await;
    assert_eq!((found.status, found.json()["code"] == again.json()["code"]), (200, true));
}

/// A link is followed, and others want its code, while its owner withdraws it.
#[tokio::test(flavor = "multi_thread")]
async fn withdrawal_holds_from_its_answer_on() {
    let app = Arc::new(TestApp::builder().env("LINK_CACHE_SECONDS", "0").without_timeouts().start().await);
    let target = "https://example.com/";
    let body = json!({"url": target, "alias": "mine"});
    let token = send(app.create_link(&body)).await.json()["manage_token"].as_str().expect("a token").to_owned();
    let is_answered = Arc::new(AtomicBool::new(false));
    let followers: Vec<_> = (0..8)
        .map(|_| {
            let (app, is_answered, body) = (Arc::clone(&app), Arc::clone(&is_answered), body.clone());
            tokio::spawn(async move {
                for _ in 0..20 {
                    let was_answered = is_answered.load(Ordering::SeqCst);
                    let followed = send(app.get("/mine")).await;
                    let is_redirect = followed.status == 301 && followed.header("location") == target;
                    assert!(followed.status == 410 || (is_redirect && !was_answered), "{followed}");
                    assert_eq!(send(app.create_link(&body)).await.status, 409);
                }
            })
        })
        .collect();
    let withdraw = app.request(reqwest::Method::DELETE, "/links/mine").bearer_auth(&token);
    assert_eq!(send(withdraw).await.status, 204);
    is_answered.store(true, Ordering::SeqCst);
    for follower in followers {
        follower.await.expect("every answer is as expected");
    }
    assert_eq!(send(app.get("/mine")).await.status, 410);
}

/// Such a page comes from something in front of DynamoDB.
#[tokio::test]
async fn response_that_is_not_dynamodbs_is_a_503() {
    for response in [
        HTML_503,
        HTML_200,
        b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<h1>Sorry.</h1>",
    ] {
        let proxy = FaultProxy::builder().on_request(move |_| RequestFault::Respond(response));
        let app = TestApp::builder().proxy(proxy).start().await;
        let created = send(app.create_link(&json!({"url": "https://example.com/", "alias": "wanted"}))).await;
        assert_eq!((created.status, created.header("retry-after")), (503, "1"), "{created}");
        let redirect = send(app.get("/wanted")).await;
        assert_eq!((redirect.status, redirect.header("retry-after")), (503, "1"), "{redirect}");
    }
}
