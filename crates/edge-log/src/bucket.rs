//! Listing and reading the files in S3.
//!
//! These are two kinds of GET requests. Signing them by hand, with the code that signs the SDK's requests, takes a page; the
//! SDK's client for S3 would bring checksums, event streams, express sessions and a second signature algorithm into each
//! build.

use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_types::body::SdkBody;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use shortlink_core::dynamodb::client::LambdaClient;
use thiserror::Error;

use crate::object_list::ObjectList;

/// The IAM actions that reading the logs needs. A test compares them with the role.
pub const READ: &[&str] = &["s3:GetObject", "s3:ListBucket"];

/// Where CloudFront's logs are delivered: `edge.yaml` must be deployed there.
const REGION: &str = "us-east-1";

/// How long a request may take. A file has a few megabytes.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What S3 does not encode in a path (RFC 3986, "unreserved"), and the slash.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// The same in a query, in which a slash is encoded.
const QUERY: &AsciiSet = &PATH.add(b'/');

/// A request to S3 has failed. The message is for the log.
#[derive(Debug, Error)]
pub enum BucketError {
    /// The request could not be sent, or there was no response.
    #[error("S3 does not answer: {0}")]
    Unavailable(String),
    /// S3 has refused the request.
    #[error("S3 has answered {status}: {body}")]
    Refused {
        /// The status of the response.
        status: u16,
        /// The beginning of the response.
        body: String,
    },
    /// The response is not what it should be.
    #[error("S3's response cannot be read: {0}")]
    Malformed(String),
}

/// A bucket.
#[derive(Debug)]
pub struct Bucket {
    client: LambdaClient,
    base_url: String,
}

impl Bucket {
    /// The bucket with this name, read with the credentials and connections of `client`. `endpoint_url` is for an emulator.
    pub fn new(client: LambdaClient, name: &str, endpoint_url: Option<&str>) -> Self {
        let base_url = match endpoint_url {
            Some(endpoint_url) => format!("{}/{name}", endpoint_url.trim_end_matches('/')),
            None => format!("https://{name}.s3.{REGION}.amazonaws.com"),
        };
        Self { client, base_url }
    }

    /// The names of all objects that begin with `prefix`.
    ///
    /// # Errors
    ///
    /// [`BucketError`].
    pub async fn list(&self, prefix: &str) -> Result<Vec<String>, BucketError> {
        let mut keys = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let token = next.map(|token| format!("continuation-token={}&", utf8_percent_encode(&token, QUERY)));
            let token = token.unwrap_or_default();
            let query = format!("{token}encoding-type=url&list-type=2&prefix={}", utf8_percent_encode(prefix, QUERY));
            let body = self.get(&format!("{}/?{query}", self.base_url)).await?;
            let list = ObjectList::parse(&String::from_utf8_lossy(&body)).map_err(BucketError::Malformed)?;
            keys.extend(list.keys);
            next = list.next;
            if next.is_none() {
                return Ok(keys);
            }
        }
    }

    /// Reads an object.
    ///
    /// # Errors
    ///
    /// [`BucketError`].
    pub async fn read(&self, key: &str) -> Result<Vec<u8>, BucketError> {
        self.get(&format!("{}/{}", self.base_url, utf8_percent_encode(key, PATH))).await
    }

    async fn get(&self, url: &str) -> Result<Vec<u8>, BucketError> {
        let unavailable = |error: &dyn std::fmt::Display| BucketError::Unavailable(error.to_string());
        let identity = self.client.credentials().await.map_err(|error| unavailable(&error))?.into();
        let request = signed(url, &identity, SystemTime::now()).map_err(|error| unavailable(&error))?;
        let request = request.try_into().map_err(|error| unavailable(&error))?;
        let response = tokio::time::timeout(TIMEOUT, self.client.connections().call(request)).await;
        let response = response.map_err(|error| unavailable(&error))?.map_err(|error| unavailable(&error))?;
        let status = response.status().as_u16();
        let body = response.body().bytes().unwrap_or_default();
        if status != 200 {
            let body = String::from_utf8_lossy(body).chars().take(300).collect();
            return Err(BucketError::Refused { status, body });
        }
        Ok(body.to_vec())
    }
}

/// A GET of `url` that is signed at `time`.
fn signed(url: &str, identity: &Identity, time: SystemTime) -> Result<http::Request<SdkBody>, BoxError> {
    let mut settings = SigningSettings::default();
    // What distinguishes S3 from the other services: names are encoded once, and not normalised.
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let parameters = v4::SigningParams::builder()
        .identity(identity)
        .region(REGION)
        .name("s3")
        .time(time)
        .settings(settings)
        .build()?
        .into();
    let signable = SignableRequest::new("GET", url, std::iter::empty(), SignableBody::Bytes(&[]))?;
    let (instructions, _) = sign(signable, &parameters)?.into_parts();
    let mut request = http::Request::get(url).body(SdkBody::empty())?;
    instructions.apply_to_request_http1x(&mut request);
    Ok(request)
}

/// An error of any type.
type BoxError = Box<dyn std::error::Error + Send + Sync>;

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use shortlink_core::dynamodb::client::Credentials;

    use super::*;

    /// The example "GET Bucket (List Objects)" in S3's reference of signature version 4.
    #[test]
    fn signature_is_that_of_s3s_reference() {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let identity = Credentials::new("AKIAIOSFODNN7EXAMPLE", secret, None, None, "test").into();
        let url = "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J";
        let time = UNIX_EPOCH + Duration::from_secs(1_369_353_600); // 2013-05-24T00:00:00Z
        let request = signed(url, &identity, time).expect("a request");
        let authorization = request.headers()["authorization"].to_str().expect("ASCII");
        let signature = "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7";
        assert!(authorization.ends_with(&format!("Signature={signature}")), "{authorization}");
    }
}
