//! A progress bar on standard error: only on a terminal, and only for what takes longer than a second.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// After this time the bar appears.
const DELAY: Duration = Duration::from_secs(1);

/// A bar that shows how many of something are done, how many a second, and the time that is left.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    hidden_since: Mutex<Option<Instant>>,
}

impl Progress {
    /// A bar for `total` things, called `name`; `None`: their number is unknown.
    pub fn new(name: &'static str, total: Option<u64>) -> Self {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        let template = match total {
            Some(_) => "{msg} {wide_bar} {human_pos}/{human_len} ({per_sec}, {eta} left)",
            None => "{msg} {spinner} {human_pos} ({per_sec})",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(name);
        Self { bar, hidden_since: Mutex::new(Some(Instant::now())) }
    }

    /// `count` more are done.
    pub fn add(&self, count: u64) {
        self.bar.inc(count);
        self.appear();
    }

    /// `count` are done.
    pub fn set(&self, count: u64) {
        self.bar.set_position(count);
        self.appear();
    }

    fn appear(&self) {
        let mut hidden_since = self.hidden_since.lock().unwrap_or_else(PoisonError::into_inner);
        if hidden_since.is_some_and(|start| start.elapsed() >= DELAY) {
            *hidden_since = None;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
