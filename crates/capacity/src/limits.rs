//! The limits of AWS, as its documentation states them, and the assumptions of the model.
//!
//! Quotas are the defaults of an account and region. The quotas on concurrent environments, on requests to the gateway
//! and on a table can be raised on request; the rate of new environments and the throughput of a partition cannot.
//!
//! The gateway accepts 10,000 requests a second to all APIs of an account and region
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>), and template.yaml allows no more for
//! its `RateLimit`: at ten requests a second for each of 1,000 environments, both quotas are used up at the same rate.

/// Concurrent environments in an account and region, of all functions together; "tens of thousands" on request
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
pub(crate) const ENVIRONMENTS: f64 = 1_000.0;

/// Requests a second that an environment serves at most, however short they are, when its function is invoked
/// synchronously, as by the gateway (the same page).
pub(crate) const ENVIRONMENT_RATE: f64 = 10.0;

/// New environments that a function may start at once. The allowance is refilled at a tenth of that a second and does
/// not accumulate beyond it (<https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html>).
pub(crate) const STARTS: f64 = 1_000.0;

/// New environments that a function may start a second, once it has started [`STARTS`].
pub(crate) const STARTS_PER_SECOND: f64 = STARTS / 10.0;

/// Read units a second that a partition of a table serves. A unit is one strongly consistent read of up to 4 KB, or two
/// eventually consistent ones
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>). The same pages
/// mention that up to five minutes of unused units may be spent later, but do not promise it; the model allows one
/// second's.
pub(crate) const PARTITION_READS: f64 = 3_000.0;

/// Write units a second that a partition of a table serves. A unit is one write of up to 1 KB (the same page).
pub(crate) const PARTITION_WRITES: f64 = 1_000.0;

/// Partitions of a new on-demand table, which serves 12,000 read and 4,000 write units a second
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html>).
pub(crate) const INITIAL_PARTITIONS: f64 = 4.0;

/// Read units, and write units, a second of an on-demand table
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html>).
pub(crate) const TABLE_UNITS: f64 = 40_000.0;

/// Assumed: the time in which Lambda places an environment, fetches the code and starts the sandbox, seconds. It cannot
/// be measured here.
pub(crate) const SANDBOX_START: f64 = 0.150;

/// INIT of `resolve`, seconds, as measured with `bench measure` (crates/bench/README.md).
pub(crate) const INIT: f64 = 0.004;

/// A redirect without calls to DynamoDB, seconds: 0.36 ms measured, rounded up to 1 ms for Lambda's own overhead, which
/// is assumed.
pub(crate) const HANDLING: f64 = 0.001;

/// A call to DynamoDB, seconds: 3 ms until its response, assumed as in the measurements of crates/bench/README.md, and
/// 1 ms for the rest.
pub(crate) const CALL: f64 = 0.004;

/// Assumed: how long Lambda keeps an idle environment, seconds. AWS does not document it; people have observed 5 to 60
/// minutes.
pub(crate) const IDLE_TIMEOUT: f64 = 300.0;
