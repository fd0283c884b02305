//! Items as text: DynamoDB's own JSON, such as `{"code":{"S":"abc"}}`, on one line.
//!
//! The names of attributes and the members of sets are in order, so equal items give equal texts.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::dynamodb::items::Item;

/// An item that can be read and written as DynamoDB's JSON.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct JsonItem(BTreeMap<String, JsonValue>);

/// The value of an attribute. The variants have the names of DynamoDB's types.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
enum JsonValue {
    S(String),
    N(String),
    /// In base64.
    B(String),
    #[serde(rename = "BOOL")]
    Bool(bool),
    #[serde(rename = "NULL")]
    Null(bool),
    #[serde(rename = "SS")]
    Ss(Vec<String>),
    #[serde(rename = "NS")]
    Ns(Vec<String>),
    /// Each in base64.
    #[serde(rename = "BS")]
    Bs(Vec<String>),
    L(Vec<JsonValue>),
    M(BTreeMap<String, JsonValue>),
}

impl From<Item> for JsonItem {
    fn from(item: Item) -> Self {
        Self(from_sdk_map(item))
    }
}

impl JsonItem {
    /// The item, as the SDK represents it; `None` if a binary value is not base64.
    pub fn into_item(self) -> Option<Item> {
        to_sdk_map(self.0)
    }
}

fn from_sdk_map(values: Item) -> BTreeMap<String, JsonValue> {
    values.into_iter().map(|(name, value)| (name, from_sdk(value))).collect()
}

fn to_sdk_map(values: BTreeMap<String, JsonValue>) -> Option<Item> {
    values.into_iter().map(|(name, value)| Some((name, to_sdk(value)?))).collect()
}

fn from_sdk(value: AttributeValue) -> JsonValue {
    let sorted = |mut texts: Vec<String>| {
        texts.sort();
        texts
    };
    match value {
        AttributeValue::S(text) => JsonValue::S(text),
        AttributeValue::N(digits) => JsonValue::N(digits),
        AttributeValue::B(bytes) => JsonValue::B(STANDARD.encode(bytes)),
        AttributeValue::Bool(value) => JsonValue::Bool(value),
        AttributeValue::Ss(texts) => JsonValue::Ss(sorted(texts)),
        AttributeValue::Ns(numbers) => JsonValue::Ns(sorted(numbers)),
        AttributeValue::Bs(blobs) => JsonValue::Bs(sorted(blobs.iter().map(|blob| STANDARD.encode(blob)).collect())),
        AttributeValue::L(values) => JsonValue::L(values.into_iter().map(from_sdk).collect()),
        AttributeValue::M(values) => JsonValue::M(from_sdk_map(values)),
        // The SDK has no further types today.
        _ => JsonValue::Null(true),
    }
}

fn to_sdk(value: JsonValue) -> Option<AttributeValue> {
    let blob = |text: String| Some(Blob::new(STANDARD.decode(text).ok()?));
    Some(match value {
        JsonValue::S(text) => AttributeValue::S(text),
        JsonValue::N(digits) => AttributeValue::N(digits),
        JsonValue::B(text) => AttributeValue::B(blob(text)?),
        JsonValue::Bool(value) => AttributeValue::Bool(value),
        JsonValue::Null(value) => AttributeValue::Null(value),
        JsonValue::Ss(texts) => AttributeValue::Ss(texts),
        JsonValue::Ns(numbers) => AttributeValue::Ns(numbers),
        JsonValue::Bs(texts) => AttributeValue::Bs(texts.into_iter().map(blob).collect::<Option<_>>()?),
        JsonValue::L(values) => AttributeValue::L(values.into_iter().map(to_sdk).collect::<Option<_>>()?),
        JsonValue::M(values) => AttributeValue::M(to_sdk_map(values)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_round_trips_and_sets_are_in_order() {
        let text = r#"{"b":{"B":"AAEC"},"bs":{"BS":["AA==","AQ=="]},"l":{"L":[{"S":"x"},{"NULL":true}]},"m":{"M":{"a":{"BOOL":false}}},"n":{"N":"-1.5"},"ns":{"NS":["1","2"]},"o":{"S":"é\n\""},"ss":{"SS":["a","b"]}}"#;
        let item: JsonItem = serde_json::from_str(text).expect("an item");
        let mut item = item.into_item().expect("base64");
        assert_eq!(item.get("b"), Some(&AttributeValue::B(Blob::new([0, 1, 2]))));
        item.insert("ss".to_owned(), AttributeValue::Ss(vec!["b".to_owned(), "a".to_owned()]));
        assert_eq!(serde_json::to_string(&JsonItem::from(item)).expect("JSON"), text);
        let not_base64: JsonItem = serde_json::from_str(r#"{"b":{"B":"*"}}"#).expect("an item");
        assert_eq!(not_base64.into_item(), None);
    }
}
