//! `shortlink login`: signs a person in at an identity provider, with the authorization code flow and PKCE (RFC 7636), as
//! RFC 8252 describes for a program on the person's own machine. It gets an access token for use in a shell.
//!
//! | module | defines |
//! | --- | --- |
//! | `callback` | waiting for the browser to come back |
//! | `token_request` | exchanging the code for a token |
//! | `token_file` | the file with the token, for curl |

mod callback;
mod token_file;
mod token_request;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use clap::Args;
use rand::Rng;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use sha2::{Digest, Sha256};
use thiserror::Error;
use tokio::net::TcpListener;
use url::Url;

use crate::error::CliError;

/// How long the person has to sign in.
const SIGN_IN_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// The options of `shortlink login`. The output `Login` of a stack has them all.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  shortlink login --authorize-url https://auth.example.com/authorize --token-url https://auth.example.com/token --client ID")]
pub struct LoginOptions {
    /// The authorization endpoint of the identity provider
    #[arg(long, value_name = "URL", value_parser = parse_endpoint)]
    authorize_url: Url,

    /// The token endpoint of the identity provider
    #[arg(long, value_name = "URL", value_parser = parse_endpoint)]
    token_url: Url,

    /// The id of a public client of the identity provider
    #[arg(long, value_name = "ID")]
    client: String,

    /// What the token shall allow
    #[arg(long, default_value = "shortlink/own")]
    scope: String,

    /// The port to which the browser comes back, at http://localhost:PORT/; the client must allow this address
    #[arg(long, default_value_t = 8976)]
    port: u16,

    /// Print the token to standard output, and store nothing
    #[arg(long)]
    print: bool,

    /// Do not try to open a browser
    #[arg(long)]
    no_browser: bool,
}

/// Why nobody was signed in.
#[derive(Debug, Error)]
pub enum LoginError {
    /// The port cannot be listened on.
    #[error("cannot listen on port {0}: {1}; choose another with --port, which the client must allow")]
    Listen(u16, io::Error),
    /// Nobody came back in time.
    #[error("nobody has signed in within five minutes; try again")]
    TimedOut,
    /// The identity provider has refused to sign in.
    #[error("the identity provider has refused: {0:?}")]
    Refused(String),
    /// The token endpoint cannot be reached.
    #[error("cannot reach {0}: {1}")]
    Unreachable(Url, Box<dyn std::error::Error + Send + Sync>),
    /// The token endpoint gives no token.
    #[error("{0} has answered with {1} and without a token: {2:?}")]
    NoToken(Url, u16, String),
    /// The file cannot be written.
    #[error("cannot write {}: {reason}; use --print to print the token", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why the operating system refuses.
        reason: io::Error,
    },
}

/// Signs a person in. `print` is called with the token or with how to use it; what the person has to do before that goes
/// to standard error.
///
/// # Errors
///
/// [`CliError`].
pub async fn login(options: LoginOptions, print: impl Fn(&str) -> io::Result<()>) -> Result<(), CliError> {
    let listener = TcpListener::bind(("127.0.0.1", options.port));
    let listener = listener.await.map_err(|error| LoginError::Listen(options.port, error))?;
    let port = listener.local_addr().map_or(options.port, |address| address.port());
    let redirect_uri = format!("http://localhost:{port}/");
    let (state, verifier) = (random(), random());

    let address = authorization_request(&options, &redirect_uri, &state, &verifier);
    eprintln!("Open this address in a browser and sign in:\n\n{address}\n");
    if !options.no_browser {
        // The address is printed, too, so it does not matter if there is no browser.
        open::that_detached(address.as_str()).ok();
    }
    let answer = tokio::time::timeout(SIGN_IN_TIMEOUT, callback::wait(listener, &state));
    let code = answer.await.map_err(|_| LoginError::TimedOut)?.map_err(LoginError::Refused)?;

    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", &options.client),
        ("redirect_uri", &redirect_uri),
        ("code", &code),
        ("code_verifier", &verifier),
    ];
    let token = token_request::send(&options.token_url, &form).await?;
    if options.print {
        return print(&token.access_token).map_err(CliError::Output);
    }
    let path = token_file::write(&token.access_token)?;
    let minutes = token.expires_in.map_or_else(String::new, |seconds| format!(" for {} minutes", seconds / 60));
    print(&format!(
        "You are signed in{minutes}. To use the API:\n\n  curl -H @'{}' --data-urlencode url=https://example.com/ \
         https://YOUR-SERVICE/shorten",
        path.display()
    ))
    .map_err(CliError::Output)
}

/// The address at which the person signs in.
fn authorization_request(options: &LoginOptions, redirect_uri: &str, state: &str, verifier: &str) -> Url {
    let mut url = options.authorize_url.clone();
    url.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", &options.client),
        ("redirect_uri", redirect_uri),
        ("scope", &options.scope),
        ("state", state),
        ("code_challenge", &BASE64URL.encode(Sha256::digest(verifier))),
        ("code_challenge_method", "S256"),
    ]);
    url
}

/// 256 random bits, as 43 characters.
fn random() -> String {
    let mut bytes = [0; 32];
    UnwrapErr(SysRng).fill_bytes(&mut bytes);
    BASE64URL.encode(bytes)
}

/// An endpoint to which a code or a token may be sent: with TLS, or on this machine.
fn parse_endpoint(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let is_private = url.scheme() == "https" || (url.scheme() == "http" && is_local);
    if is_private { Ok(url) } else { Err("must begin with https://".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_without_tls_are_on_this_machine() {
        for valid in ["https://example.com/token", "http://localhost:1/token", "http://127.0.0.1/"] {
            assert!(parse_endpoint(valid).is_ok(), "{valid}");
        }
        for invalid in ["http://example.com/", "http://localhost.example.com/", "file:///etc/passwd", "token"] {
            assert!(parse_endpoint(invalid).is_err(), "{invalid}");
        }
    }
}
