//! A server under load: its process, what it answers, and what it has cost once it has ended.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Result;
use crate::links;

/// How long a server may take to do what is left once it is to end.
const END_LIMIT: Duration = Duration::from_secs(300);

/// How many links are followed, one after the other, to see whether the answers are right.
const CHECKS: u64 = 20;

/// The servers that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `shortlink serve`, with its defaults.
    Serve,
    /// The floor.
    Floor,
}

/// A server that runs; it is killed when this is dropped.
pub(crate) struct Server {
    kind: Kind,
    process: Child,
    address: String,
}

impl Kind {
    /// Makes a file with the first `count` links.
    pub(crate) fn fill(self, path: &Path, count: u64) -> Result<()> {
        // Who serves the file makes its tables.
        Server::start(self, path)?.end()?;
        match self {
            Self::Serve => links::fill_table(path, count),
            Self::Floor => links::fill_floor(path, count),
        }
    }

    /// The program, which stands beside this one.
    fn program(self) -> Result<PathBuf> {
        let own = std::env::current_exe()?;
        match self {
            Self::Serve => Ok(own.with_file_name("shortlink")),
            Self::Floor => Ok(own),
        }
    }
}

impl Server {
    /// Starts a server on a free port and waits for it to say where it listens.
    pub(crate) fn start(kind: Kind, data: &Path) -> Result<Self> {
        let program = kind.program()?;
        let command = if kind == Kind::Serve { "serve" } else { "floor" };
        let spawned = Command::new(&program)
            .args([command, "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            // Its log is written, as it would be, but kept by nobody.
            .stderr(Stdio::null())
            .stdout(Stdio::piped())
            .spawn();
        let mut process = spawned.map_err(|error| format!("{}: {error}", program.display()))?;
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().ok_or("no output")?).read_line(&mut line)?;
        let address = line.split_once("http://").and_then(|(_, rest)| rest.split_whitespace().next());
        let address = address.ok_or_else(|| format!("{} does not start", program.display()))?.to_owned();
        Ok(Self { kind, process, address })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Follows some of the first `count` links, which must lead where they should.
    pub(crate) fn check(&self, count: u64) -> Result<()> {
        for n in 1..=CHECKS {
            let rank = (n * count / CHECKS).max(1);
            let mut stream = TcpStream::connect(&self.address)?;
            let code = links::code(rank);
            write!(stream, "GET /{code} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            let location = format!("location: {}\r\n", links::target(rank));
            if !answer.starts_with("HTTP/1.1 301 ") || !answer.contains(&location) {
                return Err(format!("{:?} answers /{code} with {answer}", self.kind).into());
            }
        }
        Ok(())
    }

    /// Asks the server to end, waits until it has done what was left to do, and tells what CPU time it has had.
    pub(crate) fn end(mut self) -> Result<Duration> {
        let id = self.process.id();
        if !Command::new("kill").arg(id.to_string()).status()?.success() {
            return Err("the server could not be asked to end".into());
        }
        let begin = Instant::now();
        // Until it is waited for, a process that has ended can still be asked what it used.
        while state(id)? != "Z" {
            if begin.elapsed() > END_LIMIT {
                return Err(format!("{:?} does not end", self.kind).into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let used = cpu(id)?;
        self.process.wait()?;
        Ok(used)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended cannot be killed, and need not be.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// What the kernel says of a process behind its name: its state first (see proc_pid_stat(5), from field 3 on).
fn stat(process: u32) -> Result<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = text.rsplit_once(')').ok_or("stat has no name")?;
    Ok(fields.split_whitespace().map(str::to_owned).collect())
}

fn state(process: u32) -> Result<String> {
    Ok(stat(process)?.into_iter().next().ok_or("stat is empty")?)
}

/// The time that a process has had on a CPU, in the kernel and outside.
fn cpu(process: u32) -> Result<Duration> {
    let fields = stat(process)?;
    let ticks = |field: usize| -> Result<u64> { Ok(fields.get(field - 3).ok_or("stat is short")?.parse()?) };
    // A tick is a hundredth of a second, whatever the kernel's own are.
    Ok(Duration::from_millis((ticks(14)? + ticks(15)?) * 10))
}
