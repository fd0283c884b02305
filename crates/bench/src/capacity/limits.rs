//! What AWS allows, as its documentation has it, and what this model takes for granted.
//!
//! Quotas are the defaults of an account and region. Those on environments at once, on requests to the gateway and on
//! a table can be raised on request; the rate of new environments and what a partition serves cannot.
//!
//! The gateway takes 10,000 requests a second to all APIs of an account and region
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>), and template.yaml no more for its
//! `RateLimit`: at ten requests a second for each of 1,000 environments, both quotas end at the same rate.

/// Environments at once in an account and region, of all functions together; "tens of thousands" on request
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
pub(crate) const ENVIRONMENTS: f64 = 1_000.0;

/// Requests a second that an environment serves at most, however short they are, when its function is called and
/// waited for, as the gateway does (the same page).
pub(crate) const ENVIRONMENT_RATE: f64 = 10.0;

/// New environments of a function: so many at once, and refilled at a tenth of that a second; what is not used is not
/// saved up (<https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html>).
pub(crate) const LAUNCHES: f64 = 1_000.0;
pub(crate) const LAUNCHES_A_SECOND: f64 = LAUNCHES / 10.0;

/// Units a second that a partition of a table serves: a unit is one consistent read of up to 4 KB, or two that are not,
/// or one write of up to 1 KB
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>). The same pages
/// tell of up to five minutes of unused units that may be spent later, and promise nothing; here a second of them is.
pub(crate) const PARTITION_READS: f64 = 3_000.0;
pub(crate) const PARTITION_WRITES: f64 = 1_000.0;

/// Partitions of a new table on demand, which takes 12,000 read and 4,000 write units a second
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html>).
pub(crate) const PARTITIONS: f64 = 4.0;

/// Read units, and write units, a second of a table on demand
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html>).
pub(crate) const TABLE_UNITS: f64 = 40_000.0;

/// Assumed: what Lambda needs to find a place, fetch the code and start the sandbox, seconds. It is not ours to measure.
pub(crate) const SANDBOX: f64 = 0.150;

/// INIT of `resolve`, seconds, as README.md has it measured.
pub(crate) const INIT: f64 = 0.004;

/// A redirect without DynamoDB, seconds: 0.36 ms measured, and for Lambda's own part assumed to be 1 ms.
pub(crate) const HANDLING: f64 = 0.001;

/// A call of DynamoDB, seconds: assumed 3 ms to its answer, as in README.md's measurements, and 1 ms for the rest.
pub(crate) const CALL: f64 = 0.004;

/// Assumed: how long an idle environment is kept, seconds. Lambda does not say; people have seen from 5 to 60 minutes.
pub(crate) const IDLE: f64 = 300.0;

/// `HotLinks` and `MAX_PAUSE`, `WRITERS` of `crates/core/src/visits.rs`.
pub(crate) const HOT: f64 = 5.0;
pub(crate) const MAX_PAUSE: f64 = 64.0;
pub(crate) const WRITERS: usize = 8;

/// How often the SDK tries a read, and its first pause, seconds (`crates/core/src/client.rs`).
pub(crate) const READ_ATTEMPTS: i32 = 3;
pub(crate) const READ_PAUSE: f64 = 0.050;
