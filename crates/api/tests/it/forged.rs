//! Forged access tokens, made by a library that we did not write, shown wherever a token is taken: to the
//! router, to the lane for holds and on a live seat map.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::app::{TestApp, Wish};
use crate::caller::{Caller, PASSWORD};
use crate::lane::{Heard, Line, hold_of, request};
use crate::live::Viewer;

fn part(token: &str, index: usize) -> Value {
    let text = token.split('.').nth(index).expect("a token has three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

/// What `tests/py/forged_tokens.py` makes, in the environment of `scripts/setup.sh test`.
async fn forged(app: &TestApp, ann: &Caller) -> Vec<(String, String)> {
    let ended = ann.signed_in_again().await;
    let given = json!({
        "seed": hex(&app.db.keyring.derive("identity/jwt/v1")), "other": hex(&[7; 32]),
        "header": part(ann.token(), 0), "claims": part(ann.token(), 1), "now": app.db.env.now().seconds(),
        "ended": part(ended.token(), 1)["sid"],
        "words": {
            "a refresh token": ann.refresh_token, "a password": PASSWORD, "the token of an ended session": ended.token(),
            "an API key that nobody made": format!("sk_{}", "a".repeat(43)),
        },
    });
    ended.post("/auth/logout", json!({ "refreshToken": ended.refresh_token })).await.expect(204);
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cache")));
    let python = cache.expect("someone runs the tests, from a home").join("stagedoor/venv/bin/python");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/py/forged_tokens.py");
    let mut program = Command::new(python);
    program.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut running = program.spawn().expect("the program starts: scripts/setup.sh test");
    running.stdin.take().unwrap().write_all(given.to_string().as_bytes()).await.unwrap();
    let done = running.wait_with_output().await.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).expect("a list of names and tokens")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A refusal in our own shape, that says what it is and nothing of why.
#[track_caller]
fn check_refused(name: &str, heard: &Heard) {
    assert_eq!(heard.code(), 401, "{name}: {heard:?}");
    let error = &heard.json()["error"];
    assert_eq!(error["code"], "invalid_token", "{name}: {heard:?}");
    assert_eq!(error["message"], "the access token is not valid", "{name}: {heard:?}");
    assert_eq!(error["requestId"], heard.headers["x-request-id"], "{name}");
    assert_eq!(error["details"], json!({}), "{name}: {heard:?}");
    assert!(heard.headers["www-authenticate"].starts_with("Bearer"), "{name}: {heard:?}");
    assert_eq!(heard.headers["cache-control"], "no-store", "{name}");
}

#[tokio::test]
async fn no_forged_token_opens_anything() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann, address) = (app.event_on_sale().await, app.fan("ann").await, app.serve());
    let tokens = forged(&app, &ann).await;
    let (_, good) = &tokens[0];
    let me = |token: &str| request("GET", "/api/v1/me", &format!("Authorization: Bearer {token}\r\n"), "");

    // Made in the same way as all others: whoever refuses it would refuse anything.
    let mut line = Line::open(address).await;
    assert_eq!(line.ask(me(good).as_bytes()).await.code(), 200);
    assert_eq!(line.ask(hold_of(&event, good, 0).as_bytes()).await.code(), 201);
    let mut viewer = Viewer::watch(address, &event, "").await;
    assert_eq!(viewer.sign_in(&ann.with_token(good)).await["user"], ann.id);

    // Another socket: this one has just signed in, and would be told to wait.
    let mut viewer = Viewer::watch(address, &event, "").await;
    for (name, token) in &tokens[1..] {
        check_refused(name, &line.ask(me(token).as_bytes()).await);
        check_refused(name, &line.ask(hold_of(&event, token, 1).as_bytes()).await);
        let told = viewer.sign_in(&ann.with_token(token)).await;
        assert_eq!(told, json!({ "type": "error", "code": "invalid_token" }), "{name}");
    }
    let count = tokens.len() - 1;
    println!("{count} kinds of forged tokens, each shown to the router, to the lane and on a live map");
    assert!(count >= 150, "{count}");
    // None of them has put anything in the way of the good one, or taken a seat.
    assert_eq!(line.ask(me(good).as_bytes()).await.code(), 200);
    assert_eq!(viewer.sign_in(&ann).await["type"], "auth");
    assert_eq!(viewer.status(&crate::maps::seat_id(1)), 0);
}
