//! Links as a table for spreadsheets (CSV). It cannot be restored: it has no histories, keys and secrets, and texts are guarded.

use std::io::Write;

use serde_json::Value;
use shortlink_core::domain::clock::Timestamp;
use shortlink_core::dynamodb::items::attribute;
use shortlink_core::dynamodb::visit_items;

use super::error::ExportError;
use super::spool::Spool;

/// The columns. The last one has no values; it says what the table is not.
const COLUMNS: [&str; 14] = [
    "code",
    "url",
    "created_at",
    "expires_at",
    "withdrawn_at",
    "blocked_at",
    "changed_at",
    "owner",
    "title",
    "tags",
    "note",
    "visits",
    "last_visit_at",
    "for spreadsheets only: cannot be restored",
];

/// Writes the links of a spool, and returns their number. `to_error` makes an error of one in the output.
pub(super) fn write(
    spool: &Spool,
    output: impl Write,
    to_error: impl Fn(std::io::Error) -> ExportError,
) -> Result<u64, ExportError> {
    let to_error = |error: csv::Error| {
        to_error(match error.into_kind() {
            csv::ErrorKind::Io(error) => error,
            other => std::io::Error::other(format!("{other:?}")),
        })
    };
    let (mut table, mut links) = (csv::Writer::from_writer(output), 0);
    table.write_record(COLUMNS).map_err(to_error)?;
    spool.for_each(|line| {
        let item: Value = serde_json::from_str(line).unwrap_or_default();
        let code = text(&item, attribute::CODE, "S");
        if code.contains('#') || text(&item, attribute::TARGET, "S").is_empty() {
            return Ok(());
        }
        let visits = spool.line(&format!("visits#{code}"))?.unwrap_or_default();
        let visits: Value = serde_json::from_str(&visits).unwrap_or_default();
        let tags = item.pointer(&format!("/Item/{}/SS", attribute::TAGS)).and_then(Value::as_array);
        let tags: Vec<_> = tags.into_iter().flatten().filter_map(Value::as_str).collect();
        let record = [
            code,
            text(&item, attribute::TARGET, "S"),
            &instant(&item, attribute::CREATED_AT),
            &instant(&item, attribute::EXPIRES_AT),
            &instant(&item, attribute::WITHDRAWN_AT),
            &instant(&item, attribute::BLOCKED_AT),
            &instant(&item, attribute::CHANGED_AT),
            text(&item, attribute::OWNER, "S"),
            text(&item, attribute::TITLE, "S"),
            &tags.join(", "),
            text(&item, attribute::NOTE, "S"),
            text(&visits, visit_items::attribute::HITS, "N"),
            &instant(&visits, visit_items::attribute::LAST_HIT_AT),
            "",
        ];
        links += 1;
        table.write_record(record.map(guarded)).map_err(to_error)
    })?;
    table.flush().map_err(|error| to_error(error.into()))?;
    Ok(links)
}

/// The value of an attribute of an item's line; empty if it has none of this type.
fn text<'a>(line: &'a Value, name: &str, kind: &str) -> &'a str {
    line.pointer(&format!("/Item/{name}/{kind}")).and_then(Value::as_str).unwrap_or_default()
}

/// An instant as RFC 3339; empty if there is none.
fn instant(line: &Value, name: &str) -> String {
    let seconds = text(line, name, "N").parse().ok();
    seconds.and_then(Timestamp::from_unix).map(|instant| instant.to_string()).unwrap_or_default()
}

/// The text with a `'` in front if a spreadsheet would take it for a formula.
fn guarded(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_guarded() {
        for (text, expected) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(guarded(text), expected);
        }
    }
}
