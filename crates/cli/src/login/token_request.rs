//! Exchanging the code for a token at the identity provider's token endpoint (RFC 6749, 4.1.3).

use bytes::Bytes;
use http::{Request, header};
use serde::Deserialize;
use url::Url;

use super::LoginError;
use crate::https;

/// The response to a successful exchange.
#[derive(Deserialize)]
pub(super) struct Token {
    pub(super) access_token: String,
    /// For how long the token is accepted, in seconds.
    pub(super) expires_in: Option<u64>,
}

/// Sends `form` to the endpoint `url`, and returns the token in the response.
pub(super) async fn send(url: &Url, form: &[(&str, &str)]) -> Result<Token, LoginError> {
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = Request::post("/")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "application/json")
        .body(Bytes::from(form));
    let request = request.map_err(|error| LoginError::Unreachable(url.clone(), error.into()))?;
    let response = https::send(url, request).await.map_err(|error| LoginError::Unreachable(url.clone(), error))?;
    let (status, body) = (response.status().as_u16(), response.into_body());
    let token = serde_json::from_slice::<Token>(&body).ok().filter(|_| status == 200);
    // The text is from elsewhere, and printed in quotes.
    token.ok_or_else(|| {
        let text = String::from_utf8_lossy(body.get(..body.len().min(500)).unwrap_or_default()).into_owned();
        LoginError::NoToken(url.clone(), status, text)
    })
}
