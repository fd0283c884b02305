//! The options that say when a link expires. The operator is not bound by the shortest and the longest lifetime.

use clap::{ArgGroup, Args};
use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::expiry::RequestedExpiry;

use super::argument;
use crate::error::CliError;

/// When a link expires.
#[derive(Clone, Copy, Debug, Default, Args)]
#[command(group(ArgGroup::new("expiry").args(["expires_in", "expires_at", "never_expires"])))]
pub(super) struct ExpiryOptions {
    /// The lifetime from now on, such as 30d
    #[arg(long, value_name = "DURATION", value_parser = argument::lifetime)]
    expires_in: Option<i64>,

    /// The day or instant (UTC) at which the link expires
    #[arg(long, value_name = "TIME", value_parser = argument::instant)]
    expires_at: Option<Timestamp>,

    /// The link never expires
    #[arg(long)]
    never_expires: bool,
}

impl ExpiryOptions {
    /// What the options ask for.
    pub(super) fn requested(self) -> RequestedExpiry {
        match self {
            Self { expires_in: Some(seconds), .. } => RequestedExpiry::In(seconds),
            Self { expires_at: Some(instant), .. } => RequestedExpiry::At(instant),
            Self { never_expires: true, .. } => RequestedExpiry::Never,
            _ => RequestedExpiry::Default,
        }
    }

    /// The expiry that the options name, `now`: an instant, or `None` for never. `default` applies if they name none.
    ///
    /// # Errors
    ///
    /// The lifetime is too long for the calendar, or the instant is over.
    pub(super) fn expires_at(self, default: Option<i64>, now: Timestamp) -> Result<Option<Timestamp>, CliError> {
        let after = |seconds: i64| now.plus(seconds).ok_or(CliError::DurationTooLong);
        match self.requested() {
            RequestedExpiry::In(seconds) => after(seconds).map(Some),
            RequestedExpiry::At(instant) if instant <= now => Err(CliError::Past(instant)),
            RequestedExpiry::At(instant) => Ok(Some(instant)),
            RequestedExpiry::Never => Ok(None),
            RequestedExpiry::Default => default.map(after).transpose(),
        }
    }

    /// Whether an expiry is named.
    pub(super) fn is_given(self) -> bool {
        self.requested() != RequestedExpiry::Default
    }
}
