//! The audit log: whatever is done to it in the database is found.

use std::time::Duration;

use serde_json::json;
use stagedoor_core::{ApiKeyId, ClientId, GrantId, OrganizerId, RequestId, Timestamp, UserId};
use store::audit::{
    Backlog, CHECKPOINT_ENTRIES, Chain, Checkpoint, Entry, Filter, Finding, Flaw, Opened, Outcome, Part, Record,
    Report, backlog, checkpoint_moved, entries, latest_checkpoints, link, verify,
};
use store::{Actor, Backend, Keyring, Leave, Origin, Store};
use testkit::TestStore;
use uuid::Uuid;

const HOUSE: OrganizerId = OrganizerId(Uuid::from_u128(0xa));
const OTHER: OrganizerId = OrganizerId(Uuid::from_u128(0xb));
const ANN: UserId = UserId(Uuid::from_u128(1));
const BOB: UserId = UserId(Uuid::from_u128(2));

fn origin(user: UserId) -> Origin {
    Origin {
        address: Some("192.0.2.7".parse().unwrap()),
        agent: Some("Secret Browser 9".into()),
        request: Some(RequestId(Uuid::from_u128(77))),
        ..Origin::user(user)
    }
}

async fn write(store: &Store, by: &Origin, entry: Entry) {
    let tx = store.begin_write_for(by).await.unwrap();
    tx.audit(entry);
    tx.commit().await.unwrap();
}

/// As [`write`], and waits in no line any more.
async fn write_linked(store: &Store, by: &Origin, entry: Entry) {
    write(store, by, entry).await;
    link(store, None).await.unwrap();
}

/// A database in which people have keys, as accounts have.
async fn database() -> TestStore {
    let db = TestStore::new().await;
    let tx = db.begin_write().await.unwrap();
    for person in [ANN, BOB] {
        db.keyring.fresh_person_key(person).keep(&tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    db
}

/// A log of six entries of one house, a second apart, and one of another.
async fn log() -> TestStore {
    let db = database().await;
    for number in 0..6 {
        let entry = Entry::new(HOUSE, "event.update", format!("evt_{number}"));
        let entry = entry.before(json!({ "name": "a" })).after(json!({ "name": number }));
        write_linked(&db, &origin(ANN), entry).await;
        db.env.clock.advance(Duration::from_secs(1));
    }
    write(&db, &Origin::system(), Entry::new(OTHER, "event.create", "evt_x")).await;
    link(&db, None).await.unwrap();
    db
}

async fn report(db: &Store, kept: &[Checkpoint]) -> Report {
    verify(&db.begin_read().await.unwrap(), None, kept, |_| ()).await.unwrap()
}

async fn flaws(db: &Store, kept: &[Checkpoint]) -> Vec<Flaw> {
    let report = report(db, kept).await;
    assert!(report.findings.iter().all(|finding| finding.chain == Chain::Organizer(HOUSE)), "{:?}", report.findings);
    report.findings.into_iter().map(|finding| finding.flaw).collect()
}

async fn checkpoints(db: &Store) -> Vec<Checkpoint> {
    checkpoint_moved(db).await.unwrap();
    latest_checkpoints(&db.begin_read().await.unwrap()).await.unwrap()
}

async fn all(db: &TestStore, chain: impl Into<Chain>) -> Vec<Record> {
    db.audit_log(chain, &Filter::default()).await
}

/// What somebody with the database in hand does, who knows that triggers are in the way.
async fn tamper(db: &Store, statements: &[&str]) {
    let tx = db.begin_write().await.unwrap();
    let tables = ["audit_entry", "audit_checkpoint"];
    for table in tables {
        match db.backend() {
            Backend::Sqlite => {
                for what in ["update", "delete"] {
                    tx.execute(&format!("DROP TRIGGER IF EXISTS {table}_no_{what}"), ()).await.unwrap();
                }
            }
            Backend::Postgres => {
                tx.execute(&format!("DROP TRIGGER IF EXISTS {table}_append_only ON {table}"), ()).await.unwrap();
            }
        }
    }
    for statement in statements {
        let changed = tx.execute(statement, ()).await.unwrap();
        assert!(changed > 0, "{statement} changed nothing");
    }
    tx.commit().await.unwrap();
}

fn house() -> String {
    // The id in the form that each database's own tools take.
    "chain = (SELECT chain FROM audit_entry WHERE subject = 'evt_0' LIMIT 1)".to_owned()
}

#[tokio::test]
async fn what_nobody_touched_is_sound() {
    let db = log().await;
    let kept = checkpoints(&db).await;
    assert_eq!(kept.len(), 2);
    let report = report(&db, &kept).await;
    assert_eq!((report.chains, report.entries, report.checkpoints), (2, 7, 4));
    assert_eq!(report.findings, []);
}

#[tokio::test]
async fn an_entry_says_who_what_where_and_what_changed() {
    let db = log().await;
    let first = all(&db, HOUSE).await.remove(0);
    assert_eq!((first.seq, first.actor, first.result), (1, Actor::User(ANN), Outcome::Done));
    assert_eq!((first.action.as_str(), first.subject.as_str()), ("event.update", "evt_0"));
    assert_eq!(first.request, Some(RequestId(Uuid::from_u128(77))));
    assert_eq!(first.origin, Opened::Here(json!({ "address": "192.0.2.7", "agent": "Secret Browser 9" })));
    assert_eq!(first.detail, Opened::Here(json!({ "before": { "name": "a" }, "after": { "name": 0 } })));
}

#[tokio::test]
async fn every_edit_of_every_column_is_found() {
    let edits = [
        "at = at + 1",
        "at = at - 1",
        "actor = 'system', actor_id = NULL",
        "actor_id = about_of_nobody",
        "action = 'event.create'",
        "subject = 'evt_9'",
        "result = 'denied'",
        "about = actor_id",
        "request = NULL",
        "origin = NULL",
        "origin = detail",
        "detail = NULL",
        "hash = origin",
    ];
    for edit in edits {
        for seq in [1, 3, 6] {
            let db = log().await;
            // Another user's id, without writing an id down in the words of one database.
            let edit = edit.replace("about_of_nobody", "chain");
            let statement = format!("UPDATE audit_entry SET {edit} WHERE seq = {seq} AND {}", house());
            tamper(&db, &[&statement]).await;
            let found = flaws(&db, &[]).await;
            let is_named = |flaw: &Flaw| match flaw {
                Flaw::Edited { seq: at } => *at == seq,
                Flaw::OtherEnd { last, .. } => *last == seq,
                _ => false,
            };
            assert!(found.iter().any(is_named), "{edit} of {seq}: {found:?}");
        }
    }
}

#[tokio::test]
async fn an_edit_in_the_chain_of_another_is_found() {
    let db = log().await;
    let other = "(SELECT chain FROM audit_entry WHERE subject = 'evt_x')";
    tamper(&db, &[&format!("UPDATE audit_entry SET chain = {other} WHERE seq = 6")]).await;
    let found = report(&db, &[]).await.findings;
    assert!(found.len() >= 3, "{found:?}");
}

#[tokio::test]
async fn a_removed_entry_is_found_wherever_it_was() {
    for (seq, expected) in [
        (1, Flaw::Missing { from: 1, to: 1 }),
        (3, Flaw::Missing { from: 3, to: 3 }),
        (6, Flaw::OtherEnd { kept: 6, last: 5 }),
    ] {
        let db = log().await;
        tamper(&db, &[&format!("DELETE FROM audit_entry WHERE seq = {seq} AND {}", house())]).await;
        assert_eq!(flaws(&db, &[]).await, [expected]);
    }
}

#[tokio::test]
async fn entries_that_were_exchanged_or_moved_up_are_found() {
    let db = log().await;
    let set = |to: i64, from: i64| format!("UPDATE audit_entry SET seq = {to} WHERE seq = {from} AND {}", house());
    tamper(&db, &[&set(99, 2), &set(2, 4), &set(4, 99)]).await;
    let found = flaws(&db, &[]).await;
    assert!(found.contains(&Flaw::Edited { seq: 2 }) && found.contains(&Flaw::Edited { seq: 4 }), "{found:?}");
    assert!(found.contains(&Flaw::BackInTime { seq: 3 }), "{found:?}");

    // One is removed and those after it move up, so that no number is missing.
    let db = log().await;
    let remove = format!("DELETE FROM audit_entry WHERE seq = 3 AND {}", house());
    tamper(&db, &[&remove, &set(3, 4), &set(4, 5), &set(5, 6)]).await;
    let found = flaws(&db, &[]).await;
    assert!(found.contains(&Flaw::Edited { seq: 3 }), "{found:?}");
}

#[tokio::test]
async fn a_chain_that_was_cut_off_is_found_by_a_checkpoint_kept_elsewhere() {
    let db = log().await;
    let kept = checkpoints(&db).await;
    // With the end and its checkpoint made to fit.
    let fourth = |column| format!("(SELECT {column} FROM audit_entry WHERE seq = 4 AND {})", house());
    let (hash, at) = (fourth("hash"), fourth("at"));
    let head = format!("UPDATE audit_head SET seq = 4, hash = {hash}, at = {at}, checkpointed = 0 WHERE {}", house());
    let cut = format!("DELETE FROM audit_entry WHERE seq > 4 AND {}", house());
    let forget = format!("DELETE FROM audit_checkpoint WHERE {}", house());
    tamper(&db, &[&head, &cut, &forget]).await;
    assert_eq!(flaws(&db, &[]).await, [], "the database alone cannot tell");
    assert_eq!(flaws(&db, &kept).await, [Flaw::CutOff { seq: 6, last: 4 }]);
}

#[tokio::test]
async fn a_chain_that_is_gone_is_found_by_a_checkpoint_kept_elsewhere() {
    let db = log().await;
    let kept = checkpoints(&db).await;
    let head = format!("DELETE FROM audit_head WHERE {}", house());
    let forget = format!("DELETE FROM audit_checkpoint WHERE {}", house());
    let entries = format!("DELETE FROM audit_entry WHERE {}", house());
    tamper(&db, &[&head, &forget, &entries]).await;
    assert_eq!(flaws(&db, &kept).await, [Flaw::CutOff { seq: 6, last: 0 }]);
}

/// Somebody who knows how entries are hashed writes the whole chain again with other times: the
/// same entries, written an hour later by a server of their own.
#[tokio::test]
async fn a_chain_that_was_stamped_again_is_found_by_its_checkpoint() {
    let db = log().await;
    let kept = checkpoints(&db).await;
    let drop = ["audit_entry", "audit_head", "audit_checkpoint"].map(|table| format!("DELETE FROM {table}"));
    tamper(&db, &drop.each_ref().map(String::as_str)).await;
    db.env.clock.advance(Duration::from_secs(3_600));
    for number in 0..6 {
        write(&db, &origin(ANN), Entry::new(HOUSE, "event.update", format!("evt_{number}"))).await;
    }
    write_linked(&db, &Origin::system(), Entry::new(OTHER, "event.create", "evt_x")).await;
    assert_eq!(report(&db, &[]).await.findings, []);
    let found = report(&db, &kept).await.findings;
    let rewritten = |chain: OrganizerId, seq| Finding { chain: chain.into(), flaw: Flaw::Rewritten { seq } };
    assert_eq!(found, [rewritten(HOUSE, 6), rewritten(OTHER, 1)]);
}

#[tokio::test]
async fn a_checkpoint_that_another_key_signed_counts_for_nothing() {
    let db = log().await;
    let stranger = db.with_keyring(&Keyring::new([8; 32], db.env.entropy.clone()));
    // Signed by a stranger and kept, and put in the place of ours.
    let forged = checkpoints(&stranger).await;
    let found = report(&db, &forged).await.findings;
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(found.iter().all(|finding| matches!(finding.flaw, Flaw::Forged { .. })), "{found:?}");
}

/// Somebody without our key writes the chain anew: the times are as they were, what happened is not,
/// and hashes and a checkpoint fit.
#[tokio::test]
async fn a_chain_that_was_built_anew_without_the_key_is_found() {
    let db = log().await;
    let kept = checkpoints(&db).await;
    let times: Vec<Timestamp> = all(&db, HOUSE).await.iter().map(|record| record.at).collect();
    let drop = ["audit_entry", "audit_head", "audit_checkpoint"].map(|table| format!("DELETE FROM {table}"));
    tamper(&db, &drop.each_ref().map(String::as_str)).await;
    let stranger = db.with_keyring(&Keyring::new([8; 32], db.env.entropy.clone()));
    for (number, at) in times.into_iter().enumerate() {
        db.env.clock.set(at);
        write_linked(&stranger, &Origin::system(), Entry::new(HOUSE, "event.update", format!("evt_{number}"))).await;
    }
    checkpoint_moved(&stranger).await.unwrap();
    assert_eq!(flaws(&db, &[]).await, [Flaw::Forged { seq: 6 }]);
    let ours = kept.into_iter().filter(|checkpoint| checkpoint.chain == Chain::Organizer(HOUSE));
    let found = flaws(&db, &ours.collect::<Vec<_>>()).await;
    assert_eq!(found, [Flaw::Forged { seq: 6 }, Flaw::Rewritten { seq: 6 }]);
}

/// The checkpoints that the database has itself find what is cut off or written anew below them.
#[tokio::test]
async fn what_is_done_below_a_checkpoint_of_the_database_is_found_without_another() {
    let db = log().await;
    checkpoints(&db).await;
    let fourth = |column| format!("(SELECT {column} FROM audit_entry WHERE seq = 4 AND {})", house());
    let (hash, at) = (fourth("hash"), fourth("at"));
    let head = format!("UPDATE audit_head SET seq = 4, hash = {hash}, at = {at}, checkpointed = 0 WHERE {}", house());
    let cut = format!("DELETE FROM audit_entry WHERE seq > 4 AND {}", house());
    tamper(&db, &[&head, &cut]).await;
    assert_eq!(flaws(&db, &[]).await, [Flaw::CutOff { seq: 6, last: 4 }]);
    // It grows again beyond where it was cut off.
    for number in 4..9 {
        write_linked(&db, &origin(ANN), Entry::new(HOUSE, "event.update", format!("evt_{number}"))).await;
    }
    assert_eq!(flaws(&db, &[]).await, [Flaw::Rewritten { seq: 6 }]);
}

#[tokio::test]
async fn every_edit_of_a_checkpoint_or_of_the_end_is_found() {
    let forged = |seq| Flaw::Forged { seq };
    let end = |kept| Flaw::OtherEnd { kept, last: 6 };
    for (table, edit, expected) in [
        ("audit_checkpoint", "seq = 5", vec![Flaw::NoCheckpoint { seq: 6 }, forged(5)]),
        ("audit_checkpoint", "hash = signature", vec![]),
        ("audit_checkpoint", "at = at + 1", vec![forged(6)]),
        ("audit_checkpoint", "signature = hash", vec![forged(6)]),
        ("audit_head", "seq = 5", vec![end(5)]),
        ("audit_head", "seq = 7", vec![end(7)]),
        ("audit_head", "hash = (SELECT hash FROM audit_entry WHERE subject = 'evt_0')", vec![end(6)]),
        ("audit_head", "checkpointed = 5", vec![Flaw::NoCheckpoint { seq: 5 }]),
    ] {
        let db = log().await;
        checkpoints(&db).await;
        tamper(&db, &[&format!("UPDATE {table} SET {edit} WHERE {}", house())]).await;
        if expected.is_empty() {
            // What is no hash at all cannot even be read.
            let tx = db.begin_read().await.unwrap();
            verify(&tx, None, &[], |_| ()).await.unwrap_err();
            continue;
        }
        let found = flaws(&db, &[]).await;
        assert!(found.len() == expected.len() && expected.iter().all(|flaw| found.contains(flaw)), "{edit}: {found:?}");
    }
    let db = log().await;
    checkpoints(&db).await;
    tamper(&db, &[&format!("DELETE FROM audit_checkpoint WHERE {}", house())]).await;
    assert_eq!(flaws(&db, &[]).await, [Flaw::NoCheckpoint { seq: 6 }]);
}

#[tokio::test]
async fn a_checkpoint_is_the_same_after_it_was_written_down() {
    let db = log().await;
    for checkpoint in checkpoints(&db).await {
        let line = serde_json::to_string(&checkpoint).unwrap();
        assert_eq!(serde_json::from_str::<Checkpoint>(&line).unwrap(), checkpoint);
        let later = line.replace("\"seq\":6", "\"seq\":5");
        if later != line {
            let later: Checkpoint = serde_json::from_str(&later).unwrap();
            assert_eq!(flaws(&db, &[later]).await, [Flaw::Forged { seq: 5 }]);
        }
    }
}

#[tokio::test]
async fn a_long_chain_signs_itself() {
    let db = TestStore::new().await;
    let tx = db.begin_write().await.unwrap();
    for number in 0..CHECKPOINT_ENTRIES + 5 {
        tx.audit(Entry::new(HOUSE, "event.update", number));
    }
    tx.commit().await.unwrap();
    assert_eq!(link(&db, None).await.unwrap(), CHECKPOINT_ENTRIES + 5);
    let signed = latest_checkpoints(&db.begin_read().await.unwrap()).await.unwrap();
    assert_eq!(signed.iter().map(|checkpoint| checkpoint.seq).collect::<Vec<_>>(), [CHECKPOINT_ENTRIES]);
    assert_eq!(checkpoint_moved(&db).await.unwrap(), 1);
    assert_eq!(checkpoint_moved(&db).await.unwrap(), 0);
    assert_eq!(report(&db, &[]).await.findings, []);
}

#[tokio::test]
async fn sixty_four_writers_and_eight_who_link_leave_no_gap() {
    let db = TestStore::new().await;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..64u128 {
        let store: Store = db.store.clone();
        writers.spawn(async move {
            // Two chains, named in another order by every other writer, and as many people.
            let chains = if writer % 2 == 0 { [HOUSE, OTHER] } else { [OTHER, HOUSE] };
            let tx = store.begin_write_for(&origin(UserId(Uuid::from_u128(writer % 8)))).await.unwrap();
            for chain in chains {
                tx.audit(Entry::new(chain, "event.update", writer).about(UserId(Uuid::from_u128(9 + writer % 5))));
            }
            tx.commit().await.unwrap();
            if writer % 8 == 0 {
                link(&store, None).await.unwrap();
            }
        });
    }
    writers.join_all().await;
    for chain in [HOUSE, OTHER] {
        let numbers: Vec<u64> = all(&db, chain).await.iter().map(|record| record.seq).collect();
        assert_eq!(numbers, (1..=64).collect::<Vec<_>>());
    }
    assert_eq!(report(&db, &checkpoints(&db).await).await.findings, []);
}

#[tokio::test]
async fn a_log_is_sound_while_others_append() {
    let db = TestStore::new().await;
    let appending = async {
        for number in 0..100 {
            write_linked(&db, &Origin::system(), Entry::new(HOUSE, "event.update", number)).await;
            if number % 10 == 0 {
                checkpoint_moved(&db).await.unwrap();
            }
        }
    };
    let reading = async {
        for _ in 0..20 {
            assert_eq!(report(&db, &[]).await.findings, []);
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(appending, reading);
}

/// On PostgreSQL, where transactions run beside each other: all changes at one organizer would stand
/// in line for the disk otherwise.
#[tokio::test]
async fn who_changes_something_waits_for_nobody_who_links() {
    let db = log().await;
    let linking = match db.backend() {
        Backend::Sqlite => db.begin_read().await.unwrap(),
        Backend::Postgres => {
            let tx = db.begin_write().await.unwrap();
            tx.all("SELECT seq FROM audit_head FOR UPDATE", (), |row| row.get::<i64>(0)).await.unwrap();
            tx
        }
    };
    write(&db, &origin(BOB), Entry::new(HOUSE, "event.update", "evt_waits")).await;
    assert_eq!(report(&db, &[]).await.waiting, 1);
    drop(linking);
    assert_eq!(link(&db, Some(OTHER.into())).await.unwrap(), 0);
    assert_eq!(link(&db, Some(HOUSE.into())).await.unwrap(), 1);
    assert_eq!(report(&db, &[]).await.waiting, 0);
    assert_eq!(all(&db, HOUSE).await.last().unwrap().detail, Opened::Nothing);
}

/// Its end is behind its entries: the next one would take the place of another.
#[tokio::test]
async fn a_chain_that_cannot_go_on_keeps_no_other_from_doing_so() {
    let db = log().await;
    tamper(&db, &[&format!("UPDATE audit_head SET seq = 3 WHERE {}", house())]).await;
    for chain in [Chain::Platform, HOUSE.into(), OTHER.into()] {
        write(&db, &Origin::system(), Entry::new(chain, "event.update", "evt_next")).await;
    }
    link(&db, None).await.unwrap_err();
    assert_eq!(report(&db, &[]).await.waiting, 1);
    checkpoint_moved(&db).await.unwrap_err();
    let signed = latest_checkpoints(&db.begin_read().await.unwrap()).await.unwrap();
    assert_eq!(signed.iter().map(|checkpoint| checkpoint.seq).collect::<Vec<_>>(), [1, 3, 2]);
}

#[tokio::test]
async fn entries_of_one_transaction_stay_in_their_order() {
    let db = database().await;
    let tx = db.begin_write().await.unwrap();
    (0..20).for_each(|number| tx.audit(Entry::new(HOUSE, "event.update", number)));
    tx.commit().await.unwrap();
    let subjects: Vec<String> = all(&db, HOUSE).await.into_iter().map(|record| record.subject).collect();
    assert_eq!(subjects, (0..20).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_change_that_is_rolled_back_leaves_no_entry() {
    let db = log().await;
    let tx = db.begin_write().await.unwrap();
    tx.audit(Entry::new(HOUSE, "event.update", "evt_lost"));
    drop(tx);
    assert_eq!(all(&db, HOUSE).await.len(), 6);
    assert_eq!(report(&db, &[]).await.findings, []);
}

#[tokio::test]
async fn a_clock_that_was_set_back_stamps_nothing_back() {
    let db = log().await;
    db.env.clock.set(Timestamp::from_micros(0));
    write_linked(&db, &Origin::system(), Entry::new(HOUSE, "event.update", "evt_back")).await;
    assert_eq!(report(&db, &[]).await.findings, []);
    let records = all(&db, HOUSE).await;
    assert!(records.is_sorted_by_key(|record| record.at));
}

#[tokio::test]
async fn a_chain_goes_on_after_a_restart() {
    let db = log().await;
    write(&db, &origin(BOB), Entry::new(HOUSE, "event.update", "evt_before")).await;
    let again = Store::open(&db.url, db.env.clone()).await.unwrap().with_keyring(&db.keyring);
    write_linked(&again, &origin(BOB), Entry::new(HOUSE, "event.update", "evt_after")).await;
    let last: Vec<_> = all(&db, HOUSE).await.into_iter().skip(6).map(|record| (record.seq, record.subject)).collect();
    assert_eq!(last, [(7, "evt_before".to_owned()), (8, "evt_after".to_owned())]);
    assert_eq!(report(&db, &[]).await.findings, []);
}

#[tokio::test]
async fn who_is_erased_leaves_a_sound_chain_and_nothing_to_read() {
    let db = log().await;
    let rename = Entry::new(Chain::Platform, "account.rename", BOB).about(BOB);
    write(&db, &origin(BOB), rename.before(json!({ "name": "Secret Bob" })).after(json!({ "name": "B" }))).await;
    // Somebody failed to sign in as Bob: the address is Bob's to have erased.
    let failed = Entry::new(Chain::Platform, "session.open", BOB).about(BOB).result(Outcome::Denied);
    write(&db, &Origin::address("198.51.100.4".parse().unwrap()), failed).await;
    let kept = checkpoints(&db).await;
    let readable = all(&db, Chain::Platform).await;
    assert_eq!(readable[0].detail.field("before"), &json!({ "name": "Secret Bob" }));

    let tx = db.begin_write_for(&origin(BOB)).await.unwrap();
    db.keyring.destroy_person_key(&tx, BOB).await.unwrap();
    tx.audit(Entry::new(Chain::Platform, "account.erase", BOB));
    tx.commit().await.unwrap();
    // And nothing more is kept, whatever comes after.
    write(&db, &origin(BOB), Entry::new(HOUSE, "order.place", "ord_1")).await;

    link(&db, None).await.unwrap();
    assert_eq!(report(&db, &kept).await.findings, []);
    let erased = all(&db, Chain::Platform).await;
    let origins: Vec<_> = erased.iter().map(|record| &record.origin).collect();
    assert_eq!(origins, [&Opened::Erased, &Opened::Erased, &Opened::Nothing]);
    assert_eq!((&erased[0].detail, &erased[1].detail), (&Opened::Erased, &Opened::Nothing));
    assert_eq!(erased[0].actor, Actor::User(BOB));
    assert_eq!(all(&db, HOUSE).await.last().unwrap().origin, Opened::Nothing);
    // Ann's is as it was.
    assert_eq!(all(&db, HOUSE).await[0].origin.field("agent"), "Secret Browser 9");
}

#[tokio::test]
async fn what_waits_is_counted_with_its_age() {
    let db = log().await;
    let now = async || backlog(&db.begin_read().await.unwrap()).await.unwrap();
    assert_eq!(now().await, Backlog::default());
    let since = db.env.now();
    for name in ["evt_a", "evt_b"] {
        write(&db, &origin(ANN), Entry::new(OTHER, "event.update", name)).await;
        db.env.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(now().await, Backlog { entries: 2, oldest: Some(since) });
    link(&db, None).await.unwrap();
    assert_eq!(now().await, Backlog::default());
}

#[tokio::test]
async fn a_program_keeps_its_own_address_whomever_it_acts_on() {
    let db = database().await;
    let key = Actor::ApiKey(ApiKeyId(Uuid::from_u128(9)));
    let leave = Leave { client: ClientId(Uuid::from_u128(3)), grant: GrantId(Uuid::from_u128(4)) };
    let client = Actor::Client(leave.client);
    let refund = || Entry::new(HOUSE, "order.refund", "ord_1").about(BOB).after(json!({ "name": "Secret Bob" }));
    write(&db, &Origin { actor: key, ..origin(ANN) }, refund()).await;
    write(&db, &Origin { actor: client, leave: Some(leave), ..origin(ANN) }, refund()).await;
    write(&db, &Origin { leave: Some(leave), ..origin(ANN) }, refund()).await;
    let tx = db.begin_write().await.unwrap();
    db.keyring.destroy_person_key(&tx, BOB).await.unwrap();
    tx.commit().await.unwrap();
    let found = all(&db, HOUSE).await;
    assert_eq!(found.iter().map(|record| record.actor).collect::<Vec<_>>(), [key, client, Actor::User(ANN)]);
    assert!(found.iter().all(|record| record.origin.field("address") == "192.0.2.7"));
    assert!(found.iter().all(|record| record.detail == Opened::Erased));
    assert_eq!(found[0].origin.field("client"), &json!(null));
    for record in &found[1..] {
        assert_eq!(record.origin.field("client"), &json!(leave.client));
        assert_eq!(record.origin.field("grant"), &json!(leave.grant));
    }
    for actor in [key, client, Actor::User(ANN), Actor::System, Actor::Nobody] {
        assert_eq!(actor.text().parse(), Ok(actor));
        let filter = Filter { actor: Some(actor), ..Filter::default() };
        let tx = db.begin_read().await.unwrap();
        let known = entries(&tx, HOUSE.into(), &filter, Part::After(0), 9).await.unwrap();
        assert_eq!(known.len(), found.iter().filter(|record| record.actor == actor).count(), "{}", actor.text());
    }
    assert_eq!(report(&db, &[]).await.findings, []);
}

#[tokio::test]
async fn nothing_personal_is_stored_in_the_clear() {
    let db = log().await;
    let entry = Entry::new(HOUSE, "event.update", "evt_waits").before(json!({ "name": "a" }));
    write(&db, &origin(ANN), entry).await;
    let tx = db.begin_read().await.unwrap();
    let sealed = "SELECT origin, detail FROM audit_entry UNION ALL SELECT origin, detail FROM audit_waiting";
    let read = |row: &store::Row| Ok((row.get::<Option<Vec<u8>>>(0)?, row.get::<Option<Vec<u8>>>(1)?));
    let rows = tx.all(sealed, (), read).await.unwrap();
    assert_eq!(rows.len(), 8);
    for bytes in rows.into_iter().flat_map(|(origin, detail)| [origin, detail]).flatten() {
        for secret in ["192.0.2.7", "Secret Browser", "name"] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
        }
    }
}

#[tokio::test]
async fn entries_are_found_by_what_they_say_a_page_at_a_time() {
    let db = log().await;
    write_linked(&db, &origin(BOB), Entry::new(HOUSE, "member.add", "usr_1").result(Outcome::Denied)).await;
    let tx = db.begin_read().await.unwrap();
    let find = async |filter: Filter, part, limit| {
        let found = entries(&tx, HOUSE.into(), &filter, part, limit).await.unwrap();
        found.iter().map(|record| record.seq).collect::<Vec<_>>()
    };
    let everything = Filter::default();
    assert_eq!(find(everything.clone(), Part::Before(None), 3).await, [7, 6, 5]);
    assert_eq!(find(everything.clone(), Part::Before(Some(5)), 3).await, [4, 3, 2]);
    assert_eq!(find(everything.clone(), Part::Before(Some(2)), 3).await, [1]);
    assert_eq!(find(everything.clone(), Part::After(5), 3).await, [6, 7]);
    let newest = Part::Before(None);
    assert_eq!(find(Filter { actor: Some(Actor::User(BOB)), ..everything.clone() }, newest, 9).await, [7]);
    assert_eq!(find(Filter { actor: Some(Actor::System), ..everything.clone() }, newest, 9).await, [] as [u64; 0]);
    assert_eq!(find(Filter { action: Some("member.add".into()), ..everything.clone() }, newest, 9).await, [7]);
    assert_eq!(find(Filter { subject: Some("evt_2".into()), ..everything.clone() }, newest, 9).await, [3]);
    assert_eq!(find(Filter { result: Some(Outcome::Denied), ..everything.clone() }, newest, 9).await, [7]);
    let third = all(&db, HOUSE).await[2].at;
    assert_eq!(find(Filter { from: Some(third), ..everything.clone() }, newest, 9).await, [7, 6, 5, 4, 3]);
    assert_eq!(find(Filter { to: Some(third), ..everything }, newest, 9).await, [2, 1]);
    // Another's log is another's.
    assert_eq!(all(&db, OTHER).await.len(), 1);
}
