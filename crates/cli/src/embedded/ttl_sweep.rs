//! Deleting items whose TTL has passed, unless the clock cannot be trusted.
//!
//! A deletion cannot be undone, and the clock decides what is deleted. If the clock jumps (a wrong date that somebody
//! set, a virtual machine that was suspended, a board without a battery), deletions wait for a day, so that somebody
//! can notice it. Links expire by the clock all the same, which can be undone.

use std::time::{Duration, Instant, SystemTime};

use dynoxide::Database;

/// The interval of the sweeps. (DynamoDB itself takes up to days.)
const INTERVAL: Duration = Duration::from_secs(300);

/// A jump is a change of the clock by more than this, beside the time that has passed.
const TOLERANCE: Duration = Duration::from_secs(3_600);

/// A table that was not written for longer than this when it is opened may have been opened with a wrong clock.
const LONGEST_PAUSE: Duration = Duration::from_secs(7 * 86_400);

/// The time for which the clock must have run without a jump.
const PROBATION: Duration = Duration::from_secs(86_400);

/// Whether the clock can be trusted.
#[derive(Debug)]
struct ClockWatch {
    /// The last look at the clock.
    last: (SystemTime, Instant),
    /// Deletions wait until then.
    distrusted_until: Option<Instant>,
}

impl ClockWatch {
    /// Begins to watch, at a time when the table was last written at `last_written`.
    fn new(last_written: Option<SystemTime>, (wall, monotonic): (SystemTime, Instant)) -> Self {
        let is_plausible = last_written.is_none_or(|written| match wall.duration_since(written) {
            Ok(pause) => pause <= LONGEST_PAUSE,
            Err(ahead) => ahead.duration() <= TOLERANCE,
        });
        Self { last: (wall, monotonic), distrusted_until: (!is_plausible).then(|| monotonic + PROBATION) }
    }

    /// Compares the clock with the time that has passed since the last call, and returns whether it can be trusted.
    fn observe(&mut self, (wall, monotonic): (SystemTime, Instant)) -> bool {
        let expected = self.last.0 + monotonic.duration_since(self.last.1);
        let jump = wall.duration_since(expected).unwrap_or_else(|behind| behind.duration());
        self.last = (wall, monotonic);
        if jump > TOLERANCE {
            tracing::warn!(jump_seconds = jump.as_secs(), "the clock has jumped: no link is deleted for a day");
            self.distrusted_until = Some(monotonic + PROBATION);
        }
        self.distrusted_until.is_none_or(|instant| instant <= monotonic)
    }
}

/// Deletes items whose TTL has passed, every five minutes, in a table that was last written at `last_written`.
pub(super) async fn run(database: Database, last_written: Option<SystemTime>) {
    let mut watch = ClockWatch::new(last_written, (SystemTime::now(), Instant::now()));
    loop {
        tokio::time::sleep(INTERVAL).await;
        if !watch.observe((SystemTime::now(), Instant::now())) {
            continue;
        }
        let database = database.clone();
        match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
            Ok(Ok(0)) => {}
            Ok(Ok(items)) => tracing::info!(items, "deleted items whose TTL has passed"),
            Ok(Err(error)) => tracing::warn!(%error, "items whose TTL has passed could not be deleted"),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn nothing_is_deleted_for_a_day_after_the_clock_has_jumped() {
        let start = (SystemTime::now(), Instant::now());
        let after = |time: Duration| (start.0 + time, start.1 + time);
        let ahead = |time: Duration| (start.0 + time + 130 * DAY, start.1 + time);
        let mut watch = ClockWatch::new(Some(start.0), start);
        assert!(watch.observe(after(INTERVAL)));
        for sweeps in 2..200 {
            assert!(!watch.observe(ahead(sweeps * INTERVAL)), "{sweeps}");
        }
        // The clock is right again, which is a jump, too.
        assert!(!watch.observe(after(200 * INTERVAL)));
        assert!(!watch.observe(after(200 * INTERVAL + DAY - INTERVAL)));
        assert!(watch.observe(after(200 * INTERVAL + DAY)));
    }

    #[test]
    fn a_clock_that_is_far_from_the_last_write_is_not_trusted() {
        let now = (SystemTime::now(), Instant::now());
        let later = (now.0 + INTERVAL, now.1 + INTERVAL);
        assert!(ClockWatch::new(None, now).observe(later));
        assert!(ClockWatch::new(Some(now.0 - 6 * DAY), now).observe(later));
        assert!(!ClockWatch::new(Some(now.0 - 130 * DAY), now).observe(later));
        assert!(!ClockWatch::new(Some(now.0 + 130 * DAY), now).observe(later));
    }
}
