//! A request that is signed with Signature Version 4.

use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use shortlink_core::dynamodb::error::error_chain;
use thiserror::Error;

use crate::aws::service::Service;
use crate::https;

/// The reason that a request to AWS has failed.
#[derive(Clone, Debug, Error)]
pub enum AwsError {
    /// There is no region.
    #[error("no region is set; name one with --region")]
    NoRegion,
    /// There are no credentials.
    #[error("no AWS credentials were found; sign in with the AWS CLI, or name another profile with --profile")]
    NoCredentials,
    /// The credentials have expired, and cannot be refreshed.
    #[error("the AWS credentials have expired; sign in again")]
    Expired,
    /// The service cannot be reached.
    #[error("{service} cannot be reached ({reason}); check the network, the region and --endpoint-url")]
    Unreachable {
        /// The service's name.
        service: &'static str,
        /// Why.
        reason: String,
    },
    /// The credentials do not allow the request.
    #[error("your credentials do not allow {action}")]
    Denied {
        /// The IAM action.
        action: String,
    },
    /// The service has answered with an error.
    #[error("{service} has answered with {code}: {message}")]
    Failed {
        /// The service's name.
        service: &'static str,
        /// The code of the error.
        code: String,
        /// The message.
        message: String,
    },
}

/// What is sent to a service.
pub(super) struct Call<'a> {
    pub(super) service: Service,
    /// The operation, which is also the IAM action.
    pub(super) operation: &'a str,
    pub(super) method: Method,
    /// The path and the query.
    pub(super) path: &'a str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

/// Sends a request of the query protocol, whose response is XML.
///
/// # Errors
///
/// [`AwsError`].
pub(crate) async fn query(
    config: &SdkConfig,
    service: Service,
    operation: &str,
    version: &str,
    parameters: &[(&str, &str)],
) -> Result<String, AwsError> {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", operation).append_pair("Version", version).extend_pairs(parameters);
    let headers = vec![("content-type", "application/x-www-form-urlencoded".to_owned())];
    let call = Call { service, operation, method: Method::POST, path: "/", headers, body: form.finish() };
    Ok(String::from_utf8_lossy(&send(config, call).await?).into_owned())
}

/// Sends a request of the JSON protocol, or a GET if there is no body.
///
/// # Errors
///
/// [`AwsError`].
pub(crate) async fn json(
    config: &SdkConfig,
    service: Service,
    operation: &str,
    request: JsonRequest<'_>,
) -> Result<serde_json::Value, AwsError> {
    let call = match request {
        JsonRequest::Get(path) => {
            Call { service, operation, method: Method::GET, path, headers: Vec::new(), body: String::new() }
        }
        JsonRequest::Post { target, body } => Call {
            service,
            operation,
            method: Method::POST,
            path: "/",
            headers: vec![
                ("content-type", "application/x-amz-json-1.1".to_owned()),
                ("x-amz-target", format!("{target}.{operation}")),
            ],
            body: body.to_string(),
        },
    };
    let body = send(config, call).await?;
    serde_json::from_slice(&body).map_err(|error| AwsError::Failed {
        service: service.name(),
        code: "a response that is not JSON".to_owned(),
        message: error.to_string(),
    })
}

/// A request whose response is JSON.
pub(crate) enum JsonRequest<'a> {
    /// A GET of this path.
    Get(&'a str),
    /// A POST of a JSON document to the target, the name of the service's API.
    Post { target: &'a str, body: serde_json::Value },
}

async fn send(config: &SdkConfig, call: Call<'_>) -> Result<Bytes, AwsError> {
    let Call { service, operation, method, path, headers, body } = call;
    let name = service.name();
    let unreachable = |reason: String| AwsError::Unreachable { service: name, reason };
    let region =
        config.region().map(ToString::to_string).filter(|region| !region.is_empty()).ok_or(AwsError::NoRegion)?;
    let url = service.endpoint(config, &region).ok_or_else(|| unreachable("its address is no URL".to_owned()))?;
    let url = url.join(path).map_err(|error| unreachable(error.to_string()))?;
    let provider = config.credentials_provider().ok_or(AwsError::NoCredentials)?;
    let credentials = provider.provide_credentials().await.map_err(|error| {
        if error_chain(&error).contains("xpired") { AwsError::Expired } else { AwsError::NoCredentials }
    })?;
    let identity = credentials.into();

    let to_error = |error: &dyn std::error::Error| unreachable(error_chain(error));
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(&region)
        .name(name)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| to_error(&error))?;
    let signed_headers = headers.iter().map(|(name, value)| (*name, value.as_str()));
    let signable =
        SignableRequest::new(method.as_str(), url.as_str(), signed_headers, SignableBody::Bytes(body.as_bytes()));
    let signable = signable.map_err(|error| to_error(&error))?;
    let (instructions, _) = sign(signable, &parameters.into()).map_err(|error| to_error(&error))?.into_parts();
    let mut request = Request::builder().method(method).body(Bytes::from(body)).map_err(|error| to_error(&error))?;
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    for (name, value) in headers {
        request.headers_mut().insert(name, HeaderValue::from_str(&value).map_err(|error| to_error(&error))?);
    }
    instructions.apply_to_request_http1x(&mut request);

    let response = https::send(&url, request).await.map_err(|error| to_error(&*error))?;
    let status = response.status();
    if status == StatusCode::OK {
        return Ok(response.into_body());
    }
    Err(to_aws_error(service, operation, status, response.body()))
}

/// The error of a response, whose body is XML or JSON.
fn to_aws_error(service: Service, operation: &str, status: StatusCode, body: &[u8]) -> AwsError {
    let text = String::from_utf8_lossy(body);
    let (mut code, mut message) = (None, None);
    if let Ok(document) = serde_json::from_str::<serde_json::Value>(&text) {
        let field = |names: &[&str]| names.iter().find_map(|name| document.get(*name)?.as_str().map(str::to_owned));
        code = field(&["__type", "code", "Code"]);
        message = field(&["message", "Message"]);
    } else if let Ok(document) = roxmltree::Document::parse(&text) {
        let field = |name: &str| document.descendants().find(|node| node.has_tag_name_without_namespace(name));
        code = field("Code").and_then(|node| node.text()).map(str::to_owned);
        message = field("Message").and_then(|node| node.text()).map(str::to_owned);
    }
    let code = code.map_or_else(|| status.to_string(), |code| code.rsplit('#').next().unwrap_or_default().to_owned());
    if code.starts_with("AccessDenied") || code == "AuthorizationError" || code == "UnauthorizedOperation" {
        return AwsError::Denied { action: format!("{}:{operation}", service.name()) };
    }
    if code.contains("ExpiredToken") {
        return AwsError::Expired;
    }
    AwsError::Failed { service: service.name(), code, message: message.unwrap_or_default() }
}

/// Names of XML elements, in whatever namespace the service uses.
pub(super) trait LocalName {
    fn has_tag_name_without_namespace(&self, name: &str) -> bool;
}

impl LocalName for roxmltree::Node<'_, '_> {
    fn has_tag_name_without_namespace(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_both_protocols_are_understood() {
        let xml = r#"<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type>
            <Code>ValidationError</Code><Message>Stack with id x does not exist</Message></Error></ErrorResponse>"#;
        let error = |service, body: &str| {
            to_aws_error(service, "Operation", StatusCode::BAD_REQUEST, body.as_bytes()).to_string()
        };
        let expected = "cloudformation has answered with ValidationError: Stack with id x does not exist";
        assert_eq!(error(Service::CloudFormation, xml), expected);
        let json = r#"{"__type":"com.amazon.coral#AccessDeniedException","message":"no"}"#;
        assert_eq!(error(Service::Logs, json), "your credentials do not allow logs:Operation");
        assert_eq!(error(Service::Sns, "<html>"), "sns has answered with 400 Bad Request: ");
        let expired = xml.replace("ValidationError", "ExpiredToken");
        assert!(error(Service::Sns, &expired).contains("have expired; sign in again"));
    }
}
