//! Waiting for the browser to come back from the identity provider, on a port of this machine.

use std::convert::Infallible;

use http::{Response, StatusCode, header};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// Waits for the request with this state, and returns the code in it, or the error of the identity provider.
///
/// Any page on the web can make the browser send requests to this port, so one with another state is refused, and the
/// waiting goes on.
pub(super) async fn wait(listener: TcpListener, state: &str) -> Result<String, String> {
    let (sender, mut receiver) = mpsc::channel(1);
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(answer) = receiver.recv() => return answer,
        };
        let Ok((stream, _)) = stream else { continue };
        let (state, sender) = (state.to_owned(), sender.clone());
        let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
            let answer = answer(request.uri(), &state);
            let sender = sender.clone();
            async move {
                let (status, text) = match &answer {
                    Some(Ok(_)) => (StatusCode::OK, "You have signed in."),
                    Some(Err(_)) => (StatusCode::OK, "You have not signed in."),
                    None => (StatusCode::BAD_REQUEST, "This address does not belong to the sign-in of this shell."),
                };
                let mut response = Response::new(format!("{text} Close this window and go back to the shell.\n"));
                *response.status_mut() = status;
                let headers = response.headers_mut();
                headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain; charset=utf-8"));
                headers.insert(header::CONNECTION, header::HeaderValue::from_static("close"));
                if let Some(answer) = answer {
                    // The channel is full if the browser has sent the request twice.
                    sender.try_send(answer).ok();
                }
                Ok::<_, Infallible>(response)
            }
        });
        let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection);
    }
}

/// The code or the error in a request; `None` if the request is another one.
fn answer(uri: &http::Uri, state: &str) -> Option<Result<String, String>> {
    let query = uri.query().filter(|_| uri.path() == "/")?;
    let value = |name: &str| url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
    let value = |name: &str| value(name).map(|(_, value)| value.into_owned());
    if value("state").as_deref() != Some(state) {
        return None;
    }
    match (value("code"), value("error")) {
        (Some(code), None) => Some(Ok(code)),
        (_, error) => Some(Err(error.unwrap_or_else(|| "no code".to_owned()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_state_of_this_sign_in_is_answered() {
        let answer = |uri: &str| answer(&uri.parse().expect("a URI"), "s1");
        assert_eq!(answer("/?code=a%20b&state=s1"), Some(Ok("a b".to_owned())));
        assert_eq!(answer("/?error=access_denied&state=s1"), Some(Err("access_denied".to_owned())));
        for other in ["/?code=a&state=s2", "/?code=a", "/favicon.ico?code=a&state=s1", "/", "/?state=s1x&state=s1"] {
            assert_eq!(answer(other), None, "{other}");
        }
    }
}
