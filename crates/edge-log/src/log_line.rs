//! A line of a log: a JSON object whose values are texts, `-` if there is none. Texts that clients have sent are
//! percent-encoded.

use percent_encoding::percent_decode_str;
use resolve::resource::LinkResource;
use serde::Deserialize;
use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::code::Code;
use shortlink_core::domain::visit::Visitor;
use shortlink_core::visits::visitor;

/// A redirect that CloudFront has answered itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeRedirect {
    /// The code of the link.
    pub code: Code,
    /// Who was redirected.
    pub visitor: Visitor,
    /// When the response was sent.
    pub at: Timestamp,
}

/// A line that is no log line: the file is damaged, or its format has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Garbage;

/// The fields that `edge.yaml` selects.
#[derive(Deserialize)]
struct Fields {
    date: String,
    time: String,
    #[serde(rename = "cs-method")]
    method: String,
    #[serde(rename = "cs-uri-stem")]
    path: String,
    #[serde(rename = "sc-status")]
    status: String,
    #[serde(rename = "x-edge-result-type")]
    result: String,
    #[serde(rename = "cs(User-Agent)", default)]
    user_agent: String,
    #[serde(rename = "cs(Referer)", default)]
    referrer: String,
    #[serde(rename = "c-country", default)]
    country: String,
}

/// Parses a line. Returns `None` if it is not a redirect that CloudFront has answered itself: another request, or one that
/// has reached the functions (`Miss`), which have counted it.
///
/// `RefreshHit` is a copy that CloudFront has used after asking whether it is still valid. Redirects have no entity tag with
/// which it could ask, so this is a copy that it uses while the API fails, and no function has counted it.
///
/// # Errors
///
/// [`Garbage`].
pub fn parse(line: &[u8]) -> Result<Option<EdgeRedirect>, Garbage> {
    let fields: Fields = serde_json::from_slice(line).map_err(|_| Garbage)?;
    let at = Timestamp::parse(&format!("{}T{}Z", fields.date, fields.time)).ok_or(Garbage)?;
    let is_hit = matches!(fields.result.as_str(), "Hit" | "RefreshHit");
    let is_redirect = matches!(fields.status.as_str(), "301" | "302" | "307" | "308");
    if fields.method != "GET" || !is_hit || !is_redirect {
        return Ok(None);
    }
    let path = decoded(&fields.path);
    let Some((code, LinkResource::Redirect)) = LinkResource::parse(path.trim_start_matches('/')) else {
        return Ok(None);
    };
    let optional = |text: &str| Some(decoded(text)).filter(|text| text != "-" && !text.is_empty());
    let (user_agent, referrer) = (optional(&fields.user_agent), optional(&fields.referrer));
    let visitor = visitor::of(user_agent.as_deref(), referrer.as_deref(), Some(&fields.country));
    Ok(Some(EdgeRedirect { code, visitor, at }))
}

/// A text without percent-encoding. CloudFront encodes some characters twice (`%2520` for a space), depending on the
/// field.
fn decoded(text: &str) -> String {
    let once = percent_decode_str(text).decode_utf8_lossy();
    percent_decode_str(&once).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The form of lines of standard logs v2 as JSON, with more fields than we select.
    const LINE: &str = r#"{"date":"2030-01-31","time":"12:57:53","x-edge-location":"SFO53-P7","sc-bytes":"1068","cs-method":"GET","cs(Host)":"d111111abcdef8.cloudfront.net","cs-uri-stem":"/abc1234","sc-status":"301","cs(Referer)":"https://www.example.org/page?private","cs(User-Agent)":"Mozilla/5.0%20(X11;%20Linux%20x86_64;%20rv:140.0)%20Gecko/20100101%20Firefox/140.0","cs-uri-query":"-","cs(Cookie)":"-","x-edge-result-type":"Hit","time-taken":"0.001","c-country":"DE"}"#;

    fn parse_with(from: &str, to: &str) -> Result<Option<EdgeRedirect>, Garbage> {
        assert!(LINE.contains(from), "{from}");
        parse(LINE.replace(from, to).as_bytes())
    }

    #[test]
    fn a_hit_is_a_visit() {
        let redirect = parse(LINE.as_bytes()).expect("a line").expect("a redirect");
        assert_eq!(redirect.code.as_str(), "abc1234");
        assert_eq!(Some(redirect.at), Timestamp::parse("2030-01-31T12:57:53Z"));
        assert_eq!(
            redirect.visitor,
            Visitor {
                is_bot: false,
                referrer: Some("example.org".to_owned()),
                country: Some("DE".to_owned()),
                device: "desktop",
            }
        );
    }

    #[test]
    fn what_the_functions_have_seen_is_not_counted() {
        for (from, to) in [
            ("\"Hit\"", "\"Miss\""),
            ("\"Hit\"", "\"Error\""),
            ("\"Hit\"", "\"Redirect\""),
            ("\"Hit\"", "\"LimitExceeded\""),
            ("\"GET\"", "\"HEAD\""),
            ("\"GET\"", "\"POST\""),
            ("\"301\"", "\"200\""),
            ("\"301\"", "\"304\""),
            ("\"301\"", "\"404\""),
            ("/abc1234", "/"),
            ("/abc1234", "/abc1234+"),
            ("/abc1234", "/abc1234.svg"),
            ("/abc1234", "/links/abc1234"),
        ] {
            assert_eq!(parse_with(from, to), Ok(None), "{to}");
        }
        for (from, to) in [("\"Hit\"", "\"RefreshHit\""), ("\"301\"", "\"302\""), ("\"301\"", "\"307\"")] {
            assert!(matches!(parse_with(from, to), Ok(Some(_))), "{to}");
        }
    }

    #[test]
    fn what_clients_send_is_decoded() {
        for path in ["/abc1234.", "/abc1234/", "/abc1234%E2%80%A6", "/%61bc1234", "//abc1234"] {
            let redirect = parse_with("/abc1234", path).expect("a line").expect("a redirect");
            assert_eq!(redirect.code.as_str(), "abc1234", "{path}");
        }
        let bot = parse_with("Mozilla/5.0%20(X11;%20Linux%20x86_64;%20rv:140.0)%20Gecko/20100101%20Firefox/140.0", "-");
        assert!(bot.expect("a line").expect("a redirect").visitor.is_bot);
        let twice = parse_with("%20", "%2520").expect("a line").expect("a redirect");
        assert!(!twice.visitor.is_bot);
        let none = parse_with("https://www.example.org/page?private", "-").expect("a line").expect("a redirect");
        assert_eq!(none.visitor.referrer, None);
        let unknown = parse_with("\"DE\"", "\"-\"").expect("a line").expect("a redirect");
        assert_eq!(unknown.visitor.country, None);
    }

    #[test]
    fn garbage_is_recognised() {
        for line in ["", "{}", "null", "#Version: 1.0", "\u{0}\u{1}", &LINE[..100]] {
            assert_eq!(parse(line.as_bytes()), Err(Garbage), "{line}");
        }
        assert_eq!(parse_with("2030-01-31", "yesterday"), Err(Garbage));
        assert_eq!(parse_with("\"301\"", "301"), Err(Garbage));
        assert_eq!(parse(&[0xff, 0xfe]), Err(Garbage));
    }
}
