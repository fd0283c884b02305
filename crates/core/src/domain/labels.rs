//! Labels of a link: a title, tags and a note, which its owner sees and visitors do not.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::domain::invisible;

/// The maximum length of a title, in characters.
pub const MAX_TITLE_LENGTH: usize = 200;

/// The maximum length of a note, in characters.
pub const MAX_NOTE_LENGTH: usize = 1_000;

/// The maximum number of tags of a link.
pub const MAX_TAGS: usize = 10;

/// The maximum length of a tag, in characters.
pub const MAX_TAG_LENGTH: usize = 32;

/// The labels of a link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// The title.
    pub title: Option<LabelText>,
    /// The tags, in alphabetical order.
    pub tags: Tags,
    /// The note.
    pub note: Option<LabelText>,
}

/// A title or a note: a text that is not empty and has no control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelText(String);

/// At most [`MAX_TAGS`] tags of 1 to [`MAX_TAG_LENGTH`] characters of `a-z 0-9 _ . -`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags(BTreeSet<String>);

/// A change of labels. What is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelChange {
    /// The new title, or `None` for none.
    pub title: Option<Option<LabelText>>,
    /// The new tags.
    pub tags: Option<Tags>,
    /// The new note, or `None` for none.
    pub note: Option<Option<LabelText>>,
}

/// The reason that a label is not valid. Each message continues a sentence that begins with the field's name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LabelError {
    /// The text is too long.
    #[error("has {length} characters; use at most {max}")]
    TooLong {
        /// Its length, in characters.
        length: usize,
        /// The maximum length, in characters.
        max: usize,
    },
    /// The text contains a control character.
    #[error("contains the character {}, which is not allowed", invisible::name(*.0))]
    Character(char),
    /// There are too many tags.
    #[error("has {0} tags; use at most {MAX_TAGS}")]
    TooManyTags(usize),
    /// A tag has a character that tags do not have, or is too short or too long.
    #[error("must each consist of 1 to {MAX_TAG_LENGTH} characters of a-z 0-9 _ . -")]
    InvalidTag,
}

impl LabelText {
    /// Parses a title. Invisible characters at the ends are removed; an empty title is none.
    ///
    /// # Errors
    ///
    /// [`LabelError::TooLong`] or [`LabelError::Character`].
    pub fn parse_title(text: &str) -> Result<Option<Self>, LabelError> {
        Self::parse(text, MAX_TITLE_LENGTH)
    }

    /// As [`parse_title`](Self::parse_title), for a note.
    ///
    /// # Errors
    ///
    /// As [`parse_title`](Self::parse_title).
    pub fn parse_note(text: &str) -> Result<Option<Self>, LabelError> {
        Self::parse(text, MAX_NOTE_LENGTH)
    }

    fn parse(text: &str, max: usize) -> Result<Option<Self>, LabelError> {
        let text = invisible::trim(text);
        let length = text.chars().count();
        if length > max {
            return Err(LabelError::TooLong { length, max });
        }
        match text.chars().find(|&c| is_forbidden(c)) {
            Some(character) => Err(LabelError::Character(character)),
            None => Ok((!text.is_empty()).then(|| Self(text.to_owned()))),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text cannot have this character: control characters, and those that break a line or turn its direction.
fn is_forbidden(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl Tags {
    /// Parses tags. One that occurs twice is kept once.
    ///
    /// # Errors
    ///
    /// [`LabelError::InvalidTag`] or [`LabelError::TooManyTags`].
    pub fn parse<'a>(tags: impl IntoIterator<Item = &'a str>) -> Result<Self, LabelError> {
        let is_allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-');
        let is_tag = |tag: &str| (1..=MAX_TAG_LENGTH).contains(&tag.len()) && tag.bytes().all(is_allowed);
        let (mut parsed, mut count) = (BTreeSet::new(), 0);
        for tag in tags {
            if !is_tag(tag) {
                return Err(LabelError::InvalidTag);
            }
            parsed.insert(tag.to_owned());
            count += 1;
        }
        if count > MAX_TAGS { Err(LabelError::TooManyTags(count)) } else { Ok(Self(parsed)) }
    }

    /// The tags in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Labels {
    /// Whether there is neither a title, nor a tag, nor a note.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl LabelChange {
    /// The change that replaces all labels.
    pub fn replace_by(labels: Labels) -> Self {
        Self { title: Some(labels.title), tags: Some(labels.tags), note: Some(labels.note) }
    }

    /// The labels after the change.
    pub fn apply_to(&self, labels: &Labels) -> Labels {
        Labels {
            title: self.title.clone().unwrap_or_else(|| labels.title.clone()),
            tags: self.tags.clone().unwrap_or_else(|| labels.tags.clone()),
            note: self.note.clone().unwrap_or_else(|| labels.note.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_a_length_and_no_controls() {
        let title = |text: &str| LabelText::parse_title(text).map(|title| title.map(|title| title.0));
        assert_eq!(title(" Été \u{1f600}\u{200d}\u{1f600}\n"), Ok(Some("Été \u{1f600}\u{200d}\u{1f600}".to_owned())));
        assert_eq!(title(" \t"), Ok(None));
        assert_eq!(title(&"é".repeat(200)), Ok(Some("é".repeat(200))));
        assert_eq!(title(&"é".repeat(201)), Err(LabelError::TooLong { length: 201, max: 200 }));
        for character in ['\n', '\0', '\u{7f}', '\u{85}', '\u{202e}', '\u{2028}', '\u{2066}'] {
            assert_eq!(title(&format!("a{character}b")), Err(LabelError::Character(character)), "{character:?}");
        }
    }

    #[test]
    fn tags_are_a_bounded_set() {
        let tags = |tags: &[&str]| Tags::parse(tags.iter().copied()).map(|tags| tags.0.into_iter().collect::<Vec<_>>());
        assert_eq!(tags(&["b", "a_1.x-y", "b"]), Ok(vec!["a_1.x-y".to_owned(), "b".to_owned()]));
        for tag in ["", "A", "é", "a b", "a,b", &"a".repeat(33)] {
            assert_eq!(tags(&[tag]), Err(LabelError::InvalidTag), "{tag}");
        }
        let many: Vec<_> = (0..11).map(|n| n.to_string()).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        assert!(tags(&many[..10]).is_ok());
        assert_eq!(tags(&many), Err(LabelError::TooManyTags(11)));
    }
}
