//! The end of an execution environment. Lambda sends SIGTERM first if an extension is registered, and SIGKILL half a
//! second later; without an extension it sends SIGKILL at once.

use std::sync::Arc;

use http::header::CONTENT_TYPE;
use lambda_runtime_api_client::{PooledClient, body::Body, build_request};
use tokio::signal::unix::{SignalKind, signal};

use shortlink_core::http::handler::Handler;

use crate::Error;

/// The extension's name, which must be unique among the extensions of a function.
const EXTENSION_NAME: &str = "shortlink-shutdown";

/// The header with the id that the Extensions API assigns to an extension and expects in each of its calls.
const IDENTIFIER: &str = "lambda-extension-identifier";

/// Calls [`Handler::shutdown`] when Lambda ends the execution environment.
///
/// If no extension can be registered, as in some emulators, the function works without one, and work that is left at
/// its end is lost.
pub(crate) async fn shut_down_on_sigterm(handler: Arc<impl Handler>) {
    if let Err(error) = register().await {
        tracing::warn!(error, "cannot register an extension: pending visits are lost when this environment ends");
    }
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::spawn(async move {
                terminate.recv().await;
                handler.shutdown().await;
                std::process::exit(0);
            });
        }
        Err(error) => {
            tracing::warn!(%error, "cannot receive SIGTERM: pending visits are lost when this environment ends");
        }
    }
}

/// Registers an extension that subscribes to no events (Extensions API, 2020-01-01); its presence is enough.
///
/// The crate `lambda-extension` does this too. It also contains the types of logs and telemetry, and a server that
/// receives them: 170 kB of code for these two requests.
async fn register() -> Result<(), Error> {
    let api = PooledClient::builder().build();
    let registration = build_request()
        .method("POST")
        .uri("/2020-01-01/extension/register")
        .header("lambda-extension-name", EXTENSION_NAME)
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(r#"{"events":[]}"#))?;
    let registered = api.call(registration).await?;
    let identifier = registered.headers().get(IDENTIFIER).cloned();
    let identifier = identifier.ok_or_else(|| format!("the Extensions API answered {}", registered.status()))?;
    // INIT ends once every extension has requested its next event. This request stays open until the end.
    let wait = build_request().uri("/2020-01-01/extension/event/next").header(IDENTIFIER, identifier);
    let event = api.call(wait.body(Body::empty())?);
    tokio::spawn(async move {
        if let Err(error) = event.await {
            tracing::warn!(error, "the extension has ended");
        }
    });
    Ok(())
}
