//! The IAM actions that the calls to the table need. A test compares them with the roles in template.yaml.
//!
//! A transaction needs the actions of the writes in it, and no action of its own.

/// Creating links, and finding the existing one for `reuse`.
pub const CREATE_LINKS: &[&str] = &["dynamodb:GetItem", "dynamodb:PutItem"];

/// Finding links.
pub const FIND_LINKS: &[&str] = &["dynamodb:GetItem"];

/// Counting visits, and reading the daily counts.
pub const COUNT_VISITS: &[&str] = &["dynamodb:BatchGetItem", "dynamodb:UpdateItem"];
