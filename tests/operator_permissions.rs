//! The IAM policies in `crates/cli/README.md` against the calls that the operator's commands make.
//!
//! A proxy in front of the table records each operation. So a command that calls something else, or a policy that allows
//! more, fails a test.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::support::aws_services::{AwsServices, stack_xml};
use crate::support::fault_proxy::{Call, FaultProxy, RequestFault};
use crate::support::old_service::OldService;
use crate::support::operator::{TABLE, Table, run};

/// The actions that each policy of the README allows, by its heading, and those that it denies for keys.
fn policies() -> BTreeMap<String, (BTreeSet<String>, Vec<Value>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/cli/README.md");
    let readme = fs::read_to_string(path).expect("a README");
    let (_, section) = readme.split_once("\n## Permissions\n").expect("the section");
    let section = section.split("\n## ").next().expect("the section");
    let policy = |part: &str| {
        let (heading, rest) = part.split_once('\n').expect("a heading");
        let (_, rest) = rest.split_once("```json\n").expect("a policy");
        let policy: Value = serde_json::from_str(rest.split("```").next().expect("JSON")).expect("JSON");
        assert_eq!(policy["Version"], "2012-10-17");
        let (mut allowed, mut denied) = (BTreeSet::new(), Vec::new());
        for statement in policy["Statement"].as_array().expect("statements") {
            if statement["Effect"] == "Deny" {
                denied.push(statement.clone());
                continue;
            }
            assert_eq!(statement["Effect"], "Allow");
            for action in statement["Action"].as_array().expect("actions") {
                let action = action.as_str().expect("a text");
                assert!(!action.contains('*'), "{action}");
                let resource = statement["Resource"].as_str().expect("a text");
                match action {
                    // The index alone is queried.
                    "dynamodb:Query" => assert!(resource.ends_with("/index/byOwner"), "{resource}"),
                    action if action.starts_with("dynamodb:") => {
                        assert!(resource.ends_with(":table/TABLE"), "{resource}");
                    }
                    _ => {}
                }
                assert!(allowed.insert(action.to_owned()), "{action} twice");
            }
        }
        (heading.trim().to_owned(), (allowed, denied))
    };
    section.split("\n### ").skip(1).map(policy).collect()
}

/// What a proxy has recorded.
#[derive(Clone, Default)]
struct Record(Arc<Mutex<(BTreeSet<String>, String)>>);

impl Record {
    fn add(&self, chunk: &str) {
        let mut record = self.0.lock().expect("a lock");
        if let Some(call) = Call::parse(chunk) {
            // A transaction needs the actions of its parts.
            if call.operation != "TransactWriteItems" {
                record.0.insert(format!("dynamodb:{}", call.operation));
            }
        }
        for (part, action) in [
            ("\"Put\":{", "PutItem"),
            ("\"Update\":{", "UpdateItem"),
            ("\"Delete\":{", "DeleteItem"),
            ("\"ConditionCheck\":{", "ConditionCheckItem"),
        ] {
            if chunk.contains(part) {
                record.0.insert(format!("dynamodb:{action}"));
            }
        }
        record.1.push_str(chunk);
    }

    fn actions(&self) -> BTreeSet<String> {
        self.0.lock().expect("a lock").0.clone()
    }

    fn mentions(&self, text: &str) -> bool {
        self.0.lock().expect("a lock").1.contains(text)
    }
}

/// Runs commands on a table through a proxy that records what they call.
async fn record(table: &Table, commands: &[&str]) -> Record {
    let record = Record::default();
    let recorded = record.clone();
    let proxy = FaultProxy::builder().on_request(move |chunk| {
        recorded.add(chunk);
        RequestFault::None
    });
    let proxy = proxy.start(&table.dynamodb.endpoint_url).await;
    for command in commands {
        let arguments: Vec<_> = command.split(' ').chain(["--table", TABLE, "--endpoint-url", proxy.url()]).collect();
        run(&arguments, &[]).await.ok();
    }
    record
}

#[tokio::test]
async fn policies_allow_exactly_what_the_commands_call() {
    let table = Table::start().await;
    let policies = policies();
    let allowed = |group: &str| policies[group].0.clone();

    let change = record(
        &table,
        &[
            "links create https://example.com/ --alias spring --owner web",
            "links create https://example.com/ --json",
            "links update spring --title x --expires-in 1d",
            "links withdraw spring",
            "links restore spring",
            "links block spring",
            "links unblock spring",
            "block evil.example --no-wait",
            "unblock evil.example",
            "allow example.com",
            "disallow example.com",
            "links transfer --from web --to press",
        ],
    );
    let change = change.await;
    assert_eq!(change.actions(), allowed("Change"));
    // Whoever changes links need not be able to make keys.
    let [denied] = &policies["Change"].1[..] else { panic!("one statement") };
    let keys = &denied["Condition"]["ForAnyValue:StringLike"]["dynamodb:LeadingKeys"];
    for prefix in keys.as_array().expect("patterns") {
        let prefix = prefix.as_str().expect("a text").trim_end_matches('*');
        assert!(!change.mentions(&format!("\"S\":\"{prefix}")), "{prefix}");
    }

    let read =
        record(&table, &["links list", "links list --owner press", "links show spring", "visits spring", "hosts list"]);
    assert_eq!(read.await.actions(), allowed("Read"));

    let keys = record(&table, &["keys create ci --owner web", "keys list", "keys revoke ci"]);
    assert_eq!(keys.await.actions(), allowed("Keys"));
}

#[tokio::test]
async fn export_and_import_policies_allow_exactly_what_the_commands_call() {
    let table = Table::start().await;
    let policies = policies();
    let allowed = |group: &str| policies[group].0.clone();
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let [list, links, csv] = ["list.csv", "links.ndjson", "links.csv"].map(path);
    std::fs::write(&list, "code,target,clicks\none,https://example.com/1,5\ntwo,https://example.com/2,\n")
        .expect("a file");
    let targets = [("one", "https://example.com/1"), ("two", "https://example.com/2")];
    let old = targets.map(|(code, target)| (code.to_owned(), target.to_owned()));
    let old = OldService::start(old.into()).await;
    let apply = format!("import {list} --apply --verify {} --verify-rate 1000", old.url);
    // Links that are new, and then links that are there.
    let mut applied = record(&table, &[&apply, &apply]).await.actions();
    assert!(table.store.whole_item("one").await.expect("a call").is_some(), "it was imported");

    let export =
        record(&table, &[&format!("export --output {links}"), &format!("export --format csv --output {csv}")]).await;
    assert_eq!(export.actions(), allowed("Export"));
    run(&["export", "verify", &links], &[]).await.ok();

    let restore = format!("import {links}");
    applied.extend(record(&table, &[&format!("{restore} --apply")]).await.actions());
    assert_eq!(applied, allowed("Import with --apply"));
    let dry_run = apply.replace(" --apply", "");
    assert_eq!(record(&table, &[&dry_run, &restore]).await.actions(), allowed("Import, dry run"));

    let summary = table.run(&["import", &list, "--json"]).await.json();
    let undo = format!("import --undo {}", summary["import_id"].as_str().expect("an id"));
    assert_eq!(record(&table, &[&undo]).await.actions(), allowed("Undo an import"));
    assert_eq!(table.store.whole_item("one").await.expect("a call"), None, "it was undone");
}

/// Without a right, a command says which one it lacks.
#[tokio::test]
async fn refused_call_is_named() {
    const DENIED: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: 151\r\n\r\n\
{\"__type\":\"com.amazon.coral.service#AccessDeniedException\",\"Message\":\"User: me is not authorized to perform: dynamodb:Scan on resource: arn:aws:...\"  }";
    let table = Table::start().await;
    let proxy = FaultProxy::builder().on_request(|chunk| match Call::parse(chunk) {
        Some(call) if call.operation == "Scan" => RequestFault::Respond(DENIED),
        _ => RequestFault::None,
    });
    let proxy = proxy.start(&table.dynamodb.endpoint_url).await;
    let refused = run(&["links", "list", "--table", TABLE, "--endpoint-url", proxy.url()], &[]).await;
    assert_eq!((refused.code, refused.stderr.lines().count()), (Some(1), 1), "{refused:?}");
    assert!(refused.stderr.contains("not authorized to perform: dynamodb:Scan"), "{refused:?}");
}

#[tokio::test]
async fn doctor_policy_allows_exactly_what_it_calls() {
    let table = Table::start().await;
    let parameters = [("AlarmEmail", "me@example.com"), ("LogRetentionDays", "30"), ("Door", "key")];
    let outputs = [("TableName", TABLE), ("ShortenFunction", "links-shorten"), ("ResolveFunction", "links-resolve")];
    let xml = stack_xml("CREATE_COMPLETE", &parameters, &outputs);
    let services = AwsServices::start(move |action, _| match action {
        "cloudformation:DescribeStacks" => (200, xml.clone()),
        "cloudformation:DescribeStackResources" => {
            (200, "<a><PhysicalResourceId>arn:topic</PhysicalResourceId></a>".to_owned())
        }
        "sns:ListSubscriptionsByTopic" => (200, "<a/>".to_owned()),
        _ => (200, "{}".to_owned()),
    })
    .await;
    let record = Record::default();
    let recorded = record.clone();
    let proxy = FaultProxy::builder().on_request(move |chunk| {
        recorded.add(chunk);
        RequestFault::None
    });
    let proxy = proxy.start(&table.dynamodb.endpoint_url).await;
    let variables = [("AWS_ENDPOINT_URL", services.url.as_str()), ("AWS_ENDPOINT_URL_DYNAMODB", proxy.url())];
    let examined = run(&["doctor", "--stack", "links"], &variables).await;
    assert_eq!(examined.code, Some(1), "{examined:?}");
    let called: BTreeSet<_> = record.actions().union(&services.actions()).cloned().collect();
    assert_eq!(called, policies()["Doctor"].0);
}
