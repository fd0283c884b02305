//! Opening a source as a format.

use std::path::Path;

use crate::error::ImportError;
use crate::format::Format;
use crate::input::Input;
use crate::json::{Elements, Shape};
use crate::json_item::JsonItem;
use crate::json_lines::{JsonLines, object};
use crate::link::Row;
use crate::source::{Source, Warnings};
use crate::sources::{
    bitly_csv, bitly_json, chhoto_sqlite, csv, dub_csv, dub_json, dynamodb, firebase_csv, golink, kutt_json, polr_sql,
    rebrandly_json, shlink_csv, shlink_import_csv, shlink_json, shortio_csv, shortio_json, sink_json, tinycc_csv,
    tinyurl_json, yourls_csv, yourls_json, yourls_sql,
};
use crate::table::{Table, TableRow};

/// How much is read to find out whether items of DynamoDB are one a line, in bytes.
const FIRST_LINE_BYTES: usize = 1 << 20;

/// Opens a file of a format that is not that of a stream.
pub(crate) fn file(path: &Path) -> Result<Source, ImportError> {
    let warnings = Warnings::default();
    let rows = chhoto_sqlite::rows(path, warnings.clone())?;
    Ok(Source::new(Format::ChhotoSqlite, warnings, rows))
}

/// Opens a stream.
pub(crate) fn stream(input: Input, format: Format) -> Result<Source, ImportError> {
    match format {
        Format::Csv => table(input, format, csv::COLUMNS, csv::read),
        Format::BitlyCsv => table(input, format, bitly_csv::COLUMNS, bitly_csv::read),
        Format::YourlsCsv => table(input, format, yourls_csv::COLUMNS, yourls_csv::read),
        Format::ShlinkCsv => {
            input.warnings.add(shlink_csv::WARNING);
            table(input, format, shlink_csv::COLUMNS, shlink_csv::read)
        }
        Format::ShlinkImportCsv => table(input, format, shlink_import_csv::COLUMNS, shlink_import_csv::read),
        Format::DubCsv => {
            input.warnings.add(dub_csv::WARNING);
            table(input, format, dub_csv::COLUMNS, dub_csv::read)
        }
        Format::ShortioCsv => {
            input.warnings.add(shortio_csv::WARNING);
            table(input, format, shortio_csv::COLUMNS, shortio_csv::read)
        }
        Format::FirebaseCsv => table(input, format, firebase_csv::COLUMNS, firebase_csv::read),
        Format::TinyccCsv => table(input, format, tinycc_csv::COLUMNS, tinycc_csv::read),
        Format::BitlyJson => documents(input, format, bitly_json::SHAPE, bitly_json::read),
        Format::YourlsJson => {
            let read = yourls_json::reader(input.warnings.clone());
            documents(input, format, yourls_json::SHAPE, read)
        }
        Format::ShlinkJson => documents(input, format, shlink_json::SHAPE, shlink_json::read),
        Format::KuttJson => documents(input, format, kutt_json::SHAPE, kutt_json::read),
        Format::DubJson => documents(input, format, dub_json::SHAPE, dub_json::read),
        Format::SinkJson => documents(input, format, sink_json::SHAPE, sink_json::read),
        Format::TinyurlJson => documents(input, format, tinyurl_json::SHAPE, tinyurl_json::read),
        Format::ShortioJson => documents(input, format, shortio_json::SHAPE, shortio_json::read),
        Format::RebrandlyJson => documents(input, format, rebrandly_json::SHAPE, rebrandly_json::read),
        Format::Dynamodb => items(input),
        Format::Golink => {
            let warnings = input.warnings.clone();
            Ok(Source::new(format, warnings, JsonLines::new(input).rows(golink::read)))
        }
        Format::YourlsSql => {
            let warnings = input.warnings.clone();
            Ok(Source::new(format, warnings, yourls_sql::rows(input)))
        }
        Format::PolrSql => {
            let warnings = input.warnings.clone();
            Ok(Source::new(format, warnings, polr_sql::rows(input)))
        }
        Format::ChhotoSqlite => {
            let reason = "a database of SQLite is a file and cannot be read from a stream".to_owned();
            Err(ImportError::NotOfFormat { format, reason })
        }
    }
}

fn table(
    input: Input,
    format: Format,
    columns: &[&[&str]],
    read: fn(&mut TableRow) -> Vec<Row>,
) -> Result<Source, ImportError> {
    let warnings = input.warnings.clone();
    let table = Table::open(input)?;
    table.require(format, columns)?;
    Ok(Source::new(format, warnings, table.rows(read)))
}

fn documents(
    input: Input,
    format: Format,
    shape: Shape,
    read: impl FnMut(&JsonItem, &str) -> Vec<Row> + Send + 'static,
) -> Result<Source, ImportError> {
    let warnings = input.warnings.clone();
    Ok(Source::new(format, warnings, Elements::read(input, shape)?.rows(read)))
}

/// Items of DynamoDB: one a line, if the first line is a whole item, or else documents.
fn items(mut input: Input) -> Result<Source, ImportError> {
    let head = input.peek(FIRST_LINE_BYTES)?;
    let first_line = head.trim_ascii_start().split(|&byte| byte == b'\n').next().unwrap_or_default();
    let is_item = object(first_line, &Warnings::default()).is_some_and(|item| !item.has(&["Items"]));
    if !is_item {
        return documents(input, Format::Dynamodb, dynamodb::SHAPE, dynamodb::read);
    }
    let warnings = input.warnings.clone();
    Ok(Source::new(Format::Dynamodb, warnings, JsonLines::new(input).rows(dynamodb::read)))
}
