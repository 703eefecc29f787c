use std::time::Duration;

use futures_util::future::join_all;
use stagedoor_core::{Code, OrganizerId, Timestamp, UserId};
use tickets::{
    Access, Admission, Admits, CLOCK_AHEAD_MAX, Cause, ChangeError, CheckIn, CheckInError, Door, Ending, LIVE_WITHIN,
    NewScan, Reach, SCANS_PER_UPLOAD_MAX, Scan, ScanRefused, Status, Verdict, check_in, find, reissue, revoke,
    scans_of, transfer,
};

use crate::{House, floor};

const MINUTE: Duration = Duration::from_secs(60);
const CAUSE: Cause<'_> = Cause { by: None, reason: "test" };

fn offline<'a>(scan_id: &'a str, barcode: &'a str, gate: &'a str, at: Timestamp) -> NewScan<'a> {
    NewScan { scan_id, barcode, gate, scanned_at: Some(at), event: None }
}

#[tokio::test]
async fn a_ticket_admits_once_and_tells_the_second_gate_when_and_where() {
    let house = House::new().await;
    let ticket = house.ticket().await;
    let text = house.text(&ticket);
    let first = house.live("s1", &text).await;
    let used = tickets::Ticket { status: Status::Used, ..ticket.clone() };
    assert_eq!((first.result, first.replayed, first.ticket.as_ref()), (Verdict::Admitted, false, Some(&used)));
    let at = house.db.env.now();
    house.db.env.clock.advance(MINUTE);
    let second = house.live("s2", &text).await;
    assert_eq!(second.result, Verdict::AlreadyUsed);
    assert_eq!(second.admission, Some(Admission { scanned_at: at, scan_id: "s1".into(), gate: "north".into() }));
    assert_eq!(second.superseded, None);
    let again = house.live("s1", &text).await;
    assert_eq!((again.result, again.replayed), (Verdict::Admitted, true), "an upload that comes again");
    let tx = house.db.begin_read().await.unwrap();
    let stored = find(&tx, Access::Owner(house.fan), ticket.id).await.unwrap().unwrap();
    assert_eq!(stored.status, Status::Used);
    let seen = scans_of(&tx, house.organizer, ticket.id).await.unwrap();
    let seen = Vec::from_iter(seen.iter().map(|scan| (scan.scan_id.as_str(), scan.result, scan.scanned_by)));
    assert_eq!(seen, [("s1", Verdict::Admitted, house.staff), ("s2", Verdict::AlreadyUsed, house.staff)]);
    assert_eq!(scans_of(&tx, house.db.env.id(), ticket.id).await.unwrap(), []);
}

#[tokio::test]
async fn of_many_gates_at_the_same_moment_exactly_one_admits() {
    let house = House::new().await;
    let text = house.text(&house.ticket().await);
    let now = house.db.env.now();
    // Ids that fall, clocks that disagree by less than a network's delay or run ahead.
    let answers = join_all((0..24u64).rev().map(|gate| {
        let (house, text) = (&house, &text);
        async move {
            let scan_id = format!("gate-{gate}");
            let scanned_at = match gate % 3 {
                0 => None,
                1 => Some(now - Duration::from_millis(gate * 10)),
                _ => Some(now + Duration::from_secs(gate)),
            };
            house.one(NewScan { scan_id: &scan_id, barcode: text, gate: "any", scanned_at, event: None }).await
        }
    }))
    .await;
    let admitted = answers.iter().filter(|answer| answer.result == Verdict::Admitted).count();
    let refused = answers.iter().filter(|answer| answer.result == Verdict::AlreadyUsed).count();
    assert_eq!((admitted, refused), (1, 23));
    assert!(answers.iter().all(|answer| answer.superseded.is_none()));
}

#[tokio::test]
async fn an_earlier_offline_scan_takes_the_place_of_the_one_that_was_told_first() {
    let house = House::new().await;
    let text = house.text(&house.ticket().await);
    let start = house.db.env.now();
    house.db.env.clock.advance(60 * MINUTE);
    let late = house.one(offline("b", &text, "south", start + 9 * MINUTE)).await;
    assert_eq!(late.result, Verdict::Admitted);
    let early = house.one(offline("a", &text, "north", start + 8 * MINUTE)).await;
    assert_eq!(early.result, Verdict::Admitted);
    assert_eq!(early.superseded, late.admission, "staff learn that two people came with one ticket");
    let late = house.one(offline("b", &text, "south", start + 9 * MINUTE)).await;
    assert_eq!((late.result, late.replayed), (Verdict::AlreadyUsed, true));
    assert_eq!(late.admission, early.admission);
    // Equal times are told apart by the scan id.
    let tie = house.one(offline("A", &text, "west", start + 8 * MINUTE)).await;
    assert_eq!((tie.result, tie.superseded), (Verdict::Admitted, early.admission));
    // A gate that asks now never takes the place of an admission, wherever our clock stands.
    house.db.env.clock.set(start);
    assert_eq!(house.live("0", &text).await.result, Verdict::AlreadyUsed);
}

#[tokio::test]
async fn the_boundary_between_live_and_offline_is_where_it_says() {
    let house = House::new().await;
    let now = house.db.env.now();
    for (age, taken_at) in
        [(LIVE_WITHIN, now - LIVE_WITHIN), (LIVE_WITHIN - Duration::from_micros(1), now), (Duration::ZERO, now)]
    {
        let text = house.text(&house.ticket().await);
        let scan_id = format!("{age:?}");
        let answer = house.one(offline(&scan_id, &text, "north", now - age)).await;
        assert_eq!(answer.admission.unwrap().scanned_at, taken_at, "{age:?} old");
    }
}

#[tokio::test]
async fn a_scan_id_stands_for_one_scan() {
    let house = House::new().await;
    let (one, two) = (house.text(&house.ticket().await), house.text(&house.ticket().await));
    let at = house.db.env.now() - MINUTE;
    let first = offline("s1", &one, "north", at);
    assert_eq!(house.one(first).await.result, Verdict::Admitted);
    let nonsense = NewScan { scan_id: "s2", barcode: "nonsense", ..first };
    assert_eq!(house.one(nonsense).await.result, Verdict::Unknown);
    for other in [
        NewScan { barcode: &two, ..first },
        NewScan { gate: "south", ..first },
        NewScan { scanned_at: Some(at + MINUTE), ..first },
        NewScan { scanned_at: None, ..first },
        NewScan { event: Some(house.event), ..first },
        NewScan { barcode: &two, ..nonsense },
    ] {
        let answers = house.upload(&[house.scan(other)]).await;
        assert_eq!(answers, [Err(ScanRefused::Reused)]);
        assert_eq!(ScanRefused::Reused.code(), Code::IdempotencyMismatch);
    }
    assert_eq!(house.live("s3", &two).await.result, Verdict::Admitted, "the refused scans did nothing");
    let answers = house.upload(&[house.scan(NewScan { scan_id: "s4", ..first }), house.scan(nonsense)]).await;
    assert_eq!(answers[1].as_ref().unwrap().result, Verdict::Unknown);
    // Another organizer's scanner may use the same id.
    let rival = Door { organizer: house.db.env.id(), by: house.staff };
    let scans = [house.scan(NewScan { gate: "south", ..first })];
    let elsewhere = check_in(&house.db, &store::Origin::system(), rival, &scans, |_| Admits::ALWAYS).await.unwrap();
    assert_eq!(elsewhere[0].as_ref().unwrap().result, Verdict::Unknown);
}

#[tokio::test]
async fn one_scan_uploaded_twice_at_once_is_one_scan() {
    let house = House::new().await;
    let text = house.text(&house.ticket().await);
    for (scan_id, barcode, verdict) in [("s1", text.as_str(), Verdict::Admitted), ("s2", "nonsense", Verdict::Unknown)]
    {
        let answers = join_all((0..8).map(|_| house.live(scan_id, barcode))).await;
        assert!(answers.iter().all(|answer| answer.result == verdict), "{answers:?}");
        assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
    }
}

#[tokio::test]
async fn the_barcode_from_before_a_reissue_a_transfer_or_a_refund_is_dead() {
    let house = House::new().await;
    let friend: UserId = house.db.env.id();
    let start = house.db.env.now();
    for (number, change) in ["reissue", "transfer", "refund"].into_iter().enumerate() {
        let ticket = house.ticket().await;
        house.db.env.clock.advance(10 * MINUTE);
        let tx = house.db.begin_write().await.unwrap();
        let access = Access::Owner(house.fan);
        let now = match change {
            "reissue" => reissue(&tx, access, ticket.id, CAUSE).await.unwrap(),
            "transfer" => transfer(&tx, access, ticket.id, friend, CAUSE).await.unwrap(),
            _ => revoke(&tx, ticket.order, &[ticket.id], Ending::Refunded, Reach::UnusedOnly, CAUSE)
                .await
                .unwrap()
                .remove(0),
        };
        tx.commit().await.unwrap();
        let old = house.text(&ticket);
        assert_eq!(house.live(&format!("old-{number}"), &old).await.result, Verdict::Revoked, "{change}");
        let claims = house.one(offline(&format!("claim-{number}"), &old, "north", start)).await;
        assert_eq!(claims.result, Verdict::Revoked, "{change}: a claim about the past does not revive it");
        let expected = if change == "refund" { Verdict::Revoked } else { Verdict::Admitted };
        assert_eq!(house.live(&format!("new-{number}"), &house.text(&now)).await.result, expected, "{change}");
    }
}

#[tokio::test]
async fn a_used_ticket_can_no_longer_be_given_back_or_renewed() {
    let house = House::new().await;
    let ticket = house.ticket().await;
    house.live("s1", &house.text(&ticket)).await;
    let tx = house.db.begin_write().await.unwrap();
    let renewed = reissue(&tx, Access::Owner(house.fan), ticket.id, CAUSE).await.unwrap_err();
    let back = revoke(&tx, ticket.order, &[ticket.id], Ending::Refunded, Reach::UnusedOnly, CAUSE).await.unwrap_err();
    assert_eq!((renewed.code(), back.code()), (Code::TicketUsed, Code::TicketUsed));
    // Unless everybody gets the money back; then the barcode is dead, and what was said stays.
    revoke(&tx, ticket.order, &[ticket.id], Ending::Refunded, Reach::UsedToo, CAUSE).await.unwrap();
    tx.commit().await.unwrap();
    let text = house.text(&ticket);
    assert_eq!(house.live("s2", &text).await.result, Verdict::Revoked);
    assert_eq!(house.live("s1", &text).await.result, Verdict::Admitted);
}

#[tokio::test]
async fn a_refund_and_a_scan_at_once_leave_one_of_the_two() {
    let house = House::new().await;
    let races = (0..12).map(|number| {
        let house = &house;
        async move {
            let ticket = house.ticket().await;
            let (scan_id, text) = (format!("s{number}"), house.text(&ticket));
            let refund = async {
                let tx = house.db.begin_write().await.unwrap();
                revoke(&tx, ticket.order, &[ticket.id], Ending::Refunded, Reach::UnusedOnly, CAUSE).await?;
                tx.commit().await.unwrap();
                Ok::<_, ChangeError>(())
            };
            let (scan, refund) = tokio::join!(house.live(&scan_id, &text), refund);
            match refund {
                Ok(()) => assert_eq!(scan.result, Verdict::Revoked),
                Err(refused) => assert_eq!((scan.result, refused.code()), (Verdict::Admitted, Code::TicketUsed)),
            }
        }
    });
    join_all(races).await;
}

#[tokio::test]
async fn another_organizer_s_ticket_is_as_unknown_as_nonsense() {
    let house = House::new().await;
    let ticket = house.ticket().await;
    let text = house.text(&ticket);
    let rival: OrganizerId = house.db.env.id();
    let door = Door { organizer: rival, by: house.staff };
    let never_issued = house.signer.sign(&tickets::Ticket { id: house.db.env.id(), ..ticket.clone() });
    let from_a_backup = house.signer.sign(&tickets::Ticket { generation: 2, ..ticket.clone() });
    let answer = async |door: Door, barcode: &str, scan_id: &str| {
        let scan = house.scan(NewScan { scan_id, barcode, gate: "north", scanned_at: None, event: Some(house.event) });
        check_in(&house.db, &store::Origin::system(), door, &[scan], |_| Admits::ALWAYS)
            .await
            .unwrap()
            .remove(0)
            .unwrap()
    };
    let nonsense = answer(door, "nonsense", "s1").await;
    assert_eq!(
        nonsense,
        CheckIn {
            scan_id: "s1".into(),
            result: Verdict::Unknown,
            ticket: None,
            admission: None,
            superseded: None,
            replayed: false,
        }
    );
    assert_eq!(answer(door, &text, "s2").await, CheckIn { scan_id: "s2".into(), ..nonsense.clone() });
    for (number, barcode) in [never_issued, from_a_backup].iter().enumerate() {
        let scan_id = format!("t{number}");
        let here = answer(house.door(), barcode.as_str(), &scan_id).await;
        assert_eq!(here, CheckIn { scan_id, ..nonsense.clone() });
    }
    assert_eq!(answer(house.door(), &text, "s3").await.result, Verdict::Admitted, "nothing was used up");
}

#[tokio::test]
async fn a_door_of_another_event_and_a_closed_door_turn_away_without_using_the_ticket() {
    let house = House::new().await;
    let text = house.text(&house.ticket().await);
    let elsewhere = Some(house.db.env.id());
    let wrong =
        house.one(NewScan { scan_id: "w", barcode: &text, gate: "north", scanned_at: None, event: elsewhere }).await;
    assert_eq!(wrong.result, Verdict::WrongEvent);
    let start = house.db.env.now();
    let (opens, closes) = (start + 10 * MINUTE, start + 20 * MINUTE);
    let admits = |_| Admits { opens: Some(opens), closes: Some(closes), live_only: false };
    house.db.env.clock.advance(24 * 60 * MINUTE);
    let tick = Duration::from_micros(1);
    for (at, result) in [
        (start - 1_000 * MINUTE, Verdict::NotYetValid),
        (opens - tick, Verdict::NotYetValid),
        (closes + tick, Verdict::Expired),
        (opens, Verdict::Admitted),
        (closes, Verdict::AlreadyUsed),
    ] {
        let scan_id = at.micros().to_string();
        let scan = house.scan(offline(&scan_id, &text, "north", at));
        assert_eq!(scan.event(), Some(house.event), "the caller can look up the window");
        let answer = check_in(&house.db, &store::Origin::system(), house.door(), &[scan], admits)
            .await
            .unwrap()
            .remove(0)
            .unwrap();
        assert_eq!(answer.result, result, "{at}");
    }
}

#[tokio::test]
async fn a_scanner_whose_clock_is_far_ahead_is_refused_until_its_time_comes() {
    let house = House::new().await;
    let text = house.text(&house.ticket().await);
    let now = house.db.env.now();
    let at = now + CLOCK_AHEAD_MAX + Duration::from_micros(1);
    let ahead = offline("s1", &text, "north", at);
    assert_eq!(house.upload(&[house.scan(ahead)]).await, [Err(ScanRefused::FromTheFuture)]);
    assert_eq!(
        house.upload(&[house.scan(offline("s2", &text, "north", Timestamp::MAX))]).await,
        [Err(ScanRefused::FromTheFuture)]
    );
    assert_eq!(ScanRefused::FromTheFuture.code(), Code::InvalidField);
    house.db.env.clock.set(at);
    assert_eq!(house.one(ahead).await.result, Verdict::Admitted, "nothing was kept of the refused scan");
    let other = house.text(&house.ticket().await);
    let slightly = offline("s3", &other, "north", at + CLOCK_AHEAD_MAX);
    assert_eq!(house.one(slightly).await.admission.unwrap().scanned_at, at, "a small skew counts as now");
}

#[tokio::test]
async fn a_whole_shift_is_one_upload_and_more_is_refused() {
    let house = House::new().await;
    let order = house.order_of((0..90).map(|_| house.place(floor())).collect());
    let texts = Vec::from_iter(house.issue(&order).await.iter().map(|ticket| house.text(ticket)));
    let start = house.db.env.now() - 60 * MINUTE;
    let ids = Vec::from_iter((0..SCANS_PER_UPLOAD_MAX).map(|number| format!("s{number:04}")));
    // The later in the list, the earlier it was made: each scan displaces the one before.
    let shift = Vec::from_iter((0u32..).zip(&ids).map(|(number, scan_id)| {
        let at = start - Duration::from_secs(u64::from(number));
        house.scan(offline(scan_id, &texts[number as usize % 90], "north", at))
    }));
    let first = house.upload(&shift).await;
    let admitted = |answers: &[Result<CheckIn, ScanRefused>]| {
        answers.iter().flatten().filter(|answer| answer.result == Verdict::Admitted).count()
    };
    assert_eq!((first.len(), admitted(&first)), (SCANS_PER_UPLOAD_MAX, 90));
    assert!(first[910..].iter().flatten().all(|answer| answer.result == Verdict::Admitted));
    let again = house.upload(&shift).await;
    assert!(again.iter().flatten().all(|answer| answer.replayed));
    assert!(again.iter().flatten().zip(first.iter().flatten()).all(|(one, two)| one.result == two.result));
    let too_many = [shift, vec![house.scan(offline("x", "y", "north", start))]].concat();
    let refused = check_in(&house.db, &store::Origin::system(), house.door(), &too_many, |_| Admits::ALWAYS).await;
    assert!(matches!(&refused, Err(error @ CheckInError::TooMany(_)) if error.code() == Code::InvalidField));
    assert_eq!(house.upload(&[]).await, []);
}

#[tokio::test]
async fn uploads_that_share_tickets_do_not_block_each_other_for_good() {
    let house = House::new().await;
    let order = house.order_of((0..20).map(|_| house.place(floor())).collect());
    let texts = Vec::from_iter(house.issue(&order).await.iter().map(|ticket| house.text(ticket)));
    let at = house.db.env.now() - 60 * MINUTE;
    let uploads = join_all((0..6u64).map(|scanner| {
        let (house, texts) = (&house, &texts);
        async move {
            let mut scans = Vec::from_iter(texts.iter().zip(0..).map(|(text, number)| {
                let scan_id = format!("{scanner}-{number}");
                house.scan(offline(&scan_id, text, "north", at + Duration::from_secs(scanner)))
            }));
            if scanner % 2 == 0 {
                scans.reverse();
            }
            house.upload(&scans).await
        }
    }))
    .await;
    assert!(uploads.iter().flatten().all(Result::is_ok));
    let tx = house.db.begin_read().await.unwrap();
    for ticket in tickets::of_order(&tx, order.order).await.unwrap() {
        let scans = scans_of(&tx, house.organizer, ticket.id).await.unwrap();
        assert_eq!(
            Vec::from_iter(scans.iter().map(|scan| scan.result == Verdict::Admitted)),
            [true, false, false, false, false, false]
        );
        assert!(scans[0].scan_id.starts_with("0-"));
    }
}

#[tokio::test]
async fn fields_of_a_scan_are_checked_and_never_shown() {
    let house = House::new().await;
    let text = house.text(&house.ticket().await);
    let long = "x".repeat(65);
    let scan = |scan_id: &str, gate: &str| {
        let new = NewScan { scan_id, barcode: &text, gate, scanned_at: None, event: None };
        Scan::new(&house.signer, new)
    };
    for wrong in ["", " ", "a b", "a\n", "ä", "a\0", long.as_str()] {
        assert_eq!(scan(wrong, "north").unwrap_err().field, "scanId", "{wrong:?}");
    }
    for wrong in ["", " ", "a\nb", "a\u{202e}b"] {
        assert_eq!(scan("s1", wrong).unwrap_err().field, "gate", "{wrong:?}");
    }
    let shown = format!("{:?}", scan(&long[..64], "north").unwrap());
    assert!(shown.contains("north") && !shown.contains(&text[..20]) && !shown.contains("tkt_"), "{shown}");
}
