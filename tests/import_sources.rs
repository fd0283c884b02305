//! The exports of other shorteners: each file of `tests/import` as `shortlink-import` reads it.
//!
//! The files are synthetic, in the shape that each service writes, with the traps of each.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use insta::assert_snapshot;
use proptest::prelude::*;
use proptest::test_runner::Config;
use rusqlite::Connection;
use shortlink_import::{Format, ImportError, Outcome, Row, Source, detect, open, read};
use tempfile::TempDir;

/// Each file of `tests/import`, and its format.
const FILES: &[(&str, Format)] = &[
    ("generic.csv", Format::Csv),
    ("latin1.tsv", Format::Csv),
    ("utf16.tsv", Format::Csv),
    ("excel.csv", Format::Csv),
    ("bitly.json", Format::BitlyJson),
    ("bitly.csv", Format::BitlyCsv),
    ("yourls.sql", Format::YourlsSql),
    ("yourls-five-columns.sql", Format::YourlsSql),
    ("yourls.json", Format::YourlsJson),
    ("yourls-list.json", Format::YourlsJson),
    ("yourls.csv", Format::YourlsCsv),
    ("shlink.csv", Format::ShlinkCsv),
    ("shlink-2022.csv", Format::ShlinkCsv),
    ("shlink.json", Format::ShlinkJson),
    ("shlink-import.csv", Format::ShlinkImportCsv),
    ("kutt.json", Format::KuttJson),
    ("dub.csv", Format::DubCsv),
    ("dub.json", Format::DubJson),
    ("sink.json", Format::SinkJson),
    ("polr.sql", Format::PolrSql),
    ("tinyurl.json", Format::TinyurlJson),
    ("shortio.csv", Format::ShortioCsv),
    ("shortio-words.csv", Format::ShortioCsv),
    ("shortio.json", Format::ShortioJson),
    ("rebrandly.json", Format::RebrandlyJson),
    ("golink.json", Format::Golink),
    ("firebase.csv", Format::FirebaseCsv),
    ("tinycc.csv", Format::TinyccCsv),
    ("dynamodb-scan.json", Format::Dynamodb),
    ("dynamodb-export.json", Format::Dynamodb),
];

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("import").join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(file(name)).expect("a file")
}

/// A row in one line: what a link has, but for what most links have not.
fn show(row: &Row) -> String {
    let mut line = format!("{}: ", row.position);
    let link = match &row.outcome {
        Outcome::Unreadable { code, reason } => {
            let code = code.as_deref().unwrap_or("?");
            return format!("{line}{code:?} UNREADABLE {reason}");
        }
        Outcome::Link(link) => link,
    };
    write!(line, "{:?} -> {:?}", link.code, link.target).expect("a text");
    let mut field = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            write!(line, " {name}={value}").expect("a text");
        }
    };
    let text = |text: &Option<String>| text.as_ref().map(|text| format!("{text:?}"));
    field("created", link.created_at.map(|at| at.to_string()));
    field("expires", link.expires_at.map(|at| at.to_string()));
    field("visits", link.visits.map(|visits| visits.to_string()));
    field("owner", text(&link.owner));
    field("title", text(&link.title));
    field("tags", (!link.tags.is_empty()).then(|| format!("{:?}", link.tags)));
    field("note", text(&link.note));
    field("domain", text(&link.domain));
    field("withdrawn", link.withdrawn.then(|| "yes".to_owned()));
    field("password", link.has_password.then(|| "yes".to_owned()));
    field("ignores-case", link.codes_ignore_case.then(|| "yes".to_owned()));
    for sentence in &link.not_carried {
        write!(line, "\n  NOT CARRIED {sentence}").expect("a text");
    }
    line
}

/// All rows of a source, an error if there is one, and the warnings.
fn show_all(mut source: Source) -> String {
    let mut lines: Vec<_> =
        source.by_ref().map(|row| row.map_or_else(|e| format!("ERROR {e}"), |row| show(&row))).collect();
    lines.extend(source.warnings().into_iter().map(|warning| format!("WARNING {warning}")));
    lines.join("\n")
}

/// All rows of a file, whose format is detected.
fn rows(name: &str) -> String {
    let format = detect(&file(name)).expect("a format");
    show_all(open(&file(name), format).expect("a source"))
}

fn read_bytes(bytes: impl Into<Vec<u8>>, format: Format) -> Result<Source, ImportError> {
    read(io::Cursor::new(bytes.into()), format)
}

/// A file with this content, in a folder that is removed afterwards.
fn written(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("export");
    std::fs::write(&path, bytes).expect("a file");
    (folder, path)
}

fn detect_bytes(bytes: &[u8]) -> Result<Format, ImportError> {
    let (_folder, path) = written(bytes);
    detect(&path)
}

#[test]
fn generic_tables_are_read_with_their_traps() {
    assert_snapshot!(rows("generic.csv"), @r#"
    line 2: "summer" -> "https://example.com/summer?a=1&b=2" created=1714543200 expires=1893456000 visits=1234567 owner="anna" title="Summer; \"hot\"\r\nand long" tags=["sale", "summer"] note="seen on posters"
    line 4: "1" -> "https://example.org/one" visits=1234
    line 6: "old" -> "https://example.com/old" created=1577836799 expires=1577836800 visits=12 tags=["a", "b"] withdrawn=yes
    line 7: "?" UNREADABLE it has no code
    line 8: "nothing" UNREADABLE it has no target
    line 9: "us" -> "https://example.com/us"
      NOT CARRIED the time of its creation cannot be read: 05/01/2024
      NOT CARRIED its status there is paused
    line 10: "end" UNREADABLE the time at which the link ends cannot be read: 01/02/2030
    line 11: "?" UNREADABLE it has 14 values where the header has 13, so that a value with a semicolon in it is probably not in quotes
    line 12: "secret" -> "https://example.com/secret" password=yes
      NOT CARRIED it is in the archive there, and here it is a link as any other
    "#);
    assert_snapshot!(rows("latin1.tsv"), @r#"
    line 2: "cafe" -> "https://example.com/café" visits=1234 title="Café € Crème"
    line 3: "plain" -> "https://example.com/plain" visits=5 title="Plain"
    WARNING the file is not wholly in UTF-8: the other texts were read as Windows-1252 (Latin-1), so look at letters with accents
    "#);
    assert_snapshot!(rows("utf16.tsv"), @r#"
    line 2: "a/b" -> "https://example.com/" title="Žluťoučký 🦀" domain="s.example"
    line 3: "c" -> "https://example.org/" domain="s.example"
    "#);
    assert_snapshot!(rows("excel.csv"), @r#"
    line 3: "a-b_c" -> "https://example.com/1" domain="go.example.com" withdrawn=yes
    line 4: "d" -> "https://example.com/2" domain="go.example.com"
    "#);
}

#[test]
fn bitly_json_is_read_with_its_traps() {
    assert_snapshot!(rows("bitly.json"), @r#"
    links[0]: "3aBcDeF" -> "https://example.com/sale?utm_source=bitly" created=1603732840 owner="anna" title="Summer\tsale\r\nfor \"all\" \u{1}" tags=["sale", "summer"] domain="bit.ly"
    links[0].custom_bitlinks[0]: "summer-sale" -> "https://example.com/sale?utm_source=bitly" created=1603732840 owner="anna" title="Summer\tsale\r\nfor \"all\" \u{1}" tags=["sale", "summer"] domain="bit.ly"
    links[0].custom_bitlinks[1]: "sale" -> "https://example.com/sale?utm_source=bitly" created=1603732840 owner="anna" title="Summer\tsale\r\nfor \"all\" \u{1}" tags=["sale", "summer"] domain="go.example.com"
    links[1]: "2old" -> "https://example.com/old" created=1546297200 domain="bit.ly"
      NOT CARRIED it is in the archive there, and here it is a link as any other
      NOT CARRIED it opens an app on phones there
    links[2]: "nolong" UNREADABLE it has no target
    links[2].custom_bitlinks[0]: "nolong2" UNREADABLE it has no target
    page 2: links[0]: "gone" -> "https://example.com/gone" created=1643767322 title="Half of a pair �" domain="go.example.com" withdrawn=yes
    page 2: links[1]: "?" UNREADABLE it is not an object
    "#);
}

#[test]
fn bitly_csv_is_read_with_its_traps() {
    assert_snapshot!(rows("bitly.csv"), @r#"
    line 2: "3aBcDeF" -> "https://example.com/sale" created=1603732840 visits=12345 title="Summer\nsale" domain="bit.ly"
    line 2: "sale" -> "https://example.com/sale" created=1603732840 visits=12345 title="Summer\nsale" domain="go.example.com"
    line 4: "2old" -> "https://example.com/old" created=1546300800 visits=7 domain="bit.ly" withdrawn=yes
    line 5: "3arch" -> "https://example.com/arch" created=1588655105 visits=0 title="=SUM(1)" domain="bit.ly"
      NOT CARRIED it is in the archive there, and here it is a link as any other
    line 6: "nolong" UNREADABLE it has no target
    "#);
}

#[test]
fn yourls_sql_is_read_with_its_traps() {
    assert_snapshot!(rows("yourls.sql"), @r#"
    line 37, row 1: "1" -> "https://example.com/one" created=1603732840 visits=12 title="It's \"one\""
    line 37, row 2: "abc" -> "https://example.org/a?b=(1,2);c=\\d" visits=0
    line 39, row 3: "2" -> "https://example.com/two" created=1609459200 visits=1234 title="It's two -- not a comment"
    line 40, row 4: "three" -> "https://example.com/three" created=1609545600 visits=3 title="CafÃ© three"
    line 41, row 5: "?" UNREADABLE a value is an expression and not a text or a number
    line 44, row 6: "five" -> "https://example.com/five" visits=5 title="5"
    line 45, row 7: "?" UNREADABLE it has 2 values where the table has 4 columns
    WARNING the times in this file have no time zone and were read as UTC; some servers write their local time
    "#);
    assert_snapshot!(rows("yourls-five-columns.sql"), @r#"
    line 2, row 1: "1" -> "https://example.com/café" created=1330837567 visits=7 title="Café"
    line 3, row 2: "a" -> "https://example.com/a" created=1330837568 visits=8
    line 5, row 3: "?" UNREADABLE it has 3 values, where links of YOURLS have 6, or 5 without the address
    WARNING the file is not wholly in UTF-8: the other texts were read as Windows-1252 (Latin-1), so look at letters with accents
    WARNING the plugin Expiry ends links at this YOURLS; its table is not read, so that these links never end here
    WARNING the times in this file have no time zone and were read as UTC; some servers write their local time
    "#);
}

#[test]
fn yourls_json_is_read_with_its_traps() {
    assert_snapshot!(rows("yourls.json"), @r#"
    links.link_1: "1" -> "https://example.com/one" created=1603732840 visits=12 title="One" domain="s.example"
    links.link_2: "Abc" -> "https://example.org/" created=1609459200 visits=0 domain="s.example"
    page 2: links.link_2: "three" -> "https://example.com/three" created=1609545600 visits=3 title="T" domain="s.example"
    page 4: document: "?" UNREADABLE it is an error of YOURLS: Please log in
    WARNING the times in this file have no time zone and were read as UTC; some servers write their local time
    "#);
    assert_snapshot!(rows("yourls-list.json"), @r#"
    result[0]: "1" -> "https://example.com/one" created=1603732840 visits=12 title="One"
    result[1]: "b" -> "https://example.com/b" created=1603732841 visits=0
    WARNING the times in this file have no time zone and were read as UTC; some servers write their local time
    "#);
}

#[test]
fn yourls_csv_is_read_with_its_traps() {
    assert_snapshot!(rows("yourls.csv"), @r#"
    line 2: "1" -> "https://example.com/one" visits=12
    line 3: "abc" -> "https://example.org/?q=a,b&r=\"c\"" visits=0
    line 4: "broken" UNREADABLE it is a part of a row, because the plugin does not put values with line breaks in quotes
    line 5: "ken" UNREADABLE it is a part of a row, because the plugin does not put values with line breaks in quotes
    line 6: "last" -> "https://example.com/last" visits=1234567
    "#);
}

#[test]
fn shlink_csv_is_read_with_its_traps() {
    assert_snapshot!(rows("shlink.csv"), @r#"
    line 2: "team/docs" -> "https://example.com/docs" created=1683349689 visits=1234 title="The docs, all of them" tags=["docs", "team"] domain="s.example"
    line 3: "x" -> "https://example.com/x" created=1683356889 visits=0 domain="s.example"
    WARNING this table does not say when links end: read the pages of Shlink's API (shlink-json) instead
    "#);
    assert_snapshot!(rows("shlink-2022.csv"), @r#"
    line 2: "team/docs" -> "https://example.com/docs" created=1651820889 visits=12 title="Docs" tags=["docs", "team"] domain="s.example"
    WARNING this table does not say when links end: read the pages of Shlink's API (shlink-json) instead
    "#);
}

#[test]
fn shlink_json_is_read_with_its_traps() {
    assert_snapshot!(rows("shlink.json"), @r#"
    data[0]: "abc" -> "https://example.com/abc" created=1683349689 visits=12 title="A title" tags=["a", "b"] domain="s.example"
    data[1]: "rules" -> "https://example.com/rules" created=1683349689 expires=1924988400 visits=12 domain="go.example.com"
      NOT CARRIED it redirects there from 2030-01-01T00:00:00+00:00 on, and here at once
      NOT CARRIED it ends there after a number of visits, and here it does not
      NOT CARRIED it has other targets there for some visitors (by device, country or chance), and here one for all
    page 2: data[0]: "old/one" -> "https://example.com/old" created=1683349689 visits=7 domain="s.example"
    page 2: data[1]: "nolong" UNREADABLE it has no target
    "#);
}

#[test]
fn shlink_import_csv_is_read_with_its_traps() {
    assert_snapshot!(rows("shlink-import.csv"), @r#"
    line 2: "a" -> "https://example.com/a" title="A; B" tags=["one", "two"] domain="go.example.com"
    line 3: "b" -> "https://example.com/b"
    "#);
}

#[test]
fn kutt_json_is_read_with_its_traps() {
    assert_snapshot!(rows("kutt.json"), @r#"
    data[0]: "a" -> "https://example.com/a" created=1603732840 visits=3 note="A note" domain="kutt.example"
    data[1]: "sqlite" -> "https://example.com/sqlite" created=1603732840 expires=1893456000 visits=3 domain="kutt.example"
    data[2]: "locked" -> "https://example.com/locked" created=1603732840 expires=1893456000 visits=3 domain="go.example.com" password=yes
    data[3]: "bad" -> "https://example.com/bad" created=1603732840 visits=3 domain="kutt.example" withdrawn=yes
    "#);
}

#[test]
fn dub_csv_is_read_with_its_traps() {
    assert_snapshot!(rows("dub.csv"), @r#"
    line 2: "Sale" -> "https://example.com/sale?x=1" created=1714979289 visits=1234 tags=["a", "b"] domain="go.example.com" ignores-case=yes
    line 3: "café/🦀" -> "https://example.com/cafe" created=1714979289 visits=0 tags=["=SUM(A1)"] domain="go.example.com" ignores-case=yes
      NOT CARRIED it is in the archive there, and here it is a link as any other
    line 4: "_root" UNREADABLE it is the page of the domain itself, which has no code
    line 5: "minus" -> "@example.com" visits=0 tags=["+one", "'two"] domain="go.example.com" ignores-case=yes
      NOT CARRIED the time of its creation cannot be read: -1
    WARNING this table does not say when links end, nor which are disabled or have a password: read the pages of Dub's API (dub-json) instead
    "#);
}

#[test]
fn dub_json_is_read_with_its_traps() {
    assert_snapshot!(rows("dub.json"), @r#"
    [0]: "Sale" -> "https://example.com/sale?utm_source=dub" created=1714979289 visits=1234 title="Sale" tags=["a", "b"] note="for the fair" domain="go.example.com" ignores-case=yes
    [1]: "arch/ive.d" -> "https://example.com/archived" created=1714979289 expires=1893456000 visits=0 domain="go.example.com" ignores-case=yes
      NOT CARRIED it is in the archive there, and here it is a link as any other
      NOT CARRIED it leads to another target there once it has ended, and here to none
    page 2: [0]: "off" -> "https://example.com/off" created=1714979289 visits=0 domain="go.example.com" withdrawn=yes password=yes ignores-case=yes
      NOT CARRIED it shows its target in a frame there, and here it redirects
      NOT CARRIED it has other targets there for some visitors (by device, country or chance), and here one for all
    page 2: [1]: "_root" UNREADABLE it is the page of the domain itself, which has no code
    "#);
}

#[test]
fn sink_json_is_read_with_its_traps() {
    assert_snapshot!(rows("sink.json"), @r#"
    links[0]: "a" -> "https://example.com/a" created=1603732840 expires=1893456000 title="A" tags=["x"] note="A note" ignores-case=yes
    links[1]: "b-2" -> "https://example.com/b" created=1603732840 ignores-case=yes
      NOT CARRIED it shows its target in a frame there, and here it redirects
      NOT CARRIED it has other targets there for some visitors (by device, country or chance), and here one for all
    links[2]: "CamelCase" -> "https://example.com/c" created=1603732840 password=yes
    "#);
}

#[test]
fn polr_sql_is_read_with_its_traps() {
    assert_snapshot!(rows("polr.sql"), @r#"
    line 25, row 1: "0" -> "https://example.com/zero" created=1451703845 visits=12 owner="admin"
    line 26, row 2: "hidden" UNREADABLE it is a secret link: its short URL ends with a key after the code, which is not possible here
    line 27, row 3: "off" -> "https://example.com/off" withdrawn=yes
    line 28, row 4: "dumped" -> "https://example.com/dumped" created=1451703845 visits=7 owner="anna"
    WARNING the times in this file have no time zone and were read as UTC; some servers write their local time
    "#);
}

#[test]
fn tinyurl_json_is_read_with_its_traps() {
    assert_snapshot!(rows("tinyurl.json"), @r#"
    data[0]: "yx3abc" -> "https://example.com/a" created=1603732840 visits=12 tags=["a"] note="A note" domain="tinyurl.com"
    data[1]: "a-very-long-alias-of-30-letters" -> "https://example.com/b" created=1603732840 expires=1893456000 domain="go.example.com" withdrawn=yes
      NOT CARRIED it is in the archive there, and here it is a link as any other
    data[2]: "bare" UNREADABLE it has no target; ask TinyURL for it at /alias/{domain}/{alias}
    page 2: data: "single" -> "https://example.com/single" domain="tinyurl.com"
    "#);
}

#[test]
fn shortio_csv_is_read_with_its_traps() {
    assert_snapshot!(rows("shortio.csv"), @r#"
    line 2: "abc" -> "https://example.com/abc" created=1603732840 visits=1234 owner="anna@example.com" title="A \"title\"" tags=["a", "b"] domain="s.example"
    line 3: "?" UNREADABLE it is the page of the domain itself, which has no code
    line 4: "ends" -> "https://example.com/ends" created=1603732840 expires=1893456000 visits=0 domain="s.example"
    WARNING this table does not say which links have a password: read the pages of Short.io's API (shortio-json) instead
    "#);
    assert_snapshot!(rows("shortio-words.csv"), @r#"
    line 2: "abc" -> "https://example.com/abc" created=1603732840 visits=1234 owner="anna" title="A" tags=["a"] domain="s.example"
    WARNING this table does not say which links have a password: read the pages of Short.io's API (shortio-json) instead
    "#);
}

#[test]
fn shortio_json_is_read_with_its_traps() {
    assert_snapshot!(rows("shortio.json"), @r#"
    links[0]: "abc" -> "https://example.com/abc" created=1603732840 title="A" tags=["a", "b"] domain="s.example"
    links[1]: "?" UNREADABLE it is the page of the domain itself, which has no code
    links[2]: "ends" -> "https://example.com/ends" created=1603732840 expires=1893456000 domain="s.example" password=yes
      NOT CARRIED it is in the archive there, and here it is a link as any other
      NOT CARRIED it leads to another target there once it has ended, and here to none
      NOT CARRIED it ends there after a number of visits, and here it does not
      NOT CARRIED it shows its target in a frame there, and here it redirects
      NOT CARRIED it has other targets there for some visitors (by device, country or chance), and here one for all
    "#);
}

#[test]
fn rebrandly_json_is_read_with_its_traps() {
    assert_snapshot!(rows("rebrandly.json"), @r#"
    [0]: "a" -> "https://example.com/a" created=1603732840 visits=12 owner="Anna Example" title="A" note="A note" domain="go.example.com"
    [1]: "b" -> "https://example.com/b" created=1603732840 visits=0 domain="rebrand.ly"
      NOT CARRIED its status there is inactive
    "#);
}

#[test]
fn golink_is_read_with_its_traps() {
    assert_snapshot!(rows("golink.json"), @r#"
    line 1: "docs" -> "https://example.com/docs" created=1655489143 owner="anna@example.com" ignores-case=yes
    line 2: "Meet-ing" -> "http://meet/" ignores-case=yes
      NOT CARRIED its name can also be written without hyphens there
    line 3: "search" UNREADABLE its target is a template of Go ({{), which depends on what follows the name in the path
    line 4: "alias" UNREADABLE its target is relative to another link there
    line 5: "?" UNREADABLE the line is not an object of JSON
    line 6: "last" -> "https://example.com/last" created=1655489143 owner="bob@example.com" ignores-case=yes
    "#);
}

#[test]
fn firebase_csv_is_read_with_its_traps() {
    assert_snapshot!(rows("firebase.csv"), @r#"
    line 2: "abc" -> "https://example.com/welcome" title="Welcome" domain="example.page.link"
      NOT CARRIED it opens apps or has other values there (Android package name (apn), iOS bundle ID (ibi))
    line 3: "Xy12" -> "https://example.com/plain" domain="example.page.link"
    line 4: "nolink" UNREADABLE it has no target
    "#);
}

#[test]
fn tinycc_csv_is_read_with_its_traps() {
    assert_snapshot!(rows("tinycc.csv"), @r#"
    line 2: "abc" -> "https://example.com/?a=1;b=2" domain="tiny.cc"
    line 3: "x-y" -> "https://example.com/b" domain="go.example.com"
    "#);
}

#[test]
fn dynamodb_is_read_with_its_traps() {
    assert_snapshot!(rows("dynamodb-scan.json"), @r#"
    Items[0]: "abc123" -> "https://example.com/a" expires=1893456000
    Items[1]: "forever" -> "https://example.com/b"
    Items[2]: "old" -> "https://example.com/old" expires=1500000000
    Items[3]: "nourl" UNREADABLE it has no target
    "#);
    assert_snapshot!(rows("dynamodb-export.json"), @r#"
    line 1: "a1b2c3" -> "https://example.com/a" created=1603732840 expires=1893456000 visits=12
    line 2: "d4" -> "https://example.org/b" created=1603732840 expires=1893456000 visits=0
    line 3: "?" UNREADABLE the line is not an object of JSON
    line 4: "?" UNREADABLE it has no code
    "#);
}

/// Creates a database of chhoto-url with a write-ahead log that has not been written to the file. The connection keeps
/// it so.
fn chhoto(path: &Path, columns: &str, rows: &str) -> Connection {
    let connection = Connection::open(path).expect("a database");
    connection
        .execute_batch(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE urls ({columns}); INSERT INTO urls {rows};"
        ))
        .expect("rows");
    connection
}

const CHHOTO_COLUMNS: &str = "id INTEGER PRIMARY KEY, long_url TEXT NOT NULL, short_url TEXT NOT NULL, hits INTEGER NOT NULL, \
                              expiry_time INTEGER, notes TEXT";
const CHHOTO_ROWS: &str = "VALUES (1, 'https://example.com/a', 'a', 12, 0, NULL), (3, 'https://example.com/b', 'b-b', 0, NULL, 'A note'), \
                           (7, 'magnet:?xt=1', 'magnet', 1, 1893456000, ''), (8, '', 'empty', 0, 0, NULL), \
                           (9, CAST(X'68747470733A2F2F6578616D706C652E636F6D2FE9' AS TEXT), 'latin', 'many', 'soon', NULL), \
                           (10, 'https://example.com/c', 'c', -1, 1600000000, NULL)";

#[test]
fn chhoto_sqlite_is_read_with_its_write_ahead_log() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("urls.sqlite");
    let connection = chhoto(&path, CHHOTO_COLUMNS, CHHOTO_ROWS);
    let wal = folder.path().join("urls.sqlite-wal");
    let before = [std::fs::read(&path).expect("a file"), std::fs::read(&wal).expect("a log")];
    assert!(before[1].len() > 4096, "the rows are in the log");

    assert_eq!(detect(&path).expect("a format"), Format::ChhotoSqlite);
    let mut source = open(&path, Format::ChhotoSqlite).expect("a source");
    let first = source.next().expect("a row").expect("a row");
    // The service can go on writing.
    connection
        .execute_batch("INSERT INTO urls VALUES (11, 'https://example.com/late', 'late', 0, 0, NULL)")
        .expect("a row");
    assert_snapshot!(format!("{}\n{}", show(&first), show_all(source)), @r#"
    id 1: "a" -> "https://example.com/a" visits=12
    id 3: "b-b" -> "https://example.com/b" visits=0 note="A note"
    id 7: "magnet" -> "magnet:?xt=1" expires=1893456000 visits=1
    id 8: "empty" UNREADABLE it has no target
    id 9: "latin" UNREADABLE the time at which the link ends cannot be read: soon
    id 10: "c" -> "https://example.com/c" expires=1600000000
    id 11: "late" -> "https://example.com/late" visits=0
    WARNING the file is not wholly in UTF-8: the other texts were read as Windows-1252 (Latin-1), so look at letters with accents
    "#);

    let after = [std::fs::read(&path).expect("a file"), std::fs::read(&wal).expect("a log")];
    assert!(before[0] == after[0] && after[1].starts_with(&before[1]), "the reader has changed the database");

    // Without its log the file lacks the rows, so that they were read from there.
    let alone = folder.path().join("alone.sqlite");
    std::fs::copy(&path, &alone).expect("a copy");
    assert!(matches!(detect(&alone), Err(ImportError::Unknown { .. })));
}

#[test]
fn chhoto_sqlite_of_old_versions_has_no_end_and_no_notes() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("urls.sqlite");
    let columns =
        "id INTEGER PRIMARY KEY AUTOINCREMENT, long_url TEXT NOT NULL, short_url TEXT NOT NULL, hits INTEGER NOT NULL";
    // More rows than are read at a time.
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250) \
                SELECT i, 'https://example.com/' || i, 'code' || i, i FROM n";
    drop(chhoto(&path, columns, rows));
    let rows: Vec<_> =
        open(&path, Format::ChhotoSqlite).expect("a source").map(|row| show(&row.expect("a row"))).collect();
    assert_eq!(rows.len(), 250);
    assert_eq!(rows[249], "id 250: \"code250\" -> \"https://example.com/250\" visits=250");
    assert!((1..=250).zip(&rows).all(|(id, row)| row.starts_with(&format!("id {id}: \"code{id}\" "))));
}

/// The id of a row is changed to one that was read before.
#[test]
fn rows_of_a_damaged_database_are_not_read_again_and_again() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("urls.sqlite");
    drop(chhoto(&path, CHHOTO_COLUMNS, CHHOTO_ROWS));
    let mut bytes = std::fs::read(&path).expect("a file");
    let target = b"magnet:?xt=1magnet";
    let place = bytes.windows(target.len()).position(|bytes| bytes == target).expect("a row");
    // The target follows the types of the columns, and the id is before them.
    assert_eq!(bytes[place - 8], 7, "the id");
    bytes[place - 8] = 2;
    std::fs::write(&path, bytes).expect("a file");
    assert_snapshot!(show_all(open(&path, Format::ChhotoSqlite).expect("a source")), @r#"
    id 1: "a" -> "https://example.com/a" visits=12
    id 3: "b-b" -> "https://example.com/b" visits=0 note="A note"
    ERROR cannot read further after id 3: SQLite says: Error code 11: The database disk image is malformed
    "#);
}

#[test]
fn other_databases_are_refused_by_name() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("links.db");
    let connection = Connection::open(&path).expect("a database");
    connection
        .execute_batch("CREATE TABLE items (key BLOB); CREATE TABLE urls (id INTEGER, url TEXT)")
        .expect("tables");
    drop(connection);
    let error = detect(&path).expect_err("another database").to_string();
    assert!(error.contains("a database of SQLite with the tables items, urls;"), "{error}");
    let error = open(&path, Format::ChhotoSqlite).expect_err("another database").to_string();
    assert!(error.contains("this is no chhoto-sqlite") && error.contains("items, urls"), "{error}");
    let error =
        read_bytes(std::fs::read(&path).expect("a file"), Format::ChhotoSqlite).expect_err("a stream").to_string();
    assert!(error.contains("cannot be read from a stream"), "{error}");
}

#[test]
fn each_file_is_detected() {
    for (name, format) in FILES {
        assert_eq!(detect(&file(name)).ok(), Some(*format), "{name}");
    }
    let listed: BTreeSet<_> =
        std::fs::read_dir(file("")).expect("a folder").map(|entry| entry.expect("an entry").file_name()).collect();
    assert_eq!(listed, FILES.iter().map(|(name, _)| (*name).into()).collect(), "each file has a format here");
    let formats: BTreeSet<_> = FILES.iter().map(|(_, format)| *format).chain([Format::ChhotoSqlite]).collect();
    assert_eq!(formats, Format::ALL.iter().copied().collect(), "each format has a file");
}

#[test]
fn formats_have_names() {
    for format in Format::ALL {
        assert_eq!(format.to_string().parse(), Ok(*format));
    }
    let error = "bitly".parse::<Format>().expect_err("no format").to_string();
    assert!(error.starts_with("no format is called \"bitly\"; use one of csv, bitly-json, bitly-csv, "), "{error}");
}

#[test]
fn the_page_about_imports_has_all_formats() {
    let page = std::fs::read_to_string(file("../../crates/import/README.md")).expect("a page");
    let names = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    assert_eq!(names.collect::<Vec<_>>(), Format::ALL.iter().map(|format| format.name()).collect::<Vec<_>>());
}

#[test]
fn look_alikes_are_told_apart() {
    let known = [
        // Two columns that Dub has, too: no sign of Dub.
        ("Short link,Destination URL\nhttps://s.example/a,https://example.com/\n", Format::Csv),
        ("long URL,short URL\nhttps://example.com/,https://s.example/a\n", Format::Csv),
        ("long URL;short URL;title\nhttps://example.com/;https://s.example/a;A\n", Format::Csv),
        ("keyword,url,title\na,https://example.com/,A\n", Format::Csv),
        ("createdAt,slug,url\n2020-01-01,a,https://example.com/\n", Format::Csv),
        ("Bitlink,Long URL,Title,Tags,Created\nbit.ly/a,https://example.com/,,,2020-01-01\n", Format::BitlyCsv),
        // Short.io and Shlink differ in the name of the target.
        ("shortURL,originalURL,originalPath\nhttps://s.example/a,https://example.com/,a\n", Format::ShortioCsv),
        ("createdAt,shortUrl,longUrl,title\n2020-01-01,https://s.example/a,https://example.com/,\n", Format::ShlinkCsv),
        // All with a list called `links` or `data`.
        (r#"{"links":[{"slug":"a","url":"https://example.com/","createdAt":1,"tags":[]}]}"#, Format::SinkJson),
        (r#"{"links":[{"path":"a","originalURL":"https://example.com/","idString":"x"}]}"#, Format::ShortioJson),
        (r#"{"links":[{"id":"bit.ly/a","link":"https://bit.ly/a","references":{}}]}"#, Format::BitlyJson),
        (r#"{"data":[{"address":"a","target":"https://example.com/","banned":false}]}"#, Format::KuttJson),
        (
            r#"{"data":{"domain":"tinyurl.com","alias":"a","tiny_url":"https://tinyurl.com/a","url":"https://example.com/"}}"#,
            Format::TinyurlJson,
        ),
        (r#"[[], [{"slashtag":"a","destination":"https://example.com/"}]]"#, Format::RebrandlyJson),
        // The items of a line, and of a page on one line.
        (r#"{"Items":[{"short_id":{"S":"a"},"long_url":{"S":"https://example.com/"}}],"Count":1}"#, Format::Dynamodb),
        (r#"{"shortCode":{"S":"a"},"originalUrl":{"S":"https://example.com/"}}"#, Format::Dynamodb),
        // A damaged first line is not the whole file.
        ("{\"Short\":\"torn\n{\"Short\":\"a\",\"Long\":\"https://example.com/\",\"Owner\":\"\"}\n", Format::Golink),
        (
            "-- a dump\nINSERT INTO shop.links (id, short_url, long_url) VALUES (1, 'a', 'https://example.com/');",
            Format::PolrSql,
        ),
        (
            "/* a dump */ INSERT IGNORE INTO `x_url` VALUES\n('a','https://example.com/','','2020-01-01 00:00:00',0);",
            Format::YourlsSql,
        ),
    ];
    for (text, format) in known {
        assert_eq!(detect_bytes(text.as_bytes()).map_err(|e| e.to_string()), Ok(format), "{text}");
    }

    let mixed = r#"[{"slashtag":"a","destination":"https://example.com/","slug":"a","url":"https://example.com/","createdAt":1}]"#;
    let error = detect_bytes(mixed.as_bytes()).expect_err("two formats").to_string();
    assert!(
        error.contains(
            "the fields createdAt, destination, slashtag, slug, url; say which with --format: sink-json, rebrandly-json"
        ),
        "{error}"
    );
}

/// Parsers of URLs leave out line breaks, so that such a target would be a valid one.
#[test]
fn codes_and_targets_in_tables_have_no_line_breaks() {
    let table = "code,target\na,\"https://example.com/a\nb,\"\nc,https://example.com/c\n";
    assert_snapshot!(show_all(read_bytes(table, Format::Csv).expect("a source")), @r#"
    line 2: "a" UNREADABLE there is a line break in it, so that a quote is probably not closed
    line 4: "c" -> "https://example.com/c"
    "#);
}

#[test]
fn rows_that_the_end_of_a_table_cuts_are_refused() {
    let cut = "code,target,title\na,https://example.com/a,A\nb,https://exam";
    assert_snapshot!(show_all(read_bytes(cut, Format::Csv).expect("a source")), @r#"
    line 2: "a" -> "https://example.com/a" title="A"
    line 3: "?" UNREADABLE the file ends in the middle of it
    WARNING the file does not end with a line break, so that its last row may be incomplete
    "#);
    // Old programs for the Mac end lines with a carriage return.
    let mac = show_all(
        read_bytes("code,target\ra,https://example.com/a\rb,https://example.com/b\r", Format::Csv).expect("a source"),
    );
    assert!(
        mac.contains("\"a\" -> \"https://example.com/a\"\n") && mac.ends_with("\"b\" -> \"https://example.com/b\""),
        "{mac}"
    );
    // Some programs write no line break at the end.
    let whole = "code,target\na,https://example.com/a";
    assert_snapshot!(show_all(read_bytes(whole, Format::Csv).expect("a source")), @r#"
    line 2: "a" -> "https://example.com/a"
    WARNING the file does not end with a line break, so that its last row may be incomplete
    "#);
}

/// The whole dump is one line, and its first table is not the one of the links.
#[test]
fn dumps_are_detected_however_long_their_lines_are() {
    let mut dump = b"INSERT INTO `yourls_log` VALUES (0)".to_vec();
    while dump.len() < 5 << 20 {
        dump.extend_from_slice(format!(",('{}')", title()).as_bytes());
    }
    dump.extend_from_slice(
        b";INSERT INTO `yourls_url` VALUES ('a','https://example.com/','','2020-01-01 00:00:00','',0);",
    );
    let (_folder, path) = written(&dump);
    assert_eq!(detect(&path).expect("a format"), Format::YourlsSql);
    let rows: Vec<_> = open(&path, Format::YourlsSql).expect("a source").collect::<Result<_, _>>().expect("rows");
    assert_eq!(rows.len(), 1);
}

#[test]
fn what_is_not_known_is_described() {
    let unknown: [(&[u8], &str); 16] = [
        (b"", "it is empty;"),
        (b" \r\n\n", "it is empty;"),
        (b"\xef\xbb\xbf", "it is empty;"),
        (b"PK\x03\x04\x14", "it is a ZIP archive or a workbook"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "it contains zero bytes"),
        (b"<?xml version=\"1.0\"?><redirection/>", "it is HTML or XML;"),
        (b"Dear Sir,\nplease find attached\n", "it begins with the line Dear Sir, ;"),
        (b"source,target\n/a/,https://example.com/\n", "it begins with the line source, target;"),
        (b"id,url\n1,https://example.com/\n", "it begins with the line id, url;"),
        (b"{\"error\":\"unauthorized\"}", "it is JSON, whose objects have the fields error;"),
        (b"[]", "it is JSON without any object;"),
        (b"{\"links\":", "it looks like JSON, but cannot read further: the file ends in the middle"),
        (b"[1e999]", "it looks like JSON, but"),
        (b"[{\"shortlink\":\"a\",\"longlink\":\"https://example.com/\"}]", "the fields longlink, shortlink;"),
        (b"-- dump\nINSERT INTO `links` (`id`, `name`) VALUES (1, 'a');", "that inserts rows into the tables links;"),
        (b"CREATE TABLE t (a INT);", "that inserts rows into no table of links;"),
    ];
    for (bytes, expected) in unknown {
        let error = detect_bytes(bytes).expect_err("no format").to_string();
        let shown = String::from_utf8_lossy(bytes);
        assert!(error.contains(expected) && error.contains("say --format with one of csv, "), "{shown}: {error}");
    }
    let error = detect(Path::new("no/such/file")).expect_err("no file").to_string();
    assert!(error.starts_with("cannot open no/such/file: "), "{error}");
    let error = open(Path::new(env!("CARGO_MANIFEST_DIR")), Format::Csv).expect_err("a folder").to_string();
    assert!(error.starts_with("cannot open "), "{error}");
}

#[test]
fn tables_without_the_columns_are_refused() {
    let error = read_bytes("Bitlink,Title\nbit.ly/a,A\n", Format::BitlyCsv).expect_err("no target").to_string();
    assert_eq!(
        error,
        "this is no bitly-csv: a column is missing, whose name is one of destinationurl, longurl, destination; the first line has \
         Bitlink, Title"
    );
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("bytes");
    encoder.finish().expect("bytes")
}

/// A reader that returns a byte at a time.
struct Trickle<R>(R);

impl<R: Read> Read for Trickle<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(1);
        self.0.read(&mut buffer[..length])
    }
}

#[test]
fn compressed_files_and_slow_streams_are_read_alike() {
    for (name, format) in FILES {
        let expected = rows(name);
        let (_folder, path) = written(&gzipped(&bytes(name)));
        assert_eq!(detect(&path).ok(), Some(*format), "{name}");
        assert_eq!(show_all(open(&path, *format).expect("a source")), expected, "{name}");
        // Two streams of gzip in one file, as in concatenated exports.
        let whole = bytes(name);
        let (start, end) = whole.split_at(10);
        let twice = [gzipped(start), gzipped(end)].concat();
        assert_eq!(show_all(read_bytes(twice, *format).expect("a source")), expected, "{name}");
        let slow = read(Trickle(io::Cursor::new(bytes(name))), *format).expect("a source");
        assert_eq!(show_all(slow), expected, "{name}");
    }
}

#[test]
fn pages_are_read_as_an_array_or_one_after_the_other() {
    let pages = [
        (
            Format::BitlyJson,
            r#"{"links":[{"id":"bit.ly/a","long_url":"https://example.com/"}, {"id":"bit.ly/b","long_url":"x"}]}"#,
        ),
        (
            Format::ShlinkJson,
            r#"{"shortUrls":{"data":[{"shortCode":"a","longUrl":"https://example.com/"}],"pagination":{}}}"#,
        ),
        (Format::DubJson, r#"[{"key":"a","url":"https://example.com/"}, {"key":"b","url":"https://example.com/"}]"#),
        (Format::KuttJson, r#"{"total":2,"data":[{"address":"a","target":"https://example.com/"}]}"#),
        (Format::TinyurlJson, r#"{"data":{"alias":"a","url":"https://example.com/"},"code":0}"#),
        (
            Format::Dynamodb,
            r#"{"Items":[{"shortCode":{"S":"a"},"originalUrl":{"S":"https://example.com/"}}],"Count":1}"#,
        ),
    ];
    for (format, page) in pages {
        let other = page.replace("\"a\"", "\"c\"").replace("bit.ly/a", "bit.ly/c");
        let row_by_row = show_all(read_bytes(format!("{page}{other}"), format).expect("a source"));
        assert!(row_by_row.contains("\"a\" -> ") && row_by_row.contains("\npage 2: "), "{format}: {row_by_row}");
        for together in
            [format!("{page}\r\n{other}\r\n"), format!("[{page},\n{other}]"), format!("[[{page}], [{other}]]")]
        {
            assert_eq!(show_all(read_bytes(together.clone(), format).expect("a source")), row_by_row, "{together}");
        }
    }
}

/// Links, in the words of [`show`], and what else was said.
fn links_of(source: Source) -> (Vec<String>, String) {
    let all = show_all(source);
    // What is not carried follows on lines of its own.
    let joined = all.replace("\n  NOT CARRIED", "  NOT CARRIED");
    let (links, others): (Vec<_>, Vec<_>) = joined.lines().map(str::to_owned).partition(|line| line.contains(" -> "));
    (links, others.join("\n"))
}

/// However much of a file is missing, no link is read that the whole file does not have. The last row of a table
/// without a line break may be cut, about which there is a warning.
#[test]
fn truncated_files_have_no_other_links() {
    for (name, format) in FILES {
        let whole = bytes(name);
        let (expected, _) = links_of(read_bytes(whole.clone(), *format).expect("a source"));
        for length in (0..whole.len()).step_by(3) {
            let Ok(source) = read_bytes(&whole[..length], *format) else {
                assert!(length < 200, "{name}: {length}");
                continue;
            };
            let (mut links, others) = links_of(source);
            if others.contains("does not end with a line break") {
                // A row can have several links.
                let last = links.last().and_then(|link| link.split(": ").next()).unwrap_or_default().to_owned();
                links.retain(|link| !link.starts_with(&format!("{last}: ")));
            }
            assert!(links.iter().all(|link| expected.contains(link)), "{name}: {length}: {links:#?}");
            if matches!(name.rsplit('.').next(), Some("json")) && whole[..length].trim_ascii_end().ends_with(b":") {
                let is_said =
                    others.contains("the file ends in the middle") || others.contains("not an object of JSON");
                assert!(is_said, "{name}: {length}: {others}");
            }
        }
        let mut cut = gzipped(&whole);
        cut.truncate(cut.len() - 9);
        let all = read_bytes(cut, *format).map_or_else(|error| error.to_string(), show_all);
        assert!(all.contains("ERROR cannot read further") || all.contains("cannot read further: "), "{name}: {all}");
    }
}

/// An endless export: a beginning, and then rows without an end.
struct Endless {
    begin: &'static str,
    row: fn(usize) -> String,
    rows: usize,
    waiting: io::Cursor<Vec<u8>>,
    produced: Arc<AtomicUsize>,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.waiting.position() == self.waiting.get_ref().len() as u64 {
            let text =
                if self.begin.is_empty() { (self.row)(self.rows) } else { std::mem::take(&mut self.begin).to_owned() };
            self.rows += 1;
            self.waiting = io::Cursor::new(text.into_bytes());
        }
        let read = self.waiting.read(buffer)?;
        self.produced.fetch_add(read, Ordering::Relaxed);
        Ok(read)
    }
}

fn endless(begin: &'static str, row: fn(usize) -> String) -> (Endless, Arc<AtomicUsize>) {
    let produced = Arc::new(AtomicUsize::new(0));
    let waiting = io::Cursor::new(Vec::new());
    (Endless { begin, row, rows: 0, waiting, produced: Arc::clone(&produced) }, produced)
}

/// A format, how its file begins, and its rows.
type EndlessExport = (Format, &'static str, fn(usize) -> String);

/// A title of a kilobyte.
fn title() -> String {
    "x".repeat(1000)
}

/// A file without an end can be read, so that it is not loaded: at no row more than a few hundred kilobytes have been
/// read ahead. (To tell the two kinds of files with items apart, the first megabyte is read.)
#[test]
fn rows_are_streamed() {
    let sources: [EndlessExport; 6] = [
        (Format::Csv, "code,target,title\n", |i| format!("c{i},https://example.com/{i},{}\n", title())),
        (Format::BitlyJson, "{\"links\":[{}", |i| {
            format!(",{{\"id\":\"bit.ly/c{i}\",\"long_url\":\"https://example.com/{i}\",\"title\":\"{}\"}}", title())
        }),
        (Format::DubJson, "[{}", |i| {
            format!(",{{\"key\":\"c{i}\",\"url\":\"https://example.com/{i}\",\"title\":\"{}\"}}", title())
        }),
        (Format::YourlsSql, "INSERT INTO yourls_url VALUES ('','','','',0)", |i| {
            format!(",('c{i}','https://example.com/{i}','{}','2020-01-01',0)", title())
        }),
        (Format::Golink, "\n", |i| {
            format!("{{\"Short\":\"c{i}\",\"Long\":\"https://example.com/{i}\",\"x\":\"{}\"}}\n", title())
        }),
        (Format::Dynamodb, "\n", |i| {
            format!(
                "{{\"Item\":{{\"shortCode\":{{\"S\":\"c{i}\"}},\"originalUrl\":{{\"S\":\"https://example.com/{i}\"}},\"x\":{{\"S\":\"{}\"}}}}}}\n",
                title()
            )
        }),
    ];
    for (format, begin, row) in sources {
        let (stream, produced) = endless(begin, row);
        let source = read(stream, format).expect("a source");
        let limit = if format == Format::Dynamodb { 1_400_000 } else { 400_000 };
        // A thread that reads ahead has stopped, because nobody takes its rows.
        let mut before = usize::MAX;
        while before != produced.load(Ordering::Relaxed) {
            before = produced.load(Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(100));
        }
        assert!(before < limit, "{format}: {before} bytes ahead of the first row");
        let links = source.map(|row| row.expect("a row")).filter(|row| matches!(row.outcome, Outcome::Link(_)));
        for (number, row) in links.take(4_000).enumerate() {
            let Outcome::Link(link) = row.outcome else { unreachable!("only links are left") };
            assert!(link.target.starts_with("https://example.com/"), "{format}: {link:?}");
            let ahead = produced.load(Ordering::Relaxed).saturating_sub(number * 1_000);
            assert!(ahead < limit + number * 200, "{format}: {ahead} bytes ahead of row {number}");
        }
        assert!(produced.load(Ordering::Relaxed) > 4_000_000, "{format}");
    }
}

/// The thread that reads JSON ends when nobody wants its rows any more.
#[test]
fn dropped_sources_stop_reading() {
    let (stream, produced) = endless("[{}", |i| format!(",{{\"key\":\"{i}\"}}"));
    let mut source = read(stream, Format::DubJson).expect("a source");
    assert!(source.next().is_some_and(|row| row.is_ok()));
    drop(source);
    // The reader has the other reference.
    while Arc::strong_count(&produced) > 1 {
        std::thread::yield_now();
    }
}

/// A quote or a bracket that is never closed makes the rest of the file one row.
#[test]
fn a_row_has_a_limit() {
    let sources: [(Format, &str); 7] = [
        (Format::Csv, "code,target\na,\"https://example.com/"),
        (Format::BitlyJson, "{\"links\":[{\"id\":\""),
        (Format::BitlyJson, "{\"pagination\":\""),
        (Format::DubJson, "[[[[{\"a\":["),
        (Format::YourlsSql, "INSERT INTO yourls_url VALUES ('"),
        (Format::Golink, "{\"Short\":\""),
        (Format::Dynamodb, "{\"Item\":\""),
    ];
    for (format, begin) in sources {
        let (stream, produced) = endless(begin, |_| format!("{},", title()).replace('x', "1"));
        let all = show_all(read(stream, format).expect("a source"));
        assert!(
            all.contains("one row has more than 4 MiB, so that a quote or a bracket is probably not closed"),
            "{format}: {all}"
        );
        assert!(produced.load(Ordering::Relaxed) < 6 << 20, "{format}");
    }
}

#[test]
fn hostile_documents_end_with_an_error_and_not_with_the_process() {
    let deep = "[".repeat(100_000);
    let all = show_all(read_bytes(deep, Format::DubJson).expect("a source"));
    assert!(all.starts_with("ERROR cannot read further: it is not JSON: recursion limit exceeded"), "{all}");
    // Within an element, nobody looks at it.
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    let all = show_all(
        read_bytes(
            format!(r#"[{{"key":"a","url":"https://example.com/","x":{deep},"clicks":1e999,"key":"b"}}]"#),
            Format::DubJson,
        )
        .expect("a source"),
    );
    assert_eq!(all, "[0]: \"b\" -> \"https://example.com/\" ignores-case=yes");
    // Parentheses that do not fit, a thousand values, and a statement in a text.
    let values = "'x',".repeat(1_000);
    let sql = format!(
        "INSERT INTO a_url VALUES )))('a','https://example.com/a','','',0);\nINSERT INTO a_url VALUES ({values}1),\
         ('b','https://example.com/b',');INSERT INTO a_url VALUES (','',-0);"
    );
    let all = show_all(read_bytes(sql, Format::YourlsSql).expect("a source"));
    assert_snapshot!(all, @r#"
    line 2, row 1: "?" UNREADABLE it has more than 100 values, where links of YOURLS have 6, or 5 without the address
    line 2, row 2: "b" -> "https://example.com/b" title=");INSERT INTO a_url VALUES ("
    WARNING the times in this file have no time zone and were read as UTC; some servers write their local time
    "#);
    // A quote that is not closed makes one value of several lines.
    let table = "code,target\na,\"https://example.com/a\nb,https://example.com/b\nc,https://example.com/c\n";
    let all = show_all(read_bytes(table, Format::Csv).expect("a source"));
    assert_snapshot!(all, @r#"
    line 2: "?" UNREADABLE a quote in it is not closed, so that the rest of the file is one value
    WARNING the file does not end with a line break, so that its last row may be incomplete
    "#);
}

/// What holds for the rows of any input.
fn check(source: Source) -> Result<(), TestCaseError> {
    let mut source = source;
    while let Some(row) = source.next() {
        match row.map(|row| row.outcome) {
            Ok(Outcome::Link(link)) => prop_assert!(!link.code.is_empty() && !link.target.is_empty()),
            Ok(Outcome::Unreadable { reason, .. }) => prop_assert!(!reason.is_empty()),
            Err(_) => {
                prop_assert!(source.next().is_none(), "there are rows after an error");
                break;
            }
        }
    }
    Ok(())
}

/// Bytes that mean something in one of the formats.
const SPECIAL: &[u8] = b"\"',;()[]{}\\\n\r\0`-#/*\xe9:";

/// The files, in which some bytes are changed, removed or repeated.
fn damaged_file() -> impl Strategy<Value = Vec<u8>> {
    let place = any::<prop::sample::Index>;
    let damage = prop::collection::vec((0..4_u8, place(), place(), any::<u8>()), 1..6);
    (0..FILES.len(), damage).prop_map(|(file, damages)| {
        let mut bytes = bytes(FILES[file].0);
        for (kind, place, other, byte) in damages {
            let (place, other) = (place.index(bytes.len()), other.index(bytes.len()));
            let (start, end) = (place.min(other), place.max(other).min(place.min(other) + 300));
            match kind {
                0 => bytes[place] = byte,
                1 => bytes.insert(place, SPECIAL[usize::from(byte) % SPECIAL.len()]),
                2 if end - start < bytes.len() / 2 => drop(bytes.drain(start..end)),
                _ => {
                    let copy = bytes[start..end].to_vec();
                    bytes.splice(other..other, copy);
                }
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(Config { cases: 400, failure_persistence: None, ..Config::default() })]

    #[test]
    fn no_input_is_too_damaged(bytes in prop_oneof![4 => damaged_file(), 1 => prop::collection::vec(any::<u8>(), 0..2_000)]) {
        let (_folder, path) = written(&bytes);
        let detected = detect(&path);
        for format in Format::ALL {
            if *format != Format::ChhotoSqlite
                && let Ok(source) = read_bytes(bytes.clone(), *format)
            {
                check(source)?;
            }
        }
        if let Ok(format) = detected {
            check(open(&path, format).map_err(|error| TestCaseError::fail(error.to_string()))?)?;
        }
        if let Ok(source) = open(&path, Format::ChhotoSqlite) {
            check(source)?;
        }
    }

    /// A file of SQLite in which bytes are changed.
    #[test]
    fn no_database_is_too_damaged(damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40)) {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("urls.sqlite");
        drop(chhoto(&path, CHHOTO_COLUMNS, CHHOTO_ROWS));
        let mut bytes = std::fs::read(&path).expect("a file");
        for (place, byte) in damages {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        std::fs::write(&path, bytes).expect("a file");
        let _ = detect(&path);
        if let Ok(source) = open(&path, Format::ChhotoSqlite) {
            check(source)?;
        }
    }
}
