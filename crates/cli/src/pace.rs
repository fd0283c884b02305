//! Keeping below a rate, and waiting when DynamoDB says that it is too high.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use shortlink_core::dynamodb::error::StoreError;
use tokio::time::Instant;

/// The first pause after DynamoDB has throttled a call, beyond the SDK's own; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// How often a call is repeated that DynamoDB throttles: for about two minutes.
const MAX_PAUSES: u32 = 8;

/// A rate that several tasks share.
#[derive(Debug)]
pub struct Pace {
    /// Units a second; `None`: any number.
    per_second: Option<f64>,
    /// When the units will be paid that have been spent.
    paid_at: Mutex<Option<Instant>>,
}

impl Pace {
    /// At most `per_second` units a second; `None`: any number.
    pub fn new(per_second: Option<u32>) -> Self {
        Self { per_second: per_second.map(f64::from), paid_at: Mutex::default() }
    }

    /// Spends units, and waits until they are paid.
    pub async fn spend(&self, units: f64) {
        let Some(per_second) = self.per_second else { return };
        let wait_until = {
            let now = Instant::now();
            let mut paid_at = self.paid_at.lock().unwrap_or_else(PoisonError::into_inner);
            let paid = paid_at.unwrap_or(now).max(now) + Duration::from_secs_f64(units / per_second);
            *paid_at = Some(paid);
            paid
        };
        tokio::time::sleep_until(wait_until).await;
    }
}

/// The pauses before further attempts of a call that DynamoDB throttles or does not answer.
#[derive(Debug, Default)]
pub struct BackOff {
    pauses: u32,
}

impl BackOff {
    /// Waits before another attempt, after one that ended with `error`.
    ///
    /// # Errors
    ///
    /// `error`, if another attempt makes no sense, or if there have been too many.
    pub async fn after(&mut self, error: StoreError) -> Result<(), StoreError> {
        if !matches!(error, StoreError::Unavailable(_)) || self.pauses == MAX_PAUSES {
            return Err(error);
        }
        tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(self.pauses)).await;
        self.pauses += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_rate_is_kept_by_all_tasks_together() {
        let (pace, start) = (Pace::new(Some(100)), Instant::now());
        for _ in 0..500 {
            pace.spend(1.0).await;
        }
        let seconds = start.elapsed().as_secs_f64();
        assert!((4.9..5.1).contains(&seconds), "{seconds}");
        Pace::new(None).spend(1e9).await;
    }

    #[tokio::test(start_paused = true)]
    async fn reading_waits_until_the_units_are_due() {
        let (pace, started_at) = (Pace::new(Some(100)), Instant::now());
        pace.spend(0.0).await;
        assert_eq!(started_at.elapsed().as_secs(), 0);
        // Two segments have read at the same time.
        tokio::join!(pace.spend(150.0), pace.spend(250.0));
        assert_eq!(started_at.elapsed().as_secs(), 4);
        Pace::new(None).spend(1e9).await;
        assert_eq!(started_at.elapsed().as_secs(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_throttled_is_repeated_for_minutes_and_another_error_is_not() {
        let throttled = || StoreError::Unavailable("throttled".to_owned());
        let (mut back_off, start) = (BackOff::default(), Instant::now());
        for _ in 0..MAX_PAUSES {
            assert!(back_off.after(throttled()).await.is_ok());
        }
        let seconds = start.elapsed().as_secs();
        assert!((100..150).contains(&seconds), "{seconds}");
        assert!(back_off.after(throttled()).await.is_err());
        assert!(BackOff::default().after(StoreError::Rejected("no".to_owned())).await.is_err());
    }
}
