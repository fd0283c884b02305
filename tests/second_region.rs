//! What a table in two regions (a DynamoDB global table with eventual consistency) does to links and counts:
//! `crates/capacity/SECOND_REGION.md` describes it.
//!
//! Each region has a service over a table of its own. The copier does what DynamoDB documents: a write is carried out, and
//! its conditions are checked, in its own region; its item arrives whole in the other one some time later; and of two writes
//! of one item, the later one wins everywhere.

use std::collections::{BTreeMap, VecDeque};

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use reqwest::Method;
use serde_json::{Value, json};
use shortlink_core::dynamodb::items::Item;
use shortlink_core::http::handler::Handler;

use crate::support::app::{Response, TestApp, send};
use crate::support::user_agents::FIREFOX;

const HOME: usize = 0;
const AWAY: usize = 1;
const NAMES: [&str; 2] = ["eu-central-1", "us-east-1"];

/// Two regions, and the writes that have not arrived in the other one.
struct Regions {
    apps: [TestApp; 2],
    /// The time of the write whose result each region's item is.
    written_at: [BTreeMap<String, u64>; 2],
    in_transit: VecDeque<(usize, String, Item, u64)>,
    time: u64,
}

impl Regions {
    /// With `visit_regions`, each region counts in items of its own.
    async fn start_with(visit_regions: &str) -> Self {
        let app = |seed, region| {
            let rng = Xoshiro256PlusPlus::seed_from_u64(seed);
            let app = TestApp::builder().env("LINK_CACHE_SECONDS", "0").env("PREVIEW", "full").rng(rng);
            app.env("VISIT_REGIONS", visit_regions).env("AWS_REGION", region).start()
        };
        let written_at = [BTreeMap::new(), BTreeMap::new()];
        let apps = [app(1, NAMES[HOME]).await, app(2, NAMES[AWAY]).await];
        Self { apps, written_at, in_transit: VecDeque::new(), time: 0 }
    }

    async fn start() -> Self {
        Self::start_with("").await
    }

    /// Notes that a region has written an item: the item sets out for the other region.
    async fn wrote(&mut self, region: usize, key: &str) {
        self.time += 1;
        let item = self.apps[region].item(key).await.expect("an item");
        self.written_at[region].insert(key.to_owned(), self.time);
        self.in_transit.push_back((1 - region, key.to_owned(), item, self.time));
    }

    /// All writes arrive.
    async fn deliver(&mut self) {
        while let Some((region, key, item, time)) = self.in_transit.pop_front() {
            if self.written_at[region].get(&key).is_none_or(|own| *own < time) {
                let put = self.apps[region].dynamodb.put_item().table_name("links").set_item(Some(item));
                put.send().await.expect("a put");
                self.written_at[region].insert(key, time);
            }
        }
    }

    async fn create(&mut self, region: usize, body: Value) -> Response {
        let created = send(self.apps[region].create_link(&body)).await;
        assert!(matches!(created.status, 200 | 201), "{created}");
        let code = created.json()["code"].as_str().expect("a code").to_owned();
        self.wrote(region, &code).await;
        created
    }

    /// Follows a link, and counts the visit.
    async fn visit(&mut self, region: usize, code: &str) {
        let app = &self.apps[region];
        assert_eq!(send(app.get(&format!("/{code}")).header("user-agent", FIREFOX)).await.status, 301);
        app.resolve.shutdown().await;
        self.wrote(region, &format!("visits#{code}")).await;
    }

    async fn target(&self, region: usize, code: &str) -> String {
        send(self.apps[region].get(&format!("/{code}"))).await.header("location").to_owned()
    }

    /// Visits of a link in a region that counts in an item of its own.
    async fn visit_apart(&mut self, region: usize, code: &str) {
        let app = &self.apps[region];
        assert_eq!(send(app.get(&format!("/{code}")).header("user-agent", FIREFOX)).await.status, 301);
        app.resolve.shutdown().await;
        let key = if region == HOME { format!("visits#{code}") } else { format!("visits#{code}@{}", NAMES[AWAY]) };
        self.wrote(region, &key).await;
        let month = format!("{key}#2030-01");
        if self.apps[region].item(&month).await.is_some() {
            self.wrote(region, &month).await;
        }
    }

    /// The total and the visits of the last 30 days that a region reports.
    async fn reported(&self, region: usize, code: &str) -> (Value, u64) {
        let preview = send(self.apps[region].get(&format!("/{code}+")).header("accept", "application/json")).await;
        let preview = preview.json();
        let days = preview["days"].as_array().expect("days").iter();
        (preview["visits"].clone(), days.map(|day| day["visits"].as_u64().expect("a number")).sum())
    }

    async fn hits(&self, region: usize, code: &str) -> u64 {
        self.apps[region].number(&format!("visits#{code}"), "hits").await
    }
}

/// Both are told that the alias is theirs, and one of them loses it: this is why links must be created in one region.
#[tokio::test]
async fn an_alias_that_is_created_in_both_regions_is_taken_from_one_creator() {
    let mut regions = Regions::start().await;
    let first = regions.create(HOME, json!({"url": "https://first.example.com/", "alias": "sale"})).await;
    let second = regions.create(AWAY, json!({"url": "https://second.example.com/", "alias": "sale"})).await;
    assert_eq!((first.status, second.status), (201, 201));
    regions.deliver().await;
    for region in [HOME, AWAY] {
        assert_eq!(regions.target(region, "sale").await, "https://second.example.com/");
    }
    // The first creator's token is no longer that of the link.
    let token = first.json()["manage_token"].as_str().expect("a token").to_owned();
    let shown = send(regions.apps[HOME].request(Method::GET, "/links/sale").bearer_auth(token)).await;
    assert_eq!(shown.status, 401, "{shown}");
}

#[tokio::test]
async fn an_alias_that_has_arrived_is_taken() {
    let mut regions = Regions::start().await;
    regions.create(HOME, json!({"url": "https://first.example.com/", "alias": "sale"})).await;
    regions.deliver().await;
    let taken =
        send(regions.apps[AWAY].create_link(&json!({"url": "https://second.example.com/", "alias": "sale"}))).await;
    assert_eq!(taken.status, 409);
    assert_eq!(regions.target(AWAY, "sale").await, "https://first.example.com/");
}

/// Until the link has arrived, the other region does not know it: a link does not work everywhere from its 201 on.
#[tokio::test]
async fn a_new_link_is_unknown_elsewhere_until_it_arrives() {
    let mut regions = Regions::start().await;
    regions.create(HOME, json!({"url": "https://example.com/", "alias": "fresh"})).await;
    assert_eq!(send(regions.apps[AWAY].get("/fresh")).await.status, 404);
    regions.deliver().await;
    assert_eq!(send(regions.apps[AWAY].get("/fresh")).await.status, 301);
}

#[tokio::test]
async fn reuse_in_both_regions_makes_two_links_that_both_work() {
    let mut regions = Regions::start().await;
    let body = json!({"url": "https://example.com/reused", "reuse": true});
    let (first, second) = (regions.create(HOME, body.clone()).await, regions.create(AWAY, body).await);
    assert_eq!((first.status, second.status), (201, 201));
    regions.deliver().await;
    let codes = [first.json()["code"].clone(), second.json()["code"].clone()];
    assert_ne!(codes[0], codes[1]);
    for region in [HOME, AWAY] {
        for code in &codes {
            assert_eq!(regions.target(region, code.as_str().expect("a code")).await, "https://example.com/reused");
        }
    }
}

/// The counts are in an item of their own, so a visit elsewhere cannot bring back what the owner has changed.
#[tokio::test]
async fn visits_in_one_region_do_not_undo_a_change_in_the_other() {
    let mut regions = Regions::start().await;
    let created = regions.create(HOME, json!({"url": "https://old.example.com/", "alias": "mine"})).await;
    regions.deliver().await;
    let token = created.json()["manage_token"].as_str().expect("a token").to_owned();
    let change = json!({"url": "https://new.example.com/"}).to_string();
    let changed = send(regions.apps[HOME].request(Method::PATCH, "/links/mine").bearer_auth(&token).body(change)).await;
    assert_eq!(changed.status, 200, "{changed}");
    regions.wrote(HOME, "mine").await;
    regions.visit(AWAY, "mine").await; // later than the change, which has not arrived yet
    regions.deliver().await;
    for region in [HOME, AWAY] {
        assert_eq!(regions.target(region, "mine").await, "https://new.example.com/");
        assert_eq!(regions.hits(region, "mine").await, 1);
    }
}

/// The layout of the counts does not survive a second region that counts, too: the item of one region replaces that of the
/// other, with all of its visits. It would need the region in its key.
#[tokio::test]
async fn visits_counted_in_both_regions_are_lost() {
    let mut regions = Regions::start().await;
    regions.create(HOME, json!({"url": "https://example.com/", "alias": "busy"})).await;
    regions.deliver().await;
    for _ in 0..7 {
        regions.visit(HOME, "busy").await;
    }
    for _ in 0..3 {
        regions.visit(AWAY, "busy").await;
    }
    regions.deliver().await;
    assert_eq!([regions.hits(HOME, "busy").await, regions.hits(AWAY, "busy").await], [3, 3], "of ten visits");
}

/// With `VISITS=off` away from home, as the page recommends, every visit at home stays.
#[tokio::test]
async fn visits_counted_in_one_region_survive() {
    let mut regions = Regions::start().await;
    regions.create(HOME, json!({"url": "https://example.com/", "alias": "busy"})).await;
    regions.deliver().await;
    for _ in 0..7 {
        regions.visit(HOME, "busy").await;
        regions.deliver().await;
    }
    assert_eq!([regions.hits(HOME, "busy").await, regions.hits(AWAY, "busy").await], [7, 7]);
}

/// With `VISIT_REGIONS`, each region counts in items of its own, also when a month has ended, and both report all visits. A
/// change of the link's expiry in one region keeps the counts of both.
#[tokio::test]
async fn visits_counted_apart_in_both_regions_survive() {
    let mut regions = Regions::start_with("eu-central-1,us-east-1").await;
    let created = regions.create(HOME, json!({"url": "https://example.com/", "alias": "busy"})).await;
    regions.deliver().await;
    for _ in 0..7 {
        regions.visit_apart(HOME, "busy").await;
        regions.visit_apart(AWAY, "busy").await;
    }
    regions.deliver().await;
    for region in [HOME, AWAY] {
        assert_eq!(regions.reported(region, "busy").await, (json!(14), 14));
    }
    // The next month begins.
    for app in &regions.apps {
        app.advance_clock(31 * 86_400);
    }
    for _ in 0..3 {
        regions.visit_apart(AWAY, "busy").await;
        regions.visit_apart(HOME, "busy").await;
    }
    regions.deliver().await;
    for region in [HOME, AWAY] {
        assert_eq!(regions.reported(region, "busy").await, (json!(20), 6), "the first month is over 30 days ago");
    }

    let token = created.json()["manage_token"].as_str().expect("a token").to_owned();
    let never = regions.apps[HOME].request(Method::PATCH, "/links/busy").bearer_auth(token);
    let in_a_year =
        never.header("content-type", "application/json").body(json!({"expires_in": 31_536_000}).to_string());
    assert_eq!(send(in_a_year).await.status, 200);
    let ends = ["visits#busy".to_owned(), format!("visits#busy@{}", NAMES[AWAY])];
    let link = regions.apps[HOME].item("busy").await.expect("a link");
    for key in ends {
        let item = regions.apps[HOME].item(&key).await.expect("counts");
        assert_eq!(item.get("purgeAt"), link.get("purgeAt"), "{key}");
    }
}
