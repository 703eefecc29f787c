//! Any permutation, partition and repetition of the same offline scans ends in the same verdicts,
//! those of a model that sees all scans at once. Source: RELIABILITY.md I16.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use stagedoor_core::Timestamp;
use tickets::{Access, Admits, Cause, NewScan, Scan, Step, Ticket, Verdict, check_in, reissue, scans_of};

use crate::{House, floor};

/// Tickets of a case: the first ones are as issued, the last was reissued.
const TICKETS: usize = 3;

/// One scan of a case, made before any upload.
#[derive(Debug, Clone)]
struct Made {
    ticket: usize,
    /// Few different ones, so that ties are common.
    second: u64,
    barcode: Which,
    gate: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Which {
    Present,
    Old,
    Nonsense,
    /// A live one, shown so many steps before it is scanned, or after.
    Live(i64),
}

fn made() -> impl Strategy<Value = Made> {
    let barcode = prop_oneof![
        8 => Just(Which::Present),
        1 => Just(Which::Old),
        1 => Just(Which::Nonsense),
        4 => (-3i64..=3).prop_map(Which::Live),
    ];
    (0..TICKETS, 0u64..6, barcode, any::<bool>()).prop_map(|(ticket, second, barcode, gate)| Made {
        ticket,
        second,
        barcode,
        gate,
    })
}

/// Scans, and two ways to upload them: orders in which each occurs at least once, cut into parts.
fn case() -> impl Strategy<Value = (Vec<Made>, [Vec<Vec<usize>>; 2])> {
    prop::collection::vec(made(), 1..14).prop_flat_map(|scans| {
        let count = scans.len();
        let way = move || {
            let repeats = prop::collection::vec(0..count, 0..6);
            let order =
                repeats.prop_flat_map(move |repeats| Just([Vec::from_iter(0..count), repeats].concat()).prop_shuffle());
            (order, 1usize..6).prop_map(|(order, part)| order.chunks(part).map(<[usize]>::to_vec).collect::<Vec<_>>())
        };
        (Just(scans), [way(), way()])
    })
}

/// The verdicts by definition, with all scans on the table.
fn model(scans: &[Made]) -> Vec<Verdict> {
    let good = |scan: &Made| match scan.barcode {
        Which::Present => true,
        Which::Old => scan.ticket + 1 < TICKETS,
        Which::Nonsense => false,
        Which::Live(steps) => steps.abs() <= 2,
    };
    let mut first: BTreeMap<usize, (u64, usize)> = BTreeMap::new();
    for (number, scan) in scans.iter().enumerate().filter(|(_, scan)| good(scan)) {
        let best = first.entry(scan.ticket).or_insert((scan.second, number));
        *best = (scan.second, number).min(*best);
    }
    let verdict = |(number, scan): (usize, &Made)| match scan.barcode {
        Which::Nonsense => Verdict::Unknown,
        Which::Old if !good(scan) => Verdict::Revoked,
        Which::Live(_) if !good(scan) => Verdict::NotLive,
        _ if first[&scan.ticket].1 == number => Verdict::Admitted,
        _ => Verdict::AlreadyUsed,
    };
    scans.iter().enumerate().map(verdict).collect()
}

impl House {
    /// The verdicts after uploading in one way, for an organizer of its own.
    async fn verdicts(&mut self, scans: &[Made], uploads: &[Vec<usize>]) -> Vec<Verdict> {
        (self.organizer, self.event) = (self.db.env.id(), self.db.env.id());
        let order = self.order_of((0..TICKETS).map(|_| self.place(floor())).collect());
        let issued = self.issue(&order).await;
        let mut present = issued.clone();
        let tx = self.db.begin_write().await.unwrap();
        let cause = Cause { by: None, reason: "test" };
        present[TICKETS - 1] = reissue(&tx, Access::Owner(self.fan), issued[TICKETS - 1].id, cause).await.unwrap();
        tx.commit().await.unwrap();

        let start = self.db.env.now() - Duration::from_secs(3_600);
        let scan = |number: usize| self.made(&scans[number], number, start, &issued, &present);
        for upload in uploads {
            self.upload(&Vec::from_iter(upload.iter().map(|number| scan(*number)))).await;
            self.db.env.clock.advance(Duration::from_secs(7));
        }
        let all = Vec::from_iter((0..scans.len()).map(scan));
        let closed = |_| Admits { opens: Some(Timestamp::MAX), closes: None, live_only: true };
        let last = check_in(&self.db, &store::Origin::system(), self.door(), &all, closed).await.unwrap();
        let verdicts = Vec::from_iter(last.into_iter().map(|answer| answer.unwrap().result));

        let tx = self.db.begin_read().await.unwrap();
        for (number, ticket) in issued.iter().enumerate() {
            let shown = scans_of(&tx, self.organizer, ticket.id).await.unwrap();
            let admitted = shown.iter().filter(|scan| scan.result == Verdict::Admitted).count();
            let expected =
                (0..scans.len()).filter(|at| scans[*at].ticket == number && verdicts[*at] == Verdict::Admitted);
            assert_eq!(admitted, expected.count(), "the ticket's own list agrees");
        }
        verdicts
    }

    fn made(&self, made: &Made, number: usize, start: Timestamp, issued: &[Ticket], present: &[Ticket]) -> Scan {
        let scanned_at = start + Duration::from_secs(made.second);
        let barcode = match made.barcode {
            Which::Present => self.text(&present[made.ticket]),
            Which::Old => self.text(&issued[made.ticket]),
            Which::Nonsense => "nonsense".to_owned(),
            Which::Live(steps) => {
                let shown = Timestamp::from_micros(scanned_at.micros() + 15_000_000 * steps);
                self.signer.live(&present[made.ticket]).text(Step::of(shown)).as_str().to_owned()
            }
        };
        self.scan(NewScan {
            scan_id: &format!("s{number:02}"),
            barcode: &barcode,
            gate: if made.gate { "north" } else { "south" },
            scanned_at: Some(scanned_at),
            event: None,
        })
    }
}

#[test]
fn uploads_end_in_the_same_verdicts_in_any_order() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let house = std::cell::RefCell::new(runtime.block_on(House::new()));
    proptest!(ProptestConfig::with_cases(48), |((scans, ways) in case())| {
        let house = &mut *house.borrow_mut();
        let expected = model(&scans);
        for way in &ways {
            prop_assert_eq!(&runtime.block_on(house.verdicts(&scans, way)), &expected);
        }
    });
}
