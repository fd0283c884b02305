//! Work that follows the answer: done once the answer has been posted to the Runtime API, and before the next event is
//! asked for. In between is the only time for it: a function that waits for an event is frozen, and a task that was
//! merely spawned is frozen with it, for good if no event comes.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use lambda_runtime::tower::Layer;
use lambda_runtime::{LambdaInvocation, Service};

use crate::Handler;

/// Puts a handler's work after the rest of the runtime's: that answers before it returns.
pub(crate) struct AfterLayer<H>(pub(crate) Arc<H>);

/// The runtime's service, and then the handler's work.
pub(crate) struct AfterService<S, H> {
    runtime: S,
    handler: Arc<H>,
}

impl<S, H> Layer<S> for AfterLayer<H> {
    type Service = AfterService<S, H>;

    fn layer(&self, runtime: S) -> Self::Service {
        AfterService { runtime, handler: Arc::clone(&self.0) }
    }
}

impl<S, H> Service<LambdaInvocation> for AfterService<S, H>
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
        let answered = self.runtime.call(invocation);
        let handler = Arc::clone(&self.handler);
        Box::pin(async move {
            let outcome = answered.await;
            handler.after().await;
            outcome
        })
    }
}
