//! Pages: one frame (`page.html`) and one style sheet (`page.css`).
//!
//! A page needs no other file: its style sheet and its script are inline, and the Content-Security-Policy lists their
//! digests. No other script or style is applied and nothing is loaded from other origins, so content cannot change what
//! a page does.
//!
//! Templates are format strings of `format!`, so the compiler checks that every placeholder has a value and that every
//! value is used. Values from outside are wrapped in [`EscapedHtml`]. URLs within pages are relative (`./`), since the
//! service may be served below a path, such as a stage of the gateway.

use std::fmt::{self, Write};
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::domain::code::Code;
use crate::http::brand::{self, Brand};
use crate::http::language::Language;
use crate::http::problem::ProblemKind;
use crate::http::response::{self, Response};
use crate::http::texts;

static STYLE: InlineAsset = InlineAsset::new(include_str!("page.css"));

/// A style sheet or script that is part of a page.
#[derive(Debug)]
pub struct InlineAsset {
    source: &'static str,
    text: OnceLock<String>,
    csp_source: OnceLock<String>,
}

/// A style sheet that is made when the program starts.
#[derive(Clone, Debug)]
pub struct InlineStyle {
    text: String,
    csp_source: String,
}

/// What a page adds to the frame.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The title, as text. The name of the service follows.
    pub title: &'a str,
    /// The content, as HTML.
    pub main: &'a str,
    /// The script of a page. A page without a script may run nothing and send nothing.
    pub script: Option<PageScript>,
    /// Whether search engines may index the page.
    pub is_indexed: bool,
    /// The URL of the home page: [`HERE`], unless the page may be shown below another path.
    pub home: &'a str,
    /// The brand of the service.
    pub brand: &'a Brand,
    /// The language of the title and the content.
    pub language: Language,
}

/// The script of a page.
#[derive(Clone, Copy, Debug)]
pub struct PageScript {
    /// The script.
    pub asset: &'static InlineAsset,
    /// Whether it sends requests to this service, and the page has a form.
    pub sends: bool,
}

/// A script that gets the credentials with which the page's own script sends its form.
#[derive(Clone, Copy, Debug)]
pub struct CredentialsScript<'a> {
    /// The script.
    pub script: &'static InlineAsset,
    /// The origin that it gets them from, beside this service's own.
    pub origin: Option<&'a str>,
}

/// The URL of the home page, relative to a page beside it.
pub const HERE: &str = "./";

/// Text, escaped for use between tags or in a quoted attribute.
#[derive(Clone, Copy, Debug)]
pub struct EscapedHtml<'a>(pub &'a str);

impl InlineAsset {
    /// A style sheet or script with this source.
    pub const fn new(source: &'static str) -> Self {
        Self { source, text: OnceLock::new(), csp_source: OnceLock::new() }
    }

    /// What the page contains: the source without its indentation and the lines that are comments, which would be a tenth
    /// of the page. So no string may continue on another line.
    fn text(&self) -> &str {
        self.text.get_or_init(|| {
            let is_comment = |line: &&str| line.starts_with("//") || (line.starts_with("/*") && line.ends_with("*/"));
            let lines = self.source.lines().map(str::trim).filter(|line| !line.is_empty() && !is_comment(line));
            lines.flat_map(|line| [line, "\n"]).collect()
        })
    }

    /// Its source expression in a Content-Security-Policy.
    fn csp_source(&self) -> &str {
        self.csp_source.get_or_init(|| csp_source(self.text()))
    }
}

impl InlineStyle {
    /// This style sheet. It must not contain the end tag of its element.
    pub fn new(text: String) -> Self {
        let csp_source = csp_source(&text);
        Self { text, csp_source }
    }
}

fn csp_source(text: &str) -> String {
    format!("'sha256-{}'", BASE64.encode(Sha256::digest(text)))
}

impl Page<'_> {
    /// The page as a response.
    pub fn response(&self, status: StatusCode, cache_control: HeaderValue) -> Response {
        self.response_with_credentials(status, cache_control, None)
    }

    /// The page as a response. `credentials` runs before the page's own script.
    pub fn response_with_credentials(
        &self,
        status: StatusCode,
        cache_control: HeaderValue,
        credentials: Option<CredentialsScript<'_>>,
    ) -> Response {
        let own = self.script.map(|script| script.asset);
        let scripts = credentials.map(|credentials| credentials.script).into_iter().chain(own);
        let script: String = scripts.map(|script| format!("<script>{}</script>\n", script.text())).collect();
        let brand = self.brand;
        let brand_style = brand.style.as_ref().map(|style| format!("<style>{}</style>\n", style.text));
        let frame = texts::frame(self.language);
        let body = format!(
            include_str!("page.html"),
            language = self.language.tag(),
            robots = if self.is_indexed { "" } else { "<meta name=\"robots\" content=\"noindex\">\n" },
            title = EscapedHtml(self.title),
            brand = EscapedHtml(&brand.name),
            home = EscapedHtml(self.home),
            style = STYLE.text(),
            brand_style = brand_style.unwrap_or_default(),
            main = self.main,
            about = brand::about_link(brand, &(frame.about)(&brand.name)),
            api = frame.api,
            script = script,
        );
        let mut response = response::with_body(status, "text/html; charset=utf-8", cache_control, body);
        let headers = response.headers_mut();
        if let Ok(policy) = HeaderValue::from_str(&self.content_security_policy(credentials)) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(self.language.tag()));
        response::add_vary(&mut response, "accept-language");
        response
    }

    fn content_security_policy(&self, credentials: Option<CredentialsScript<'_>>) -> String {
        let own = self.script.map(|script| script.asset.csp_source());
        let script = match (self.script, own.unwrap_or_default(), credentials) {
            (Some(PageScript { sends: false, .. }), own, _) => format!("script-src {own}; form-action 'none'"),
            (Some(_), own, None) => format!("script-src {own}; connect-src 'self'; form-action 'self'"),
            (Some(_), own, Some(credentials)) => {
                let first = credentials.script.csp_source();
                let origin = credentials.origin.map(|origin| format!(" {origin}")).unwrap_or_default();
                format!("script-src {first} {own}; connect-src 'self'{origin}; form-action 'self'")
            }
            (None, ..) => "form-action 'none'".to_owned(),
        };
        let style = STYLE.csp_source();
        let brand_style = self.brand.style.as_ref().map(|style| format!(" {}", style.csp_source)).unwrap_or_default();
        format!(
            "default-src 'none'; style-src {style}{brand_style}; img-src 'self'; manifest-src 'self'; {script}; base-uri 'none'; frame-ancestors 'none'"
        )
    }
}

impl fmt::Display for EscapedHtml<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// The section of a page that shows a link's QR code and offers it for download. `class` is the section's CSS class.
pub fn qr_code_section(class: &str, code: &Code, short_url: &str, language: Language) -> String {
    let texts = texts::frame(language);
    let svg = format!("<a href=\"./{code}.svg\" download=\"{code}.svg\">SVG</a>");
    let png = format!("<a href=\"./{code}.png?size=1024\" download=\"{code}.png\">PNG</a>");
    format!(
        include_str!("qr_code_section.html"),
        class = class,
        code = code,
        alternative = EscapedHtml(&(texts.qr_code_of)(short_url)),
        heading = texts.qr_code,
        lead = (texts.qr_code_lead)(&svg, &png),
    )
}

/// What a script needs, as an element that is read and not run. `id` is the element's.
pub fn script_data(id: &str, data: &impl Serialize) -> String {
    // Serialisation cannot fail: the data are structs of texts.
    let json = serde_json::to_string(data).unwrap_or_default().replace('<', "\\u003c");
    format!("<script type=\"application/json\" id=\"{id}\">{json}</script>\n")
}

/// The general page about a problem.
pub(super) fn problem_page(kind: ProblemKind, detail: &str, home: &str, brand: &Brand, language: Language) -> Response {
    let (status, title) = (kind.status(), texts::problem_title(language, kind));
    let main = format!(
        "<p class=\"kicker\">{}</p>\n<h1>{}</h1>\n<p class=\"lead\">{}</p>\n\
         <p class=\"next\"><a href=\"{}\">{}</a></p>\n",
        status.as_str(),
        EscapedHtml(title),
        EscapedHtml(detail),
        EscapedHtml(home),
        texts::frame(language).make,
    );
    let page = Page { title, main: &main, script: None, is_indexed: false, home, brand, language };
    page.response(status, HeaderValue::from_static("no-store"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_problem_is_escaped() {
        let text = "<script>alert('&\"')</script>";
        let page = problem_page(ProblemKind::NotFound, text, HERE, Brand::unset(), Language::English);
        let body = String::from_utf8_lossy(page.body()).into_owned();
        assert!(body.contains(">&lt;script&gt;alert(&#39;&amp;&quot;&#39;)&lt;/script&gt;</p>"), "{body}");
    }

    #[test]
    fn the_style_sheet_cannot_close_its_element() {
        assert!(!STYLE.source.contains("</"));
    }

    #[test]
    fn comments_and_indentation_are_left_out() {
        let asset = InlineAsset::new("// One\nif (a) {\n  b('//'); // two\n\n  /* Three */\n  c();\n}\n");
        assert_eq!(asset.text(), "if (a) {\nb('//'); // two\nc();\n}\n");
        // A comment of several lines would lose its end.
        let is_whole = |line: &str| !line.trim().starts_with("/*") || line.ends_with("*/");
        assert!(STYLE.source.lines().all(is_whole));
    }
}
