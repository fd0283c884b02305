//! `shortlink login` against an identity provider that checks what RFC 7636 says.

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStderr, Command};
use url::Url;

use crate::support::app::{Response, send};
use crate::support::server::command;

const CODE: &str = "c/d+1";

/// A token endpoint. It answers with this status and body, and keeps the forms that it got.
struct TokenEndpoint {
    url: String,
    forms: Arc<Mutex<Vec<HashMap<String, String>>>>,
}

impl TokenEndpoint {
    async fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/token?tenant=1", listener.local_addr().expect("an address"));
        let forms = Arc::new(Mutex::new(Vec::new()));
        let received = Arc::clone(&forms);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = vec![0; 16_384];
                let mut length = 0;
                let body = loop {
                    length += stream.read(&mut request[length..]).await.expect("a request");
                    let text = String::from_utf8_lossy(&request[..length]).into_owned();
                    assert!(text.starts_with("POST /token?tenant=1 HTTP/1.1\r\n"), "{text}");
                    if let Some((_, body)) = text.split_once("\r\n\r\n")
                        && body.contains("code_verifier=")
                    {
                        break body.to_owned();
                    }
                };
                let form = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
                received.lock().expect("a lock").push(form);
                stream.write_all(answer.as_bytes()).await.expect("a response");
            }
        });
        Self { url, forms }
    }

    fn forms(&self) -> Vec<HashMap<String, String>> {
        self.forms.lock().expect("a lock").clone()
    }
}

const TOKEN: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n\
                     {\"access_token\": \"ey.1\", \"token_type\": \"Bearer\", \"expires_in\": 3600, \"refresh_token\": \"r\"}";

/// A running `shortlink login`, and the address that it has printed.
struct Login {
    process: Child,
    address: Url,
    errors: Lines<BufReader<ChildStderr>>,
}

impl Login {
    async fn start(token_url: &str, home: &Path, arguments: &[&str]) -> Self {
        let mut login = Command::new(command(&[]).as_std().get_program());
        login.args(["login", "--authorize-url", "https://example.com/authorize?audience=a", "--token-url", token_url]);
        login.args(["--client", "c1", "--port", "0", "--no-browser"]).args(arguments);
        login.env("HOME", home).env_remove("XDG_DATA_HOME").kill_on_drop(true);
        let mut process = login.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a process");
        let mut errors = BufReader::new(process.stderr.take().expect("stderr")).lines();
        loop {
            let line = errors.next_line().await.expect("readable").expect("an address");
            if line.starts_with("https://") {
                return Self { process, address: line.parse().expect("a URL"), errors };
            }
        }
    }

    /// A parameter of the address.
    fn parameter(&self, name: &str) -> String {
        let mut values = self.address.query_pairs().filter(|(key, _)| key == name);
        let (_, value) = values.next().unwrap_or_else(|| panic!("no {name}"));
        assert!(values.next().is_none(), "{name} occurs once");
        value.into_owned()
    }

    /// Comes back as the browser does, with these parameters.
    async fn come_back(&self, parameters: &[(&str, &str)]) -> Response {
        let mut url: Url = self.parameter("redirect_uri").parse().expect("a URL");
        assert_eq!((url.scheme(), url.host_str(), url.path()), ("http", Some("localhost"), "/"));
        url.query_pairs_mut().extend_pairs(parameters);
        let address = format!("http://127.0.0.1:{}{}", url.port().expect("a port"), &url[url::Position::BeforePath..]);
        send(reqwest::Client::new().get(address)).await
    }

    /// The exit code, the standard output, and the last line of the standard error.
    async fn end(mut self) -> (Option<i32>, String, String) {
        let mut last = String::new();
        while let Some(line) = self.errors.next_line().await.expect("readable") {
            last = line;
        }
        let output = self.process.wait_with_output().await.expect("a process");
        (output.status.code(), String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned(), last)
    }
}

#[tokio::test]
async fn login_exchanges_the_code_with_its_verifier() {
    let endpoint = TokenEndpoint::start(TOKEN).await;
    let home = tempfile::tempdir().expect("a folder");
    let login = Login::start(&endpoint.url, home.path(), &["--print", "--scope", "shortlink/read"]).await;
    assert_eq!(login.parameter("audience"), "a");
    assert_eq!(login.parameter("response_type"), "code");
    assert_eq!(login.parameter("client_id"), "c1");
    assert_eq!(login.parameter("scope"), "shortlink/read");
    assert_eq!(login.parameter("code_challenge_method"), "S256");
    let (challenge, redirect_uri) = (login.parameter("code_challenge"), login.parameter("redirect_uri"));
    let back = login.come_back(&[("code", CODE), ("state", &login.parameter("state"))]).await;
    assert_eq!(back.status, 200, "{back}");
    assert_eq!(login.end().await, (Some(0), "ey.1".to_owned(), String::new()));

    let [form] = &endpoint.forms()[..] else { panic!("one request") };
    assert_eq!(BASE64URL.encode(Sha256::digest(&form["code_verifier"])), challenge);
    assert_eq!(form["code_verifier"].len(), 43);
    assert_eq!((form["code"].as_str(), form["redirect_uri"].as_str()), (CODE, redirect_uri.as_str()));
    assert_eq!((form["grant_type"].as_str(), form["client_id"].as_str()), ("authorization_code", "c1"));
    assert_eq!(std::fs::read_dir(home.path()).expect("a folder").count(), 0, "nothing is stored");
}

/// Any page on the web can send the browser to the port.
#[tokio::test]
async fn login_ignores_answers_with_another_state() {
    let endpoint = TokenEndpoint::start(TOKEN).await;
    let home = tempfile::tempdir().expect("a folder");
    let login = Login::start(&endpoint.url, home.path(), &["--print"]).await;
    let state = login.parameter("state");
    for parameters in [
        &[("code", "stolen"), ("state", "other")][..],
        &[("code", "stolen")],
        &[("error", "access_denied"), ("state", "")],
        &[],
    ] {
        assert_eq!(login.come_back(parameters).await.status, 400, "{parameters:?}");
    }
    assert_eq!(endpoint.forms(), []);
    login.come_back(&[("code", CODE), ("state", &state)]).await;
    assert_eq!(login.end().await.1, "ey.1");
    assert_eq!(endpoint.forms().len(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn login_keeps_the_token_in_a_file_that_nobody_else_can_read() {
    use std::os::unix::fs::PermissionsExt;

    let endpoint = TokenEndpoint::start(TOKEN).await;
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join(".local/share/shortlink");
    // An old file that others can read is replaced.
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("authorization");
    std::fs::write(&file, "old").expect("a file");
    let login = Login::start(&endpoint.url, home.path(), &[]).await;
    login.come_back(&[("code", CODE), ("state", &login.parameter("state"))]).await;
    let (status, output, _) = login.end().await;
    assert_eq!(status, Some(0));
    assert!(output.contains(&format!("curl -H @'{}'", file.display())) && !output.contains("ey.1"), "{output}");
    assert_eq!(std::fs::read_to_string(&file).expect("a file"), "Authorization: Bearer ey.1\n");
    assert_eq!(std::fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), 1);
}

#[tokio::test]
async fn login_says_why_nobody_is_signed_in() {
    let home = tempfile::tempdir().expect("a folder");
    let refusing =
        TokenEndpoint::start("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n{\"error\":\"a\x1b[2J\"}").await;
    let login = Login::start(&refusing.url, home.path(), &[]).await;
    login.come_back(&[("code", CODE), ("state", &login.parameter("state"))]).await;
    let (status, output, error) = login.end().await;
    let expected = format!(
        "shortlink: {} has answered with 400 and without a token: \"{{\\\"error\\\":\\\"a\\u{{1b}}[2J\\\"}}\"",
        refusing.url
    );
    assert_eq!((status, output.as_str(), error), (Some(1), "", expected));

    let login = Login::start(&refusing.url, home.path(), &[]).await;
    login.come_back(&[("error", "access_denied"), ("state", &login.parameter("state"))]).await;
    let expected = "shortlink: the identity provider has refused: \"access_denied\"".to_owned();
    assert_eq!(login.end().await, (Some(1), String::new(), expected));

    let login = Login::start("http://127.0.0.1:1/token", home.path(), &[]).await;
    login.come_back(&[("code", CODE), ("state", &login.parameter("state"))]).await;
    let (status, _, error) = login.end().await;
    assert!(status == Some(1) && error.starts_with("shortlink: cannot reach http://127.0.0.1:1/token: "), "{error}");
    assert_eq!(std::fs::read_dir(home.path()).expect("a folder").count(), 0, "nothing is stored");
}
