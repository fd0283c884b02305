//! The resources of a link: the gateway's one path segment, parsed into a code and a resource.

use shortlink_core::domain::code::Code;

/// A resource of a link. The suffix after the code selects it; suffixes contain a character that no code contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkResource {
    /// `/{code}`: the redirect to the target.
    Redirect,
    /// `/{code}+`: what is known of the link.
    Preview,
    /// `/{code}.svg` and `/{code}.png`: the short URL as a QR code.
    QrCode(ImageFormat),
}

/// An image format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageFormat {
    /// Vector graphics, for print at any size.
    Svg,
    /// Pixels.
    Png,
}

impl LinkResource {
    /// Every resource. The one without a suffix is last, since its suffix begins every text.
    const ALL: [Self; 4] =
        [Self::Preview, Self::QrCode(ImageFormat::Svg), Self::QrCode(ImageFormat::Png), Self::Redirect];

    /// What follows the code in the path.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Redirect => "",
            Self::Preview => "+",
            Self::QrCode(ImageFormat::Svg) => ".svg",
            Self::QrCode(ImageFormat::Png) => ".png",
        }
    }

    /// Parses a path segment, as the gateway decoded it. Returns `None` if it contains no code.
    ///
    /// What follows the code and its suffix is ignored if it contains no letter or digit: messengers and mail programs
    /// include trailing punctuation in a link.
    pub fn parse(text: &str) -> Option<(Code, Self)> {
        let is_code_character = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let (code, rest) = text.split_at(text.find(|c| !is_code_character(c)).unwrap_or(text.len()));
        let resource = Self::ALL.into_iter().find(|resource| {
            let punctuation = rest.strip_prefix(resource.suffix());
            punctuation.is_some_and(|punctuation| !punctuation.contains(char::is_alphanumeric))
        })?;
        Some((Code::parse(code).ok()?, resource))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suffix_selects_the_resource() {
        let parse = |text| LinkResource::parse(text).map(|(code, resource)| (code.to_string(), resource));
        assert_eq!(parse("abc"), Some(("abc".to_owned(), LinkResource::Redirect)));
        assert_eq!(parse("a+"), Some(("a".to_owned(), LinkResource::Preview)));
        assert_eq!(parse("abc+"), Some(("abc".to_owned(), LinkResource::Preview)));
        assert_eq!(parse("abc.svg"), Some(("abc".to_owned(), LinkResource::QrCode(ImageFormat::Svg))));
        assert_eq!(parse("abc.png"), Some(("abc".to_owned(), LinkResource::QrCode(ImageFormat::Png))));
        for none in ["", "+", ".svg", "abc+.svg", "abc.SVG", "abc.svgz", "abc.gif", "+abc", "abc/d", "abcé", "abc.é"]
        {
            assert_eq!(parse(none), None, "{none}");
        }
    }

    #[test]
    fn punctuation_after_a_link_is_ignored() {
        for punctuation in [
            ".", ",", ")", "/", "…", "”", "“", "»", "**", " ", "\u{a0}", "\u{200b}", "\u{feff}", "\u{202c}", "?!", "…)",
        ] {
            for (suffix, resource) in [
                ("", LinkResource::Redirect),
                ("+", LinkResource::Preview),
                (".svg", LinkResource::QrCode(ImageFormat::Svg)),
                (".png", LinkResource::QrCode(ImageFormat::Png)),
            ] {
                let parsed = LinkResource::parse(&format!("abcd{suffix}{punctuation}"));
                let parsed = parsed.map(|(code, resource)| (code.to_string(), resource));
                assert_eq!(parsed, Some(("abcd".to_owned(), resource)), "{suffix}{punctuation:?}");
            }
        }
    }
}
