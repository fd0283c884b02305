//! The layers of `shortlink-core`, and what the crates may depend on.
//!
//! The documentation of `shortlink-core` lists the layers. These tests read the sources, since Rust has no rule against a
//! module that uses its siblings.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// For each module at the top of `shortlink-core`: the modules there that it may use besides itself.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("config", &["domain"]),
    ("link_cache", &["domain"]),
    ("settings", &[]),
    ("telemetry", &["config"]),
    ("dynamodb", &["config", "domain"]),
    ("visits", &["config", "domain", "dynamodb"]),
    ("http", &["config", "domain", "dynamodb", "link_cache", "visits"]),
];

/// The crates that the domain may use: values, randomness, and parsers.
const DOMAIN_CRATES: &[&str] = &["percent_encoding", "rand", "serde", "sha2", "thiserror", "time", "url"];

/// Crates that write a log. The domain and the calls to DynamoDB return errors instead.
const LOG_CRATES: &[&str] = &["log", "tracing", "tracing_subscriber"];

/// Attribute names of the table that are no words of another language in the code.
const ATTRIBUTES: &[&str] = &[
    "shortCode",
    "originalUrl",
    "createdAt",
    "expiresAt",
    "purgeAt",
    "writeId",
    "manageDigest",
    "changedAt",
    "changeId",
    "withdrawnAt",
    "blockedAt",
    "dailyLimit",
    "lastHitAt",
    "reuseCode",
];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The Rust files below a folder with their sources, without comments.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources.extend(self::sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).expect("a source");
            sources.push((path, without_comments(&source)));
        }
    }
    sources
}

/// The files of `shortlink-core`, by the module at the top that they belong to. `lib.rs` is left out.
fn core_modules() -> BTreeMap<String, Vec<(PathBuf, String)>> {
    let root = repository().join("crates/core/src");
    let mut modules: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (path, source) in sources(&root) {
        let first = path.strip_prefix(&root).expect("a file of the crate").iter().next().expect("a name");
        let module = Path::new(first).file_stem().expect("a name").to_string_lossy().into_owned();
        if module != "lib" {
            modules.entry(module).or_default().push((path, source));
        }
    }
    modules
}

/// Removes line comments. A `//` after a colon is part of a URL.
fn without_comments(source: &str) -> String {
    let without_comment = |line: &str| {
        let comment = line.match_indices("//").find(|(place, _)| !line[..*place].ends_with(':'));
        format!("{}\n", comment.map_or(line, |(place, _)| &line[..place]))
    };
    source.lines().map(without_comment).collect()
}

/// The identifiers that follow `prefix` in a path, also within braces: `a` and `b` in `crate::{a::X, b}`.
fn names_after(source: &str, prefix: &str) -> BTreeSet<String> {
    let is_ident = |c: char| c.is_alphanumeric() || c == '_';
    let ident = |text: &str| text.trim_start().chars().take_while(|c| is_ident(*c)).collect::<String>();
    let mut names = BTreeSet::new();
    for (place, _) in source.match_indices(prefix) {
        if source[..place].ends_with(|c: char| is_ident(c) || c == ':') {
            continue;
        }
        let rest = &source[place + prefix.len()..];
        let Some(group) = rest.trim_start().strip_prefix('{') else {
            names.insert(ident(rest));
            continue;
        };
        names.insert(ident(group));
        let mut depth = 0;
        for (place, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    names.insert(ident(&group[place + 1..]));
                }
                _ => {}
            }
        }
    }
    names.remove("");
    names
}

/// Whether a source names an external crate in a path.
fn uses_crate(source: &str, name: &str) -> bool {
    let path = format!("{name}::");
    source
        .match_indices(&path)
        .any(|(place, _)| !source[..place].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '$')))
        || source.contains(&format!("use {name};"))
        || source.contains(&format!("use {name} as"))
}

/// The crates that `shortlink-core` depends on, as they are named in its sources.
fn core_dependencies() -> Vec<String> {
    let manifest = fs::read_to_string(repository().join("crates/core/Cargo.toml")).expect("a manifest");
    let (_, dependencies) = manifest.split_once("\n[dependencies]\n").expect("dependencies");
    let lines = dependencies.lines().take_while(|line| !line.starts_with('['));
    let names = lines.filter_map(|line| line.split(['.', ' ', '=']).next().filter(|name| !name.is_empty()));
    names.map(|name| name.replace('-', "_")).collect()
}

#[test]
fn modules_use_lower_layers_only() {
    let modules = core_modules();
    let known: BTreeSet<_> = MAY_USE.iter().map(|(module, _)| (*module).to_owned()).collect();
    assert_eq!(modules.keys().cloned().collect::<BTreeSet<_>>(), known, "a new module needs a line in MAY_USE");
    for (module, may_use) in MAY_USE {
        for (path, source) in &modules[*module] {
            for used in names_after(source, "crate::") {
                let is_allowed = used == *module || may_use.contains(&used.as_str());
                assert!(is_allowed, "{} uses crate::{used}; {module} may use {may_use:?}", path.display());
            }
            // In the file of the module itself, `super` is the crate, except in its tests, which use `super::*`.
            let is_root = path.ends_with(format!("{module}/mod.rs")) || path.ends_with(format!("src/{module}.rs"));
            let leaves = source.contains("super::super::") || (is_root && !names_after(source, "super::").is_empty());
            assert!(!leaves, "{} leaves its module with super::", path.display());
        }
    }
}

#[test]
fn domain_uses_neither_aws_nor_http_nor_a_log() {
    let dependencies = core_dependencies();
    assert!(dependencies.len() > 15, "{dependencies:?}");
    for (path, source) in &core_modules()["domain"] {
        for name in dependencies.iter().filter(|name| !DOMAIN_CRATES.contains(&name.as_str())) {
            assert!(!uses_crate(source, name), "{} uses {name}", path.display());
        }
    }
}

#[test]
fn dynamodb_writes_no_log() {
    for (path, source) in &core_modules()["dynamodb"] {
        for name in LOG_CRATES {
            assert!(!uses_crate(source, name), "{} uses {name}", path.display());
        }
    }
}

#[test]
fn calls_to_the_table_are_in_dynamodb() {
    for (module, files) in core_modules() {
        for (path, source) in files {
            assert!(module == "dynamodb" || !source.contains("impl Store "), "{}", path.display());
        }
    }
    for package in ["shorten", "resolve", "lambda"] {
        for (path, source) in sources(&repository().join("crates").join(package).join("src")) {
            assert!(!uses_crate(&source, "aws_sdk_dynamodb"), "{} calls the SDK", path.display());
        }
    }
}

/// No target is fetched: the one file that opens connections does it for the SDK, to the endpoint of the table.
#[test]
fn connections_are_opened_in_one_file() {
    let pool = repository().join("crates/core/src/dynamodb/connection_pool.rs");
    for package in ["core", "shorten", "resolve", "lambda"] {
        for (path, source) in sources(&repository().join("crates").join(package).join("src")) {
            let clients = ["curl", "hyper", "hyper_util", "reqwest", "ureq"];
            let sockets = ["TcpStream", "UdpSocket", "lookup_host", "to_socket_addrs", "aws_smithy_http_client"];
            let opens = clients.iter().any(|name| uses_crate(&source, name))
                || sockets.iter().any(|name| source.contains(name));
            assert_eq!(opens, path == pool, "{}", path.display());
        }
    }
}

/// `shorten` reads one parameter, in one file; `resolve` does not even contain the code.
#[test]
fn calls_to_parameter_store_are_in_one_file_of_shorten() {
    let parameter = repository().join("crates/shorten/src/grant/parameter.rs");
    for package in ["core", "shorten", "resolve", "lambda", "cli"] {
        for (path, source) in sources(&repository().join("crates").join(package).join("src")) {
            assert_eq!(uses_crate(&source, "aws_sdk_ssm"), path == parameter, "{}", path.display());
        }
    }
    assert!(dependency_closure("shorten").contains("aws-sdk-ssm"), "the name is that of Cargo.lock");
    for package in ["shortlink-core", "resolve"] {
        let closure = dependency_closure(package);
        assert!(!closure.contains("aws-sdk-ssm") && !closure.contains("shorten"), "{package}");
    }
}

#[test]
fn attribute_names_are_in_two_files() {
    let items = ["items.rs", "visit_items.rs"].map(|file| repository().join("crates/core/src/dynamodb").join(file));
    for package in ["core", "shorten", "resolve", "lambda", "cli"] {
        for (path, source) in sources(&repository().join("crates").join(package).join("src")) {
            for attribute in ATTRIBUTES {
                assert!(!source.contains(attribute) || items.contains(&path), "{}: {attribute}", path.display());
            }
        }
    }
}

/// The packages in Cargo.lock that a package depends on, directly or not.
fn dependency_closure(package: &str) -> BTreeSet<String> {
    let lock = fs::read_to_string(repository().join("Cargo.lock")).expect("a lock file");
    let name = |line: &str| line.split('"').nth(1).and_then(|text| text.split(' ').next()).map(str::to_owned);
    let mut dependencies: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in lock.split("[[package]]").skip(1) {
        let this = entry.lines().find(|line| line.starts_with("name = ")).and_then(name).expect("a name");
        let listed = entry.lines().filter(|line| line.starts_with(" \"")).filter_map(name);
        dependencies.entry(this).or_default().extend(listed);
    }
    let mut closure = BTreeSet::new();
    let mut open = vec![package.to_owned()];
    while let Some(package) = open.pop() {
        let listed = dependencies.get(&package).unwrap_or_else(|| panic!("{package} is not in Cargo.lock"));
        open.extend(listed.iter().filter(|name| !closure.contains(*name)).cloned());
        closure.insert(package);
    }
    closure
}

#[test]
fn only_the_lambda_crate_depends_on_the_lambda_runtime() {
    let lambda =
        ["lambda_runtime", "lambda_runtime_api_client", "lambda_http", "aws_lambda_events", "shortlink-lambda"];
    let closure = dependency_closure("shortlink-lambda");
    assert!(lambda.iter().all(|name| closure.contains(*name)), "the names are those of Cargo.lock");
    for package in ["shortlink-core", "shorten", "resolve", "shortlink"] {
        let closure = dependency_closure(package);
        assert!(package == "shortlink-core" || closure.contains("shortlink-core"), "{package}");
        for name in lambda {
            assert!(!closure.contains(name), "{package} depends on {name}");
        }
    }
}

/// What reads the exports of other services opens files, and neither writes them nor knows a table or a network.
#[test]
fn the_reader_of_exports_only_reads() {
    let closure = dependency_closure("shortlink-import");
    assert!(closure.contains("rusqlite"), "the names are those of Cargo.lock");
    for name in ["shortlink-core", "aws-sdk-dynamodb", "dynoxide-rs", "hyper", "rustls", "tokio"] {
        assert!(!closure.contains(name), "shortlink-import depends on {name}");
    }
    for (path, source) in sources(&repository().join("crates/import/src")) {
        let writes = ["fs::", "OpenOptions", "File::create", "OPEN_READ_WRITE", "Connection::open(", "std::net"];
        let found: Vec<_> = writes.iter().filter(|name| source.replace("std::fs::File", "").contains(**name)).collect();
        assert!(found.is_empty(), "{}: {found:?}", path.display());
    }
}

/// The scanner of these tests.
#[test]
fn names_in_paths_are_found() {
    let source = without_comments(
        "use crate::http::Request; // crate::comment\nuse crate::{config, domain::{code, link}, visits::x};\n\
         pub(in crate::dynamodb) const URL: &str = \"https://crate::no\"; let x = crate::telemetry::init; my_crate::no::x",
    );
    let expected = ["config", "domain", "dynamodb", "http", "no", "telemetry", "visits"];
    assert_eq!(names_after(&source, "crate::").into_iter().collect::<Vec<_>>(), expected);
    assert!(uses_crate("let x = http::Request::new()", "http") && uses_crate("use tracing;", "tracing"));
    assert!(!uses_crate("use crate::http::x; my_http::x; $http::x", "http"));
}

#[test]
fn threats_name_tests_that_exist() {
    let page = fs::read_to_string(repository().join("crates/THREATS.md")).expect("a page");
    let rows: Vec<_> = page.lines().filter(|line| line.starts_with("| ")).skip(2).collect();
    assert!(rows.len() > 20, "{rows:?}");
    let all = ["crates", "tests"].map(|folder| sources(&repository().join(folder)));
    let all: Vec<_> = all.into_iter().flatten().map(|(_, source)| source).collect();
    for row in rows {
        let tests = row.trim_end_matches([' ', '|']).rsplit('|').next().expect("a cell");
        let names: Vec<_> = tests.split(',').map(|name| name.trim().trim_matches('`')).collect();
        assert!(!names.is_empty(), "{row}");
        for name in names {
            assert!(all.iter().any(|source| source.contains(&format!("fn {name}("))), "{name} in {row}");
        }
    }
}
