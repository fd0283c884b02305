//! One execution environment: a process with Lambda's variables, from its start to its end.

use std::ffi::OsString;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use crate::Result;
use crate::dynamodb::DynamoDb;
use crate::lambda::{Deed, Lambda};
use crate::quota::Quota;
use crate::subject::Subject;

/// How long anything may take; callgrind makes a function some fifty times slower, and Node.js takes a second without.
const LIMIT: Duration = Duration::from_secs(300);

/// A function in its environment. The process is killed when this is dropped.
pub(crate) struct Sandbox {
    process: Child,
    id: u32,
    lambda: Lambda,
    subject: Subject,
    /// How many it has been asked.
    requests: usize,
    /// What the process had used before it became the function.
    cpu_before: Duration,
    /// When the process was started.
    pub(crate) started: Instant,
}

/// How long an invocation took, from the event on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Invocation {
    /// Until the answer was posted: this is what a visitor waits for.
    pub(crate) answered: Duration,
    /// Until the environment was free for the next event: this is what is billed.
    pub(crate) ready: Duration,
    /// When the answer was posted.
    pub(crate) answered_at: Instant,
}

/// What a process has used so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// Time on a CPU, all threads together.
    pub(crate) cpu: Duration,
    /// The most memory that was resident, KiB.
    pub(crate) peak_rss_kib: u64,
}

impl Sandbox {
    /// Starts a function, under the program `wrapper` if there is one, and waits until it asks for an event.
    pub(crate) async fn start(
        subject: &Subject,
        dynamodb: &DynamoDb,
        memory_mb: u32,
        wrapper: &[OsString],
        quota: Option<&Quota>,
    ) -> Result<Self> {
        let lambda = Lambda::start().await?;
        let group = quota.map(Quota::door).unwrap_or_default();
        let words = group.iter().chain(wrapper).cloned();
        let mut words = words.chain(subject.command.iter().map(OsString::from));
        let mut command = Command::new(words.next().ok_or("no program to start")?);
        command.args(words).env_clear().current_dir(subject.task_root());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).kill_on_drop(true);
        let variables = [
            // Lambda's own.
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
            ("AWS_LAMBDA_RUNTIME_API", lambda.address().to_string()),
            ("LAMBDA_TASK_ROOT", subject.task_root().display().to_string()),
            ("LANG", "en_US.UTF-8".to_owned()),
            ("TZ", ":UTC".to_owned()),
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            // template.yaml's.
            ("TABLE_NAME", "links".to_owned()),
            // This program's: the way to the stand-in, and its roots as each language has them named.
            ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.endpoint_url()),
            ("AWS_CA_BUNDLE", dynamodb.ca_bundle().display().to_string()),
            ("SSL_CERT_FILE", dynamodb.machine_roots().display().to_string()),
            ("NODE_EXTRA_CA_CERTS", dynamodb.ca_bundle().display().to_string()),
        ];
        command.envs(variables).envs(subject.settings.iter().copied());
        let (mut started, mut cpu_before) = (Instant::now(), Duration::ZERO);
        let mut process = command.spawn().map_err(|error| format!("{}: {error}", subject.name))?;
        let id = process.id().ok_or("the function has ended already")?;
        if let Some(quota) = quota {
            quota.wait_for(id).await?;
            cpu_before = cpu_of(id)?;
            started = Instant::now();
            process.stdin.as_mut().ok_or("no standard input")?.write_all(b"go\n").await?;
        }
        let mut sandbox = Self { process, id, lambda, subject: subject.clone(), requests: 0, started, cpu_before };
        sandbox.ready().await?;
        Ok(sandbox)
    }

    /// Hands the subject's event over and waits for its answer, which must be right, and for the end of its work.
    pub(crate) async fn invoke(&mut self) -> Result<Invocation> {
        let event = Bytes::from(self.subject.job.event(self.requests));
        self.requests += 1;
        let begin = Instant::now();
        self.lambda.invoke(event)?;
        let mut extensions = 0;
        let (mut answered, mut asked) = (None, None);
        let ready = loop {
            let (when, deed) =
                self.lambda.deed(LIMIT).await.map_err(|error| format!("{}: {error}", self.subject.name))?;
            match deed {
                Deed::Answered(body) => {
                    self.check(&body)?;
                    answered = Some(when);
                }
                Deed::AskedNext => asked = Some(when),
                Deed::ExtensionAskedNext => extensions += 1,
                Deed::Failed(body) => return Err(self.failure(&body)),
            }
            if answered.is_some() && asked.is_some() && extensions >= self.lambda.extensions() {
                break when;
            }
        };
        let answered_at = answered.unwrap_or(ready);
        Ok(Invocation { answered: answered_at - begin, ready: ready - begin, answered_at })
    }

    /// What the process has used so far.
    pub(crate) fn usage(&self) -> Result<Usage> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM in status")?;
        let peak_rss_kib = peak.trim().trim_end_matches(" kB").parse()?;
        Ok(Usage { cpu: cpu_of(self.id)?.saturating_sub(self.cpu_before), peak_rss_kib })
    }

    /// How many threads the process has.
    pub(crate) fn threads(&self) -> Result<u64> {
        Ok(fs::read_dir(format!("/proc/{}/task", self.id))?.count() as u64)
    }

    /// Waits until the process no longer uses the CPU: what follows an answer is then done.
    pub(crate) async fn rest(&self) -> Result<()> {
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

    /// Asks the process to end, and waits for it.
    pub(crate) async fn end(mut self) -> Result<()> {
        let sent = Command::new("kill").arg(self.id.to_string()).status().await?;
        if !sent.success() {
            return Err("the function could not be asked to end".into());
        }
        tokio::time::timeout(LIMIT, self.process.wait()).await.map_err(|_| "the function does not end")??;
        Ok(())
    }

    /// Waits until the function and its extensions ask for their first events.
    async fn ready(&mut self) -> Result<()> {
        let (mut asked, mut extensions) = (false, 0);
        while !asked || extensions < self.lambda.extensions() {
            let deed = tokio::select! {
                deed = self.lambda.deed(LIMIT) => deed?.1,
                ended = self.process.wait() => return Err(format!("{} ended: {}", self.subject.name, ended?).into()),
            };
            match deed {
                Deed::AskedNext => asked = true,
                Deed::ExtensionAskedNext => extensions += 1,
                Deed::Answered(body) | Deed::Failed(body) => return Err(self.failure(&body)),
            }
        }
        Ok(())
    }

    /// A function that answers wrong is not worth measuring.
    fn check(&self, body: &[u8]) -> Result<()> {
        let answer: serde_json::Value = serde_json::from_slice(body)?;
        if answer.get("statusCode").and_then(serde_json::Value::as_u64) == Some(self.subject.job.status()) {
            return Ok(());
        }
        Err(self.failure(body))
    }

    fn failure(&self, body: &[u8]) -> Box<dyn std::error::Error + Send + Sync> {
        format!("{} answered {}", self.subject.name, String::from_utf8_lossy(body)).into()
    }
}

/// The time that a process has had on a CPU, all threads together.
fn cpu_of(process: u32) -> Result<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        // The first number of schedstat is the time on a CPU, ns. A thread may end meanwhile.
        let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
        nanoseconds += text.split(' ').next().ok_or("schedstat is empty")?.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}
