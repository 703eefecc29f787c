//! Barcodes while the key that signs them is replaced.

use stagedoor_core::{EventId, TicketId};
use store::{Keyring, Predecessors};
use testkit::TestStore;
use tickets::{Barcode, PublicKeys, Signer, Unreadable};
use uuid::Uuid;

use crate::barcode::ticket;

#[tokio::test]
async fn barcodes_of_every_key_are_read_and_the_newest_signs() {
    let db = TestStore::new().await;
    let mut signers = vec![Signer::new(&db.keyring)];
    for before in [Predecessors::Trusted, Predecessors::Disowned] {
        let tx = db.begin_write().await.unwrap();
        Keyring::rotate_signing(&tx, &TestStore::master_key(), before).await.unwrap();
        signers.push(Signer::new(&Keyring::open(&tx, &TestStore::master_key(), false).await.unwrap()));
        tx.commit().await.unwrap();
    }
    let printed: Vec<_> = signers.iter().map(|signer| signer.sign(&ticket(1))).collect();
    // As a scanner has them.
    let keys = serde_json::to_string(signers[2].public_keys()).unwrap();
    let keys: PublicKeys = serde_json::from_str(&keys).unwrap();
    for text in &printed {
        let Barcode { ticket: TicketId(id), event: EventId(event), generation, .. } = keys.read(text.as_str()).unwrap();
        assert!(id != Uuid::nil() && event != Uuid::nil() && generation == 1);
    }
    assert_ne!(printed[0].as_str(), printed[1].as_str());
    assert_ne!(printed[1].as_str(), printed[2].as_str());
    assert_eq!(
        signers[1].public_keys().read(printed[2].as_str()),
        Err(Unreadable),
        "keys are fetched anew by scanners"
    );
    assert_eq!(signers[0].public_keys().read(printed[0].as_str()), keys.read(printed[0].as_str()));
}
