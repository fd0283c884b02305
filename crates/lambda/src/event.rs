//! An event of an API Gateway HTTP API (payload format 2.0), turned into a request; and a response, turned into API
//! Gateway's response.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::Method;
use lambda_http::aws_lambda_events::apigw::{
    ApiGatewayRequestAuthorizer, ApiGatewayV2httpRequest, ApiGatewayV2httpResponse,
};
use lambda_http::aws_lambda_events::encodings::Body;
use shortlink_core::domain::base_url::BaseUrl;
use shortlink_core::domain::verified_token::VerifiedToken;
use shortlink_core::http::problem::{Problem, ProblemKind};
use shortlink_core::http::request::Request;
use shortlink_core::http::response::Response;
use shortlink_core::http::routes;

/// Whether the client expects no body.
pub fn is_head(event: &ApiGatewayV2httpRequest) -> bool {
    event.request_context.http.method == Method::HEAD
}

/// The request of an event.
///
/// # Errors
///
/// No route matches, or the body is not the base64 that the event says it is.
pub fn into_request(event: ApiGatewayV2httpRequest) -> Result<Request, Problem> {
    let is_head = is_head(&event);
    let route = event
        .route_key
        .as_deref()
        .and_then(routes::find_by_key)
        .ok_or_else(|| Problem::new(ProblemKind::NotFound, "No route of this API matches the request."))?;
    let body = event.body.unwrap_or_default();
    let body = if event.is_base64_encoded {
        BASE64.decode(body).map_err(|_| {
            Problem::new(ProblemKind::InvalidBody, "The event's body is marked as base64 but is not valid base64.")
        })?
    } else {
        body.into_bytes()
    };
    let context = event.request_context;
    // The gateway sets the domain name; a client cannot.
    let stage = context.stage.as_deref().filter(|stage| *stage != "$default").unwrap_or_default();
    let base_url =
        context.domain_name.as_deref().and_then(|domain| BaseUrl::parse(&format!("https://{domain}/{stage}")));
    let is_unmatched = route.pattern == routes::DEFAULT;
    let path = event.raw_path.as_deref().filter(|_| is_unmatched).map(|path| without_stage(path, stage));
    // Only a GET or HEAD can mean a link.
    let is_get_or_head = matches!(context.http.method, Method::GET | Method::HEAD);
    let method = context.http.method.as_str();
    let allowed_methods = path.as_deref().and_then(|path| routes::allowed_methods(method, path));
    let mut params = event.path_parameters;
    Ok(Request {
        endpoint: route.endpoint,
        is_head,
        query: event.raw_query_string,
        code_param: params.remove("code").map(|code| with_plus(code, event.raw_path.as_deref())),
        unmatched_path: path.filter(|_| is_get_or_head),
        allowed_methods,
        headers: event.headers,
        body: Bytes::from(body),
        base_url: base_url.unwrap_or_default(),
        client_address: context.http.source_ip.and_then(|address| address.parse().ok()),
        request_id: context.request_id.unwrap_or_default(),
        verified_token: context.authorizer.and_then(verified_token),
    })
}

/// The token that the gateway's JWT authorizer has verified. Okta and Microsoft Entra call the scopes `scp`.
fn verified_token(authorizer: ApiGatewayRequestAuthorizer) -> Option<VerifiedToken> {
    let mut claims = authorizer.jwt?.claims;
    let scopes = claims.remove("scope").or_else(|| claims.remove("scp")).unwrap_or_default();
    Some(VerifiedToken { subject: claims.remove("sub")?, scopes })
}

/// The parameter, with the `+` that the client sent. API Gateway keeps it in what has been seen, and does not document
/// it; if it turned it into a space in the parameter, as in a query, the raw path would still have it.
fn with_plus(code: String, raw_path: Option<&str>) -> String {
    let segment = raw_path.and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    if code.contains(' ') && segment.replace('+', " ") == code { segment.to_owned() } else { code }
}

/// The path below the stage: the gateway's `rawPath` begins with a stage that is not the default one.
fn without_stage(path: &str, stage: &str) -> String {
    let below = path.strip_prefix('/').and_then(|path| path.strip_prefix(stage)).filter(|path| path.starts_with('/'));
    below.unwrap_or(path).to_owned()
}

/// A response as API Gateway expects it: text as it is, other bodies in base64, and no body after HEAD.
pub fn to_gateway_response(response: Response, is_head: bool) -> ApiGatewayV2httpResponse {
    let (parts, body) = response.into_parts();
    let mut gateway_response = ApiGatewayV2httpResponse::default();
    gateway_response.status_code = i64::from(parts.status.as_u16());
    gateway_response.headers = parts.headers;
    if !body.is_empty() && !is_head {
        let body = match String::from_utf8(body.into()) {
            Ok(text) => Body::Text(text),
            Err(error) => {
                gateway_response.is_base64_encoded = true;
                Body::Binary(error.into_bytes())
            }
        };
        gateway_response.body = Some(body);
    }
    gateway_response
}
