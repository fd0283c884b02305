//! The program `shortlink`, run with the credentials of an emulator.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

/// A command that runs the program with these arguments.
pub fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shortlink-under-test"));
    command
        .args(arguments)
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .env("AWS_REGION", "us-east-1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// What a program did.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// The standard output, which is JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Runs the program to its end.
pub async fn run(arguments: &[&str]) -> Run {
    finish(program(arguments)).await
}

/// Runs a command to its end.
pub async fn finish(mut command: Command) -> Run {
    let output = tokio::time::timeout(Duration::from_secs(300), command.output()).await;
    let output = output.expect("a program that ends").expect("a process");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8").trim_end().to_owned();
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Runs the program, which must succeed.
pub async fn succeed(arguments: &[&str]) -> Run {
    let run = run(arguments).await;
    assert_eq!(run.code, Some(0), "{arguments:?}: {run:?}");
    run
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}
