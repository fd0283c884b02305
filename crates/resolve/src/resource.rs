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
    /// Parses a path parameter, as the gateway decoded it. Returns `None` if it contains no code.
    pub fn parse(text: &str) -> Option<(Code, Self)> {
        // A space stands for `+` if a gateway decodes the path as form data; AWS does not document whether it does.
        let suffixes = [
            ("+", Self::Preview),
            (" ", Self::Preview),
            (".svg", Self::QrCode(ImageFormat::Svg)),
            (".png", Self::QrCode(ImageFormat::Png)),
        ];
        let found = suffixes.into_iter().find_map(|(suffix, resource)| Some((text.strip_suffix(suffix)?, resource)));
        let (code, resource) = found.unwrap_or((text, Self::Redirect));
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
        assert_eq!(parse("abc+"), Some(("abc".to_owned(), LinkResource::Preview)));
        assert_eq!(parse("abc "), Some(("abc".to_owned(), LinkResource::Preview)));
        assert_eq!(parse("abc.svg"), Some(("abc".to_owned(), LinkResource::QrCode(ImageFormat::Svg))));
        assert_eq!(parse("abc.png"), Some(("abc".to_owned(), LinkResource::QrCode(ImageFormat::Png))));
        for none in ["", "+", ".svg", "ab+", "abc++", "abc+.svg", "abc.svg+", "abc.SVG", "abc.gif", "abc  ", "+abc"] {
            assert_eq!(parse(none), None, "{none}");
        }
    }
}
