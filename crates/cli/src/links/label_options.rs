//! The options that label a link.

use clap::Args;
use shortlink_core::domain::labels::{LabelChange, LabelText, Labels, Tags};

/// What a link is called.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct LabelOptions {
    /// The title, which visitors do not see
    #[arg(long, value_name = "TEXT", value_parser = title)]
    title: Option<Title>,

    /// The tags, separated by commas
    #[arg(long, value_name = "TAGS", value_parser = tags)]
    tags: Option<Tags>,

    /// A note, which visitors do not see
    #[arg(long, value_name = "TEXT", value_parser = note)]
    note: Option<Title>,
}

/// A title or note, or none if the text is empty.
#[derive(Clone, Debug)]
struct Title(Option<LabelText>);

fn title(text: &str) -> Result<Title, String> {
    LabelText::parse_title(text).map(Title).map_err(|error| error.to_string())
}

fn note(text: &str) -> Result<Title, String> {
    LabelText::parse_note(text).map(Title).map_err(|error| error.to_string())
}

fn tags(text: &str) -> Result<Tags, String> {
    let tags = text.split(',').map(str::trim).filter(|tag| !tag.is_empty());
    Tags::parse(tags).map_err(|error| error.to_string())
}

impl LabelOptions {
    /// The change that the options ask for. An empty text removes a label.
    pub(super) fn change(self) -> LabelChange {
        LabelChange {
            title: self.title.map(|Title(text)| text),
            tags: self.tags,
            note: self.note.map(|Title(text)| text),
        }
    }

    /// The labels of a new link.
    pub(super) fn labels(self) -> Labels {
        self.change().apply_to(&Labels::default())
    }
}
