//! The IAM actions that the calls to the table need, and the attributes that they may name. Tests compare them with the
//! roles in template.yaml.
//!
//! A transaction needs the actions of the writes in it, and no action of its own.

use crate::dynamodb::items::attribute;

/// Creating links, and finding the existing one for `reuse`.
pub const CREATE_LINKS: &[&str] = &["dynamodb:GetItem", "dynamodb:PutItem"];

/// Finding links.
pub const FIND_LINKS: &[&str] = &["dynamodb:GetItem"];

/// Counting visits, and reading the daily counts.
pub const COUNT_VISITS: &[&str] = &["dynamodb:BatchGetItem", "dynamodb:UpdateItem"];

/// The attributes that an update of counts names, as patterns of `dynamodb:Attributes`.
pub const COUNT_VISITS_ATTRIBUTES: &[&str] = &[
    attribute::CODE,
    attribute::HITS,
    attribute::LAST_HIT_AT,
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
