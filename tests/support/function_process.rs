//! The Lambda binaries as processes, and signals.

use std::process::Stdio;

use tokio::process::{Child, Command};

use super::runtime_api::RuntimeApi;

/// The `resolve` binary.
pub const RESOLVE: &str = env!("CARGO_BIN_EXE_resolve-under-test");

/// The `shorten` binary.
pub const SHORTEN: &str = env!("CARGO_BIN_EXE_shorten-under-test");

/// A command that runs a function's binary as Lambda does.
pub fn command(binary: &str, runtime_api: &RuntimeApi, endpoint_url: &str) -> Command {
    let mut command = Command::new(binary);
    command
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", runtime_api.address.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "resolve"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_ENDPOINT_URL_DYNAMODB", endpoint_url),
            ("TABLE_NAME", "links"),
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Sends a signal, such as `TERM`, to a running process.
pub async fn send_signal(process: &Child, name: &str) {
    let id = process.id().expect("a running process");
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {id}")]).status().await;
    assert!(sent.expect("a shell").success());
}
