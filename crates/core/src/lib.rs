//! What the two functions of Shortlink share.
//!
//! # Layers
//!
//! A module may use those above it in this table and never those below; a test fails if one does.
//!
//! | layer | defines | may use |
//! | --- | --- | --- |
//! | [`domain`] | links, codes, targets, expiry, visits, time | no AWS, no HTTP, no log |
//! | [`dynamodb`] | the client, the table's items, and every call to the table | `domain`, [`config`] |
//! | [`visits`] | who visited a link, and when the counts are written | `domain`, `dynamodb`, [`config`] |
//! | [`http`] | requests, responses, problems, routes, the [`Handler`](http::handler::Handler) trait | all of the above |
//!
//! Beside the layers stand [`config`] (how environment variables are read), [`settings`] (the list of all of them),
//! [`telemetry`] (the log) and [`link_cache`] (links kept in memory). `config` and `link_cache` use `domain` only;
//! `telemetry` uses `config`, and `settings` nothing.
//!
//! Nothing here knows a server or the Lambda runtime: `shorten` and `resolve` implement `Handler`, and the transports
//! (`shortlink-lambda`, `shortlink serve`) call it. `crates/README.md` walks a request through the files.

pub mod config;
pub mod domain;
pub mod dynamodb;
pub mod http;
pub mod link_cache;
pub mod settings;
pub mod telemetry;
pub mod visits;
