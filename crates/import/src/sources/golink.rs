//! golink (Tailscale's go links): what it answers at `http://go/.export`, one link a line.
//!
//! ```json
//! {"Short":"docs","Long":"https://example.com/","Created":"2022-06-17T18:05:43Z","LastEdit":"...","Owner":"anna"}
//! ```
//!
//! A target can be a template of Go (`{{.Path}}`) or relative, which no target here can be. Names ignore case and
//! hyphens, and `go/docs/x` leads to the target with `/x` behind it.

use crate::draft::Draft;
use crate::json_item::JsonItem;
use crate::link::Row;

pub(crate) fn read(item: &JsonItem, position: &str) -> Vec<Row> {
    let mut draft = Draft::new(position, item.text("Short"), item.text("Long"));
    let target = &draft.link.target;
    if target.contains("{{") {
        draft.refuse("its target is a template of Go ({{), which depends on what follows the name in the path");
    } else if !target.is_empty() && !has_scheme(target) {
        draft.refuse("its target is relative to another link there");
    }
    if draft.link.code.contains('-') {
        draft.not_carried("its name can also be written without hyphens there");
    }
    draft.created(item.text("Created").as_deref());
    draft.link.owner = item.text("Owner");
    draft.link.codes_ignore_case = true;
    vec![draft.finish()]
}

/// Whether a target begins with a scheme, such as `https:`.
fn has_scheme(target: &str) -> bool {
    let scheme = target.split_once(':').map_or("", |(scheme, _)| scheme);
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}
