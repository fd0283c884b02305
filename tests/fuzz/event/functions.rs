//! Both functions over a table in memory.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::mpsc::{self, Sender};

use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use resolve::Resolve;
use serde_json::Value;
use serde_json::value::RawValue;
use shorten::Shorten;
use shorten::grant::key::{GrantKey, GrantKeys, PREFIX};
use shorten::grant::key_source::KeySource;
use shortlink::embedded::{EmbeddedTable, Location, OpenOptions};
use shortlink_core::config::Environment;
use shortlink_core::domain::clock::{Clock, Timestamp};
use shortlink_core::domain::code::Code;
use shortlink_core::domain::code_generator::CodeGenerator;
use shortlink_core::domain::expiry::RequestedExpiry;
use shortlink_core::domain::labels::Labels;
use shortlink_core::domain::link::NewLink;
use shortlink_core::domain::target::Target;
use shortlink_core::dynamodb::store::Store;
use shortlink_core::http::handler::Handler;
use shortlink_core::http::routes::{self, Function};
use shortlink_core::link_cache::{self, LinkCache};
use shortlink_core::visits::recorder::VisitRecorder;
use shortlink_core::visits::writer::PerLinkWriter;
use tokio::runtime::{Builder, Runtime};
use tracing_subscriber::filter::LevelFilter;

/// The time of every event: 2030-01-01T00:00:00Z, as in `tests`.
const NOW: i64 = 1_893_456_000;

/// The functions, with the links `live` and `expired` in their table, as in `tests/events.rs`.
pub struct Functions {
    /// Dropped before the runtime, which waits for the thread that [`stop_clock`] starts.
    _stopped_clock: Sender<()>,
    runtime: Runtime,
    shorten: Shorten,
    resolve: Resolve,
    codes: CodeGenerator,
}

impl Functions {
    pub fn start() -> Self {
        // The first call of a process sets it; later ones have no effect.
        tracing_subscriber::fmt().with_max_level(LevelFilter::WARN).with_writer(|| LogOfFaults).try_init().ok();
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
        let stopped_clock = stop_clock(&runtime);
        let table =
            runtime.block_on(EmbeddedTable::open(Location::Memory, "links", OpenOptions::default())).expect("a table");
        let lookup = |name: &str| (name == "ALLOW_NEVER").then(|| "true".to_owned());
        let environment = Environment::new(&lookup);
        let shorten_config = shorten::config::Config::read(&environment).expect("valid settings of shorten");
        let resolve_config = resolve::config::Config::read(&environment).expect("valid settings of resolve");
        let clock = Clock::manual(Arc::new(AtomicI64::new(NOW)));
        let codes = CodeGenerator::new(shorten_config.code_length, Xoshiro256PlusPlus::seed_from_u64(0));
        let writer = PerLinkWriter::new(table.store(), resolve_config.visits_retention);
        let visits = VisitRecorder::new(resolve_config.visits, writer);
        let cache = LinkCache::new(resolve_config.link_cache_seconds, link_cache::CAPACITY);
        let functions = Self {
            shorten: Shorten::new(shorten_config, table.store(), codes.clone(), clock.clone())
                .with_grant_key(runtime.block_on(grant_key())),
            resolve: Resolve::new(resolve_config, table.store(), cache, visits, clock),
            _stopped_clock: stopped_clock,
            runtime,
            codes,
        };
        functions.create_link(&table.store(), "live", NOW + 60);
        functions.create_link(&table.store(), "expired", NOW - 60);
        functions
    }

    fn create_link(&self, store: &Store, code: &str, expires_at: i64) {
        let link = NewLink {
            alias: Some(Code::parse(code).expect("a code")),
            target: Target::parse("https://example.com/", &[]).expect("a target"),
            requested_expiry: RequestedExpiry::Default,
            created_at: timestamp(NOW - 1_000),
            expires_at: Some(timestamp(expires_at)),
            purge_after: None,
            owner: None,
            has_token: true,
            creator: None,
            labels: Labels::default(),
        };
        self.runtime.block_on(store.create(&link, &self.codes)).expect("a link");
    }

    /// The response of the function that the event's route leads to, or those of both functions if there is none.
    pub fn invoke(&self, event: &RawValue) -> Vec<ApiGatewayV2httpResponse> {
        let parsed: Option<Value> = serde_json::from_str(event.get()).ok();
        let route = parsed.as_ref().and_then(|event| event.get("routeKey")?.as_str()).and_then(routes::find_by_key);
        let function = route.map(|route| route.function);
        let mut responses = Vec::new();
        if function != Some(Function::Resolve) {
            responses.push(self.invoke_function(&self.shorten, event));
        }
        if function != Some(Function::Shorten) {
            responses.push(self.invoke_function(&self.resolve, event));
        }
        responses
    }

    fn invoke_function(&self, function: &impl Handler, event: &RawValue) -> ApiGatewayV2httpResponse {
        self.runtime.block_on(async {
            let response = shortlink_lambda::respond_to_event(function, event).await;
            function.after_response().await;
            response
        })
    }
}

/// A grant key in a file of this process. Without one, what looks like a grant is answered with 503.
async fn grant_key() -> KeySource {
    let source = KeySource::File(std::env::temp_dir().join(format!("shortlink-fuzz-{}.key", std::process::id())));
    if source.read().await.is_err() {
        let key = GrantKey::parse(&format!("{PREFIX}{:064}", 0)).expect("a key");
        source.create(&GrantKeys::new(key)).await.expect("a file");
    }
    source
}

/// Stops the clock of a paused runtime until the result is dropped, so that no request takes too long, however busy this
/// machine is. A paused clock alone is advanced to the next deadline as soon as the runtime has nothing to do, such as
/// while the thread that writes the table works; but not while a blocking task runs.
fn stop_clock(runtime: &Runtime) -> Sender<()> {
    let (stopped, dropped) = mpsc::channel::<()>();
    runtime.spawn_blocking(move || dropped.recv());
    stopped
}

fn timestamp(seconds: i64) -> Timestamp {
    Timestamp::from_unix(seconds).expect("in range")
}

/// Makes every line of the log a crash, such as one about visits that were not written. The line that an event of
/// another kind causes is the exception.
struct LogOfFaults;

impl io::Write for LogOfFaults {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        assert!(text.contains("an event that is not from an API Gateway HTTP API"), "{text}");
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
