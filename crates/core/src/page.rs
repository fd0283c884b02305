//! Answers for people: the small HTML page in place of a problem document.

use http::{HeaderValue, header};

use crate::problem::Problem;
use crate::reply::{self, Reply};

const STYLE: &str = "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:20vh auto;padding:0 1.5rem;\
color:#1c1c1e;background:#fff}h1{font-size:1.6rem}@media(prefers-color-scheme:dark){body{color:#f2f2f7;background:#1c1c1e}}";

/// Nothing may load, run, frame or be sent but [`STYLE`], which is named by its digest.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src \
'sha256-ENViCFUV/ZDeS5x+v+6V0Q6VEFNh5g0FX/nztYgcTFw='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page that tells a visitor about a problem. Its words are ours: nothing that a client sent stands in it.
pub fn problem(problem: &Problem) -> Reply {
    let title = problem.kind.title();
    let body = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"robots\" content=\"noindex\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n<h1>{title}</h1>\n<p>{}</p>\n</html>\n",
        escape(&problem.detail),
    );
    let no_store = HeaderValue::from_static("no-store");
    let mut reply = reply::with_body(problem.kind.status(), "text/html; charset=utf-8", no_store, body);
    reply.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    problem.set_retry_after(&mut reply);
    reply
}

/// Text as it may stand between tags or in a quoted attribute.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::problem::Kind;

    #[test]
    fn the_policy_allows_our_style() {
        let digest = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE));
        assert!(CONTENT_SECURITY_POLICY.contains(&format!("'sha256-{digest}'")), "it is {digest}");
    }

    #[test]
    fn what_a_page_says_is_escaped() {
        let reply = problem(&Problem::new(Kind::NotFound, "<script>alert('&\"')</script>"));
        let body = String::from_utf8_lossy(reply.body()).into_owned();
        assert!(body.contains("<p>&lt;script&gt;alert(&#39;&amp;&quot;&#39;)&lt;/script&gt;</p>"), "{body}");
    }
}
