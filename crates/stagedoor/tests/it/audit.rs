//! `stagedoor audit`: what an operator does with the audit log.

use serde_json::{Value, json};
use stagedoor_core::{Env, OrganizerId};
use store::audit::Entry;
use store::{Keyring, MasterKey, Store};
use testkit::{Installation, Server};

const PASSWORD: &str = "an old mill by the sea";

/// Someone with an organizer called so; gives the organizer's id.
async fn organizer(server: &Server, name: &str) -> String {
    let new = json!({ "email": format!("{name}@example.org"), "password": PASSWORD, "name": name });
    let signed_in = server.client().post("/api/v1/auth/register", None, &new).await.unwrap().expect(201).json();
    let mut owner = server.client().signed_in(signed_in["accessToken"].as_str().unwrap());
    let house = json!({ "name": name });
    let made = owner.post("/api/v1/organizers", None, &house).await.unwrap().expect(201).json();
    made["id"].as_str().unwrap().to_owned()
}

async fn database(place: &Installation) -> Store {
    let file = format!("sqlite:{}", place.data().join("stagedoor.db").display());
    Store::open(place.database_url().unwrap_or(&file), Env::system()).await.unwrap()
}

#[tokio::test]
async fn a_checkpoint_kept_elsewhere_finds_what_was_cut_off_since() {
    let place = Installation::new().await;
    let server = place.serve(&["--password-memory-kib", "8"]).await;
    let house = organizer(&server, "mill").await;
    let printed = place.run(&["audit", "checkpoint"]).await;
    let kept = place.data().join("checkpoints.jsonl");
    std::fs::write(&kept, &printed).unwrap();
    let kept = kept.to_str().unwrap();
    assert_eq!(printed.lines().count(), 2, "{printed}");
    assert!(printed.contains(&house) && printed.contains("platform"), "{printed}");
    // Beside the server, and after a restart.
    place.run(&["audit", "verify", "--checkpoint", kept]).await;
    assert!(server.stop().await.success());
    let server = place.serve(&["--password-memory-kib", "8"]).await;
    organizer(&server, "another").await;
    let said = place.run(&["audit", "verify", "--checkpoint", kept]).await;
    assert!(said.contains("the audit log is as it was written"), "{said}");

    let store = database(&place).await;
    let tx = store.begin_write().await.unwrap();
    match tx.backend() {
        store::Backend::Sqlite => tx.execute("DROP TRIGGER audit_entry_no_delete", ()).await.unwrap(),
        store::Backend::Postgres => {
            tx.execute("DROP TRIGGER audit_entry_append_only ON audit_entry", ()).await.unwrap()
        }
    };
    let gone = "chain = (SELECT chain FROM audit_entry WHERE subject = $1)";
    tx.execute(&format!("DELETE FROM audit_head WHERE {gone}"), (&house,)).await.unwrap();
    tx.execute("DELETE FROM audit_entry WHERE subject = $1", (&house,)).await.unwrap();
    tx.commit().await.unwrap();
    store.close().await.unwrap();
    let output = place.output(&["audit", "verify", "--checkpoint", kept]).await;
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("{house}: a checkpoint knows entry 1, but the chain ends with 0")), "{said}");
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn a_log_is_exported_for_people_and_for_programs() {
    let place = Installation::new().await;
    let server = place.serve(&["--password-memory-kib", "8"]).await;
    let house = organizer(&server, "mill").await;
    place.run(&["fees", "set", &house, "--basis-points", "500"]).await;
    let lines = place.run(&["audit", "export", &house]).await;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said = |name: &str| lines.iter().map(|line| line[name].as_str().unwrap_or_default()).collect::<Vec<_>>();
    // That it was exported stands in the log before it is.
    assert_eq!(said("action"), ["organizer.create", "fees.set", "audit.export"]);
    assert_eq!(said("actor")[1..], ["operator", "operator"]);
    assert_eq!(lines[0]["address"], "127.0.0.1");
    assert_eq!(lines[0]["after"]["name"], "mill");
    let one = ["audit", "export", &house, "--action", "fees.set", "--format", "csv"];
    let table = place.run(&one).await;
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!(rows.len(), 2, "{table}");
    assert!(rows[0].starts_with("\"sequence\",\"at\",\"actor\"") && rows[1].contains("\"fees.set\""), "{table}");
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn the_platforms_log_is_read_and_checked_like_any_other() {
    let place = Installation::new().await;
    let server = place.serve(&["--password-memory-kib", "8"]).await;
    let house = organizer(&server, "mill").await;
    let platform = place.run(&["audit", "export", "platform"]).await;
    assert!(platform.contains("account.register") && !platform.contains("organizer.create"), "{platform}");
    let said = place.run(&["audit", "verify", "--only", "platform"]).await;
    assert!(said.contains("in 1 logs") && said.contains("as it was written"), "{said}");
    // A denial that the server counted and had no time to write is written when it ends.
    for _ in 0..3 {
        let forged = server.client().signed_in("not a token").get("/api/v1/me").await.unwrap();
        forged.expect(401);
    }
    let hold = "/api/v1/events/evt_01h455vb4pex5vsknk084sn02q/holds";
    let mut forger = server.client().signed_in("not a token");
    forger.post(hold, None, &json!({ "seats": ["S-A-1"] })).await.unwrap().expect(401);
    assert!(server.stop().await.success());
    let denied = place.run(&["audit", "export", "platform", "--result", "denied"]).await;
    let denied: Vec<Value> = denied.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(denied.len(), 3, "{denied:?}");
    assert_eq!(denied[0]["after"]["code"], "invalid_token");
    assert_eq!(denied[1]["after"]["route"], "/api/v1/events/{event}/holds");
    assert_eq!(denied[2]["after"], json!({ "invalid_token": 2 }));
    let other = place.output(&["audit", "export", "a house"]).await;
    assert_eq!(other.status.code(), Some(2), "{other:?}");
    assert!(!place.run(&["audit", "export", &house]).await.contains("account.register"));
}

#[tokio::test]
async fn an_export_has_every_entry_however_long_the_log_is() {
    let place = Installation::new().await;
    assert!(place.serve(&[]).await.stop().await.success());
    let store = database(&place).await;
    let key = std::fs::read_to_string(place.data().join("master.key")).unwrap();
    let digits = |at: usize| u8::from_str_radix(&key[2 * at..2 * at + 2], 16).unwrap();
    let tx = store.begin_write().await.unwrap();
    let keyring = Keyring::open(&tx, &MasterKey::new(std::array::from_fn(digits)), false).await.unwrap();
    drop(tx);
    let store = store.with_keyring(&keyring);
    let tx = store.begin_write().await.unwrap();
    let house: OrganizerId = store.env().id();
    for number in 0..2_345 {
        tx.audit(Entry::new(house, "event.update", number).after(json!({ "number": number })));
    }
    tx.commit().await.unwrap();
    store.close().await.unwrap();
    let lines = place.run(&["audit", "export", &house.to_string()]).await;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let numbers: Vec<u64> = lines.iter().map(|line| line["sequence"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=2_346).collect::<Vec<_>>());
    assert_eq!(lines[2_344]["after"]["number"], 2_344);
    let table = place.run(&["audit", "export", &house.to_string(), "--format", "csv"]).await;
    assert_eq!(table.lines().count(), 1 + 2_347, "the head, the entries, and the exports themselves");
}
