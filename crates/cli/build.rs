//! Tells the program the commit that it is built from, for `shortlink --version`.
//!
//! Without a repository, as in a tarball, there is none, unless the variable `SHORTLINK_COMMIT` names it.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=SHORTLINK_COMMIT");
    let given = std::env::var("SHORTLINK_COMMIT").ok().filter(|commit| !commit.is_empty());
    // A repository around an unpacked tarball is another one: this crate's files must be in it.
    let is_ours = || git(&["ls-files", "--error-unmatch", "build.rs"]).is_some();
    let commit = given.or_else(|| is_ours().then(|| git(&["rev-parse", "--short=12", "HEAD"])).flatten());
    // The log of HEAD grows with each commit and checkout.
    for path in ["HEAD", "logs/HEAD"].into_iter().filter_map(|name| git(&["rev-parse", "--git-path", name])) {
        if std::path::Path::new(&path).exists() {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    println!("cargo:rerun-if-changed=build.rs");
    let version = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let commit = commit.map(|commit| format!(" ({commit})")).unwrap_or_default();
    println!("cargo:rustc-env=SHORTLINK_VERSION={version}{commit}");
}

/// What git prints on one line; `None` if it fails or is not installed.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}
