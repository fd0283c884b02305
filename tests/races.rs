//! Who wins, and is anything lost?

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rand::TryRng;
use serde_json::json;

use crate::app::{Answer, TestApp, answer};
use crate::way::{Answered, Asked, way};

/// Sends all orders at once.
async fn all_at_once(app: &TestApp, orders: impl Iterator<Item = serde_json::Value>) -> Vec<Answer> {
    let sent: Vec<_> = orders.map(|order| tokio::spawn(answer(app.shorten(&order)))).collect();
    let mut answers = Vec::new();
    for task in sent {
        answers.push(task.await.expect("an answer"));
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hundred_who_want_one_alias_one_gets_it() {
    let app = TestApp::start().await;
    let target = |n: usize| format!("https://example.com/{n}");
    let orders = (0..200).map(|n| json!({"url": target(n), "alias": "wanted"}));
    let answers = all_at_once(&app, orders).await;
    let winners: Vec<usize> = (0..200).filter(|&n| answers[n].status == 201).collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 409).count(), 199);
    assert_eq!(answer(app.get("/wanted")).await.header("location"), target(winners[0]));
}

/// Draws only the first four characters of the alphabet.
struct FourLetters(u32);

impl TryRng for FourLetters {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        // Any good mixing will do.
        self.0 = self.0.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
        Ok(self.0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.try_next_u32().map(u64::from)
    }

    /// What codes are drawn from: byte 0 means the first character, and so on.
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for byte in bytes {
            *byte = u8::try_from(self.try_next_u32()? >> 30).expect("two bits");
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_space_fills_up_without_one_overwritten_link_and_then_codes_get_longer() {
    const CODES_OF_THREE: usize = 4 * 4 * 4;
    let app = TestApp::with_rng(&[("CODE_LENGTH", "3")], FourLetters(1)).await;
    let mut links = HashMap::new();
    for round in 0..15 {
        let targets: Vec<_> = (0..20).map(|n| format!("https://example.com/{round}/{n}")).collect();
        // Half of them with `reuse`, which draws within a transaction.
        let orders = targets.iter().enumerate().map(|(n, url)| json!({"url": url, "reuse": n % 2 == 0}));
        for (target, made) in targets.iter().zip(all_at_once(&app, orders).await) {
            assert_eq!(made.status, 201, "{made}");
            let code = made.json()["code"].as_str().expect("a code").to_owned();
            assert_eq!(links.insert(code, target.clone()), None, "a code given twice");
        }
    }
    assert_eq!(links.keys().filter(|code| code.len() == 3).count(), CODES_OF_THREE, "the space is full");
    assert_eq!(links.len(), 300);
    for (code, target) in links {
        assert_eq!(answer(app.get(&format!("/{code}"))).await.header("location"), target);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_who_race_for_a_reuse_one_makes_the_link_and_all_get_it() {
    let app = TestApp::start().await;
    let order = || json!({"url": "https://example.com/", "reuse": true});
    let answers = all_at_once(&app, (0..50).map(|_| order())).await;
    let codes: HashSet<_> = answers.iter().map(|answer| answer.json()["code"].to_string()).collect();
    assert_eq!(codes.len(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 49);
    assert_eq!(app.keys().await.len(), 2, "one link, and the memory of it");
}

#[tokio::test]
async fn a_put_whose_answer_was_lost_is_not_taken_for_somebody_elses() {
    let lose = Arc::new(AtomicBool::new(false));
    let losing = Arc::clone(&lose);
    // The engine has done what was asked by the time that its answer is lost.
    let once = move || if losing.swap(false, Ordering::SeqCst) { Answered::Lose } else { Answered::Pass };
    let app = TestApp::through(async |endpoint_url| way(endpoint_url, |_| Asked::Pass, once).await).await;
    for order in [
        json!({"url": "https://example.com/", "alias": "mine"}),
        json!({"url": "https://example.com/"}),
        json!({"url": "https://example.com/", "reuse": true}),
    ] {
        let before = app.keys().await.len();
        lose.store(true, Ordering::SeqCst);
        let made = answer(app.shorten(&order)).await;
        assert!(!lose.load(Ordering::SeqCst), "an answer was lost");
        assert_eq!(made.status, 201, "{order}: {made}");
        let expected = before + if order["reuse"] == true { 2 } else { 1 };
        assert_eq!(app.keys().await.len(), expected, "{order}: no second link was made");
    }
}

#[tokio::test]
async fn a_link_works_from_the_moment_its_201_arrives_though_the_replica_that_is_read_lags() {
    const NOTHING: &[u8] =
        b"HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: 2\r\n\r\n{}";
    let misses = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&misses);
    let lag = move |asked: &[u8]| {
        if String::from_utf8_lossy(asked).contains("\"ConsistentRead\":false") {
            counted.fetch_add(1, Ordering::SeqCst);
            return Asked::Reply(NOTHING);
        }
        Asked::Pass
    };
    let app = TestApp::through(async |endpoint_url| way(endpoint_url, lag, || Answered::Pass).await).await;
    let made = answer(app.shorten(&json!({"url": "https://example.com/"}))).await;
    let followed = answer(app.get(made.json()["short"].as_str().expect("a path"))).await;
    assert_eq!((followed.status, followed.header("location")), (301, "https://example.com/"));
    assert_eq!(misses.load(Ordering::SeqCst), 1, "the cheap read comes first");
}

#[tokio::test]
async fn a_reuse_finds_no_link_that_took_the_place_of_its_own() {
    let app = TestApp::start().await;
    let order = json!({"url": "https://bank.example/login", "reuse": true});
    let made = answer(app.shorten(&order)).await.json()["code"].as_str().expect("a code").to_owned();
    // As an operator takes a link down; then somebody else takes its code.
    let key = aws_sdk_dynamodb::types::AttributeValue::S(made.clone());
    app.dynamodb.delete_item().table_name("links").key("shortCode", key).send().await.expect("deleted");
    let taken = answer(app.shorten(&json!({"url": "https://evil.example/", "alias": made}))).await;
    assert_eq!(taken.status, 201);
    let again = answer(app.shorten(&order)).await;
    assert_eq!((again.status, again.json()["url"].as_str()), (201, Some("https://bank.example/login")));
    let found = answer(app.shorten(&order)).await;
    assert_eq!((found.status, found.json()["code"] == again.json()["code"]), (200, true));
}
