//! A JSON document on one line, for programs.

use serde::Serialize;

use super::safe_text::is_unsafe;
use crate::error::CliError;

/// The document on one line. Characters that would control a terminal are escaped, as JSON allows.
///
/// # Errors
///
/// [`CliError::Json`], which the documents of this program do not cause.
pub fn to_line(document: &impl Serialize) -> Result<String, CliError> {
    let text = serde_json::to_string(document).map_err(CliError::Json)?;
    if !text.chars().any(is_unsafe) {
        return Ok(text);
    }
    // They occur within strings only, and none of them is outside the basic plane.
    let escape = |character: char| match is_unsafe(character) {
        true => format!("\\u{:04x}", u32::from(character)),
        false => character.to_string(),
    };
    Ok(text.chars().map(escape).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_escaped_and_read_back() {
        let text = "a\u{1b}[0m\u{9b}\u{7f}\u{202e}é";
        let line = to_line(&[text]).expect("JSON");
        assert_eq!(line, r#"["a\u001b[0m\u009b\u007f\u202eé"]"#);
        assert_eq!(serde_json::from_str::<Vec<String>>(&line).expect("JSON"), [text]);
    }
}
