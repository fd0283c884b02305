//! The values that a change concerns, as JSON.

use serde::Serialize;
use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::link_history::ChangedValues;

/// Those of the values that a change concerns.
#[derive(Debug, Default, Serialize)]
pub struct ChangedValuesDocument<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Option<Timestamp>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawn: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<Option<&'a str>>,
}

impl<'a> From<&'a ChangedValues> for ChangedValuesDocument<'a> {
    fn from(values: &'a ChangedValues) -> Self {
        Self {
            url: values.target.as_deref(),
            expires_at: values.expires_at,
            withdrawn: values.is_withdrawn,
            blocked: values.is_blocked,
            owner: values.owner.as_ref().map(Option::as_deref),
        }
    }
}
