//! Background work, run after the response has been posted to the Runtime API and before the next event is requested.
//!
//! There is no other time for it: while a function waits for an event its execution environment is frozen, and a
//! spawned task would be frozen with it, possibly for good. The environment takes no event meanwhile, so the work has
//! [a limit](MAX_POST_RESPONSE_TIME). It is left to the next invocation if it could last into the last second before this
//! one's deadline, at which Lambda ends the environment and with it everything that is still to be written.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_runtime::tower::Layer;
use lambda_runtime::{LambdaInvocation, Service};

use shortlink_core::http::handler::{Handler, MAX_POST_RESPONSE_TIME};

/// How long before its deadline an invocation must have ended.
const RESERVE: Duration = Duration::from_secs(1);

/// A Tower layer that runs [`Handler::after_response`] once the runtime has posted the response.
pub(crate) struct PostResponseLayer<H>(pub(crate) Arc<H>);

/// The service of [`PostResponseLayer`].
pub(crate) struct PostResponseService<S, H> {
    runtime: S,
    handler: Arc<H>,
}

impl<S, H> Layer<S> for PostResponseLayer<H> {
    type Service = PostResponseService<S, H>;

    fn layer(&self, runtime: S) -> Self::Service {
        PostResponseService { runtime, handler: Arc::clone(&self.0) }
    }
}

impl<S, H> Service<LambdaInvocation> for PostResponseService<S, H>
where
    S: Service<LambdaInvocation, Response = ()>,
    S::Future: 'static,
    H: Handler,
{
    type Response = ();
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<(), S::Error>>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.runtime.poll_ready(context)
    }

    fn call(&mut self, invocation: LambdaInvocation) -> Self::Future {
        let deadline = UNIX_EPOCH + Duration::from_millis(invocation.context.deadline);
        let posted = self.runtime.call(invocation);
        let handler = Arc::clone(&self.handler);
        Box::pin(async move {
            let outcome = posted.await;
            if SystemTime::now() + MAX_POST_RESPONSE_TIME + RESERVE <= deadline {
                handler.after_response().await;
            }
            outcome
        })
    }
}
