//! Answers for people: HTML pages, all in one frame (`page.html`) and one style (`page.css`).
//!
//! A page is one response: its style and its script stand in it, and the Content-Security-Policy names them by their
//! digests. Nothing else may run or style, and nothing is loaded from elsewhere: what a page shows cannot turn it into
//! another, and a visitor waits for one answer only.
//!
//! Templates are the format strings of `format!`: the compiler checks that each place is filled and each value used.
//! What came from outside goes into them as [`Text`]. Addresses within pages are relative (`./`), since the service may
//! live under a path, such as a stage of the gateway.

use std::fmt::{self, Write};
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

use crate::problem::Problem;
use crate::reply::{self, Reply};

static STYLE: Inline = Inline::new(include_str!("page.css"));

/// A style or a script that stands in a page.
#[derive(Debug)]
pub struct Inline {
    text: &'static str,
    source: OnceLock<String>,
}

/// A page.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Its title: text.
    pub title: &'a str,
    /// What stands in it: HTML.
    pub main: &'a str,
    /// The script of a page with a form. A page without one runs nothing and sends nothing.
    pub script: Option<&'static Inline>,
    /// Whether search engines may list it.
    pub listed: bool,
}

/// Text as it may stand between tags or in a quoted attribute, whatever it holds.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a>(pub &'a str);

impl Inline {
    /// A style or a script of that text.
    pub const fn new(text: &'static str) -> Self {
        Self { text, source: OnceLock::new() }
    }

    /// Its name in a Content-Security-Policy.
    fn source(&self) -> &str {
        self.source.get_or_init(|| format!("'sha256-{}'", BASE64.encode(Sha256::digest(self.text))))
    }
}

impl Page<'_> {
    /// The page as an answer.
    pub fn reply(&self, status: StatusCode, cache_control: HeaderValue) -> Reply {
        let script = self.script.map(|script| format!("<script>{}</script>\n", script.text)).unwrap_or_default();
        let body = format!(
            include_str!("page.html"),
            robots = if self.listed { "" } else { "<meta name=\"robots\" content=\"noindex\">\n" },
            title = Text(self.title),
            style = STYLE.text,
            main = self.main,
            script = script,
        );
        let mut reply = reply::with_body(status, "text/html; charset=utf-8", cache_control, body);
        let headers = reply.headers_mut();
        if let Ok(policy) = HeaderValue::from_str(&self.policy()) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        reply
    }

    fn policy(&self) -> String {
        let script = match self.script {
            Some(script) => format!("script-src {}; connect-src 'self'; form-action 'self'", script.source()),
            None => "form-action 'none'".to_owned(),
        };
        let style = STYLE.source();
        format!(
            "default-src 'none'; style-src {style}; img-src 'self'; {script}; base-uri 'none'; frame-ancestors 'none'"
        )
    }
}

impl fmt::Display for Text<'_> {
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

/// The page that tells a visitor about a problem.
pub fn problem(problem: &Problem) -> Reply {
    let status = problem.kind.status();
    let title = problem.kind.title();
    let main = format!(
        "<p class=\"kicker\">{}</p>\n<h1>{}</h1>\n<p class=\"lead\">{}</p>\n\
         <p class=\"next\"><a href=\"./\">Make a short link</a></p>\n",
        status.as_str(),
        Text(title),
        Text(&problem.detail),
    );
    let page = Page { title, main: &main, script: None, listed: false };
    let mut reply = page.reply(status, HeaderValue::from_static("no-store"));
    problem.set_retry_after(&mut reply);
    reply
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Kind;

    #[test]
    fn what_a_page_says_is_escaped() {
        let reply = problem(&Problem::new(Kind::NotFound, "<script>alert('&\"')</script>"));
        let body = String::from_utf8_lossy(reply.body()).into_owned();
        assert!(body.contains(">&lt;script&gt;alert(&#39;&amp;&quot;&#39;)&lt;/script&gt;</p>"), "{body}");
    }

    #[test]
    fn what_stands_in_a_page_cannot_end_its_element() {
        assert!(!STYLE.text.contains("</"));
    }
}
