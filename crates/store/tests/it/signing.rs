//! Keys that sign, in a database.

use std::time::Duration;

use stagedoor_core::{OrganizerId, Timestamp};
use store::audit::{self, Checkpoint, Entry, checkpoint_moved, latest_checkpoints};
use store::{Keyring, MasterKey, OpenError, Origin, Predecessors, SigningVersion};
use testkit::TestStore;
use uuid::Uuid;

const LABEL: &str = "tickets/sign/v1";
const HOUR: Duration = Duration::from_secs(3_600);
const HOUSE: OrganizerId = OrganizerId(Uuid::from_u128(1));

async fn rotated(db: &TestStore, before: Predecessors) -> Keyring {
    let tx = db.begin_write().await.unwrap();
    Keyring::rotate_signing(&tx, &TestStore::master_key(), before).await.unwrap();
    let keyring = Keyring::open(&tx, &TestStore::master_key(), false).await.unwrap();
    tx.commit().await.unwrap();
    keyring
}

#[tokio::test]
async fn the_newest_signs_and_those_before_it_are_checked_with_as_long_as_what_they_signed_is_good() {
    let db = TestStore::new().await;
    let first = db.keyring.signing(LABEL);
    assert_eq!((first.len(), first[0].number, &first[0].seed[..]), (1, 1, &db.keyring.derive(LABEL)[..]));
    assert_eq!(first[0].accepted_until(HOUR), None);
    db.env.clock.advance(HOUR);
    let at = db.env.now();
    let two = rotated(&db, Predecessors::Trusted).await.signing(LABEL);
    assert_eq!(two.iter().map(|key| key.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(two[0].seed, first[0].seed);
    assert_ne!(two[1].seed, first[0].seed);
    assert_eq!((two[0].accepted_until(HOUR), two[1].accepted_until(HOUR)), (Some(at + HOUR), None));

    db.env.clock.advance(HOUR / 2);
    let later = db.env.now();
    let keyring = rotated(&db, Predecessors::Disowned).await;
    let three = keyring.signing(LABEL);
    let until: Vec<Option<Timestamp>> = three.iter().map(|key| key.accepted_until(HOUR)).collect();
    assert_eq!(until, [Some(later), Some(later), None], "all before the last are disowned at once");
    assert_eq!(three[1].seed, two[1].seed);
    assert_eq!(keyring.derive("store/blind-index/v1"), db.keyring.derive("store/blind-index/v1"));
    let listed = Keyring::signing_versions(&db.begin_read().await.unwrap()).await.unwrap();
    let version = |version, created_at, disowned_at| SigningVersion { version, created_at, disowned_at };
    assert_eq!(
        listed,
        [version(1, None, Some(later)), version(2, Some(at), Some(later)), version(3, Some(later), None)]
    );
}

#[tokio::test]
async fn they_are_wrapped_by_the_master_key_and_know_nothing_of_the_first_root() {
    let db = TestStore::new().await;
    let keyring = rotated(&db, Predecessors::Trusted).await;
    let tx = db.begin_write().await.unwrap();
    Keyring::rewrap(&tx, &TestStore::master_key(), &MasterKey::new([2; 32])).await.unwrap();
    let again = Keyring::open(&tx, &MasterKey::new([2; 32]), false).await.unwrap();
    assert_eq!(again.signing(LABEL)[1].seed, keyring.signing(LABEL)[1].seed);
    // One that another master key wrapped is none of ours.
    Keyring::rotate_signing(&tx, &MasterKey::new([3; 32]), Predecessors::Trusted).await.unwrap();
    let opened = Keyring::open(&tx, &MasterKey::new([2; 32]), false).await;
    assert!(matches!(opened, Err(OpenError::OtherMasterKey)));
    // Whoever has the first root key and the database learns nothing of what signs now.
    let first = Keyring::new([7; 32], db.env.entropy.clone());
    assert_eq!(first.signing(LABEL).len(), 1);
}

#[tokio::test]
async fn a_checkpoint_is_good_for_ever_if_its_key_signed_at_its_time() {
    let db = TestStore::new().await;
    let write = async |store: &store::Store, name: &str| {
        let tx = store.begin_write_for(&Origin::system()).await.unwrap();
        tx.audit(Entry::new(HOUSE, "event.update", name));
        tx.commit().await.unwrap();
        checkpoint_moved(store).await.unwrap();
        latest_checkpoints(&store.begin_read().await.unwrap()).await.unwrap()
    };
    let before = write(&db, "evt_1").await;
    db.env.clock.advance(HOUR);
    let keyring = rotated(&db, Predecessors::Disowned).await;
    let after = db.with_keyring(&keyring);
    let kept = write(&after, "evt_2").await;
    let findings = async |store: &store::Store, kept: &[Checkpoint]| {
        let tx = store.begin_read().await.unwrap();
        audit::verify(&tx, None, kept, |_| ()).await.unwrap().findings
    };
    assert_eq!(findings(&after, &[&before[..], &kept[..]].concat()).await, [], "both keys' checkpoints are ours");

    // The clock was a day ahead, and came back before the next rotation.
    after.env().clock.advance(24 * HOUR);
    let ahead = write(&after, "evt_ahead").await;
    let right = after.env().now() - 24 * HOUR;
    after.env().clock.set(right);
    let keyring = rotated(&db, Predecessors::Disowned).await;
    let after = db.with_keyring(&keyring);
    assert_eq!(findings(&after, &ahead).await, [], "its key signed it, whatever the clock said");
    let kept = write(&after, "evt_back").await;
    assert_eq!(findings(&after, &[&ahead[..], &kept[..]].concat()).await, []);

    // The old key in other hands: what it signs from now on counts for nothing.
    db.env.clock.advance(HOUR);
    let forged = write(&db, "evt_3").await;
    assert_eq!(findings(&after, &before).await.len(), 1, "the one in the database");
    assert_eq!(findings(&after, &forged).await.len(), 2, "and the same kept elsewhere");
}
