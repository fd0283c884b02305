//! Makes the page `GET /docs` of `openapi.json`: for each operation what it does, a line for curl, its parameters, the
//! fields of its body, and its responses.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the document is ours, and a mistake in it ends the build"
)]

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use serde_json::Value;

/// What stands for the base URL, until the page is shown.
const BASE: &str = "{base}";

fn main() {
    println!("cargo::rerun-if-changed=src/openapi.json");
    let text = fs::read_to_string("src/openapi.json").expect("the document");
    let document = Document { value: serde_json::from_str(&text).expect("JSON"), text };
    let folder = env::var("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&folder).join("docs.html"), document.to_html()).expect("a writable folder");
}

/// The responses that every operation has, by status. They are described once.
const COMMON_STATUSES: &[&str] = &["429", "431", "500", "503"];

/// The description of the API.
struct Document {
    value: Value,
    /// The same as text, which has the operations in their order.
    text: String,
}

/// A parameter of an operation, or a field of its body.
struct Field<'a> {
    name: &'a str,
    place: &'a str,
    is_required: bool,
    description: String,
}

impl Document {
    fn to_html(&self) -> String {
        let mut html = String::from("<h1>API</h1>\n");
        html.push_str(&paragraphs(text(&self.value["info"]["description"]), ""));
        html.push_str("<nav aria-label=\"Operations\"><ul>\n");
        for (method, path, operation) in self.operations() {
            let (id, summary) = (text(&operation["operationId"]), text(&operation["summary"]));
            writeln!(html, "<li><a href=\"#{id}\">{}</a> <code>{method} {path}</code></li>", escape(summary)).ok();
        }
        html.push_str("</ul></nav>\n");
        for (method, path, operation) in self.operations() {
            html.push_str(&self.section(&method, path, operation));
        }
        html.push_str("<section id=\"errors\">\n<h2>Errors that every request may get</h2>\n");
        if let Some((_, _, operation)) = self.operations().first() {
            html.push_str(&self.responses(operation, |status| COMMON_STATUSES.contains(&status)));
        }
        html.push_str("</section>\n");
        html
    }

    /// The operations that programs use, in the order of their tags, and of the document.
    fn operations(&self) -> Vec<(String, &str, &Value)> {
        let paths = self.value["paths"].as_object().expect("paths").iter();
        let operations = paths.flat_map(|(path, item)| {
            let operations = item.as_object().expect("operations").iter();
            operations.map(move |(method, operation)| (method.to_uppercase(), path.as_str(), operation))
        });
        // `POST /shorten` does what `POST /links` does.
        let is_shown = |path, operation: &Value| operation["tags"][0] != "pages" && path != "/shorten";
        let mut operations: Vec<_> = operations.filter(|(_, path, operation)| is_shown(*path, operation)).collect();
        let tags = self.value["tags"].as_array().expect("tags");
        let place = |operation: &Value| {
            let tag = tags.iter().position(|tag| tag["name"] == operation["tags"][0]);
            (tag, self.text.find(&format!("\"{}\"", text(&operation["operationId"]))))
        };
        operations.sort_by_key(|(_, _, operation)| place(operation));
        operations
    }

    fn section(&self, method: &str, path: &str, operation: &Value) -> String {
        let (id, summary) = (text(&operation["operationId"]), text(&operation["summary"]));
        let mut html = format!("<section id=\"{id}\">\n<h2>{}</h2>\n", escape(summary));
        writeln!(html, "<p><code>{method} {path}</code></p>").ok();
        html.push_str(&paragraphs(text(&operation["description"]), ""));
        writeln!(html, "<pre tabindex=\"0\"><code>{}</code></pre>", escape(&self.curl(method, path, operation))).ok();
        let mut fields: Vec<_> = self.parameters(operation).chain(self.body_fields(operation)).collect();
        fields.sort_by_key(|field| !field.is_required);
        if !fields.is_empty() {
            html.push_str("<details><summary>Parameters and fields</summary>\n<dl>\n");
            for Field { name, place, is_required, description } in fields {
                let required = if is_required { ", required" } else { "" };
                writeln!(html, "<dt><code>{name}</code> <span>{place}{required}</span></dt>").ok();
                writeln!(html, "<dd>{}</dd>", inline(&description)).ok();
            }
            html.push_str("</dl></details>\n");
        }
        html.push_str("<details><summary>Responses</summary>\n");
        html.push_str(&self.responses(operation, |status| !COMMON_STATUSES.contains(&status)));
        html.push_str("</details>\n</section>\n");
        html
    }

    /// The responses of an operation that are to be shown.
    fn responses(&self, operation: &Value, is_shown: impl Fn(&str) -> bool) -> String {
        let responses = operation["responses"].as_object().expect("responses").iter();
        let items = responses.filter(|(status, _)| is_shown(status)).map(|(status, response)| {
            let description = text(&self.resolve(response)["description"]);
            format!("<dt><code>{status}</code></dt>\n<dd>{}</dd>\n", inline(description))
        });
        format!("<dl>\n{}</dl>\n", items.collect::<String>())
    }

    fn parameters<'a>(&'a self, operation: &'a Value) -> impl Iterator<Item = Field<'a>> {
        operation["parameters"].as_array().into_iter().flatten().map(|parameter| {
            let parameter = self.resolve(parameter);
            Field {
                name: text(&parameter["name"]),
                place: text(&parameter["in"]),
                is_required: parameter["required"] == true,
                description: text(&parameter["description"]).to_owned(),
            }
        })
    }

    /// The fields of the body, as JSON has them.
    fn body_fields<'a>(&'a self, operation: &'a Value) -> impl Iterator<Item = Field<'a>> {
        let schema = self.json_body(operation).map(|body| self.resolve(&body["schema"]));
        let properties = schema.and_then(|schema| schema["properties"].as_object()).into_iter().flatten();
        properties.map(move |(name, property)| {
            let required = schema.and_then(|schema| schema["required"].as_array()).into_iter().flatten();
            Field {
                name,
                place: "body",
                is_required: required.into_iter().any(|required| required == name),
                description: self.description_of(property),
            }
        })
    }

    /// The description of a schema, or of the first of its parts that has one.
    fn description_of(&self, schema: &Value) -> String {
        let resolved = self.resolve(schema);
        let parts = ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|name| resolved[name].as_array()).flatten();
        let own = [schema, resolved].into_iter().chain(parts.map(|part| self.resolve(part)));
        own.map(|schema| text(&schema["description"])).find(|text| !text.is_empty()).unwrap_or_default().to_owned()
    }

    fn json_body<'a>(&'a self, operation: &'a Value) -> Option<&'a Value> {
        let content = self.resolve(&operation["requestBody"])["content"].as_object()?;
        content.get("application/merge-patch+json").or_else(|| content.get("application/json"))
    }

    /// A line that sends the request of the document's examples.
    fn curl(&self, method: &str, path: &str, operation: &Value) -> String {
        let mut command = match method {
            "GET" => "curl".to_owned(),
            "POST" => "curl --json".to_owned(),
            other => format!("curl -X {other}"),
        };
        let body = self.json_body(operation).and_then(|body| self.example(body));
        if let Some(body) = body {
            let is_patch = method == "PATCH";
            let content_type = if is_patch { "application/merge-patch+json" } else { "application/json" };
            match method {
                "POST" => write!(command, " '{body}'").ok(),
                _ => write!(command, " -H 'content-type: {content_type}' -d '{body}'").ok(),
            };
        }
        if operation["security"].is_array() && method != "POST" {
            command.push_str(" -H \"authorization: Bearer $TOKEN\"");
        }
        let path = self.with_examples(path, operation);
        let quote = if path.contains('&') { "'" } else { "" };
        format!("{command} {quote}{BASE}{path}{quote}")
    }

    fn example<'a>(&'a self, media: &'a Value) -> Option<&'a Value> {
        let first = media["examples"].as_object().and_then(|examples| examples.values().next());
        media.get("example").or_else(|| first.map(|example| &example["value"]))
    }

    /// The path with the examples of its parameters, and a query with those that have one.
    fn with_examples(&self, path: &str, operation: &Value) -> String {
        let mut path = path.to_owned();
        let mut query = Vec::new();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let parameter = self.resolve(parameter);
            let (name, example) = (text(&parameter["name"]), &parameter["example"]);
            let example = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
            match text(&parameter["in"]) {
                "path" => path = path.replace(&format!("{{{name}}}"), &example),
                "query" if matches!(name, "from" | "to") => query.push(format!("{name}={example}")),
                _ => {}
            }
        }
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }

    /// Follows a reference. A value that is none is returned as it is.
    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
            Some(pointer) => self.resolve(self.value.pointer(pointer).expect("what the reference names")),
            None => value,
        }
    }
}

/// The text of a value; empty if it is none.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Paragraphs of Markdown as HTML. Only code is marked up in the document.
fn paragraphs(markdown: &str, class: &str) -> String {
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    let paragraphs = markdown.split("\n\n").filter(|paragraph| !paragraph.is_empty());
    paragraphs.map(|paragraph| format!("<p{class}>{}</p>\n", inline(paragraph))).collect()
}

/// Text with code between backquotes, as HTML.
fn inline(markdown: &str) -> String {
    let parts = markdown.split('`').enumerate();
    parts.map(|(n, part)| if n % 2 == 1 { format!("<code>{}</code>", escape(part)) } else { escape(part) }).collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
