//! An execution environment: a function's process with Lambda's environment variables, from its start to its end.

use std::ffi::OsString;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use crate::Result;
use crate::cpu_quota::CpuQuota;
use crate::runtime_api::{RuntimeApi, RuntimeEvent};
use crate::stub_dynamodb::server::StubServer;
use crate::subject::Subject;

/// The time that any step may take. Callgrind slows a function down some fifty times, and Node.js takes a second
/// without it.
const TIMEOUT: Duration = Duration::from_secs(300);

/// A running function. Its process is killed when this is dropped.
pub(crate) struct Sandbox {
    process: Child,
    id: u32,
    runtime_api: RuntimeApi,
    subject: Subject,
    /// The number of requests that it has been sent.
    requests: usize,
    /// The CPU time of the process before it became the function.
    cpu_before: Duration,
    /// When the process was started.
    pub(crate) started: Instant,
}

/// The times that an invocation took, each from the moment at which the event was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Invocation {
    /// The time until the response was posted, which a visitor waits for.
    pub(crate) response: Duration,
    /// The time until the environment was ready for the next event, which is billed.
    pub(crate) ready: Duration,
    /// The moment at which the response was posted.
    pub(crate) response_at: Instant,
}

/// The resources that a process has used so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// The CPU time of all threads together.
    pub(crate) cpu: Duration,
    /// The peak of resident memory, KiB.
    pub(crate) peak_rss_kib: u64,
}

impl Sandbox {
    /// Starts a function, under the program `wrapper` if there is one, and waits until it requests an event.
    pub(crate) async fn start(
        subject: &Subject,
        dynamodb: &StubServer,
        memory_mb: u32,
        wrapper: &[OsString],
        quota: Option<&CpuQuota>,
    ) -> Result<Self> {
        let runtime_api = RuntimeApi::start().await?;
        let cgroup_command = quota.map(CpuQuota::cgroup_command).unwrap_or_default();
        let words = cgroup_command.iter().chain(wrapper).cloned();
        let mut words = words.chain(subject.command.iter().map(OsString::from));
        let mut command = Command::new(words.next().ok_or("no program to start")?);
        command.args(words).env_clear().current_dir(subject.task_root());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).kill_on_drop(true);
        let variables = [
            // Set by Lambda.
            ("_HANDLER", subject.handler.to_owned()),
            ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned()),
            ("AWS_SESSION_TOKEN", "x".repeat(900)),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
            ("AWS_LAMBDA_FUNCTION_NAME", "bench".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory_mb.to_string()),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bench".to_owned()),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "2030/01/01/[$LATEST]0123456789abcdef".to_owned()),
            ("AWS_LAMBDA_RUNTIME_API", runtime_api.address().to_string()),
            ("LAMBDA_TASK_ROOT", subject.task_root().display().to_string()),
            ("LANG", "en_US.UTF-8".to_owned()),
            ("TZ", ":UTC".to_owned()),
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            // Set by template.yaml.
            ("TABLE_NAME", "links".to_owned()),
            // Set for the benchmark: the stub's address, and its root certificate by the name that each language uses.
            ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.endpoint_url()),
            ("AWS_CA_BUNDLE", dynamodb.ca_bundle().display().to_string()),
            ("SSL_CERT_FILE", dynamodb.system_roots().display().to_string()),
            ("NODE_EXTRA_CA_CERTS", dynamodb.ca_bundle().display().to_string()),
        ];
        command.envs(variables).envs(subject.settings.iter().copied());
        let (mut started, mut cpu_before) = (Instant::now(), Duration::ZERO);
        let mut process = command.spawn().map_err(|error| format!("{}: {error}", subject.name))?;
        let id = process.id().ok_or("the function has ended already")?;
        if let Some(quota) = quota {
            quota.wait_until_joined(id).await?;
            cpu_before = cpu_time(id)?;
            started = Instant::now();
            process.stdin.as_mut().ok_or("no standard input")?.write_all(b"go\n").await?;
        }
        let mut sandbox = Self { process, id, runtime_api, subject: subject.clone(), requests: 0, started, cpu_before };
        sandbox.wait_until_ready().await?;
        Ok(sandbox)
    }

    /// Invokes the function, and waits for its response, which must have the right status, and for the end of its work.
    pub(crate) async fn invoke(&mut self) -> Result<Invocation> {
        let event = Bytes::from(self.subject.job.event(self.requests));
        self.requests += 1;
        let begin = Instant::now();
        self.runtime_api.invoke(event)?;
        let mut extensions = 0;
        let (mut response_at, mut next_requested) = (None, false);
        let ready_at = loop {
            let (time, event) = self
                .runtime_api
                .next_runtime_event(TIMEOUT)
                .await
                .map_err(|error| format!("{}: {error}", self.subject.name))?;
            match event {
                RuntimeEvent::ResponsePosted(body) => {
                    self.check(&body)?;
                    response_at = Some(time);
                }
                RuntimeEvent::NextRequested => next_requested = true,
                RuntimeEvent::ExtensionNextRequested => extensions += 1,
                RuntimeEvent::ErrorPosted(body) => return Err(self.failure(&body)),
            }
            if response_at.is_some() && next_requested && extensions >= self.runtime_api.extensions() {
                break time;
            }
        };
        let response_at = response_at.unwrap_or(ready_at);
        Ok(Invocation { response: response_at - begin, ready: ready_at - begin, response_at })
    }

    /// What the process has used so far.
    pub(crate) fn usage(&self) -> Result<Usage> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM in status")?;
        let peak_rss_kib = peak.trim().trim_end_matches(" kB").parse()?;
        Ok(Usage { cpu: cpu_time(self.id)?.saturating_sub(self.cpu_before), peak_rss_kib })
    }

    /// The number of the process's threads.
    pub(crate) fn threads(&self) -> Result<u64> {
        Ok(fs::read_dir(format!("/proc/{}/task", self.id))?.count() as u64)
    }

    /// Waits until the process no longer uses the CPU, so that the work after a response is done.
    pub(crate) async fn wait_until_idle(&self) -> Result<()> {
        let mut before = self.usage()?.cpu;
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let now = self.usage()?.cpu;
            if now == before {
                return Ok(());
            }
            before = now;
        }
    }

    /// Sends SIGTERM to the process, and waits for its end.
    pub(crate) async fn terminate(mut self) -> Result<()> {
        let sent = Command::new("kill").arg(self.id.to_string()).status().await?;
        if !sent.success() {
            return Err("SIGTERM could not be sent to the function".into());
        }
        tokio::time::timeout(TIMEOUT, self.process.wait())
            .await
            .map_err(|_| "the function did not end after SIGTERM")??;
        Ok(())
    }

    /// Waits until the function and its extensions request their first events.
    async fn wait_until_ready(&mut self) -> Result<()> {
        let (mut next_requested, mut extensions) = (false, 0);
        while !next_requested || extensions < self.runtime_api.extensions() {
            let event = tokio::select! {
                event = self.runtime_api.next_runtime_event(TIMEOUT) => event?.1,
                status = self.process.wait() => return Err(format!("{} ended: {}", self.subject.name, status?).into()),
            };
            match event {
                RuntimeEvent::NextRequested => next_requested = true,
                RuntimeEvent::ExtensionNextRequested => extensions += 1,
                RuntimeEvent::ResponsePosted(body) | RuntimeEvent::ErrorPosted(body) => {
                    return Err(self.failure(&body));
                }
            }
        }
        Ok(())
    }

    /// Checks the status of a response: only a function that does its job is worth measuring.
    fn check(&self, body: &[u8]) -> Result<()> {
        let response: serde_json::Value = serde_json::from_slice(body)?;
        if response.get("statusCode").and_then(serde_json::Value::as_u64) == Some(self.subject.job.status()) {
            return Ok(());
        }
        Err(self.failure(body))
    }

    fn failure(&self, body: &[u8]) -> Box<dyn std::error::Error + Send + Sync> {
        format!("{} responded with {}", self.subject.name, String::from_utf8_lossy(body)).into()
    }
}

/// The CPU time of a process, all threads together.
fn cpu_time(process: u32) -> Result<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        // The first number in schedstat is the CPU time, ns. The file is gone if the thread has ended meanwhile.
        let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
        nanoseconds += text.split(' ').next().ok_or("schedstat is empty")?.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}
