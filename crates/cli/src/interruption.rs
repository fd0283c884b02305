//! Ctrl-C during a command that should not be cut off anywhere.

use std::io;

use tokio::sync::watch;

/// The exit code of a process that a second Ctrl-C ends at once.
const EXIT_CODE: i32 = 1;

/// Whether the person at the terminal wants a command to stop.
#[derive(Clone, Debug)]
pub struct Interruption(watch::Receiver<bool>);

impl Interruption {
    /// Watches for Ctrl-C, and on Unix for SIGTERM. The second one ends the process at once.
    ///
    /// # Errors
    ///
    /// That of the operating system, if the signals cannot be received.
    pub fn watch() -> io::Result<Self> {
        let (request, is_requested) = watch::channel(false);
        #[cfg(unix)]
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::spawn(async move {
            loop {
                #[cfg(unix)]
                tokio::select! {
                    _ = tokio::signal::ctrl_c() => {}
                    _ = terminate.recv() => {}
                }
                #[cfg(not(unix))]
                drop(tokio::signal::ctrl_c().await);
                if request.send_replace(true) {
                    std::process::exit(EXIT_CODE);
                }
            }
        });
        Ok(Self(is_requested))
    }

    /// Whether the command should stop at the next place where everything is whole.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns once the command should stop.
    pub async fn requested(&self) {
        let mut is_requested = self.0.clone();
        if is_requested.wait_for(|is_requested| *is_requested).await.is_err() {
            // Nothing watches any longer.
            std::future::pending::<()>().await;
        }
    }
}
