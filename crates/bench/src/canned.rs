//! DynamoDB without a connection: the SDK is given answers from memory. What the SDK does with a call is counted, and
//! what TLS and the kernel do is not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, IdentityCache, Region, StalledStreamProtectionConfig};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::{Result, dynamodb};

/// Answers, by operation. Each is made once.
#[derive(Clone, Debug, Default)]
struct Canned(Arc<Mutex<HashMap<String, Bytes>>>);

/// A client that is configured as `core::client` does it for a function.
pub(crate) fn client() -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("ASIAIOSFODNN7EXAMPLE", "secret", Some("x".repeat(900)), None, "bench"))
        .identity_cache(IdentityCache::no_cache())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(Canned::default());
    Client::from_conf(config.build())
}

impl HttpConnector for Canned {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let operation = request.headers().get("x-amz-target").unwrap_or_default();
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = match answers.get(operation) {
            Some(answer) => answer.clone(),
            None => {
                let answer = Bytes::from(answer(operation, request.body().bytes()).unwrap_or_default().to_string());
                answers.entry(operation.to_owned()).or_insert(answer).clone()
            }
        };
        let status = aws_smithy_runtime_api::http::StatusCode::try_from(200);
        HttpConnectorFuture::ready(
            status
                .map(|status| HttpResponse::new(status, SdkBody::from(answer)))
                .map_err(|error| aws_smithy_runtime_api::client::result::ConnectorError::other(error.into(), None)),
        )
    }
}

impl HttpClient for Canned {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

fn answer(operation: &str, body: Option<&[u8]>) -> Result<Value> {
    let asked: Value = serde_json::from_slice(body.unwrap_or(b"{}"))?;
    Ok(match operation.rsplit('.').next() {
        // One that has been followed.
        Some("GetItem") => {
            let mut link = dynamodb::link(asked.pointer("/Key/shortCode"));
            if let Some(attributes) = link.as_object_mut() {
                attributes.insert("hits".to_owned(), json!({"N": "12345"}));
                attributes.insert("lastHitAt".to_owned(), json!({"N": "1893455000"}));
            }
            json!({"Item": link})
        }
        // Every day that is asked for had visits.
        Some("BatchGetItem") => {
            let keys = asked.pointer("/RequestItems/links/Keys").and_then(Value::as_array).cloned().unwrap_or_default();
            let day = |(n, key): (usize, Value)| json!({"shortCode": key.get("shortCode"), "hits": {"N": (n * 37).to_string()}, "bots": {"N": "3"}});
            json!({"Responses": {"links": keys.into_iter().enumerate().map(day).collect::<Vec<_>>()}})
        }
        _ => json!({}),
    })
}
