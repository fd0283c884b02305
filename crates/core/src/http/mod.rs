//! Requests and responses, independent of the transport that carries them.
//!
//! This layer may use all the others.
//!
//! | module | defines |
//! | --- | --- |
//! | [`routes`] | the table of routes, and its matcher |
//! | [`request`] | a request that a route has matched |
//! | [`negotiation`] | which media type a client prefers |
//! | [`language`] | the language of a page |
//! | [`cors`] | which pages elsewhere may call the API |
//! | [`handler`] | the trait that `shorten` and `resolve` implement, and the deadline of a request |
//! | [`response`] | responses: JSON, text, redirects |
//! | [`problem`] | errors, as RFC 9457 describes them |
//! | [`reason`] | why a request has a problem |
//! | [`security_headers`] | the headers of every response that restrict what browsers do with it |
//! | [`html`] | pages, with one frame and one style sheet |
//! | [`brand`] | the operator's name, colour and site, which pages show |
//! | [`texts`] | the texts of the pages, in each language |
//! | [`compression`] | compressing pages |

pub mod brand;
pub mod compression;
pub mod cors;
pub mod handler;
pub mod html;
pub mod language;
pub mod negotiation;
pub mod problem;
pub mod reason;
pub mod request;
pub mod response;
pub mod routes;
pub mod security_headers;
pub mod texts;
