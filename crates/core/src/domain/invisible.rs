//! Characters that nobody sees: white space, controls, and characters that Unicode defines as invisible.
//!
//! They come with text that is copied from documents, mail programs and dialogs. At the ends of a field they are
//! removed; in the middle of a URL they are an error, because a link with one leads nowhere and looks right.

/// The invisible characters that occur in copied text, with their names: `Default_Ignorable_Code_Point` and
/// `Bidi_Control` of Unicode 17 (`DerivedCoreProperties.txt`, `PropList.txt`), and the line separators. Variation
/// selectors and tag characters are not among them, since they choose how the character before them looks.
const INVISIBLE: &[(char, char, &str)] = &[
    ('\u{ad}', '\u{ad}', "soft hyphen"),
    ('\u{34f}', '\u{34f}', "combining grapheme joiner"),
    ('\u{61c}', '\u{61c}', "Arabic letter mark"),
    ('\u{115f}', '\u{1160}', "Hangul filler"),
    ('\u{17b4}', '\u{17b5}', "Khmer inherent vowel"),
    ('\u{180e}', '\u{180e}', "Mongolian vowel separator"),
    ('\u{200b}', '\u{200b}', "zero width space"),
    (ZERO_WIDTH_NON_JOINER, ZERO_WIDTH_NON_JOINER, "zero width non-joiner"),
    (ZERO_WIDTH_JOINER, ZERO_WIDTH_JOINER, "zero width joiner"),
    ('\u{200e}', '\u{200e}', "left-to-right mark"),
    ('\u{200f}', '\u{200f}', "right-to-left mark"),
    ('\u{2028}', '\u{2028}', "line separator"),
    ('\u{2029}', '\u{2029}', "paragraph separator"),
    ('\u{202a}', '\u{202e}', "directional formatting character"),
    ('\u{2060}', '\u{2060}', "word joiner"),
    ('\u{2061}', '\u{2064}', "invisible operator"),
    ('\u{2065}', '\u{206f}', "directional formatting character"),
    ('\u{3164}', '\u{3164}', "Hangul filler"),
    ('\u{feff}', '\u{feff}', "byte order mark"),
    ('\u{ffa0}', '\u{ffa0}', "Hangul filler"),
    ('\u{fff0}', '\u{fff8}', "unassigned invisible character"),
    ('\u{1bca0}', '\u{1bca3}', "shorthand format control"),
    ('\u{1d173}', '\u{1d17a}', "musical format control"),
    ('\u{e0000}', '\u{e001f}', "unassigned invisible character"),
    ('\u{e0080}', '\u{e00ff}', "unassigned invisible character"),
    ('\u{e01f0}', '\u{e0fff}', "unassigned invisible character"),
];

const ZERO_WIDTH_NON_JOINER: char = '\u{200c}';
const ZERO_WIDTH_JOINER: char = '\u{200d}';

/// Removes invisible characters at both ends.
pub fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c.is_control() || find(c).is_some())
}

/// The first invisible character in a text that has been [trimmed](trim). ASCII is not searched, and joiners are
/// allowed, because some scripts and emoji need them.
pub fn find_inside(text: &str) -> Option<char> {
    // Most URLs are ASCII, which has none.
    if text.is_ascii() {
        return None;
    }
    let is_joiner = |c: char| c == ZERO_WIDTH_NON_JOINER || c == ZERO_WIDTH_JOINER;
    text.chars().find(|&c| !c.is_ascii() && !is_joiner(c) && (c.is_whitespace() || find(c).is_some()))
}

/// A character's code point and, if it is an invisible one, its name: `U+200B (zero width space)`.
pub fn name(character: char) -> String {
    let code_point = format!("U+{:04X}", u32::from(character));
    match find(character) {
        Some(name) => format!("{code_point} ({name})"),
        None if character.is_whitespace() => format!("{code_point} (white space)"),
        None => code_point,
    }
}

fn find(character: char) -> Option<&'static str> {
    if character.is_ascii() {
        return None;
    }
    INVISIBLE.iter().find(|(first, last, _)| (*first..=*last).contains(&character)).map(|(_, _, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ranges_are_sorted_and_do_not_overlap() {
        assert!(INVISIBLE.iter().all(|(first, last, _)| first <= last));
        assert!(INVISIBLE.is_sorted_by(|(_, last, _), (first, _, _)| last < first));
    }

    #[test]
    fn both_ends_are_trimmed() {
        assert_eq!(trim("\u{feff} \t\u{202a}a b\u{200b}\u{a0}\r\n"), "a b");
        assert_eq!(trim("❤\u{fe0f}"), "❤\u{fe0f}");
        assert_eq!(trim("\u{200d}"), "");
    }

    #[test]
    fn characters_are_named() {
        assert_eq!(name('\u{a0}'), "U+00A0 (white space)");
        assert_eq!(name('\u{feff}'), "U+FEFF (byte order mark)");
        assert_eq!(name('\u{7f}'), "U+007F");
    }
}
