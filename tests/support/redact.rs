//! Responses without their inlined style and script.

use base64::Engine;
use sha2::{Digest, Sha256};

use super::app::Response;

/// Replaces the texts for scripts, and the inlined style and scripts, their digests in the content security policy, and the entity tag, which
/// depends on the style. Fails unless the policy contains the digests of what was replaced.
pub fn redacted(mut response: Response) -> Response {
    let mut shown = String::new();
    while let Some((before, rest)) = response.body.split_once("<script type=\"application/json\" id=\"") {
        let (id, rest) = rest.split_once("\">").expect("the end of the tag");
        let (texts, after) = rest.split_once("</script>\n").expect("a closing tag");
        assert!(serde_json::from_str::<serde_json::Value>(texts).is_ok_and(|texts| texts.is_object()), "{texts}");
        shown += &format!("{before}({id})\n");
        response.body = after.to_owned();
    }
    response.body.insert_str(0, &shown);
    for element in ["style", "script"] {
        let mut shown = String::new();
        while let Some((before, rest)) = response.body.split_once(&format!("<{element}>")) {
            let (text, after) = rest.split_once(&format!("</{element}>")).expect("a closing tag");
            let source = format!("'sha256-{}'", sha256(text));
            let policy = response.headers.get_mut("content-security-policy").expect("a policy");
            assert!(policy.contains(&source), "{policy} does not allow {source}");
            *policy = policy.replace(&source, &format!("(our {element})"));
            shown += &format!("{before}<{element}>…</{element}>");
            response.body = after.to_owned();
        }
        response.body.insert_str(0, &shown);
    }
    if let Some(tag) = response.headers.get_mut("etag") {
        assert!(tag.len() == 34 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
        "(a digest)".clone_into(tag);
    }
    response
}

fn sha256(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text))
}
