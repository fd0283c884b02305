//! `shortlink serve` as a process.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::support::function_process::send_signal;

/// A command that runs `shortlink serve` with more arguments and without rate limits, since tests send many requests at once.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = program(&["serve", "--no-rate-limits"]);
    command.args(arguments);
    command
}

/// A command that runs `shortlink` with these arguments.
pub fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shortlink-under-test"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// A running `shortlink serve`.
pub struct Server {
    pub process: Child,
    pub address: String,
    /// What it prints after the line with its address.
    output: Lines<BufReader<ChildStdout>>,
}

impl Server {
    /// Starts the program and waits until it prints its address.
    pub async fn start(command: &mut Command) -> Self {
        let mut process = command.spawn().expect("a process");
        let mut output = BufReader::new(process.stdout.take().expect("stdout")).lines();
        let line = output.next_line().await.expect("readable").expect("a line");
        let address = line.split_once("http://").expect("a URL").1.split(' ').next().expect("an address").to_owned();
        Self { process, address, output }
    }

    /// Starts the program with its data in memory.
    pub async fn in_memory() -> Self {
        Self::start(&mut command(&["--listen", "127.0.0.1:0", "--data", "memory"])).await
    }

    /// Starts the program with its data in a file.
    pub async fn with_file(data: &Path) -> Self {
        Self::start(&mut command(&["--listen", "127.0.0.1:0", "--data", data.to_str().expect("UTF-8")])).await
    }

    pub async fn create_link(&self, body: &serde_json::Value) -> reqwest::Result<serde_json::Value> {
        let request = reqwest::Client::new().post(format!("http://{}/shorten", self.address));
        request
            .body(body.to_string())
            .send()
            .await?
            .error_for_status()?
            .text()
            .await
            .map(|body| serde_json::from_str(&body).expect("JSON"))
    }

    /// The `Location` header of the response at a path.
    pub async fn location(&self, path: &str) -> Option<String> {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        let response = http.get(format!("http://{}{path}", self.address)).send().await.expect("a response");
        Some(response.headers().get("location")?.to_str().expect("ASCII").to_owned())
    }

    /// The next line that the program prints.
    pub async fn line(&mut self) -> String {
        self.output.next_line().await.expect("readable").expect("a line")
    }

    /// Sends a signal, such as `TERM`.
    pub async fn signal(&self, name: &str) {
        send_signal(&self.process, name).await;
    }

    /// Waits until the program exits.
    pub async fn exit(mut self) -> Output {
        let mut output = self.process.wait_with_output().await.expect("an exit status");
        while let Some(line) = self.output.next_line().await.expect("readable") {
            output.stdout.extend(line.bytes().chain(*b"\n"));
        }
        output
    }
}

/// The error of a program that cannot start. Fails unless it is one line, and the exit code is 1.
pub async fn startup_error(command: &mut Command) -> String {
    let output = output_of(command).await;
    let text = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    text.trim_end().to_owned()
}

/// As [`startup_error`], if the message may have several lines.
pub async fn startup_errors(command: &mut Command) -> Vec<String> {
    let output = output_of(command).await;
    let text = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1), "{text}");
    text.lines().map(str::to_owned).collect()
}

/// What a program prints, which must end by itself: a server that starts although it should not fails the test.
async fn output_of(command: &mut Command) -> Output {
    let output = command.kill_on_drop(true).output();
    let output = tokio::time::timeout(Duration::from_secs(60), output).await;
    output.expect("a program that ends").expect("a process")
}

/// The exit code, standard output and standard error of the program with these arguments.
pub async fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = output_of(&mut program(arguments)).await;
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8").trim().to_owned();
    (output.status.code(), text(output.stdout), text(output.stderr))
}
