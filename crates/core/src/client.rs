//! The DynamoDB client: built once for a process, before its first request.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, retry::RetryConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// How often one call is sent at most. The second try follows after some 50 ms, the third after some 100 ms.
const MAX_ATTEMPTS: u32 = 3;

/// How long one attempt may take. DynamoDB answers within 10 ms; what takes 100 times that is lost.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1_000);

/// How long a call may take with all its attempts.
const CALL_TIMEOUT: Duration = Duration::from_millis(3_000);

/// A client with the environment's region, credentials and endpoint (`AWS_REGION`, `AWS_ENDPOINT_URL_DYNAMODB` and
/// the SDK's other variables and files).
pub async fn from_environment() -> Client {
    Client::new(&loader().load().await)
}

/// A client of a table that is not in AWS: with `endpoint_url`, and with credentials that nobody checks.
pub async fn local(endpoint_url: &str) -> Client {
    let credentials = Credentials::new("local", "local", None, None, "shortlink serve");
    let loader = loader()
        .endpoint_url(endpoint_url)
        .use_fips(false)
        .use_dual_stack(false)
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials));
    Client::new(&loader.load().await)
}

/// A client with the environment's region and credentials, at another endpoint.
pub async fn at(endpoint_url: &str) -> Client {
    Client::new(&loader().endpoint_url(endpoint_url).load().await)
}

fn loader() -> aws_config::ConfigLoader {
    let http_client =
        aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(ATTEMPT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(CALL_TIMEOUT)
        .build();
    aws_config::defaults(BehaviorVersion::latest()).http_client(http_client).timeout_config(timeouts).retry_config(
        RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS).with_initial_backoff(Duration::from_millis(50)),
    )
}
