//! The language of a page: that of the browser, if the page is translated into it (RFC 9110, section 12.5.4).

use http::header;

use crate::http::negotiation;
use crate::http::request::Request;

/// A language that the pages are written in. The API's documents are in English.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English, also for browsers that ask for none of the others.
    #[default]
    English,
    /// German.
    German,
    /// Spanish.
    Spanish,
}

impl Language {
    /// All languages.
    pub const ALL: [Self; 3] = [Self::English, Self::German, Self::Spanish];

    /// The language that the client prefers, by its `Accept-Language`. A response in it varies by that header.
    pub fn of(request: &Request) -> Self {
        let values = request.headers.get_all(header::ACCEPT_LANGUAGE).iter();
        let values: Vec<_> = values.filter_map(|value| value.to_str().ok()).collect();
        Self::preferred(&values.join(","))
    }

    /// The language tag (RFC 5646).
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Spanish => "es",
        }
    }

    /// The first language with the highest weight. A region, as in `de-AT`, makes no difference.
    fn preferred(accept_language: &str) -> Self {
        let mut best = (Self::English, 0);
        for part in accept_language.split(',') {
            let mut parameters = part.split(';').map(str::trim);
            let range = parameters.next().unwrap_or_default();
            let primary = range.split('-').next().unwrap_or_default();
            let language = Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary));
            let weight = negotiation::quality(parameters);
            if let Some(language) = language.filter(|_| weight > best.1) {
                best = (language, weight);
            }
        }
        best.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_language_with_the_highest_weight_is_chosen() {
        for (header, expected) in [
            ("", Language::English),
            ("*", Language::English),
            ("fr-CH, fr;q=0.9", Language::English),
            ("fr, de;q=0.7, *;q=0.5", Language::German),
            ("de-AT", Language::German),
            ("ES-mx;q=0.8,en;q=0.7", Language::Spanish),
            ("en;q=0.7,es;q=0.8", Language::Spanish),
            ("es,de", Language::Spanish),
            ("de;q=0, es;q=0", Language::English),
            ("de;q=nonsense", Language::English),
            ("deutsch", Language::English),
            (",,;;==-", Language::English),
        ] {
            assert_eq!(Language::preferred(header), expected, "{header}");
        }
    }
}
