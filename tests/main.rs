//! Black-box tests: each starts the service on a table and a port of its own, and speaks HTTP with it.
//!
//! | module | what it asks |
//! | --- | --- |
//! | [`app`] | (the service under test) |
//! | [`contract`] | does every request get the answer that the design promises, to the letter? |
//! | [`events`] | does Lambda give the same answers, and survive every event? |
//! | [`corpora`] | what comes of the URLs and strings that broke others? |
//! | [`properties`] | does what must always hold hold for whatever comes? |
//! | [`races`] | who wins, and is anything lost? |
//! | [`expiry`] | what does the clock change? |
//! | [`frozen`] | does a request survive the death of its connection? |
//! | [`process`] | do links survive the program, and does it end well? |
//! | [`visits`] | is every visit counted, at nobody's cost? |
//! | [`lambda`] | does the binary do in Lambda what it must? |
//! | [`runtime_api`], [`way`] | (Lambda's Runtime API; faults on the way to DynamoDB) |
//! | [`pages`] | what do people see, and does it hold up to what is hostile? |
//! | [`preview`] | is a link told of truly before it is followed? |
//! | [`qr`] | do QR codes scan? |
//! | [`openapi`] | is the description of the API true? |
//! | [`template`] | does template.yaml say what the code says? |

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test ends with its first surprise")]
#![expect(unreachable_pub, reason = "within one binary, `pub` reads better than `pub(crate)`")]

mod app;
mod contract;
mod corpora;
mod dynamodb;
mod events;
mod expiry;
mod frozen;
mod lambda;
mod openapi;
mod pages;
mod preview;
mod process;
mod properties;
mod qr;
mod races;
mod runtime_api;
mod template;
mod visits;
mod way;
