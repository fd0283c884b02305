//! A server under load: its process, whether it responds correctly, and the CPU time that it has used.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{Result, links};

/// The time that a server may take to shut down.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(300);

/// The number of links that are requested to check the responses.
const CHECKS: u64 = 20;

/// A server that is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `shortlink serve` without rate limits, and otherwise with its defaults: a link is on the disk before its creation is
    /// answered.
    Serve,
    /// `shortlink serve --durability relaxed`.
    Relaxed,
    /// The baseline of this program, which does not wait for the disk.
    Baseline,
    /// chhoto-url, which does not wait for the disk either: its program.
    Chhoto(PathBuf),
}

/// A running server; it is killed when this is dropped.
pub(crate) struct Server {
    kind: Kind,
    process: Child,
    address: String,
}

impl Kind {
    /// Creates a file with the first `count` links.
    pub(crate) fn fill(&self, path: &Path, count: u64) -> Result<()> {
        // The server creates the tables.
        Server::start(self, path)?.terminate()?;
        match self {
            Self::Serve | Self::Relaxed => links::fill_table(path, count),
            Self::Baseline => links::fill_baseline(path, count),
            Self::Chhoto(_) => Ok(()),
        }
    }

    /// The name of the server in the tables.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Serve => "`serve`",
            Self::Relaxed => "`serve --durability relaxed`",
            Self::Baseline => "baseline",
            Self::Chhoto(_) => "chhoto-url",
        }
    }

    /// The server's program, which is in the same folder as this one.
    fn program(&self) -> Result<PathBuf> {
        let own = std::env::current_exe()?;
        match self {
            Self::Serve | Self::Relaxed => Ok(own.with_file_name("shortlink")),
            Self::Baseline => Ok(own),
            Self::Chhoto(program) => Ok(program.clone()),
        }
    }
}

impl Server {
    /// Starts a server on a free port, and waits until it prints its address.
    pub(crate) fn start(kind: &Kind, data: &Path) -> Result<Self> {
        if let Kind::Chhoto(program) = kind {
            return Self::start_chhoto(kind, program, data);
        }
        let program = kind.program()?;
        let command: &[&str] = match kind {
            Kind::Baseline => &["baseline"],
            // The limits would be measured instead of the server.
            Kind::Relaxed => &["serve", "--no-rate-limits", "--durability", "relaxed"],
            _ => &["serve", "--no-rate-limits"],
        };
        let spawned = Command::new(&program)
            .args(command)
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            // The server writes its log as usual, but nobody reads it.
            .stderr(Stdio::null())
            .stdout(Stdio::piped())
            .spawn();
        let mut process = spawned.map_err(|error| format!("{}: {error}", program.display()))?;
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().ok_or("no output")?).read_line(&mut line)?;
        let address = line.split_once("http://").and_then(|(_, rest)| rest.split_whitespace().next());
        let address = address.ok_or_else(|| format!("{} did not start", program.display()))?.to_owned();
        Ok(Self { kind: kind.clone(), process, address })
    }

    /// Starts chhoto-url, which prints no address, and waits until it accepts connections.
    fn start_chhoto(kind: &Kind, program: &Path, data: &Path) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let process = Command::new(program)
            .env("CHHOTO_DB_URL", data)
            .env("CHHOTO_LISTEN_ADDRESS", "127.0.0.1")
            .env("CHHOTO_LISTEN_PORT", address.port().to_string())
            .envs([("CHHOTO_SLUG_STYLE", "UID"), ("CHHOTO_SQLITE_USE_WAL_MODE", "True")])
            .env("CHHOTO_SQLITE_ENSURE_ACID", "False")
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let server = Self { kind: kind.clone(), process, address: address.to_string() };
        let begin = Instant::now();
        while TcpStream::connect(address).is_err() {
            if begin.elapsed() > Duration::from_secs(30) {
                return Err(format!("{} did not start", program.display()).into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(server)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Requests some of the first `count` links, and checks that they redirect to their targets.
    pub(crate) fn check(&self, count: u64) -> Result<()> {
        if matches!(self.kind, Kind::Chhoto(_)) {
            return Ok(());
        }
        for n in 1..=CHECKS {
            let rank = (n * count / CHECKS).max(1);
            let mut stream = TcpStream::connect(&self.address)?;
            let code = links::code(rank);
            write!(stream, "GET /{code} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
            let mut response = String::new();
            stream.read_to_string(&mut response)?;
            let location = format!("location: {}\r\n", links::target(rank));
            if !response.starts_with("HTTP/1.1 301 ") || !response.contains(&location) {
                return Err(format!("{:?} responded to /{code} with {response}", self.kind).into());
            }
        }
        Ok(())
    }

    /// Sends SIGTERM to the server, waits until it has shut down, and returns the CPU time that it has used.
    pub(crate) fn terminate(mut self) -> Result<Duration> {
        let id = self.process.id();
        if !Command::new("kill").arg(id.to_string()).status()?.success() {
            return Err("SIGTERM could not be sent to the server".into());
        }
        let begin = Instant::now();
        // A process that has ended keeps its figures until it is waited for.
        while state(id)? != "Z" {
            if begin.elapsed() > SHUTDOWN_TIMEOUT {
                return Err(format!("{:?} did not shut down", self.kind).into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let cpu_time = cpu_time(id)?;
        self.process.wait()?;
        Ok(cpu_time)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails if the process has ended already.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// The fields of /proc/PID/stat from the state on (field 3; see proc_pid_stat(5)).
fn stat(process: u32) -> Result<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = text.rsplit_once(')').ok_or("stat has no name")?;
    Ok(fields.split_whitespace().map(str::to_owned).collect())
}

fn state(process: u32) -> Result<String> {
    Ok(stat(process)?.into_iter().next().ok_or("stat is empty")?)
}

/// The CPU time of a process, in user and kernel mode.
fn cpu_time(process: u32) -> Result<Duration> {
    let fields = stat(process)?;
    let ticks = |field: usize| -> Result<u64> { Ok(fields.get(field - 3).ok_or("stat is short")?.parse()?) };
    // A tick is 10 ms here (USER_HZ), whatever the kernel's timer frequency.
    Ok(Duration::from_millis((ticks(14)? + ticks(15)?) * 10))
}
