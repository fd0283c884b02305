//! The Lambda function `resolve`: wiring.

use std::process::ExitCode;

use resolve::Resolve;
use resolve::config::Config;
use shortlink_core::clock::Clock;
use shortlink_core::config::Environment;
use shortlink_core::store::Store;
use shortlink_core::{client, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    shortlink_lambda::exit_code(run().await)
}

async fn run() -> Result<(), shortlink_lambda::Error> {
    let environment = Environment::process();
    telemetry::start(&environment, std::io::stdout)?;
    let config = Config::read(&environment)?;
    let table = environment.required("TABLE_NAME")?;
    let store = Store::new(client::of_function(&environment).await?, table);
    shortlink_lambda::run(Resolve::new(config, store, Clock::system())).await
}
