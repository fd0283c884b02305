//! The Lambda function `shorten`.

use std::process::ExitCode;

use shorten::Shorten;
use shorten::config::Config;
use shorten::grant::key_source::KeySource;
use shorten::grant::parameter::Parameter;
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
    let (store, client) = shortlink_lambda::open_store(&environment).await?;
    let codes = CodeGenerator::from_os_rng(config.code_length);
    let parameter = config.grant_key_parameter.clone();
    let mut shorten = Shorten::new(config, store, codes, Clock::system());
    if let Some(name) = parameter {
        let endpoint_url = environment.text("AWS_ENDPOINT_URL_SSM").or_else(|| environment.text("AWS_ENDPOINT_URL"));
        let parameter = Parameter::new(name, client.sdk_config(endpoint_url));
        shorten = shorten.with_grant_key(KeySource::Parameter(Box::new(parameter)));
    }
    shortlink_lambda::run(shorten).await
}
