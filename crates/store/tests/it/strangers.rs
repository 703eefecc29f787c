//! Where strangers came from can be read for a time, and the log is whole for ever.

use std::time::Duration;

use serde_json::json;
use stagedoor_core::UserId;
use store::audit::{
    Chain, Checkpoint, Entry, Filter, Opened, Outcome, Record, checkpoint_moved, forget_strangers, latest_checkpoints,
    verify,
};
use store::{Actor, Origin, Store};
use testkit::TestStore;
use uuid::Uuid;

const ANN: UserId = UserId(Uuid::from_u128(1));
const DAY: Duration = Duration::from_secs(24 * 3_600);

async fn refused(store: &Store, address: &str) {
    let by = Origin { agent: Some("Secret Browser 9".into()), ..Origin::address(address.parse().unwrap()) };
    let tx = store.begin_write_for(&by).await.unwrap();
    let entry = Entry::new(Chain::Platform, "request", "platform").result(Outcome::Denied);
    tx.audit(entry.after(json!({ "code": "not_signed_in" })));
    tx.commit().await.unwrap();
}

async fn all(db: &TestStore) -> Vec<Record> {
    db.audit_log(Chain::Platform, &Filter::default()).await
}

async fn checkpoints(db: &Store) -> Vec<Checkpoint> {
    checkpoint_moved(db).await.unwrap();
    latest_checkpoints(&db.begin_read().await.unwrap()).await.unwrap()
}

async fn is_sound(db: &Store, kept: &[Checkpoint]) {
    let report = verify(&db.begin_read().await.unwrap(), None, kept, |_| ()).await.unwrap();
    assert_eq!(report.findings, []);
}

#[tokio::test]
async fn what_is_kept_long_enough_opens_no_more_and_leaves_a_sound_chain() {
    let db = TestStore::new().await;
    refused(&db, "192.0.2.1").await;
    db.env.clock.advance(30 * DAY);
    refused(&db, "192.0.2.2").await;
    let kept = checkpoints(&db).await;
    assert_eq!(all(&db).await[0].origin.field("address"), "192.0.2.1");

    let now = db.env.now();
    assert_eq!(forget_strangers(&db, now - 60 * DAY).await.unwrap(), 0);
    assert_eq!(all(&db).await[0].origin.field("agent"), "Secret Browser 9");
    assert_eq!(forget_strangers(&db, now - 20 * DAY).await.unwrap(), 1);
    assert_eq!(forget_strangers(&db, now - 20 * DAY).await.unwrap(), 0, "there is nothing more to forget");
    let found = all(&db).await;
    assert_eq!((&found[0].origin, found[0].actor), (&Opened::Erased, Actor::Nobody));
    assert_eq!(found[0].detail.field("after"), &json!({ "code": "not_signed_in" }), "what was refused, and why");
    assert_eq!(found[1].origin.field("address"), "192.0.2.2");
    is_sound(&db, &kept).await;

    // A clock that is set back makes another key for a week that is forgotten.
    db.env.clock.set(now - 30 * DAY);
    refused(&db, "192.0.2.3").await;
    let found = all(&db).await;
    assert_eq!((&found[0].origin, found[2].origin.field("address")), (&Opened::Erased, &json!("192.0.2.3")));
    is_sound(&db, &kept).await;
}

#[tokio::test]
async fn a_week_has_one_key_however_many_come_first() {
    let db = TestStore::new().await;
    let address = |number: usize| format!("198.51.100.{number}");
    let tasks: Vec<_> = (0..16)
        .map(|number| {
            let store = Store::clone(&db);
            tokio::spawn(async move { refused(&store, &address(number)).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut found: Vec<_> = all(&db).await.iter().map(|record| record.origin.field("address").clone()).collect();
    found.sort_by_key(|address| address.to_string());
    let mut expected: Vec<_> = (0..16).map(|number| json!(address(number))).collect();
    expected.sort_by_key(|address| address.to_string());
    assert_eq!(found, expected);
    assert_eq!(forget_strangers(&db, db.env.now() + 8 * DAY).await.unwrap(), 1);
}

#[tokio::test]
async fn of_people_and_programs_nothing_is_forgotten() {
    let db = TestStore::new().await;
    let tx = db.begin_write().await.unwrap();
    db.keyring.fresh_person_key(ANN).keep(&tx).await.unwrap();
    tx.commit().await.unwrap();
    let from = |actor| Origin { actor, ..Origin::address("192.0.2.9".parse().unwrap()) };
    let key = Actor::ApiKey(stagedoor_core::ApiKeyId(Uuid::from_u128(9)));
    for (by, about) in [(Actor::User(ANN), None), (Actor::Nobody, Some(ANN)), (key, None)] {
        let tx = db.begin_write_for(&from(by)).await.unwrap();
        let entry = Entry::new(Chain::Platform, "session.open", "x");
        tx.audit(about.into_iter().fold(entry, Entry::about));
        tx.commit().await.unwrap();
    }
    assert_eq!(forget_strangers(&db, db.env.now() + 365 * DAY).await.unwrap(), 0);
    assert!(all(&db).await.iter().all(|record| record.origin.field("address") == "192.0.2.9"));
}
