//! Links by the thousand, put into files past HTTP: as `shortlink serve` keeps them, and as the floor does.

use std::path::Path;

use dynoxide::{AttributeValue, Database, ImportOptions, Item};
use rusqlite::Connection;
use shortlink_core::clock::{Clock, Timestamp};
use shortlink_core::code::{ALPHABET, Code};
use shortlink_core::link::Link;
use shortlink_core::target::Target;

use crate::Result;

/// The table of `shortlink serve`.
const TABLE: &str = "shortlink";

/// How many links are put at once.
const BATCH: u64 = 10_000;

/// How long a link lives, and how long it stays after that, seconds: the defaults.
const LIFE: i64 = 90 * 86_400;
const PURGE_AFTER: i64 = 30 * 86_400;

/// The code of the `rank`th link. Neighbours lie far apart, as codes that are drawn do. mix.lua knows this too.
pub(crate) fn code(rank: u64) -> String {
    let mut rest = rank * 678_223_079 % 49_u64.pow(7);
    let mut code = String::new();
    for _ in 0..7 {
        let digit = usize::try_from(rest % 49).unwrap_or_default();
        code.extend(ALPHABET.get(digit).copied().map(char::from));
        rest /= 49;
    }
    code
}

/// Where the `rank`th link leads.
pub(crate) fn target(rank: u64) -> String {
    format!("https://example.com/a/rather/long/path/{rank}?with=a&query=string")
}

/// Puts the first `count` links into a file that `shortlink serve` has made.
pub(crate) fn fill_table(path: &Path, count: u64) -> Result<()> {
    let database = Database::new(path.to_str().ok_or("a path that is not UTF-8")?)?;
    database.enable_bulk_loading()?;
    let now = Clock::system().now();
    let mut rank = 1;
    while rank <= count {
        let last = count.min(rank + BATCH - 1);
        let items = (rank..=last).map(|rank| item(rank, now)).collect::<Result<Vec<_>>>()?;
        database.import_items(TABLE, items, ImportOptions::default())?;
        rank = last + 1;
    }
    Ok(())
}

/// A link's item, in the engine's own types.
fn item(rank: u64, now: Timestamp) -> Result<Item> {
    let code = Code::parse(&code(rank)).map_err(|_| "not a code")?;
    let target = Target::parse(&target(rank), &[]).map_err(|_| "not a target")?;
    let link = Link::new(code, target, now, now.plus(LIFE));
    let item = link.to_item(&format!("{rank:016x}"), PURGE_AFTER).into_iter().map(|(name, value)| {
        let value = match value {
            aws_sdk_dynamodb::types::AttributeValue::S(text) => AttributeValue::S(text),
            aws_sdk_dynamodb::types::AttributeValue::N(digits) => AttributeValue::N(digits),
            _ => return Err("neither text nor a number".into()),
        };
        Ok((name, value))
    });
    item.collect()
}

/// Puts the first `count` links into a file that the floor has made.
pub(crate) fn fill_floor(path: &Path, count: u64) -> Result<()> {
    let mut connection = Connection::open(path)?;
    let transaction = connection.transaction()?;
    {
        let mut insert = transaction.prepare("INSERT INTO links (code, url) VALUES (?1, ?2)")?;
        for rank in 1..=count {
            insert.execute((code(rank), target(rank)))?;
        }
    }
    transaction.commit()?;
    Ok(())
}

/// How many visits of people a file of `shortlink serve` has.
pub(crate) fn visits(path: &Path) -> Result<u64> {
    let sql = format!(
        "SELECT total(json_extract(item_json, '$.hits.N')) FROM {TABLE} WHERE json_extract(item_json, '$.originalUrl.S') IS NOT NULL"
    );
    let visits: f64 = Connection::open(path)?.query_row(&sql, (), |row| row.get(0))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sum of counts")]
    Ok(visits as u64)
}
