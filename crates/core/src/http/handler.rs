//! The trait that `shorten` and `resolve` implement and that transports call.

use std::time::Duration;

use crate::domain::base_url::BaseUrl;
use crate::http::brand::Brand;
use crate::http::compression;
use crate::http::problem::{Problem, ProblemKind};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::security_headers;
use crate::visits::edge_key::EdgeKey;
use crate::visits::writer::MAX_FUNCTION_TIME;

/// The deadline of a request. Each call to DynamoDB has timeouts of its own, but a request may need several calls.
/// Lambda ends a function after the `Timeout` of template.yaml, which is longer, and the client would then get the
/// gateway's bare 500.
pub const DEADLINE: Duration = Duration::from_millis(4_000);

/// How long [`Handler::after_response`] may take in a Lambda function.
pub const MAX_POST_RESPONSE_TIME: Duration = MAX_FUNCTION_TIME;

/// A function that handles requests.
pub trait Handler: Send + Sync + 'static {
    /// Handles a request.
    ///
    /// # Errors
    ///
    /// The [`Problem`] to report to the client; [`respond`](Self::respond) renders it.
    fn handle(&self, request: &Request) -> impl Future<Output = Result<Response, Problem>> + Send;

    /// The secret that every request must contain, if a CDN is in front.
    fn edge_key(&self) -> Option<&EdgeKey>;

    /// What short URLs begin with, if it is configured.
    fn public_base_url(&self) -> Option<&BaseUrl>;

    /// Whether the client that sent `request` uses https.
    fn is_https(&self, request: &Request) -> bool;

    /// The brand that pages show.
    fn brand(&self) -> &Brand {
        Brand::unset()
    }

    /// Handles a request within [`DEADLINE`], and renders and logs the problem if there is one. A request that takes
    /// longer is abandoned and answered with 503. One that does not come through the CDN, though there is one, is answered
    /// with 403: otherwise, anybody could go around the CDN's limits. Every response gets the [security
    /// headers](security_headers).
    fn respond(&self, request: &Request) -> impl Future<Output = Response> + Send {
        async move {
            let outcome = if self.edge_key().is_none_or(|key| key.is_in(&request.headers)) {
                let outcome = tokio::time::timeout(DEADLINE, self.handle(request)).await;
                outcome.unwrap_or_else(|_| Err(Problem::unavailable("the request took too long")))
            } else {
                Err(not_from_edge(self.public_base_url()))
            };
            let mut response = outcome.unwrap_or_else(|problem| {
                problem.log(&request.request_id);
                problem.render(request, self.brand())
            });
            compression::compress(request, &mut response);
            security_headers::add(response.headers_mut(), self.is_https(request));
            response
        }
    }

    /// Whether requests leave work for after the response.
    fn has_background_work(&self) -> bool {
        false
    }

    /// Does the work that requests have left, as far as it can be done within [`MAX_POST_RESPONSE_TIME`] in a Lambda
    /// function. Transports call this after the response has been sent.
    fn after_response(&self) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// Does all work that is left. Transports call this before the process ends.
    fn shutdown(&self) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// The problem with a request that goes around the CDN.
fn not_from_edge(base_url: Option<&BaseUrl>) -> Problem {
    let reason = match base_url {
        Some(base_url) => format!("This service answers only at {}.", base_url.join("")),
        None => "This service answers only at the address of the CDN in front of it.".to_owned(),
    };
    Problem::new(ProblemKind::NotFromEdge, reason)
}
