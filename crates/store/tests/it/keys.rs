//! Root keys and people's keys in a database.

use stagedoor_core::Env;
use store::{Error, Keyring, MasterKey, OpenError, Sealed, Store};
use testkit::TestStore;
use uuid::Uuid;

const ANN: Uuid = Uuid::from_u128(1);
const BOB: Uuid = Uuid::from_u128(2);
const PLACE: Sealed = Sealed { table: "account", column: "name", id: ANN };

fn master(byte: u8) -> MasterKey {
    MasterKey::new([byte; 32])
}

/// The keys of the test's database, which another master key wraps from here on.
async fn opened(store: &Store, key: u8) -> Result<Keyring, OpenError> {
    Keyring::open(&store.begin_read().await.unwrap(), &master(key), false).await
}

async fn rewrapped(db: &TestStore) {
    let tx = db.begin_write().await.unwrap();
    assert_eq!(Keyring::rewrap(&tx, &TestStore::master_key(), &master(2)).await.unwrap(), 1);
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn only_the_master_key_opens_the_keys_and_changing_it_rewrites_nothing_else() {
    let db = TestStore::new().await;
    let sealed = db.keyring.seal(PLACE, b"Ann");
    assert!(matches!(opened(&db, 2).await, Err(OpenError::OtherMasterKey)));
    rewrapped(&db).await;
    let again = opened(&db, 2).await.unwrap();
    assert_eq!(again.open_sealed(PLACE, &sealed).unwrap(), b"Ann");
    assert_eq!(again.derive("tickets/sign/v1"), db.keyring.derive("tickets/sign/v1"));
    let tx = db.begin_read().await.unwrap();
    let before = Keyring::open(&tx, &TestStore::master_key(), false).await;
    assert!(matches!(before, Err(OpenError::OtherMasterKey)), "the key from before is worth nothing");
}

#[tokio::test]
async fn a_new_root_key_seals_and_the_old_one_still_opens() {
    let db = TestStore::new().await;
    let (old, label) = (db.keyring.seal(PLACE, b"Ann"), "sales/transaction/v1");
    let ann = db.keyring.fresh_person_key(ANN);
    let name = ann.seal(PLACE, b"Ann");
    let tx = db.begin_write().await.unwrap();
    ann.keep(&tx).await.unwrap();
    assert_eq!(Keyring::rotate(&tx, &TestStore::master_key()).await.unwrap(), 2);
    assert!(matches!(Keyring::rotate(&tx, &master(2)).await, Err(OpenError::OtherMasterKey)));
    let keyring = Keyring::open(&tx, &TestStore::master_key(), false).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!((keyring.version(), keyring.derive(label)), (2, db.keyring.derive(label)));
    assert_eq!(keyring.blind_index("account/email", "a@b.c"), db.keyring.blind_index("account/email", "a@b.c"));
    assert_eq!(keyring.open_sealed(PLACE, &old).unwrap(), b"Ann");
    let new = keyring.seal(PLACE, b"Ann");
    assert!(db.keyring.open_sealed(PLACE, &new).is_err(), "the first root key does not open it");

    let people = async || {
        let roots = Keyring::roots(&db.begin_read().await.unwrap()).await.unwrap();
        roots.iter().map(|root| (root.version, root.people)).collect::<Vec<_>>()
    };
    assert_eq!(people().await, [(1, 1), (2, 0)]);
    let tx = db.begin_write().await.unwrap();
    assert_eq!(keyring.rewrap_person_keys(&tx, 10).await.unwrap(), 1);
    assert_eq!(keyring.rewrap_person_keys(&tx, 10).await.unwrap(), 0);
    tx.commit().await.unwrap();
    assert_eq!(people().await, [(1, 0), (2, 1)]);
    let ann = keyring.person_key(&db.begin_read().await.unwrap(), ANN).await.unwrap().unwrap();
    assert_eq!(ann.open(PLACE, &name).unwrap(), b"Ann", "what it seals was not touched");
}

#[tokio::test]
async fn a_person_s_key_opens_what_is_theirs_until_it_is_destroyed() {
    let db = TestStore::new().await;
    let (ann, bob) = (db.keyring.fresh_person_key(ANN), db.keyring.fresh_person_key(BOB));
    let tx = db.begin_write().await.unwrap();
    ann.keep(&tx).await.unwrap();
    bob.keep(&tx).await.unwrap();
    tx.commit().await.unwrap();
    let sealed = ann.seal(PLACE, b"Ann");
    assert!(bob.open(PLACE, &sealed).is_err());
    assert!(db.keyring.open_sealed(PLACE, &sealed).is_err());
    assert!(ann.open(Sealed { column: "email", ..PLACE }, &sealed).is_err());

    let tx = db.begin_write().await.unwrap();
    let keys = db.keyring.person_keys(&tx, &[BOB, ANN, Uuid::from_u128(3)]).await.unwrap();
    assert_eq!(keys.keys().copied().collect::<Vec<_>>(), [ANN, BOB]);
    assert_eq!(keys[&ANN].open(PLACE, &sealed).unwrap(), b"Ann");
    db.keyring.destroy_person_key(&tx, ANN).await.unwrap();
    db.keyring.destroy_person_key(&tx, ANN).await.unwrap();
    tx.commit().await.unwrap();
    let tx = db.begin_read().await.unwrap();
    assert!(db.keyring.person_key(&tx, ANN).await.unwrap().is_none());
    assert!(db.keyring.person_key(&tx, BOB).await.unwrap().is_some());
}

#[tokio::test]
async fn a_person_has_one_key() {
    let db = TestStore::new().await;
    let tx = db.begin_write().await.unwrap();
    db.keyring.fresh_person_key(ANN).keep(&tx).await.unwrap();
    let second = db.keyring.fresh_person_key(ANN).keep(&tx).await;
    assert!(matches!(second, Err(Error::Conflict { .. })), "{second:?}");
}

#[tokio::test]
async fn a_key_does_not_open_under_another_person() {
    let db = TestStore::new().await;
    let tx = db.begin_write().await.unwrap();
    db.keyring.fresh_person_key(ANN).keep(&tx).await.unwrap();
    let copy = "INSERT INTO person_key (person_id, root, wrapped, created_at)
                SELECT $1, root, wrapped, created_at FROM person_key WHERE person_id = $2";
    tx.execute(copy, (BOB, ANN)).await.unwrap();
    assert!(matches!(db.keyring.person_key(&tx, BOB).await, Err(Error::Fault(_))));
}

#[tokio::test]
async fn a_database_without_keys_is_not_given_any_by_a_look() {
    let db = TestStore::new().await;
    let tx = db.begin_write().await.unwrap();
    tx.execute("DELETE FROM root_key", ()).await.unwrap();
    for make in [false, true, false] {
        let opened = Keyring::open(&tx, &master(1), make).await;
        match (make, opened) {
            (false, Err(OpenError::NoKeys)) | (true, Ok(_)) => {}
            (false, Ok(keyring)) => assert_eq!(keyring.version(), 1),
            (_, opened) => panic!("make: {make}, {opened:?}"),
        }
    }
    // With another master key nothing is made over what is there.
    assert!(matches!(Keyring::open(&tx, &master(2), true).await, Err(OpenError::OtherMasterKey)));
}

/// A file that still holds a destroyed key would undo the destruction.
#[tokio::test]
async fn a_destroyed_key_does_not_stay_behind_in_the_file() {
    let db = TestStore::new().await;
    let Some(path) = db.url.strip_prefix("sqlite:") else { return };
    let tx = db.begin_write().await.unwrap();
    for person in 1..200u128 {
        db.keyring.fresh_person_key(Uuid::from_u128(person)).keep(&tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    let wrapped = "SELECT wrapped FROM person_key WHERE person_id = $1";
    let wrapped: Vec<u8> = db.begin_read().await.unwrap().one(wrapped, (ANN,), |row| row.get(0)).await.unwrap();
    let holds = |wrapped: &[u8]| std::fs::read(path).unwrap().windows(wrapped.len()).any(|part| part == wrapped);
    // Closing folds the log into the file.
    db.store.clone().close().await.unwrap();
    assert!(holds(&wrapped));

    let store = Store::open(&db.url, Env::seeded(2)).await.unwrap();
    let tx = store.begin_write().await.unwrap();
    db.keyring.destroy_person_key(&tx, ANN).await.unwrap();
    tx.commit().await.unwrap();
    store.close().await.unwrap();
    assert!(!holds(&wrapped));
}
