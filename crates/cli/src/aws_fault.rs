//! Faults of a call to AWS, in words for the operator: what is wrong, and what to do. The SDK's own words are for
//! programmers.

use std::error::Error as StdError;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use shortlink_core::dynamodb::error::{EMBEDDED_STORAGE_FAILURE, error_chain};

const NO_CREDENTIALS: &str = "no AWS credentials were found; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and \
                              AWS_SECRET_ACCESS_KEY, or sign in with the AWS CLI";
const EXPIRED: &str = "the AWS credentials have expired; sign in again";
const NO_REGION: &str = "no AWS region was found; set AWS_REGION";

/// Describes a call that has failed.
pub fn describe<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + StdError + 'static,
    R: std::fmt::Debug,
{
    match error {
        SdkError::ServiceError(service) => {
            let (code, message) = (service.err().code().unwrap_or_default(), service.err().message());
            of_service(code, message.unwrap_or("no message"))
        }
        SdkError::TimeoutError(_) => "it does not answer; check the network".to_owned(),
        SdkError::DispatchFailure(failure) if failure.is_timeout() || failure.is_io() => {
            let cause = failure.as_connector_error().and_then(StdError::source).map(error_chain);
            format!("it cannot be reached ({}); check the address and the network", cause.unwrap_or_default())
        }
        other => of_configuration(&error_chain(other)),
    }
}

/// An error that the service has answered with.
fn of_service(code: &str, message: &str) -> String {
    match code {
        EMBEDDED_STORAGE_FAILURE => message.to_owned(),
        "ExpiredTokenException" | "ExpiredToken" => EXPIRED.to_owned(),
        "UnrecognizedClientException" | "InvalidSignatureException" | "InvalidClientTokenId" => {
            "AWS does not accept the credentials; check AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
                .to_owned()
        }
        "" => "it does not answer as DynamoDB does; check the address".to_owned(),
        code => format!("{code}: {message}"),
    }
}

/// An error in the words of the SDK, from before a request was sent: the credentials or the region are missing. The types
/// of these errors are private to the SDK.
fn of_configuration(chain: &str) -> String {
    let text = chain.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["missing region", "region is not", "no region"]) {
        NO_REGION.to_owned()
    } else if !has(&["credential", "token"]) {
        // Each cause is on a line of its own in some of them.
        chain.split_whitespace().collect::<Vec<_>>().join(" ")
    } else if has(&["expired"]) {
        EXPIRED.to_owned()
    } else if has(&["no credentials", "no providers in chain", "imds", "was not enabled"]) {
        NO_CREDENTIALS.to_owned()
    } else {
        let chain = chain.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("the AWS credentials cannot be used ({chain}); check AWS_PROFILE")
    }
}
