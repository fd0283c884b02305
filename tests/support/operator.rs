//! The operator's program, over a table in a DynamoDB of the test.

use std::process::{Output, Stdio};

use tokio::process::Command;

use shortlink::table;
use shortlink_core::dynamodb::client;
use shortlink_core::dynamodb::store::Store;

use crate::support::dynamodb::DynamoDb;
use crate::support::server::command;

/// The name of the table.
pub const TABLE: &str = "links";

/// A DynamoDB with an empty table.
pub struct Table {
    pub dynamodb: DynamoDb,
    pub client: aws_sdk_dynamodb::Client,
    pub store: Store,
}

impl Table {
    pub async fn start() -> Self {
        let dynamodb = DynamoDb::start().await;
        let client = client::local(&dynamodb.endpoint_url).await;
        table::ensure(&client, TABLE).await.expect("a table");
        let store = Store::new(client.clone(), TABLE);
        Self { dynamodb, client, store }
    }

    /// Runs the program on this table.
    pub async fn run(&self, arguments: &[&str]) -> Run {
        let url = self.dynamodb.endpoint_url.clone();
        run(&[arguments, &["--table", TABLE, "--endpoint-url", &url]].concat(), &[]).await
    }
}

/// What the program has done.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// The standard output of a program that must have succeeded.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self.stdout
    }

    /// The standard output of a program that must have succeeded, a JSON document.
    #[track_caller]
    pub fn json(self) -> serde_json::Value {
        let text = self.ok();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }
}

/// The program with these arguments, credentials that nobody checks, and no settings of the person who runs the test.
/// A variable that is empty is not set.
pub fn program(arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut program = Command::new(command(&[]).as_std().get_program());
    program
        .args(arguments)
        .env_clear()
        .envs([
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ])
        .stdin(Stdio::null())
        .kill_on_drop(true);
    for (name, value) in variables {
        if value.is_empty() {
            program.env_remove(name)
        } else {
            program.env(name, value)
        };
    }
    program
}

/// Runs the program.
pub async fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Run {
    let output = program(arguments, variables).output().await.expect("a process");
    to_run(output)
}

/// The output as text.
pub fn to_run(output: Output) -> Run {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}
