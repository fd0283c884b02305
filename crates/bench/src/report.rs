//! The measurements of all subjects, as a Markdown table.

use std::fmt;
use std::time::Duration;

use crate::artifact::Size;
use crate::cpu_quota::CpuQuota;
use crate::instructions::Instructions;
use crate::sandbox::Sandbox;
use crate::stub_dynamodb::server::StubServer;
use crate::subject::Subject;
use crate::{Measure, Result};

/// The measurements of every subject.
pub(crate) struct Report {
    rows: Vec<Row>,
    memory_mb: u32,
    latency_ms: u64,
    rounds: usize,
    /// The reason why nothing could be throttled, if so.
    no_quota: Option<String>,
}

struct Row {
    name: String,
    size: Size,
    instructions: Option<Instructions>,
    /// From exec until the function first waits for an event.
    init: Samples,
    /// CPU time of INIT.
    init_cpu: Samples,
    /// From exec to the first response.
    cold: Samples,
    /// CPU time of INIT and the first request.
    cold_cpu: Samples,
    /// From exec to the first response, throttled from the first event on.
    throttled: Samples,
    /// From a warm request to its response.
    warm: Samples,
    /// From a warm response until the function is ready for the next event.
    post_response: Samples,
    /// CPU time of a warm request.
    warm_cpu: Samples,
    peak_rss_kib: Vec<u64>,
}

/// Repeated measurements of the same duration.
#[derive(Default)]
struct Samples(Vec<Duration>);

impl Report {
    /// Measures every subject. They take turns, so that other load on the machine affects all of them.
    pub(crate) async fn measure(subjects: &[Subject], dynamodb: &StubServer, measure: &Measure) -> Result<Self> {
        let mut rows = Vec::new();
        for subject in subjects {
            rows.push(Row::new(subject)?);
        }
        let quota = CpuQuota::new(measure.memory_mb);
        for round in 0..measure.rounds {
            eprintln!("round {} of {}", round + 1, measure.rounds);
            // Each round begins with a different subject, because the previous one affects the processor's caches.
            let mut turns: Vec<_> = rows.iter_mut().zip(subjects).collect();
            turns.rotate_left(round % subjects.len().max(1));
            for (row, subject) in turns {
                row.measure(subject, dynamodb, measure, quota.as_ref().ok()).await?;
                if let Ok(quota) = &quota {
                    row.measure_throttled(subject, dynamodb, measure, quota).await?;
                }
            }
        }
        if measure.instructions {
            for (row, subject) in rows.iter_mut().zip(subjects) {
                eprintln!("instructions of {}", subject.name);
                row.instructions = Some(Instructions::count(subject, dynamodb).await?);
            }
        }
        Ok(Self {
            rows,
            memory_mb: measure.memory_mb,
            latency_ms: measure.latency_ms,
            rounds: measure.rounds,
            no_quota: quota.err().map(|error| error.to_string()),
        })
    }
}

impl Row {
    fn new(subject: &Subject) -> Result<Self> {
        Ok(Self {
            name: subject.name.clone(),
            size: Size::of(&subject.artifact)?,
            instructions: None,
            init: Samples::default(),
            init_cpu: Samples::default(),
            cold: Samples::default(),
            cold_cpu: Samples::default(),
            throttled: Samples::default(),
            warm: Samples::default(),
            post_response: Samples::default(),
            warm_cpu: Samples::default(),
            peak_rss_kib: Vec::new(),
        })
    }

    async fn measure(
        &mut self,
        subject: &Subject,
        dynamodb: &StubServer,
        measure: &Measure,
        quota: Option<&CpuQuota>,
    ) -> Result<()> {
        // Started in the control group, like the throttled environments, but not throttled.
        let mut sandbox = Sandbox::start(subject, dynamodb, measure.memory_mb, &[], quota).await?;
        self.init.0.push(sandbox.started.elapsed());
        self.init_cpu.0.push(sandbox.usage()?.cpu);
        let first = sandbox.invoke().await?;
        self.cold.0.push(first.response_at - sandbox.started);
        let cold_cpu = sandbox.usage()?.cpu;
        self.cold_cpu.0.push(cold_cpu);
        let calls = dynamodb.calls();
        for _ in 0..measure.warm {
            let invocation = sandbox.invoke().await?;
            self.warm.0.push(invocation.response);
            self.post_response.0.push(invocation.ready - invocation.response);
        }
        let calls = dynamodb.calls() - calls;
        if calls != measure.warm {
            eprintln!("{}: {calls} calls to DynamoDB for {} requests", subject.name, measure.warm);
        }
        let usage = sandbox.usage()?;
        if let Ok(warm) = u32::try_from(measure.warm)
            && warm > 0
        {
            self.warm_cpu.0.push((usage.cpu - cold_cpu) / warm);
        }
        self.peak_rss_kib.push(usage.peak_rss_kib);
        Ok(())
    }

    async fn measure_throttled(
        &mut self,
        subject: &Subject,
        dynamodb: &StubServer,
        measure: &Measure,
        quota: &CpuQuota,
    ) -> Result<()> {
        quota.unthrottle()?;
        let mut sandbox = Sandbox::start(subject, dynamodb, measure.memory_mb, &[], Some(quota)).await?;
        quota.throttle()?;
        let first = sandbox.invoke().await?;
        self.throttled.0.push(first.response_at - sandbox.started);
        quota.unthrottle()
    }
}

impl Samples {
    /// The value below which this share of the samples lies.
    fn quantile(&self, share: f64) -> Option<Duration> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len().checked_sub(1)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index into a short list")]
        let index = (last as f64 * share).round() as usize;
        sorted.get(index).copied()
    }
}

/// Formats the median and the 99th percentile, in milliseconds.
impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(median), Some(p99)) = (self.quantile(0.5), self.quantile(0.99)) else { return f.write_str("-") };
        let milliseconds = |duration: Duration| duration.as_secs_f64() * 1e3;
        let (median, p99) = (milliseconds(median), milliseconds(p99));
        if median < 1.0 { write!(f, "{median:.2} / {p99:.2}") } else { write!(f, "{median:.1} / {p99:.1}") }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { memory_mb, latency_ms, rounds, .. } = self;
        writeln!(f, "Median / p99 in ms over {rounds} rounds in turn; DynamoDB responds in {latency_ms} ms.\n")?;
        if let Some(reason) = &self.no_quota {
            writeln!(f, "The column for {memory_mb} MB is empty: {reason}.\n")?;
        }
        writeln!(
            f,
            "| function | INIT | INIT, CPU | exec to first response | INIT + first, CPU | exec to first response at {memory_mb} MB \
             | warm | response to ready | warm, CPU | INIT + first, instructions | warm, instructions | peak RSS | binary | zip |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")?;
        for row in &self.rows {
            let (cold, warm) = row.instructions.map_or(("-".to_owned(), "-".to_owned()), |counts| {
                (format!("{:.2} M", counts.cold() as f64 / 1e6), format!("{:.0} k", counts.warm as f64 / 1e3))
            });
            let mut peaks = row.peak_rss_kib.clone();
            peaks.sort_unstable();
            let peak = peaks.get(peaks.len() / 2).copied().unwrap_or_default() as f64 / 1024.0;
            let megabytes = |bytes: u64| format!("{:.2} MB", bytes as f64 / 1e6);
            writeln!(
                f,
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {cold} | {warm} | {peak:.1} MB | {} | {} |",
                row.name,
                row.init,
                row.init_cpu,
                row.cold,
                row.cold_cpu,
                row.throttled,
                row.warm,
                row.post_response,
                row.warm_cpu,
                megabytes(row.size.bytes),
                megabytes(row.size.zip_bytes),
            )?;
        }
        Ok(())
    }
}
