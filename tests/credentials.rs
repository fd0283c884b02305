//! `shortlink serve --table` with the credentials that people have: profiles of the AWS CLI.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use sha2::{Digest, Sha256};
use shortlink::table;
use shortlink_core::dynamodb::client;
use tokio::net::TcpListener;

use crate::support::dynamodb::DynamoDb;
use crate::support::server::{Server, command};

/// A home directory with a profile of each kind.
fn home_with_profiles() -> tempfile::TempDir {
    const SESSION: &str = "arn:aws:iam::012345678901:user/me";
    let home = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = home.path().join(".aws").join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    let config = format!(
        "[profile process]\nregion = eu-central-1\n\
         credential_process = echo '{{\"Version\": 1, \"AccessKeyId\": \"key\", \"SecretAccessKey\": \"secret\"}}'\n\
         [profile sso]\nregion = eu-central-1\nsso_session = work\nsso_account_id = 012345678901\n\
         sso_role_name = admin\n[sso-session work]\nsso_region = eu-central-1\n\
         sso_start_url = https://work.awsapps.com/start\n\
         [profile login]\nregion = eu-central-1\nlogin_session = {SESSION}\n"
    );
    write("config", &config);
    // The name of the file is the SHA-1 of the session's name.
    let token = json!({"accessToken": "token", "expiresAt": "2099-01-01T00:00:00Z"});
    write("sso/cache/e274eeff768c6396088ec6eb091f4bf4d47ab1e0.json", &token.to_string());
    let token = json!({
        "accessToken": {
            "accessKeyId": "key", "secretAccessKey": "secret", "sessionToken": "token", "accountId": "012345678901",
            "expiresAt": "2099-01-01T00:00:00Z",
        },
        "tokenType": "aws_sigv4", "refreshToken": "token", "idToken": "token", "dpopKey": "unused",
        "clientId": "arn:aws:signin:::devtools/same-device",
    });
    write(&format!("login/cache/{:x}.json", Sha256::digest(SESSION)), &token.to_string());
    home
}

/// Starts an HTTP server that answers every request with this document. It stands in for IAM Identity Center. Returns its
/// URL.
async fn serve_always(document: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            let document = document.clone();
            let service = service_fn(move |_| {
                std::future::ready(Ok::<_, Infallible>(http::Response::new(Full::new(Bytes::from(document.clone())))))
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    url
}

#[tokio::test]
async fn serve_uses_the_credentials_of_profiles() {
    let DynamoDb { endpoint_url, .. } = &DynamoDb::start().await;
    table::ensure(&client::local(endpoint_url).await, "links").await.expect("a table");
    let home = home_with_profiles();
    let credentials = json!({"roleCredentials": {
        "accessKeyId": "key", "secretAccessKey": "secret", "sessionToken": "token", "expiration": 4_070_908_800_000_i64,
    }});
    let portal = serve_always(credentials.to_string()).await;
    for profile in ["process", "sso", "login"] {
        let mut command = command(&["--listen", "127.0.0.1:0", "--endpoint-url", endpoint_url, "--table", "links"]);
        command.envs([("AWS_PROFILE", profile), ("AWS_ENDPOINT_URL_SSO", &portal)]).env("HOME", home.path());
        for variable in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE"] {
            command.env_remove(variable);
        }
        let server = Server::start(&mut command).await;
        let created =
            server.create_link(&json!({"url": "https://example.com/", "alias": format!("by-{profile}")})).await;
        assert_eq!(created.expect("a link")["code"], format!("by-{profile}"));
    }
}
