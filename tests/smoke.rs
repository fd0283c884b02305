//! `shortlink smoke`, against `shortlink serve`.

use serde_json::Value;

use crate::support::operator::{Run, run};
use crate::support::server::{Server, command};

async fn serve(variables: &[(&str, &str)], arguments: &[&str]) -> Server {
    let mut command = command(&[&["--listen", "127.0.0.1:0"], arguments].concat());
    // A withdrawn link is over at once.
    Server::start(command.env("LINK_CACHE_SECONDS", "0").envs(variables.iter().copied())).await
}

async fn smoke(server: &Server, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
    run(&[&["smoke", &format!("http://{}", server.address)], arguments].concat(), variables).await
}

/// The steps with their results.
fn steps(run: &Run) -> Vec<(String, bool)> {
    let document: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
    let steps = document["steps"].as_array().expect("steps").iter();
    let steps = steps.map(|step| (step["step"].as_str().expect("a name").to_owned(), step["ok"] == true));
    steps.collect()
}

const ALL: [&str; 7] = ["create", "follow", "preview", "QR SVG", "QR PNG", "withdraw", "ended"];

#[tokio::test]
async fn service_that_works_passes_all_steps() {
    for variables in [&[][..], &[("PREVIEW", "off")], &[("EXPIRES_IN_MIN", "3600")]] {
        let server = serve(variables, &["--data", "memory"]).await;
        let json = smoke(&server, &["--json"], &[]).await;
        assert_eq!(steps(&json), ALL.map(|name| (name.to_owned(), true)), "{json:?}");
        assert_eq!(json.code, Some(0));
    }
    let server = serve(&[], &["--data", "memory"]).await;
    let people = smoke(&server, &[], &[]).await.ok();
    assert!(people.lines().all(|line| line.starts_with("ok") && line.contains(" ms ")), "{people}");
}

#[tokio::test]
async fn closed_door_needs_a_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("links.db");
    let data = data.to_str().expect("UTF-8");
    let key = async |name: &str, scope: &str| {
        run(&["keys", "create", name, "--owner", "o", "--scope", scope, "--data", data], &[])
            .await
            .ok()
            .trim()
            .to_owned()
    };
    let (own, create) = (key("a", "own").await, key("b", "create").await);
    let server = serve(&[("DOOR", "key")], &["--data", data]).await;
    let refused = smoke(&server, &[], &[]).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.stdout.starts_with("FAIL  create") && refused.stdout.contains("SHORTLINK_KEY"), "{refused:?}");
    let by_variable = smoke(&server, &["--json"], &[("SHORTLINK_KEY", &own)]).await;
    assert_eq!(steps(&by_variable), ALL.map(|name| (name.to_owned(), true)), "{by_variable:?}");
    let by_option = smoke(&server, &["--json", "--key", &create], &[]).await;
    assert_eq!(by_option.code, Some(0), "it may not withdraw the link, which expires: {by_option:?}");
    assert_eq!(steps(&by_option).len(), 6);
    let help = run(&["smoke", "--help"], &[("SHORTLINK_KEY", &own)]).await.ok();
    assert!(!help.contains(&own), "{help}");
}

#[tokio::test]
async fn step_that_fails_ends_with_1() {
    // The service says that it is elsewhere.
    let server = serve(&[("BASE_URL", "https://sho.rt")], &["--data", "memory"]).await;
    let run_elsewhere = smoke(&server, &["--json"], &[]).await;
    assert_eq!(run_elsewhere.code, Some(1));
    assert_eq!(steps(&run_elsewhere)[0], ("create".to_owned(), false), "{run_elsewhere:?}");
    // A name below localhost is this machine, also where the resolver does not know it.
    let port = server.address.rsplit(':').next().expect("a port");
    let below = run(&["smoke", &format!("http://links.localhost:{port}"), "--json"], &[]).await;
    assert!(steps(&below)[1..].iter().all(|(_, ok)| *ok) && steps(&below).len() == ALL.len(), "{below:?}");
    let nobody = run(&["smoke", "http://127.0.0.1:1"], &[]).await;
    assert!(nobody.code == Some(1) && nobody.stdout.starts_with("FAIL  create"), "{nobody:?}");
    assert_eq!(run(&["smoke", "sho.rt"], &[]).await.code, Some(2));
}
