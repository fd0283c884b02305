//! The stub as a connector of the SDK: what the SDK does for a call is measured, and what TLS and the kernel do is not.

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

use super::respond;

/// The responses by `x-amz-target`. Each is built once, so that building it is not measured.
#[derive(Clone, Debug, Default)]
struct StubConnector(Arc<Mutex<HashMap<String, Bytes>>>);

/// A client that is configured as `shortlink_core::dynamodb::client::for_lambda` configures it.
pub(crate) fn client() -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("ASIAIOSFODNN7EXAMPLE", "secret", Some("x".repeat(900)), None, "bench"))
        .identity_cache(IdentityCache::no_cache())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(StubConnector::default());
    Client::from_conf(config.build())
}

impl HttpConnector for StubConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let mut responses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let body = match responses.get(target) {
            Some(body) => body.clone(),
            None => {
                let operation = target.rsplit('.').next().unwrap_or_default();
                let body = respond(operation, request.body().bytes().unwrap_or_default());
                let body = Bytes::from(body.unwrap_or_default().to_string());
                responses.entry(target.to_owned()).or_insert(body).clone()
            }
        };
        let status = aws_smithy_runtime_api::http::StatusCode::try_from(200);
        HttpConnectorFuture::ready(
            status
                .map(|status| HttpResponse::new(status, SdkBody::from(body)))
                .map_err(|error| aws_smithy_runtime_api::client::result::ConnectorError::other(error.into(), None)),
        )
    }
}

impl HttpClient for StubConnector {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
