//! The IAM actions that the calls to the table need, and the attributes that they may name. Tests compare them with the
//! roles in template.yaml.
//!
//! A transaction needs the actions of the writes in it, and no action of its own.

use crate::dynamodb::items::attribute;

/// Creating links, finding the existing one for `reuse`, changing links, and reading their history.
pub const MANAGE_LINKS: &[&str] =
    &["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"];

/// Listing the links of an owner, on the index alone.
pub const LIST_LINKS: &[&str] = &["dynamodb:Query"];

/// Finding links.
pub const FIND_LINKS: &[&str] = &["dynamodb:GetItem"];

/// Counting visits, and reading the daily counts.
pub const COUNT_VISITS: &[&str] = &["dynamodb:BatchGetItem", "dynamodb:UpdateItem"];

/// The attributes that an update of a link's total names.
pub const TOTAL_ATTRIBUTES: &[&str] = &[attribute::CODE, attribute::HITS, attribute::LAST_HIT_AT, attribute::FLUSH_ID];

/// What the keys of daily counts match, as a pattern of `dynamodb:LeadingKeys`.
pub const DAILY_KEYS: &str = "day#*";

/// The attributes that an update of daily counts names, as patterns of `dynamodb:Attributes`.
pub const DAILY_ATTRIBUTES: &[&str] = &[
    attribute::CODE,
    attribute::HITS,
    attribute::FLUSH_ID,
    attribute::PURGE_AT,
    attribute::BOTS,
    "phone",
    "tablet",
    "desktop",
    "country:*",
    "from:*",
    attribute::REFERRERS,
];
