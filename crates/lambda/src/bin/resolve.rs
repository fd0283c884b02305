//! The Lambda function `resolve`.

use std::process::ExitCode;

use resolve::Resolve;
use resolve::config::Config;
use shortlink_core::config::Environment;
use shortlink_core::domain::clock::Clock;
use shortlink_core::link_cache::{self, LinkCache};
use shortlink_core::telemetry;
use shortlink_core::visits::recorder::VisitRecorder;
use shortlink_core::visits::writer::PerLinkWriter;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    shortlink_lambda::exit_code(run().await)
}

async fn run() -> Result<(), shortlink_lambda::Error> {
    let environment = Environment::process();
    telemetry::init(&environment, std::io::stdout)?;
    let config = Config::read(&environment)?;
    let (store, _) = shortlink_lambda::open_store(&environment).await?;
    let cache = LinkCache::new(config.link_cache_seconds, link_cache::CAPACITY);
    let writer = PerLinkWriter::for_function(store.clone(), config.visits_retention);
    let visits = VisitRecorder::new(config.visits, writer);
    shortlink_lambda::run(Resolve::new(config, store, cache, visits, Clock::system())).await
}
