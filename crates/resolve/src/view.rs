//! What of a link is asked for: the gateway's one path segment, read into a code and a view of it.

use shortlink_core::code::Code;

/// A view of a link. What tells it stands behind the code, in characters that no code has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// `/{code}`: where it leads.
    Follow,
    /// `/{code}+`: what is known of it.
    Preview,
    /// `/{code}.svg` and `/{code}.png`: its short URL as a QR code.
    Qr(Format),
}

/// A format of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Lines, for print: any size.
    Svg,
    /// Pixels.
    Png,
}

impl View {
    /// Reads the path parameter, as the gateway decoded it. `None`: it is no code's.
    pub fn parse(text: &str) -> Option<(Code, Self)> {
        // A gateway may decode a path as a query is decoded, where `+` is a space: AWS does not say which.
        let ends = [
            ("+", Self::Preview),
            (" ", Self::Preview),
            (".svg", Self::Qr(Format::Svg)),
            (".png", Self::Qr(Format::Png)),
        ];
        let found = ends.into_iter().find_map(|(end, view)| Some((text.strip_suffix(end)?, view)));
        let (code, view) = found.unwrap_or((text, Self::Follow));
        Some((Code::parse(code).ok()?, view))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_a_code_is_the_view() {
        let view = |text| View::parse(text).map(|(code, view)| (code.to_string(), view));
        assert_eq!(view("abc"), Some(("abc".to_owned(), View::Follow)));
        assert_eq!(view("abc+"), Some(("abc".to_owned(), View::Preview)));
        assert_eq!(view("abc "), Some(("abc".to_owned(), View::Preview)));
        assert_eq!(view("abc.svg"), Some(("abc".to_owned(), View::Qr(Format::Svg))));
        assert_eq!(view("abc.png"), Some(("abc".to_owned(), View::Qr(Format::Png))));
        for none in ["", "+", ".svg", "ab+", "abc++", "abc+.svg", "abc.svg+", "abc.SVG", "abc.gif", "abc  ", "+abc"] {
            assert_eq!(view(none), None, "{none}");
        }
    }
}
