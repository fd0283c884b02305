//! `shortlink serve` as people start, watch and stop it.

use std::path::Path;
use std::process::Stdio;

use rusqlite::Connection;
use serde_json::json;
use shortlink::table;
use shortlink_core::dynamodb::client;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

use crate::support::app::TestApp;
use crate::support::dynamodb::DynamoDb;
use crate::support::fault_proxy::{FaultProxy, RequestFault};
use crate::support::server::{Server, command, program, run, startup_error, startup_errors};

/// A command with the data in memory.
fn in_memory() -> Command {
    command(&["--listen", "127.0.0.1:0", "--data", "memory"])
}

fn with_file(data: &Path) -> Command {
    command(&["--listen", "127.0.0.1:0", "--data", data.to_str().expect("UTF-8")])
}

/// The standard error of a server that is stopped.
async fn log(server: Server) -> String {
    server.signal("TERM").await;
    String::from_utf8(server.exit().await.stderr).expect("UTF-8")
}

fn names(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).expect("a folder");
    files.map(|file| file.expect("a file").file_name().into_string().expect("UTF-8")).collect()
}

/// As a browser does.
async fn get(url: String) -> reqwest::Response {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    http.get(url).header("user-agent", "Mozilla/5.0").header("accept", "text/html").send().await.expect("a response")
}

/// As with `serve | head -1`.
#[tokio::test]
async fn closed_standard_output_loses_no_visits() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("links.db");
    let mut process = with_file(&data).spawn().expect("a process");
    let mut output = BufReader::new(process.stdout.take().expect("stdout"));
    let mut line = String::new();
    output.read_line(&mut line).await.expect("a line");
    drop(output);
    let base = line.split_whitespace().find(|word| word.starts_with("http://")).expect("an address");
    let body = r#"{"url": "https://example.com/", "alias": "visited"}"#;
    let created = reqwest::Client::new().post(format!("{base}/shorten")).body(body).send().await.expect("a response");
    assert_eq!(created.status(), 201);
    for _ in 0..7 {
        assert_eq!(get(format!("{base}/visited")).await.status(), 301);
    }
    let id = process.id().expect("a process that runs").to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().await.expect("a signal").success());
    let output = process.wait_with_output().await.expect("an end");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).contains("panicked")), (Some(0), false));

    let server = Server::start(with_file(&data).env("PREVIEW", "full")).await;
    let preview = reqwest::Client::new().get(format!("http://{}/visited+", server.address));
    let preview = preview.header("accept", "application/json").send().await.expect("a response");
    let preview: serde_json::Value = serde_json::from_str(&preview.text().await.expect("a body")).expect("JSON");
    assert_eq!(preview["visits"], 7);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn full_standard_output_does_not_end_the_server() {
    let address = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let mut command = command(&["--listen", &address.to_string(), "--data", "memory"]);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a device");
    let mut process = command.stdout(full).spawn().expect("a process");
    while TcpStream::connect(address).await.is_err() {
        assert!(process.try_wait().expect("a status").is_none(), "the server has ended");
        tokio::task::yield_now().await;
    }
    assert_eq!(get(format!("http://{address}/healthz")).await.status(), 200);
    let id = process.id().expect("a process that runs").to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().await.expect("a signal").success());
    assert_eq!(process.wait().await.expect("an end").code(), Some(0));
}

/// Root may write everything, so that the server runs as somebody else.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn file_that_may_not_be_written_is_refused_at_start() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let folder = tempfile::tempdir().expect("a folder");
    let set_mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("permissions");
    };
    set_mode(folder.path(), 0o777);
    let data = folder.path().join("links.db");
    let server = Server::with_file(&data).await;
    server.signal("TERM").await;
    server.exit().await;
    set_mode(&data, 0o444);
    let mut command = with_file(&data);
    if std::fs::metadata("/proc/self").expect("this process").uid() == 0 {
        let copy = folder.path().join("shortlink");
        std::fs::copy(command.as_std().get_program(), &copy).expect("a copy");
        let arguments: Vec<_> = command.as_std().get_args().map(std::ffi::OsStr::to_owned).collect();
        command = Command::new(copy);
        command.args(arguments).uid(65_534);
    }
    assert_eq!(
        startup_error(&mut command).await,
        format!(
            "shortlink: {} cannot be used: you may not write it: run this program as its owner, or choose another file \
             with --data",
            data.display()
        )
    );
}

#[tokio::test]
async fn database_of_another_program_is_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("notes.db");
    let notes = Connection::open(&data).expect("a database");
    notes.execute_batch("CREATE TABLE notes (text); INSERT INTO notes VALUES ('mine')").expect("valid SQL");
    drop(notes);
    let before = std::fs::read(&data).expect("a file");
    assert_eq!(
        startup_error(&mut with_file(&data)).await,
        format!(
            "shortlink: {} is the database of another program and was left as it is; choose another file with --data",
            data.display()
        )
    );
    assert_eq!(std::fs::read(&data).expect("a file"), before);
    assert_eq!(names(folder.path()), ["notes.db"]);
}

/// A file from before there was a mark is recognised, and marked.
#[tokio::test]
async fn file_without_a_mark_is_recognised_by_its_tables() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("links.db");
    let id = |new: Option<i32>| {
        let connection = Connection::open(&data).expect("a database");
        if let Some(id) = new {
            connection.pragma_update(None, "application_id", id).expect("a write");
        }
        connection.pragma_query_value(None, "application_id", |row| row.get::<_, i32>(0)).expect("a number")
    };
    let server = Server::with_file(&data).await;
    server.create_link(&json!({"url": "https://example.com/", "alias": "kept"})).await.expect("a link");
    log(server).await;
    let ours = id(None);
    assert_eq!(ours.to_be_bytes(), *b"Shlk");
    assert_eq!(id(Some(0)), 0);
    let server = Server::with_file(&data).await;
    assert_eq!(server.location("/kept").await.as_deref(), Some("https://example.com/"));
    log(server).await;
    assert_eq!(id(None), ours);
}

#[tokio::test]
async fn lock_does_not_stay_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("links.db");
    let lock = folder.path().join("links.db.lock");
    let server = Server::with_file(&data).await;
    assert!(lock.exists());
    log(server).await;
    assert_eq!(names(folder.path()), ["links.db"]);
    std::fs::write(&data, "no database").expect("a write");
    startup_error(&mut with_file(&data)).await;
    assert_eq!(names(folder.path()), ["links.db"]);
    startup_error(&mut with_file(folder.path())).await;
    assert!(!folder.path().with_extension("lock").exists());
}

#[tokio::test]
async fn memory_is_no_file_and_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["memory", ":memory:"] {
        let mut process =
            command(&["--listen", "0", "--data", name]).current_dir(folder.path()).spawn().expect("a process");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("stdout")).read_line(&mut line).await.expect("a line");
        assert!(line.ends_with("stores its links in memory. They are lost when it stops.\n"), "{line}");
        assert!(names(folder.path()).is_empty());
    }
}

#[tokio::test]
async fn damaged_file_needs_a_backup_and_not_another_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("links.db");
    log(Server::with_file(&data).await).await;
    let mut bytes = std::fs::read(&data).expect("a file");
    bytes[100..4_096].fill(b'x');
    std::fs::write(&data, bytes).expect("a write");
    assert_eq!(
        startup_error(&mut with_file(&data)).await,
        format!("shortlink: {} cannot be used: it is damaged: restore a backup", data.display())
    );
}

#[tokio::test]
async fn unusable_tables_are_explained_without_the_words_of_the_sdk() {
    let (code, _, errors) = run(&["serve", "--endpoint-url", "foo"]).await;
    assert_eq!(code, Some(2));
    assert!(errors.contains("give a URL that begins with http:// or https://"), "{errors}");

    let home = tempfile::tempdir().expect("a folder");
    let elsewhere = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = command(&["--listen", "127.0.0.1:0"]);
        command.args(arguments).env("HOME", home.path()).env("AWS_EC2_METADATA_DISABLED", "true");
        for name in ["AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            command.env_remove(name);
        }
        command.envs(variables.iter().copied());
        command
    };
    let cannot = |reason: &str| format!("shortlink: the table \"links\" cannot be used: {reason}");
    let (key, region) = ([("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")], ("AWS_REGION", "eu-west-1"));
    assert_eq!(
        startup_error(&mut elsewhere(&["--table", "links"], &[region])).await,
        cannot(
            "no AWS credentials were found; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in \
             with the AWS CLI"
        )
    );
    assert_eq!(
        startup_error(&mut elsewhere(&["--table", "links"], &key)).await,
        cannot("no AWS region was found; set AWS_REGION")
    );
    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let nobody = format!("http://{nobody}");
    let arguments = ["--table", "links", "--endpoint-url", &nobody];
    let text = startup_error(&mut elsewhere(&arguments, &[key[0], key[1], region])).await;
    assert!(text.starts_with(&cannot("it cannot be reached (Connection refused")), "{text}");
    assert!(text.ends_with("); check the address and the network"), "{text}");
}

#[tokio::test]
async fn addresses_are_understood_as_people_write_them() {
    for listen in ["0", ":0", "localhost:0"] {
        let server = Server::start(&mut command(&["--listen", listen, "--data", "memory"])).await;
        assert!(server.address.starts_with("127.0.0.1:"), "{}", server.address);
    }
    let (code, _, errors) = run(&["serve", "--listen", "localhost"]).await;
    assert_eq!(code, Some(2));
    assert!(errors.contains("give a port or an address with a port, such as 4310, localhost:4310"), "{errors}");

    // Platforms that set `PORT` reach the server from elsewhere. The option comes first.
    let mut server = Server::start(command(&["--data", "memory"]).env("PORT", "0")).await;
    let port = server.address.strip_prefix("0.0.0.0:").expect("every address").to_owned();
    let line = server.line().await;
    assert!(line.starts_with(&format!("Open it at http://127.0.0.1:{port}")), "{line}");
    assert!(server.line().await.starts_with("Other machines can reach it. Set BASE_URL"));
    assert_eq!(server.line().await, "Settings: PORT=0");
    let line = server.line().await;
    assert!(line.ends_with(&format!(" http://127.0.0.1:{port}/shorten")), "{line}");
    assert!(Server::start(in_memory().env("PORT", "80")).await.address.starts_with("127.0.0.1:"));
    assert_eq!(
        startup_error(command(&["--data", "memory"]).env("PORT", "http")).await,
        "shortlink: the environment variable PORT must be a whole number from 0 to 65535; it is \"http\""
    );
}

#[tokio::test]
async fn base_url_is_also_an_option() {
    let mut command = in_memory();
    let server =
        Server::start(command.args(["--base-url", "https://sho.rt"]).env("BASE_URL", "https://other.example")).await;
    let link = server.create_link(&json!({"url": "https://example.com/", "alias": "mine"})).await.expect("a link");
    assert_eq!(link["short_url"], "https://sho.rt/mine");
    let (code, _, errors) = run(&["serve", "--base-url", "sho.rt"]).await;
    assert_eq!(code, Some(2));
    assert!(errors.contains("give a URL such as https://sho.rt"), "{errors}");
}

#[tokio::test]
async fn settings_that_are_changed_or_misspelt_are_said_at_start() {
    let secret = "0123456789abcdef";
    let variables = [("CODE_LENGTH", "9"), ("EDGE_KEY", secret), ("VISITS", "daily"), ("CODE_LENGHT", "5")];
    let mut server = Server::start(in_memory().envs(variables)).await;
    assert_eq!(server.line().await, "Settings: CODE_LENGTH=9 EDGE_KEY=(secret)");
    assert_eq!(server.line().await, "The variable CODE_LENGHT is not a setting; do you mean CODE_LENGTH?");
    let mut server = Server::start(&mut in_memory()).await;
    assert!(server.line().await.starts_with("Try it: "), "nothing is changed");
}

#[tokio::test]
async fn all_invalid_settings_are_reported_at_once() {
    let variables = [("CODE_LENGTH", "99"), ("PURGE_AFTER", "90d"), ("VISITS", "some"), ("BASE_URL", "sho.rt")];
    assert_eq!(
        startup_errors(in_memory().envs(variables)).await,
        [
            "shortlink: 4 environment variables are invalid:",
            "  CODE_LENGTH must be a whole number from 3 to 32; it is \"99\"",
            "  BASE_URL must be a URL such as https://sho.rt; it is \"sho.rt\"",
            "  PURGE_AFTER must be a whole number of seconds from 0 to 31557600000, or never; it is \"90d\"",
            "  VISITS must be one of off, total, daily; it is \"some\"",
        ]
    );
    let words = [("ALLOW_NEVER", "YES"), ("LOG_LEVEL", "INFO"), ("EXPIRES_IN_DEFAULT", "never")];
    let server = Server::start(in_memory().envs(words)).await;
    let link = server.create_link(&json!({"url": "https://example.com/"})).await.expect("a link");
    assert!(link["expires_at"].is_null(), "{link}");
}

#[tokio::test]
async fn help_names_the_environment_variables() {
    let (code, help, _) = run(&["serve", "--help"]).await;
    assert_eq!(code, Some(0));
    let line = |name: &str| help.lines().find(|line| line.trim_start().starts_with(name)).map(str::trim);
    assert_eq!(
        line("CODE_LENGTH "),
        Some("CODE_LENGTH          Length of a generated code, 3 to 32 [default: 7 characters]")
    );
    assert!(line("LOG_FORMAT ").is_some() && line("TABLE_NAME ").is_none(), "{help}");
    assert!(run(&["serve", "-h"]).await.1.ends_with("More settings are environment variables; --help lists them."));
}

#[tokio::test]
async fn health_is_that_of_the_table() {
    let app = TestApp::start().await;
    let health = || async {
        let response = app.get("/healthz").send().await.expect("a response");
        (response.status().as_u16(), response.headers()["cache-control"].clone())
    };
    assert_eq!(health().await, (200, "no-store".parse().expect("a value")));
    assert_eq!(app.head("/healthz").send().await.expect("a response").status(), 200);
    let alias = app.create_link(&json!({"url": "https://example.com/", "alias": "healthz"})).send().await;
    assert_eq!(alias.expect("a response").status(), 400);
    app.delete_table().await;
    assert_eq!(health().await, (500, "no-store".parse().expect("a value")));

    let server = Server::in_memory().await;
    let response = get(format!("http://{}/healthz", server.address)).await;
    assert_eq!((response.status().as_u16(), response.text().await.expect("a body")), (200, "ok\n".to_owned()));
}

#[tokio::test]
async fn creating_links_is_limited_as_on_aws() {
    let server =
        Server::start(&mut program(&["serve", "--listen", "0", "--data", "memory", "--create-rate", "1"])).await;
    let create = |path: &str, accept: &str| {
        let request = reqwest::Client::new().post(format!("http://{}{path}", server.address));
        request.header("accept", accept).body("https://example.com/").send()
    };
    let mut statuses = Vec::new();
    // Two may come at once. The others need a second each.
    while statuses.last() != Some(&429) {
        statuses.push(create("/shorten", "*/*").await.expect("a response").status().as_u16());
    }
    assert_eq!(statuses[..2], [201, 201]);
    let limited = loop {
        let response = create("/shorten", "*/*").await.expect("a response");
        if response.status() == 429 {
            break response;
        }
    };
    assert_eq!(limited.headers()["retry-after"], "1");
    let problem: serde_json::Value = serde_json::from_str(&limited.text().await.expect("a body")).expect("JSON");
    assert_eq!(
        problem,
        json!({
            "type": "urn:shortlink:problem:rate-limited", "title": "Too many requests", "status": 429,
            "detail": "All clients together have sent too many requests. Send this one again in 1 second.",
        })
    );
    // Each route has a limit of its own, and no other is that low.
    assert_eq!(create("/links", "*/*").await.expect("a response").status(), 201);
    for _ in 0..20 {
        assert_eq!(get(format!("http://{}/missing", server.address)).await.status(), 404);
    }
    let page = loop {
        let response = create("/shorten", "text/html").await.expect("a response");
        if response.status() == 429 {
            break response;
        }
    };
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
}

#[tokio::test]
async fn following_links_is_limited() {
    let server =
        Server::start(&mut program(&["serve", "--listen", "0", "--data", "memory", "--follow-rate", "1"])).await;
    let mut statuses = Vec::new();
    while statuses.last() != Some(&429) {
        statuses.push(get(format!("http://{}/missing", server.address)).await.status().as_u16());
    }
    assert_eq!(statuses[..2], [404, 404]);
    // `command` turns the limits off.
    let server = Server::start(&mut in_memory()).await;
    for _ in 0..60 {
        assert_eq!(get(format!("http://{}/", server.address)).await.status(), 200);
    }
}

#[tokio::test]
async fn log_for_people_has_one_line_a_request() {
    let server = Server::start(in_memory().env("LOG_FORMAT", "text")).await;
    server.create_link(&json!({"url": "https://example.com/SECRET", "alias": "mine"})).await.expect("a link");
    assert!(server.location("/mine").await.is_some());
    assert!(get(format!("http://{}/none?SECRET", server.address)).await.status() == 404);
    // A terminal would obey the second byte of U+009B, which is the beginning of a command.
    let mut stream = TcpStream::connect(&server.address).await.expect("a connection");
    stream
        .write_all("GET /\u{9b}31m HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".as_bytes())
        .await
        .expect("a request");
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.expect("a response");
    let log = log(server).await;
    // Without the times.
    let lines = log.lines().map(|line| {
        let (time, rest) = line.split_once(' ').expect("a time");
        assert!(time.len() == 9 && time.ends_with('Z'), "{line}");
        rest.rsplit_once(' ').and_then(|(rest, _)| rest.rsplit_once(' ')).expect("milliseconds").0
    });
    assert_eq!(
        lines.collect::<Vec<_>>(),
        ["201   POST /shorten", "301   GET /mine", "404   GET /none", "404   GET /\\u{9b}31m"]
    );
    // Standard error is no terminal here.
    let server = Server::start(&mut in_memory()).await;
    server.create_link(&json!({"url": "https://example.com/"})).await.expect("a link");
    let log = self::log(server).await;
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 1, "{log}");
}

/// A library of the SDK logged an error of its own for each of them.
#[tokio::test]
async fn failing_table_is_logged_in_our_own_words() {
    const FAILURE: &[u8] = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n";
    let DynamoDb { endpoint_url, .. } = &DynamoDb::start().await;
    table::ensure(&client::local(endpoint_url).await, "links").await.expect("a table");
    let fails_to_put = |request: &str| match request.contains("DynamoDB_20120810.PutItem") {
        true => RequestFault::Respond(FAILURE),
        false => RequestFault::None,
    };
    let proxy = FaultProxy::builder().on_request(fails_to_put).start(endpoint_url).await;
    let mut command = command(&["--listen", "0", "--table", "links", "--endpoint-url", proxy.url()]);
    let variables = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b"), ("AWS_REGION", "eu-central-1")];
    let server = Server::start(command.envs(variables)).await;
    assert!(server.create_link(&json!({"url": "https://example.com/"})).await.is_err());
    let log = log(server).await;
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 1, "{log}");
    assert_eq!(lines[0]["message"], "a request failed");
}

/// It stalls in the middle of a body. It was waited for until the body timed out, and got 408.
#[tokio::test]
async fn stalled_client_is_not_waited_for() {
    let server = Server::in_memory().await;
    let mut client = TcpStream::connect(&server.address).await.expect("a connection");
    let head = "POST /shorten HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n";
    client.write_all(head.as_bytes()).await.expect("a request");
    let mut interim = [0; 25];
    client.read_exact(&mut interim).await.expect("an interim answer");
    server.signal("TERM").await;
    let output = server.exit().await;
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.ends_with("Stopping... (Ctrl-C again to stop now)\n"), "{text}");
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.ok();
    assert_eq!(String::from_utf8_lossy(&rest), "");
}

#[tokio::test]
async fn demo_has_links_with_a_year_of_visits() {
    let mut server = Server::start(program(&["demo", "--listen", "0"]).stdin(Stdio::null())).await;
    let mut pages = Vec::new();
    let mut command = None;
    while pages.len() < 12 {
        let line = server.line().await;
        match line.split_whitespace().find(|word| word.starts_with("http://")) {
            Some(url) if url.ends_with('+') => pages.push(url.to_owned()),
            Some(url) if line.contains("Bearer") => command = Some((line.clone(), url.to_owned())),
            _ => {}
        }
    }
    let mut live = 0;
    for page in &pages {
        let page = get(page.clone()).await;
        match page.status().as_u16() {
            200 => live += usize::from(page.text().await.expect("a body").contains("<svg")),
            status => assert_eq!(status, 410),
        }
    }
    assert_eq!(live, 11, "one has expired");
    let (line, url) = command.expect("a command");
    let token = line.split("Bearer ").nth(1).and_then(|rest| rest.split('\'').next()).expect("a token");
    let visits = reqwest::Client::new().get(url).bearer_auth(token).send().await.expect("a response");
    let visits: serde_json::Value = serde_json::from_str(&visits.text().await.expect("a body")).expect("JSON");
    let days = visits["days"].as_array().expect("days");
    let visited = days.iter().filter(|day| day["visits"].as_u64() > Some(0)).count();
    assert!(days.len() > 360 && visited > 300, "{visited} of {}", days.len());
    assert_eq!(visits["total_visits"], visits["visits"]);
}
