//! The end of an execution environment. Lambda sends SIGTERM before it takes one down, but only where an extension is
//! registered, and SIGKILL half a second later.

use std::sync::Arc;

use http::header::CONTENT_TYPE;
use lambda_runtime_api_client::{PooledClient, body::Body, build_request};
use tokio::signal::unix::{SignalKind, signal};

use crate::{Error, Handler};

/// Unique among the extensions of a function.
const EXTENSION: &str = "shortlink-finish";

/// What the Extensions API calls an extension: in the answer to its registration, and in its every call.
const IDENTIFIER: &str = "lambda-extension-identifier";

/// Has the handler finish its work when Lambda takes the environment down.
///
/// Where no extension can be registered (an emulator, say), the process works without: only what it has not written by
/// then is lost at its end.
pub(crate) async fn finish_on_sigterm(handler: Arc<impl Handler>) {
    if let Err(error) = register().await {
        tracing::warn!(error, "no extension: visits in memory are lost when this environment ends");
    }
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::spawn(async move {
                terminate.recv().await;
                handler.finish().await;
                std::process::exit(0);
            });
        }
        Err(error) => tracing::warn!(%error, "no SIGTERM: visits in memory are lost when this environment ends"),
    }
}

/// Registers an extension that asks for no events (Extensions API, 2020-01-01): that it is there is what matters.
///
/// `lambda-extension` would do it too, and brings what extensions may read, logs and telemetry, and a server to read
/// them with: 170 kB of code for these two requests.
async fn register() -> Result<(), Error> {
    let api = PooledClient::builder().build();
    let registration = build_request()
        .method("POST")
        .uri("/2020-01-01/extension/register")
        .header("lambda-extension-name", EXTENSION)
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(r#"{"events":[]}"#))?;
    let registered = api.call(registration).await?;
    let identifier = registered.headers().get(IDENTIFIER).cloned();
    let identifier = identifier.ok_or_else(|| format!("the Extensions API answered {}", registered.status()))?;
    // INIT is over once every extension waits for its next event. This one waits until the end.
    let wait = build_request().uri("/2020-01-01/extension/event/next").header(IDENTIFIER, identifier);
    let event = api.call(wait.body(Body::empty())?);
    tokio::spawn(async move {
        if let Err(error) = event.await {
            tracing::warn!(error, "the extension has ended");
        }
    });
    Ok(())
}
