//! `shortlink serve` as a process: kills, signals, start-up errors, log.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use shortlink::table;
use shortlink_core::dynamodb::client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

use crate::support::dynamodb::DynamoDb;
use crate::support::function_process::RESOLVE;
use crate::support::server::{Server, command, startup_error};

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_links_survive_sigkill() {
    const LINKS: usize = 300;
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("new/folders/links.db");
    let mut server = Arc::new(Server::with_file(&data).await);
    let created = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..8)
        .map(|client| {
            let (server, created) = (Arc::clone(&server), Arc::clone(&created));
            tokio::spawn(async move {
                let mut links = Vec::new();
                loop {
                    let target = format!("https://example.com/{client}/{}", links.len());
                    // The client stops when the connection breaks because the process was killed.
                    let Ok(link) = server.create_link(&json!({"url": target, "reuse": links.len() % 3 == 0})).await
                    else {
                        return links;
                    };
                    links.push((link["short"].as_str().expect("a path").to_owned(), target));
                    created.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    while created.load(Ordering::SeqCst) < LINKS {
        tokio::task::yield_now().await;
    }
    server.signal("KILL").await;
    let mut links = Vec::new();
    for client in clients {
        links.extend(client.await.expect("a client"));
    }
    assert!(links.len() >= LINKS);
    let status = Arc::get_mut(&mut server).expect("the only reference").process.wait().await.expect("an exit status");
    assert_eq!(status.code(), None, "killed by a signal");

    let server = Server::with_file(&data).await;
    for (path, target) in links {
        assert_eq!(server.location(&path).await, Some(target), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_requests_create_one_link() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Arc::new(Server::with_file(&folder.path().join("links.db")).await);
    let race = async |body: fn(usize) -> serde_json::Value| {
        let racers = (0..50).map(|n| {
            let server = Arc::clone(&server);
            tokio::spawn(async move { server.create_link(&body(n)).await })
        });
        let mut responses = Vec::new();
        for racer in racers.collect::<Vec<_>>() {
            responses.push(racer.await.expect("a response"));
        }
        responses
    };
    let responses = race(|n| json!({"url": format!("https://example.com/{n}"), "alias": "wanted"})).await;
    let created: Vec<_> = responses.into_iter().filter_map(Result::ok).collect();
    assert_eq!(created.len(), 1);
    // The server reads on another connection to the database than it writes on; the link is visible at once.
    assert_eq!(server.location("/wanted").await.as_deref(), created[0]["url"].as_str());
    let responses = race(|_| json!({"url": "https://example.com/", "reuse": true})).await;
    let codes: HashSet<_> = responses.into_iter().map(|created| created.expect("a link")["code"].to_string()).collect();
    assert_eq!(codes.len(), 1);
}

#[tokio::test]
async fn pending_visits_survive_sigterm() {
    const LINKS: usize = 70;
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("links.db");
    let server = Server::with_file(&data).await;
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    for n in 0..LINKS {
        server
            .create_link(&json!({"url": "https://example.com/", "alias": format!("link-{n}")}))
            .await
            .expect("a link");
        for _ in 0..2 {
            let visit = http.get(format!("http://{}/link-{n}", server.address)).header("user-agent", "Mozilla/5.0");
            assert_eq!(visit.send().await.expect("a response").status(), 301);
        }
    }
    server.signal("TERM").await;
    assert_eq!(server.exit().await.status.code(), Some(0));

    let mut command = command(&["--listen", "127.0.0.1:0", "--data", data.to_str().expect("UTF-8")]);
    let server = Server::start(command.env("PREVIEW", "full")).await;
    for n in 0..LINKS {
        let preview = http.get(format!("http://{}/link-{n}+", server.address)).header("accept", "application/json");
        let preview = preview.send().await.expect("a response").text().await.expect("a body");
        let preview: serde_json::Value = serde_json::from_str(&preview).expect("JSON");
        assert_eq!(preview["visits"], 2, "{preview}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn process_listens_on_one_socket() {
    let server = Server::in_memory().await;
    let process = format!("/proc/{}", server.process.id().expect("a process that runs"));
    let sockets: HashSet<_> = std::fs::read_dir(format!("{process}/fd"))
        .expect("a folder")
        .filter_map(|file| std::fs::read_link(file.ok()?.path()).ok()?.to_str().map(str::to_owned))
        .collect();
    let tables =
        ["tcp", "tcp6"].map(|table| std::fs::read_to_string(format!("{process}/net/{table}")).expect("a table"));
    let lines =
        tables.iter().flat_map(|table| table.lines().skip(1)).map(|line| line.split_whitespace().collect::<Vec<_>>());
    // The fourth column is the socket's state, where 0A means listening, and the tenth is its inode.
    let listening = lines.filter(|columns| columns[3] == "0A" && sockets.contains(&format!("socket:[{}]", columns[9])));
    assert_eq!(listening.count(), 1);
}

#[tokio::test]
async fn sigterm_drains_requests_in_flight() {
    let server = Server::in_memory().await;
    let mut idle = TcpStream::connect(&server.address).await.expect("a connection");
    let mut busy = TcpStream::connect(&server.address).await.expect("a connection");
    let body = "url=https://example.com/";
    let head = format!(
        "POST /shorten HTTP/1.1\r\nhost: sho.rt\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    busy.write_all(head.as_bytes()).await.expect("a write");
    // The interim response shows that the server reads the body, so the request is in flight.
    let mut interim = [0; 25];
    busy.read_exact(&mut interim).await.expect("an interim answer");
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    server.signal("TERM").await;
    // The server closes the idle connection, so it has received the signal.
    assert_eq!(idle.read(&mut [0; 1]).await.expect("an end"), 0);
    busy.write_all(body.as_bytes()).await.expect("a write");
    let mut response = String::new();
    busy.read_to_string(&mut response).await.expect("a response");
    assert!(response.starts_with("HTTP/1.1 201 Created\r\n"), "{response}");
    assert_eq!(server.exit().await.status.code(), Some(0));
}

#[tokio::test]
async fn startup_errors_are_one_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("links.db");
    let data = data.to_str().expect("UTF-8");

    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    assert_eq!(
        startup_error(&mut command(&["--listen", &address, "--data", "memory"])).await,
        format!(
            "shortlink: cannot listen on {address}: the port is in use; choose another address with --listen ADDR:PORT"
        )
    );

    let first = Server::with_file(Path::new(data)).await;
    assert_eq!(
        startup_error(&mut command(&["--listen", "127.0.0.1:0", "--data", data])).await,
        format!(
            "shortlink: {data} is in use by another shortlink process; stop it, or choose another file with --data"
        )
    );
    drop(first);

    let here = folder.path().to_str().expect("UTF-8");
    assert_eq!(
        startup_error(&mut command(&["--listen", "127.0.0.1:0", "--data", here])).await,
        format!("shortlink: {here} is a folder; name a file in it, such as --data {here}/links.db")
    );

    let other = folder.path().join("notes.txt");
    std::fs::write(&other, "not a database, but somebody's notes".repeat(100)).expect("a write");
    let other = other.to_str().expect("UTF-8");
    assert_eq!(
        startup_error(&mut command(&["--listen", "127.0.0.1:0", "--data", other])).await,
        format!(
            "shortlink: {other} is not an SQLite database; choose another file with --data or, if it had your links, \
             restore a backup"
        )
    );

    let mut misconfigured = command(&["--listen", "127.0.0.1:0", "--data", "memory"]);
    assert_eq!(
        startup_error(misconfigured.env("REDIRECT_STATUS", "303")).await,
        "shortlink: the environment variable REDIRECT_STATUS must be one of 301, 302, 307, 308; it is \"303\""
    );
}

#[tokio::test]
async fn function_logs_why_it_cannot_start() {
    for (variables, expected) in [
        (&[("TABLE_NAME", "")][..], "TABLE_NAME is not set"),
        (&[("REDIRECT_STATUS", "200")], "REDIRECT_STATUS must be one of 301, 302, 307, 308; it is \"200\""),
        (&[("LOG_LEVEL", "loud")], "LOG_LEVEL must be one of error, warn, info, debug; it is \"loud\""),
    ] {
        let mut function = Command::new(RESOLVE);
        let output = function.envs(variables.iter().copied()).output().await.expect("a process");
        let line: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
        assert_eq!(
            (output.status.code(), line["level"].as_str(), line["error"].as_str()),
            (Some(1), Some("ERROR"), Some(expected))
        );
        assert!(output.stderr.is_empty());
    }
}

#[tokio::test]
async fn serve_accepts_another_dynamodb() {
    let DynamoDb { endpoint_url, .. } = &DynamoDb::start().await;
    let dynamodb = client::local(endpoint_url).await;
    table::ensure(&dynamodb, "elsewhere").await.expect("a table");
    let elsewhere = |table: &str| {
        let mut command = command(&["--listen", "127.0.0.1:0", "--endpoint-url", endpoint_url, "--table", table]);
        command.envs([
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_REGION", "eu-central-1"),
        ]);
        command
    };
    let server = Server::start(&mut elsewhere("elsewhere")).await;
    server.create_link(&json!({"url": "https://example.com/", "alias": "there"})).await.expect("a link");
    let items = dynamodb.scan().table_name("elsewhere").send().await.expect("items");
    assert_eq!(items.items()[0]["shortCode"].as_s().map(String::as_str), Ok("there"));
    assert_eq!(
        startup_error(&mut elsewhere("nowhere")).await,
        "shortlink: the table \"nowhere\" does not exist; create it as declared in template.yaml, or name another with --table"
    );
}

#[tokio::test]
async fn log_omits_targets_and_has_request_ids() {
    let mut command = command(&["--listen", "127.0.0.1:0", "--data", "memory"]);
    let server = Server::start(command.env("LOG_LEVEL", "debug")).await;
    let created =
        server.create_link(&json!({"url": "https://example.com/SECRET", "alias": "logged"})).await.expect("a link");
    assert_eq!(created["code"], "logged");
    assert_eq!(server.location("/logged").await.as_deref(), Some("https://example.com/SECRET"));
    for body in [
        json!({"url": "https://user:SECRET@example.com/"}),
        json!({"url": "SECRET"}),
        json!({"SECRET": "SECRET"}),
        json!({"url": "https://example.com/SECRET", "alias": "logged"}),
        json!({"url": "https://example.com/SECRET", "alias": "logged", "reuse": true}),
        json!({"url": "https://example.com/SECRET", "reuse": true}),
    ] {
        server.create_link(&body).await.ok();
    }
    server.signal("TERM").await;
    let log = String::from_utf8(server.exit().await.stderr).expect("UTF-8");
    assert!(!log.contains("SECRET"), "{log}");
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let about = |message: &str| lines.iter().filter(|line| line["message"] == message).collect::<Vec<_>>();
    assert_eq!(about("created a link").len(), 2, "{log}");
    assert_eq!(about("handled a redirect request").len(), 1, "{log}");
    for line in about("created a link").into_iter().chain(about("handled a redirect request")) {
        assert!(line["request_id"].as_str().is_some_and(|id| id.starts_with("local-")), "{line}");
    }
    // The template has a metric filter for it.
    assert!(about("created a link").iter().all(|line| line["codes_taken"] == 0), "{log}");
}

#[tokio::test]
async fn https_proxy_without_base_url_is_logged_once() {
    for (base_url, expected) in [(None, 1), (Some("https://sho.rt"), 0)] {
        let mut command = command(&["--listen", "127.0.0.1:0", "--data", "memory"]);
        command.envs(base_url.map(|url| ("BASE_URL", url)));
        let server = Server::start(&mut command).await;
        for protocol in ["http", "https", "https"] {
            let request =
                reqwest::Client::new().get(format!("http://{}/", server.address)).header("x-forwarded-proto", protocol);
            assert_eq!(request.send().await.expect("a response").status(), 200);
        }
        server.signal("TERM").await;
        let log = String::from_utf8(server.exit().await.stderr).expect("UTF-8");
        assert_eq!(log.matches("a proxy serves this server over https").count(), expected, "{log}");
    }
}

#[tokio::test]
async fn closed_terminal_stops_the_server_as_ctrl_c_does() {
    let server = Server::in_memory().await;
    server.signal("HUP").await;
    let output = server.exit().await;
    assert!(output.status.success(), "{output:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_links() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("links.db");
    let server = Server::with_file(&data).await;
    server.create_link(&json!({"url": "https://example.com/"})).await.expect("a link");
    let files: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").map(|file| file.expect("a file")).collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        let mode = file.metadata().expect("metadata").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{file:?}");
    }
}

#[tokio::test]
async fn half_closed_client_gets_its_response() {
    let server = Server::in_memory().await;
    for _ in 0..20 {
        let mut client = TcpStream::connect(&server.address).await.expect("a connection");
        let body = "https://example.com/";
        let request = format!("POST /shorten HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        client.write_all(request.as_bytes()).await.expect("a request");
        client.shutdown().await.expect("a half-closed connection");
        let mut response = String::new();
        let read = client.read_to_string(&mut response);
        tokio::time::timeout(Duration::from_secs(20), read).await.expect("a response in time").expect("a response");
        assert!(response.starts_with("HTTP/1.1 201 "), "{response:?}");
    }
}

/// The resident memory of a process, in bytes.
#[cfg(target_os = "linux")]
fn resident_bytes(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("the status of a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1_024
}

/// 100 bodies of 9 MiB would be 900 MiB.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn large_bodies_are_not_held_in_memory() {
    const BODY_BYTES: usize = 9 << 20;
    let server = Server::in_memory().await;
    let process = server.process.id().expect("a running process");
    let mut clients = Vec::new();
    for method in ["POST", "GET"].repeat(50) {
        let mut client = TcpStream::connect(&server.address).await.expect("a connection");
        let head = format!("{method} /shorten HTTP/1.1\r\nHost: a\r\nContent-Length: {BODY_BYTES}\r\n\r\n");
        client.write_all(head.as_bytes()).await.expect("a head");
        client.write_all(&vec![b'x'; BODY_BYTES - 1]).await.expect("all of the body but a byte");
        clients.push((method, client));
    }
    let held = resident_bytes(process);
    assert!(held < 60 << 20, "the server holds {held} bytes");
    for (method, mut client) in clients {
        client.write_all(b"x").await.expect("the last byte");
        let mut status = [0; 12];
        client.read_exact(&mut status).await.expect("a response");
        let expected = if method == "POST" { "HTTP/1.1 413" } else { "HTTP/1.1 303" };
        assert_eq!(String::from_utf8_lossy(&status), expected, "{method}");
    }
}
