//! The checks of a stack.

use aws_config::SdkConfig;
use serde_json::{Value, json};
use url::Url;

use super::finding::{Check, Findings};
use super::version;
use crate::aws::service::Service;
use crate::aws::signed_request::{AwsError, JsonRequest, json as call, query};
use crate::aws::stack::{Stack, texts};
use crate::error::CliError;

/// The concurrency of a new account, with which a burst of visitors is throttled.
const NEW_ACCOUNT_CONCURRENCY: u64 = 10;

/// The functions: the output with the name of each.
const FUNCTIONS: [&str; 2] = ["ShortenFunction", "ResolveFunction"];

/// Checks a stack.
///
/// # Errors
///
/// AWS cannot be reached. What the credentials do not allow is a finding.
pub(super) async fn check(config: &SdkConfig, stack: &Stack, findings: &mut Findings) -> Result<(), CliError> {
    check_status(stack, findings);
    check_version(stack, findings);
    check_base_url(stack, findings);
    check_functions(config, stack, findings).await?;
    check_logs(config, stack, findings).await?;
    check_alarm_mail(config, stack, findings).await?;
    check_concurrency(config, findings).await?;
    Ok(())
}

/// What was read, or `None` if that is a finding.
///
/// # Errors
///
/// AWS cannot be reached.
fn known<T>(check: Check, result: Result<T, AwsError>, findings: &mut Findings) -> Result<Option<T>, CliError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error @ (AwsError::Denied { .. } | AwsError::Failed { .. })) => {
            findings.unknown(check, error);
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn parameter<'a>(stack: &'a Stack, name: &str) -> &'a str {
    stack.parameters.get(name).map(String::as_str).unwrap_or_default()
}

/// The command that deploys the stack with another parameter.
fn deploy_with(stack: &Stack, parameter: &str) -> String {
    format!("sam build && sam deploy --stack-name {} --parameter-overrides {parameter}", stack.name)
}

fn check_status(stack: &Stack, findings: &mut Findings) {
    let is_good = ["CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"].contains(&stack.status.as_str());
    if findings.begin(Check::StackStatus) && !is_good {
        findings.off(
            Check::StackStatus,
            format!("the stack {} has the status {}", stack.name, stack.status),
            format!("aws cloudformation describe-stack-events --stack-name {} --max-items 20", stack.name),
        );
    }
}

fn check_version(stack: &Stack, findings: &mut Findings) {
    if !findings.begin(Check::Version) {
        return;
    }
    let program = env!("CARGO_PKG_VERSION");
    let deployed = stack.outputs.get("Version").map(String::as_str);
    let problem = match deployed.and_then(version::is_older) {
        Some(false) => return,
        Some(true) => {
            format!("the stack is of version {}, and this program of version {program}", deployed.unwrap_or_default())
        }
        None => format!("the stack does not say its version, so it is older than this program, {program}"),
    };
    findings.off(Check::Version, problem, format!("sam build && sam deploy --stack-name {}", stack.name));
}

fn check_base_url(stack: &Stack, findings: &mut Findings) {
    let (base, domain) = (parameter(stack, "BaseUrl"), parameter(stack, "DomainName"));
    if !findings.begin(Check::BaseUrl) || base.is_empty() {
        return;
    }
    let host = Url::parse(base).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    if base.starts_with("http://") {
        findings.off(
            Check::BaseUrl,
            format!("short URLs begin with {base}, but API Gateway accepts https only"),
            deploy_with(stack, &format!("BaseUrl={}", base.replacen("http://", "https://", 1))),
        );
    } else if !domain.is_empty() && host != domain {
        findings.off(
            Check::BaseUrl,
            format!(
                "short URLs begin with {base}, but the API answers at https://{domain} only; that is right only if a CDN \
                 or proxy of yours at {host} is in front of it"
            ),
            deploy_with(stack, "BaseUrl=\"\""),
        );
    }
}

/// Checks the settings of the functions, which somebody may have changed by hand.
async fn check_functions(config: &SdkConfig, stack: &Stack, findings: &mut Findings) -> Result<(), CliError> {
    let (checks_settings, checks_door) = (findings.begin(Check::FunctionSettings), findings.begin(Check::OpenDoor));
    if !checks_settings && !checks_door {
        return Ok(());
    }
    let (base, domain) = (parameter(stack, "BaseUrl"), parameter(stack, "DomainName"));
    let base = match (base, domain) {
        ("", "") => String::new(),
        ("", domain) => format!("https://{domain}"),
        (base, _) => base.to_owned(),
    };
    let table = stack.outputs.get("TableName").cloned().unwrap_or_default();
    let mut door = parameter(stack, "Door").to_owned();
    for output in FUNCTIONS {
        let Some(function) = stack.outputs.get(output) else { continue };
        let path = format!("/2015-03-31/functions/{function}/configuration");
        let read = call(config, Service::Lambda, "GetFunctionConfiguration", JsonRequest::Get(&path)).await;
        let check = if checks_settings { Check::FunctionSettings } else { Check::OpenDoor };
        let Some(configuration) = known(check, read, findings)? else { continue };
        let variables = configuration.pointer("/Environment/Variables").cloned().unwrap_or_default();
        let variable = |name: &str| variables.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        if output == "ShortenFunction" {
            door = variable("DOOR");
        }
        for (name, expected) in [("TABLE_NAME", &table), ("BASE_URL", &base)] {
            let actual = variable(name);
            if checks_settings && actual != *expected {
                findings.off(
                    Check::FunctionSettings,
                    format!("the function {function} has {name}={actual:?}, but the stack says {expected:?}"),
                    format!("sam build && sam deploy --stack-name {} --force-upload", stack.name),
                );
            }
        }
    }
    if checks_door && door == "open" {
        findings.off(Check::OpenDoor, "anybody can create links, up to the rate limit", deploy_with(stack, "Door=key"));
    }
    Ok(())
}

async fn check_logs(config: &SdkConfig, stack: &Stack, findings: &mut Findings) -> Result<(), CliError> {
    if !findings.begin(Check::LogRetention) {
        return Ok(());
    }
    let functions = FUNCTIONS.iter().filter_map(|output| stack.outputs.get(*output));
    let mut groups: Vec<_> = functions.map(|function| format!("/aws/lambda/{function}")).collect();
    groups.push(format!("/aws/vendedlogs/{}-access", stack.name));
    let wanted: Option<u64> = parameter(stack, "LogRetentionDays").parse().ok();
    let name_of = |group: &Value| group.get("logGroupName").and_then(Value::as_str).map(str::to_owned);
    for group in groups {
        let body = json!({ "logGroupNamePrefix": group });
        let request = JsonRequest::Post { target: "Logs_20140328", body };
        let read = call(config, Service::Logs, "DescribeLogGroups", request).await;
        let Some(described) = known(Check::LogRetention, read, findings)? else { return Ok(()) };
        let found = described.get("logGroups").and_then(Value::as_array).into_iter().flatten();
        let Some(found) = found.clone().find(|found| name_of(found).as_ref() == Some(&group)) else {
            findings.off(
                Check::LogRetention,
                format!("there is no log group {group}"),
                format!("sam build && sam deploy --stack-name {}", stack.name),
            );
            continue;
        };
        let days = found.get("retentionInDays").and_then(Value::as_u64);
        if days.is_none() || wanted.is_some_and(|wanted| days != Some(wanted)) {
            let kept = days.map_or_else(
                || "for ever".to_owned(),
                |days| if days == 1 { "for a day".to_owned() } else { format!("for {days} days") },
            );
            findings.off(
                Check::LogRetention,
                format!("the log group {group} keeps its lines {kept}"),
                format!(
                    "aws logs put-retention-policy --log-group-name {group} --retention-in-days {}",
                    wanted.unwrap_or(30)
                ),
            );
        }
    }
    Ok(())
}

async fn check_alarm_mail(config: &SdkConfig, stack: &Stack, findings: &mut Findings) -> Result<(), CliError> {
    let email = parameter(stack, "AlarmEmail");
    if !findings.begin(Check::AlarmMail) || email.is_empty() {
        return Ok(());
    }
    let topic = stack.resource(config, "AlarmTopic").await;
    let Some(Some(topic)) = known(Check::AlarmMail, topic, findings)? else { return Ok(()) };
    let parameters = [("TopicArn", topic.as_str())];
    let read = query(config, Service::Sns, "ListSubscriptionsByTopic", "2010-03-31", &parameters).await;
    let Some(xml) = known(Check::AlarmMail, read, findings)? else { return Ok(()) };
    let (endpoints, arns) = (texts(&xml, "Endpoint"), texts(&xml, "SubscriptionArn"));
    let arn = endpoints.iter().zip(&arns).find(|(endpoint, _)| *endpoint == email).map(|(_, arn)| arn.as_str());
    let problem = match arn {
        Some(arn) if arn.starts_with("arn:") => return Ok(()),
        Some("PendingConfirmation") => {
            format!("nobody gets the alarms: {email} has not followed the link in the message that AWS has sent")
        }
        _ => format!("nobody gets the alarms: {email} is not subscribed"),
    };
    let remedy = format!("aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint {email}");
    findings.off(Check::AlarmMail, problem, remedy);
    Ok(())
}

async fn check_concurrency(config: &SdkConfig, findings: &mut Findings) -> Result<(), CliError> {
    if !findings.begin(Check::Concurrency) {
        return Ok(());
    }
    let request = JsonRequest::Get("/2016-08-19/account-settings/");
    let read = call(config, Service::Lambda, "GetAccountSettings", request).await;
    let Some(settings) = known(Check::Concurrency, read, findings)? else { return Ok(()) };
    match settings.pointer("/AccountLimit/ConcurrentExecutions").and_then(Value::as_u64) {
        Some(limit) if limit <= NEW_ACCOUNT_CONCURRENCY => findings.off(
            Check::Concurrency,
            format!("Lambda answers at most {limit} requests of this account at a time, and throttles the others"),
            "aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 \
             --desired-value 1000",
        ),
        Some(_) => {}
        None => findings.unknown(Check::Concurrency, "Lambda does not say the limit"),
    }
    Ok(())
}
