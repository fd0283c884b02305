//! The few requests to AWS services other than DynamoDB: what `--stack` and `shortlink doctor` need.
//!
//! They are signed here. The SDKs of the four services would be the largest part of this program and of the time that it
//! takes to build, for one request each.
//!
//! | module | defines |
//! | --- | --- |
//! | [`signed_request`] | signing and sending a request, and what can go wrong |
//! | [`service`] | the services, and where they are |
//! | [`stack`] | a deployed stack: its outputs, parameters and resources |

pub mod service;
pub mod signed_request;
pub mod stack;
