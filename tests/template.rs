//! Does template.yaml say what the code says?

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_yaml_ng::Value;
use shortlink_core::config::Environment;
use shortlink_core::link::attribute;
use shortlink_core::route::{Function, TABLE};
use shortlink_core::store::actions;

fn template() -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    serde_yaml_ng::from_str(&std::fs::read_to_string(path).expect("a template")).expect("YAML")
}

/// The properties of every resource of a type, by name.
fn resources(template: &Value, kind: &str) -> Vec<(String, Value)> {
    let all = template["Resources"].as_mapping().expect("resources");
    let of_kind = all.iter().filter(|(_, resource)| resource["Type"] == kind);
    of_kind
        .map(|(name, resource)| (name.as_str().expect("a name").to_owned(), resource["Properties"].clone()))
        .collect()
}

/// A value as it is written, whatever CloudFormation function it is.
fn text(value: &Value) -> String {
    match value {
        Value::Tagged(tagged) => text(&tagged.value),
        Value::String(text) => text.clone(),
        other => serde_yaml_ng::to_string(other).expect("YAML").trim().to_owned(),
    }
}

fn texts(value: &Value) -> BTreeSet<String> {
    value.as_sequence().expect("a list").iter().map(text).collect()
}

#[test]
fn its_routes_are_the_codes_and_go_to_the_right_functions() {
    let template = template();
    let mut routes: Vec<_> = resources(&template, "AWS::ApiGatewayV2::Route")
        .into_iter()
        .map(|(_, route)| (text(&route["RouteKey"]), text(&route["Target"])))
        .collect();
    let mut expected: Vec<_> = TABLE
        .iter()
        .map(|entry| {
            let function = match entry.route.function() {
                Function::Shorten => "integrations/${ToShorten}",
                Function::Resolve => "integrations/${ToResolve}",
            };
            (format!("{} {}", entry.method, entry.path), function.to_owned())
        })
        .collect();
    routes.sort();
    expected.sort();
    assert_eq!(routes, expected);
    for (integration, function) in [("ToShorten", "Shorten.Arn"), ("ToResolve", "Resolve.Arn")] {
        assert_eq!(text(&template["Resources"][integration]["Properties"]["IntegrationUri"]), function);
        assert_eq!(text(&template["Resources"][integration]["Properties"]["PayloadFormatVersion"]), "2.0");
    }
}

#[test]
fn each_role_may_do_what_its_function_calls_on_this_table_and_no_more() {
    let template = template();
    for (role, called) in [("ShortenRole", actions::SHORTEN), ("ResolveRole", actions::RESOLVE)] {
        let policies = &template["Resources"][role]["Properties"]["Policies"];
        assert_eq!(policies.as_sequence().map(Vec::len), Some(1), "{role}");
        let statements = policies[0]["PolicyDocument"]["Statement"].as_sequence().expect("statements");
        let mut seen = BTreeSet::new();
        for statement in statements {
            assert_eq!(text(&statement["Effect"]), "Allow");
            for action in texts(&statement["Action"]) {
                assert!(!action.contains('*'), "{role}: {action}");
                if action.starts_with("dynamodb:") {
                    let resource = text(&statement["Resource"]);
                    assert!(resource.contains("Table.Arn") && !resource.contains('*'), "{role}: {resource}");
                    seen.insert(action);
                } else {
                    assert!(action.starts_with("logs:") || action.starts_with("xray:"), "{role}: {action}");
                }
            }
        }
        assert_eq!(seen, called.iter().map(ToString::to_string).collect(), "{role}");
    }
}

/// The variables that a function asks its environment for.
fn asked(read: impl FnOnce(&Environment<'_>)) -> BTreeSet<String> {
    let names = RefCell::new(BTreeSet::from(["TABLE_NAME".to_owned(), "LOG_LEVEL".to_owned()]));
    let lookup = |name: &str| {
        names.borrow_mut().insert(name.to_owned());
        None
    };
    read(&Environment::new(&lookup));
    names.into_inner()
}

#[test]
fn each_function_has_the_variables_that_it_reads_and_no_others() {
    let template = template();
    let shorten = asked(|environment| assert!(shorten::config::Config::read(environment).is_ok()));
    let resolve = asked(|environment| assert!(resolve::config::Config::read(environment).is_ok()));
    for (function, read) in [("Shorten", shorten), ("Resolve", resolve)] {
        let properties = &template["Resources"][function]["Properties"];
        let given = properties["Environment"]["Variables"].as_mapping().expect("variables");
        assert_eq!(given.keys().map(text).collect::<BTreeSet<_>>(), read, "{function}");
    }
}

#[test]
fn its_defaults_are_the_codes() {
    let parameters = &template()["Parameters"];
    let default = |name: &str| text(&parameters[name]["Default"]);
    let unset = Environment::new(&|_| None);
    let shorten = shorten::config::Config::read(&unset).expect("defaults");
    let resolve = resolve::config::Config::read(&unset).expect("defaults");
    assert_eq!(default("CodeLength"), shorten.code_length.to_string());
    assert_eq!(default("ExpiresInMin"), shorten.expiry.min.to_string());
    assert_eq!(default("ExpiresInMax"), shorten.expiry.max.to_string());
    assert_eq!(default("AllowNever").replace('\'', ""), shorten.expiry.never.to_string());
    assert_eq!(default("PurgeAfter"), shorten.expiry.purge_after.to_string());
    assert_eq!(default("RedirectStatus").replace('\'', ""), resolve.redirect_status.as_str());
}

#[test]
fn every_parameter_says_what_it_is_and_what_it_may_be() {
    for (name, parameter) in template()["Parameters"].as_mapping().expect("parameters") {
        let says = |key: &str| !parameter[key].is_null();
        assert!(says("Description") && says("Default"), "{name:?}");
        let bounded = says("AllowedValues") || says("AllowedPattern") || (says("MinValue") && says("MaxValue"));
        assert!(bounded || parameter["Type"] == "CommaDelimitedList", "{name:?}");
    }
}

#[test]
fn the_table_is_the_codes_and_is_not_lost() {
    let template = template();
    let table = &template["Resources"]["Table"];
    assert_eq!((&table["DeletionPolicy"], &table["UpdateReplacePolicy"]), (&"Retain".into(), &"Retain".into()));
    let properties = &table["Properties"];
    assert_eq!(properties["KeySchema"].as_sequence().map(Vec::len), Some(1));
    assert_eq!(properties["KeySchema"][0]["AttributeName"], attribute::CODE);
    assert_eq!(properties["TimeToLiveSpecification"]["AttributeName"], attribute::PURGE_AT);
    assert_eq!(properties["TimeToLiveSpecification"]["Enabled"], true);
    assert_eq!(properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
    assert_eq!(properties["SSESpecification"]["SSEEnabled"], true);
    assert_eq!(properties["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(text(&template["Parameters"]["DeletionProtection"]["Default"]).replace('\'', ""), "true");
}

#[test]
fn every_log_ends_one_day_and_the_write_route_is_throttled_harder() {
    let template = template();
    let logs = resources(&template, "AWS::Logs::LogGroup");
    assert_eq!(logs.len(), 3);
    for (name, log) in logs {
        assert_eq!(text(&log["RetentionInDays"]), "LogRetentionDays", "{name}");
    }
    let limit = |name: &str| template["Parameters"][name]["Default"].as_u64().expect("a number");
    assert!(limit("ShortenRateLimit") < limit("RateLimit") && limit("ShortenBurstLimit") < limit("BurstLimit"));
}
