//! One suite over the database of the run: SQLite, or PostgreSQL with `STAGEDOOR_TEST_POSTGRES`.

mod audit;
mod keys;
mod signing;
mod strangers;
mod wall;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use stagedoor_core::{Currency, EventId, Timestamp};
use store::idempotency::{Answer, Claim, Scope, answered, body_hash, claim, find, prune};
use store::{Backend, Error, Store, Tx};
use testkit::TestStore;
use uuid::Uuid;

fn scope(key: &str) -> Scope<'_> {
    Scope { principal: Uuid::from_u128(1), operation: "orders.place", key }
}

#[tokio::test]
async fn every_column_type_comes_back_as_it_went_in() {
    let db = TestStore::new().await;
    let tx = db.begin_read().await.unwrap();
    let (event, at) = (db.env.id::<EventId>(), db.env.now());
    let row = tx
        .one(
            "SELECT $1, $2, CAST($3 AS BIGINT), CAST($4 AS BIGINT), $5, CAST($6 AS BIGINT)",
            (event, "ünïcødé".to_owned(), at, i64::MIN, Currency::JPY, None::<i64>),
            |row| {
                Ok((
                    row.get::<EventId>(0)?,
                    row.get::<String>(1)?,
                    row.get::<Timestamp>(2)?,
                    row.get::<i64>(3)?,
                    row.get::<Currency>(4)?,
                    row.get::<Option<i64>>(5)?,
                ))
            },
        )
        .await
        .unwrap();
    assert_eq!(row, (event, "ünïcødé".to_owned(), at, i64::MIN, Currency::JPY, None));
}

/// On SQLite, whoever comes next would wait for ever.
#[tokio::test]
async fn a_session_that_nobody_waits_for_any_more_does_not_stay_in_a_transaction() {
    let (db, watch) = (TestStore::new().await, TestStore::new().await);
    let on_postgres = db.backend() == Backend::Postgres;
    let name = if on_postgres {
        let tx = db.begin_read().await.unwrap();
        tx.one("SELECT CAST(current_database() AS TEXT)", (), |row| row.get::<String>(0)).await.unwrap()
    } else {
        String::new()
    };
    for yields in 0..20 {
        let store = db.store.clone();
        let asked = tokio::spawn(async move { store.begin_write().await.map(drop) });
        for _ in 0..yields {
            tokio::task::yield_now().await;
        }
        asked.abort();
        let _ = asked.await;
        if on_postgres {
            comes_to_rest(&watch, &name).await;
        } else {
            drop(db.begin_write().await.unwrap());
        }
    }
}

/// Waits until no session of the database `name` is in a transaction.
async fn comes_to_rest(watch: &TestStore, name: &str) {
    let busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND state <> 'idle'
                   AND backend_type = 'client backend'";
    for _ in 0..1_000 {
        let tx = watch.begin_read().await.unwrap();
        if tx.one(busy, (name.to_owned(),), |row| row.get::<i64>(0)).await.unwrap() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("a session stays in a transaction");
}

#[tokio::test]
async fn a_dropped_transaction_changes_nothing_and_calls_nothing() {
    let db = TestStore::new().await;
    let called = Arc::new(AtomicBool::new(false));
    let tx = db.begin_write().await.unwrap();
    assert_eq!(claim(&tx, scope("k"), [1; 32], Uuid::from_u128(9)).await.unwrap(), Claim::Fresh);
    let flag = called.clone();
    tx.after_commit(move || flag.store(true, Ordering::SeqCst));
    drop(tx);
    let tx = db.begin_read().await.unwrap();
    assert_eq!(find(&tx, scope("k"), [1; 32]).await.unwrap(), None);
    assert!(!called.load(Ordering::SeqCst));
}

/// SQLite does so on a full disk.
#[tokio::test]
async fn a_transaction_that_the_database_ends_by_itself_does_not_swallow_those_after_it() {
    let db = TestStore::new().await;
    if db.backend() == Backend::Postgres {
        return;
    }
    for round in 0..4 {
        let tx = db.begin_write().await.unwrap();
        assert_eq!(claim(&tx, scope("given up"), [1; 32], Uuid::from_u128(9)).await.unwrap(), Claim::Fresh);
        let twice = "INSERT OR ROLLBACK INTO schema_migration SELECT * FROM schema_migration";
        tx.execute(twice, ()).await.unwrap_err();
        drop(tx);
        // One that is dropped, and one that counts.
        let key = format!("kept {round}");
        let tx = db.begin_write().await.unwrap();
        assert_eq!(claim(&tx, scope(&key), [1; 32], Uuid::from_u128(9)).await.unwrap(), Claim::Fresh);
        drop(tx);
        let tx = db.begin_write().await.unwrap();
        assert_eq!(claim(&tx, scope(&key), [1; 32], Uuid::from_u128(9)).await.unwrap(), Claim::Fresh);
        tx.commit().await.unwrap();
        let tx = db.begin_read().await.unwrap();
        assert!(find(&tx, scope(&key), [1; 32]).await.unwrap().is_some(), "what was committed is not there");
        assert_eq!(find(&tx, scope("given up"), [1; 32]).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_key_stands_for_one_effect_and_one_answer() {
    let db = TestStore::new().await;
    let (body, other, subject) = (body_hash(b"a"), body_hash(b"b"), Uuid::from_u128(5));
    let tx = db.begin_write().await.unwrap();
    assert_eq!(claim(&tx, scope("k"), body, subject).await.unwrap(), Claim::Fresh);
    assert_eq!(claim(&tx, scope("k"), other, Uuid::from_u128(6)).await.unwrap(), Claim::Mismatch);
    let mut elsewhere = scope("k");
    elsewhere.operation = "orders.cancel";
    assert_eq!(claim(&tx, elsewhere, other, subject).await.unwrap(), Claim::Fresh);
    let first = Answer { status: 201, body: b"{}".to_vec() };
    answered(&tx, scope("k"), &first).await.unwrap();
    answered(&tx, scope("k"), &Answer { status: 500, body: Vec::new() }).await.unwrap();
    tx.commit().await.unwrap();

    let tx = db.begin_write().await.unwrap();
    let seen = Claim::Seen { subject, answer: Some(first) };
    assert_eq!(claim(&tx, scope("k"), body, Uuid::from_u128(7)).await.unwrap(), seen);
    assert_eq!(prune(&tx, db.env.now()).await.unwrap(), 0);
    assert_eq!(prune(&tx, db.env.now() + Duration::from_secs(1)).await.unwrap(), 2);
    assert_eq!(claim(&tx, scope("k"), other, subject).await.unwrap(), Claim::Fresh);
}

#[tokio::test]
async fn racing_claims_have_one_winner() {
    let db = TestStore::new().await;
    let mut racers = tokio::task::JoinSet::new();
    for racer in 0..16u128 {
        let store: Store = db.store.clone();
        racers.spawn(async move {
            let tx = store.begin_write().await.unwrap();
            let claimed = claim(&tx, scope("k"), [1; 32], Uuid::from_u128(racer)).await.unwrap();
            tx.commit().await.unwrap();
            claimed
        });
    }
    let claims = racers.join_all().await;
    assert_eq!(claims.iter().filter(|claim| **claim == Claim::Fresh).count(), 1, "{claims:?}");
}

#[tokio::test]
async fn a_broken_constraint_is_a_conflict() {
    let db = TestStore::new().await;
    let tx = db.begin_write().await.unwrap();
    let insert = "INSERT INTO idempotency_key (principal, operation, key, body_hash, subject, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    let row = (Uuid::nil(), "o", "k", [0u8; 32], Uuid::nil(), db.env.now());
    tx.execute(insert, row).await.unwrap();
    assert!(matches!(tx.execute(insert, row).await, Err(Error::Conflict { .. })));
}

#[tokio::test]
async fn opening_again_migrates_nothing_and_a_newer_database_is_refused() {
    let db = TestStore::new().await;
    Store::open(&db.url, db.env.clone()).await.unwrap();
    let tx = db.begin_write().await.unwrap();
    tx.execute("INSERT INTO schema_migration (name, hash, applied_at) VALUES ('9999_future', $1, 0)", ([0u8; 32],))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let refused = Store::open(&db.url, db.env.clone()).await.unwrap_err();
    assert!(refused.to_string().contains("9999_future"), "{refused}");
}

#[tokio::test]
async fn a_key_that_is_pruned_while_it_is_claimed_is_free() {
    let db = TestStore::new().await;
    if db.backend() == Backend::Sqlite {
        return; // one writer at a time
    }
    let put = async |tx: &Tx| claim(tx, scope("k"), [1; 32], Uuid::from_u128(1)).await;
    for _ in 0..100 {
        let tx = db.begin_write().await.unwrap();
        put(&tx).await.unwrap();
        tx.commit().await.unwrap();
        let pruned = async {
            let tx = db.begin_write().await.unwrap();
            prune(&tx, db.env.now() + Duration::from_secs(1)).await.unwrap();
            tx.commit().await.unwrap();
        };
        let claimed = async {
            let tx = db.begin_write().await.unwrap();
            // Seen or, after the pruning, fresh: there is no third.
            assert_ne!(put(&tx).await.unwrap(), Claim::Mismatch);
            tx.commit().await.unwrap();
        };
        tokio::join!(pruned, claimed);
    }
}

/// What a restart of the server looks like to connections that are idle meanwhile.
#[tokio::test]
async fn connections_that_the_server_ended_are_busy_rather_than_broken() {
    let db = TestStore::new().await;
    if db.backend() == Backend::Sqlite {
        return; // no server
    }
    let mut open = Vec::new();
    for _ in 0..6 {
        open.push(db.begin_write().await.unwrap());
    }
    drop(open);
    let other = Store::open(&db.url, db.env.clone()).await.unwrap();
    let tx = other.begin_read().await.unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'stagedoor'";
    tx.all(end, (), |_| Ok(())).await.unwrap();
    for _ in 0..20 {
        match db.begin_write().await {
            Ok(tx) => tx.one("SELECT 1", (), |_| Ok(())).await.unwrap(),
            Err(error) => assert!(matches!(error, Error::Busy(_)), "{error:?}"),
        }
    }
    let tx = db.begin_write().await.unwrap();
    tx.one("SELECT 1", (), |_| Ok(())).await.unwrap();
}
