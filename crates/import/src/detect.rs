//! Finding out the format of a file. Each format needs several signs: names that occur together in no other one.

use std::collections::BTreeSet;
use std::path::Path;

use crate::error::ImportError;
use crate::format::Format;
use crate::input::Input;
use crate::json::{Elements, Shape};
use crate::json_item::JsonItem;
use crate::json_lines::JsonLines;
use crate::sources::{chhoto_sqlite, csv, dynamodb, polr_sql, yourls_sql};
use crate::sql_rows::SqlRows;
use crate::table::{Table, excerpt};

/// How much is read to tell tables, JSON and SQL apart, in bytes.
const HEAD_BYTES: usize = 64 << 10;

/// How many elements of a list are looked at.
const ELEMENTS: usize = 20;

/// All places in which the services have their lists.
const ANY_SHAPE: Shape =
    Shape { containers: &["shortUrls"], lists: &["links", "result", "data", "Items"], named: &["links"] };

/// Finds out the format of a file.
pub(crate) fn detect(path: &Path) -> Result<Format, ImportError> {
    let mut input = Input::open(path)?;
    let head = input.peek(HEAD_BYTES)?;
    let start = head.trim_ascii_start();
    if head.starts_with(chhoto_sqlite::MAGIC) {
        return match chhoto_sqlite::check(path)? {
            Ok(()) => Ok(Format::ChhotoSqlite),
            Err(tables) => unknown(format!("is a database of SQLite with the tables {tables}")),
        };
    }
    if start.is_empty() {
        return unknown("is empty".to_owned());
    }
    if head.starts_with(b"PK\x03\x04") {
        return unknown("is a ZIP archive or a workbook of a spreadsheet: unpack it, or save it as CSV".to_owned());
    }
    if start.starts_with(b"<") {
        return unknown("is HTML or XML".to_owned());
    }
    if head.contains(&0) {
        return unknown("contains zero bytes, so that it is neither text nor a database of SQLite".to_owned());
    }
    if start.starts_with(b"{") || start.starts_with(b"[") {
        return json(path, input);
    }
    match table(input) {
        Ok(Ok(format)) => Ok(format),
        // The first line of a dump can be longer than a row of a table may be.
        Ok(Err(_)) | Err(ImportError::Read { .. }) if is_sql(start) => sql(path),
        Ok(Err(saw)) => unknown(saw),
        Err(error) => Err(error),
    }
}

fn unknown(saw: String) -> Result<Format, ImportError> {
    Err(ImportError::Unknown { saw })
}

/// The one format that fits.
fn one(formats: Vec<Format>, saw: String) -> Result<Format, ImportError> {
    match formats.as_slice() {
        [] => unknown(saw),
        [format] => Ok(*format),
        _ => Err(ImportError::Ambiguous { saw, formats }),
    }
}

/// Whether a text looks like a dump: the beginning of a comment or a statement.
fn is_sql(start: &[u8]) -> bool {
    let starts =
        ["--", "/*", "#", "insert ", "replace ", "create ", "drop ", "set ", "use ", "begin", "start ", "lock "];
    starts.iter().any(|text| start.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text.as_bytes())))
}

/// The format of a table, or what was seen.
fn table(input: Input) -> Result<Result<Format, String>, ImportError> {
    let mut table = Table::open(input)?;
    let saw = format!("begins with the line {}", excerpt(&table.header().written().join(", ")));
    let delimiter = table.delimiter();
    // A line of a hundred kilobytes, or one with an error, is no row of an export.
    let first_value = table.first_row().ok().flatten().and_then(|row| row.text(&["source"]));
    let header = table.header();
    let has = |names: &[&str]| names.iter().all(|name| header.has(&[name]));
    let any = |names: &[&str]| names.iter().any(|name| header.has(&[name]));
    let is = |names: &[&str]| header.names().len() == names.len() && has(names);
    let signs = [
        (Format::FirebaseCsv, has(&["shortlink", "deeplinklink"])),
        (
            Format::DubCsv,
            has(&["shortlink", "destinationurl"]) && any(&["clicks", "createdat", "linkid", "leads", "archived"]),
        ),
        (Format::TinyccCsv, is(&["longurl", "shorturl"]) && delimiter == b';'),
        (Format::YourlsCsv, is(&["source", "target", "hits"]) && first_value.is_none_or(|source| source.contains('/'))),
        (Format::ShlinkCsv, has(&["createdat", "shorturl", "longurl"]) && any(&["visits", "tags", "title"])),
        (
            Format::ShlinkImportCsv,
            has(&["longurl", "shortcode"]) && any(&["domain", "tags"]) && !any(&["shorturl", "visits"]),
        ),
        (Format::ShortioCsv, has(&["shorturl", "originalurl"]) && any(&["idstring", "originalpath"])),
        (
            Format::BitlyCsv,
            (has(&["link", "destinationurl"]) && any(&["customlink", "engagements", "datecreated", "status"]))
                || (has(&["bitlink", "longurl"])),
        ),
    ];
    let mut formats: Vec<_> = signs.into_iter().filter(|(_, fits)| *fits).map(|(format, _)| format).collect();
    if formats.is_empty() && header.has(csv::ADDRESS) && header.has(csv::TARGET) {
        formats.push(Format::Csv);
    }
    match one(formats, saw) {
        Ok(format) => Ok(Ok(format)),
        Err(ImportError::Unknown { saw }) => Ok(Err(saw)),
        Err(error) => Err(error),
    }
}

/// The format of a document or of lines of JSON. Only the first elements are read.
fn json(path: &Path, input: Input) -> Result<Format, ImportError> {
    let mut names = BTreeSet::new();
    let mut formats = BTreeSet::new();
    let mut failure = None;
    for element in Elements::read(input, ANY_SHAPE)?.take(ELEMENTS) {
        match element {
            Ok(element) => {
                if let Ok(item) = element.item {
                    look(&item, &mut names, &mut formats);
                }
            }
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    if formats.is_empty() && failure.is_some() {
        // In a file of lines, the first of them may be damaged.
        for item in JsonLines::new(Input::open(path)?).items().take(ELEMENTS) {
            look(&item, &mut names, &mut formats);
        }
    }
    let saw = match (names.is_empty(), failure) {
        (true, Some(error)) => format!("looks like JSON, but {error}"),
        (true, None) => "is JSON without any object".to_owned(),
        (false, _) => {
            let names: Vec<_> = names.into_iter().collect();
            format!("is JSON, whose objects have the fields {}", excerpt(&names.join(", ")))
        }
    };
    one(formats.into_iter().collect(), saw)
}

/// Adds the names of the fields of an element, and the formats that it can be of.
fn look(item: &JsonItem, names: &mut BTreeSet<String>, formats: &mut BTreeSet<Format>) {
    names.extend(item.names().map(str::to_owned));
    let has = |names: &[&str]| item.has(names);
    let any = |names: &[&str]| names.iter().any(|name| item.has(&[name]));
    let signs = [
        (Format::BitlyJson, has(&["id", "link"]) && any(&["custom_bitlinks", "deeplinks", "references"])),
        (Format::YourlsJson, has(&["url", "timestamp", "clicks"]) && any(&["shorturl", "keyword"])),
        (Format::ShlinkJson, has(&["shortCode", "longUrl"]) && any(&["dateCreated", "visitsSummary", "visitsCount"])),
        (Format::KuttJson, has(&["address", "target"]) && any(&["visit_count", "banned"])),
        (Format::DubJson, has(&["domain", "key", "url"]) && any(&["shortLink", "clicks"])),
        (Format::SinkJson, has(&["slug", "url"]) && any(&["createdAt", "updatedAt"])),
        (Format::TinyurlJson, has(&["domain", "alias", "tiny_url"])),
        (Format::ShortioJson, has(&["originalURL", "path"]) && any(&["idString", "shortURL"])),
        (Format::RebrandlyJson, has(&["slashtag", "destination"])),
        (Format::Golink, has(&["Short", "Long"]) && any(&["Created", "LastEdit", "Owner"])),
        (Format::Dynamodb, dynamodb::is_item(item)),
    ];
    formats.extend(signs.into_iter().filter(|(_, fits)| *fits).map(|(format, _)| format));
}

/// The format of a dump: the names of its tables and their columns. All of it is read until the first of these tables.
fn sql(path: &Path) -> Result<Format, ImportError> {
    let is_wanted = |table: &str| yourls_sql::is_wanted(table) || polr_sql::is_wanted(table);
    let mut rows = SqlRows::new(Input::open(path)?, is_wanted);
    let mut tables = BTreeSet::new();
    while let Some(row) = rows.next()? {
        let has = |names: &[&str]| names.iter().all(|name| row.columns.iter().any(|column| column == name));
        let unnamed = |counts: &[usize]| row.columns.is_empty() && counts.contains(&row.values.len());
        let signs = [
            (Format::YourlsSql, row.table.ends_with("url") && (has(&["keyword", "url"]) || unnamed(&[5, 6]))),
            (Format::PolrSql, row.table == "links" && (has(&["short_url", "long_url"]) || unnamed(&[12, 13]))),
        ];
        if let Some((format, _)) = signs.into_iter().find(|(_, fits)| *fits) {
            return Ok(format);
        }
        tables.insert(row.table);
    }
    let tables: Vec<_> = tables.into_iter().collect();
    let tables =
        if tables.is_empty() { "no table of links".to_owned() } else { format!("the tables {}", tables.join(", ")) };
    unknown(format!("is a dump of a database that inserts rows into {tables}"))
}
