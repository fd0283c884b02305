//! What a row of an export says about a link.

use crate::error::ImportError;

/// A row of a source, or of one of the codes that a row has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where in the source the row is, such as `line 12`, `links[3]` or `id 17`.
    pub position: String,
    /// What was read.
    pub outcome: Outcome,
}

/// What was read from a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A link.
    Link(SourceLink),
    /// A row that contains no link that could be carried.
    Unreadable {
        /// The code, if the row has one.
        code: Option<String>,
        /// A sentence without its full stop: what is wrong with the row.
        reason: String,
    },
}

/// A link as its source has it. Texts are as they were: whether Shortlink accepts them is for the importer to decide.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceLink {
    /// The code: what follows the domain and its `/` in the short URL. It is not empty, and may have any character.
    pub code: String,
    /// The target. It is not empty.
    pub target: String,
    /// When the link was created, in Unix seconds, if the source says so.
    pub created_at: Option<i64>,
    /// When the link ends, in Unix seconds. `None`: never.
    pub expires_at: Option<i64>,
    /// Whether the link does not redirect at its source, because it was disabled, deleted or banned there. An archived
    /// link is not withdrawn, because archives hide links from their owners and not from visitors.
    pub withdrawn: bool,
    /// The number of visits, if the source says so.
    pub visits: Option<u64>,
    /// To whom the link belongs, if the source says so.
    pub owner: Option<String>,
    /// The title. It is not empty.
    pub title: Option<String>,
    /// The tags, in the order of the source. None is empty.
    pub tags: Vec<String>,
    /// The note. It is not empty.
    pub note: Option<String>,
    /// The host of the short URL, if the source says so.
    pub domain: Option<String>,
    /// Whether the code leads to the link in any spelling (`abc`, `ABC`) at its source.
    pub codes_ignore_case: bool,
    /// Whether visitors of the link must give a password at its source. The password itself is not read.
    pub has_password: bool,
    /// What else the link has at its source and cannot have here: one sentence for each, without its full stop.
    pub not_carried: Vec<String>,
}

/// The rows of a source, as `read` makes them of each of its parts: none, one or several.
pub(crate) fn rows<P>(
    parts: impl Iterator<Item = Result<P, ImportError>>,
    mut read: impl FnMut(P) -> Vec<Row>,
) -> impl Iterator<Item = Result<Row, ImportError>> {
    parts.flat_map(move |part| match part {
        Ok(part) => read(part).into_iter().map(Ok).collect(),
        Err(error) => vec![Err(error)],
    })
}

impl Row {
    /// A row with a link.
    pub(crate) fn link(position: String, link: SourceLink) -> Self {
        Self { position, outcome: Outcome::Link(link) }
    }

    /// A row without a link that could be carried.
    pub(crate) fn unreadable(position: String, code: Option<String>, reason: impl Into<String>) -> Self {
        let code = code.filter(|code| !code.is_empty());
        Self { position, outcome: Outcome::Unreadable { code, reason: reason.into() } }
    }
}
