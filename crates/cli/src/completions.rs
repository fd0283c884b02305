//! `shortlink completions`: what a shell needs to complete the commands and options of this program.

use std::io::{self, Write as _};

use clap::{Args, CommandFactory as _};
use clap_complete::{Shell, generate};

use crate::Arguments;
use crate::error::CliError;

/// The options of `shortlink completions`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  shortlink completions bash > ~/.local/share/bash-completion/completions/shortlink")]
pub struct CompletionsOptions {
    /// The shell
    shell: Shell,
}

/// Prints the completions.
///
/// # Errors
///
/// [`CliError::Output`].
pub fn completions(options: &CompletionsOptions) -> Result<(), CliError> {
    let mut script = Vec::new();
    generate(options.shell, &mut Arguments::command(), "shortlink", &mut script);
    io::stdout().write_all(&script).map_err(CliError::Output)
}
