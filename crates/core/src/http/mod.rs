//! Requests and responses, independent of the transport that carries them.
//!
//! This layer may use all the others.
//!
//! | module | defines |
//! | --- | --- |
//! | [`routes`] | the table of routes, and its matcher |
//! | [`request`] | a request that a route has matched |
//! | [`negotiation`] | which media type a client prefers |
//! | [`cors`] | which pages elsewhere may call the API |
//! | [`handler`] | the trait that `shorten` and `resolve` implement, and the deadline of a request |
//! | [`response`] | responses: JSON, text, redirects |
//! | [`problem`] | errors, as RFC 9457 describes them |
//! | [`security_headers`] | the headers of every response that restrict what browsers do with it |
//! | [`html`] | pages, with one frame and one style sheet |

pub mod cors;
pub mod handler;
pub mod html;
pub mod negotiation;
pub mod problem;
pub mod request;
pub mod response;
pub mod routes;
pub mod security_headers;
