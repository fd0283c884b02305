//! `GET /{code}.svg` and `GET /{code}.png`: the short URL as a QR code.
//!
//! | query parameter | default | meaning |
//! | --- | --- | --- |
//! | `size` | 256 | the width and height of the image in pixels, 64 to 2048 |
//! | `margin` | 4 | the width of the quiet zone in modules, 0 to 16; the standard requires 4 |
//! | `level` | `M` | the share of the code that may be covered or damaged: `L` 7 %, `M` 15 %, `Q` 25 %, `H` 30 % |
//!
//! Other parameters are ignored, since chat clients and advertisers add theirs to every URL.

use std::ops::RangeInclusive;

use http::{HeaderValue, StatusCode};
use qrcode::EcLevel;
use shortlink_core::domain::code::Code;
use shortlink_core::http::problem::{Problem, ProblemKind};
use shortlink_core::http::request::Request;
use shortlink_core::http::response::{self, Response};
use url::form_urlencoded;

use crate::Resolve;
use crate::qr_image::QrMatrix;
use crate::resource::ImageFormat;

const SIZE: RangeInclusive<u32> = 64..=2_048;

const MARGIN: RangeInclusive<u32> = 0..=16;

/// How long an image may be cached, in seconds, if its link does not expire before.
const MAX_AGE_SECONDS: i64 = 86_400;

/// How a QR code is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QrOptions {
    /// The width and height of the image, in pixels.
    pub(crate) size: u32,
    /// The width of the quiet zone, in modules.
    pub(crate) margin: u32,
    /// The level of error correction.
    pub(crate) level: EcLevel,
}

/// Draws the QR code of a link's short URL.
pub(crate) async fn qr_code(
    resolve: &Resolve,
    request: &Request,
    code: &Code,
    format: ImageFormat,
) -> Result<Response, Problem> {
    let options = QrOptions::parse(request.query.as_deref().unwrap_or_default())?;
    let now = resolve.clock.now();
    let link = resolve.find(code, now).await?;
    let short_url = resolve.short_url(request, code);
    let matrix = QrMatrix::encode(&short_url, options.level)?;
    let (content_type, image) = match format {
        ImageFormat::Svg => ("image/svg+xml", matrix.to_svg(options, &short_url).into_bytes()),
        ImageFormat::Png => ("image/png", matrix.to_png(options)?),
    };
    let max_age = link.expires_at.map_or(MAX_AGE_SECONDS, |instant| instant.since(now).min(MAX_AGE_SECONDS));
    // Without a configured base, the client's Host header is in the image, which a shared cache must not give to others.
    let scope = if resolve.config.base_url.is_some() { "public" } else { "private" };
    let cache_control = HeaderValue::from_str(&format!("{scope}, max-age={max_age}"));
    let cache_control = cache_control.unwrap_or(HeaderValue::from_static("no-store"));
    let response = response::with_body(StatusCode::OK, content_type, cache_control, image);
    Ok(response::with_etag(request, response))
}

impl QrOptions {
    /// Parses a query string.
    fn parse(query: &str) -> Result<Self, Problem> {
        let (mut size, mut margin, mut level) = (None, None, None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let duplicate = match &*name {
                "size" => size.replace(parse_integer("size", &value, &SIZE)?).map(|_| "size"),
                "margin" => margin.replace(parse_integer("margin", &value, &MARGIN)?).map(|_| "margin"),
                "level" => level.replace(parse_level(&value)?).map(|_| "level"),
                _ => None,
            };
            if let Some(field) = duplicate {
                return Err(invalid(field, "occurs twice; send it once"));
            }
        }
        Ok(Self { size: size.unwrap_or(256), margin: margin.unwrap_or(4), level: level.unwrap_or(EcLevel::M) })
    }
}

fn parse_integer(field: &'static str, text: &str, range: &RangeInclusive<u32>) -> Result<u32, Problem> {
    // `parse` alone would also accept a sign.
    let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    number
        .filter(|number| range.contains(number))
        .ok_or_else(|| invalid(field, &format!("must be a whole number from {} to {}", range.start(), range.end())))
}

fn parse_level(text: &str) -> Result<EcLevel, Problem> {
    match text {
        "L" | "l" => Ok(EcLevel::L),
        "M" | "m" => Ok(EcLevel::M),
        "Q" | "q" => Ok(EcLevel::Q),
        "H" | "h" => Ok(EcLevel::H),
        _ => Err(invalid("level", "must be L, M, Q or H")),
    }
}

/// A problem with a query parameter.
pub(crate) fn invalid(parameter: &'static str, reason: &str) -> Problem {
    Problem::with_field(ProblemKind::InvalidParameter, parameter, reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_parameters_have_defaults() {
        let parse = |query| QrOptions::parse(query).ok();
        let default = QrOptions { size: 256, margin: 4, level: EcLevel::M };
        assert_eq!(parse(""), Some(default));
        assert_eq!(parse("utm_source=poster&&="), Some(default));
        let options = QrOptions { size: 64, margin: 0, level: EcLevel::H };
        assert_eq!(parse("level=H&size=064&margin=%30"), Some(options));
    }
}
