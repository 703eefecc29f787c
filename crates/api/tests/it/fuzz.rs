//! The API fuzzer over the committed description, with all its checks, against a real server.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::process::Command;

use crate::app::{TestApp, Wish};
use crate::caller::Caller;

/// Requests an operation and phase. More find more; these take a few minutes.
const EXAMPLES: &str = "30";
/// The same run every time.
const SEED: &str = "1";

/// Where `scripts/setup.sh test` puts the programs that tests call.
fn program(name: &str) -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cache")));
    let found = cache.expect("someone runs the tests, from a home").join("stagedoor/venv/bin").join(name);
    assert!(found.exists(), "{} is not there: scripts/setup.sh test", found.display());
    found
}

/// Lets the fuzzer loose as `who`; panics with what it found.
async fn fuzz(app: &TestApp, who: &Caller, ids: &[(&str, &str)], left_out: &[&str]) {
    let address = app.serve();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(program("st"));
    command
        .arg("--config-file")
        .arg(here.join("tests/schemathesis.toml"))
        .arg("--no-color")
        .arg("run")
        .arg(here.join("../../docs/openapi.json"))
        .args(["--url", &format!("http://{address}")])
        .args(["--header", &format!("Authorization: Bearer {}", who.token())])
        .args(["--checks", "all", "--max-examples", EXAMPLES, "--seed", SEED, "--continue-on-failure"])
        // One: parsing in two threads at once fails in some releases of CPython 3.11 (AST constructor
        // recursion depth mismatch), which the fuzzer does where lambdas are described.
        // How long an answer takes is no question for a test; that none comes at all is.
        .args(["--max-response-time", "3600", "--workers", "1", "--request-timeout", "120"])
        .args(left_out.iter().flat_map(|id| ["--exclude-operation-id", id]))
        .envs(ids.iter().map(|(name, id)| (format!("STAGEDOOR_FUZZ_{name}"), id)))
        .current_dir(app.db.folder.path())
        .kill_on_drop(true);
    let output = command.output().await.expect("the fuzzer runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    // Its summary: how much was done.
    said.lines().rev().take(12).collect::<Vec<_>>().iter().rev().for_each(|line| println!("{line}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_found_by_a_fan() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann) = (app.event_on_sale().await, app.fan("ann").await);
    let order = ann.bought(&event.id, &["S-A-1", "S-A-2", "S-A-3"]).await;
    let ids = ids(&[
        ("EVENT", &event.id.clone().into()),
        ("ORG", &event.organizer.clone().into()),
        ("VENUE", &event.venue.clone().into()),
        ("ORDER", &order["id"]),
        ("TICKET", &order["tickets"][2]["id"]),
        ("HOLD", &ann.held(&event.id, &["S-A-4"]).await.into()),
        ("USER", &ann.id.clone().into()),
    ]);
    // Erasing oneself would end every request after it.
    fuzz(&app, &ann, &borrowed(&ids), &["delete_me"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_found_by_an_owner() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, house) = (app.event_on_sale().await, app.aurora().await);
    let (owner, eve) = (&house.owner, app.verified("eve").await);
    let order = owner.bought(&event.id, &["S-A-1", "S-A-2", "S-A-3"]).await;
    app.joins(&house, &eve, identity::Role::Viewer).await;
    let ids = ids(&[
        ("EVENT", &event.id.clone().into()),
        ("ORG", &event.organizer.clone().into()),
        ("VENUE", &event.venue.clone().into()),
        ("ORDER", &order["id"]),
        ("TICKET", &order["tickets"][2]["id"]),
        ("HOLD", &owner.held(&event.id, &["S-A-4"]).await.into()),
        ("USER", &eve.id.into()),
    ]);
    fuzz(&app, owner, &borrowed(&ids), &[]).await;
}

fn ids(ids: &[(&'static str, &Value)]) -> Vec<(&'static str, String)> {
    ids.iter().map(|(name, id)| (*name, id.as_str().expect("ids are texts").to_owned())).collect()
}

fn borrowed<'a>(ids: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    ids.iter().map(|(name, id)| (*name, id.as_str())).collect()
}

#[tokio::test]
async fn the_metrics_are_what_their_readers_expect() {
    let app = TestApp::new().await;
    let (event, ann) = (app.event_on_sale().await, app.fan("ann").await);
    ann.bought(&event.id, &["S-A-1"]).await;
    app.nobody().get("/nowhere").await.expect(404);
    for method in ["BREW", "PROPFIN", "MKCALENDAR"] {
        app.nobody().call(method.parse().unwrap(), "/nowhere", Value::Null).await.expect(404);
    }
    let answer = app.nobody().get("/metrics").await.expect(200);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = answer.text();
    for wanted in [
        "stagedoor_http_requests_total{route=\"/api/v1/orders\",method=\"POST\",status=\"201\"}",
        "stagedoor_http_requests_total{route=\"unmatched\",method=\"GET\",status=\"404\"}",
        "stagedoor_http_requests_total{route=\"unmatched\",method=\"other\",status=\"404\"}",
        "stagedoor_journal_facts_total",
        "stagedoor_events_loaded",
    ] {
        assert!(text.contains(wanted), "{wanted} is not in\n{text}");
    }
    assert!(!text.contains(&event.id) && !text.contains(&ann.id), "labels never hold ids");
    assert!(!text.contains("BREW") && !text.contains("PROPFIN"), "nor what clients make up");
    let file = app.db.folder.path().join("metrics.txt");
    std::fs::write(&file, &text).unwrap();
    let stdin = std::fs::File::open(&file).unwrap();
    let checked = Command::new("promtool").args(["check", "metrics"]).stdin(stdin).output().await;
    let checked = checked.expect("promtool is installed: scripts/setup.sh test");
    let told = format!("{}{}", String::from_utf8_lossy(&checked.stdout), String::from_utf8_lossy(&checked.stderr));
    assert!(checked.status.success() && told.trim().is_empty(), "{told}\n{text}");
}
