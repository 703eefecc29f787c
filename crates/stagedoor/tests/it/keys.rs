//! `stagedoor keys`, and where the master key comes from.

use serde_json::{Value, json};
use testkit::Installation;

const CHEAP: &str = "--password-memory-kib=8";

/// Signs in as someone of the demo world.
async fn sign_in(place: &Installation, world: &Value, arguments: &[&str]) {
    let server = place.serve(arguments).await;
    let account = &world["accounts"][0];
    let body = json!({ "email": account["email"], "password": account["password"] });
    let answer = server.client().post("/api/v1/auth/login", None, &body).await.unwrap().expect(200);
    assert_eq!(answer.json()["user"]["email"], account["email"]);
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn keys_change_and_everyone_still_signs_in() {
    let place = Installation::new().await;
    let world: Value = serde_json::from_str(&place.run(&["demo", CHEAP]).await).unwrap();
    let people = world["accounts"].as_array().unwrap().len();
    let roots = async || {
        let listed = place.run(&["keys", "list"]).await;
        let line = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            (words[0].parse::<u32>().unwrap(), words[2].parse::<usize>().unwrap())
        };
        listed.lines().filter(|line| !line.starts_with("signing")).map(line).collect::<Vec<_>>()
    };
    assert_eq!(roots().await, [(1, people)]);
    let said = place.run(&["keys", "rotate"]).await;
    assert!(said.contains("root key 2") && said.contains(&format!("{people} people")), "{said}");
    assert_eq!(roots().await, [(1, 0), (2, people)]);
    sign_in(&place, &world, &[CHEAP]).await;

    let new = place.data().join("new.key");
    std::fs::write(&new, "5e".repeat(32)).unwrap();
    let new = new.to_str().unwrap();
    place.run(&["keys", "rewrap", "--new-master-key-file", new]).await;
    let refused = place.output(&["keys", "list"]).await;
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("master key"), "{said}");
    sign_in(&place, &world, &[CHEAP, "--master-key-file", new]).await;
    let command = format!("cat '{new}'");
    sign_in(&place, &world, &[CHEAP, "--master-key-command", &command]).await;
}

#[tokio::test]
async fn keys_do_not_change_under_a_server_that_runs() {
    let place = Installation::new().await;
    let server = place.serve(&[]).await;
    for command in [&["keys", "rotate"][..], &["keys", "rewrap", "--new-master-key-command", "echo"]] {
        let refused = place.output(command).await;
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && said.contains("is using"), "{command:?}: {said}");
    }
    place.run(&["keys", "list"]).await;
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn a_new_master_key_that_is_none_changes_nothing() {
    let place = Installation::new().await;
    place.run(&["demo", CHEAP]).await;
    for wrong in ["echo short", "exit 1"] {
        let refused = place.output(&["keys", "rewrap", "--new-master-key-command", wrong]).await;
        assert!(!refused.status.success(), "{wrong}");
    }
    place.run(&["keys", "list"]).await;
}

#[tokio::test]
async fn what_signs_is_replaced_and_what_was_signed_before_is_still_good() {
    let place = Installation::new().await;
    let world: Value = serde_json::from_str(&place.run(&["demo", CHEAP]).await).unwrap();
    let account = &world["accounts"][0];
    let body = json!({ "email": account["email"], "password": account["password"] });
    let server = place.serve(&[CHEAP]).await;
    let before = server.client().post("/api/v1/auth/login", None, &body).await.unwrap().expect(200).json();
    assert!(server.stop().await.success());
    let kept = place.run(&["audit", "checkpoint"]).await;
    let file = place.data().join("kept.jsonl");
    std::fs::write(&file, &kept).unwrap();

    let said = place.run(&["keys", "rotate", "--signing"]).await;
    assert!(said.contains("signing key 2"), "{said}");
    let server = place.serve(&[CHEAP]).await;
    let mut client = server.client().signed_in(before["accessToken"].as_str().unwrap());
    client.get("/api/v1/me").await.unwrap().expect(200);
    let keys = client.get("/.well-known/jwks.json").await.unwrap().expect(200).json();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2, "{keys}");
    let refresh = json!({ "refreshToken": before["refreshToken"] });
    let after = client.post("/api/v1/auth/refresh", None, &refresh).await.unwrap().expect(200).json();
    let kid = |token: &Value| token.as_str().unwrap().split('.').next().unwrap().to_owned();
    assert_ne!(kid(&before["accessToken"]), kid(&after["accessToken"]));
    assert!(server.stop().await.success());
    place.run(&["audit", "verify", "--checkpoint", file.to_str().unwrap()]).await;

    let said = place.run(&["keys", "rotate", "--signing", "--disown"]).await;
    assert!(said.contains("sign in again"), "{said}");
    let server = place.serve(&[CHEAP]).await;
    let mut client = server.client().signed_in(after["accessToken"].as_str().unwrap());
    client.get("/api/v1/me").await.unwrap().expect(401);
    let refresh = json!({ "refreshToken": after["refreshToken"] });
    client.post("/api/v1/auth/refresh", None, &refresh).await.unwrap().expect(401);
    assert!(server.stop().await.success());
    place.run(&["audit", "verify", "--checkpoint", file.to_str().unwrap()]).await;
    sign_in(&place, &world, &[CHEAP]).await;
    let listed = place.run(&["keys", "list"]).await;
    let signing = listed.lines().filter(|line| line.starts_with("signing"));
    assert_eq!(signing.filter(|line| line.contains("disowned")).count(), 2, "{listed}");
}
