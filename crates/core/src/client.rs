//! The DynamoDB client: built once for a process, before its first request.

use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use aws_sdk_dynamodb::config::{
    Credentials, IdentityCache, SharedCredentialsProvider, SharedHttpClient, StalledStreamProtectionConfig,
};

use crate::config::{ConfigError, Environment};
use crate::connection::Connections;
use crate::roots;

/// How often one call is sent at most. The second try follows after some 50 ms, the third after some 100 ms.
const MAX_ATTEMPTS: u32 = 3;

/// How long one attempt may take. DynamoDB answers within 10 ms; what takes 100 times that is lost.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1_000);

/// How long a call may take with all its attempts.
const CALL_TIMEOUT: Duration = Duration::from_millis(3_000);

/// The client of a Lambda function, with what Lambda's environment says and nothing else: `AWS_REGION`,
/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN` (Lambda ends the environment before they
/// expire), `AWS_ENDPOINT_URL_DYNAMODB` or `AWS_ENDPOINT_URL` if set, and `AWS_CA_BUNDLE` if set. The SDK's default
/// chain would also look for profiles, web identities and instance metadata, which a function does not have. Where
/// `AWS_CONTAINER_CREDENTIALS_FULL_URI` is set (SnapStart), credentials come from there, and the SDK renews them.
///
/// It is connected already: INIT has a whole CPU and a request a share of one (at 128 MB a fourteenth), so here the
/// TLS handshake costs the first visitor nothing. If it fails, the first request tries again.
///
/// # Errors
///
/// A variable is missing, or its value cannot be used.
pub async fn of_function(environment: &Environment<'_>) -> Result<Client, ConfigError> {
    let region = environment.required("AWS_REGION")?;
    let endpoint = environment.text("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| environment.text("AWS_ENDPOINT_URL"));
    let connections = Connections::new(roots::tls(environment)?);
    open(&connections, endpoint.as_deref(), &region).await;
    let mut config = aws_sdk_dynamodb::Config::builder();
    config = if environment.text("AWS_CONTAINER_CREDENTIALS_FULL_URI").is_some() {
        let provider = ProviderConfig::without_region().with_http_client(connections.clone());
        config.credentials_provider(EcsCredentialsProvider::builder().configure(&provider).build())
    } else {
        let key = environment.required("AWS_ACCESS_KEY_ID")?;
        let secret = environment.required("AWS_SECRET_ACCESS_KEY")?;
        let token = environment.text("AWS_SESSION_TOKEN");
        // What is in memory and stays the same needs no cache, which watches the clock and guards its loading.
        let cache = IdentityCache::no_cache();
        config.credentials_provider(Credentials::new(key, secret, token, None, "Lambda")).identity_cache(cache)
    };
    config = config
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .http_client(connections)
        // It watches the throughput of bodies that stream; ours are read whole within the attempt's time-out.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(timeouts())
        .retry_config(retries());
    config.set_endpoint_url(endpoint);
    Ok(Client::from_conf(config.build()))
}

/// A client with the environment's region, credentials and endpoint (`AWS_REGION`, `AWS_ENDPOINT_URL_DYNAMODB` and
/// the SDK's other variables and files), for a program that a person starts. It trusts the machine's roots.
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

/// Connects to DynamoDB. The first request finds out what is wrong, if something is.
async fn open(connections: &Connections, endpoint: Option<&str>, region: &str) {
    let url = match endpoint {
        Some(url) => url.to_owned(),
        // By the SDK's own rules, since not every region's name ends in the same domain.
        None => match Params::builder().region(region).build() {
            Ok(parameters) => match DefaultResolver::new().resolve_endpoint(&parameters).await {
                Ok(endpoint) => endpoint.url().to_owned(),
                Err(_) => return,
            },
            Err(_) => return,
        },
    };
    if let Err(error) = connections.open(&url, ATTEMPT_TIMEOUT).await {
        tracing::warn!(error, "not connected to DynamoDB yet");
    }
}

fn loader() -> aws_config::ConfigLoader {
    let connections = SharedHttpClient::new(Connections::new(roots::of_the_machine()));
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(connections)
        .timeout_config(timeouts())
        .retry_config(retries())
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(ATTEMPT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(CALL_TIMEOUT)
        .build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS).with_initial_backoff(Duration::from_millis(50))
}
