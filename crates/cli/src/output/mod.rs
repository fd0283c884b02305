//! What commands print: lines and tables for people, JSON for programs, and progress.
//!
//! | module | defines |
//! | --- | --- |
//! | [`columns`] | aligned columns |
//! | [`json_line`] | a JSON document on one line |
//! | [`progress`] | progress on standard error, if that is a terminal |
//! | [`safe_text`] | text from the table, which cannot control the terminal |
//! | [`style`] | colours, if standard output is a terminal |

pub mod columns;
pub mod json_line;
pub mod progress;
pub mod safe_text;
pub mod style;
