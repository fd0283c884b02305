//! `shortlink doctor`, against stand-ins for the services and a real table. The rehearsal runs it on a deployed stack.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::types::TimeToLiveSpecification;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::aws_services::{AwsServices, stack_xml};
use crate::support::fault_proxy::{Call, FaultProxy, RequestFault};
use crate::support::operator::{Run, TABLE, Table, run};

/// A stack, as the services describe it.
#[derive(Clone)]
struct World {
    status: &'static str,
    parameters: Vec<(&'static str, &'static str)>,
    outputs: Vec<(&'static str, &'static str)>,
    /// The variables of the functions.
    variables: Value,
    retention: Option<u64>,
    subscription: &'static str,
    concurrency: u64,
    /// An IAM action that is refused.
    denied: &'static str,
}

impl World {
    /// A stack with which nothing is off.
    fn healthy() -> Self {
        Self {
            status: "UPDATE_COMPLETE",
            parameters: vec![
                ("BaseUrl", ""),
                ("DomainName", "sho.rt"),
                ("Door", "key"),
                ("LogRetentionDays", "30"),
                ("AlarmEmail", "me@example.com"),
            ],
            outputs: vec![
                ("Version", env!("CARGO_PKG_VERSION")),
                ("TableName", TABLE),
                ("ShortUrlBase", "https://sho.rt"),
                ("ShortenFunction", "links-shorten"),
                ("ResolveFunction", "links-resolve"),
            ],
            variables: json!({"TABLE_NAME": TABLE, "BASE_URL": "https://sho.rt", "DOOR": "key"}),
            retention: Some(30),
            subscription: "arn:aws:sns:eu-central-1:1:topic:2",
            concurrency: 1_000,
            denied: "",
        }
    }

    fn set(mut self, parameter: &'static str, value: &'static str) -> Self {
        self.parameters.retain(|(name, _)| *name != parameter);
        self.parameters.push((parameter, value));
        self
    }

    fn respond(&self, action: &str, request: &str) -> (u16, String) {
        if action == self.denied {
            let json = !action.starts_with("cloudformation") && !action.starts_with("sns");
            let xml = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
            return (403, if json { "{\"__type\":\"AccessDeniedException\"}".to_owned() } else { xml.to_owned() });
        }
        let body = match action {
            "cloudformation:DescribeStacks" => stack_xml(self.status, &self.parameters, &self.outputs),
            "cloudformation:DescribeStackResources" => {
                assert!(request.contains("AlarmTopic"), "{request}");
                "<r><StackResources><member><PhysicalResourceId>arn:aws:sns:eu-central-1:1:topic</PhysicalResourceId>\
                 </member></StackResources></r>"
                    .to_owned()
            }
            "sns:ListSubscriptionsByTopic" => format!(
                "<r><Subscriptions><member><SubscriptionArn>{}</SubscriptionArn><Endpoint>me@example.com</Endpoint></member>\
                 </Subscriptions></r>",
                self.subscription
            ),
            "lambda:GetAccountSettings" => {
                json!({"AccountLimit": {"ConcurrentExecutions": self.concurrency}}).to_string()
            }
            "lambda:GetFunctionConfiguration" => json!({"Environment": {"Variables": self.variables}}).to_string(),
            "logs:DescribeLogGroups" => {
                let (_, prefix) = request.split_once("logGroupNamePrefix\":\"").expect("a prefix");
                let name = prefix.split('"').next().expect("a name");
                // Another group begins with the same name.
                let groups = [
                    json!({"logGroupName": format!("{name}-2")}),
                    json!({"logGroupName": name, "retentionInDays": self.retention}),
                ];
                json!({"logGroups": groups}).to_string()
            }
            other => panic!("{other}"),
        };
        (200, body)
    }
}

/// The services around a table.
struct Account {
    proxy: FaultProxy,
    services: AwsServices,
    world: Arc<Mutex<World>>,
}

/// The DynamoDB of the test knows nothing of backups: the proxy answers for it.
const RECOVERY_ON: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: 143\r\n\r\n\
{\"ContinuousBackupsDescription\":{\"ContinuousBackupsStatus\":\"ENABLED\",\"PointInTimeRecoveryDescription\":{\"PointInTimeRecoveryStatus\":\"ENABLED\"}}}";

const RECOVERY_OFF: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: 144\r\n\r\n\
{\"ContinuousBackupsDescription\":{\"ContinuousBackupsStatus\":\"ENABLED\",\"PointInTimeRecoveryDescription\":{\"PointInTimeRecoveryStatus\":\"DISABLED\"}}}";

impl Account {
    async fn start() -> Self {
        let table = Table::start().await;
        table
            .client
            .update_table()
            .table_name(TABLE)
            .deletion_protection_enabled(true)
            .send()
            .await
            .expect("a response");
        let proxy = FaultProxy::builder().on_request(|chunk| match Call::parse(chunk) {
            Some(call) if call.operation == "DescribeContinuousBackups" => RequestFault::Respond(RECOVERY_ON),
            _ => RequestFault::None,
        });
        let proxy = proxy.start(&table.dynamodb.endpoint_url).await;
        let world = Arc::new(Mutex::new(World::healthy()));
        let shared = Arc::clone(&world);
        let services =
            AwsServices::start(move |action, request| shared.lock().expect("a lock").respond(action, request));
        Self { proxy, services: services.await, world }
    }

    async fn doctor(&self, world: World, arguments: &[&str]) -> Run {
        *self.world.lock().expect("a lock") = world;
        let variables =
            [("AWS_ENDPOINT_URL", self.services.url.as_str()), ("AWS_ENDPOINT_URL_DYNAMODB", self.proxy.url())];
        run(&[&["doctor"], arguments].concat(), &variables).await
    }

    /// The checks that find something.
    async fn findings(&self, world: World) -> Vec<String> {
        let run = self.doctor(world, &["--stack", "links", "--json"]).await;
        let document: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
        let findings = document["findings"].as_array().expect("findings");
        assert_eq!(run.code, Some(i32::from(!findings.is_empty())), "{run:?}");
        findings.iter().map(|finding| finding["check"].as_str().expect("a name").to_owned()).collect()
    }
}

#[tokio::test]
async fn healthy_stack_has_no_findings() {
    let account = Account::start().await;
    let run = account.doctor(World::healthy(), &["--stack", "links"]).await;
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "Nothing is off: 12 checks.\n"), "{run:?}");
    let table = account.doctor(World::healthy(), &["--table", TABLE]).await;
    assert_eq!((table.code, table.stdout.as_str()), (Some(0), "Nothing is off: 4 checks.\n"), "{table:?}");
}

#[tokio::test]
async fn each_setting_that_is_off_is_found() {
    let account = Account::start().await;
    let healthy = World::healthy;
    let outputs = |version: Option<&'static str>| {
        let mut outputs = healthy().outputs;
        outputs.retain(|(name, _)| *name != "Version");
        outputs.extend(version.map(|version| ("Version", version)));
        outputs
    };
    let variables = |name: &str, value: &str| {
        let mut variables = healthy().variables;
        variables[name] = json!(value);
        variables
    };
    let cdn = json!({"TABLE_NAME": TABLE, "BASE_URL": "https://cdn.example", "DOOR": "key"});
    for (world, expected) in [
        (World { status: "UPDATE_ROLLBACK_COMPLETE", ..healthy() }, "stack-status"),
        (World { outputs: outputs(None), ..healthy() }, "version"),
        (World { outputs: outputs(Some("0.0.9")), ..healthy() }, "version"),
        (World { variables: cdn, ..healthy().set("BaseUrl", "https://cdn.example") }, "base-url"),
        (
            World { variables: variables("BASE_URL", "http://sho.rt"), ..healthy().set("BaseUrl", "http://sho.rt") },
            "base-url",
        ),
        (World { variables: variables("DOOR", "open"), ..healthy() }, "open-door"),
        (World { retention: None, ..healthy() }, "log-retention"),
        (World { retention: Some(7), ..healthy() }, "log-retention"),
        (World { subscription: "PendingConfirmation", ..healthy() }, "alarm-mail"),
        (World { subscription: "Deleted", ..healthy() }, "alarm-mail"),
        (healthy().set("AlarmEmail", "other@example.com"), "alarm-mail"),
        (World { concurrency: 10, ..healthy() }, "concurrency"),
        (World { variables: variables("TABLE_NAME", "other"), ..healthy() }, "function-settings"),
        (World { variables: variables("BASE_URL", ""), ..healthy() }, "function-settings"),
        // What may not be read is not taken as fine.
        (World { denied: "lambda:GetAccountSettings", ..healthy() }, "concurrency"),
        (World { denied: "logs:DescribeLogGroups", ..healthy() }, "log-retention"),
        (World { denied: "sns:ListSubscriptionsByTopic", ..healthy() }, "alarm-mail"),
        (World { denied: "cloudformation:DescribeStackResources", ..healthy() }, "alarm-mail"),
        (World { denied: "lambda:GetFunctionConfiguration", ..healthy() }, "function-settings"),
    ] {
        let mut found = account.findings(world).await;
        found.dedup();
        assert_eq!(found, [expected]);
    }
    let ignored = World { variables: variables("DOOR", "open"), ..healthy() };
    let ignored = account.doctor(ignored, &["--stack", "links", "--ignore", "open-door"]).await;
    assert_eq!(ignored.code, Some(0), "{ignored:?}");
    let denied = World { denied: "cloudformation:DescribeStacks", ..healthy() };
    let denied = account.doctor(denied, &["--stack", "links"]).await;
    assert_eq!(denied.code, Some(1));
    assert!(denied.stderr.contains("your credentials do not allow cloudformation:DescribeStacks"), "{denied:?}");
}

/// DynamoDB restores none of these settings from a backup.
#[tokio::test]
async fn table_that_was_restored_lacks_three_settings() {
    let table = Table::start().await;
    let off = TimeToLiveSpecification::builder().attribute_name("purgeAt").enabled(false).build().expect("a setting");
    table
        .client
        .update_time_to_live()
        .table_name(TABLE)
        .time_to_live_specification(off)
        .send()
        .await
        .expect("a response");
    let proxy = FaultProxy::builder().on_request(|chunk| match Call::parse(chunk) {
        Some(call) if call.operation == "DescribeContinuousBackups" => RequestFault::Respond(RECOVERY_OFF),
        _ => RequestFault::None,
    });
    let proxy = proxy.start(&table.dynamodb.endpoint_url).await;
    let restored =
        run(&["doctor", "--table", TABLE, "--endpoint-url", proxy.url(), "--region", "eu-west-1"], &[]).await;
    assert_eq!(restored.code, Some(1), "{restored:?}");
    assert_snapshot!(format!("{}{}", restored.stdout.replace(proxy.url(), "URL"), restored.stderr), @"
    deletion-protection: the table links can be deleted by mistake
        aws dynamodb update-table --table-name links --deletion-protection-enabled --region eu-west-1 --endpoint-url URL
    ttl: the table links does not delete the links whose time in purgeAt has passed
        aws dynamodb update-time-to-live --table-name links --time-to-live-specification Enabled=true,AttributeName=purgeAt --region eu-west-1 --endpoint-url URL
    point-in-time-recovery: the table links has no point-in-time recovery, so lost links cannot be restored
        aws dynamodb update-continuous-backups --table-name links --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true --region eu-west-1 --endpoint-url URL
    shortlink: 3 of 4 checks found something
    ");
    // What the emulator does not know is not taken as fine.
    let unknown = run(&["doctor", "--table", TABLE, "--endpoint-url", &table.dynamodb.endpoint_url], &[]).await;
    assert!(unknown.stdout.contains("point-in-time-recovery: this could not be checked"), "{unknown:?}");
}

#[tokio::test]
async fn doctor_needs_a_table_or_a_stack() {
    let file = run(&["doctor"], &[]).await;
    assert!(file.code == Some(2) && file.stderr.contains("serve --check"), "{file:?}");
    let table = Table::start().await;
    let missing = run(&["doctor", "--table", "none", "--endpoint-url", &table.dynamodb.endpoint_url], &[]).await;
    assert!(missing.code == Some(1) && missing.stderr.contains("\"none\" does not exist"), "{missing:?}");
    assert_eq!(run(&["doctor", "--table", "x", "--ignore", "nothing"], &[]).await.code, Some(2));
}
