//! What is measured.

use std::path::{Path, PathBuf};

use crate::Result;

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
    /// Whether callgrind can run it: an interpreter under callgrind takes minutes and counts its own start.
    pub(crate) is_native: bool,
}

/// What a function is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    /// Follow a link: one GetItem, a 301.
    Resolve,
    /// Make a link: one PutItem, a 201.
    Shorten,
}

impl Job {
    /// API Gateway's event: one of those that the tests send.
    pub(crate) fn event(self) -> &'static str {
        match self {
            Self::Resolve => include_str!("../../../tests/events/19-follow.json"),
            Self::Shorten => include_str!("../../../tests/events/01-shorten-json.json"),
        }
    }

    /// The status that a right answer has.
    pub(crate) fn status(self) -> u64 {
        match self {
            Self::Resolve => 301,
            Self::Shorten => 201,
        }
    }
}

/// Our functions, as `cargo build --release -p shorten -p resolve` leaves them.
///
/// # Errors
///
/// They have not been built.
pub(crate) fn ours() -> Result<Vec<Subject>> {
    let target = target_directory();
    [("resolve", Job::Resolve), ("shorten", Job::Shorten)]
        .into_iter()
        .map(|(name, job)| {
            let binary = target.join("release").join(name);
            if !binary.exists() {
                return Err("there is no release build: cargo build --release -p shorten -p resolve".into());
            }
            Ok(native(name, binary, job))
        })
        .collect()
}

/// The peers that have been built (`crates/bench/peers/README.md` says how).
pub(crate) fn peers() -> Vec<Subject> {
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let mut found = Vec::new();
    for (job, suffix) in [(Job::Resolve, "resolve"), (Job::Shorten, "shorten")] {
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
                is_native: false,
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
                is_native: false,
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
        is_native: true,
    }
}

/// Where cargo puts what it builds: this program stands there too, one folder down.
fn target_directory() -> PathBuf {
    let own = std::env::current_exe().ok();
    own.as_deref().and_then(|path| path.parent()?.parent()).map(Path::to_path_buf).unwrap_or_default()
}
