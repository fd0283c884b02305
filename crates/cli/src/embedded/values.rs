//! Items as the engine represents them, and their conversion from and to the SDK's.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use dynoxide::AttributeValue as EngineValue;
use shortlink_core::dynamodb::items::Item;

/// An item, as the engine represents it.
pub(super) type EngineItem = HashMap<String, EngineValue>;

/// The SDK's representation of an item.
pub(super) fn from_engine(item: EngineItem) -> Item {
    item.into_iter().map(|(name, value)| (name, to_sdk_value(value))).collect()
}

/// The engine's representation of an item.
pub(super) fn to_engine(item: Item) -> EngineItem {
    item.into_iter().map(|(name, value)| (name, to_engine_value(value))).collect()
}

fn to_sdk_value(value: EngineValue) -> AttributeValue {
    match value {
        EngineValue::S(text) => AttributeValue::S(text),
        EngineValue::N(digits) => AttributeValue::N(digits),
        EngineValue::B(bytes) => AttributeValue::B(Blob::new(bytes)),
        EngineValue::BOOL(value) => AttributeValue::Bool(value),
        EngineValue::NULL(value) => AttributeValue::Null(value),
        EngineValue::SS(texts) => AttributeValue::Ss(texts),
        EngineValue::NS(numbers) => AttributeValue::Ns(numbers),
        EngineValue::BS(blobs) => AttributeValue::Bs(blobs.into_iter().map(Blob::new).collect()),
        EngineValue::L(values) => AttributeValue::L(values.into_iter().map(to_sdk_value).collect()),
        EngineValue::M(values) => AttributeValue::M(from_engine(values)),
    }
}

fn to_engine_value(value: AttributeValue) -> EngineValue {
    match value {
        AttributeValue::S(text) => EngineValue::S(text),
        AttributeValue::N(digits) => EngineValue::N(digits),
        AttributeValue::B(bytes) => EngineValue::B(bytes.into_inner()),
        AttributeValue::Bool(value) => EngineValue::BOOL(value),
        AttributeValue::Null(value) => EngineValue::NULL(value),
        AttributeValue::Ss(texts) => EngineValue::SS(texts),
        AttributeValue::Ns(numbers) => EngineValue::NS(numbers),
        AttributeValue::Bs(blobs) => EngineValue::BS(blobs.into_iter().map(Blob::into_inner).collect()),
        AttributeValue::L(values) => EngineValue::L(values.into_iter().map(to_engine_value).collect()),
        AttributeValue::M(values) => EngineValue::M(to_engine(values)),
        // The SDK has no further types today.
        _ => EngineValue::NULL(true),
    }
}
