//! Colours, if standard output is a terminal and the user has not refused them (`NO_COLOR`).

use std::fmt::Display;
use std::io::IsTerminal as _;

/// Whether and how text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    has_colours: bool,
}

impl Style {
    /// The style of standard output.
    pub fn of_stdout() -> Self {
        let is_refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Self { has_colours: std::io::stdout().is_terminal() && !is_refused && !is_dumb }
    }

    /// What is as it should be.
    pub fn good(self, text: impl Display) -> String {
        self.apply("32", text)
    }

    /// What needs attention.
    pub fn bad(self, text: impl Display) -> String {
        self.apply("31", text)
    }

    /// What is less important.
    pub fn faint(self, text: impl Display) -> String {
        self.apply("2", text)
    }

    /// A heading.
    pub fn heading(self, text: impl Display) -> String {
        self.apply("1", text)
    }

    fn apply(self, code: &str, text: impl Display) -> String {
        if self.has_colours { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_string() }
    }
}

/// The width of lines for people, in columns: `COLUMNS`, if the shell exports it, else 80.
pub fn line_width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns.unwrap_or(80_usize).clamp(40, 200)
}
