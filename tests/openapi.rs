//! The description of the API, `openapi.json`: is it well formed, and is it true?
//!
//! True both ways: what the service answers is described, and what is described is answered.

use std::collections::BTreeSet;

use jsonschema::draft202012;
use reqwest::Method;
use resolve::Resolve;
use serde_json::{Value, json};
use shorten::Shorten;
use shortlink::gateway::{self, Functions};
use shortlink_core::clock::Clock;
use shortlink_core::code::{self, Code};
use shortlink_core::config::Environment;
use shortlink_core::problem::{Kind, TYPE_PREFIX};
use shortlink_core::store::{CodeSource, Store};
use shortlink_core::{client, route, target};
use tokio::net::TcpListener;
use url::form_urlencoded;

use crate::app::{Answer, TestApp, answer};

/// Headers that are not described: OpenAPI forbids the first, and the others are for browsers only.
const UNDESCRIBED_HEADERS: &[&str] =
    &["content-type", "content-security-policy", "referrer-policy", "x-content-type-options"];

/// What hangs on a code: what stands behind it, and the paths. To the gateway, they are all one.
const VIEWS: &[(&str, &str)] = &[("", "/{code}"), ("+", "/{code}+"), (".svg", "/{code}.svg"), (".png", "/{code}.png")];

/// What API Gateway alone answers: status and media type (none to HEAD).
const BY_API_GATEWAY: &[(&str, &str)] =
    &[("429", "application/json"), ("429", ""), ("500", "application/json"), ("503", "application/json")];

/// The description, read.
struct Description(Value);

/// One operation of the description.
struct Operation<'a> {
    method: &'a str,
    path: &'a str,
    object: &'a Value,
}

impl Description {
    fn read() -> Self {
        Self(serde_json::from_str(shorten::OPENAPI).expect("JSON"))
    }

    fn schema(&self, name: &str) -> &Value {
        &self.0["components"]["schemas"][name]
    }

    fn operations(&self) -> impl Iterator<Item = Operation<'_>> {
        entries(&self.0["paths"])
            .flat_map(|(path, item)| entries(item).map(move |(method, object)| Operation { method, path, object }))
    }

    /// What a value refers to, or the value itself.
    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        let Some(reference) = value["$ref"].as_str() else { return value };
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} is elsewhere"));
        self.resolved(self.0.pointer(pointer).unwrap_or_else(|| panic!("{reference} is not there")))
    }

    /// Why `instance` is not what `schema` says.
    fn fault(&self, schema: &Value, instance: &Value) -> Option<String> {
        // `allOf` since `#` in the schema's references is to be this document.
        let schema = json!({"allOf": [schema], "components": self.0["components"]});
        let validator = draft202012::options().should_validate_formats(true).build(&schema).expect("a schema");
        validator.validate(instance).err().map(|error| format!("{error}, at {}", error.instance_path()))
    }

    /// Every object within the description, with the path to it.
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

    /// Every media type object of an operation's answers: status, media type, object.
    fn contents<'a>(&'a self, operation: &Operation<'a>) -> Vec<(&'a str, &'a str, &'a Value)> {
        let responses = entries(&operation.object["responses"]);
        let contents = responses.flat_map(|(status, response)| {
            entries(&self.resolved(response)["content"]).map(move |(media_type, media)| (status, media_type, media))
        });
        contents.collect()
    }

    /// Whether an answer is as described: status, media type, body, the headers promised and no others.
    fn assert_describes(&self, operation: &Operation<'_>, answer: &Answer) {
        let place = format!("{} {}", operation.method, operation.path);
        let response = self.resolved(&operation.object["responses"][answer.status.to_string()]);
        assert!(response.is_object(), "{place} has no status {answer}");

        let content = &response["content"];
        let body = media_type(answer).map(|media_type| {
            let is_json = media_type.ends_with("json");
            let body = if is_json { answer.json() } else { Value::String(answer.body.clone()) };
            (&content[media_type], body)
        });
        match body {
            Some((media, body)) => {
                assert!(media.is_object(), "{place} has no such type of body: {answer}");
                assert_eq!(self.fault(&media["schema"], &body), None, "{place}: {answer}");
            }
            None => assert!(content.is_null(), "{place} should have a body: {answer}"),
        }

        let mut undescribed: BTreeSet<_> = answer.headers.keys().map(String::as_str).collect();
        undescribed.retain(|name| !UNDESCRIBED_HEADERS.contains(name));
        for (name, header) in entries(&response["headers"]) {
            let header = self.resolved(header);
            let name = name.to_lowercase();
            undescribed.remove(name.as_str());
            let Some(text) = answer.headers.get(&name) else {
                assert_ne!(header["required"], true, "{place} should have the header {name}: {answer}");
                continue;
            };
            let is_number = header["schema"]["type"] == "integer";
            let value = if is_number { text.parse::<i64>().map_or(Value::Null, Value::from) } else { json!(text) };
            assert_eq!(self.fault(&header["schema"], &value), None, "{place}, {name}: {answer}");
        }
        assert_eq!(undescribed, BTreeSet::new(), "{place}: {answer}");
    }
}

/// The entries of an object; none, if it is not there.
fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

/// The items of an array of strings.
fn strings(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The values of a media type object's example or examples.
fn examples(media: &Value) -> impl Iterator<Item = &Value> {
    media.get("example").into_iter().chain(entries(&media["examples"]).map(|(_, example)| &example["value"]))
}

/// The type of an answer's body, without parameters. HEAD has a type, but no body.
fn media_type(answer: &Answer) -> Option<&str> {
    answer.header("content-type").split(';').next().filter(|_| !answer.body.is_empty())
}

/// The path of the gateway's route for a path that is described.
fn route_of(path: &str) -> &str {
    VIEWS.iter().find(|(_, view)| *view == path).map_or(path, |_| "/{code}")
}

/// The service's address, before a table that does not answer.
async fn without_table() -> String {
    let environment = Environment::new(&|_| None);
    // Nothing listens on port 1.
    let store = Store::new(client::local("http://127.0.0.1:1").await, "links");
    let shorten_config = shorten::config::Config::read(&environment).expect("settings of shorten");
    let resolve_config = resolve::config::Config::read(&environment).expect("settings of resolve");
    let functions = Functions {
        shorten: Shorten::new(shorten_config, store.clone(), CodeSource::system(7), Clock::system()),
        resolve: Resolve::new(resolve_config, store, Clock::system()),
        is_table_here: false,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(gateway::serve(listener, functions, std::future::pending()));
    format!("http://{address}")
}

/// An answer of each kind that the service gives, with the method and path that it is an answer to.
async fn answers() -> Vec<(&'static str, &'static str, Answer)> {
    let mut answers = Vec::new();
    let mut shorten = Vec::new();
    let url = "https://example.com/";
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let filler = "x".repeat(10_240);

    let app = TestApp::with(&[("ALLOW_NEVER", "true")]).await;
    for order in [
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
        shorten.push(answer(app.shorten(&order)).await);
        shorten.push(answer(app.shorten(&order).header("accept", "text/plain")).await);
        shorten.push(answer(app.shorten(&order).header("accept", browser)).await);
    }
    let post = |content_type: &str, body: Vec<u8>| {
        app.request(Method::POST, "/shorten").header("content-type", content_type).body(body)
    };
    for accept in ["*/*", browser] {
        shorten.push(answer(post("text/xml", b"<url/>".to_vec()).header("accept", accept)).await);
        let large = post("text/plain", vec![b'x'; shorten::body::MAX_BYTES + 1]);
        shorten.push(answer(large.header("accept", accept)).await);
    }
    shorten.push(answer(post("text/plain", vec![b'x'; gateway::MAX_BODY_BYTES + 1])).await);
    shorten.push(answer(post(&filler, Vec::new())).await);

    for path in ["/", "/openapi.json", "/robots.txt", "/favicon.svg"] {
        for (method, name) in [(Method::GET, "get"), (Method::HEAD, "head")] {
            let ask = || app.request(method.clone(), path);
            answers.push((name, path, answer(ask()).await));
            answers.push((name, path, answer(ask().header("if-none-match", "*")).await));
            answers.push((name, path, answer(ask().header("x-filler", &filler)).await));
        }
    }
    let follow = async |app: &TestApp, accept: &str, path: &str| {
        let mut answers = Vec::new();
        for (end, described) in VIEWS {
            let path = format!("{path}{end}");
            let get = app.get(&path).header("accept", accept);
            let head = app.request(Method::HEAD, &path).header("accept", accept);
            answers.extend([("get", *described, answer(get).await), ("head", *described, answer(head).await)]);
        }
        answers
    };
    for (end, described) in VIEWS.iter().skip(1) {
        for (method, name) in [(Method::GET, "get"), (Method::HEAD, "head")] {
            let ask = |query: &str| app.request(method.clone(), &format!("/here{end}{query}"));
            answers.push((name, described, answer(ask("").header("if-none-match", "*")).await));
            if *end != "+" {
                answers.push((name, described, answer(ask("?size=1")).await));
                answers.push((name, described, answer(ask("?size=1").header("accept", browser)).await));
            }
        }
    }
    answers.extend(follow(&app, browser, "/here").await);
    answers.extend(follow(&app, "*/*", "/here").await);
    answers.extend(follow(&app, &filler, "/here").await);
    app.pass(60);
    for accept in ["*/*", browser] {
        answers.extend(follow(&app, accept, "/here").await);
        answers.extend(follow(&app, accept, "/unknown").await);
    }
    for status in ["302", "307", "308"] {
        let app = TestApp::with(&[("REDIRECT_STATUS", status)]).await;
        answer(app.shorten(&json!({"url": url, "alias": "here"}))).await;
        answers.extend(follow(&app, "*/*", "/here").await);
    }

    app.dynamodb.delete_table().table_name("links").send().await.expect("deleted");
    for accept in ["*/*", browser] {
        shorten.push(answer(app.shorten(&json!({"url": url})).header("accept", accept)).await);
    }
    for accept in ["*/*", browser] {
        answers.extend(follow(&app, accept, "/here").await);
    }
    let broken = without_table().await;
    let http = reqwest::Client::new();
    for accept in ["*/*", browser] {
        let order = http.post(format!("{broken}/shorten")).body(format!("url={url}"));
        shorten.push(answer(order.header("accept", accept)).await);
    }
    for accept in ["*/*", browser] {
        for (end, described) in VIEWS {
            let here = format!("{broken}/here{end}");
            answers.push(("get", described, answer(http.get(&here).header("accept", accept)).await));
            answers.push(("head", described, answer(http.head(&here).header("accept", accept)).await));
        }
    }
    answers.extend(shorten.into_iter().map(|answer| ("post", "/shorten", answer)));
    answers
}

#[tokio::test]
async fn it_is_served_as_it_was_written() {
    let app = TestApp::start().await;
    let served = answer(app.get("/openapi.json")).await;
    assert_eq!((served.status, served.header("content-type")), (200, "application/json"));
    assert_eq!(served.body, shorten::OPENAPI);
}

#[test]
fn its_operations_are_the_table_of_routes() {
    let description = Description::read();
    let described: BTreeSet<_> =
        description.operations().map(|operation| (operation.method.to_uppercase(), route_of(operation.path))).collect();
    let routes = route::TABLE.iter().map(|entry| (entry.method.to_owned(), entry.path)).collect();
    assert_eq!(described, routes);
}

#[test]
fn its_problems_are_those_of_the_code() {
    let description = Description::read();
    let problem = &description.schema("Problem")["properties"];
    let types: Vec<_> = Kind::ALL.iter().map(|kind| format!("{TYPE_PREFIX}{}", kind.name())).collect();
    assert_eq!(strings(&problem["type"]["enum"]), types);

    // Each is shown where it is answered, with its title.
    let mut shown = BTreeSet::new();
    for operation in description.operations() {
        for (status, media_type, media) in description.contents(&operation) {
            for example in examples(media).filter(|_| media_type == "application/problem+json") {
                let name = example["type"].as_str().and_then(|name| name.strip_prefix(TYPE_PREFIX));
                let kind = Kind::ALL.iter().find(|kind| Some(kind.name()) == name).expect("a kind");
                assert_eq!((status, &example["status"]), (kind.status().as_str(), &json!(kind.status().as_u16())));
                assert_eq!(example["title"], kind.title());
                shown.insert(kind.name());
            }
        }
    }
    assert_eq!(shown, Kind::ALL.iter().map(|kind| kind.name()).collect());
}

#[test]
fn its_limits_are_those_of_the_code() {
    let description = Description::read();
    let code = description.schema("Code");
    assert_eq!((&code["minLength"], &code["maxLength"]), (&json!(code::MIN_LENGTH), &json!(code::MAX_LENGTH)));
    for character in (0..0x180).filter_map(char::from_u32) {
        for text in [format!("{character}bc"), format!("ab{character}")] {
            let described = description.fault(description.schema("Alias"), &json!(text)).is_none();
            assert_eq!(described, Code::parse(&text).is_ok(), "{text:?}");
        }
    }
    for name in ["Url", "Target"] {
        assert_eq!(description.schema(name)["maxLength"], target::MAX_BYTES, "{name}");
    }
    // And in the text, where there is no keyword for them.
    let shorten = &description.0["paths"]["/shorten"]["post"];
    let limit = format!("at most {} bytes", shorten::body::MAX_BYTES);
    assert!(shorten["description"].as_str().is_some_and(|text| text.contains(&limit)));
    let limit = format!("Send {limit}");
    assert!(shorten["responses"]["413"]["description"].as_str().is_some_and(|text| text.contains(&limit)));
    let settings = shorten::config::Config::read(&Environment::new(&|_| None)).expect("the default settings");
    let expires_in = &description.schema("Order")["properties"]["expires_in"]["description"];
    for limit in [
        format!("{} to {} unless changed", settings.expiry.min, settings.expiry.max),
        format!("{} seconds unless changed", settings.expiry.default.expect("links expire by default")),
    ] {
        assert!(expires_in.as_str().is_some_and(|text| text.contains(&limit)), "{limit}");
    }
}

#[test]
fn its_version_and_license_are_those_of_the_program() {
    let info = &Description::read().0["info"];
    assert_eq!(info["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(info["license"]["identifier"], env!("CARGO_PKG_LICENSE"));
}

#[test]
fn every_reference_resolves_and_every_component_is_used() {
    let description = Description::read();
    let mut used = BTreeSet::new();
    for (place, object) in description.objects() {
        if let Some(reference) = object["$ref"].as_str() {
            assert!(description.resolved(object).is_object(), "{place}");
            used.insert(reference.trim_start_matches('#').to_owned());
        }
    }
    let components = entries(&description.0["components"]).flat_map(|(section, components)| {
        entries(components).map(move |(name, _)| format!("/components/{section}/{name}"))
    });
    assert_eq!(used, components.collect());
}

#[test]
fn every_operation_is_whole() {
    let description = Description::read();
    assert_eq!(description.0["openapi"], "3.1.0");
    let tags: Vec<_> = description.0["tags"].as_array().into_iter().flatten().map(|tag| &tag["name"]).collect();
    let mut ids = BTreeSet::new();
    for operation in description.operations() {
        let place = format!("{} {}", operation.method, operation.path);
        let id = operation.object["operationId"].as_str().unwrap_or_else(|| panic!("{place} has no operationId"));
        assert!(ids.insert(id), "{id} is there twice");
        assert!(operation.object["summary"].is_string(), "{place}");
        let its_tags = operation.object["tags"].as_array().expect("tags");
        assert!(!its_tags.is_empty() && its_tags.iter().all(|tag| tags.contains(&tag)), "{place}");

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
fn every_schema_is_one() {
    let description = Description::read();
    let components = entries(&description.0["components"]["schemas"]).map(|(_, schema)| schema);
    let objects = description.objects();
    let others = objects.iter().filter_map(|(_, object)| object.get("schema"));
    for schema in components.chain(others) {
        if let Err(error) = draft202012::meta::validate(schema) {
            panic!("{error}: {schema}");
        }
    }
    // What we send and what we take is told to the last field.
    for name in ["Order", "OrderForm", "Receipt", "Problem", "Message"] {
        assert_eq!(description.schema(name)["additionalProperties"], false, "{name}");
    }
}

#[tokio::test]
async fn what_is_answered_is_described_and_what_is_described_is_answered() {
    let description = Description::read();
    let mut answered = BTreeSet::new();
    for (method, path, answer) in answers().await {
        let object = &description.0["paths"][path][method];
        description.assert_describes(&Operation { method, path, object }, &answer);
        let media_type = media_type(&answer).unwrap_or_default().to_owned();
        answered.insert((method, path, answer.status.to_string(), media_type));
        if answer.status == 503 {
            assert_ne!(answer.header("retry-after"), "", "{answer}");
        }
    }
    let operations: Vec<_> = description.operations().collect();
    for operation in &operations {
        for (status, response) in entries(&operation.object["responses"]) {
            let content = &description.resolved(response)["content"];
            let media_types =
                if content.is_null() { vec![""] } else { entries(content).map(|(name, _)| name).collect() };
            for media_type in media_types {
                let by_api_gateway = BY_API_GATEWAY.contains(&(status, media_type));
                let key = (operation.method, operation.path, status.to_owned(), media_type.to_owned());
                assert_ne!(by_api_gateway, answered.contains(&key), "{key:?}");
            }
        }
    }
}

#[tokio::test]
async fn every_example_of_an_order_makes_a_link() {
    let description = Description::read();
    let app = TestApp::with(&[("ALLOW_NEVER", "true")]).await;
    for (media_type, media) in entries(&description.0["paths"]["/shorten"]["post"]["requestBody"]["content"]) {
        assert!(examples(media).count() > 0, "{media_type} has no example");
        for example in examples(media) {
            assert_eq!(description.fault(&media["schema"], example), None, "{example}");
            let body = match media_type {
                "application/x-www-form-urlencoded" => {
                    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    let fields = entries(example).map(|(name, value)| (name, plain(value)));
                    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
                }
                "text/plain" => example.as_str().expect("a text").to_owned(),
                _ => example.to_string(),
            };
            let made =
                answer(app.request(Method::POST, "/shorten").header("content-type", media_type).body(body)).await;
            assert_eq!(made.status, 201, "{example}: {made}");
            if let Some(alias) = example.get("alias") {
                assert_eq!(made.json()["code"], *alias);
            }
        }
    }
}

#[test]
fn every_example_of_an_answer_is_what_its_schema_says() {
    let description = Description::read();
    let mut count = 0;
    for operation in description.operations() {
        for (status, media_type, media) in description.contents(&operation) {
            for example in examples(media) {
                let fault = description.fault(&media["schema"], example);
                assert_eq!(fault, None, "{} {} {status} {media_type}", operation.method, operation.path);
                count += 1;
            }
        }
    }
    assert!(count > Kind::ALL.len(), "only {count}");
    for (name, schema) in entries(&description.0["components"]["schemas"]) {
        for example in schema["examples"].as_array().into_iter().flatten() {
            assert_eq!(description.fault(schema, example), None, "{name}");
        }
    }
}

/// Each order stands on one side or the other of a bound that the schema states.
#[tokio::test]
async fn the_schema_of_an_order_allows_what_the_service_takes() {
    let description = Description::read();
    let longest = description.schema("Order")["properties"]["expires_in"]["maximum"].as_i64().expect("a bound");
    let settings = [("ALLOW_NEVER", "true"), ("EXPIRES_IN_MIN", "1"), ("EXPIRES_IN_MAX", &longest.to_string())];
    let app = TestApp::with(&settings).await;
    let url = "https://example.com/";
    for (order, taken) in [
        (json!({"url": url}), true),
        (json!({"long_url": url}), true),
        (json!({"url": "HTTP://EXAMPLE.COM"}), true),
        (json!({"url": " https:example.com "}), true),
        (json!({"url": format!("{url}{}", "a".repeat(target::MAX_BYTES - url.len()))}), true),
        (json!({"url": format!("{url}{}", "a".repeat(target::MAX_BYTES + 1 - url.len()))}), false),
        (json!({"url": "example.com"}), false),
        (json!({"url": "ftp://example.com/"}), false),
        (json!({"url": ""}), false),
        (json!({"url": 7}), false),
        (json!({"url": null}), false),
        (json!({}), false),
        (json!({"url": url, "long_url": url}), false),
        (json!({"url": url, "unknown": null}), false),
        (json!({"url": url, "alias": null, "expires_in": null, "reuse": null}), true),
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
        (json!({"url": url, "reuse": false}), true),
        (json!({"url": url, "reuse": 1}), false),
    ] {
        let fault = description.fault(description.schema("Order"), &order);
        assert_eq!(fault.is_none(), taken, "the schema: {order}: {fault:?}");
        let made = answer(app.shorten(&order)).await;
        assert_eq!(made.status == 201, taken, "the service: {order}: {made}");
    }
    let beyond = (longest + 1).to_string();
    let lookup = |name: &str| (name == "EXPIRES_IN_MAX").then(|| beyond.clone());
    assert!(shorten::config::Config::read(&Environment::new(&lookup)).is_err(), "no operator can allow more");
}
