//! The fields `title`, `tags` and `note`, parsed and checked.

use shortlink_core::domain::labels::{LabelError, LabelText, Tags};
use shortlink_core::http::problem::{Problem, ProblemKind};

use crate::body::Value;

/// Parses a title. A null or an empty text is none.
///
/// # Errors
///
/// The field has the wrong type or an invalid value.
pub(crate) fn parse_title(value: &Value) -> Result<Option<LabelText>, Problem> {
    parse_text("title", value, LabelText::parse_title)
}

/// Parses a note. A null or an empty text is none.
///
/// # Errors
///
/// The field has the wrong type or an invalid value.
pub(crate) fn parse_note(value: &Value) -> Result<Option<LabelText>, Problem> {
    parse_text("note", value, LabelText::parse_note)
}

/// Parses tags. Forms have no lists, so a text is read as tags that are separated by commas.
///
/// # Errors
///
/// The field has the wrong type or an invalid value.
pub(crate) fn parse_tags(value: &Value) -> Result<Tags, Problem> {
    let tags = match value {
        Value::Null => Ok(Tags::default()),
        Value::Texts(tags) => Tags::parse(tags.iter().map(String::as_str)),
        Value::Text(tags) => Tags::parse(tags.split(',').map(str::trim).filter(|tag| !tag.is_empty())),
        _ => {
            let reason = "must be a list of strings, such as [\"spring\", \"sale\"]";
            return Err(Problem::with_field(ProblemKind::InvalidBody, "tags", reason));
        }
    };
    tags.map_err(|error| invalid("tags", &error))
}

fn parse_text(
    field: &'static str,
    value: &Value,
    parse: impl FnOnce(&str) -> Result<Option<LabelText>, LabelError>,
) -> Result<Option<LabelText>, Problem> {
    match value {
        Value::Null => Ok(None),
        Value::Text(text) => parse(text).map_err(|error| invalid(field, &error)),
        _ => Err(Problem::with_field(ProblemKind::InvalidBody, field, "must be a string")),
    }
}

fn invalid(field: &'static str, error: &LabelError) -> Problem {
    Problem::with_field(ProblemKind::InvalidLabel, field, error.to_string())
}
