//! `shortlink grant`: signs a grant.

use std::io;
use std::time::Duration;

use clap::Args;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use shorten::grant::{Grant, MAX_HOSTS, MaxLinks, token};
use shortlink_core::domain::api_key::Name;
use shortlink_core::domain::clock::Clock;
use shortlink_core::domain::host_rules::ListedHost;

use crate::error::CliError;
use crate::grant_key::KeyLocation;

/// The options of `shortlink grant`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  shortlink grant --grant-key-file grant.key --expires 1h --max-life 7d --host example.com")]
pub struct GrantOptions {
    /// For how long the grant is accepted, such as 1h or 30days; it cannot be revoked before
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    expires: Duration,

    /// The longest lifetime of a link, such as 7d
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    max_life: Duration,

    /// A host to which links may lead, and all hosts below it; repeat the option for several
    #[arg(long = "host", value_name = "HOST", required = true)]
    hosts: Vec<ListedHost>,

    /// How many links may be created with the grant
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    max_links: Option<u32>,

    /// How many links may be created with the grant on a day, in UTC
    #[arg(long, value_name = "NUMBER", conflicts_with = "max_links", value_parser = clap::value_parser!(u32).range(1..))]
    daily_limit: Option<u32>,

    /// To whom the links belong; without an owner, each link has a management token, which its creator gets
    #[arg(long, value_name = "NAME")]
    owner: Option<Name>,

    /// Where the grant key is kept
    #[command(flatten)]
    location: KeyLocation,
}

/// Parses a duration of at least a second.
fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if duration.as_secs() == 0 { Err("must be at least 1s".to_owned()) } else { Ok(duration) }
}

/// Signs a grant, and prints it to standard output alone, so that a script can read it.
///
/// # Errors
///
/// [`CliError`].
pub async fn grant(options: GrantOptions, print: impl Fn(&str) -> io::Result<()>) -> Result<(), CliError> {
    let GrantOptions { expires, max_life, hosts, max_links, daily_limit, owner, location } = options;
    if hosts.len() > MAX_HOSTS {
        return Err(CliError::TooManyHosts);
    }
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).map_err(|_| CliError::DurationTooLong);
    let expires_at = Clock::system().now().plus(seconds(expires)?).ok_or(CliError::DurationTooLong)?;
    let maximum = daily_limit.map(MaxLinks::PerDay).or(max_links.map(MaxLinks::InTotal));
    let id = token::random_id(&mut UnwrapErr(SysRng));
    let grant = Grant { id, expires_at, max_life: seconds(max_life)?, hosts, owner, maximum };
    let keys = location.source().await?.read().await?;
    print(&token::sign(&grant, &keys)?).map_err(CliError::Output)?;
    eprintln!("This is the grant {}, which expires at {expires_at}.", grant.id);
    Ok(())
}
