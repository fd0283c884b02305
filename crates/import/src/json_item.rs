//! Objects of JSON whose fields are read one by one, so that a field that nobody asks for may be whatever it is.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserializer as _;
use serde::de::Visitor;
use serde_json::value::RawValue;

/// An object of JSON.
#[derive(Debug, Default)]
pub(crate) struct JsonItem(BTreeMap<String, Box<RawValue>>);

impl JsonItem {
    pub(crate) fn new(fields: BTreeMap<String, Box<RawValue>>) -> Self {
        Self(fields)
    }

    /// Parses an object. `None` if it is another value.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self)
    }

    /// The names of the fields.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether all these fields are there. They may be `null`.
    pub(crate) fn has(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.0.contains_key(*name))
    }

    fn raw(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|raw| raw.get())
    }

    /// A text that is not empty, or a number as it is written.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.raw(name).and_then(text).filter(|text| !text.is_empty())
    }

    /// The first of these texts that is there.
    pub(crate) fn first_text(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.text(name))
    }

    /// A whole number, or a text with one.
    pub(crate) fn count(&self, name: &str) -> Option<u64> {
        self.text(name).and_then(|text| crate::count::parse(&text))
    }

    /// Whether a field is `true`, 1, or one of these as a text.
    pub(crate) fn flag(&self, name: &str) -> bool {
        let raw = self.raw(name);
        raw == Some("true") || raw.and_then(text).is_some_and(|text| matches!(text.as_str(), "true" | "1"))
    }

    /// Whether a field is something else than `null`, `false`, an empty text, list or object.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        let raw = self.raw(name).unwrap_or("null");
        !matches!(raw, "null" | "false" | r#""""# | "[]" | "{}" | "0")
    }

    /// The texts of a list, or the fields `name` of a list of objects.
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        let list: Vec<Box<RawValue>> =
            self.raw(name).and_then(|raw| serde_json::from_str(raw).ok()).unwrap_or_default();
        let texts = list.iter().filter_map(|raw| text(raw.get()).or_else(|| Self::parse(raw.get())?.text("name")));
        texts.filter(|text| !text.is_empty()).collect()
    }

    /// An object.
    pub(crate) fn object(&self, name: &str) -> Option<Self> {
        self.raw(name).and_then(Self::parse)
    }
}

/// A text, or a number as it is written.
fn text(raw: &str) -> Option<String> {
    if raw.starts_with('"') {
        return serde_json::Deserializer::from_str(raw).deserialize_bytes(LossyText).ok();
    }
    raw.starts_with(|c: char| c == '-' || c.is_ascii_digit()).then(|| raw.to_owned())
}

/// Reads a text of which a half of a surrogate pair is left, as programs leave it that cut texts after so many
/// characters: `"\ud83d"`. As a `String`, it would be an error.
struct LossyText;

impl Visitor<'_> for LossyText {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<String, E> {
        // The three bytes of a half are one missing character and not three.
        Ok(String::from_utf8_lossy(bytes).replace("\u{fffd}\u{fffd}\u{fffd}", "\u{fffd}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_leniently() {
        let item = JsonItem::parse(
            r#"{"a": "x", "n": 1.50, "big": 1e999, "half": "a\ud83d", "no": null, "yes": "1",
                "t": ["a", {"name": "b"}, 3, null, ""],
                "o": {"c": 1}, "count": "1,234", "deep": [[[[]]]]}"#,
        )
        .expect("an object");
        assert_eq!(item.text("a").as_deref(), Some("x"));
        assert_eq!(item.text("n").as_deref(), Some("1.50"));
        assert_eq!(item.text("half").as_deref(), Some("a\u{fffd}"));
        assert_eq!([item.text("no"), item.text("yes2"), item.text("o")], [None, None, None]);
        assert!(item.flag("yes") && !item.flag("no") && !item.flag("a"));
        assert!(item.is_set("deep") && !item.is_set("no") && !item.is_set("missing"));
        assert_eq!(item.texts("t"), ["a", "b", "3"]);
        assert_eq!(item.object("o").and_then(|o| o.count("c")), Some(1));
        assert_eq!(item.count("count"), Some(1234));
        assert!(JsonItem::parse("[1]").is_none() && JsonItem::parse("{").is_none());
    }
}
