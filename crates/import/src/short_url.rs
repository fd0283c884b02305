//! Short URLs, and the codes in them.

/// The host, if there is one, and the code of a short URL: `https://s.example/abc`, `s.example/abc`, `/abc/` or `abc`.
///
/// The code is all that follows the host and its `/`, without a `/` at the end. It may be empty.
pub(crate) fn split(text: &str) -> (Option<String>, String) {
    let text = text.trim();
    let scheme = ["https://", "http://"].into_iter().find(|scheme| starts_with(text, scheme));
    let rest = scheme.and_then(|scheme| text.get(scheme.len()..));
    let (host, path) = match (rest, text.split_once('/')) {
        (Some(rest), _) => rest.split_once('/').map_or((rest, ""), |(host, path)| (host, path)),
        (None, Some((host, path))) if host.contains(['.', ':']) => (host, path),
        (None, _) => ("", text.strip_prefix('/').unwrap_or(text)),
    };
    let host = (!host.is_empty()).then(|| host.to_owned());
    (host, path.strip_suffix('/').unwrap_or(path).to_owned())
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn codes_are_what_follows_the_host() {
        let some = |host: &str, code: &str| (Some(host.to_owned()), code.to_owned());
        assert_eq!(split("https://s.example/abc"), some("s.example", "abc"));
        assert_eq!(split("HTTP://s.example:8080/a/b/"), some("s.example:8080", "a/b"));
        assert_eq!(split("bit.ly/abc"), some("bit.ly", "abc"));
        assert_eq!(split("https://s.example"), some("s.example", ""));
        assert_eq!(split("/abc/"), (None, "abc".to_owned()));
        assert_eq!(split("team/abc"), (None, "team/abc".to_owned()));
        assert_eq!(split(" abc "), (None, "abc".to_owned()));
        assert_eq!(split(""), (None, String::new()));
    }
}
