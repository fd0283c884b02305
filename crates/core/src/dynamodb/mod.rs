//! The table in DynamoDB: every call to it, and what its items look like.
//!
//! This layer uses `domain`, and `config` to read its settings. It builds no HTTP responses and writes no log: errors
//! are returned, and the callers decide what to report and what to log.
//!
//! | module | defines |
//! | --- | --- |
//! | [`api_keys`] | creating, finding, listing and revoking API keys |
//! | [`client`] | the SDK's client: region, credentials, timeouts |
//! | [`retries`] | how often and when the SDK retries a call |
//! | [`connection_pool`] | the client's connections: HTTP/1.1 over TLS |
//! | [`tls`] | the certificate authorities that the connections trust |
//! | [`items`] | the items of the table: every attribute name, and the mapping to and from links and counts |
//! | [`imported_links`] | the items of links that were imported |
//! | [`item_json`] | items as DynamoDB's JSON |
//! | [`item_kind`] | what an item is, by its key |
//! | [`table_scan`] | reading all items, page by page |
//! | [`whole_items`] | reading, putting and deleting whole items |
//! | [`store`] | creating and finding links |
//! | [`contention`] | waiting before another attempt |
//! | `batch_reads` | reading several items with one call |
//! | [`deduplication`] | returning an existing link: `reuse` and idempotency keys |
//! | [`link_blocks`] | blocking links |
//! | [`link_changes`] | changing a link that exists |
//! | [`link_history`] | the changes of a link |
//! | [`link_limits`] | creating links within a limit |
//! | [`link_list`] | the links of an owner |
//! | `link_transaction` | putting a link together with entries that point to it |
//! | [`operator_changes`] | changes that the operator makes |
//! | [`log_entries`] | which visits in a CDN's log have been counted |
//! | [`visit_counts`] | adding to the counts of visits, and reading them |
//! | [`visit_items`] | the items that count visits |
//! | [`error`] | what can go wrong |
//! | [`host_rules`] | the hosts that the operator blocks and allows, and blocking the links that lead to a host |
//! | [`iam_actions`] | the IAM actions that these calls need |

pub mod api_keys;
mod batch_reads;
pub mod client;
pub mod connection_pool;
pub mod contention;
pub mod deduplication;
pub mod error;
pub mod host_rules;
pub mod iam_actions;
pub mod imported_links;
pub mod item_json;
pub mod item_kind;
pub mod items;
pub mod link_blocks;
pub mod link_changes;
pub mod link_history;
pub mod link_limits;
pub mod link_list;
mod link_transaction;
pub mod log_entries;
pub mod operator_changes;
pub mod retries;
pub mod store;
pub mod table_scan;
pub mod tls;
pub mod visit_counts;
pub mod visit_items;
pub mod whole_items;
