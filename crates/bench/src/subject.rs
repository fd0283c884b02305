//! The subjects: the functions that are measured, ours and the peers that do the same job.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::Result;

/// An environment variable of a function.
type Setting = (&'static str, &'static str);

/// The variable with which template.yaml configures the C library of both functions.
const GLIBC_TUNABLES: &str = "GLIBC_TUNABLES";

/// A function: how it is started, and its job.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    /// The name in the table.
    pub(crate) name: String,
    /// The program and its arguments.
    pub(crate) command: Vec<PathBuf>,
    /// What is deployed: a binary or a folder.
    pub(crate) artifact: PathBuf,
    /// The variable `_HANDLER`, which managed runtimes read.
    pub(crate) handler: &'static str,
    pub(crate) job: Job,
    /// The environment variables besides those that Lambda sets.
    pub(crate) settings: Vec<Setting>,
}

/// The requests that a function is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    /// Redirects of a different link each time: one GetItem, a 301.
    Resolve,
    /// Redirects of the same link, which is cached from the second request on.
    ResolveCached,
    /// Creations of links: one PutItem, a 201.
    Shorten,
}

impl Job {
    /// The name of the function that does the job.
    pub(crate) fn function(self) -> &'static str {
        match self {
            Self::Resolve | Self::ResolveCached => "resolve",
            Self::Shorten => "shorten",
        }
    }

    /// The function's name in template.yaml.
    fn resource(self) -> &'static str {
        match self {
            Self::Resolve | Self::ResolveCached => "Resolve",
            Self::Shorten => "Shorten",
        }
    }

    /// The API Gateway event of the `n`th request: an event of the tests, as if from a browser.
    pub(crate) fn event(self, n: usize) -> String {
        let event: Cow<'static, str> = match self {
            Self::Resolve => {
                include_str!("../../../tests/events/19-follow.json").replace("live", &format!("link{n}")).into()
            }
            Self::ResolveCached => include_str!("../../../tests/events/19-follow.json").into(),
            Self::Shorten => include_str!("../../../tests/events/01-shorten-json.json").into(),
        };
        event.replace("curl/8.14.1", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0")
    }

    /// The expected status of the response.
    pub(crate) fn status(self) -> u64 {
        match self {
            Self::Resolve | Self::ResolveCached => 301,
            Self::Shorten => 201,
        }
    }
}

/// Our functions, as built by `sam build` in the folder `built`, or else by
/// `cargo build --release -p shortlink-lambda`: first both with the job that the peers have, then `resolve` as it is
/// deployed, where it also counts visits.
///
/// # Errors
///
/// The functions have not been built.
pub(crate) fn ours(built: Option<&Path>) -> Result<Vec<Subject>> {
    let template = include_str!("../../../template.yaml");
    let tunables = template.lines().find_map(|line| line.trim().strip_prefix(GLIBC_TUNABLES)?.strip_prefix(": "));
    let tunables = (GLIBC_TUNABLES, tunables.ok_or("template.yaml has no GLIBC_TUNABLES")?);
    let kinds = [
        ("resolve", Job::Resolve, vec![tunables, ("VISITS", "off")]),
        ("shorten", Job::Shorten, vec![tunables]),
        ("resolve, counting visits", Job::Resolve, vec![tunables]),
        ("resolve, counting visits, cached link", Job::ResolveCached, vec![tunables]),
    ];
    let mut ours = Vec::new();
    for (name, job, settings) in kinds {
        let binary = match built {
            Some(folder) => folder.join(job.resource()).join("bootstrap"),
            None => target_directory().join("release").join(job.function()),
        };
        let binary = std::path::absolute(binary)?;
        if !binary.exists() {
            let build = "cargo build --release -p shortlink-lambda, or sam build";
            return Err(format!("{} does not exist; to build it: {build}", binary.display()).into());
        }
        ours.push(Subject { settings, ..native(name, binary, job) });
    }
    Ok(ours)
}

/// The peers that have been built as `crates/bench/peers/README.md` describes.
pub(crate) fn peers() -> Vec<Subject> {
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let mut found = Vec::new();
    for job in [Job::Resolve, Job::Shorten] {
        let suffix = job.function();
        for kind in ["stock", "baseline"] {
            let binary = peers.join("rust/target/release").join(format!("{kind}-{suffix}"));
            if binary.exists() {
                found.push(native(&format!("{kind}-{suffix}"), binary, job));
            }
        }
        let node = peers.join("node");
        let client = node.join("node_modules/aws-lambda-ric/bin/index.mjs");
        if client.exists() && node.join("dist").exists() {
            found.push(Subject {
                name: format!("node-{suffix}"),
                command: vec!["node".into(), client, format!("dist/{suffix}.handler").into()],
                artifact: node.join("dist"),
                handler: if job == Job::Resolve { "dist/resolve.handler" } else { "dist/shorten.handler" },
                job,
                settings: Vec::new(),
            });
        }
        let python = peers.join("python");
        let interpreter = python.join(".venv/bin/python");
        if interpreter.exists() {
            found.push(Subject {
                name: format!("python-{suffix}"),
                command: vec![interpreter, "-m".into(), "awslambdaric".into(), format!("{suffix}.handler").into()],
                artifact: python.join(format!("{suffix}.py")),
                handler: if job == Job::Resolve { "resolve.handler" } else { "shorten.handler" },
                job,
                settings: Vec::new(),
            });
        }
    }
    found
}

impl Subject {
    /// The folder into which Lambda would unpack the zip.
    pub(crate) fn task_root(&self) -> PathBuf {
        let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
        match self.name.split('-').next() {
            Some("node") => peers.join("node"),
            Some("python") => peers.join("python"),
            _ => self.artifact.parent().map(Path::to_path_buf).unwrap_or_default(),
        }
    }
}

fn native(name: &str, binary: PathBuf, job: Job) -> Subject {
    Subject {
        name: name.to_owned(),
        command: vec![binary.clone()],
        artifact: binary,
        handler: "bootstrap",
        job,
        settings: Vec::new(),
    }
}

/// Cargo's target directory, which also holds this program, one folder below.
fn target_directory() -> PathBuf {
    let own = std::env::current_exe().ok();
    own.as_deref().and_then(|path| path.parent()?.parent()).map(Path::to_path_buf).unwrap_or_default()
}
