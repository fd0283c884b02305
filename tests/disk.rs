//! `shortlink serve` when its disk fails: power cuts, and disks that are slow, full or damaged. The faults are below
//! SQLite, in `support/disk_faults.c`.

#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::Command as StdCommand;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use serde_json::json;
use shortlink_core::http::handler::DEADLINE;
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::server::{Server, command, startup_error};

/// A server whose disk can fail.
struct FaultyDisk {
    /// Contains `links.db`.
    data: TempDir,
    /// What `support/disk_faults.c` documents.
    faults: TempDir,
}

impl FaultyDisk {
    fn new() -> Self {
        Self { data: tempfile::tempdir().expect("a folder"), faults: tempfile::tempdir().expect("a folder") }
    }

    /// A server with one link has stopped.
    async fn with_link(alias: &str, target: &str) -> Self {
        let disk = Self::new();
        let server = disk.serve(&[]).await;
        server.create_link(&json!({"url": target, "alias": alias})).await.expect("a link");
        server.signal("TERM").await;
        assert!(server.exit().await.status.success());
        disk
    }

    fn data(&self) -> PathBuf {
        self.data.path().join("links.db")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(&["--listen", "127.0.0.1:0", "--data", self.data().to_str().expect("UTF-8")]);
        command.args(arguments).env("LD_PRELOAD", library()).env("DISK_FAULTS", self.faults.path());
        command
    }

    async fn serve(&self, arguments: &[&str]) -> Server {
        Server::start(&mut self.command(arguments)).await
    }

    fn begin(&self, fault: &str) {
        std::fs::write(self.faults.path().join(fault), "").expect("a control file");
    }

    fn is_pending(&self, fault: &str) -> bool {
        self.faults.path().join(fault).exists()
    }

    fn end(&self, fault: &str) {
        std::fs::remove_file(self.faults.path().join(fault)).expect("a control file");
    }
}

/// The library with the faults, compiled once.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, library) = LIBRARY.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let library = folder.path().join("disk_faults.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/support/disk_faults.c");
        let mut compiler = StdCommand::new("cc");
        compiler.args(["-shared", "-fPIC", "-Wall", "-O1", source, "-ldl", "-o"]).arg(&library);
        assert!(compiler.status().expect("a C compiler").success());
        (folder, library)
    });
    library
}

/// Creates links from several clients, cuts the power, and returns how many links were answered with 201, and how many
/// of these are gone.
async fn cut_power(arguments: &[&str]) -> (usize, usize) {
    const CLIENTS: usize = 4;
    const LINKS: usize = 30;
    let disk = FaultyDisk::new();
    let synced = disk.faults.path().join("synced");
    std::fs::create_dir(&synced).expect("a folder");
    let server = Arc::new(disk.serve(arguments).await);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let server = Arc::clone(&server);
            tokio::spawn(async move {
                let mut links = Vec::new();
                for n in 0..LINKS {
                    let target = format!("https://example.com/{client}/{n}");
                    let body = json!({"url": target, "reuse": n % 3 == 0});
                    let link = server.create_link(&body).await.expect("a link");
                    links.push((link["short"].as_str().expect("a path").to_owned(), target));
                }
                links
            })
        })
        .collect();
    let mut links = Vec::new();
    for client in clients {
        links.extend(client.await.expect("a client"));
    }
    server.signal("KILL").await;
    Arc::into_inner(server).expect("no client that is left").exit().await;
    // A power cut loses what was written and not synchronised.
    for file in ["links.db", "links.db-wal", "links.db-shm"] {
        let (file, synced) = (disk.data.path().join(file), synced.join(file));
        std::fs::remove_file(&file).ok();
        if synced.exists() {
            std::fs::copy(synced, file).expect("a copy");
        }
    }
    let server = disk.serve(&["--check"]).await;
    let mut lost = 0;
    for (path, target) in &links {
        match server.location(path).await {
            Some(location) => assert_eq!(location, *target),
            None => lost += 1,
        }
    }
    (links.len(), lost)
}

#[tokio::test(flavor = "multi_thread")]
async fn power_cut_loses_no_acknowledged_link() {
    assert_eq!(cut_power(&[]).await, (120, 0));
}

/// This shows that the test above can fail, and what `--durability relaxed` means.
#[tokio::test(flavor = "multi_thread")]
async fn power_cut_may_lose_links_with_relaxed_durability() {
    let (links, lost) = cut_power(&["--durability", "relaxed"]).await;
    assert!(lost > 0, "{lost} of {links}");
}

/// Two writes and many reads, as many as the machine has cores and more, while a write takes seconds.
#[tokio::test(flavor = "multi_thread")]
async fn slow_write_delays_neither_redirects_nor_the_deadline() {
    let disk = FaultyDisk::new();
    let server = Arc::new(disk.serve(&[]).await);
    for alias in ["cached", "fresh"] {
        server.create_link(&json!({"url": "https://example.com/", "alias": alias})).await.expect("a link");
    }
    assert!(server.location("/cached").await.is_some());
    disk.begin("slow");
    let timed = |method: reqwest::Method, path: &str| {
        let request = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client")
            .request(method, format!("http://{}{path}", server.address))
            .body("url=https://example.com/");
        tokio::spawn(async move {
            let start = Instant::now();
            let status = request.send().await.expect("a response").status().as_u16();
            (status, start.elapsed())
        })
    };
    // The second write waits for the first one, for longer than the deadline of a request.
    let writes: Vec<_> = (0..2).map(|_| timed(reqwest::Method::POST, "/shorten")).collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let reads = ["/cached", "/fresh", "/fresh+", "/missing", "/"].repeat(8);
    let reads: Vec<_> = reads.into_iter().map(|path| (path, timed(reqwest::Method::GET, path))).collect();
    for (path, read) in reads {
        let (status, time) = read.await.expect("a request");
        let expected = match path {
            "/cached" | "/fresh" => 301,
            "/missing" => 404,
            _ => 200,
        };
        assert_eq!(status, expected, "{path}");
        assert!(time < Duration::from_secs(2), "{path}: {time:?}");
    }
    let mut slowest = Duration::ZERO;
    for write in writes {
        let (status, time) = write.await.expect("a request");
        assert!([201, 503].contains(&status), "{status}");
        slowest = slowest.max(time);
    }
    // The deadline, and what a busy machine needs.
    assert!((Duration::from_secs(3)..DEADLINE + Duration::from_secs(2)).contains(&slowest), "{slowest:?}");
    disk.end("slow");
}

#[tokio::test(flavor = "multi_thread")]
async fn stuck_read_delays_no_request() {
    let disk = FaultyDisk::with_link("kept", "https://example.com/").await;
    let server = disk.serve(&[]).await;
    disk.begin("stuck");
    let started = Instant::now();
    let stuck = tokio::spawn(reqwest::get(format!("http://{}/missing", server.address)));
    while disk.is_pending("stuck") {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // These are submitted before anything could notice that the first read is stuck.
    let reads: Vec<_> =
        (0..20).map(|_| reqwest::get(format!("http://{}/kept+", server.address))).map(tokio::spawn).collect();
    for read in reads {
        assert_eq!(read.await.expect("a request").expect("a response").status(), 200);
    }
    // The read itself is tried again by another thread.
    assert_eq!(stuck.await.expect("a request").expect("a response").status(), 404);
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
}

#[tokio::test]
async fn full_disk_is_logged_and_redirects_continue() {
    let disk = FaultyDisk::new();
    let server = disk.serve(&[]).await;
    let body = json!({"url": "https://example.com/", "alias": "before"});
    server.create_link(&body).await.expect("a link");
    disk.begin("full");
    for body in ["{\"url\":\"https://example.com/\"}", "{\"url\":\"https://example.com/\",\"reuse\":true}"] {
        let response = reqwest::Client::new().post(format!("http://{}/shorten", server.address)).body(body);
        let response = response.send().await.expect("a response");
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "60");
        let text = response.text().await.expect("a body");
        assert!(text.contains("until its operator has fixed a fault"), "{text}");
    }
    assert_eq!(server.location("/before").await.as_deref(), Some("https://example.com/"));
    disk.end("full");
    server.create_link(&json!({"url": "https://example.com/after"})).await.expect("a link");
    server.signal("TERM").await;
    let log = String::from_utf8(server.exit().await.stderr).expect("UTF-8");
    let lines: Vec<_> = log.lines().filter(|line| line.contains("a request failed")).collect();
    assert_eq!(lines.len(), 2, "one line for each request that failed: {log}");
    assert!(lines.iter().all(|line| line.contains("the database write failed: the disk is full")), "{log}");
}

#[tokio::test]
async fn full_disk_at_start_is_reported() {
    let disk = FaultyDisk::with_link("before", "https://example.com/").await;
    disk.begin("full");
    let text = startup_error(&mut disk.command(&[])).await;
    assert!(text.contains("cannot be used: the disk is full: free some space"), "{text}");
}

#[tokio::test]
async fn file_that_is_deleted_or_replaced_is_noticed() {
    let backup = FaultyDisk::with_link("kept", "https://example.com/backup").await;
    for replacement in [None, Some(backup.data())] {
        let disk = FaultyDisk::new();
        let server = disk.serve(&[]).await;
        server.create_link(&json!({"url": "https://example.com/", "alias": "before"})).await.expect("a link");
        match &replacement {
            None => std::fs::remove_file(disk.data()).expect("a file"),
            Some(backup) => {
                let other = disk.data.path().join("other.db");
                std::fs::copy(backup, &other).expect("a copy");
                std::fs::rename(other, disk.data()).expect("a rename");
            }
        }
        let error = server.create_link(&json!({"url": "https://example.com/"})).await.expect_err("no link");
        assert_eq!(error.status().map(|status| status.as_u16()), Some(503));
        server.signal("TERM").await;
        let log = String::from_utf8(server.exit().await.stderr).expect("UTF-8");
        assert!(log.contains("the file was deleted or replaced while the server was running"), "{log}");
        // The write-ahead log of the file that is gone was not applied to the other one.
        let expected = replacement.is_some().then_some("https://example.com/backup");
        assert_eq!(disk.serve(&["--check"]).await.location("/kept").await.as_deref(), expected);
    }
}

/// A stopped server has moved everything into the file, so a copy of it alone is a backup.
#[tokio::test]
async fn stopped_server_leaves_one_file() {
    let disk = FaultyDisk::with_link("kept", "https://example.com/").await;
    let log = disk.data.path().join("links.db-wal");
    assert_eq!(std::fs::metadata(log).map_or(0, |log| log.len()), 0);
    let copy = FaultyDisk::new();
    std::fs::copy(disk.data(), copy.data()).expect("a copy");
    assert_eq!(copy.serve(&[]).await.location("/kept").await.as_deref(), Some("https://example.com/"));
}

/// A changed byte in a target would be a redirect to somebody else.
#[tokio::test]
async fn damaged_link_is_never_followed() {
    let disk = FaultyDisk::new();
    let server = disk.serve(&[]).await;
    for n in 0..50 {
        let body = json!({"url": format!("https://example.com/{n}"), "alias": format!("link-{n}")});
        server.create_link(&body).await.expect("a link");
    }
    server.signal("TERM").await;
    server.exit().await;
    let mut bytes = std::fs::read(disk.data()).expect("a file");
    let damaged = b"https://example.com/7\"";
    // SQLite leaves copies behind when it moves rows between pages.
    for place in 0..bytes.len() - damaged.len() {
        if bytes[place..].starts_with(damaged) {
            bytes[place + 8] = b'i';
        }
    }
    std::fs::write(disk.data(), bytes).expect("a write");

    let text = startup_error(&mut disk.command(&["--check"])).await;
    assert!(text.contains("is damaged: the item S:link-7 is damaged; restore a backup"), "{text}");
    let server = disk.serve(&[]).await;
    for path in ["/link-7", "/link-7+"] {
        let response = reqwest::get(format!("http://{}{path}", server.address)).await.expect("a response");
        assert_eq!(response.status(), 503, "{path}");
    }
    assert_eq!(server.location("/link-8").await.as_deref(), Some("https://example.com/8"));
}
