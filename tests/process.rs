//! The program as a process: do links survive it, and does it end well?

use std::collections::HashSet;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use shortlink::table;
use shortlink_core::client;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

/// `shortlink serve` on a free port, with more arguments.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shortlink-under-test"));
    command.arg("serve").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

struct Server {
    process: Child,
    address: String,
}

impl Server {
    /// Starts the program and waits for it to say where it listens.
    async fn start(command: &mut Command) -> Self {
        let mut process = command.spawn().expect("a process");
        let mut lines = BufReader::new(process.stdout.as_mut().expect("its output")).lines();
        let line = lines.next_line().await.expect("readable").expect("a line");
        let address = line.split_once("http://").expect("a URL").1.split(' ').next().expect("an address").to_owned();
        Self { process, address }
    }

    async fn on(data: &Path) -> Self {
        Self::start(&mut command(&["--listen", "127.0.0.1:0", "--data", data.to_str().expect("UTF-8")])).await
    }

    async fn shorten(&self, order: &serde_json::Value) -> reqwest::Result<serde_json::Value> {
        let request = reqwest::Client::new().post(format!("http://{}/shorten", self.address));
        request
            .body(order.to_string())
            .send()
            .await?
            .error_for_status()?
            .text()
            .await
            .map(|body| serde_json::from_str(&body).expect("JSON"))
    }

    async fn location(&self, path: &str) -> Option<String> {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        let answer = http.get(format!("http://{}{path}", self.address)).send().await.expect("an answer");
        Some(answer.headers().get("location")?.to_str().expect("ASCII").to_owned())
    }

    /// Sends a signal, such as `TERM`.
    async fn signal(&self, name: &str) {
        signal(&self.process, name).await;
    }

    async fn end(self) -> Output {
        self.process.wait_with_output().await.expect("an exit")
    }
}

/// Sends a signal, such as `TERM`, to a process that runs.
pub async fn signal(process: &Child, name: &str) {
    let id = process.id().expect("a process that runs");
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {id}")]).status().await;
    assert!(sent.expect("a shell").success());
}

/// What a program that cannot start says: one sentence, and exit code 1.
async fn complaint(command: &mut Command) -> String {
    let output = command.output().await.expect("a process");
    let text = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    text.trim_end().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_link_whose_201_was_sent_survives_a_sigkill_under_load() {
    const ENOUGH: usize = 300;
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("deep/down/links.db");
    let mut server = Arc::new(Server::on(&data).await);
    let made = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..8)
        .map(|client| {
            let (server, made) = (Arc::clone(&server), Arc::clone(&made));
            tokio::spawn(async move {
                let mut links = Vec::new();
                loop {
                    let target = format!("https://example.com/{client}/{}", links.len());
                    // The connection breaks when the process is killed: that is the end.
                    let Ok(link) = server.shorten(&json!({"url": target, "reuse": links.len() % 3 == 0})).await else {
                        return links;
                    };
                    links.push((link["short"].as_str().expect("a path").to_owned(), target));
                    made.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    while made.load(Ordering::SeqCst) < ENOUGH {
        tokio::task::yield_now().await;
    }
    server.signal("KILL").await;
    let mut links = Vec::new();
    for client in clients {
        links.extend(client.await.expect("a client"));
    }
    assert!(links.len() >= ENOUGH);
    let status = Arc::get_mut(&mut server).expect("the last one").process.wait().await.expect("an exit");
    assert_eq!(status.code(), None, "killed by a signal");

    let server = Server::on(&data).await;
    for (path, target) in links {
        assert_eq!(server.location(&path).await, Some(target), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_who_race_for_an_alias_in_a_file_one_gets_it_and_of_a_reuse_one_makes_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Arc::new(Server::on(&folder.path().join("links.db")).await);
    let race = async |order: fn(usize) -> serde_json::Value| {
        let racers = (0..50).map(|n| {
            let server = Arc::clone(&server);
            tokio::spawn(async move { server.shorten(&order(n)).await })
        });
        let mut answers = Vec::new();
        for racer in racers.collect::<Vec<_>>() {
            answers.push(racer.await.expect("an answer"));
        }
        answers
    };
    let answers = race(|n| json!({"url": format!("https://example.com/{n}"), "alias": "wanted"})).await;
    let made: Vec<_> = answers.into_iter().filter_map(Result::ok).collect();
    assert_eq!(made.len(), 1);
    // Read on another connection than it was written on, and there at once.
    assert_eq!(server.location("/wanted").await.as_deref(), made[0]["url"].as_str());
    let answers = race(|_| json!({"url": "https://example.com/", "reuse": true})).await;
    let codes: HashSet<_> = answers.into_iter().map(|made| made.expect("a link")["code"].to_string()).collect();
    assert_eq!(codes.len(), 1);
}

#[tokio::test]
async fn visits_that_wait_to_be_written_survive_a_sigterm() {
    const LINKS: usize = 70;
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("links.db");
    let server = Server::on(&data).await;
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    for n in 0..LINKS {
        server.shorten(&json!({"url": "https://example.com/", "alias": format!("link-{n}")})).await.expect("a link");
        for _ in 0..2 {
            let visit = http.get(format!("http://{}/link-{n}", server.address)).header("user-agent", "Mozilla/5.0");
            assert_eq!(visit.send().await.expect("an answer").status(), 301);
        }
    }
    server.signal("TERM").await;
    assert_eq!(server.end().await.status.code(), Some(0));

    let server = Server::on(&data).await;
    for n in 0..LINKS {
        let preview = http.get(format!("http://{}/link-{n}+", server.address)).header("accept", "application/json");
        let preview = preview.send().await.expect("an answer").text().await.expect("a body");
        let preview: serde_json::Value = serde_json::from_str(&preview).expect("JSON");
        assert_eq!(preview["visits"], 2, "{preview}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn nothing_listens_but_the_server_itself() {
    let server = Server::start(&mut command(&["--listen", "127.0.0.1:0", "--data", "memory"])).await;
    let process = format!("/proc/{}", server.process.id().expect("a process that runs"));
    let sockets: HashSet<_> = std::fs::read_dir(format!("{process}/fd"))
        .expect("its files")
        .filter_map(|file| std::fs::read_link(file.ok()?.path()).ok()?.to_str().map(str::to_owned))
        .collect();
    let tables =
        ["tcp", "tcp6"].map(|table| std::fs::read_to_string(format!("{process}/net/{table}")).expect("a table"));
    let lines =
        tables.iter().flat_map(|table| table.lines().skip(1)).map(|line| line.split_whitespace().collect::<Vec<_>>());
    // The fourth column is the state, of which 0A is listening; the tenth names the socket.
    let listening = lines.filter(|columns| columns[3] == "0A" && sockets.contains(&format!("socket:[{}]", columns[9])));
    assert_eq!(listening.count(), 1);
}

#[tokio::test]
async fn sigterm_lets_a_request_under_way_finish_and_ends_well() {
    let server = Server::start(&mut command(&["--listen", "127.0.0.1:0", "--data", "memory"])).await;
    let mut idle = TcpStream::connect(&server.address).await.expect("a connection");
    let mut busy = TcpStream::connect(&server.address).await.expect("a connection");
    let body = "url=https://example.com/";
    let head = format!(
        "POST /shorten HTTP/1.1\r\nhost: sho.rt\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    busy.write_all(head.as_bytes()).await.expect("written");
    // The server reads the body now: the request is under way.
    let mut interim = [0; 25];
    busy.read_exact(&mut interim).await.expect("an interim answer");
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    server.signal("TERM").await;
    // A connection without a request is closed; so the signal has been seen.
    assert_eq!(idle.read(&mut [0; 1]).await.expect("an end"), 0);
    busy.write_all(body.as_bytes()).await.expect("written");
    let mut answer = String::new();
    busy.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 201 Created\r\n"), "{answer}");
    assert_eq!(server.end().await.status.code(), Some(0));
}

#[tokio::test]
async fn what_keeps_the_server_from_starting_is_said_in_one_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("links.db");
    let data = data.to_str().expect("UTF-8");

    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    assert_eq!(
        complaint(&mut command(&["--listen", &address, "--data", "memory"])).await,
        format!(
            "shortlink: cannot listen on {address}: the port is in use; choose another address with --listen ADDR:PORT"
        )
    );

    let first = Server::on(Path::new(data)).await;
    assert_eq!(
        complaint(&mut command(&["--listen", "127.0.0.1:0", "--data", data])).await,
        format!("shortlink: {data} is in use by another shortlink; stop that one, or choose another file with --data")
    );
    drop(first);

    let here = folder.path().to_str().expect("UTF-8");
    let text = complaint(&mut command(&["--listen", "127.0.0.1:0", "--data", here])).await;
    assert!(text.starts_with(&format!("shortlink: {here} cannot be used: ")), "{text}");
    assert!(text.ends_with("; choose another file with --data"), "{text}");

    let other = folder.path().join("notes.txt");
    std::fs::write(&other, "not a database, but somebody's notes".repeat(100)).expect("written");
    let other = other.to_str().expect("UTF-8");
    let text = complaint(&mut command(&["--listen", "127.0.0.1:0", "--data", other])).await;
    assert!(text.starts_with(&format!("shortlink: {other} cannot be used: ")), "{text}");

    let mut misconfigured = command(&["--listen", "127.0.0.1:0", "--data", "memory"]);
    assert_eq!(
        complaint(misconfigured.env("REDIRECT_STATUS", "303")).await,
        "shortlink: the environment variable REDIRECT_STATUS must be one of 301, 302, 307, 308; it is \"303\""
    );
}

#[tokio::test]
async fn a_function_that_cannot_start_says_why_in_its_log() {
    for (variables, expected) in [
        (&[("TABLE_NAME", "")][..], "TABLE_NAME is not set"),
        (&[("REDIRECT_STATUS", "200")], "REDIRECT_STATUS must be one of 301, 302, 307, 308; it is \"200\""),
        (&[("LOG_LEVEL", "loud")], "LOG_LEVEL must be one of error, warn, info, debug; it is \"loud\""),
    ] {
        let mut function = Command::new(env!("CARGO_BIN_EXE_resolve-under-test"));
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
async fn links_can_be_kept_in_another_dynamodb() {
    let endpoint_url = crate::dynamodb::listen().await;
    let dynamodb = client::local(&endpoint_url).await;
    table::ensure(&dynamodb, "elsewhere").await.expect("a table");
    let elsewhere = |table: &str| {
        let mut command = command(&["--listen", "127.0.0.1:0", "--endpoint-url", &endpoint_url, "--table", table]);
        command.envs([
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_REGION", "eu-central-1"),
        ]);
        command
    };
    let server = Server::start(&mut elsewhere("elsewhere")).await;
    server.shorten(&json!({"url": "https://example.com/", "alias": "there"})).await.expect("a link");
    let items = dynamodb.scan().table_name("elsewhere").send().await.expect("items");
    assert_eq!(items.items()[0]["shortCode"].as_s().map(String::as_str), Ok("there"));
    assert_eq!(
        complaint(&mut elsewhere("nowhere")).await,
        "shortlink: there is no table \"nowhere\" at that DynamoDB; create it (template.yaml says how it should be), or name another with --table"
    );
}

#[tokio::test]
async fn no_line_of_the_log_holds_a_target_or_a_body_and_each_about_a_request_has_its_id() {
    let mut command = command(&["--listen", "127.0.0.1:0", "--data", "memory"]);
    let server = Server::start(command.env("LOG_LEVEL", "debug")).await;
    let made = server.shorten(&json!({"url": "https://example.com/SECRET", "alias": "logged"})).await.expect("a link");
    assert_eq!(made["code"], "logged");
    assert_eq!(server.location("/logged").await.as_deref(), Some("https://example.com/SECRET"));
    for order in [
        json!({"url": "https://user:SECRET@example.com/"}),
        json!({"url": "SECRET"}),
        json!({"SECRET": "SECRET"}),
        json!({"url": "https://example.com/SECRET", "alias": "logged"}),
        json!({"url": "https://example.com/SECRET", "alias": "logged", "reuse": true}),
        json!({"url": "https://example.com/SECRET", "reuse": true}),
    ] {
        server.shorten(&order).await.ok();
    }
    server.signal("TERM").await;
    let log = String::from_utf8(server.end().await.stderr).expect("UTF-8");
    assert!(!log.contains("SECRET"), "{log}");
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let about = |message: &str| lines.iter().filter(|line| line["message"] == message).collect::<Vec<_>>();
    assert_eq!(about("shortened").len(), 3, "{log}");
    assert_eq!(about("followed").len(), 1, "{log}");
    for line in about("shortened").into_iter().chain(about("followed")) {
        assert!(line["request_id"].as_str().is_some_and(|id| id.starts_with("local-")), "{line}");
    }
}
