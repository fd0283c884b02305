//! The Lambda function `shorten`: wiring.

use shorten::Shorten;
use shorten::config::Config;
use shortlink_core::clock::Clock;
use shortlink_core::config::Environment;
use shortlink_core::store::{CodeSource, Store};
use shortlink_core::{client, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let environment = Environment::process();
    telemetry::start(telemetry::level(&environment)?, std::io::stdout);
    let config = Config::read(&environment)?;
    let store = Store::new(client::from_environment().await, environment.required("TABLE_NAME")?);
    let codes = CodeSource::system(config.code_length);
    shortlink_lambda::run(Shorten::new(config, store, codes, Clock::system())).await
}
