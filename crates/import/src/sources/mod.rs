//! One file for each source, which says what its export looks like and how its fields are read.

pub(crate) mod bitly_csv;
pub(crate) mod bitly_json;
pub(crate) mod chhoto_sqlite;
pub(crate) mod csv;
pub(crate) mod dub_csv;
pub(crate) mod dub_json;
pub(crate) mod dynamodb;
pub(crate) mod firebase_csv;
pub(crate) mod golink;
pub(crate) mod kutt_json;
pub(crate) mod polr_sql;
pub(crate) mod rebrandly_json;
pub(crate) mod shlink_csv;
pub(crate) mod shlink_import_csv;
pub(crate) mod shlink_json;
pub(crate) mod shortio_csv;
pub(crate) mod shortio_json;
pub(crate) mod sink_json;
pub(crate) mod tinycc_csv;
pub(crate) mod tinyurl_json;
pub(crate) mod yourls_csv;
pub(crate) mod yourls_json;
pub(crate) mod yourls_sql;

/// What cannot be carried of a link that has another target once it has ended.
const EXPIRED_TARGET: &str = "it leads to another target there once it has ended, and here to none";

/// What cannot be carried of a link whose targets depend on the visitor.
const OTHER_TARGETS: &str =
    "it has other targets there for some visitors (by device, country or chance), and here one for all";

/// What cannot be carried of a link that shows its target in a frame.
const CLOAKING: &str = "it shows its target in a frame there, and here it redirects";

/// What cannot be carried of a link that ends after so many visits.
const VISIT_LIMIT: &str = "it ends there after a number of visits, and here it does not";

/// About times without a zone in dumps of databases.
const NO_ZONE: &str =
    "the times in this file have no time zone and were read as UTC; some servers write their local time";

/// The last segment of the path of a short URL, for sources whose codes contain no `/` and whose site may have a path.
fn last_segment(short_url: &str) -> (Option<String>, String) {
    let (domain, path) = crate::short_url::split(short_url);
    let code = path.rsplit('/').next().unwrap_or_default().to_owned();
    (domain, code)
}
