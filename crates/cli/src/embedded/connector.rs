//! Connects the SDK to the embedded engine with function calls instead of a network.
//!
//! Every call except reads and puts of single items goes through the SDK, as on Lambda. There is no socket in between,
//! so no port is open to other users of this machine.

use std::sync::Arc;

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
use dynoxide::Database;
use shortlink_core::dynamodb::error::EMBEDDED_STORAGE_FAILURE;

use crate::embedded::operations;
use crate::embedded::write_queue::{OperationError, WriteQueue};

/// What the header `x-amz-target` begins with; the operation follows.
const TARGET_PREFIX: &str = "DynamoDB_20120810.";

/// An HTTP client for the SDK that calls an embedded engine. Clones share the engine.
#[derive(Clone)]
pub(super) struct InProcessConnector {
    /// For reads only.
    reads: Database,
    writes: Arc<WriteQueue>,
}

impl InProcessConnector {
    /// A connector that reads `reads` and writes through `writes`.
    pub(super) fn new(reads: Database, writes: Arc<WriteQueue>) -> Self {
        Self { reads, writes }
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
        let body = request.body().bytes().unwrap_or_default().to_vec();
        let result = if operations::is_write(&operation) {
            self.writes.perform(operation, body).await
        } else {
            // A read may wait for the disk, so it runs on a thread where it holds up no other request.
            let reads = self.reads.clone();
            let read = tokio::task::spawn_blocking(move || {
                let read = operations::perform(&reads, &operation, &body);
                read.map_err(|error| OperationError::of_operation(&operation, error))
            });
            read.await.map_err(|error| ConnectorError::other(error.into(), None))?
        };
        Ok(to_response(result))
    }
}

fn operation_of(request: &HttpRequest) -> Option<String> {
    request.headers().get("x-amz-target")?.strip_prefix(TARGET_PREFIX).map(str::to_owned)
}

fn to_response(result: Result<Vec<u8>, OperationError>) -> HttpResponse {
    let (status, body) = match result {
        Ok(body) => (200, SdkBody::from(body)),
        Err(OperationError::Engine(error)) => (error.status_code(), error.to_json().into()),
        // The status is not 5xx, because after a 5xx the SDK tries to close the connection, and logs that it cannot.
        Err(error) => {
            let document = serde_json::json!({ "__type": EMBEDDED_STORAGE_FAILURE, "message": error.to_string() });
            (400, document.to_string().into())
        }
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
