//! Fills the databases of `shortlink serve` and of the baseline with links, without HTTP.

use std::path::Path;

use dynoxide::{AttributeValue, Database, ImportOptions, Item};
use rusqlite::Connection;
use shortlink_core::domain::clock::{Clock, Timestamp};
use shortlink_core::domain::code::{ALPHABET, Code};
use shortlink_core::domain::expiry::RequestedExpiry;
use shortlink_core::domain::labels::Labels;
use shortlink_core::domain::link::NewLink;
use shortlink_core::domain::target::Target;
use shortlink_core::dynamodb::items;
use shortlink_core::dynamodb::visit_items::attribute;

use crate::Result;

/// The table of `shortlink serve`.
const TABLE: &str = "shortlink";

/// The number of links that are inserted at once.
const BATCH: u64 = 10_000;

/// The default lifetime of a link, seconds.
const LIFETIME: i64 = 90 * 86_400;

/// The default time for which an expired link is stored, seconds.
const PURGE_AFTER: i64 = 30 * 86_400;

/// The code of the `rank`th link. Codes of neighbouring ranks are far apart, as random codes are. `requests.lua`
/// computes the same codes.
pub(crate) fn code(rank: u64) -> String {
    let size = ALPHABET.len() as u64;
    let mut rest = rank * 678_223_079 % size.pow(7);
    let mut code = String::new();
    for _ in 0..7 {
        let digit = usize::try_from(rest % size).unwrap_or_default();
        code.extend(ALPHABET.get(digit).copied().map(char::from));
        rest /= size;
    }
    code
}

/// The target of the `rank`th link.
pub(crate) fn target(rank: u64) -> String {
    format!("https://example.com/a/rather/long/path/{rank}?with=a&query=string")
}

/// Inserts the first `count` links into a file that `shortlink serve` has created.
pub(crate) fn fill_table(path: &Path, count: u64) -> Result<()> {
    let database = Database::new(path.to_str().ok_or("the path is not UTF-8")?)?;
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

/// A link's item, in the types of the embedded table.
fn item(rank: u64, now: Timestamp) -> Result<Item> {
    let code = Code::parse(&code(rank)).map_err(|_| "invalid code")?;
    let target = Target::parse(&target(rank), &[]).map_err(|_| "invalid target")?;
    let new_link = NewLink {
        alias: None,
        target,
        requested_expiry: RequestedExpiry::Default,
        created_at: now,
        expires_at: now.plus(LIFETIME),
        purge_after: Some(PURGE_AFTER),
        owner: None,
        creator: None,
        has_token: true,
        labels: Labels::default(),
    };
    let link = new_link.with_code(code);
    let item = items::from_link(&link, &new_link, &format!("{rank:016x}"), Some("0".repeat(64))).into_iter().map(
        |(name, value)| {
            let value = match value {
                aws_sdk_dynamodb::types::AttributeValue::S(text) => AttributeValue::S(text),
                aws_sdk_dynamodb::types::AttributeValue::N(digits) => AttributeValue::N(digits),
                _ => return Err("neither a string nor a number".into()),
            };
            Ok((name, value))
        },
    );
    item.collect()
}

/// Inserts the first `count` links into a file that the baseline has created.
pub(crate) fn fill_baseline(path: &Path, count: u64) -> Result<()> {
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

/// The visits that a file of `shortlink serve` has counted.
pub(crate) fn count_visits(path: &Path) -> Result<u64> {
    let sql = format!(
        "SELECT total(json_extract(item_json, '$.{}.N')) FROM {TABLE}
         WHERE json_extract(item_json, '$.{}.S') IS NOT NULL",
        attribute::HITS,
        // The items of months that have ended have none.
        attribute::FLUSH_ID
    );
    let visits: f64 = Connection::open(path)?.query_row(&sql, (), |row| row.get(0))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sum of counts")]
    Ok(visits as u64)
}
