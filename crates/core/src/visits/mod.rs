//! Visits: who visited a link, and when the counts are written to the table.
//!
//! This layer uses `domain` and `dynamodb`.
//!
//! | module | defines |
//! | --- | --- |
//! | [`visitor`] | what a request's headers tell of a visitor |
//! | [`bots`] | which user agents are bots |
//! | [`edge_key`] | the secret by which a CDN in front of the service proves itself |
//! | [`recorder`] | counting visits in memory, and flushing the counts |
//! | [`writer`] | writing counts to the table: link by link, or in transactions |

pub mod bots;
pub mod edge_key;
pub mod recorder;
pub mod visitor;
pub mod writer;
