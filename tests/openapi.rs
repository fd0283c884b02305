//! `openapi.json` against the service, in both directions: each response of the service is described, and the service
//! gives each response that is described.

use std::collections::BTreeSet;

use jsonschema::draft202012;
use reqwest::Method;
use resolve::Resolve;
use serde_json::{Value, json};
use shorten::Shorten;
use shortlink::gateway::{self, Functions};
use shortlink_core::config::Environment;
use shortlink_core::domain::clock::Clock;
use shortlink_core::domain::code::{self, Code};
use shortlink_core::domain::code_generator::CodeGenerator;
use shortlink_core::domain::permissions::Scope;
use shortlink_core::domain::target;
use shortlink_core::dynamodb::client;
use shortlink_core::dynamodb::store::Store;
use shortlink_core::http::problem::{ProblemKind, TYPE_PREFIX};
use shortlink_core::http::routes::{self, ROUTES, Route};
use shortlink_core::link_cache::{self, LinkCache};
use shortlink_core::visits::recorder::VisitRecorder;
use shortlink_core::visits::writer::PerLinkWriter;
use tokio::net::TcpListener;
use url::form_urlencoded;

use crate::support::app::{Response, TestApp, send};
use crate::support::dynamodb::UNREACHABLE;
use crate::support::user_agents::BROWSER_ACCEPT;

/// Headers that are not described. OpenAPI forbids a description of the first; the others are for browsers only.
const UNDESCRIBED_HEADERS: &[&str] =
    &["content-type", "content-language", "content-security-policy", "referrer-policy", "x-content-type-options"];

const FORM: &str = "application/x-www-form-urlencoded";

/// The suffixes of a code and their described paths. The gateway has one route for all of them.
const VIEWS: &[(&str, &str)] = &[("", "/{code}"), ("+", "/{code}+"), (".svg", "/{code}.svg"), (".png", "/{code}.png")];

/// The routes that are no operations, beside the default one: pages, and files for browsers and crawlers.
const NOT_DESCRIBED: &[&str] =
    &[routes::DEFAULT, "/docs", "/my-links", "/manifest.webmanifest", "/opensearch.xml", "/robots.txt", "/favicon.svg"];

/// Responses of API Gateway itself: status and media type.
const BY_API_GATEWAY: &[(&str, &str)] =
    &[("429", "application/json"), ("500", "application/json"), ("503", "application/json")];

/// The OpenAPI document.
struct Description(Value);

/// One operation of the document.
struct Operation<'a> {
    method: &'a str,
    path: &'a str,
    object: &'a Value,
}

impl Description {
    fn read() -> Self {
        Self(serde_json::from_str(shorten::assets::OPENAPI).expect("JSON"))
    }

    fn schema(&self, name: &str) -> &Value {
        &self.0["components"]["schemas"][name]
    }

    fn operations(&self) -> impl Iterator<Item = Operation<'_>> {
        entries(&self.0["paths"])
            .flat_map(|(path, item)| entries(item).map(move |(method, object)| Operation { method, path, object }))
    }

    /// Follows a reference. A value that is none is returned as it is.
    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        let Some(reference) = value["$ref"].as_str() else { return value };
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} is elsewhere"));
        self.resolved(self.0.pointer(pointer).unwrap_or_else(|| panic!("{reference} is not there")))
    }

    /// Why `instance` does not match `schema`, or `None` if it does.
    fn mismatch(&self, schema: &Value, instance: &Value) -> Option<String> {
        // The schema is wrapped so that `#` in its references is the root of this document.
        let schema = json!({"allOf": [schema], "components": self.0["components"]});
        let validator = draft202012::options().should_validate_formats(true).build(&schema).expect("a schema");
        validator.validate(instance).err().map(|error| format!("{error}, at {}", error.instance_path()))
    }

    /// Every object in the document with its JSON pointer.
    fn objects(&self) -> Vec<(String, &Value)> {
        fn collect<'a>(place: String, value: &'a Value, found: &mut Vec<(String, &'a Value)>) {
            for (name, inner) in entries(value) {
                collect(format!("{place}/{name}"), inner, found);
            }
            for (index, inner) in value.as_array().into_iter().flatten().enumerate() {
                collect(format!("{place}/{index}"), inner, found);
            }
            if value.is_object() {
                found.push((place, value));
            }
        }
        let mut found = Vec::new();
        collect(String::new(), &self.0, &mut found);
        found
    }

    /// Every media type object of an operation's responses: status, media type, object.
    fn contents<'a>(&'a self, operation: &Operation<'a>) -> Vec<(&'a str, &'a str, &'a Value)> {
        let responses = entries(&operation.object["responses"]);
        let contents = responses.flat_map(|(status, response)| {
            entries(&self.resolved(response)["content"]).map(move |(media_type, media)| (status, media_type, media))
        });
        contents.collect()
    }

    /// Fails unless the response is as described: status, media type, body, the required headers and no undescribed ones.
    fn assert_describes(&self, operation: &Operation<'_>, response: &Response) {
        let place = format!("{} {}", operation.method, operation.path);
        let described = self.resolved(&operation.object["responses"][response.status.to_string()]);
        assert!(described.is_object(), "{place} has no status {response}");

        let content = &described["content"];
        let body = media_type(response).map(|media_type| {
            let is_json = media_type.ends_with("json");
            let body = if is_json { response.json() } else { Value::String(response.body.clone()) };
            (&content[media_type], body)
        });
        match body {
            Some((media, body)) => {
                assert!(media.is_object(), "{place} has no such type of body: {response}");
                assert_eq!(self.mismatch(&media["schema"], &body), None, "{place}: {response}");
            }
            None => {
                let has_none = content.is_null() || operation.method == "head";
                assert!(has_none, "{place} should have a body: {response}");
            }
        }

        let mut undescribed: BTreeSet<_> = response.headers.keys().map(String::as_str).collect();
        undescribed.retain(|name| !UNDESCRIBED_HEADERS.contains(name));
        for (name, header) in entries(&described["headers"]) {
            let header = self.resolved(header);
            let name = name.to_lowercase();
            undescribed.remove(name.as_str());
            let Some(text) = response.headers.get(&name) else {
                assert_ne!(header["required"], true, "{place} should have the header {name}: {response}");
                continue;
            };
            let is_number = header["schema"]["type"] == "integer";
            let value = if is_number { text.parse::<i64>().map_or(Value::Null, Value::from) } else { json!(text) };
            assert_eq!(self.mismatch(&header["schema"], &value), None, "{place}, {name}: {response}");
        }
        assert_eq!(undescribed, BTreeSet::new(), "{place}: {response}");
    }
}

/// The entries of an object, or none if the value is not an object.
fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

/// The strings in an array.
fn strings(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The values of a media type object's example or examples.
fn examples(media: &Value) -> impl Iterator<Item = &Value> {
    media.get("example").into_iter().chain(entries(&media["examples"]).map(|(_, example)| &example["value"]))
}

/// The media type of the body without parameters. A response to HEAD has no body and so none, despite its header.
fn media_type(response: &Response) -> Option<&str> {
    response.header("content-type").split(';').next().filter(|_| !response.body.is_empty())
}

/// The path of the gateway's route for a described path.
fn route_of(path: &str) -> &str {
    VIEWS.iter().find(|(_, view)| *view == path).map_or(path, |_| "/{code}")
}

/// Starts a service that cannot reach its table. Returns its base URL.
async fn without_table() -> String {
    let environment = Environment::new(&|_| None);
    let store = Store::new(client::local(UNREACHABLE).await, "links");
    let shorten_config = shorten::config::Config::read(&environment).expect("settings of shorten");
    let resolve_config = resolve::config::Config::read(&environment).expect("settings of resolve");
    let cache = LinkCache::new(resolve_config.link_cache_seconds, link_cache::CAPACITY);
    let writer = PerLinkWriter::new(store.clone(), resolve_config.visits_retention);
    let recorder = VisitRecorder::new(resolve_config.visits, writer);
    let functions = Functions {
        shorten: Shorten::new(shorten_config, store.clone(), CodeGenerator::from_os_rng(7), Clock::system()),
        resolve: Resolve::new(resolve_config, store, cache, recorder, Clock::system()),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(gateway::serve(listener, functions, std::future::pending()));
    format!("http://{address}")
}

/// The operations on a link that is managed.
const MANAGE: &[(Method, &str)] =
    &[(Method::GET, "get"), (Method::HEAD, "head"), (Method::PATCH, "patch"), (Method::DELETE, "delete")];

/// The fields of a JSON object, as a form has them.
fn fields(body: &Value) -> impl Iterator<Item = (&str, String)> {
    let text = |value: &Value| match value {
        Value::Null => "never".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    entries(body).map(move |(name, value)| (name, text(value)))
}

/// One response of each kind, with the method and the described path of its request.
async fn responses() -> Vec<(&'static str, &'static str, Response)> {
    let mut responses = Vec::new();
    let mut shorten = Vec::new();
    let url = "https://example.com/";

    let filler = "x".repeat(10_240);

    let app = TestApp::builder().env("ALLOW_NEVER", "true").start().await;
    for body in [
        json!({"url": "https://example.com/é|", "alias": "here", "expires_in": 60}),
        json!({"url": url, "expires_at": null}),
        json!({"url": url, "reuse": true}),
        json!({"url": url, "reuse": true}),
        json!({"url": url, "alias": "here"}),
        json!({"url": "example.com"}),
        json!({"url": url, "alias": "no"}),
        json!({"url": url, "expires_in": 1}),
        json!({"url": url, "unknown": 1}),
    ] {
        shorten.push(send(app.create_link(&body)).await);
        shorten.push(send(app.create_link(&body).header("accept", "text/plain")).await);
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields(&body)).finish();
        let request = app.request(Method::POST, "/shorten").header("content-type", FORM).body(form);
        shorten.push(send(request.header("accept", BROWSER_ACCEPT)).await);
    }
    let post = |content_type: &str, body: Vec<u8>| {
        app.request(Method::POST, "/shorten").header("content-type", content_type).body(body)
    };
    for accept in ["*/*", BROWSER_ACCEPT] {
        shorten.push(send(post("text/xml", b"<url/>".to_vec()).header("accept", accept)).await);
        let large = post(FORM, vec![b'x'; shorten::body::MAX_BYTES + 1]);
        shorten.push(send(large.header("accept", accept)).await);
    }
    shorten.push(send(post("text/plain", vec![b'x'; gateway::MAX_BODY_BYTES + 1])).await);
    shorten.push(send(post(&filler, Vec::new())).await);
    for (n, accept) in ["*/*", BROWSER_ACCEPT].into_iter().enumerate() {
        for key in ["", "key", "key"] {
            let request = app.request(Method::POST, "/shorten").body(format!("url={url}{n}{key}"));
            shorten.push(send(request.header("accept", accept).header("idempotency-key", key)).await);
        }
        let request = app.request(Method::POST, "/shorten").body(format!("url={url}other"));
        shorten.push(send(request.header("accept", accept).header("idempotency-key", "key")).await);
    }

    let closed = TestApp::builder().env("DOOR", "key").start().await;
    let reader = closed.create_key("reader", &[Scope::Read]).await;
    for accept in ["*/*", BROWSER_ACCEPT] {
        let request = || closed.create_link(&json!({"url": url})).header("accept", accept);
        shorten.push(send(request()).await);
        shorten.push(send(request().header("x-api-key", "sl_0")).await);
        shorten.push(send(request().bearer_auth(&reader)).await);
    }
    let limited = closed.create_limited_key("limited", 1).await;
    for accept in ["text/plain", "*/*", BROWSER_ACCEPT] {
        let request = closed.request(Method::POST, "/shorten").body(format!("url={url}")).header("accept", accept);
        shorten.push(send(request.bearer_auth(&limited)).await);
        let request = closed.request(Method::PUT, "/links/limited").body(json!({"url": url}).to_string());
        responses.push(("put", "/links/{code}", send(request.header("accept", accept).bearer_auth(&limited)).await));
    }

    let bulk = |body: &str| closed.request(Method::POST, "/links/bulk").body(body.to_owned());
    let links =
        json!({"links": [{"url": url}, {"url": "x"}, {"url": url, "alias": "several", "reuse": true}]}).to_string();
    let importer = closed.create_key("importer", &[Scope::Own]).await;
    for accept in ["*/*", BROWSER_ACCEPT] {
        let bulk = |body: &str| bulk(body).header("accept", accept);
        for request in [
            bulk(&links),
            bulk(&links).bearer_auth(&reader),
            bulk(&links).bearer_auth(&importer),
            bulk("{}").bearer_auth(&importer),
            bulk(&"x".repeat(131_073)).bearer_auth(&importer),
            bulk(&"x".repeat(gateway::MAX_BODY_BYTES + 1)),
            bulk(&links).bearer_auth(&importer).header("content-type", "text/xml"),
            bulk(&links).bearer_auth(&importer).header("content-encoding", "gzip"),
            bulk(&links).bearer_auth(&importer).header("x-filler", &filler),
        ] {
            responses.push(("post", "/links/bulk", send(request).await));
        }
    }

    for path in ["/", "/shorten", "/openapi.json"] {
        for (method, name) in [(Method::GET, "get"), (Method::HEAD, "head")] {
            let ask = || app.request(method.clone(), path);
            responses.push((name, path, send(ask()).await));
            responses.push((name, path, send(ask().header("if-none-match", "*")).await));
            responses.push((name, path, send(ask().header("x-filler", &filler)).await));
        }
    }
    let elsewhere = TestApp::builder().env("HOME_URL", "https://example.com/").start().await;
    responses.push(("get", "/", send(elsewhere.get("/")).await));
    let follow = async |app: &TestApp, accept: &str, path: &str| {
        let mut responses = Vec::new();
        for (end, described) in VIEWS {
            let path = format!("{path}{end}");
            let get = app.get(&path).header("accept", accept);
            let head = app.head(&path).header("accept", accept);
            responses.extend([("get", *described, send(get).await), ("head", *described, send(head).await)]);
        }
        responses
    };
    for (end, described) in VIEWS.iter().skip(1) {
        for (method, name) in [(Method::GET, "get"), (Method::HEAD, "head")] {
            let ask = |query: &str| app.request(method.clone(), &format!("/here{end}{query}"));
            responses.push((name, described, send(ask("").header("if-none-match", "*")).await));
            if *end != "+" {
                responses.push((name, described, send(ask("?size=1")).await));
                responses.push((name, described, send(ask("?size=1").header("accept", BROWSER_ACCEPT)).await));
            }
        }
    }
    responses.extend(follow(&app, BROWSER_ACCEPT, "/here").await);
    responses.extend(follow(&app, "*/*", "/here").await);
    responses.extend(follow(&app, &filler, "/here").await);
    send(app.create_link(&json!({"url": url, "alias": "blocked"}))).await;
    app.block("blocked").await;
    for accept in ["*/*", BROWSER_ACCEPT] {
        responses.extend(follow(&app, accept, "/blocked").await);
    }
    app.advance_clock(60);
    for accept in ["*/*", BROWSER_ACCEPT] {
        responses.extend(follow(&app, accept, "/here").await);
        responses.extend(follow(&app, accept, "/unknown").await);
    }
    for status in ["302", "307", "308"] {
        let app = TestApp::builder().env("REDIRECT_STATUS", status).start().await;
        send(app.create_link(&json!({"url": url, "alias": "here"}))).await;
        responses.extend(follow(&app, "*/*", "/here").await);
    }

    let token = send(app.create_link(&json!({"url": url, "alias": "owned"}))).await.json()["manage_token"].clone();
    let token = token.as_str().expect("a token").to_owned();
    let manage = async |base: &str, accept: &str, token: &str| {
        let http = reqwest::Client::new();
        let mut responses = Vec::new();
        for (method, name) in MANAGE {
            let request = || {
                let request = http.request(method.clone(), format!("{base}/links/owned")).header("accept", accept);
                if token.is_empty() { request } else { request.bearer_auth(token) }
            };
            responses.push((*name, "/links/{code}", send(request().body("{}")).await));
            responses.push((*name, "/links/{code}", send(request().header("if-match", "\"9\"").body("{}")).await));
            if matches!(*name, "get" | "head") {
                responses.push((*name, "/links/{code}", send(request().header("if-none-match", "*")).await));
            }
            responses.push((*name, "/links/{code}", send(request().header("x-filler", &filler)).await));
        }
        for (method, name) in [(Method::GET, "get"), (Method::HEAD, "head")] {
            let request = || {
                let request = http.request(method.clone(), format!("{base}/links/owned/history"));
                let request = request.header("accept", accept);
                if token.is_empty() { request } else { request.bearer_auth(token) }
            };
            responses.push((name, "/links/{code}/history", send(request()).await));
            responses.push((name, "/links/{code}/history", send(request().header("x-filler", &filler)).await));
            let request = |query: &str, media_type: &str| {
                let request = http.request(method.clone(), format!("{base}/links/owned/visits{query}"));
                let request = request.header("accept", media_type);
                if token.is_empty() { request } else { request.bearer_auth(token) }
            };
            for (query, media_type) in [("", accept), ("?to=x", accept), ("", "application/json"), ("", "text/csv")] {
                responses.push((name, "/links/{code}/visits", send(request(query, media_type)).await));
            }
            responses.push((name, "/links/{code}/visits", send(request("", accept).header("x-filler", &filler)).await));
        }
        for body in ["{\"url\": 1}", "{\"withdrawn\": false}", &"x".repeat(shorten::body::MAX_BYTES + 1)] {
            let request = http.patch(format!("{base}/links/owned")).header("accept", accept).bearer_auth(token);
            responses.push(("patch", "/links/{code}", send(request.body(body.to_owned())).await));
        }
        for (method, name) in [(Method::GET, "get"), (Method::HEAD, "head")] {
            let request = |query: &str| {
                let request = http.request(method.clone(), format!("{base}/links{query}")).header("accept", accept);
                if token.is_empty() { request } else { request.bearer_auth(token) }
            };
            responses.push((name, "/links", send(request("")).await));
            responses.push((name, "/links", send(request("?limit=0")).await));
            responses.push((name, "/links", send(request("").header("x-filler", &filler)).await));
        }
        let put = |name: &'static str, value: &str, body: String| {
            let request = http.put(format!("{base}/links/owned")).header("accept", accept).header(name, value);
            send(if token.is_empty() { request } else { request.bearer_auth(token) }.body(body))
        };
        let declared = json!({"url": url}).to_string();
        for (name, value, body) in [
            ("if-match", "*", declared.clone()),
            ("if-match", "\"9\"", declared.clone()),
            ("x-filler", "", declared.clone()),
            ("x-filler", &filler, declared.clone()),
            ("x-filler", "", "{}".to_owned()),
            ("x-filler", "", "x".repeat(shorten::body::MAX_BYTES + 1)),
            ("content-type", "text/plain", declared),
        ] {
            responses.push(("put", "/links/{code}", put(name, value, body).await));
        }
        let request = http.patch(format!("{base}/links/owned")).header("accept", accept).bearer_auth(token);
        responses.push(("patch", "/links/{code}", send(request.header("content-type", "text/plain").body("{}")).await));
        responses
    };
    let creator = app.create_key("creator", &[Scope::Create]).await;
    let stranger = app.create_key("stranger", &[Scope::Own]).await;
    let reader = app.create_key("reader", &[Scope::Read]).await;
    let base = app.get("/").build().expect("a request").url().as_str().trim_end_matches('/').to_owned();
    for accept in ["*/*", BROWSER_ACCEPT] {
        for token in [token.as_str(), "slm_0", "", &creator, &stranger, &reader] {
            responses.extend(manage(&base, accept, token).await);
        }
        for (code, body) in [("declared", json!({"url": url})), ("other", json!({"url": url, "title": "Title"}))] {
            let request = app.request(Method::PUT, &format!("/links/{code}")).header("accept", accept);
            let request = request.header("idempotency-key", "declared").body(body.to_string());
            responses.push(("put", "/links/{code}", send(request).await));
        }
    }
    let large = app.request(Method::PUT, "/links/owned").body(vec![b'x'; gateway::MAX_BODY_BYTES + 1]);
    responses.push(("put", "/links/{code}", send(large).await));
    let large = app.request(Method::PATCH, "/links/owned").body(vec![b'x'; gateway::MAX_BODY_BYTES + 1]);
    responses.push(("patch", "/links/{code}", send(large).await));

    app.delete_table().await;
    for accept in ["*/*", BROWSER_ACCEPT] {
        responses.extend(manage(&base, accept, &token).await);
        responses.extend(manage(&base, accept, &stranger).await);
    }
    for accept in ["*/*", BROWSER_ACCEPT] {
        let request = app.request(Method::POST, "/shorten").body(format!("url={url}"));
        shorten.push(send(request.header("accept", accept)).await);
    }
    for accept in ["*/*", BROWSER_ACCEPT] {
        responses.extend(follow(&app, accept, "/here").await);
    }
    let broken = without_table().await;
    for accept in ["*/*", BROWSER_ACCEPT] {
        responses.extend(manage(&broken, accept, &token).await);
        responses.extend(manage(&broken, accept, &stranger).await);
    }
    let http = reqwest::Client::new();
    for accept in ["*/*", BROWSER_ACCEPT] {
        let body = http.post(format!("{broken}/shorten")).body(format!("url={url}"));
        shorten.push(send(body.header("accept", accept)).await);
        for base in [&base, &broken] {
            let bulk = http.post(format!("{base}/links/bulk")).body(links.clone()).bearer_auth(&importer);
            responses.push(("post", "/links/bulk", send(bulk.header("accept", accept)).await));
        }
    }
    for accept in ["*/*", BROWSER_ACCEPT] {
        for (end, described) in VIEWS {
            let here = format!("{broken}/here{end}");
            responses.push(("get", described, send(http.get(&here).header("accept", accept)).await));
            responses.push(("head", described, send(http.head(&here).header("accept", accept)).await));
        }
    }
    // Behind a CDN, around which the requests go.
    let app = TestApp::builder().env("EDGE_KEY", "0123456789abcdef").start().await;
    for accept in ["*/*", BROWSER_ACCEPT] {
        for described in ["/", "/shorten", "/openapi.json"] {
            responses.push(("get", described, send(app.get(described).header("accept", accept)).await));
        }
        for (end, described) in VIEWS {
            responses.push(("get", described, send(app.get(&format!("/here{end}")).header("accept", accept)).await));
        }
    }
    responses.extend(shorten.into_iter().map(|response| ("post", "/shorten", response)));
    responses
}

#[tokio::test]
async fn document_is_served_verbatim() {
    let app = TestApp::start().await;
    let served = send(app.get("/openapi.json")).await;
    assert_eq!((served.status, served.header("content-type")), (200, "application/json"));
    assert_eq!(served.body, shorten::assets::OPENAPI);
}

#[test]
fn operations_match_the_routes() {
    let description = Description::read();
    let described: BTreeSet<_> =
        description.operations().map(|operation| (operation.method.to_uppercase(), route_of(operation.path))).collect();
    let methods = |route: &'static Route| route.methods.iter().map(|method| ((*method).to_owned(), route.pattern));
    // The default route is no operation: it answers 404 but for a code that punctuation follows. Neither is what is for
    // browsers and crawlers alone, nor HEAD, which every GET has.
    let is_described = |route: &&Route| !NOT_DESCRIBED.contains(&route.pattern);
    let routes = ROUTES.iter().filter(is_described).flat_map(methods).filter(|(method, _)| method != "HEAD").collect();
    assert_eq!(described, routes);
}

#[test]
fn problems_match_the_code() {
    let description = Description::read();
    let problem = &description.schema("Problem")["properties"];
    let types: Vec<_> = ProblemKind::ALL.iter().map(|kind| format!("{TYPE_PREFIX}{}", kind.name())).collect();
    assert_eq!(strings(&problem["type"]["enum"]), types);

    // Each problem has an example with its title at every status that it has.
    let mut shown = BTreeSet::new();
    for operation in description.operations() {
        for (status, media_type, media) in description.contents(&operation) {
            for example in examples(media).filter(|_| media_type == "application/problem+json") {
                let name = example["type"].as_str().and_then(|name| name.strip_prefix(TYPE_PREFIX));
                let kind = ProblemKind::ALL.iter().find(|kind| Some(kind.name()) == name).expect("a kind");
                assert_eq!((status, &example["status"]), (kind.status().as_str(), &json!(kind.status().as_u16())));
                assert_eq!(example["title"], kind.title());
                shown.insert(kind.name());
            }
        }
    }
    // No operation has a method that its path does not accept.
    let of_operations = ProblemKind::ALL.iter().filter(|kind| **kind != ProblemKind::MethodNotAllowed);
    assert_eq!(shown, of_operations.map(|kind| kind.name()).collect());
}

#[test]
fn limits_match_the_code() {
    let description = Description::read();
    let code = description.schema("Code");
    assert_eq!((&code["minLength"], &code["maxLength"]), (&json!(code::MIN_READ_LENGTH), &json!(code::MAX_LENGTH)));
    for character in (0..0x180).filter_map(char::from_u32) {
        for text in [format!("{character}bc"), format!("ab{character}")] {
            let described = description.mismatch(description.schema("Alias"), &json!(text)).is_none();
            assert_eq!(described, Code::parse_alias(&text).is_ok(), "{text:?}");
        }
    }
    for name in ["Url", "Target"] {
        assert_eq!(description.schema(name)["maxLength"], target::MAX_BYTES, "{name}");
    }
    // These limits are in the text, since the schema has no keyword for them.
    let shorten = &description.0["paths"]["/shorten"]["post"];
    let too_large = description.resolved(&shorten["responses"]["413"]);
    let limit = format!("at most {} bytes", shorten::body::MAX_BYTES);
    assert!(shorten["description"].as_str().is_some_and(|text| text.contains(&limit)));
    let limit = format!("Send {limit}");
    assert!(too_large["description"].as_str().is_some_and(|text| text.contains(&limit)));
    let settings = shorten::config::Config::read(&Environment::new(&|_| None)).expect("the default settings");
    let expires_in = &description.schema("CreateLinkRequest")["properties"]["expires_in"]["description"];
    for limit in [
        format!("{} to {} unless changed", settings.expiry.min, settings.expiry.max),
        format!("{} seconds unless changed", settings.expiry.default.expect("links expire by default")),
    ] {
        assert!(expires_in.as_str().is_some_and(|text| text.contains(&limit)), "{limit}");
    }
}

#[test]
fn version_and_license_match_the_package() {
    let info = &Description::read().0["info"];
    assert_eq!(info["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(info["license"]["identifier"], env!("CARGO_PKG_LICENSE"));
}

#[test]
fn references_resolve_and_components_are_used() {
    let description = Description::read();
    let mut used = BTreeSet::new();
    for (place, object) in description.objects() {
        if let Some(reference) = object["$ref"].as_str() {
            assert!(description.resolved(object).is_object(), "{place}");
            used.insert(reference.trim_start_matches('#').to_owned());
        }
    }
    // Security schemes are used by their names.
    for operation in description.operations() {
        for scheme in operation.object["security"].as_array().into_iter().flatten() {
            used.extend(entries(scheme).map(|(name, _)| format!("/components/securitySchemes/{name}")));
        }
    }
    let components = entries(&description.0["components"]).flat_map(|(section, components)| {
        entries(components).map(move |(name, _)| format!("/components/{section}/{name}"))
    });
    assert_eq!(used, components.collect());
}

#[test]
fn operations_are_complete() {
    let description = Description::read();
    assert_eq!(description.0["openapi"], "3.1.0");
    let tags: Vec<_> = description.0["tags"].as_array().into_iter().flatten().map(|tag| &tag["name"]).collect();
    let mut ids = BTreeSet::new();
    for operation in description.operations() {
        let place = format!("{} {}", operation.method, operation.path);
        let id = operation.object["operationId"].as_str().unwrap_or_else(|| panic!("{place} has no operationId"));
        assert!(ids.insert(id), "{id} is used twice");
        assert!(operation.object["summary"].is_string(), "{place}");
        let operation_tags = operation.object["tags"].as_array().expect("tags");
        assert!(!operation_tags.is_empty() && operation_tags.iter().all(|tag| tags.contains(&tag)), "{place}");

        let parameters = operation.object["parameters"].as_array().into_iter().flatten();
        let parameters = parameters.map(|parameter| description.resolved(parameter));
        let in_path = parameters.filter(|parameter| parameter["in"] == "path" && parameter["required"] == true);
        let names: Vec<_> = in_path.filter_map(|parameter| parameter["name"].as_str()).collect();
        let segments = route_of(operation.path).split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        assert_eq!(names, segments.collect::<Vec<_>>(), "{place}");

        assert!(entries(&operation.object["responses"]).count() > 0, "{place}");
        for (status, response) in entries(&operation.object["responses"]) {
            assert!(status.parse::<u16>().is_ok_and(|status| (200..600).contains(&status)), "{place} {status}");
            let response = description.resolved(response);
            assert!(response["description"].as_str().is_some_and(|text| text.ends_with('.')), "{place} {status}");
            for (name, header) in entries(&response["headers"]) {
                assert!(description.resolved(header)["schema"].is_object(), "{place} {status} {name}");
            }
        }
        for (status, media_type, media) in description.contents(&operation) {
            assert!(media["schema"].is_object(), "{place} {status} {media_type}");
        }
    }
}

#[test]
fn schemas_are_valid() {
    let description = Description::read();
    let components = entries(&description.0["components"]["schemas"]).map(|(_, schema)| schema);
    let objects = description.objects();
    let others = objects.iter().filter_map(|(_, object)| object.get("schema"));
    for schema in components.chain(others) {
        if let Err(error) = draft202012::meta::validate(schema) {
            panic!("{error}: {schema}");
        }
    }
    // These schemas list every field.
    for name in [
        "CreateLinkRequest",
        "CreateLinkForm",
        "LinkResponse",
        "ChangeLinkRequest",
        "DeclareLinkRequest",
        "ManagedLink",
        "LinkHistory",
        "LinkVisits",
        "DailyVisits",
        "VisitCount",
        "LinkList",
        "HistoryEntry",
        "ChangedValues",
        "Problem",
        "GatewayError",
        "LinkPreview",
    ] {
        assert_eq!(description.schema(name)["additionalProperties"], false, "{name}");
    }
}

#[tokio::test]
async fn responses_match_the_document() {
    let description = Description::read();
    let mut observed = BTreeSet::new();
    for (method, path, response) in responses().await {
        // HEAD is described with GET.
        let object = &description.0["paths"][path][if method == "head" { "get" } else { method }];
        description.assert_describes(&Operation { method, path, object }, &response);
        let media_type = media_type(&response).unwrap_or_default().to_owned();
        if method != "head" {
            observed.insert((method, path, response.status.to_string(), media_type));
        }
        if response.status == 503 {
            assert_ne!(response.header("retry-after"), "", "{response}");
        }
    }
    // Both paths have the same handler.
    let (shorten, links) = (&description.0["paths"]["/shorten"]["post"], &description.0["paths"]["/links"]["post"]);
    assert_eq!(shorten["responses"], links["responses"]);
    let operations: Vec<_> = description.operations().filter(|operation| operation.object != links).collect();
    for operation in &operations {
        for (status, response) in entries(&operation.object["responses"]) {
            let content = &description.resolved(response)["content"];
            let media_types =
                if content.is_null() { vec![""] } else { entries(content).map(|(name, _)| name).collect() };
            for media_type in media_types {
                let by_api_gateway = BY_API_GATEWAY.contains(&(status, media_type)) || is_rate_limit(response);
                let key = (operation.method, operation.path, status.to_owned(), media_type.to_owned());
                assert_ne!(by_api_gateway, observed.contains(&key), "{key:?}");
            }
        }
    }
}

/// Whether a response is that of a rate limit, which these tests do not reach. The local server's is in `serve`.
fn is_rate_limit(response: &Value) -> bool {
    response["$ref"] == "#/components/responses/TooManyRequests"
}

/// The fields of an example as `multipart/form-data` with the boundary `b`.
fn multipart(example: &Value) -> String {
    let part = |(name, value): (&str, &Value)| {
        let value = value.as_str().expect("a text");
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    entries(example).map(part).collect::<String>() + "--b--\r\n"
}

#[tokio::test]
async fn request_examples_create_links() {
    let description = Description::read();
    let app = TestApp::builder().env("ALLOW_NEVER", "true").start().await;
    for (media_type, media) in entries(&description.0["components"]["requestBodies"]["CreateLink"]["content"]) {
        assert!(examples(media).count() > 0, "{media_type} has no example");
        for example in examples(media) {
            assert_eq!(description.mismatch(&media["schema"], example), None, "{example}");
            let body = match media_type {
                "application/x-www-form-urlencoded" => {
                    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    let fields = entries(example).map(|(name, value)| (name, plain(value)));
                    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
                }
                "multipart/form-data" => multipart(example),
                "text/plain" => example.as_str().expect("a text").to_owned(),
                _ => example.to_string(),
            };
            // Only this media type has a parameter that the body depends on.
            let is_multipart = media_type == "multipart/form-data";
            let content_type = if is_multipart { "multipart/form-data; boundary=b" } else { media_type };
            let created =
                send(app.request(Method::POST, "/shorten").header("content-type", content_type).body(body)).await;
            assert_eq!(created.status, 201, "{example}: {created}");
            if let Some(alias) = example.get("alias") {
                assert_eq!(created.json()["code"], *alias);
            }
        }
    }
}

#[test]
fn response_examples_match_their_schemas() {
    let description = Description::read();
    let mut count = 0;
    for operation in description.operations() {
        for (status, media_type, media) in description.contents(&operation) {
            for example in examples(media) {
                let mismatch = description.mismatch(&media["schema"], example);
                assert_eq!(mismatch, None, "{} {} {status} {media_type}", operation.method, operation.path);
                count += 1;
            }
        }
    }
    assert!(count > ProblemKind::ALL.len(), "only {count}");
    for (name, schema) in entries(&description.0["components"]["schemas"]) {
        for example in schema["examples"].as_array().into_iter().flatten() {
            assert_eq!(description.mismatch(schema, example), None, "{name}");
        }
    }
}

/// The bodies are on either side of the schema's bounds.
#[tokio::test]
async fn request_schema_accepts_what_the_service_accepts() {
    let description = Description::read();
    let lifetime = &description.schema("CreateLinkRequest")["properties"]["expires_in"]["anyOf"][0];
    let longest = lifetime["maximum"].as_i64().expect("a bound");
    let settings = TestApp::builder().env("ALLOW_NEVER", "true").env("EXPIRES_IN_MIN", "1");
    let app = settings.env("EXPIRES_IN_MAX", &longest.to_string()).start().await;
    let url = "https://example.com/";
    for (body, taken) in [
        (json!({"url": url}), true),
        (json!({"long_url": url}), true),
        (json!({"url": "HTTP://EXAMPLE.COM"}), true),
        (json!({"url": " https:example.com "}), true),
        (json!({"url": "http:\\\\\\example.com"}), true),
        (json!({"url": "HTTP:"}), false),
        (json!({"url": "https:///?q"}), false),
        (json!({"url": format!("{url}{}", "a".repeat(target::MAX_BYTES - url.len()))}), true),
        (json!({"url": format!("{url}{}", "a".repeat(target::MAX_BYTES + 1 - url.len()))}), false),
        (json!({"url": "example.com"}), true),
        (json!({"url": " bücher.example:8080/a "}), true),
        (json!({"url": "example"}), false),
        (json!({"url": "me@example.com"}), false),
        (json!({"url": "ftp://example.com/"}), false),
        (json!({"url": ""}), false),
        (json!({"url": 7}), false),
        (json!({"url": null}), false),
        (json!({}), false),
        (json!({"url": url, "long_url": url}), false),
        (json!({"url": url, "long_url": null}), true),
        (json!({"url": null, "long_url": url}), true),
        (json!({"url": null, "long_url": null}), false),
        (json!({"url": url, "long_url": ""}), false),
        (json!({"url": url, "unknown": null}), false),
        (json!({"url": url, "alias": null, "expires_in": null, "reuse": null}), true),
        (json!({"url": url, "alias": "", "expires_in": "", "expires_at": "", "reuse": ""}), true),
        (json!({"url": url, "alias": "a".repeat(code::MIN_LENGTH)}), true),
        (json!({"url": url, "alias": "a".repeat(code::MIN_LENGTH - 1)}), false),
        (json!({"url": url, "alias": "a".repeat(code::MAX_LENGTH)}), true),
        (json!({"url": url, "alias": "a".repeat(code::MAX_LENGTH + 1)}), false),
        (json!({"url": url, "alias": "naïve"}), false),
        (json!({"url": url, "alias": 777}), false),
        (json!({"url": url, "expires_in": 1}), true),
        (json!({"url": url, "expires_in": 0}), false),
        (json!({"url": url, "expires_in": longest}), true),
        (json!({"url": url, "expires_in": longest + 1}), false),
        (json!({"url": url, "expires_in": 3600.5}), false),
        (json!({"url": url, "expires_in": true}), false),
        (json!({"url": url, "expires_at": null}), true),
        (json!({"url": url, "expires_at": "2030-06-01T14:00:00.9+02:00"}), true),
        (json!({"url": url, "expires_at": "2030-06-01"}), false),
        (json!({"url": url, "expires_at": 1_900_000_000}), false),
        (json!({"url": url, "expires_in": null, "expires_at": "2030-06-01T12:00:00Z"}), true),
        (json!({"url": url, "expires_in": 60, "expires_at": "2030-06-01T12:00:00Z"}), false),
        (json!({"url": url, "expires_in": 60, "expires_at": null}), false),
        (json!({"url": url, "expires_in": 60, "expires_at": ""}), true),
        (json!({"url": url, "expires_in": "", "expires_at": "2030-06-01T12:00:00Z"}), true),
        (json!({"url": url, "reuse": false}), true),
        (json!({"url": url, "reuse": 1}), false),
    ] {
        let mismatch = description.mismatch(description.schema("CreateLinkRequest"), &body);
        assert_eq!(mismatch.is_none(), taken, "the schema: {body}: {mismatch:?}");
        let created = send(app.create_link(&body)).await;
        assert_eq!(created.status == 201, taken, "the service: {body}: {created}");
    }
    let beyond = (longest + 1).to_string();
    let lookup = |name: &str| (name == "EXPIRES_IN_MAX").then(|| beyond.clone());
    assert!(
        shorten::config::Config::read(&Environment::new(&lookup)).is_err(),
        "a greater maximum is not a valid setting"
    );
}

/// A form has an input for each field, and browsers send those that are empty.
#[tokio::test]
async fn form_schema_accepts_empty_fields() {
    let description = Description::read();
    let app = TestApp::start().await;
    let url = "https://example.com/";
    for (form, taken) in [
        (json!({"url": url, "alias": "", "expires_in": "", "expires_at": "", "reuse": ""}), true),
        (json!({"url": url, "expires_in": "", "expires_at": "2030-06-01T12:00:00Z"}), true),
        (json!({"url": url, "expires_in": "3600", "expires_at": "2030-06-01T12:00:00Z"}), false),
        (json!({"url": "", "long_url": url}), false),
    ] {
        let mismatch = description.mismatch(description.schema("CreateLinkForm"), &form);
        assert_eq!(mismatch.is_none(), taken, "the schema: {form}: {mismatch:?}");
        let fields = entries(&form).map(|(name, value)| (name, value.as_str().expect("a text")));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = app.request(Method::POST, "/shorten").header("content-type", "application/x-www-form-urlencoded");
        let created = send(request.body(body)).await;
        assert_eq!(created.status == 201, taken, "the service: {form}: {created}");
    }
}
