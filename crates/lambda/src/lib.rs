//! Carries API Gateway's events (HTTP API, payload format 2.0) to a handler, and its reply back.
//!
//! # Layout
//!
//! | module | defines |
//! | --- | --- |
//! | [`event`] | an event, and what we read of it; the answer to it |
//! | `after` | work that follows the answer, before the next event is asked for |
//! | `shutdown` | the end of an environment: work that is left is done |
//!
//! `lambda_runtime` runs the loop. `lambda_http` would read the events too, but its conversion into an
//! `http::Request` rebuilds a URL from the decoded path, the Host header and the query, and unwraps what comes of it, as
//! it does with a body that should be base64: what a client sends could panic it, and a panic answers 500. Here nothing
//! that an event holds is unwrapped, the path is not looked at, and every event has an answer. (A test compares the
//! two conversions on events that both can read.) Nor are its types of events: they read what nobody looks at, 33 k
//! instructions a request (`bench measure --instructions`) and 55 kB of the zip.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use lambda_runtime::{LambdaEvent, Runtime, service_fn};
use serde_json::value::RawValue;
use shortlink_core::problem::{Kind, Problem};
use shortlink_core::reply::Reply;
use shortlink_core::request::Request;

mod after;
pub mod event;
mod shutdown;

use after::AfterLayer;
use event::{Event, Response};
pub use lambda_runtime::Error;

/// How long a request may take. Each call of DynamoDB has limits of its own, but a request may need several; Lambda
/// ends a function after the 5 s of template.yaml, and then the visitor would get the gateway's bare 500.
pub const DEADLINE: Duration = Duration::from_millis(4_000);

/// What a function does with a request.
pub trait Handler: Send + Sync + 'static {
    /// Answers a request.
    fn handle(&self, request: Request) -> impl Future<Output = Reply> + Send;

    /// Answers a request within [`DEADLINE`]: what takes longer is given up, with 503.
    fn answer(&self, request: Request) -> impl Future<Output = Reply> + Send {
        async {
            let id = request.id.clone();
            tokio::time::timeout(DEADLINE, self.handle(request)).await.unwrap_or_else(|_| {
                tracing::error!(request_id = id, "given up: it took too long");
                Problem::unavailable().reply()
            })
        }
    }

    /// Whether requests leave work for after the answer.
    fn has_work_after(&self) -> bool {
        false
    }

    /// Does the work that waited for the answer to go.
    fn after(&self) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// Does all the work that is left, before the process ends.
    fn finish(&self) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// An answer on its way. The box ends the type, which otherwise holds every future within the SDK's and the runtime's,
/// at a depth that the compiler refuses.
type Answered = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

/// Asks Lambda for events and answers them, for as long as the process lives.
///
/// # Errors
///
/// Lambda's Runtime API cannot be reached.
///
/// # Panics
///
/// Outside Lambda, where its environment variables are not set.
pub async fn run(handler: impl Handler) -> Result<(), Error> {
    let handler = Arc::new(handler);
    if handler.has_work_after() {
        shutdown::finish_on_sigterm(Arc::clone(&handler)).await;
    }
    let answering = Arc::clone(&handler);
    let service = service_fn(move |event: LambdaEvent<Box<RawValue>>| -> Answered {
        let handler = Arc::clone(&answering);
        Box::pin(async move { Ok(answer(&*handler, &event.payload).await) })
    });
    // Not `lambda_runtime::run`, which also opens a span for each request: our log's lines bear its id as they are.
    Runtime::new(service).layer(AfterLayer(handler)).run().await
}

/// How a function that cannot start, or go on, ends: with its error in the log, in the words that are meant for the
/// operator, and not as `main` would print it.
pub fn exit_code(outcome: Result<(), Error>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    tracing::error!(%error, "the function has ended");
    ExitCode::FAILURE
}

/// Answers one event.
pub async fn answer(handler: &impl Handler, event: &RawValue) -> Response {
    let Ok(event) = serde_json::from_str::<Event<'_>>(event.get()) else {
        tracing::warn!("an event that is not from an API Gateway HTTP API");
        let detail = "This function answers events of an API Gateway HTTP API, payload format 2.0.";
        return Response::new(Problem::new(Kind::InvalidBody, detail).reply(), false);
    };
    let is_head = event.is_head();
    let reply = match event.into_request() {
        Ok(request) => handler.answer(request).await,
        Err(reply) => *reply,
    };
    Response::new(reply, is_head)
}
