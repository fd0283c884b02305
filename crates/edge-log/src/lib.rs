//! Counts the visits that CloudFront answers from its cache, which the functions do not see.
//!
//! CloudFront writes a line for each request into files in a bucket (standard logs, version 2, as JSON), some minutes later and
//! sometimes a day. Every hour, [`run`] reads those files of the last [`HOURS`] that it has not read yet, and adds the
//! visits to the items that the other visits are in. Each file counts once, although it may be delivered twice, two runs
//! may overlap, and a run may end at any instant: see [`shortlink_core::dynamodb::log_entries`]. A file that cannot be read
//! is tried again in the next hours. CloudFront itself promises no complete logs.
//!
//! # Layout
//!
//! | module | defines |
//! | --- | --- |
//! | [`config`] | the settings |
//! | [`log_line`] | a line of a log: which are visits |
//! | [`log_file`] | a file of lines, and the counts in it |
//! | [`bucket`] | listing and reading the files in S3 |
//! | [`object_list`] | S3's list of objects, which is XML |
//! | [`counter`] | counting a file once |
//! | [`hourly_run`] | counting what is new |
//!
//! The Lambda binary is `crates/lambda/src/bin/edge-log.rs`.

pub mod bucket;
pub mod config;
pub mod counter;
pub mod hourly_run;
pub mod log_file;
pub mod log_line;
pub mod object_list;

pub use hourly_run::{HOURS, run};
