//! The SDK's way to the embedded engine: a call where others have a network.
//!
//! The functions' code talks to DynamoDB through the SDK, here as in Lambda. But no socket is between: nothing listens
//! that another user of this machine could talk to, and a creation costs half of what it costs over loopback.

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

use crate::operation;

/// What `x-amz-target` begins with.
const TARGET_PREFIX: &str = "DynamoDB_20120810.";

/// The way to one engine. Clones lead to the same.
#[derive(Clone)]
pub(crate) struct Passage(Arc<Ends>);

struct Ends {
    database: Database,
    /// Held by the operation that writes. The engine has a lock of its own, but who waits for that one keeps a thread.
    writing: Mutex<()>,
    has_written: AtomicBool,
}

impl Passage {
    pub(crate) fn new(database: Database) -> Self {
        Self(Arc::new(Ends { database, writing: Mutex::default(), has_written: AtomicBool::new(true) }))
    }

    /// Whether something has been written since this was last asked.
    pub(crate) fn has_written(&self) -> bool {
        self.0.has_written.swap(false, Ordering::SeqCst)
    }

    /// An SDK client whose requests go this way. It signs nothing, since nobody checks; and there is no network of
    /// which to try again what was lost, or whose time to limit.
    pub(crate) fn client(&self) -> Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            // No request gets there.
            .endpoint_url("http://engine.invalid")
            .http_client(self.clone())
            .allow_no_auth()
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        Client::from_conf(config.build())
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let Some(name) = operation_of(&request) else {
            return Err(ConnectorError::user("a request that is none of DynamoDB's".into()));
        };
        if !operation::is_write(&name) {
            // It takes some ten microseconds: less than it takes to hand it to another thread.
            let body = request.body().bytes().unwrap_or_default();
            return Ok(response(operation::perform(&self.0.database, &name, body)));
        }
        let writing = self.0.writing.lock().await;
        let passage = self.clone();
        // A write waits for the disk now and then: others are served meanwhile.
        let write = tokio::task::spawn_blocking(move || {
            let body = request.body().bytes().unwrap_or_default();
            operation::perform(&passage.0.database, &name, body)
        });
        let answer = write.await.map_err(|error| ConnectorError::other(error.into(), None));
        self.0.has_written.store(true, Ordering::SeqCst);
        drop(writing);
        answer.map(response)
    }
}

fn operation_of(request: &HttpRequest) -> Option<String> {
    request.headers().get("x-amz-target")?.strip_prefix(TARGET_PREFIX).map(str::to_owned)
}

fn response(answer: Result<Vec<u8>, DynoxideError>) -> HttpResponse {
    let (status, body) = match answer {
        Ok(body) => (200, SdkBody::from(body)),
        Err(error) => (error.status_code(), SdkBody::from(error.to_json())),
    };
    let status = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::new(status.into(), body)
}

impl HttpConnector for Passage {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let passage = self.clone();
        HttpConnectorFuture::new(async move { passage.send(request).await })
    }
}

impl HttpClient for Passage {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl std::fmt::Debug for Passage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passage")
    }
}
