//! The Lambda function `shorten`: wiring.

use std::process::ExitCode;

use shorten::Shorten;
use shorten::config::Config;
use shortlink_core::clock::Clock;
use shortlink_core::config::Environment;
use shortlink_core::store::{CodeSource, Store};
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
    let codes = CodeSource::system(config.code_length);
    shortlink_lambda::run(Shorten::new(config, store, codes, Clock::system())).await
}
