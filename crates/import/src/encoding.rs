//! Texts that may not be in UTF-8.

use encoding_rs::WINDOWS_1252;

use crate::source::Warnings;

/// The warning about a file that is not in UTF-8.
pub(crate) const NOT_UTF_8: &str = "the file is not wholly in UTF-8: the other texts were read as Windows-1252 \
                                    (Latin-1), so look at letters with accents";

/// Decodes a text: UTF-8, or else Windows-1252, the superset of Latin-1 that browsers use for it. A warning is added
/// then.
pub(crate) fn decode(bytes: Vec<u8>, warnings: &Warnings) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        warnings.add(NOT_UTF_8);
        WINDOWS_1252.decode_without_bom_handling(error.as_bytes()).0.into_owned()
    })
}
