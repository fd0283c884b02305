//! The operator's brand: what pages show instead of ours.

use std::sync::LazyLock;

use crate::config::{ConfigError, Environment};
use crate::http::html::{self, InlineStyle};

/// The brand of a service whose operator has set none.
static DEFAULT: LazyLock<Brand> = LazyLock::new(Brand::default);

/// The maximum length of a name, in characters: what fits in one line on a phone.
const MAX_NAME_LENGTH: usize = 30;

/// The minimum contrast of text to its background, level AA of WCAG 2.2 (success criterion 1.4.3).
const MIN_CONTRAST: f64 = 4.5;

/// The backgrounds of the pages in light and in dark mode: `--paper` in page.css.
const LIGHT_PAPER: Colour = Colour([0xfa, 0xf9, 0xf6]);
const DARK_PAPER: Colour = Colour([0x15, 0x14, 0x12]);

/// The name, the colour and the site that pages show.
#[derive(Clone, Debug)]
pub struct Brand {
    /// `BRAND_NAME`: the name of the service in the header and the titles of its pages, 1 to 30 characters, `Shortlink` by
    /// default.
    pub name: String,
    /// `BRAND_URL`: a page about the operator, to which every page links; none by default.
    pub url: Option<String>,
    /// `BRAND_COLOUR`: the colour of buttons and links, such as `#0a5f49`. It is darkened, and lightened in dark mode, as
    /// far as is necessary for people to read it.
    pub style: Option<InlineStyle>,
}

/// A colour, as its red, green and blue from 0 to 255.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Colour([u8; 3]);

impl Brand {
    /// Reads the settings.
    ///
    /// # Errors
    ///
    /// The first variable with an invalid value.
    pub fn read(environment: &Environment<'_>) -> Result<Self, ConfigError> {
        let name = environment.text("BRAND_NAME").map_or_else(|| Ok(Self::default().name), parse_name)?;
        let colour = environment.text("BRAND_COLOUR").as_deref().map(parse_colour).transpose()?;
        let url = environment.web_url("BRAND_URL")?;
        Ok(Self { name, url, style: colour.map(|colour| InlineStyle::new(style(colour))) })
    }

    /// The brand of a service whose operator has set none.
    pub fn unset() -> &'static Self {
        &DEFAULT
    }
}

impl Default for Brand {
    fn default() -> Self {
        Self { name: "Shortlink".to_owned(), url: None, style: None }
    }
}

fn parse_name(text: String) -> Result<String, ConfigError> {
    let is_valid = text.chars().count() <= MAX_NAME_LENGTH && !text.chars().any(char::is_control);
    let error = || ConfigError::new("BRAND_NAME", format!("must be a name of at most {MAX_NAME_LENGTH} characters"));
    if is_valid { Ok(text) } else { Err(error()) }
}

fn parse_colour(text: &str) -> Result<Colour, ConfigError> {
    let error = || ConfigError::new("BRAND_COLOUR", format!("must be a colour such as #0a5f49; it is {text:?}"));
    let is_colour = |digits: &&str| digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digits = text.strip_prefix('#').filter(is_colour).ok_or_else(error)?;
    let number = u32::from_str_radix(digits, 16).map_err(|_| error())?;
    let [_, colour @ ..] = number.to_be_bytes();
    Ok(Colour(colour))
}

/// The variables of the style sheet that the colour changes.
fn style(colour: Colour) -> String {
    let light = colour.towards(Colour([0; 3]), LIGHT_PAPER);
    let dark = colour.towards(Colour([255; 3]), DARK_PAPER);
    let rules = |accent: Colour, strong: Colour, on_accent: &str| {
        format!(
            ":root{{--accent:{};--accent-strong:{};--on-accent:{on_accent}}}",
            accent.to_css(),
            accent.mixed(strong, 0.2).to_css()
        )
    };
    let (light, dark) = (rules(light, Colour([0; 3]), "#fff"), rules(dark, Colour([255; 3]), "#000"));
    format!("{light}\n@media (prefers-color-scheme: dark) {{ {dark} }}\n")
}

impl Colour {
    /// The colour, mixed with as little of `end` as makes its contrast to `background` sufficient.
    fn towards(self, end: Self, background: Self) -> Self {
        let steps = (0..=100).map(|percent| self.mixed(end, f64::from(percent) / 100.0));
        steps.into_iter().find(|mixed| mixed.contrast(background) >= MIN_CONTRAST).unwrap_or(end)
    }

    /// The colour with a share of another, from 0 to 1.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the value is between 0 and 255")]
    fn mixed(self, other: Self, share: f64) -> Self {
        let mut mixed = self;
        for (own, other) in mixed.0.iter_mut().zip(other.0) {
            *own = (f64::from(*own) * (1.0 - share) + f64::from(other) * share).round().clamp(0.0, 255.0) as u8;
        }
        mixed
    }

    /// The contrast ratio to another colour, from 1 to 21 (WCAG 2.2, "contrast ratio").
    fn contrast(self, other: Self) -> f64 {
        let (own, other) = (self.luminance() + 0.05, other.luminance() + 0.05);
        own.max(other) / own.min(other)
    }

    /// The relative luminance, from 0 to 1 (WCAG 2.2, "relative luminance").
    fn luminance(self) -> f64 {
        let linear = self.0.map(|value| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        });
        let weights = [0.2126, 0.7152, 0.0722];
        linear.iter().zip(weights).map(|(value, weight)| value * weight).sum()
    }

    fn to_css(self) -> String {
        let [red, green, blue] = self.0;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }
}

/// A link to the operator's site, if there is one.
pub(super) fn about_link(brand: &Brand, text: &str) -> String {
    let link = |url: &String| {
        format!("<a href=\"{}\" rel=\"noopener\">{}</a>\n", html::EscapedHtml(url), html::EscapedHtml(text))
    };
    brand.url.as_ref().map(link).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_becomes_one_that_people_can_read() {
        assert!((Colour([0; 3]).contrast(Colour([255; 3])) - 21.0).abs() < 0.01);
        for red in (0..=255).step_by(51) {
            for green in (0..=255).step_by(51) {
                for blue in (0..=255).step_by(51) {
                    let colour = Colour([red, green, blue]);
                    let light = colour.towards(Colour([0; 3]), LIGHT_PAPER);
                    let dark = colour.towards(Colour([255; 3]), DARK_PAPER);
                    assert!(light.contrast(LIGHT_PAPER) >= MIN_CONTRAST && dark.contrast(DARK_PAPER) >= MIN_CONTRAST);
                    // The text on a button.
                    assert!(
                        light.contrast(Colour([255; 3])) >= MIN_CONTRAST
                            && dark.contrast(Colour([0; 3])) >= MIN_CONTRAST
                    );
                }
            }
        }
    }

    #[test]
    fn a_colour_that_can_be_read_stays_as_it_is() {
        let style = style(Colour([0x0a, 0x5f, 0x49]));
        assert!(style.starts_with(":root{--accent:#0a5f49;--accent-strong:#084c3a;--on-accent:#fff}\n"), "{style}");
    }

    #[test]
    fn the_papers_are_those_of_the_style_sheet() {
        for paper in [LIGHT_PAPER, DARK_PAPER] {
            let rule = format!("--paper: {};", paper.to_css());
            assert!(include_str!("page.css").contains(&rule), "{rule}");
        }
    }

    #[test]
    fn invalid_settings_are_rejected() {
        for (variable, value) in [
            ("BRAND_NAME", "a".repeat(31)),
            ("BRAND_NAME", "a\u{7}".to_owned()),
            ("BRAND_COLOUR", "red".to_owned()),
            ("BRAND_COLOUR", "#12345".to_owned()),
            ("BRAND_COLOUR", "#+12345".to_owned()),
            ("BRAND_URL", "javascript:alert(1)".to_owned()),
        ] {
            let lookup = |name: &str| (name == variable).then(|| value.clone());
            assert!(Brand::read(&Environment::new(&lookup)).is_err(), "{variable}={value}");
        }
    }
}
