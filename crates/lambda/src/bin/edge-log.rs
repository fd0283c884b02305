//! The Lambda function `edge-log`, which a schedule invokes every hour.

use std::process::ExitCode;

use edge_log::bucket::Bucket;
use edge_log::config::Config;
use shortlink_core::config::Environment;
use shortlink_core::domain::clock::Clock;
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
    let endpoint_url = environment.text("AWS_ENDPOINT_URL_S3").or_else(|| environment.text("AWS_ENDPOINT_URL"));
    let bucket = Bucket::new(client, &config.logs.bucket, endpoint_url.as_deref());
    let clock = Clock::system();
    shortlink_lambda::run_schedule(async |deadline| edge_log::run(&config, &store, &bucket, &clock, deadline).await)
        .await
}
