//! The end of an execution environment. Lambda sends SIGTERM before it takes one down, but only where an extension is
//! registered, and SIGKILL half a second later.

use std::sync::Arc;

use lambda_extension::Extension;
use tokio::signal::unix::{SignalKind, signal};

use crate::Handler;

/// Unique among the extensions of a function.
const EXTENSION: &str = "shortlink-finish";

/// Has the handler finish its work when Lambda takes the environment down.
///
/// Where no extension can be registered (an emulator, say), the process works without: only what it has not written by
/// then is lost at its end.
pub(crate) async fn finish_on_sigterm(handler: Arc<impl Handler>) {
    // It asks for no events: that it is there is what matters.
    match Extension::new().with_events(&[]).with_extension_name(EXTENSION).register().await {
        Ok(extension) => {
            tokio::spawn(async move {
                if let Err(error) = extension.run().await {
                    tracing::warn!(%error, "the extension has ended");
                }
            });
        }
        Err(error) => tracing::warn!(%error, "no extension: visits in memory are lost when this environment ends"),
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
