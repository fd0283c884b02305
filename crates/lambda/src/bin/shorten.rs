//! The Lambda function `shorten`.

use std::process::ExitCode;

use shorten::Shorten;
use shorten::config::Config;
use shortlink_core::config::Environment;
use shortlink_core::domain::clock::Clock;
use shortlink_core::domain::code_generator::CodeGenerator;
use shortlink_core::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    shortlink_lambda::exit_code(run().await)
}

async fn run() -> Result<(), shortlink_lambda::Error> {
    let environment = Environment::process();
    telemetry::init(&environment, std::io::stdout)?;
    let config = Config::read(&environment)?;
    let store = shortlink_lambda::open_store(&environment).await?;
    let codes = CodeGenerator::from_os_rng(config.code_length);
    shortlink_lambda::run(Shorten::new(config, store, codes, Clock::system())).await
}
