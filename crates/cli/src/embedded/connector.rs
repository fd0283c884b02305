//! Connects the SDK to the embedded engine with function calls instead of a network.
//!
//! The functions talk to DynamoDB through the SDK, here as on Lambda. There is no socket in between, so no port is open
//! to other users of this machine, and creating a link costs half of what it costs over loopback.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region, StalledStreamProtectionConfig};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use dynoxide::{Database, DynoxideError};
use tokio::sync::Mutex;

use crate::embedded::operations;

/// What the header `x-amz-target` begins with; the operation follows.
const TARGET_PREFIX: &str = "DynamoDB_20120810.";

/// An HTTP client for the SDK that calls an embedded engine. Clones share the engine.
#[derive(Clone)]
pub(super) struct InProcessConnector(Arc<Inner>);

struct Inner {
    database: Database,
    /// Held by a write. The engine has a lock of its own, but waiting for that one blocks a thread.
    writing: Mutex<()>,
    has_written: AtomicBool,
}

impl InProcessConnector {
    pub(super) fn new(database: Database) -> Self {
        Self(Arc::new(Inner { database, writing: Mutex::default(), has_written: AtomicBool::new(true) }))
    }

    /// Whether there was a write since the last call.
    pub(super) fn take_has_written(&self) -> bool {
        self.0.has_written.swap(false, Ordering::SeqCst)
    }

    /// An SDK client that uses this connector. It does not sign requests, since the engine does not check signatures,
    /// and it has neither retries nor timeouts, since there is no network.
    pub(super) fn client(&self) -> Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            // The SDK requires an endpoint; no request is sent there.
            .endpoint_url("http://embedded.invalid")
            .http_client(self.clone())
            .allow_no_auth()
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        Client::from_conf(config.build())
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let Some(operation) = operation_of(&request) else {
            return Err(ConnectorError::user("the request names no DynamoDB operation".into()));
        };
        if !operations::is_write(&operation) {
            // A read takes about ten microseconds, less than handing it to another thread.
            let body = request.body().bytes().unwrap_or_default();
            return Ok(to_response(operations::perform(&self.0.database, &operation, body)));
        }
        let writing = self.0.writing.lock().await;
        let connector = self.clone();
        // A write may wait for the disk, so it runs on a thread where it holds up no other request.
        let write = tokio::task::spawn_blocking(move || {
            let body = request.body().bytes().unwrap_or_default();
            operations::perform(&connector.0.database, &operation, body)
        });
        let result = write.await.map_err(|error| ConnectorError::other(error.into(), None));
        self.0.has_written.store(true, Ordering::SeqCst);
        drop(writing);
        result.map(to_response)
    }
}

fn operation_of(request: &HttpRequest) -> Option<String> {
    request.headers().get("x-amz-target")?.strip_prefix(TARGET_PREFIX).map(str::to_owned)
}

fn to_response(result: Result<Vec<u8>, DynoxideError>) -> HttpResponse {
    let (status, body) = match result {
        Ok(body) => (200, SdkBody::from(body)),
        Err(error) => (error.status_code(), SdkBody::from(error.to_json())),
    };
    let status = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::new(status.into(), body)
}

impl HttpConnector for InProcessConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.clone();
        HttpConnectorFuture::new(async move { connector.send(request).await })
    }
}

impl HttpClient for InProcessConnector {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl std::fmt::Debug for InProcessConnector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InProcessConnector")
    }
}
