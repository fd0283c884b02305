//! Requests that pages of other origins make a browser send.

use reqwest::Method;
use serde_json::json;
use shortlink_core::http::cors;

use crate::support::app::{TestApp, send};

const FORM: &str = "application/x-www-form-urlencoded";

/// A form on another page needs no permission of the browser, so that the service itself must reject it.
#[tokio::test]
async fn form_of_a_page_elsewhere_makes_nothing() {
    let app = TestApp::builder().env("ALLOWED_ORIGINS", "https://example.com").start().await;
    let own = "http://sho.rt";
    for (origin, content_type, status) in [
        ("https://evil.example", FORM, 403),
        ("https://evil.example", "text/plain", 403),
        ("https://evil.example", "application/json", 403),
        ("null", FORM, 403),
        ("https://example.com.evil.example", FORM, 403),
        ("https://example.com", FORM, 201),
        (own, FORM, 201),
        ("", FORM, 201),
    ] {
        for path in ["/shorten", "/shorten?page", "/links"] {
            let body = match content_type {
                FORM => "url=https://example.com/page&alias=theirs".to_owned(),
                _ => json!({"url": "https://example.com/page", "alias": "theirs"}).to_string(),
            };
            let mut request = app.request(Method::POST, path).header("content-type", content_type).body(body);
            if !origin.is_empty() {
                request = request.header("origin", origin);
            }
            let response = send(request).await;
            assert_eq!(response.status, status, "{origin} {content_type} {path}: {response}");
            let made = app.item("theirs").await.is_some();
            assert_eq!(made, status == 201, "{origin} {content_type} {path}");
            if made {
                app.delete_item("theirs").await;
            }
        }
    }
}

#[tokio::test]
async fn any_page_may_make_links_by_default() {
    let app = TestApp::start().await;
    let request = app.create_link(&json!({"url": "https://example.com/"})).header("origin", "https://example.org");
    let created = send(request).await;
    assert_eq!((created.status, created.header("access-control-allow-origin")), (201, "*"));
    assert_eq!(created.header("access-control-expose-headers"), "etag,location,retry-after");
}

/// The local server answers as API Gateway does (`CorsConfiguration` in template.yaml).
#[tokio::test]
async fn preflight_is_answered_and_responses_name_the_origin() {
    let app = TestApp::builder().env("ALLOWED_ORIGINS", "https://example.com").start().await;
    let preflight = |origin: &str| {
        let request = app.request(Method::OPTIONS, "/links/abc").header("origin", origin);
        request.header("access-control-request-method", "PATCH").header("access-control-request-headers", "if-match")
    };
    let allowed = send(preflight("https://example.com")).await;
    assert_eq!((allowed.status, allowed.header("access-control-allow-origin")), (204, "https://example.com"));
    assert_eq!(allowed.header("access-control-allow-methods"), cors::METHODS.join(","));
    assert_eq!(allowed.header("access-control-allow-headers"), cors::REQUEST_HEADERS.join(","));
    assert_eq!(allowed.header("access-control-max-age"), "3600");
    let refused = send(preflight("https://evil.example")).await;
    assert_eq!((refused.status, refused.headers.get("access-control-allow-origin")), (204, None));

    let shown = send(app.get("/openapi.json").header("origin", "https://example.com")).await;
    assert_eq!((shown.status, shown.header("access-control-allow-origin")), (200, "https://example.com"));
    assert_eq!(shown.header("vary"), "origin");
    let other = send(app.get("/openapi.json").header("origin", "https://evil.example")).await;
    assert_eq!((other.status, other.headers.get("access-control-allow-origin")), (200, None));
    assert_eq!(send(app.get("/openapi.json")).await.headers.get("access-control-allow-origin"), None);
}

#[tokio::test]
async fn wrong_method_is_answered_with_those_that_are_allowed() {
    let app = TestApp::start().await;
    for (method, path, allowed) in [
        (Method::PUT, "/shorten", "POST, GET, HEAD"),
        (Method::DELETE, "/", "GET, HEAD"),
        (Method::POST, "/links/abc", "GET, HEAD, PUT, PATCH, DELETE"),
        (Method::POST, "/abc", "GET, HEAD"),
        (Method::OPTIONS, "/abc", "GET, HEAD"),
        (Method::DELETE, "/links/abc/history", "GET, HEAD"),
    ] {
        let response = send(app.request(method.clone(), path)).await;
        assert_eq!((response.status, response.header("allow")), (405, allowed), "{method} {path}");
        assert_eq!(response.header("content-type"), "application/problem+json");
        let problem = response.json();
        assert_eq!(problem["type"], "urn:shortlink:problem:method-not-allowed");
        assert_eq!(problem["detail"], format!("This address accepts only {allowed}."));
    }
    for (method, path) in [(Method::POST, "/a/b"), (Method::GET, "/a/b"), (Method::PUT, "/links/abc/nothing")] {
        assert_eq!(send(app.request(method, path)).await.status, 404, "{path}");
    }
}
