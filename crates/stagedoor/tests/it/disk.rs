//! The real server on a disk that is full, and on one that does not flush. On PostgreSQL both are the
//! database's to bear.

use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use serde_json::{Value, json};
use testkit::{Client, Server};

use crate::box_office::{CHEAP, House, hold_two, pay};

/// What stands between the server and the disk.
struct Shim {
    folder: tempfile::TempDir,
}

impl Shim {
    fn new() -> Self {
        let shim = Shim { folder: tempfile::tempdir().unwrap() };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/disk/refuse.c");
        let built = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(shim.library()).arg(source).output();
        let built = built.expect("there is a C compiler, as for building the server");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        shim
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("refuse.so")
    }

    /// A server that goes through it.
    async fn serve(&self, house: &House) -> Server {
        let change = |command: &mut tokio::process::Command| {
            command.env("LD_PRELOAD", self.library()).env("TEST_UNFLUSHED", self.folder.path().join("unflushed"));
        };
        house.place.serve_with(&[CHEAP], change).await
    }

    /// From now on nothing is flushed of files whose path contains `part`.
    fn refuse(&self, part: &str) {
        // Whole from the first moment, for it may be read at any.
        std::fs::write(self.folder.path().join("draft"), part).unwrap();
        std::fs::rename(self.folder.path().join("draft"), self.folder.path().join("unflushed")).unwrap();
    }
}

async fn status_of(client: &mut Client, hold: &Value) -> Value {
    let path = format!("/api/v1/holds/{}", hold["id"].as_str().unwrap());
    client.get(&path).await.unwrap().expect(200).json()["status"].clone()
}

async fn a_flush_fails(part: &str, change: impl AsyncFnOnce(&mut Client, &Value)) {
    let house = House::new().await;
    if house.place.database_url().is_some() {
        return;
    }
    let shim = Shim::new();
    let server = shim.serve(&house).await;
    let event = house.event("Paper Whale");
    let mut fan = house.signed_in(&server, "fan", None).await;
    let bought = hold_two(&mut fan, event).await;
    let order = pay(&mut fan, &bought, "before").await;
    let held = hold_two(&mut fan, event).await;

    shim.refuse(part);
    change(&mut fan, event).await;
    let log = house.place.data().join("../server.log");
    let ended = server.ended().await;
    assert!(!ended.success(), "{ended}");
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("the disk did not flush") && log.contains("ending at once"), "{log}");

    let server = house.serve().await;
    let mut fan = house.signed_in(&server, "fan", None).await;
    let path = format!("/api/v1/orders/{}", order["id"].as_str().unwrap());
    assert_eq!(fan.get(&path).await.unwrap().expect(200).json(), order);
    assert_eq!(status_of(&mut fan, &held).await, "held");
    assert_eq!(pay(&mut fan, &held, "after").await["status"], "completed");
    assert!(server.stop().await.success());
    let (code, report) = house.verify().await;
    assert_eq!((code, &report["onTheirWay"]), (Some(0), &json!(0)), "{report}");
}

#[tokio::test]
async fn a_server_whose_journal_is_not_flushed_ends_and_the_next_one_has_all_that_was_answered() {
    a_flush_fails("journal-0", async |fan, event| {
        let path = format!("/api/v1/events/{}/holds", event["id"].as_str().unwrap());
        let wish = json!({ "bestAvailable": { "quantity": 1 } });
        let answer = fan.post(&path, None, &wish).await;
        assert!(answer.as_ref().map_or(true, |answer| answer.status == 503), "{:?}", answer.map(|it| it.status));
    })
    .await;
}

#[tokio::test]
async fn a_server_whose_database_is_not_flushed_ends_and_the_next_one_has_all_that_was_answered() {
    a_flush_fails("stagedoor.db", async |fan, _| {
        let new = json!({ "email": "ben@fans.example", "password": "an old mill by the sea", "name": "Ben" });
        let answer = fan.post("/api/v1/auth/register", None, &new).await;
        assert!(answer.is_err(), "nobody can have answered: {}", answer.map_or(0, |answer| answer.status));
    })
    .await;
}

/// No file grows beyond so many bytes; `None`: there is room again.
fn limit_files(server: Pid, bytes: Option<u64>) {
    // Both processes have the same hard limit.
    let maximum = getrlimit(Resource::Fsize).maximum;
    prlimit(Some(server), Resource::Fsize, Rlimit { current: bytes.or(maximum), maximum }).unwrap();
}

async fn becomes(server: &Server, status: u16, says: &str) {
    for _ in 0..600 {
        let answer = server.client().get("/readyz").await.unwrap();
        if (answer.status, &answer.json()["status"]) == (status, &json!(says)) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("never {status} {says}\n{}", server.log());
}

#[tokio::test]
async fn a_server_on_a_full_disk_sells_nothing_and_goes_on_when_there_is_room() {
    let house = House::new().await;
    if house.place.database_url().is_some() {
        return;
    }
    let server = Shim::new().serve(&house).await;
    let event = house.event("Paper Whale");
    let mut fan = house.signed_in(&server, "fan", None).await;
    let held = hold_two(&mut fan, event).await;
    let path = format!("/api/v1/events/{}/holds", event["id"].as_str().unwrap());
    let wish = json!({ "bestAvailable": { "quantity": 1 } });

    let log = std::fs::metadata(house.place.data().join("journal-0.db-wal")).unwrap().len();
    limit_files(server.pid(), Some(log));
    for _ in 0..2 {
        let refused = fan.post(&path, Some("once"), &wish).await.unwrap().expect(503);
        assert_eq!(refused.json()["error"]["code"], "unavailable");
        becomes(&server, 503, "seats_recovering").await;
    }
    let availability = format!("/api/v1/events/{}/availability", event["id"].as_str().unwrap());
    server.client().get(&availability).await.unwrap().expect(200);

    limit_files(server.pid(), None);
    becomes(&server, 200, "ready").await;
    let hold = fan.post(&path, Some("once"), &wish).await.unwrap().expect(201).json();
    assert_eq!(fan.post(&path, Some("once"), &wish).await.unwrap().expect(201).json()["id"], hold["id"]);
    assert_eq!(status_of(&mut fan, &held).await, "held");
    assert_eq!(pay(&mut fan, &held, "after").await["status"], "completed");
    assert!(server.stop().await.success());
    assert_eq!(house.verify().await.0, Some(0));
}
