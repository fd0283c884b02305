//! The formats that can be read.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A format of exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Any table with a header, separated by commas, semicolons or tabs.
    Csv,
    /// Pages of Bitly's API v4.
    BitlyJson,
    /// Bitly's export of links.
    BitlyCsv,
    /// A dump of the database of YOURLS.
    YourlsSql,
    /// Responses of the API of YOURLS.
    YourlsJson,
    /// The table of YOURLS's plugin Import Export.
    YourlsCsv,
    /// The table that Shlink's web client exports.
    ShlinkCsv,
    /// Pages of Shlink's REST API v3.
    ShlinkJson,
    /// The table that Shlink's importer reads.
    ShlinkImportCsv,
    /// Pages of Kutt's API v2.
    KuttJson,
    /// Dub's export of links.
    DubCsv,
    /// Pages of Dub's API.
    DubJson,
    /// The database file of chhoto-url.
    ChhotoSqlite,
    /// Sink's export.
    SinkJson,
    /// A dump of the database of Polr.
    PolrSql,
    /// Responses of TinyURL's API.
    TinyurlJson,
    /// Short.io's export of links.
    ShortioCsv,
    /// Pages of Short.io's API.
    ShortioJson,
    /// Pages of Rebrandly's API.
    RebrandlyJson,
    /// What golink answers at `/.export`.
    Golink,
    /// The table of Firebase Dynamic Links.
    FirebaseCsv,
    /// The table of tiny.cc.
    TinyccCsv,
    /// Items of a DynamoDB table, as `aws dynamodb scan` prints them or an export to S3 has them.
    Dynamodb,
}

impl Format {
    /// All formats.
    pub const ALL: &[Self] = &[
        Self::Csv,
        Self::BitlyJson,
        Self::BitlyCsv,
        Self::YourlsSql,
        Self::YourlsJson,
        Self::YourlsCsv,
        Self::ShlinkCsv,
        Self::ShlinkJson,
        Self::ShlinkImportCsv,
        Self::KuttJson,
        Self::DubCsv,
        Self::DubJson,
        Self::ChhotoSqlite,
        Self::SinkJson,
        Self::PolrSql,
        Self::TinyurlJson,
        Self::ShortioCsv,
        Self::ShortioJson,
        Self::RebrandlyJson,
        Self::Golink,
        Self::FirebaseCsv,
        Self::TinyccCsv,
        Self::Dynamodb,
    ];

    /// The name, such as `bitly-json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::BitlyJson => "bitly-json",
            Self::BitlyCsv => "bitly-csv",
            Self::YourlsSql => "yourls-sql",
            Self::YourlsJson => "yourls-json",
            Self::YourlsCsv => "yourls-csv",
            Self::ShlinkCsv => "shlink-csv",
            Self::ShlinkJson => "shlink-json",
            Self::ShlinkImportCsv => "shlink-import-csv",
            Self::KuttJson => "kutt-json",
            Self::DubCsv => "dub-csv",
            Self::DubJson => "dub-json",
            Self::ChhotoSqlite => "chhoto-sqlite",
            Self::SinkJson => "sink-json",
            Self::PolrSql => "polr-sql",
            Self::TinyurlJson => "tinyurl-json",
            Self::ShortioCsv => "shortio-csv",
            Self::ShortioJson => "shortio-json",
            Self::RebrandlyJson => "rebrandly-json",
            Self::Golink => "golink",
            Self::FirebaseCsv => "firebase-csv",
            Self::TinyccCsv => "tinycc-csv",
            Self::Dynamodb => "dynamodb",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no format has.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no format is called {name:?}; use one of {}", names(Format::ALL))]
pub struct UnknownFormat {
    /// The name.
    pub name: String,
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let format = Self::ALL.iter().find(|format| format.name() == name);
        format.copied().ok_or_else(|| UnknownFormat { name: name.to_owned() })
    }
}

/// The names of formats, separated by commas.
pub(crate) fn names(formats: &[Format]) -> String {
    formats.iter().map(|format| format.name()).collect::<Vec<_>>().join(", ")
}
