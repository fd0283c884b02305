//! Bitly: the table that the web application exports (Links, Export).
//!
//! ```csv
//! Link,Custom Link,Date created,Title,Destination URL,Engagements,Status
//! bit.ly/3abc,go.example.com/sale,2020-10-26,Sale,https://example.com/,"1,234",Active
//! ```
//!
//! Bitly has changed the names of the columns, so that several are known. Both links of a row are codes that people
//! use.

use crate::draft::Draft;
use crate::link::Row;
use crate::short_url;
use crate::table::TableRow;

const LINK: &[&str] = &["link", "bitlink", "shortlink", "shorturl"];
const CUSTOM: &[&str] = &["customlink", "customlinks", "custombitlink", "custombitlinks"];
const TARGET: &[&str] = &["destinationurl", "longurl", "destination"];

pub(crate) const COLUMNS: &[&[&str]] = &[LINK, TARGET];

pub(crate) fn read(row: &mut TableRow) -> Vec<Row> {
    let mut addresses = Vec::new();
    for url in row.list(LINK).into_iter().chain(row.list(CUSTOM)) {
        let address = short_url::split(&url);
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        addresses.push((None, String::new()));
    }
    addresses.into_iter().map(|(domain, code)| one(row, domain, code)).collect()
}

fn one(row: &TableRow, domain: Option<String>, code: String) -> Row {
    let mut draft = Draft::new(&row.position(), Some(code), row.text(TARGET));
    draft.created(row.get(&["datecreated", "createdat", "created", "creationdate"]));
    match row.get(&["status"]).map(str::to_lowercase).as_deref() {
        None | Some("active") => {}
        Some("deleted" | "inactive" | "disabled") => draft.link.withdrawn = true,
        Some("archived" | "hidden") => draft.archived(true),
        Some(other) => draft.not_carried(format!("its status there is {other}")),
    }
    let link = &mut draft.link;
    link.domain = domain;
    link.title = row.text(&["title"]);
    link.tags = row.list(&["tags"]);
    link.visits = row.count(&["engagements", "totalengagements", "clicks", "totalclicks"]);
    draft.finish()
}
