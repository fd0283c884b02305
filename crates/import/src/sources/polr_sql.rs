//! Polr: a dump of its database by `mysqldump` or phpMyAdmin. Its API has no list of links.
//!
//! ```sql
//! INSERT INTO `links` VALUES (1,'abc','https://example.com/','192.0.2.1','admin',12,'',0,1,0,'2020-10-26',...);
//! ```
//!
//! A link with a `secret_key` is followed at `/code/key`, which no code here can be, so that it is refused. A disabled
//! link is withdrawn. Addresses are not carried.

use crate::draft::Draft;
use crate::encoding::decode;
use crate::error::ImportError;
use crate::input::Input;
use crate::link::Row;
use crate::source::Warnings;
use crate::sql_rows::{SqlRow, SqlRows};

use super::NO_ZONE;

/// The columns in the order in which Polr's migrations create them, for dumps that neither create the table nor name
/// them.
const COLUMNS: &[&str] = &[
    "id",
    "short_url",
    "long_url",
    "ip",
    "creator",
    "clicks",
    "secret_key",
    "is_disabled",
    "is_custom",
    "is_api",
    "created_at",
    "updated_at",
];

/// Whether a table is the one of the links.
pub(crate) fn is_wanted(table: &str) -> bool {
    table == "links"
}

pub(crate) fn rows(input: Input) -> impl Iterator<Item = Result<Row, ImportError>> + Send + 'static {
    let mut rows = SqlRows::new(input, is_wanted);
    let mut number = 0_u64;
    std::iter::from_fn(move || {
        let row = rows.next().transpose()?;
        number += 1;
        Some(row.map(|row| read(row, number, &rows.warnings)))
    })
}

fn read(row: SqlRow, number: u64, warnings: &Warnings) -> Row {
    let position = row.position(number);
    let columns = if row.columns.is_empty() {
        // A later version has more columns at the end.
        COLUMNS.iter().take(row.values.len()).map(|name| (*name).to_owned()).collect()
    } else {
        row.columns.clone()
    };
    if let Some(reason) = row.misshapen(&columns) {
        return Row::unreadable(position, None, reason);
    }
    let mut values = row.by_column(&columns);
    let mut text = |name: &str| values.remove(name).map(|value| decode(value, warnings));
    let mut draft = Draft::new(&position, text("short_url"), text("long_url"));
    if text("secret_key").is_some_and(|key| !key.is_empty()) {
        draft.refuse("it is a secret link: its short URL ends with a key after the code, which is not possible here");
    }
    let created = text("created_at");
    if created.is_some() {
        warnings.add(NO_ZONE);
    }
    draft.created(created.as_deref());
    draft.link.owner = text("creator");
    draft.link.visits = text("clicks").and_then(|clicks| crate::count::parse(&clicks));
    draft.link.withdrawn = text("is_disabled").is_some_and(|flag| flag == "1" || flag == "\u{1}");
    draft.finish()
}
