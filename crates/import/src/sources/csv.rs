//! Any table with a header: people's own lists, and exports of services that are not known here.
//!
//! ```csv
//! code;target;created;expires;clicks;title;tags;note;owner
//! abc;https://example.com/;2020-10-26;;1.234;A;a|b;;anna
//! ```
//!
//! Only a code (or a short URL) and a target are needed. Columns are recognised by their names in any case and spacing,
//! and other columns are left out.

use crate::draft::Draft;
use crate::link::Row;
use crate::short_url;
use crate::table::TableRow;

/// The names of a column with the code or the short URL.
pub(crate) const ADDRESS: &[&str] = &[
    "code",
    "shortcode",
    "slug",
    "keyword",
    "alias",
    "backhalf",
    "slashtag",
    "shortpath",
    "path",
    "key",
    // From here on, of the short URL.
    "shorturl",
    "shortlink",
    "shortenedurl",
    "short",
    "tinyurl",
    "link",
];

/// Those of the code, and those of the short URL.
const CODE_AND_SHORT_URL: (&[&str], &[&str]) = ADDRESS.split_at(10);

/// The names of a column with the target.
pub(crate) const TARGET: &[&str] = &[
    "target",
    "targeturl",
    "longurl",
    "longlink",
    "originalurl",
    "originallink",
    "destination",
    "destinationurl",
    "redirecturl",
    "redirectto",
    "long",
    "url",
];

pub(crate) const COLUMNS: &[&[&str]] = &[ADDRESS, TARGET];

pub(crate) fn read(row: &mut TableRow) -> Vec<Row> {
    let (code, short_url) = CODE_AND_SHORT_URL;
    let (host, path) = short_url::split(row.get(short_url).unwrap_or_default());
    let (domain, code) = match row.get(code) {
        Some(code) if code.contains("://") => short_url::split(code),
        Some(code) => (host, code.to_owned()),
        None => (host, path),
    };
    let mut draft = Draft::new(&row.position(), Some(code), row.text(TARGET));
    draft.created(row.get(&["createdat", "created", "datecreated", "creationdate", "createdon", "timestamp", "date"]));
    draft.expires(row.get(&[
        "expiresat",
        "expires",
        "expiry",
        "expirydate",
        "expirationdate",
        "expiration",
        "validuntil",
    ]));
    let is = |names: &[&str], values: &[&str]| {
        row.get(names).is_some_and(|value| values.contains(&value.to_lowercase().as_str()))
    };
    const YES: &[&str] = &["true", "1", "yes", "y", "x"];
    draft.archived(is(&["archived", "isarchived"], YES));
    const PASSWORD: &[&str] = &["password", "haspassword", "passwordprotected"];
    draft.link.has_password = row.get(PASSWORD).is_some() && !is(PASSWORD, &["false", "0", "no", "n"]);
    const ENDED: &[&str] = &["withdrawn", "disabled", "isdisabled", "deleted", "isdeleted", "banned", "blocked"];
    draft.link.withdrawn = ENDED.iter().any(|name| is(&[name], YES))
        || is(&["active", "isactive", "enabled", "isenabled"], &["false", "0", "no", "n"]);
    match row.get(&["status", "state"]).map(str::to_lowercase).as_deref() {
        None | Some("active" | "enabled" | "live" | "ok") => {}
        Some("withdrawn" | "inactive" | "disabled" | "deleted" | "banned" | "blocked") => draft.link.withdrawn = true,
        Some("archived" | "hidden") => draft.archived(true),
        Some(other) => draft.not_carried(format!("its status there is {other}")),
    }
    let link = &mut draft.link;
    link.domain = row.text(&["domain", "host"]).or(domain);
    link.owner = row.text(&["owner", "createdby", "creator", "user", "author"]);
    link.title = row.text(&["title"]);
    link.tags = row.list(&["tags", "labels"]);
    link.note = row.text(&["note", "notes", "description", "comment", "comments"]);
    link.visits = row.count(&["visits", "clicks", "hits", "totalclicks", "clickcount", "visitcount", "engagements"]);
    vec![draft.finish()]
}
