//! The background work of the functions. Lambda runs it after each response; here, where requests overlap, a timer
//! does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use shortlink_core::http::handler::Handler;
use tokio::sync::oneshot;

use crate::gateway::Functions;

/// The shortest pause between two runs.
const INTERVAL: Duration = Duration::from_secs(1);

/// A pause lasts at least this many times as long as the run before it, which limits background work to a quarter of
/// one core. Meanwhile more visits accumulate, which then cost less each.
const IDLE_FACTOR: u32 = 3;

/// Runs the background work until `stopped`. A run that is in progress is finished; only a pause is cut short.
pub(super) async fn run(functions: Arc<Functions>, mut stopped: oneshot::Receiver<()>) {
    let mut pause = INTERVAL;
    while tokio::time::timeout(pause, &mut stopped).await.is_err() {
        let start = Instant::now();
        // This runs on a thread of its own, because the CPU time between two calls to the table would delay requests.
        let (functions, runtime) = (Arc::clone(&functions), tokio::runtime::Handle::current());
        let work = move || {
            runtime.block_on(async {
                functions.shorten.after_response().await;
                functions.resolve.after_response().await;
            });
        };
        tokio::task::spawn_blocking(work).await.ok();
        pause = INTERVAL.max(start.elapsed() * IDLE_FACTOR);
    }
}
