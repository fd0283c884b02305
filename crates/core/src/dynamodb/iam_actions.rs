//! The IAM actions that the calls to the table need, and the keys to which they are restricted. Tests compare them with
//! the roles in template.yaml.
//!
//! A transaction needs the actions of the writes in it, and no action of its own.

/// Creating links, finding the existing one for `reuse`, changing links, and reading their history.
pub const MANAGE_LINKS: &[&str] =
    &["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"];

/// Listing the links of an owner, on the index alone.
pub const LIST_LINKS: &[&str] = &["dynamodb:Query"];

/// Finding links.
pub const FIND_LINKS: &[&str] = &["dynamodb:GetItem"];

/// Reading the counts of visits.
pub const READ_VISITS: &[&str] = &["dynamodb:BatchGetItem"];

/// Counting visits: a visit is an update, and the first one of a month puts two items.
pub const COUNT_VISITS: &[&str] = &["dynamodb:PutItem", "dynamodb:UpdateItem"];

/// Counting the visits in a CDN's log: reading links and entries, and writing counts and entries.
pub const COUNT_LOGGED_VISITS: &[&str] = &["dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"];

/// What the keys of the entries of logs match, as a pattern of `dynamodb:LeadingKeys`.
pub const LOG_ENTRY_KEYS: &str = "edgelog#*";

/// What the keys of the counts match, as a pattern of `dynamodb:LeadingKeys`.
pub const VISIT_KEYS: &str = "visits#*";
