//! `Idempotency-Key`: a request that is repeated with the same key creates no second link.

use std::collections::HashSet;

use serde_json::json;

use crate::support::app::{TestApp, send};

const DAY: i64 = 86_400;

#[tokio::test]
async fn repeated_request_gets_the_same_response() {
    let app = TestApp::start().await;
    for body in [
        json!({"url": "https://example.com/1"}),
        json!({"url": "https://example.com/2", "alias": "mine"}),
        json!({"url": "https://example.com/3", "reuse": true}),
        json!({"url": "https://example.com/4", "alias": "ours", "reuse": true, "expires_in": 3600}),
    ] {
        let key = format!("key of {}", body["url"]);
        let first = send(app.create_link(&body).header("idempotency-key", &key)).await;
        assert_eq!(first.status, 201, "{first}");
        app.advance_clock(600);
        // The IETF draft has quotes around the key, Stripe has not.
        for key in [key.clone(), format!("\"{key}\"")] {
            let again = send(app.create_link(&body).header("idempotency-key", key)).await;
            assert_eq!((again.status, &again.body), (201, &first.body));
        }
    }
    let links = app.keys().await.into_iter().filter(|key| !key.contains('#')).count();
    assert_eq!(links, 4);
}

#[tokio::test]
async fn key_of_another_request_is_refused() {
    let app = TestApp::start().await;
    let first = json!({"url": "https://example.com/", "alias": "first"});
    assert_eq!(send(app.create_link(&first).header("idempotency-key", "key")).await.status, 201);
    for body in [
        json!({"url": "https://example.com/other"}),
        json!({"url": "https://example.com/", "alias": "second"}),
        json!({"url": "https://example.com/", "alias": "first", "expires_in": 3600}),
        json!({"url": "https://example.com/", "alias": "first", "reuse": true}),
        json!({"url": "https://example.com/other", "reuse": true}),
    ] {
        let refused = send(app.create_link(&body).header("idempotency-key", "key")).await;
        assert_eq!((refused.status, &refused.json()["field"]), (422, &json!("idempotency-key")), "{body}: {refused}");
    }
    assert_eq!(app.keys().await.len(), 2, "a link and its entry");
    // Another client's alias is a conflict, whatever the key.
    assert_eq!(send(app.create_link(&first).header("idempotency-key", "other")).await.status, 409);
}

/// A link that existed before is remembered, too.
#[tokio::test]
async fn existing_link_is_returned_again() {
    let app = TestApp::start().await;
    for body in [
        json!({"url": "https://example.com/1", "reuse": true, "expires_in": 600}),
        json!({"url": "https://example.com/2", "reuse": true, "expires_in": 600, "alias": "mine"}),
    ] {
        let key = body["url"].to_string();
        let first = send(app.create_link(&body)).await;
        assert_eq!(first.status, 201);
        for _ in 0..2 {
            let found = send(app.create_link(&body).header("idempotency-key", &key)).await;
            assert_eq!((found.status, &found.body), (200, &first.body));
        }
        let other = json!({"url": "https://example.com/other"});
        assert_eq!(send(app.create_link(&other).header("idempotency-key", &key)).await.status, 422);
    }
}

#[tokio::test]
async fn key_is_remembered_for_a_day() {
    let app = TestApp::start().await;
    let body = json!({"url": "https://example.com/"});
    let create = async || {
        let created = send(app.create_link(&body).header("idempotency-key", "key")).await;
        assert_eq!(created.status, 201);
        created.json()["code"].to_string()
    };
    let first = create().await;
    app.advance_clock(DAY - 1);
    assert_eq!(create().await, first);
    app.advance_clock(1);
    assert_ne!(create().await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_repetitions_share_one_link() {
    let app = TestApp::builder().without_timeouts().start().await;
    for body in [json!({"url": "https://example.com/"}), json!({"url": "https://example.com/", "reuse": true})] {
        let key = body.to_string();
        let sent: Vec<_> = (0..30)
            .map(|_| tokio::spawn(send(app.create_link(&body).header("idempotency-key", key.clone()))))
            .collect();
        let mut codes = HashSet::new();
        for task in sent {
            let created = task.await.expect("a response");
            assert_eq!(created.status, 201, "{created}");
            codes.insert(created.json()["code"].to_string());
        }
        assert_eq!(codes.len(), 1);
    }
}

#[tokio::test]
async fn invalid_key_is_a_400() {
    let app = TestApp::start().await;
    let create = || app.create_link(&json!({"url": "https://example.com/"}));
    let long = "x".repeat(256);
    for request in [
        create().header("idempotency-key", ""),
        create().header("idempotency-key", &long),
        create().header("idempotency-key", "é"),
        create().header("idempotency-key", "a").header("idempotency-key", "a"),
    ] {
        let refused = send(request).await;
        assert_eq!((refused.status, &refused.json()["field"]), (400, &json!("idempotency-key")), "{refused}");
    }
    assert!(app.keys().await.is_empty());
}
