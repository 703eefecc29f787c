//! Barcodes that change with time: what they say, and whom a door lets in with them.

use std::time::Duration;

use proptest::prelude::*;
use stagedoor_core::Timestamp;
use store::{Keyring, Predecessors};
use testkit::TestStore;
use tickets::{
    Access, Admits, Barcode, Cause, CheckIn, LIVE_TEXT_LENGTH, NewScan, Shown, Signer, Step, Ticket, Unreadable,
    Verdict, check_in, reissue,
};

use crate::House;
use crate::barcode::{signer, ticket};

const SECOND: Duration = Duration::from_secs(1);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

/// Phones keep what makes them for years: this file is never regenerated, a new format gets its own.
#[test]
fn barcodes_of_format_2_are_made_and_read_as_they_always_were() {
    let golden: serde_json::Value = serde_json::from_str(include_str!("../golden/barcode_v2.json")).unwrap();
    let signer = signer(7);
    let of = ticket(golden["generation"].as_u64().unwrap() as u32);
    let live = signer.live(&of);
    assert_eq!(golden["seal"], live.seal());
    assert_eq!(golden["key"], live.key().text());
    assert_eq!(golden["eventKeys"], serde_json::to_value(signer.event_keys(of.event)).unwrap());
    assert_eq!(golden["publicKeys"], serde_json::to_value(signer.public_keys()).unwrap());
    for shown in golden["shown"].as_array().unwrap() {
        let step = Step::of(at(shown["at"].as_i64().unwrap()));
        let text = live.text(step);
        assert_eq!(shown["text"], text.as_str());
        let read = Barcode { ticket: of.id, event: of.event, generation: of.generation, shown: Shown::Live(step) };
        assert_eq!(signer.read(text.as_str()), Ok(read));
    }
}

#[test]
fn a_live_barcode_survives_readers_that_trim_and_tells_no_secret_when_it_is_logged() {
    let live = signer(3).live(&ticket(1));
    let text = live.text(Step::of(at(1_800_000_000)));
    assert_eq!(text.as_str().len(), LIVE_TEXT_LENGTH);
    assert_eq!(text.as_str().trim(), text.as_str());
    assert!(text.as_str().starts_with("HB0"));
    let keys = signer(3).event_keys(ticket(1).event);
    assert_eq!(
        format!("{live:?} {:?} {keys:?} {text:?}", live.key()),
        "LiveBarcode(..) TicketKey(..) [EventKey(1)] BarcodeText(..)"
    );
}

/// Nobody makes one kind out of a picture of the other, nor the next code out of the last.
#[test]
fn the_parts_of_barcodes_do_not_fit_together() {
    let signer = signer(9);
    let (one, other) = (signer.live(&ticket(1)), signer.live(&ticket(2)));
    let step = Step::of(at(1_800_000_000));
    let (shown, next) = (one.text(step), one.text(Step::of(step.end())));
    // Three characters are two bytes: 153 of the seal, then the step and the code.
    let (seal, rest) = shown.as_str().split_at(153);
    let paper = signer.sign(&ticket(1));
    let foreign = self::signer(8).live(&ticket(1)).text(step);
    for (forged, what) in [
        (format!("V5{}", &seal[2..]), "a live one as one for paper"),
        (format!("{}{rest}", paper.as_str()), "one for paper with a code"),
        (format!("{seal}{}", &other.text(step).as_str()[153..]), "the code of another generation"),
        (format!("{}{}", &next.as_str()[..159], &shown.as_str()[159..]), "the code of the step before"),
        (foreign.as_str().to_owned(), "somebody else's"),
        (seal.to_owned(), "a seal alone"),
    ] {
        assert_eq!(signer.read(&forged), Err(Unreadable), "{what}");
    }
    assert!(signer.read(shown.as_str()).is_ok() && signer.read(paper.as_str()).is_ok());
    assert_eq!(signer.public_keys().read(shown.as_str()), Err(Unreadable), "public keys cannot check a code");
}

#[tokio::test]
async fn what_a_phone_keeps_is_good_after_the_keys_were_replaced() {
    let db = TestStore::new().await;
    let before = Signer::new(&db.keyring);
    let kept = before.live(&ticket(1));
    let tx = db.begin_write().await.unwrap();
    Keyring::rotate_signing(&tx, &TestStore::master_key(), Predecessors::Disowned).await.unwrap();
    let after = Signer::new(&Keyring::open(&tx, &TestStore::master_key(), false).await.unwrap());
    tx.commit().await.unwrap();
    let step = Step::of(at(1_800_000_000));
    assert!(after.read(kept.text(step).as_str()).is_ok());
    let fresh = after.live(&ticket(1));
    assert_ne!(fresh.key().text(), kept.key().text());
    assert!(after.read(fresh.text(step).as_str()).is_ok());
    assert_eq!(before.read(fresh.text(step).as_str()), Err(Unreadable));
    let event = ticket(1).event;
    assert_eq!((before.event_keys(event).len(), after.event_keys(event).len()), (1, 2));
}

/// A door of an event that takes live barcodes alone, or any.
impl House {
    fn shown(&self, ticket: &Ticket, at: Timestamp) -> String {
        self.signer.live(ticket).text(Step::of(at)).as_str().to_owned()
    }

    async fn at_door(&self, live_only: bool, new: NewScan<'_>) -> CheckIn {
        let admits = |_| Admits { live_only, ..Admits::ALWAYS };
        let scans = [self.scan(new)];
        let mut answers = check_in(&self.db, &store::Origin::system(), self.door(), &scans, admits).await.unwrap();
        answers.remove(0).unwrap()
    }
}

fn scan<'a>(scan_id: &'a str, barcode: &'a str, scanned_at: Option<Timestamp>) -> NewScan<'a> {
    NewScan { scan_id, barcode, gate: "north", scanned_at, event: None }
}

#[tokio::test]
async fn a_picture_of_a_live_barcode_is_dead_after_45_seconds_and_uses_nothing_up() {
    let house = House::new().await;
    let ticket = house.ticket().await;
    let now = house.db.env.now();
    let text = house.shown(&ticket, now);
    house.db.env.clock.advance(46 * SECOND);
    for (scan_id, live_only) in [("s1", false), ("s2", true)] {
        let answer = house.at_door(live_only, scan(scan_id, &text, None)).await;
        assert_eq!(answer.result, Verdict::NotLive);
        assert_eq!(answer.ticket.map(|found| found.status), Some(tickets::Status::Issued));
    }
    let again = house.at_door(true, scan("s1", &text, None)).await;
    assert_eq!((again.result, again.replayed), (Verdict::NotLive, true));
    let fresh = house.shown(&ticket, house.db.env.now());
    assert_eq!(house.at_door(true, scan("s3", &fresh, None)).await.result, Verdict::Admitted);
    assert_eq!(house.at_door(true, scan("s4", &fresh, None)).await.result, Verdict::AlreadyUsed);
}

#[tokio::test]
async fn paper_is_turned_away_where_live_barcodes_alone_admit() {
    let house = House::new().await;
    let ticket = house.ticket().await;
    let paper = house.text(&ticket);
    assert_eq!(house.at_door(true, scan("s1", &paper, None)).await.result, Verdict::NotLive);
    assert_eq!(house.at_door(false, scan("s2", &paper, None)).await.result, Verdict::Admitted);
}

#[tokio::test]
async fn a_scan_made_offline_is_judged_by_the_time_it_was_made() {
    let house = House::new().await;
    let ticket = house.ticket().await;
    let made = house.db.env.now();
    let text = house.shown(&ticket, made);
    house.db.env.clock.advance(3_600 * SECOND);
    let late = house.at_door(true, scan("late", &text, Some(made + 61 * SECOND))).await;
    assert_eq!(late.result, Verdict::NotLive, "a picture that was scanned a minute later");
    // A phone and a scanner whose clocks are half a minute apart.
    let apart = house.at_door(true, scan("apart", &text, Some(made - 29 * SECOND))).await;
    assert_eq!(apart.result, Verdict::Admitted);
}

#[tokio::test]
async fn whoever_gave_a_ticket_away_shows_a_dead_barcode_however_live_it_is() {
    let house = House::new().await;
    let before = house.ticket().await;
    let tx = house.db.begin_write().await.unwrap();
    let cause = Cause { by: None, reason: "test" };
    let after = reissue(&tx, Access::Owner(house.fan), before.id, cause).await.unwrap();
    tx.commit().await.unwrap();
    let now = house.db.env.now();
    let old = house.at_door(true, scan("old", &house.shown(&before, now), None)).await;
    assert_eq!(old.result, Verdict::Revoked);
    let new = house.at_door(true, scan("new", &house.shown(&after, now), None)).await;
    assert_eq!(new.result, Verdict::Admitted);
}

proptest! {
    #[test]
    fn a_changed_live_barcode_never_reads(at in 0..LIVE_TEXT_LENGTH, letter in "[0-9A-Z $%*+./:-]", steps in 0i64..9) {
        let signer = signer(9);
        let text = signer.live(&ticket(1)).text(Step::of(self::at(1_800_000_000 + 15 * steps)));
        let mut changed = text.as_str().to_owned();
        changed.replace_range(at..=at, &letter);
        prop_assume!(changed != text.as_str());
        prop_assert_eq!(signer.read(&changed), Err(Unreadable));
    }

    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,200}", tail in "[0-9A-Z $%*+./:-]{168}") {
        let signer = signer(9);
        prop_assert_eq!(signer.read(&text), Err(Unreadable));
        prop_assert_eq!(signer.read(&format!("HB0{tail}")), Err(Unreadable));
    }
}
