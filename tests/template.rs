//! `template.yaml` against the code.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_yaml_ng::Value;
use shortlink::gateway::rate_limits::{CREATE, CREATE_BY_ANYBODY, FOLLOW, Rate, Rates};
use shortlink_core::config::Environment;
use shortlink_core::domain::creator::CreatorPolicy;
use shortlink_core::domain::permissions::Scope;
use shortlink_core::dynamodb::iam_actions;
use shortlink_core::dynamodb::items::{attribute, index};
use shortlink_core::http::cors;
use shortlink_core::http::routes::{Endpoint, Function, ROUTES};
use shortlink_core::settings::{Place, SETTINGS, Setting as ListedSetting};
use shortlink_core::telemetry;
use shortlink_core::visits::recorder::VisitTracking;

use crate::support::template;

/// The properties of every resource of a type, by name.
fn resources(template: &Value, kind: &str) -> Vec<(String, Value)> {
    let all = template["Resources"].as_mapping().expect("resources");
    let of_kind = all.iter().filter(|(_, resource)| resource["Type"] == kind);
    of_kind
        .map(|(name, resource)| (name.as_str().expect("a name").to_owned(), resource["Properties"].clone()))
        .collect()
}

/// A value as text, without the CloudFormation function that is applied to it.
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
fn routes_match_the_code() {
    let template = template::read();
    let mut routes: Vec<_> = resources(&template, "AWS::ApiGatewayV2::Route")
        .into_iter()
        .map(|(_, route)| (text(&route["RouteKey"]), text(&route["Target"])))
        .collect();
    let mut expected: Vec<_> = ROUTES
        .iter()
        .flat_map(|route| {
            let target = match route.function {
                Function::Shorten => "integrations/${ShortenIntegration}",
                Function::Resolve => "integrations/${ResolveIntegration}",
            };
            route.keys().into_iter().map(|key| (key, target.to_owned()))
        })
        .collect();
    routes.sort();
    expected.sort();
    assert_eq!(routes, expected);
    for (integration, function) in [("ShortenIntegration", "Shorten.Alias"), ("ResolveIntegration", "Resolve.Alias")] {
        assert_eq!(text(&template["Resources"][integration]["Properties"]["IntegrationUri"]), function);
        assert_eq!(text(&template["Resources"][integration]["Properties"]["PayloadFormatVersion"]), "2.0");
    }
}

/// The gateway calls the alias, which can be pointed to an earlier version, and may call nothing else.
#[test]
fn functions_are_called_by_their_alias_and_published_with_every_change() {
    let template = template::read();
    let permissions = resources(&template, "AWS::Lambda::Permission");
    let called: BTreeSet<_> = permissions.iter().map(|(_, permission)| text(&permission["FunctionName"])).collect();
    assert_eq!(called, set(&["Shorten.Alias", "Resolve.Alias"]));
    let globals = &template["Globals"]["Function"];
    assert_eq!(globals["AutoPublishAlias"], "live");
    assert_eq!(globals["AutoPublishAliasAllProperties"], true);

    // The number of the settings changes with every parameter that reaches a function, by itself or by a condition.
    let mut numbered = BTreeSet::new();
    references(&template["Resources"]["Settings"]["Properties"]["Content"], &mut numbered);
    let parameters = template["Parameters"].as_mapping().expect("parameters");
    for (name, function) in resources(&template, "AWS::Serverless::Function") {
        assert!(text(&function["Description"]).contains("(settings ${Settings})"), "{name}");
        assert_eq!(text(&function["VersionDescription"]), "settings ${Settings}", "{name}");
        // They concern the alias, and not the version.
        let mut function = function;
        for property in ["DeploymentPreference", "ProvisionedConcurrencyConfig"] {
            function.as_mapping_mut().expect("properties").remove(property);
        }
        for part in [&function, globals] {
            let mut reaching = BTreeSet::new();
            references(part, &mut reaching);
            let mut conditions = conditions_of(part);
            while let Some(condition) = conditions.pop() {
                let condition = &template["Conditions"][condition.as_str()];
                references(condition, &mut reaching);
                conditions.extend(conditions_of(condition));
            }
            reaching.retain(|word| parameters.contains_key(word.as_str()));
            let missing: Vec<_> = reaching.difference(&numbered).collect();
            assert!(missing.is_empty(), "{name}: {missing:?}");
        }
    }
    assert!(numbered.len() > 20, "{numbered:?}");
}

/// The conditions that `!If` and `!Condition` name in a part of the template.
fn conditions_of(value: &Value) -> Vec<String> {
    match value {
        Value::Tagged(tagged) => {
            let own = match tagged.tag.to_string().as_str() {
                "!If" => vec![text(&tagged.value[0])],
                "!Condition" => vec![text(&tagged.value)],
                _ => Vec::new(),
            };
            own.into_iter().chain(conditions_of(&tagged.value)).collect()
        }
        Value::Sequence(values) => values.iter().flat_map(conditions_of).collect(),
        Value::Mapping(entries) => entries.values().flat_map(conditions_of).collect(),
        _ => Vec::new(),
    }
}

/// With a condition in its place, SAM would take `Enabled` for true.
#[test]
fn gradual_deployment_and_provisioned_concurrency_are_off_by_default() {
    let template = template::read();
    let alarms = resources(&template, "AWS::CloudWatch::Alarm");
    for (name, function) in resources(&template, "AWS::Serverless::Function") {
        if name == "EdgeLog" {
            continue; // Nobody waits for it.
        }
        let preference = &function["DeploymentPreference"];
        let Value::Tagged(enabled) = &preference["Enabled"] else { panic!("{name}: {preference:?}") };
        assert_eq!((enabled.tag.to_string().as_str(), text(&enabled.value)), ("!Ref", "GradualDeploy".to_owned()));
        let watched = texts(&preference["Alarms"]);
        assert!(watched.contains(&format!("{name}Errors")) && watched.contains("ApiErrors"), "{watched:?}");
        assert!(watched.iter().all(|watched| alarms.iter().any(|(alarm, _)| alarm == watched)), "{watched:?}");
    }
    assert_eq!(text(&template["Parameters"]["GradualDeploy"]["Default"]), "false");
    let Value::Tagged(provisioned) = &template["Resources"]["Resolve"]["Properties"]["ProvisionedConcurrencyConfig"]
    else {
        panic!("no condition")
    };
    assert_eq!(text(&provisioned.value[0]), "HasProvisionedConcurrency");
    assert_eq!(text(&template["Parameters"]["ProvisionedConcurrency"]["Default"]).replace(['"', '\''], ""), "0");
}

/// Whoever creates, reads or changes links passes the authorizer behind the door `jwt`. The pages need no token, and
/// neither do visitors.
#[test]
fn authorizer_guards_every_route_that_creates_or_manages() {
    let template = template::read();
    let routes = resources(&template, "AWS::ApiGatewayV2::Route");
    let mut guarded = 0;
    for route in ROUTES {
        let is_public = matches!(
            route.endpoint,
            Endpoint::Home
                | Endpoint::OpenApi
                | Endpoint::Docs
                | Endpoint::MyLinks
                | Endpoint::Manifest
                | Endpoint::OpenSearch
                | Endpoint::Robots
                | Endpoint::Favicon
                | Endpoint::RedirectToHome
                | Endpoint::Link
                | Endpoint::Fallback
        );
        for key in route.keys() {
            let (_, properties) =
                routes.iter().find(|(_, properties)| text(&properties["RouteKey"]) == key).expect(&key);
            let names = ["AuthorizationType", "AuthorizerId", "AuthorizationScopes"];
            if is_public {
                assert!(names.iter().all(|name| properties[*name].is_null()), "{key}");
                continue;
            }
            guarded += 1;
            let [kind, authorizer, scopes] = names.map(|name| match &properties[name] {
                Value::Tagged(condition) if condition.tag == "If" => &condition.value,
                other => panic!("{key} has the {name} {other:?}"),
            });
            assert!([kind, authorizer, scopes].iter().all(|value| text(&value[0]) == "RequiresJwt"), "{key}");
            assert_eq!((text(&kind[1]), text(&kind[2])), ("JWT".to_owned(), "NONE".to_owned()), "{key}");
            assert_eq!(text(&authorizer[1]), "Authorizer", "{key}");
            let listed = match &scopes[1] {
                Value::Tagged(split) => text(&split.value[1]),
                other => panic!("{other:?}"),
            };
            let expected: Vec<_> = Scope::ALL.iter().map(|(_, name)| format!("${{JwtScopePrefix}}{name}")).collect();
            assert_eq!(listed, expected.join(" "), "{key}");
        }
    }
    assert!(guarded >= 5, "{guarded} routes");
    let condition = text(&template["Conditions"]["RequiresJwt"]);
    assert!(condition.contains("Door") && condition.contains("jwt"), "{condition}");
    assert_eq!(template["Resources"]["Authorizer"]["Condition"], "RequiresJwt");
}

/// A pool without these would let strangers in, or be lost with the stack.
#[test]
fn user_pool_is_retained_and_closed_by_default() {
    let template = template::read();
    let pool = &template["Resources"]["UserPool"];
    assert_eq!((&pool["DeletionPolicy"], &pool["UpdateReplacePolicy"]), (&"Retain".into(), &"Retain".into()));
    assert_eq!(pool["Properties"]["DeletionProtection"], "ACTIVE");
    assert_eq!(text(&template["Parameters"]["AllowSignUp"]["Default"]), "false");
    let Value::Tagged(admin_only) = &pool["Properties"]["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] else {
        panic!("no condition")
    };
    assert_eq!(
        (text(&admin_only.value[0]).as_str(), &admin_only.value[1], &admin_only.value[2]),
        ("AllowsSignUp", &false.into(), &true.into())
    );
    let client = &template["Resources"]["UserPoolClient"]["Properties"];
    assert_eq!(client["GenerateSecret"], false);
    assert_eq!(texts(&client["AllowedOAuthFlows"]), set(&["code"]));
    // Whoever signs in may ask for each of these.
    let scopes = ["create", "read", "own"].map(|scope| format!("${{UserPoolScopes}}/{scope}"));
    assert_eq!(texts(&client["AllowedOAuthScopes"]), scopes.into());
}

/// The actions on the table that the statements allow. Fails if they allow anything else but logs and traces.
fn table_actions(statements: &[Value]) -> BTreeSet<String> {
    let mut allowed = BTreeSet::new();
    for statement in statements.iter().filter(|statement| text(&statement["Sid"]) != "NoKeys") {
        assert_eq!(text(&statement["Effect"]), "Allow");
        for action in texts(&statement["Action"]) {
            assert!(!action.contains('*'), "{action}");
            if action.starts_with("dynamodb:") {
                let resource = text(&statement["Resource"]);
                assert!(resource.contains("Table.Arn") && !resource.contains('*'), "{resource}");
                allowed.insert(action);
            } else {
                let is_other = ["logs:", "xray:", "ssm:", "s3:"].iter().any(|service| action.starts_with(service));
                assert!(is_other, "{action}");
            }
        }
    }
    allowed
}

fn set(actions: &[&str]) -> BTreeSet<String> {
    actions.iter().map(ToString::to_string).collect()
}

#[test]
fn roles_allow_exactly_the_calls_made() {
    let template = template::read();
    let statements = |role: &str| {
        let policies = &template["Resources"][role]["Properties"]["Policies"];
        assert_eq!(policies.as_sequence().map(Vec::len), Some(1), "{role}");
        policies[0]["PolicyDocument"]["Statement"].as_sequence().expect("statements").clone()
    };
    // The statements without a condition, or with this one.
    let under = |role: &str, condition: Option<&str>| {
        let statements = statements(role).into_iter().filter_map(|statement| match statement {
            Value::Tagged(tagged) if condition == Some(text(&tagged.value[0]).as_str()) => {
                assert_eq!(text(&tagged.value[2]), "AWS::NoValue");
                Some(tagged.value[1].clone())
            }
            statement => (condition.is_none() && statement.is_mapping()).then_some(statement),
        });
        table_actions(&statements.collect::<Vec<_>>())
    };
    assert_eq!(under("ShortenRole", None), set(&[iam_actions::MANAGE_LINKS, iam_actions::LIST_LINKS].concat()));
    assert_eq!(under("ResolveRole", None), set(iam_actions::FIND_LINKS));
    let visits = [iam_actions::READ_VISITS, iam_actions::COUNT_VISITS].concat();
    assert_eq!(under("ResolveRole", Some("CountsVisits")), set(&visits));
    assert_eq!(under("EdgeLogRole", None), set(iam_actions::COUNT_LOGGED_VISITS));
    for (role, conditions) in [("ShortenRole", 2), ("ResolveRole", 2), ("EdgeLogRole", 1)] {
        assert_eq!(statements(role).iter().filter(|statement| !statement.is_mapping()).count(), conditions);
        assert_eq!(under(role, Some("Traces")), BTreeSet::new());
    }
}

/// Nobody may query or scan the table itself: it contains the digests of keys.
#[test]
fn only_the_index_is_queried() {
    let template = template::read();
    let policy = &template["Resources"]["ShortenRole"]["Properties"]["Policies"][0]["PolicyDocument"];
    let statements = policy["Statement"].as_sequence().expect("statements");
    let query = statements.iter().find(|statement| text(&statement["Sid"]) == "ListLinks").expect("a statement");
    assert_eq!(texts(&query["Action"]), set(iam_actions::LIST_LINKS));
    let Value::Tagged(resource) = &query["Resource"] else { panic!("no condition") };
    assert!(
        text(&resource.value[1]).ends_with("/index/byOwner") && text(&resource.value[2]).ends_with("/index/byOwner")
    );
}

/// `shorten` may read one parameter, if the operator has named one, and `resolve` none.
#[test]
fn only_shorten_reads_the_grant_key_and_no_other_parameter() {
    let template = template::read();
    for (role, expected) in [("ShortenRole", 1), ("ResolveRole", 0)] {
        let policy = &template["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"];
        let statements = policy["Statement"].as_sequence().expect("statements").iter();
        let of_ssm: Vec<_> = statements
            .map(|statement| match statement {
                Value::Tagged(tagged) => (text(&tagged.value[0]), &tagged.value[1]),
                statement => (String::new(), statement),
            })
            .filter(|(_, statement)| texts(&statement["Action"]).iter().any(|action| action.starts_with("ssm:")))
            .collect();
        assert_eq!(of_ssm.len(), expected, "{role}");
        for (condition, statement) in of_ssm {
            assert_eq!((condition.as_str(), text(&statement["Effect"]).as_str()), ("AcceptsGrants", "Allow"));
            assert_eq!(texts(&statement["Action"]), set(shorten::grant::parameter::READ));
            let resource = text(&statement["Resource"]);
            assert!(resource.ends_with(":parameter${GrantKeyParameter}") && !resource.contains('*'), "{resource}");
        }
    }
}

/// The local server answers pages of other origins as the gateway does.
#[test]
fn cors_settings_match_the_code() {
    let template = template::read();
    let cors = &template["Resources"]["Api"]["Properties"]["CorsConfiguration"];
    assert_eq!(text(&cors["AllowOrigins"]), "AllowedOrigins");
    assert_eq!(texts(&cors["AllowMethods"]), set(cors::METHODS));
    assert_eq!(texts(&cors["AllowHeaders"]), set(cors::REQUEST_HEADERS));
    assert_eq!(texts(&cors["ExposeHeaders"]), set(cors::RESPONSE_HEADERS));
    assert_eq!(text(&cors["MaxAge"]), cors::MAX_AGE_SECONDS.to_string());
}

/// Only an operator creates and changes API keys, and lists hosts.
#[test]
fn functions_cannot_write_api_keys_and_hosts() {
    let template = template::read();
    for role in ["ShortenRole", "ResolveRole"] {
        let policy = &template["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"];
        let statements = policy["Statement"].as_sequence().expect("statements");
        let deny = statements.iter().find(|statement| text(&statement["Effect"]) == "Deny").expect("a denial");
        assert_eq!((text(&deny["Sid"]).as_str(), text(&deny["Resource"]).as_str()), ("NoKeys", "*"));
        assert_eq!(texts(&deny["Action"]), set(&["dynamodb:PutItem", "dynamodb:UpdateItem"]));
        let keys = &deny["Condition"]["ForAnyValue:StringLike"]["dynamodb:LeadingKeys"];
        assert_eq!(texts(keys), set(&["key#*", "keyname#*", "hosts#"]));
    }
}

#[test]
fn resolve_may_write_only_counts() {
    let template = template::read();
    let statements = &template["Resources"]["ResolveRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"];
    let allowed = statements.as_sequence().expect("statements").iter().map(|statement| match statement {
        Value::Tagged(tagged) => &tagged.value[1],
        statement => statement,
    });
    let is_write = |action: &String| ["Put", "Update", "Delete", "Write"].iter().any(|verb| action.contains(verb));
    let writes: Vec<_> = allowed
        .filter(|statement| text(&statement["Effect"]) == "Allow")
        .filter(|statement| {
            texts(&statement["Action"]).iter().any(|name| name.starts_with("dynamodb:") && is_write(name))
        })
        .collect();
    let [visits] = writes[..] else { panic!("{writes:?}") };
    let keys = &visits["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
    assert_eq!(texts(keys), set(&[iam_actions::VISIT_KEYS]));
}

/// It reads the files of one distribution, and writes nothing but counts and its own entries.
#[test]
fn edge_log_reads_one_folder_and_writes_only_counts() {
    let template = template::read();
    for resource in ["EdgeLog", "EdgeLogRole", "EdgeLogOutput"] {
        assert_eq!(template["Resources"][resource]["Condition"], "CountsEdgeLogs", "{resource}");
    }
    let mut deciding = BTreeSet::new();
    references(&template["Conditions"]["CountsEdgeLogs"], &mut deciding);
    assert_eq!(deciding, set(&["EdgeLogs", "EdgeCacheSeconds"]));
    let policy = &template["Resources"]["EdgeLogRole"]["Properties"]["Policies"][0]["PolicyDocument"];
    let statements = policy["Statement"].as_sequence().expect("statements");
    let named = |sid: &str| statements.iter().find(|statement| text(&statement["Sid"]) == sid).expect("a statement");
    let keys = &named("Visits")["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
    assert_eq!(texts(keys), set(&[iam_actions::VISIT_KEYS, iam_actions::LOG_ENTRY_KEYS]));
    let of_s3: BTreeSet<_> = ["Files", "Folder"].iter().flat_map(|sid| texts(&named(sid)["Action"])).collect();
    assert_eq!(of_s3, set(edge_log::bucket::READ));
    assert_eq!(text(&named("Files")["Resource"]), "arn:${AWS::Partition}:s3:::${EdgeLogs}*");
    // What one run leaves, the next one finds.
    let event = &template["Resources"]["EdgeLog"]["Properties"]["Events"]["Hourly"];
    assert_eq!((&event["Type"], &event["Properties"]["Schedule"]), (&"Schedule".into(), &"rate(1 hour)".into()));
}

/// The resources that a resource must wait for: those that it refers to or depends on, and those that these wait for.
fn predecessors(template: &Value, name: &str) -> BTreeSet<String> {
    let resources = template["Resources"].as_mapping().expect("resources");
    let mut found = BTreeSet::new();
    let mut waiting = vec![name.to_owned()];
    while let Some(name) = waiting.pop() {
        let mut words = BTreeSet::new();
        references(&resources[name.as_str()], &mut words);
        for word in words.into_iter().filter(|word| resources.contains_key(word.as_str())) {
            if found.insert(word.clone()) {
                waiting.push(word);
            }
        }
    }
    found
}

/// What a part of the template refers to, with `!Ref`, `!GetAtt`, `!Sub` or `DependsOn`.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Tagged(tagged) => match (tagged.tag.to_string().as_str(), &tagged.value) {
            ("!Ref" | "!GetAtt", name) => found.extend(text(name).split('.').next().map(str::to_owned)),
            ("!Sub", value) => {
                let text = if value.is_sequence() { text(&value[0]) } else { text(value) };
                let names = text.split("${").skip(1).filter_map(|rest| rest.split(['}', '.']).next());
                found.extend(names.map(str::to_owned));
                references(value, found);
            }
            (_, value) => references(value, found),
        },
        Value::Sequence(values) => values.iter().for_each(|value| references(value, found)),
        Value::Mapping(entries) => {
            for (key, value) in entries {
                if key == "DependsOn" {
                    found.extend(if value.is_sequence() { texts(value) } else { [text(value)].into() });
                }
                references(value, found);
            }
        }
        _ => {}
    }
}

/// If the API changed first, no address would answer while the certificate is validated.
#[test]
fn api_and_functions_change_after_the_domain_exists() {
    let template = template::read();
    for name in ["Api", "Shorten", "Resolve"] {
        assert!(predecessors(&template, name).contains("Domain"), "{name}");
    }
    assert!(!predecessors(&template, "Domain").contains("Api"));
}

/// API Gateway rejects concurrent changes of one API.
#[test]
fn api_changes_one_resource_at_a_time() {
    let template = template::read();
    let kinds = ["Integration", "Authorizer", "Route", "Stage", "ApiMapping"];
    let mut parts: Vec<(String, BTreeSet<String>)> = kinds
        .iter()
        .flat_map(|kind| resources(&template, &format!("AWS::ApiGatewayV2::{kind}")))
        .map(|(name, _)| (name.clone(), predecessors(&template, &name)))
        .collect();
    parts.sort_by_key(|(_, predecessors)| predecessors.len());
    for pair in parts.windows(2) {
        let [(first, _), (second, predecessors)] = pair else { unreachable!("windows of two") };
        assert!(predecessors.contains(first), "{first} and {second} may change at the same time");
    }
    let stage = predecessors(&template, "Stage");
    let routes = resources(&template, "AWS::ApiGatewayV2::Route");
    assert!(routes.iter().all(|(name, _)| stage.contains(name)), "the stage must deploy all routes at once");
}

/// The environment variables that a function reads, if `EDGE_LOGS` is set and no other one.
fn variables(read: impl FnOnce(&Environment<'_>)) -> BTreeSet<String> {
    let names = RefCell::new(BTreeSet::from(["TABLE_NAME", "LOG_LEVEL", "VISIT_REGIONS"].map(str::to_owned)));
    let lookup = |name: &str| {
        names.borrow_mut().insert(name.to_owned());
        (name == "EDGE_LOGS").then(|| "bucket/folder/".to_owned())
    };
    read(&Environment::new(&lookup));
    names.into_inner()
}

#[test]
fn environment_variables_match_the_code() {
    let template = template::read();
    let shorten = variables(|environment| assert!(shorten::config::Config::read(environment).is_ok()));
    let resolve = variables(|environment| assert!(resolve::config::Config::read(environment).is_ok()));
    let edge_log = variables(|environment| assert!(edge_log::config::Config::read(environment).is_ok()));
    for (function, read) in [("Shorten", shorten), ("Resolve", resolve), ("EdgeLog", edge_log)] {
        let properties = &template["Resources"][function]["Properties"];
        let set = properties["Environment"]["Variables"].as_mapping().expect("variables");
        assert_eq!(set.keys().map(text).collect::<BTreeSet<_>>(), read, "{function}");
    }
}

#[test]
fn defaults_match_the_code() {
    let parameters = &template::read()["Parameters"];
    let default = |name: &str| text(&parameters[name]["Default"]).replace(['"', '\''], "");
    let unset = Environment::new(&|_| None);
    let shorten = shorten::config::Config::read(&unset).expect("defaults");
    let resolve = resolve::config::Config::read(&unset).expect("defaults");
    assert_eq!(default("CodeLength"), shorten.code_length.to_string());
    assert_eq!((default("Creator").as_str(), shorten.creator), ("anonymised", CreatorPolicy::Anonymised));
    assert_eq!(default("ExpiresInMin"), shorten.expiry.min.to_string());
    assert_eq!(default("ExpiresInMax"), shorten.expiry.max.to_string());
    assert_eq!(default("AllowNever"), shorten.expiry.allow_never.to_string());
    assert_eq!(default("PurgeAfter"), shorten.expiry.purge_after.expect("a number").to_string());
    assert_eq!(default("VisitsRetention"), resolve.visits_retention.to_string());
    assert_eq!(default("EdgeCacheSeconds"), resolve.edge_cache_seconds.to_string());
    assert_eq!(shorten.edge_cache_seconds, resolve.edge_cache_seconds);
    assert_eq!(default("LinkCacheSeconds"), resolve.link_cache_seconds.to_string());
    assert_eq!((default("Visits").as_str(), resolve.visits), ("daily", VisitTracking::Daily));
    assert_eq!(default("RedirectStatus"), resolve.redirect_status.as_str());
}

/// A row of the table of settings, without the meaning.
struct Setting {
    variable: String,
    parameter: String,
    default: String,
    unit: String,
}

/// The table of settings in the documentation of the deployment. `-` is read as an empty text.
fn documented_settings() -> Vec<Setting> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/lambda/README.md");
    let document = std::fs::read_to_string(path).expect("a document");
    let (_, rest) = document.split_once("<!-- settings -->").expect("a table");
    let (table, _) = rest.split_once("<!-- /settings -->").expect("its end");
    let rows = table.trim().lines().skip(2).map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect();
        let [variable, parameter, default, unit, meaning] = &cells[..] else { panic!("not five cells: {row}") };
        assert!(meaning.ends_with(['.', ')']), "{row}");
        let text = |cell: &String| if cell == "-" { String::new() } else { cell.clone() };
        let unit = unit.clone();
        Setting { variable: text(variable), parameter: text(parameter), default: text(default), unit }
    });
    rows.collect()
}

#[test]
fn documented_settings_match_the_template_and_the_code() {
    let template = template::read();
    let parameters = template["Parameters"].as_mapping().expect("parameters");
    let settings = documented_settings();
    let documented: Vec<_> = settings.iter().map(|setting| setting.parameter.clone()).collect();
    assert_eq!(documented.len(), parameters.len(), "{documented:?}");
    assert_eq!(documented.into_iter().collect::<BTreeSet<_>>(), parameters.keys().map(text).collect());

    let mut variables = BTreeMap::new();
    for function in ["Shorten", "Resolve", "EdgeLog"] {
        let set = &template["Resources"][function]["Properties"]["Environment"]["Variables"];
        variables.extend(set.as_mapping().expect("variables").iter().map(|(name, value)| (text(name), text(value))));
    }
    let documented = settings.iter().map(|setting| setting.variable.clone()).filter(|name| !name.is_empty());
    assert_eq!(documented.collect::<BTreeSet<_>>(), variables.keys().cloned().collect());

    let shorten = shorten::config::Config::read(&Environment::new(&|_| None)).expect("defaults");
    for Setting { variable, parameter, default, .. } in settings {
        if let Some(value) = variables.get(&variable) {
            assert!(value.contains(&parameter), "{variable} is {value}");
        }
        let expected = match variable.as_str() {
            // The parameter is empty, and the code has the default.
            "EXPIRES_IN_DEFAULT" => shorten.expiry.default.expect("links expire by default").to_string(),
            _ => text(&parameters[parameter.as_str()]["Default"]).replace(['"', '\''], ""),
        };
        assert_eq!(default, expected, "{parameter}");
    }
}

/// The list that `shortlink serve --help` shows.
#[test]
fn listed_settings_match_the_documented_ones() {
    let listed = SETTINGS.iter().filter(|setting| setting.place != Place::LocalServer);
    let listed: Vec<_> = listed.map(|setting| (setting.variable, setting.default, setting.unit)).collect();
    let documented = documented_settings();
    let documented = documented.iter().filter(|setting| !setting.variable.is_empty());
    let documented: Vec<_> = documented
        .map(|setting| (setting.variable.as_str(), setting.default.as_str(), setting.unit.as_str()))
        .collect();
    assert_eq!(listed, documented);
}

#[test]
fn listed_settings_are_those_that_the_code_reads_and_have_its_defaults() {
    let read = |environment: &Environment<'_>| {
        let shorten = shorten::config::Config::read(environment).expect("settings of shorten");
        let resolve = resolve::config::Config::read(environment).expect("settings of resolve");
        let level = telemetry::level(environment).expect("a level");
        format!("{shorten:?} {resolve:?} {level:?}")
    };
    // `TABLE_NAME` is read by the binaries, and the prefix has a default in the template.
    let of_code = |setting: &&ListedSetting| {
        !["TABLE_NAME", "VISIT_REGIONS", "EDGE_LOGS", "LOG_FORMAT", "PORT"].contains(&setting.variable)
    };
    let names = variables(|environment| drop(read(environment)));
    let listed = SETTINGS.iter().filter(of_code).map(|setting| setting.variable.to_owned());
    assert_eq!(listed.chain(["TABLE_NAME", "VISIT_REGIONS"].map(str::to_owned)).collect::<BTreeSet<_>>(), names);

    let unset = read(&Environment::new(&|_| None));
    for setting in SETTINGS.iter().filter(of_code).filter(|setting| setting.variable != "JWT_SCOPE_PREFIX") {
        let lookup = |name: &str| (name == setting.variable).then(|| setting.default.to_owned());
        assert_eq!(read(&Environment::new(&lookup)), unset, "{}", setting.variable);
    }
}

#[test]
fn local_rate_limits_match_the_template() {
    let template = template::read();
    let properties = &template["Resources"]["Stage"]["Properties"];
    let parameter = |name: &str| text(&template["Parameters"][name]["Default"]).parse::<u32>().expect("a number");
    // The limits of creating are by door: the first number is for an open one.
    let number = |value: &Value, is_open: bool| match value {
        Value::Tagged(chosen) if chosen.tag == "If" => {
            let Value::Tagged(by_door) = &chosen.value[2] else { panic!("no condition") };
            u32::try_from(by_door.value[if is_open { 1 } else { 2 }].as_u64().expect("a number")).expect("small")
        }
        Value::Tagged(name) => parameter(&text(&name.value)),
        number => u32::try_from(number.as_u64().expect("a number")).expect("small"),
    };
    for (is_open, create) in [(true, CREATE_BY_ANYBODY), (false, CREATE)] {
        let rates = Rates { create, follow: FOLLOW };
        for (route, method) in ROUTES.iter().flat_map(|route| route.methods.iter().map(move |m| (route, *m))) {
            let key = format!("{method} {}", route.pattern);
            let settings = match &properties["RouteSettings"][key.as_str()] {
                Value::Null => &properties["DefaultRouteSettings"],
                settings => settings,
            };
            let per_second = number(&settings["ThrottlingRateLimit"], is_open);
            let burst = number(&settings["ThrottlingBurstLimit"], is_open);
            assert_eq!(rates.of(route, method), Rate { per_second, burst }, "{key}");
        }
    }
}

#[test]
fn parameters_have_a_description_a_default_and_bounds() {
    for (name, parameter) in template::read()["Parameters"].as_mapping().expect("parameters") {
        let has = |key: &str| !parameter[key].is_null();
        assert!(has("Description") && has("Default"), "{name:?}");
        let bounded = ["AllowedValues", "AllowedPattern", "MaxLength"].into_iter().any(has);
        let bounded = bounded || (has("MinValue") && has("MaxValue"));
        assert!(bounded || parameter["Type"] == "CommaDelimitedList", "{name:?}");
    }
}

#[test]
fn table_matches_the_code_and_is_retained() {
    let template = template::read();
    let table = &template["Resources"]["Table"];
    assert_eq!((&table["DeletionPolicy"], &table["UpdateReplacePolicy"]), (&"Retain".into(), &"Retain".into()));
    let properties = &table["Properties"];
    assert_eq!(properties["KeySchema"].as_sequence().map(Vec::len), Some(1));
    assert_eq!(properties["KeySchema"][0]["AttributeName"], attribute::CODE);
    let indexes = properties["GlobalSecondaryIndexes"].as_sequence().expect("indexes");
    assert_eq!((indexes.len(), &indexes[0]["IndexName"]), (1, &index::BY_OWNER.into()));
    assert_eq!(indexes[0]["KeySchema"][0]["AttributeName"], attribute::OWNER);
    assert_eq!(indexes[0]["KeySchema"][1]["AttributeName"], attribute::CREATED_AT);
    assert_eq!(texts(&indexes[0]["Projection"]["NonKeyAttributes"]), set(index::INCLUDED));
    assert_eq!(properties["TimeToLiveSpecification"]["AttributeName"], attribute::PURGE_AT);
    assert_eq!(properties["TimeToLiveSpecification"]["Enabled"], true);
    assert_eq!(properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
    let Value::Tagged(key) = &properties["SSESpecification"]["SSEEnabled"] else { panic!("no condition") };
    assert_eq!(
        (text(&key.value[0]).as_str(), &key.value[1], &key.value[2]),
        ("UsesAccountKey", &true.into(), &false.into())
    );
    assert_eq!(text(&template["Parameters"]["TableKey"]["Default"]), "owned");
    assert_eq!(properties["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(text(&template["Parameters"]["DeletionProtection"]["Default"]), "true");
}

/// The lines that Lambda adds to the log of each request are left out.
#[test]
fn functions_log_json_without_lambdas_lines() {
    let template = template::read();
    for function in ["Shorten", "Resolve"] {
        let logging = &template["Resources"][function]["Properties"]["LoggingConfig"];
        assert_eq!(logging["LogFormat"], "JSON");
        assert_eq!(text(&logging["SystemLogLevel"]), "SystemLogLevel");
        assert_eq!(logging["ApplicationLogLevel"], "INFO");
        assert_eq!(text(&logging["LogGroup"]), format!("{function}Log"));
    }
    assert_eq!(text(&template["Parameters"]["SystemLogLevel"]["Default"]), "WARN");
    let Value::Tagged(dashboard) = &template["Resources"]["Dashboard"]["Properties"]["DashboardBody"] else {
        panic!("no substitution")
    };
    assert!(text(&dashboard.value[0]).contains("type = 'platform.report' and record.status != 'success'"));
}

#[test]
fn alarms_watch_all_operations_and_the_metrics_of_the_logs() {
    let template = template::read();
    let alarms = resources(&template, "AWS::CloudWatch::Alarm");
    for (name, alarm) in &alarms {
        for actions in ["AlarmActions", "OKActions"] {
            let is_conditional =
                |actions: &Value| matches!(actions, Value::Tagged(value) if text(&value.value[0]) == "HasAlarmEmail");
            assert!(is_conditional(&alarm[actions]), "{name}");
        }
    }
    let of_errors = &template["Resources"]["TableErrors"]["Properties"]["Metrics"][0]["Expression"];
    let Value::Tagged(query) = of_errors else { panic!("no substitution") };
    // There is no condition on the operation.
    let expected = "SELECT SUM(SystemErrors) FROM SCHEMA(\"AWS/DynamoDB\", Operation, TableName) WHERE TableName = '${LinksTable}'";
    assert_eq!(text(&query.value[0]), expected);

    let own = alarms.iter().filter(|(_, alarm)| text(&alarm["Namespace"]).starts_with("Shortlink/"));
    let filters = resources(&template, "AWS::Logs::MetricFilter");
    let filtered = filters.iter().map(|(_, filter)| text(&filter["MetricTransformations"][0]["MetricName"]));
    // Taken codes are only on the dashboard.
    let watched = own.map(|(_, alarm)| text(&alarm["MetricName"])).chain(["TakenCodes".to_owned()]);
    assert_eq!(watched.collect::<BTreeSet<_>>(), filtered.collect());

    let script =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/cost.py")).expect("a script");
    let has_condition = |name: &str| !template["Resources"][name]["Condition"].is_null();
    let count = alarms.iter().filter(|(name, _)| !has_condition(name.as_str())).count();
    assert!(script.contains(&format!("\nALARM_COUNT = {count}\n")), "{count} alarms");

    // The alarm on spending takes the price of a request from the script.
    let (_, price) = script.split_once("\nALARM_PRICE = ").expect("a price");
    let price = price.split_whitespace().next().expect("a number");
    let expression = text(&template["Resources"]["SpendingTooFast"]["Properties"]["Metrics"][0]["Expression"]);
    assert_eq!(expression, format!("requests * 30 * {price}"));
    let budget = &template["Resources"]["Budget"];
    assert_eq!((text(&budget["Condition"]), has_condition("SpendingTooFast")), ("MailsBudget".to_owned(), true));
}

#[test]
fn metric_filters_match_the_log() {
    let template = template::read();
    let pattern = |filter: &str| text(&template["Resources"][filter]["Properties"]["FilterPattern"]);
    let source = |path: &str| {
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).expect("a source")
    };
    // Each message of the recorder is matched by one of the two filters.
    let prefixes = ["visits could not", "visits are lost", "visits were not counted"];
    assert_eq!(pattern("FailedVisitWrites"), format!("{{ $.message = \"{}*\" }}", prefixes[0]));
    let lost = format!("{{ $.message = \"{}*\" || $.message = \"{}*\" }}", prefixes[1], prefixes[2]);
    assert_eq!(pattern("LostVisits"), lost);
    let recorder = source("crates/core/src/visits/recorder.rs");
    let lines: Vec<_> = recorder.lines().filter(|line| line.contains("tracing::")).collect();
    assert_eq!(lines.len(), prefixes.len(), "{lines:?}");
    for prefix in prefixes {
        assert!(lines.iter().any(|line| line.contains(&format!(", \"{prefix}"))), "{prefix}: {lines:?}");
    }
    assert!(lines.iter().filter(|line| line.contains("visits,")).count() == 2, "the number of lost visits is logged");

    assert_eq!(pattern("TakenCodes"), "{ $.codes_taken > 0 }");
    assert!(source("crates/shorten/src/create_link.rs").contains("        codes_taken,\n"));

    // The functions answer 429, too; those responses have a latency of the integration.
    assert_eq!(pattern("RateLimitedRequests"), "{ $.status = \"429\" && $.integrationMs = \"-\" }");
    let format = text(&template["Resources"]["Stage"]["Properties"]["AccessLogSettings"]["Format"]);
    for field in ["\"status\":\"$context.status\"", "\"integrationMs\":\"$context.integrationLatency\""] {
        assert!(format.contains(field), "{format}");
    }
}

#[test]
fn logs_expire_and_writes_are_throttled_harder() {
    let template = template::read();
    let logs = resources(&template, "AWS::Logs::LogGroup");
    assert_eq!(logs.len(), 4);
    for (name, log) in logs {
        assert_eq!(text(&log["RetentionInDays"]), "LogRetentionDays", "{name}");
    }
    let limit = |name: &str| text(&template["Parameters"][name]["Default"]).parse::<u64>().expect("a number");
    // Without a value, the limits of creating depend on the door.
    let routes = &template["Resources"]["Stage"]["Properties"]["RouteSettings"];
    for (name, parameter, below) in [
        ("ThrottlingRateLimit", "ShortenRateLimit", "RateLimit"),
        ("ThrottlingBurstLimit", "ShortenBurstLimit", "BurstLimit"),
    ] {
        assert_eq!(text(&template["Parameters"][parameter]["Default"]), "");
        for route in ["POST /shorten", "POST /links", "PUT /links/{code}"] {
            let Value::Tagged(chosen) = &routes[route][name] else { panic!("no condition") };
            let condition = (text(&chosen.value[0]), text(&chosen.value[1]));
            assert_eq!(condition, (format!("Has{parameter}"), parameter.to_owned()));
            let Value::Tagged(by_door) = &chosen.value[2] else { panic!("no condition") };
            assert_eq!(text(&by_door.value[0]), "IsOpen");
            let number = |index: usize| by_door.value[index].as_u64().expect("a number");
            assert!(number(1) < number(2) && number(2) < limit(below), "{route} {name}");
        }
    }
}

/// `shortlink doctor` compares it with its own.
#[test]
fn stack_says_its_version() {
    assert_eq!(text(&template::read()["Outputs"]["Version"]["Value"]), env!("CARGO_PKG_VERSION"));
}
