//! `shortlink doctor`: says what is off with a deployed stack and its table, and how to mend it. It changes nothing.
//!
//! | module | defines |
//! | --- | --- |
//! | [`finding`] | the checks, and what they find |
//! | `table_checks` | the checks of a table |
//! | `stack_checks` | the checks of a stack |
//! | `version` | comparing versions |

pub mod finding;
mod stack_checks;
mod table_checks;
mod version;

use std::io;

use clap::Args;
use serde::Serialize;
use shortlink_core::dynamodb::client;

use crate::error::CliError;
use crate::output::json_line::to_line;
use crate::output::safe_text::safe;
use crate::output::style::Style;
use crate::storage::StorageOptions;
use finding::{Check, Finding, Findings};

/// The options of `shortlink doctor`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shortlink doctor --stack shortlink
  shortlink doctor --stack shortlink --ignore open-door

With --table instead of --stack, the table alone is checked, such as one that was restored from a backup. The exit code is 0
if nothing is off, and 1 if something is, or could not be checked.")]
pub struct DoctorOptions {
    /// Leave out a check; repeat the option for several
    #[arg(long, value_enum, value_name = "CHECK")]
    ignore: Vec<Check>,

    /// Print a JSON document
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    storage: StorageOptions,
}

/// What was found.
#[derive(Serialize)]
struct Document<'a> {
    stack: Option<&'a str>,
    table: &'a str,
    checks: usize,
    findings: &'a [Finding],
}

/// Checks a stack and its table, or a table. `print` is called with each line for the user.
///
/// # Errors
///
/// [`CliError`], also if something is off.
pub async fn doctor(options: DoctorOptions, print: impl Fn(&str) -> io::Result<()>) -> Result<(), CliError> {
    let DoctorOptions { ignore, json, storage } = options;
    if storage.table.is_none() && storage.stack.is_none() {
        return Err(CliError::NothingToExamine);
    }
    let config = storage.connect(true).await;
    let stack = storage.stack(&config).await?;
    let table = storage.table_name(stack.as_ref())?;
    let mut findings = Findings::new(ignore, &storage);
    if let Some(stack) = &stack {
        stack_checks::check(&config, stack, &mut findings).await?;
    }
    table_checks::check(&client::from_sdk_config(&config), &table, &mut findings).await?;

    let (checks, found) = findings.into_parts();
    if json {
        let stack = stack.as_ref().map(|stack| stack.name.as_str());
        let document = Document { stack, table: &table, checks, findings: &found };
        print(&to_line(&document)?).map_err(CliError::Output)?;
    } else {
        let style = Style::of_stdout();
        for Finding { check, problem, remedy, .. } in &found {
            print(&format!("{} {}", style.bad(format_args!("{check}:")), safe(problem))).map_err(CliError::Output)?;
            if let Some(remedy) = remedy {
                print(&format!("    {}", safe(remedy))).map_err(CliError::Output)?;
            }
        }
    }
    match found.len() {
        0 if json => Ok(()),
        0 => print(&format!("Nothing is off: {checks} checks.")).map_err(CliError::Output),
        count => Err(CliError::Incomplete(format!("{count} of {checks} checks found something"))),
    }
}
