//! `crates/lambda/edge.yaml` against the code: what CloudFront forwards, keeps and refuses.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_yaml_ng::Value;
use shortlink_core::http::cors;
use shortlink_core::http::routes::{Endpoint, ROUTES};
use shortlink_core::visits::{edge_key, visitor};

/// The quota of headers in a policy of CloudFront.
const MAX_HEADERS: usize = 10;

fn read() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/lambda/edge.yaml");
    serde_yaml_ng::from_str(&fs::read_to_string(path).expect("a template")).expect("YAML")
}

/// The name in `!Ref NAME`.
fn reference(value: &Value) -> &str {
    match value {
        Value::Tagged(tagged) if tagged.tag == "Ref" => tagged.value.as_str().expect("a name"),
        other => panic!("no reference: {other:?}"),
    }
}

/// The condition, and the values if it is true and if it is false.
fn choice(value: &Value) -> (&str, &Value, &Value) {
    match value {
        Value::Tagged(tagged) if tagged.tag == "If" => {
            (tagged.value[0].as_str().expect("a condition"), &tagged.value[1], &tagged.value[2])
        }
        other => panic!("no condition: {other:?}"),
    }
}

fn lower(names: &Value) -> BTreeSet<String> {
    let names = names.as_sequence().into_iter().flatten();
    names.map(|name| name.as_str().expect("a name").to_ascii_lowercase()).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| name.to_ascii_lowercase()).collect()
}

/// A cache policy's parameters.
fn key_of<'a>(template: &'a Value, policy: &str) -> &'a Value {
    let policy = &template["Resources"][policy];
    assert_eq!(policy["Type"], "AWS::CloudFront::CachePolicy");
    &policy["Properties"]["CachePolicyConfig"]["ParametersInCacheKeyAndForwardedToOrigin"]
}

/// The headers of an origin request policy.
fn forwarded(template: &Value, policy: &str) -> BTreeSet<String> {
    let policy = &template["Resources"][policy];
    assert_eq!(policy["Type"], "AWS::CloudFront::OriginRequestPolicy");
    let config = &policy["Properties"]["OriginRequestPolicyConfig"];
    assert_eq!(config["CookiesConfig"]["CookieBehavior"], "none");
    // What is in no key must not reach the API, or a visitor could store a response for others that depends on it.
    assert_eq!(config["QueryStringsConfig"]["QueryStringBehavior"], "none");
    assert_eq!(config["HeadersConfig"]["HeaderBehavior"], "whitelist");
    lower(&config["HeadersConfig"]["Headers"])
}

/// The behaviours by path; the default one is `*`.
fn behaviours(template: &Value) -> BTreeMap<String, &Value> {
    let config = &template["Resources"]["Distribution"]["Properties"]["DistributionConfig"];
    let others = config["CacheBehaviors"].as_sequence().expect("behaviours").iter();
    let others = others.map(|one| (one["PathPattern"].as_str().expect("a path").to_owned(), one));
    others.chain([("*".to_owned(), &config["DefaultCacheBehavior"])]).collect()
}

#[test]
fn redirects_are_kept_as_long_as_they_say_and_by_their_path() {
    let template = read();
    for policy in ["Links", "Pages", "Pictures", "Uncached"] {
        let config = &template["Resources"][policy]["Properties"]["CachePolicyConfig"];
        // With a minimum, CloudFront would keep what says `no-store`, and redirects past their expiry.
        assert_eq!((&config["MinTTL"], &config["DefaultTTL"]), (&0.into(), &0.into()), "{policy}");
        assert_eq!(key_of(&template, policy)["CookiesConfig"]["CookieBehavior"], "none", "{policy}");
    }
    let links = key_of(&template, "Links");
    for policy in ["Links", "Pages", "Pictures"] {
        // API Gateway names the origin of a script in its response (CORS). People who follow a link have none.
        let headers = &key_of(&template, policy)["HeadersConfig"];
        // Previews and errors are in the language of the browser, too, and nobody else may keep them.
        let expected = if policy == "Pages" { set(&["accept-language", "origin"]) } else { set(&["origin"]) };
        assert_eq!((&headers["HeaderBehavior"], lower(&headers["Headers"])), (&"whitelist".into(), expected));
    }
    assert_eq!(links["QueryStringsConfig"]["QueryStringBehavior"], "none");
    assert_eq!(links["EnableAcceptEncodingGzip"], false);
    assert_eq!(
        lower(&key_of(&template, "Pictures")["QueryStringsConfig"]["QueryStrings"]),
        set(&["size", "margin", "level"])
    );
    assert_eq!(lower(&key_of(&template, "Pages")["QueryStringsConfig"]["QueryStrings"]), set(&["url", "text"]));
    assert_eq!(key_of(&template, "Uncached")["QueryStringsConfig"]["QueryStringBehavior"], "all");
    assert_eq!(template["Resources"]["Uncached"]["Properties"]["CachePolicyConfig"]["MaxTTL"], 1);
}

/// Each route of the code has the behaviour that fits it.
#[test]
fn behaviours_match_the_routes() {
    let template = read();
    let behaviours = behaviours(&template);
    for route in ROUTES {
        let expected = match route.endpoint {
            Endpoint::Home | Endpoint::Docs | Endpoint::MyLinks | Endpoint::OpenApi => ("Pages", "Visitors"),
            Endpoint::Favicon => ("Pictures", "Visitors"),
            Endpoint::CreateLink
            | Endpoint::CreateLinks
            | Endpoint::RedirectToHome
            | Endpoint::ListLinks
            | Endpoint::ShowLink
            | Endpoint::DeclareLink
            | Endpoint::ShowHistory
            | Endpoint::ShowVisits
            | Endpoint::ChangeLink
            | Endpoint::WithdrawLink => ("Uncached", "Clients"),
            _ => ("Links", "Visitors"),
        };
        let path = route.pattern.replace("{code}", "abc1234");
        let found = behaviours.iter().find(|(pattern, _)| match pattern.split_once('*') {
            Some((start, end)) if **pattern != "*" => path.starts_with(start) && path.ends_with(end),
            _ => **pattern == path,
        });
        let (_, behaviour) = found.unwrap_or_else(|| behaviours.get_key_value("*").expect("a default"));
        let policies = (reference(&behaviour["CachePolicyId"]), reference(&behaviour["OriginRequestPolicyId"]));
        assert_eq!(policies, expected, "{path}");
    }
    for pattern in ["/*.svg", "/*.png"] {
        assert_eq!(reference(&behaviours[pattern]["CachePolicyId"]), "Pictures", "{pattern}");
    }
    for (pattern, behaviour) in behaviours {
        // The API says which methods a path accepts.
        let methods = set(&["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]);
        assert_eq!(lower(&behaviour["AllowedMethods"]), methods, "{pattern}");
        assert_eq!(behaviour["ViewerProtocolPolicy"], "redirect-to-https", "{pattern}");
        assert_eq!(reference(&behaviour["ResponseHeadersPolicyId"]), "Responses", "{pattern}");
        assert_eq!(behaviour["TargetOriginId"], "api", "{pattern}");
    }
    let cors: BTreeSet<_> = cors::METHODS.iter().map(|method| method.to_ascii_lowercase()).collect();
    assert!(cors.is_subset(&set(&["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"])));
}

#[test]
fn headers_that_the_code_reads_reach_it() {
    let template = read();
    let visitors = forwarded(&template, "Visitors");
    let read_of_visitors = ["cloudfront-viewer-country", "user-agent", "referer", "accept", "accept-language"];
    let conditional = ["if-none-match"];
    let purposes = visitor::PURPOSE_HEADERS.iter().copied();
    let expected: BTreeSet<_> =
        read_of_visitors.into_iter().chain(conditional).chain(purposes).map(str::to_owned).collect();
    assert_eq!(visitors, expected);

    let clients = forwarded(&template, "Clients");
    let in_key = lower(&key_of(&template, "Uncached")["HeadersConfig"]["Headers"]);
    // Whatever a page of another origin may send, and preflight requests.
    let required = set(cors::REQUEST_HEADERS).into_iter().chain(set(&[
        "accept",
        "accept-language",
        "origin",
        "sec-fetch-site",
        "user-agent",
        "cloudfront-viewer-address",
        "access-control-request-method",
        "access-control-request-headers",
    ]));
    let missing: Vec<_> = required.filter(|name| !clients.contains(name) && !in_key.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");

    for names in [&visitors, &clients, &in_key] {
        assert!(names.len() <= MAX_HEADERS, "{names:?}");
        // API Gateway answers another host than its own with 403; and the secret is CloudFront's to send.
        assert!(!names.contains("host") && !names.contains(edge_key::HEADER), "{names:?}");
    }
    // CloudFront refuses a policy of origin requests with this one.
    assert!(
        !visitors.contains("authorization") && !clients.contains("authorization") && in_key.contains("authorization")
    );
}

#[test]
fn only_cloudfront_knows_the_key() {
    let template = read();
    let key = &template["Parameters"]["EdgeKey"];
    assert_eq!((&key["NoEcho"], key["Default"].is_null()), (&true.into(), true));
    let own = crate::support::template::read();
    let pattern = key["AllowedPattern"].as_str().expect("a pattern");
    assert_eq!(own["Parameters"]["EdgeKey"]["AllowedPattern"], format!("^$|{pattern}"));
    let origin = &template["Resources"]["Distribution"]["Properties"]["DistributionConfig"]["Origins"][0];
    let header = &origin["OriginCustomHeaders"][0];
    assert_eq!((header["HeaderName"].as_str(), reference(&header["HeaderValue"])), (Some(edge_key::HEADER), "EdgeKey"));
}

/// Otherwise CloudFront keeps an error for ten seconds, whatever `Cache-Control` says.
#[test]
fn errors_are_not_kept() {
    let template = read();
    let config = &template["Resources"]["Distribution"]["Properties"]["DistributionConfig"];
    let responses = config["CustomErrorResponses"].as_sequence().expect("responses");
    let codes: BTreeSet<_> =
        responses.iter().map(|response| response["ErrorCode"].as_u64().expect("a status")).collect();
    // Those that it keeps without being told to.
    assert_eq!(codes, BTreeSet::from([404, 405, 414, 500, 501, 502, 503, 504]));
    for response in responses {
        assert_eq!(response["ErrorCachingMinTTL"], 0, "{response:?}");
        assert!(response["ResponsePagePath"].is_null(), "{response:?}");
    }
}

#[test]
fn distribution_speaks_modern_protocols_and_sends_hsts() {
    let template = read();
    let config = &template["Resources"]["Distribution"]["Properties"]["DistributionConfig"];
    assert_eq!((&config["HttpVersion"], &config["IPV6Enabled"]), (&"http2and3".into(), &true.into()));
    let (condition, certificate, default) = choice(&config["ViewerCertificate"]);
    assert_eq!((condition, reference(&certificate["AcmCertificateArn"])), ("HasDomain", "Certificate"));
    assert_eq!(default["CloudFrontDefaultCertificate"], true);
    let policy =
        &template["Resources"]["Responses"]["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"];
    assert_eq!(policy["StrictTransportSecurity"]["AccessControlMaxAgeSec"], 31_536_000);
    // The function's own header stays.
    assert_eq!(policy["StrictTransportSecurity"]["Override"], false);

    let resources = template["Resources"].as_mapping().expect("resources");
    let records = resources.values().filter(|resource| resource["Type"] == "AWS::Route53::RecordSet");
    let types: BTreeSet<_> = records
        .map(|record| {
            assert_eq!(record["Condition"], "HasDomain");
            record["Properties"]["Type"].as_str().expect("a type")
        })
        .collect();
    assert_eq!(types, BTreeSet::from(["A", "AAAA", "HTTPS"]));
}

#[test]
fn web_acl_and_logs_are_optional() {
    let template = read();
    let conditions = [
        ("WebAcl", "HasWaf"),
        ("LogBucket", "HasLogs"),
        ("LogBucketPolicy", "HasLogs"),
        ("LogSource", "HasLogs"),
        ("LogDestination", "HasLogs"),
        ("LogDelivery", "HasLogs"),
    ];
    for (resource, condition) in conditions {
        assert_eq!(template["Resources"][resource]["Condition"], condition, "{resource}");
    }
    for parameter in ["Waf", "AccessLogs"] {
        assert_eq!(template["Parameters"][parameter]["Default"], "false", "{parameter}");
    }
    let config = &template["Resources"]["Distribution"]["Properties"]["DistributionConfig"];
    assert_eq!(choice(&config["WebACLId"]).0, "HasWaf");
    let acl = &template["Resources"]["WebAcl"]["Properties"];
    assert_eq!(acl["Scope"], "CLOUDFRONT");
    let rules = acl["Rules"].as_sequence().expect("rules");
    assert_eq!(rules[0]["Statement"]["ManagedRuleGroupStatement"]["Name"], "AWSManagedRulesAmazonIpReputationList");
    let rate = &rules[1]["Statement"]["RateBasedStatement"];
    assert_eq!((reference(&rate["Limit"]), &rate["AggregateKeyType"]), ("CreationsPerAddress", &"IP".into()));
    assert_eq!(rules[1]["Action"]["Block"]["CustomResponse"]["ResponseCode"], 429);

    // Every route that creates links is within the limit.
    let scope = &rate["ScopeDownStatement"]["AndStatement"]["Statements"];
    let strings = |of: &Value| -> Vec<String> {
        let statements = of["OrStatement"]["Statements"].as_sequence().expect("statements").iter();
        statements.map(|one| one["ByteMatchStatement"]["SearchString"].as_str().expect("a text").to_owned()).collect()
    };
    let (methods, paths) = (strings(&scope[0]), strings(&scope[1]));
    for route in ROUTES.iter().filter(|route| matches!(route.endpoint, Endpoint::CreateLink | Endpoint::DeclareLink)) {
        assert!(route.methods.iter().all(|method| methods.iter().any(|other| other == method)), "{route:?}");
        assert!(paths.iter().any(|path| route.pattern.starts_with(path.as_str())), "{route:?}");
    }
}

/// The bucket is private, and the lines in it contain no address and no query.
#[test]
fn logs_are_private() {
    let template = read();
    let bucket = &template["Resources"]["LogBucket"]["Properties"];
    let block = bucket["PublicAccessBlockConfiguration"].as_mapping().expect("a mapping");
    assert!(block.len() == 4 && block.values().all(|value| *value == true));
    let delivery = &template["Resources"]["LogDelivery"]["Properties"];
    let fields = lower(&delivery["RecordFields"]);
    assert!(
        fields.iter().all(|field| !field.contains("ip") && !field.contains("forwarded") && !field.contains("query"))
    );
    assert_eq!(template["Resources"]["LogDestination"]["Properties"]["OutputFormat"], "json");
}

#[test]
fn parameters_have_a_description_and_bounds() {
    for (name, parameter) in read()["Parameters"].as_mapping().expect("parameters") {
        let has = |key: &str| !parameter[key].is_null();
        assert!(has("Description"), "{name:?}");
        assert!(has("AllowedValues") || has("AllowedPattern") || (has("MinValue") && has("MaxValue")), "{name:?}");
    }
}
