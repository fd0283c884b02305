//! Black-box tests. Each starts the service with a port and a table of its own and talks HTTP to it, or runs the real
//! binaries.
//!
//! | module | checks |
//! | --- | --- |
//! | [`adopt`] | a table that another tool has filled |
//! | [`architecture`] | the layers of `shortlink-core`, and the dependencies of the crates |
//! | [`backup`] | `shortlink backup` |
//! | [`clients`] | what real clients send: messengers, phones, upload tools, HTTP libraries |
//! | [`contract`] | status, headers and body of every kind of request |
//! | [`corpora`] | URLs and strings that broke other programs |
//! | [`creator`] | what is kept of the client that creates a link, and who sees it |
//! | [`credentials`] | `serve --table` with profiles of the AWS CLI |
//! | [`dead_connections`] | requests whose connection to DynamoDB has died |
//! | [`declare`] | `PUT /links/{code}`: declaring what a link is |
//! | [`disk`] | power cuts, and disks that are slow, full or damaged |
//! | [`doctor`] | `shortlink doctor` |
//! | [`edge`] | the service behind a CDN: `EDGE_KEY` and `EDGE_CACHE_SECONDS` |
//! | [`edge_log`] | visits in CloudFront's logs |
//! | [`edge_template`] | `crates/lambda/edge.yaml` against the code |
//! | [`events`] | the functions' responses to API Gateway's events, and to hostile ones |
//! | [`expiry`] | what depends on the clock |
//! | [`export`] | `shortlink export`, `export verify` and `serve --read-only` |
//! | [`fault_table`] | every kind of request under every fault of DynamoDB |
//! | [`grants`] | grants, and the key that signs them |
//! | [`history`] | who changed what of a link |
//! | [`hosts`] | hosts that the operator blocks or allows |
//! | [`idempotency`] | `Idempotency-Key` |
//! | [`import`] | `shortlink import` |
//! | [`import_sources`] | the exports of other shorteners, as `shortlink-import` reads them |
//! | [`jwt`] | the door `jwt`: what verified tokens allow |
//! | [`keys`] | API keys: who may create and manage links |
//! | [`labels`] | titles, tags and notes |
//! | [`lambda`] | the binary under Lambda's Runtime API: order of events, SIGTERM |
//! | [`link_limits`] | how many links a sender creates on a day |
//! | [`list`] | the links of an owner |
//! | [`login`] | `shortlink login` |
//! | [`manage`] | `/links/{code}`: changing and withdrawing links |
//! | [`openapi`] | `openapi.json` against the service, in both directions |
//! | [`operator`] | `shortlink links` and `visits` |
//! | [`operator_permissions`] | the IAM policies of the operator's commands against what they call |
//! | [`pages`] | the pages that people see, and hostile input in them |
//! | [`preview`] | `GET /{code}+` |
//! | [`process`] | `shortlink serve` as a process: kills, signals, start-up errors, log |
//! | [`properties`] | properties of arbitrary input |
//! | [`qr`] | QR codes: that they scan, and their parameters |
//! | [`races`] | concurrent requests, lost responses and replica lag |
//! | [`second_region`] | a table in two regions |
//! | [`security_headers`] | the headers of every response that restrict what browsers do with it |
//! | [`serve`] | `shortlink serve` as people start, watch and stop it |
//! | [`smoke`] | `shortlink smoke` |
//! | [`targets`] | which targets are refused, in every notation |
//! | [`template`] | `template.yaml` against the code |
//! | [`visits`] | the recording of visits, and the link cache |
//! | [`support`] | (what the tests share) |

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a panic fails the test")]
#![expect(unreachable_pub, reason = "within one binary, `pub` reads better than `pub(crate)`")]

mod adopt;
mod architecture;
mod backup;
mod bulk;
mod clients;
mod contract;
mod corpora;
mod creator;
mod credentials;
mod cross_origin;
mod dead_connections;
mod declare;
mod disk;
mod doctor;
mod edge;
mod edge_log;
mod edge_template;
mod elsewhere;
mod events;
mod expiry;
mod export;
mod fault_table;
mod grants;
mod history;
mod hosts;
mod idempotency;
mod import;
mod import_sources;
mod jwt;
mod keys;
mod labels;
mod lambda;
mod link_limits;
mod link_visits;
mod list;
mod login;
mod manage;
mod openapi;
mod operator;
mod operator_permissions;
mod pages;
mod preview;
mod process;
mod properties;
mod qr;
mod races;
mod second_region;
mod security_headers;
mod serve;
mod smoke;
mod support;
mod targets;
mod template;
mod visits;
