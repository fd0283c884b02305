//! What is measured.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::Result;

/// A setting of a function, as a variable.
type Setting = (&'static str, &'static str);

/// What template.yaml tells the C library of both functions.
const GLIBC_TUNABLES: &str = "GLIBC_TUNABLES";

/// One function: how it is started, and what it is asked.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    /// Its name in the table.
    pub(crate) name: String,
    /// The program and its arguments.
    pub(crate) command: Vec<PathBuf>,
    /// What is deployed: a binary, or a folder.
    pub(crate) artefact: PathBuf,
    /// `_HANDLER`, which managed runtimes read.
    pub(crate) handler: &'static str,
    /// What it is asked.
    pub(crate) job: Job,
    /// What it is told beside what Lambda tells.
    pub(crate) settings: Vec<Setting>,
}

/// What a function is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    /// Follow a link, each time another one: one GetItem, a 301.
    Resolve,
    /// Follow the same link each time: one that is hot from the second time on.
    ResolveHot,
    /// Make a link: one PutItem, a 201.
    Shorten,
}

impl Job {
    /// The name of the function that does it.
    pub(crate) fn function(self) -> &'static str {
        match self {
            Self::Resolve | Self::ResolveHot => "resolve",
            Self::Shorten => "shorten",
        }
    }

    /// The function's name in template.yaml.
    fn resource(self) -> &'static str {
        match self {
            Self::Resolve | Self::ResolveHot => "Resolve",
            Self::Shorten => "Shorten",
        }
    }

    /// API Gateway's event of the `n`th request: one of those that the tests send, from a browser.
    pub(crate) fn event(self, n: usize) -> String {
        let event: Cow<'static, str> = match self {
            Self::Resolve => {
                include_str!("../../../tests/events/19-follow.json").replace("live", &format!("link{n}")).into()
            }
            Self::ResolveHot => include_str!("../../../tests/events/19-follow.json").into(),
            Self::Shorten => include_str!("../../../tests/events/01-shorten-json.json").into(),
        };
        event.replace("curl/8.14.1", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0")
    }

    /// The status that a right answer has.
    pub(crate) fn status(self) -> u64 {
        match self {
            Self::Resolve | Self::ResolveHot => 301,
            Self::Shorten => 201,
        }
    }
}

/// Our functions, as `sam build` left them in the folder `built`, or else as `cargo build --release -p shorten -p resolve`
/// did: first each with the job that the peers have, then `resolve` as it is deployed, where it also counts visits.
///
/// # Errors
///
/// They have not been built.
pub(crate) fn ours(built: Option<&Path>) -> Result<Vec<Subject>> {
    let template = include_str!("../../../template.yaml");
    let tunables = template.lines().find_map(|line| line.trim().strip_prefix(GLIBC_TUNABLES)?.strip_prefix(": "));
    let tunables = (GLIBC_TUNABLES, tunables.ok_or("template.yaml has no GLIBC_TUNABLES")?);
    let kinds = [
        ("resolve", Job::Resolve, vec![tunables, ("VISITS", "off")]),
        ("shorten", Job::Shorten, vec![tunables]),
        ("resolve, counting", Job::Resolve, vec![tunables]),
        ("resolve, counting, a hot link", Job::ResolveHot, vec![tunables]),
    ];
    let mut ours = Vec::new();
    for (name, job, settings) in kinds {
        let binary = match built {
            Some(folder) => folder.join(job.resource()).join("bootstrap"),
            None => target_directory().join("release").join(job.function()),
        };
        let binary = std::path::absolute(binary)?;
        if !binary.exists() {
            let way = "cargo build --release -p shorten -p resolve, or sam build";
            return Err(format!("there is no {}: {way}", binary.display()).into());
        }
        ours.push(Subject { settings, ..native(name, binary, job) });
    }
    Ok(ours)
}

/// The peers that have been built (`crates/bench/peers/README.md` says how).
pub(crate) fn peers() -> Vec<Subject> {
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let mut found = Vec::new();
    for job in [Job::Resolve, Job::Shorten] {
        let suffix = job.function();
        for kind in ["stock", "floor"] {
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
                artefact: node.join("dist"),
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
                artefact: python.join(format!("{suffix}.py")),
                handler: if job == Job::Resolve { "resolve.handler" } else { "shorten.handler" },
                job,
                settings: Vec::new(),
            });
        }
    }
    found
}

impl Subject {
    /// The folder that Lambda would unpack the zip into.
    pub(crate) fn task_root(&self) -> PathBuf {
        let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
        match self.name.split('-').next() {
            Some("node") => peers.join("node"),
            Some("python") => peers.join("python"),
            _ => self.artefact.parent().map(Path::to_path_buf).unwrap_or_default(),
        }
    }
}

fn native(name: &str, binary: PathBuf, job: Job) -> Subject {
    Subject {
        name: name.to_owned(),
        command: vec![binary.clone()],
        artefact: binary,
        handler: "bootstrap",
        job,
        settings: Vec::new(),
    }
}

/// Where cargo puts what it builds: this program stands there too, one folder down.
fn target_directory() -> PathBuf {
    let own = std::env::current_exe().ok();
    own.as_deref().and_then(|path| path.parent()?.parent()).map(Path::to_path_buf).unwrap_or_default()
}
