//! How often and when the SDK retries a call.

use std::time::Duration;

use aws_sdk_dynamodb::config::interceptors::InterceptorContext;
use aws_sdk_dynamodb::config::retry::{
    ClassifyRetry, ReconnectMode, RetryAction, RetryConfig, RetryPartition, TokenBucket,
};

/// The maximum number of attempts for one call. If half of all attempts fail at once, one call in 32 does; a request may
/// need three calls. Attempts that fail slowly are ended by [`CALL_TIMEOUT`](crate::dynamodb::client::CALL_TIMEOUT) before.
pub const MAX_ATTEMPTS: u32 = 5;

/// The SDK's back-off before the second attempt of a call; it doubles before each further one.
pub const INITIAL_BACKOFF: Duration = Duration::from_millis(50);

/// The tokens of the retry bucket of a client: a repeated attempt costs 5, or 10 after a timeout. The SDK's own bucket has 500
/// for all clients of a process and is not refilled with time, so that 50 to 100 failed attempts would leave every later
/// request with one attempt.
const RETRY_TOKENS: usize = 5_000;

/// How many tokens are added per second. A function, which handles one request at a time, cannot use up as many, and a
/// server repeats at most 50 to 100 attempts per second while DynamoDB is down.
const RETRY_TOKENS_PER_SECOND: f32 = 500.0;

/// Repeats an attempt whose response was not DynamoDB's, such as an HTML page with the status 200.
#[derive(Debug)]
pub(super) struct NotDynamoDb;

impl ClassifyRetry for NotDynamoDb {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let is_success = context.response().is_some_and(|response| response.status().is_success());
        match context.output_or_error() {
            Some(Err(_)) if is_success => RetryAction::transient_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "not DynamoDB's response"
    }
}

/// Attempts and back-off.
pub(super) fn config() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(MAX_ATTEMPTS)
        .with_initial_backoff(INITIAL_BACKOFF)
        // The connection pool itself closes a connection whose response was an error of the server.
        .with_reconnect_mode(ReconnectMode::ReuseAllConnections)
}

/// The retry bucket of one client.
pub(super) fn partition() -> RetryPartition {
    let bucket = TokenBucket::builder().capacity(RETRY_TOKENS).refill_rate(RETRY_TOKENS_PER_SECOND).build();
    RetryPartition::custom("shortlink").token_bucket(bucket).build()
}
