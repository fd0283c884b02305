//! Progress on standard error, with a rate and the time left. It appears after a second, and only on a terminal.

use std::fmt::Write;
use std::io::{self, IsTerminal as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// After how long it appears.
const DELAY: Duration = Duration::from_secs(1);

/// The progress of a command.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    started_at: Instant,
    has_appeared: AtomicBool,
}

impl Progress {
    /// Progress over `total` things, such as items; `None`: how many there are is not known.
    pub fn new(total: Option<u64>, what: &str) -> Self {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        let template = match total {
            Some(_) => format!("{{bar:30}} {{human_pos}} of about {{human_len}} {what}, {{rate}}, {{eta}} left"),
            None => format!("{{spinner}} {{human_pos}} {what}, {{rate}}, {{elapsed}}"),
        };
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style.with_key("rate", rate));
        }
        Self { bar, started_at: Instant::now(), has_appeared: AtomicBool::new(false) }
    }

    /// Counts `count` more things as done.
    pub fn add(&self, count: u64) {
        self.appear();
        self.bar.inc(count);
    }

    /// Says how many things are done.
    pub fn set(&self, position: u64) {
        self.appear();
        self.bar.set_position(position);
    }

    /// Prints a line while the progress is out of the way.
    ///
    /// # Errors
    ///
    /// The line cannot be printed.
    pub fn print(&self, line: &str, print: impl Fn(&str) -> io::Result<()>) -> io::Result<()> {
        // Each time the progress is taken away and drawn again, which is needed only where both are on one terminal.
        if self.bar.is_hidden() || !io::stdout().is_terminal() { print(line) } else { self.bar.suspend(|| print(line)) }
    }

    fn appear(&self) {
        // On what is not a terminal, it stays hidden, and the system is asked only once whether it is one.
        if self.started_at.elapsed() >= DELAY && !self.has_appeared.swap(true, Ordering::Relaxed) {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}

/// How many things are done in a second.
fn rate(state: &ProgressState, text: &mut dyn Write) {
    write!(text, "{:.0}/s", state.per_sec()).ok();
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
