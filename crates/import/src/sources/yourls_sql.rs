//! YOURLS: a dump of its database, by `mysqldump`, phpMyAdmin, Adminer or another program.
//!
//! ```sql
//! INSERT INTO `yourls_url` (`keyword`, `url`, `title`, `timestamp`, `ip`, `clicks`) VALUES
//! ('1', 'https://example.com/', 'It\'s', '2020-10-26 17:20:40', '192.0.2.1', 12),
//! ```
//!
//! The prefix `yourls_` can be another one. Some dumps name no columns, insert one row a statement, leave `ip` out, or
//! have hexadecimal digits instead of texts (Navicat). Keywords have one character and more. Times have no zone. The
//! addresses of whoever created a link are not carried. The table of single visits (`yourls_log`) is skipped.

use crate::draft::Draft;
use crate::encoding::decode;
use crate::error::ImportError;
use crate::input::Input;
use crate::link::Row;
use crate::source::Warnings;
use crate::sql_rows::{SqlRow, SqlRows};

use super::NO_ZONE;

const ALL_COLUMNS: &[&str] = &["keyword", "url", "title", "timestamp", "ip", "clicks"];
const WITHOUT_ADDRESS: &[&str] = &["keyword", "url", "title", "timestamp", "clicks"];
const EXPIRY: &str =
    "the plugin Expiry ends links at this YOURLS; its table is not read, so that these links never end here";

/// Whether a table is the one of the links, or of the plugin that ends them.
pub(crate) fn is_wanted(table: &str) -> bool {
    table.ends_with("url") || table.ends_with("expiry")
}

pub(crate) fn rows(input: Input) -> impl Iterator<Item = Result<Row, ImportError>> + Send + 'static {
    let mut rows = SqlRows::new(input, is_wanted);
    let mut number = 0_u64;
    std::iter::from_fn(move || {
        loop {
            let row = match rows.next() {
                Ok(row) => row?,
                Err(error) => return Some(Err(error)),
            };
            if row.table.ends_with("expiry") {
                rows.warnings.add(EXPIRY);
                continue;
            }
            number += 1;
            return Some(Ok(read(row, number, &rows.warnings)));
        }
    })
}

fn read(row: SqlRow, number: u64, warnings: &Warnings) -> Row {
    let position = row.position(number);
    let columns = match (row.columns.is_empty(), row.values.len()) {
        (false, _) => row.columns.clone(),
        (true, 6) => ALL_COLUMNS.iter().map(|name| (*name).to_owned()).collect(),
        (true, 5) => WITHOUT_ADDRESS.iter().map(|name| (*name).to_owned()).collect(),
        (true, _) => {
            let count = row.value_count();
            let reason = format!("it has {count} values, where links of YOURLS have 6, or 5 without the address");
            return Row::unreadable(position, None, reason);
        }
    };
    if let Some(reason) = row.misshapen(&columns) {
        return Row::unreadable(position, None, reason);
    }
    let mut values = row.by_column(&columns);
    let mut text = |name: &str| values.remove(name).map(|value| decode(value, warnings));
    let mut draft = Draft::new(&position, text("keyword"), text("url"));
    let created = text("timestamp");
    if created.is_some() {
        warnings.add(NO_ZONE);
    }
    draft.created(created.as_deref());
    draft.link.title = text("title");
    draft.link.visits = text("clicks").and_then(|clicks| crate::count::parse(&clicks));
    draft.finish()
}
