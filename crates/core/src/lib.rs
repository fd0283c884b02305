//! What both functions of Shortlink share.
//!
//! # Layout
//!
//! In the order in which a request meets them:
//!
//! | module | defines |
//! | --- | --- |
//! | [`config`] | how an environment variable is read, and refused |
//! | [`telemetry`] | the log: JSON lines with the request's id |
//! | [`route`] | which request goes to which function: the one table of routes |
//! | [`request`] | what a handler is given, whoever received it |
//! | [`accept`] | which of our media types a client would rather have |
//! | [`code`] | codes and aliases: how they are drawn and read |
//! | [`target`] | where a link may lead, and why not |
//! | [`clock`] | instants, and where they come from |
//! | [`expiry`] | how long a link lives |
//! | [`link`] | a link, and its item in the table |
//! | [`client`] | the DynamoDB client: region, credentials, time-outs, retries |
//! | [`connection`] | the connections that it keeps: HTTP/1.1 over TLS |
//! | [`roots`] | whose certificates those trust |
//! | [`store`] | the table: create a link, find a link |
//! | [`reuse`] | the same link again for the same wish |
//! | [`hot`] | links that were followed a moment ago |
//! | [`visitor`] | who follows a link, as far as one may know |
//! | [`visits`] | how often a link is followed: gathered, and written once the answer has gone |
//! | [`day`] | what visits leave in the table, and how it is read |
//! | [`batch`] | the same for many links at once, where the table is in this process |
//! | [`problem`] | what went wrong, in the words of RFC 9457 |
//! | [`reply`] | answers: JSON, text, a redirect |
//! | [`page`] | answers for people: HTML pages in one frame and one style |
//!
//! Nothing here knows of a server or of Lambda: `shorten` and `resolve` turn requests into replies
//! with it, and `shortlink-lambda` or `shortlink serve` carry them.

pub mod accept;
pub mod batch;
pub mod client;
pub mod clock;
pub mod code;
pub mod config;
pub mod connection;
pub mod day;
pub mod expiry;
pub mod hot;
pub mod link;
pub mod page;
pub mod problem;
pub mod reply;
pub mod request;
pub mod reuse;
pub mod roots;
pub mod route;
pub mod store;
pub mod target;
pub mod telemetry;
pub mod visitor;
pub mod visits;
