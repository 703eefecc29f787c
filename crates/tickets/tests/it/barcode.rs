use proptest::prelude::*;
use stagedoor_core::{Currency, Entropy, EventId, Money, OrderId, OrganizerId, TicketId, Timestamp, UserId};
use store::Keyring;
use tickets::{BARCODE_TEXT_LENGTH, Barcode, Place, PublicKeys, Shown, Signer, Status, Ticket, Unreadable};

const ID: TicketId = TicketId(uuid::Uuid::from_u128(0x0192_f3a1_0000_7000_8000_0000_0000_0001));
const EVENT: EventId = EventId(uuid::Uuid::from_u128(0x0192_f3a1_0000_7000_8000_0000_0000_0002));

pub fn signer(master: u8) -> Signer {
    Signer::new(&Keyring::new([master; 32], Entropy::seeded(1)))
}

pub fn ticket(generation: u32) -> Ticket {
    Ticket {
        id: ID,
        organizer: OrganizerId(uuid::Uuid::nil()),
        event: EVENT,
        order: OrderId(uuid::Uuid::nil()),
        position: 0,
        owner: UserId(uuid::Uuid::nil()),
        place: Place::Area { id: "floor".into(), name: "Floor".into() },
        level: "floor".into(),
        level_name: "Floor".into(),
        ticket_type: "adult".into(),
        face_value: Money::new(1, Currency::EUR),
        status: Status::Issued,
        generation,
        issued_at: Timestamp::from_micros(0),
    }
}

/// Barcodes on paper stay readable: this file is never regenerated, a new format gets its own.
#[test]
fn barcodes_of_format_1_read_and_sign_as_they_always_did() {
    let golden = include_str!("../golden/barcode_v1.txt");
    let mut lines = golden.lines();
    let keys: PublicKeys = serde_json::from_str(lines.next().unwrap()).unwrap();
    assert_eq!(&keys, signer(7).public_keys());
    for generation in [1, 2, 1_000] {
        let text = lines.next().unwrap();
        assert_eq!(keys.read(text), Ok(Barcode { ticket: ID, event: EVENT, generation, shown: Shown::Still }));
        assert_eq!(signer(7).sign(&ticket(generation)).as_str(), text);
    }
    assert_eq!(lines.next(), None);
}

#[test]
fn a_barcode_survives_readers_that_trim_and_fits_its_code() {
    let text = signer(3).sign(&ticket(1));
    assert_eq!(text.as_str().len(), BARCODE_TEXT_LENGTH);
    assert_eq!(text.as_str().trim(), text.as_str());
    assert!(text.as_str().starts_with("V50"));
    assert_eq!(format!("{text:?} {:?}", signer(3)), "BarcodeText(..) Signer(..)");
}

#[test]
fn another_server_s_barcode_is_unreadable() {
    let text = signer(1).sign(&ticket(1));
    assert_eq!(signer(2).public_keys().read(text.as_str()), Err(Unreadable));
}

#[test]
fn keys_that_are_not_ed25519_keys_are_refused() {
    let json = serde_json::to_string(signer(1).public_keys()).unwrap();
    for (from, to) in
        [("OKP", "RSA"), ("Ed25519", "X25519"), ("\"kid\":\"1\"", "\"kid\":\"256\""), ("\"x\":\"", "\"x\":\"A")]
    {
        let wrong = json.replace(from, to);
        assert_ne!(wrong, json);
        assert!(serde_json::from_str::<PublicKeys>(&wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn a_changed_barcode_never_reads(at in 0..BARCODE_TEXT_LENGTH, letter in "[0-9A-Z $%*+./:-]", generation in 1u32..5) {
        let signer = signer(9);
        let text = signer.sign(&ticket(generation));
        let mut changed = text.as_str().to_owned();
        changed.replace_range(at..=at, &letter);
        prop_assume!(changed != text.as_str());
        prop_assert_eq!(signer.public_keys().read(&changed), Err(Unreadable));
    }

    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,200}", tail in "[0-9A-Z $%*+./:-]{150}") {
        let signer = signer(9);
        prop_assert_eq!(signer.public_keys().read(&text), Err(Unreadable));
        prop_assert_eq!(signer.public_keys().read(&format!("V50{tail}")), Err(Unreadable));
    }

    #[test]
    fn a_cut_or_longer_barcode_never_reads(keep in 0..BARCODE_TEXT_LENGTH, more in "[0-9A-Z ]{1,4}") {
        let signer = signer(9);
        let text = signer.sign(&ticket(1));
        prop_assert_eq!(signer.public_keys().read(&text.as_str()[..keep]), Err(Unreadable));
        prop_assert_eq!(signer.public_keys().read(&format!("{}{more}", text.as_str())), Err(Unreadable));
        prop_assert_eq!(signer.public_keys().read(&text.as_str().to_lowercase()), Err(Unreadable));
    }
}
