//! A link that is being read.

use crate::instant;
use crate::link::{Row, SourceLink};

/// A link that is being read from a row. [`finish`](Self::finish) says whether it is one.
pub(crate) struct Draft {
    position: String,
    /// What has been read. Its code and target may be empty.
    pub(crate) link: SourceLink,
    refusal: Option<String>,
}

impl Draft {
    /// Begins with what each link needs.
    pub(crate) fn new(position: &str, code: Option<String>, target: Option<String>) -> Self {
        let link =
            SourceLink { code: code.unwrap_or_default(), target: target.unwrap_or_default(), ..SourceLink::default() };
        Self { position: position.to_owned(), link, refusal: None }
    }

    /// Sets when the link was created.
    pub(crate) fn created(&mut self, text: Option<&str>) {
        match text.map_or(Ok(None), instant::parse) {
            Ok(instant) => self.link.created_at = instant,
            Err(text) => self.not_carried(format!("the time of its creation cannot be read: {text}")),
        }
    }

    /// Sets when the link ends. A link whose end cannot be read is refused, because it would go on for ever.
    pub(crate) fn expires(&mut self, text: Option<&str>) {
        match text.map_or(Ok(None), instant::parse) {
            Ok(instant) => self.link.expires_at = instant,
            Err(text) => self.refuse(format!("the time at which the link ends cannot be read: {text}")),
        }
    }

    /// Adds what cannot be carried.
    pub(crate) fn not_carried(&mut self, sentence: impl Into<String>) {
        self.link.not_carried.push(sentence.into());
    }

    /// Notes those of the sentences that apply.
    pub(crate) fn not_carried_where<const N: usize>(&mut self, sentences: [(bool, &str); N]) {
        for (_, sentence) in sentences.into_iter().filter(|(applies, _)| *applies) {
            self.not_carried(sentence);
        }
    }

    /// Makes the row unreadable. The first reason is kept.
    pub(crate) fn refuse(&mut self, reason: impl Into<String>) {
        self.refusal.get_or_insert_with(|| reason.into());
    }

    /// Of an archived link. It redirects at Bitly, Dub and Short.io, so that it is not withdrawn here.
    pub(crate) fn archived(&mut self, is_archived: bool) {
        if is_archived {
            self.not_carried("it is in the archive there, and here it is a link as any other");
        }
    }

    /// The row.
    pub(crate) fn finish(mut self) -> Row {
        if self.link.code.is_empty() {
            self.refuse("it has no code");
        }
        if self.link.target.is_empty() {
            self.refuse("it has no target");
        }
        let blank = |text: &mut Option<String>| *text = text.take().filter(|text| !text.trim().is_empty());
        blank(&mut self.link.title);
        blank(&mut self.link.note);
        blank(&mut self.link.owner);
        blank(&mut self.link.domain);
        self.link.tags.retain(|tag| !tag.trim().is_empty());
        match self.refusal {
            Some(reason) => Row::unreadable(self.position, Some(self.link.code), reason),
            None => Row::link(self.position, self.link),
        }
    }
}
