//! Carries API Gateway's events (HTTP API, payload format 2.0) to a handler, and its reply back.
//!
//! `lambda_http` reads the events and runs the loop. Its conversion into an `http::Request` is not used: it
//! rebuilds a URL from the decoded path, the Host header and the query, and unwraps what comes of it, as it does
//! with a body that should be base64; what a client sends could panic it, and a panic answers 500. Here nothing
//! that an event holds is unwrapped, the path is not looked at, and every event has an answer. (A test compares
//! the two conversions on events that both can read.)
//!
//! # Layout
//!
//! | module | defines |
//! | --- | --- |
//! | `after` | work that follows the answer, before the next event is asked for |
//! | `shutdown` | the end of an environment: work that is left is done |

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use bytes::Bytes;
use lambda_http::aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use lambda_http::aws_lambda_events::encodings::Body;
use lambda_http::lambda_runtime::{self, LambdaEvent, Runtime, Service, service_fn};
use lambda_http::request::LambdaRequest;
use serde_json::value::RawValue;
use shortlink_core::problem::{Kind, Problem};
use shortlink_core::reply::Reply;
use shortlink_core::request::{BaseUrl, Request};
use shortlink_core::route::Route;

mod after;
mod shutdown;

use after::AfterLayer;

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
type Answered = Pin<Box<dyn Future<Output = Result<ApiGatewayV2httpResponse, Infallible>> + Send>>;

/// Asks Lambda for events and answers them, for as long as the process lives.
///
/// # Errors
///
/// Lambda's Runtime API cannot be reached.
///
/// # Panics
///
/// Outside Lambda, where its environment variables are not set.
pub async fn run(handler: impl Handler) -> Result<(), lambda_http::Error> {
    let handler = Arc::new(handler);
    if !handler.has_work_after() {
        return lambda_runtime::run(service(&handler)).await;
    }
    shutdown::finish_on_sigterm(Arc::clone(&handler)).await;
    Runtime::new(service(&handler)).layer(AfterLayer(handler)).run().await
}

/// What the runtime calls with each event.
fn service<H: Handler>(
    handler: &Arc<H>,
) -> impl Service<LambdaEvent<Box<RawValue>>, Response = ApiGatewayV2httpResponse, Error = Infallible, Future = Answered>
+ use<H> {
    let handler = Arc::clone(handler);
    service_fn(move |event: LambdaEvent<Box<RawValue>>| -> Answered {
        let handler = Arc::clone(&handler);
        Box::pin(async move { Ok(answer(&*handler, &event.payload).await) })
    })
}

/// How a function that cannot start, or go on, ends: with its error in the log, in the words that are meant for the
/// operator, and not as `main` would print it.
pub fn exit_code(outcome: Result<(), lambda_http::Error>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    tracing::error!(%error, "the function has ended");
    ExitCode::FAILURE
}

/// Answers one event.
pub async fn answer(handler: &impl Handler, event: &RawValue) -> ApiGatewayV2httpResponse {
    let Ok(LambdaRequest::ApiGatewayV2(event)) = serde_json::from_str(event.get()) else {
        tracing::warn!("an event that is not from an API Gateway HTTP API");
        let detail = "This function answers events of an API Gateway HTTP API, payload format 2.0.";
        return response(Problem::new(Kind::InvalidBody, detail).reply(), false);
    };
    let is_head = event.request_context.http.method == http::Method::HEAD;
    let reply = match request(event) {
        Ok(request) => handler.answer(request).await,
        Err(reply) => *reply,
    };
    response(reply, is_head)
}

/// The request of an event, or the reply to an event that is none.
///
/// # Errors
///
/// No route matches it, or its body is not the base64 that it says it is.
pub fn request(event: ApiGatewayV2httpRequest) -> Result<Request, Box<Reply>> {
    let route = event.route_key.as_deref().and_then(Route::from_key).ok_or_else(|| {
        let detail = "No route of this API matches the request.";
        Box::new(Problem::new(Kind::NotFound, detail).reply())
    })?;
    let body = event.body.unwrap_or_default();
    let body = if event.is_base64_encoded {
        let decoded = base64::engine::general_purpose::STANDARD.decode(body);
        decoded.map_err(|_| {
            let detail = "The event says that its body is base64, and it is not.";
            Box::new(Problem::new(Kind::InvalidBody, detail).reply())
        })?
    } else {
        body.into_bytes()
    };
    let context = event.request_context;
    // The gateway's own word for the host, not the client's.
    let base_url = context.domain_name.and_then(|domain| {
        let stage = context.stage.filter(|stage| stage != "$default").unwrap_or_default();
        BaseUrl::parse(&format!("https://{domain}/{stage}"))
    });
    Ok(Request {
        route,
        head: context.http.method == http::Method::HEAD,
        code: event.path_parameters.get("code").cloned(),
        query: event.raw_query_string,
        headers: event.headers,
        body: Bytes::from(body),
        base_url: base_url.unwrap_or_default(),
        id: context.request_id.unwrap_or_default(),
    })
}

/// A reply as API Gateway takes it: text as it is, other bodies in base64, and none after HEAD.
fn response(reply: Reply, is_head: bool) -> ApiGatewayV2httpResponse {
    let (parts, body) = reply.into_parts();
    let mut response = ApiGatewayV2httpResponse::default();
    response.status_code = i64::from(parts.status.as_u16());
    response.headers = parts.headers;
    if !body.is_empty() && !is_head {
        let body = match String::from_utf8(body.into()) {
            Ok(text) => Body::Text(text),
            Err(error) => Body::Binary(error.into_bytes()),
        };
        response.is_base64_encoded = matches!(body, Body::Binary(_));
        response.body = Some(body);
    }
    response
}
