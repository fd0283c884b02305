//! Text from the table or the network, as it is shown to people. Strangers choose targets, labels and names of programs, so
//! characters that control a terminal, break a line or turn the direction of writing are shown as `\u{1b}`.

/// The text with such characters escaped.
pub fn safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unsafe(character) {
            safe.extend(character.escape_unicode());
        } else {
            safe.push(character);
        }
    }
    safe
}

/// Whether a character controls the terminal, breaks a line, turns the direction of writing, or is invisible.
pub(super) fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || character == '\u{feff}'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_not_controlled() {
        assert_eq!(safe("é \u{1f600} a\u{1b}[31m\r\n"), "é \u{1f600} a\\u{1b}[31m\\u{d}\\u{a}");
        for character in ['\u{7f}', '\u{9b}', '\u{202e}', '\u{2066}', '\u{2028}', '\u{feff}', '\0'] {
            assert!(safe(&character.to_string()).starts_with("\\u{"), "{character:?}");
        }
    }
}
