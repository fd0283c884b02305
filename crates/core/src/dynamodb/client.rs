//! The SDK's DynamoDB client. It is built once per process, before the first request.

use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use aws_sdk_dynamodb::config::{
    IdentityCache, ProvideCredentials, SharedCredentialsProvider, SharedHttpClient, StalledStreamProtectionConfig,
};

pub use aws_config::SdkConfig;
pub use aws_sdk_dynamodb::config::Credentials;

use crate::config::{ConfigError, Environment};
use crate::dynamodb::connection_pool::{BoxError, ConnectionPool};
use crate::dynamodb::retries::{self, NotDynamoDb};
use crate::dynamodb::tls;

/// The timeout of one attempt. DynamoDB answers within 10 ms; an attempt that takes 100 times as long is lost.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1_000);

/// The timeout of one call with all its attempts.
pub const CALL_TIMEOUT: Duration = Duration::from_millis(3_000);

/// The client of a Lambda function, and its connections.
#[derive(Debug)]
pub struct LambdaClient {
    /// The client, which uses the connections of `pool`.
    pub client: Client,
    pool: ConnectionPool,
    endpoint_url: Option<String>,
    region: String,
    credentials: SharedCredentialsProvider,
}

/// Builds the client of a Lambda function from what Lambda's environment says, and nothing else: `AWS_REGION`,
/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN` (Lambda ends the environment before they
/// expire), and, if set, `AWS_ENDPOINT_URL_DYNAMODB` or `AWS_ENDPOINT_URL`, and `AWS_CA_BUNDLE`. The SDK's default
/// chain would also look for profiles, web identities and instance metadata, which a function does not have. If
/// `AWS_CONTAINER_CREDENTIALS_FULL_URI` is set (SnapStart), credentials come from there and the SDK renews them.
///
/// # Errors
///
/// A variable is missing or has an invalid value.
pub fn for_lambda(environment: &Environment<'_>) -> Result<LambdaClient, ConfigError> {
    let region = environment.required("AWS_REGION")?;
    let endpoint_url = environment.text("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| environment.text("AWS_ENDPOINT_URL"));
    let pool = ConnectionPool::new(tls::client_config(environment)?);
    let mut config = aws_sdk_dynamodb::Config::builder();
    let credentials = if environment.text("AWS_CONTAINER_CREDENTIALS_FULL_URI").is_some() {
        let provider = ProviderConfig::without_region().with_http_client(pool.clone());
        SharedCredentialsProvider::new(EcsCredentialsProvider::builder().configure(&provider).build())
    } else {
        let key = environment.required("AWS_ACCESS_KEY_ID")?;
        let secret = environment.required("AWS_SECRET_ACCESS_KEY")?;
        let token = environment.text("AWS_SESSION_TOKEN");
        // Credentials that stay the same need no cache, which would read the clock and take a lock for each request.
        config = config.identity_cache(IdentityCache::no_cache());
        SharedCredentialsProvider::new(Credentials::new(key, secret, token, None, "Lambda"))
    };
    config = config
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.clone()))
        .http_client(pool.clone())
        // This watches the throughput of streamed bodies. Ours are read as a whole within the attempt's timeout.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(timeouts())
        .retry_partition(retries::partition())
        .retry_classifier(NotDynamoDb)
        .retry_config(retries::config());
    config.set_credentials_provider(Some(credentials.clone())).set_endpoint_url(endpoint_url.clone());
    Ok(LambdaClient { client: Client::from_conf(config.build()), pool, endpoint_url, region, credentials })
}

impl LambdaClient {
    /// Opens a connection to DynamoDB, so that the first request finds one. INIT has a whole CPU, and a request a share
    /// of one (a fourteenth at 128 MB), so a TLS handshake during INIT costs the first visitor nothing.
    ///
    /// # Errors
    ///
    /// DynamoDB cannot be reached. The first request then tries again.
    pub async fn prewarm(&self) -> Result<(), BoxError> {
        let url = match &self.endpoint_url {
            Some(url) => url.clone(),
            // The SDK's own rules apply, since the domain of the endpoint depends on the region.
            None => {
                let parameters = Params::builder().region(&self.region).build()?;
                DefaultResolver::new().resolve_endpoint(&parameters).await?.url().to_owned()
            }
        };
        self.pool.prewarm(&url, ATTEMPT_TIMEOUT).await
    }

    /// The connections, for requests that the SDK does not send.
    pub fn connections(&self) -> &ConnectionPool {
        &self.pool
    }

    /// The credentials of the function.
    ///
    /// # Errors
    ///
    /// They have to be renewed (SnapStart), and cannot be.
    pub async fn credentials(&self) -> Result<Credentials, BoxError> {
        Ok(self.credentials.provide_credentials().await?)
    }

    /// What a client of another AWS service needs: the same region, credentials and pool of connections. `endpoint_url` is
    /// for an emulator.
    pub fn sdk_config(&self, endpoint_url: Option<String>) -> SdkConfig {
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .credentials_provider(self.credentials.clone())
            .http_client(self.pool.clone())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .timeout_config(timeouts())
            .retry_config(retries::config());
        config.set_endpoint_url(endpoint_url);
        config.build()
    }
}

/// How a program that a person starts reaches AWS. What is `None` comes from the SDK's variables and files.
#[derive(Clone, Debug, Default)]
pub struct ConnectionOptions {
    /// The profile in the files of the AWS CLI.
    pub profile: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The endpoint of every service, such as that of an emulator.
    pub endpoint_url: Option<String>,
    /// Whether a person waits for the calls and no visitor: then a slow network has more time.
    pub is_patient: bool,
}

/// The configuration of a program that a person starts. The system's certificate authorities are trusted.
pub async fn connect(options: &ConnectionOptions) -> SdkConfig {
    let ConnectionOptions { profile, region, endpoint_url, is_patient } = options;
    let mut loader = loader();
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(url) = endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if *is_patient {
        loader = loader.timeout_config(patient_timeouts());
    }
    loader.load().await
}

/// The client of a program that a person starts.
pub fn from_sdk_config(config: &SdkConfig) -> Client {
    build(config)
}

/// What a client of another AWS service needs, in a program that a person starts.
pub async fn sdk_config() -> SdkConfig {
    loader().load().await
}

/// A client for a DynamoDB that is not in AWS, at `endpoint_url`, with credentials that nobody checks.
pub async fn local(endpoint_url: &str) -> Client {
    build(&local_sdk_config(endpoint_url).await)
}

/// What a client of an AWS service needs that is not in AWS, at `endpoint_url`, with credentials that nobody checks.
pub async fn local_sdk_config(endpoint_url: &str) -> SdkConfig {
    let credentials = Credentials::new("local", "local", None, None, "shortlink serve");
    let loader = loader()
        .endpoint_url(endpoint_url)
        .use_fips(false)
        .use_dual_stack(false)
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials));
    loader.load().await
}

fn build(config: &aws_config::SdkConfig) -> Client {
    let config = aws_sdk_dynamodb::config::Builder::from(config);
    Client::from_conf(config.retry_partition(retries::partition()).retry_classifier(NotDynamoDb).build())
}

fn loader() -> aws_config::ConfigLoader {
    let pool = SharedHttpClient::new(ConnectionPool::new(tls::system_roots()));
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(pool)
        .timeout_config(timeouts())
        .retry_config(retries::config())
}

/// The timeouts of a command of the operator: a connection from a home may need seconds for what takes Lambda milliseconds.
fn patient_timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(10))
        .operation_timeout(Duration::from_secs(30))
        .build()
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(ATTEMPT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(CALL_TIMEOUT)
        .build()
}
