//! Runs a [`Handler`] on AWS Lambda, behind an API Gateway HTTP API (payload format 2.0).
//!
//! # Layout
//!
//! | file | defines |
//! | --- | --- |
//! | `bin/shorten.rs`, `bin/resolve.rs` | the two Lambda functions: each reads its settings, builds its client and calls [`run`] |
//! | `bin/edge-log.rs` | the Lambda function that counts CloudFront's logs, which calls [`run_schedule`] |
//! | [`event`] | an event turned into a request, and a response turned into API Gateway's |
//! | `post_response` | running a handler's background work after the response, before the next event |
//! | `shutdown` | running what is left when Lambda ends the execution environment |
//!
//! `lambda_runtime` runs the loop, and the types of events and responses are those of `lambda_http`
//! (`aws_lambda_events`). `lambda_http`'s own conversion of an event into an `http::Request` is not used. It rebuilds a
//! URL from the decoded path, the `Host` header and the query, and unwraps the result, as it does with a body that
//! should be base64: a client could make it panic, and a panic results in a 500. Here nothing in an event is unwrapped,
//! no URL is built from the path, and every event gets a response. (Tests compare the two conversions, and show the
//! panic.)

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use lambda_http::aws_lambda_events;
use lambda_runtime::{LambdaEvent, Runtime, service_fn};
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use shortlink_core::config::Environment;
use shortlink_core::dynamodb::client::{self, LambdaClient};
use shortlink_core::dynamodb::store::Store;
use shortlink_core::http::handler::Handler;
use shortlink_core::http::problem::{Problem, ProblemKind};
use tokio::time::Instant;

pub mod event;
mod post_response;
mod shutdown;

pub use lambda_runtime::Error;
use post_response::PostResponseLayer;

/// API Gateway accepts https only.
const IS_HTTPS: bool = true;

/// The future of a response. The box keeps its type short: it would otherwise nest the futures of the SDK and the
/// runtime deeper than the compiler allows.
type ResponseFuture = Pin<Box<dyn Future<Output = Result<ApiGatewayV2httpResponse, Infallible>> + Send>>;

/// Requests events from Lambda and handles them with `handler`, for as long as the process lives.
///
/// # Errors
///
/// Lambda's Runtime API cannot be reached.
///
/// # Panics
///
/// If Lambda's environment variables are not set.
pub async fn run(handler: impl Handler) -> Result<(), Error> {
    let handler = Arc::new(handler);
    if handler.has_background_work() {
        shutdown::shut_down_on_sigterm(Arc::clone(&handler)).await;
    }
    let responding = Arc::clone(&handler);
    let service = service_fn(move |event: LambdaEvent<Box<RawValue>>| -> ResponseFuture {
        let handler = Arc::clone(&responding);
        Box::pin(async move { Ok(respond_to_event(&*handler, &event.payload).await) })
    });
    // `lambda_runtime::run` would also open a span for each request. Our log lines contain the request's id anyway.
    Runtime::new(service).layer(PostResponseLayer(handler)).run().await
}

/// Calls `work` for each event from Lambda, whatever the event says, for as long as the process lives. `work` gets the
/// instant at which Lambda ends the invocation, and what it returns is the response.
///
/// # Errors
///
/// Lambda's Runtime API cannot be reached.
///
/// # Panics
///
/// If Lambda's environment variables are not set.
pub async fn run_schedule<T: Serialize>(work: impl AsyncFn(Instant) -> T) -> Result<(), Error> {
    let service = service_fn(async |event: LambdaEvent<IgnoredAny>| {
        let deadline = UNIX_EPOCH + Duration::from_millis(event.context.deadline);
        let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
        Ok::<_, Infallible>(work(Instant::now() + left).await)
    });
    lambda_runtime::run(service).await
}

/// The table that `TABLE_NAME` names, with a connection that is already open, and the client with which it is reached.
///
/// # Errors
///
/// A variable is missing or has an invalid value.
pub async fn open_store(environment: &Environment<'_>) -> Result<(Store, LambdaClient), Error> {
    let table = environment.required("TABLE_NAME")?;
    let lambda_client = client::for_lambda(environment)?;
    if let Err(error) = lambda_client.prewarm().await {
        tracing::warn!(error, "cannot connect to DynamoDB yet; the first request tries again");
    }
    let store = Store::new(lambda_client.client.clone(), table).with_visit_regions(environment.visit_regions()?);
    Ok((store, lambda_client))
}

/// The exit code of a function. An error goes to the log, in the words meant for the operator.
pub fn exit_code(outcome: Result<(), Error>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    tracing::error!(%error, "the function has ended");
    ExitCode::FAILURE
}

/// Responds to one event.
pub async fn respond_to_event(handler: &impl Handler, event: &RawValue) -> ApiGatewayV2httpResponse {
    let Ok(event) = serde_json::from_str::<ApiGatewayV2httpRequest>(event.get()) else {
        tracing::warn!("received an event that is not from an API Gateway HTTP API");
        let reason = "This function accepts only events from an API Gateway HTTP API, payload format 2.0.";
        let problem = Problem::new(ProblemKind::InvalidBody, reason);
        return event::to_gateway_response(problem.render_without_request(IS_HTTPS), false);
    };
    let is_head = event::is_head(&event);
    let response = match event::into_request(event) {
        Ok(request) => handler.respond(&request).await,
        Err(problem) => problem.render_without_request(IS_HTTPS),
    };
    event::to_gateway_response(response, is_head)
}
