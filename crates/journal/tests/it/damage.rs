//! What was changed behind the journal's back is refused by a replay, named, and reported by a
//! verification together with everything else.

use journal::{BatchSeq, Damage, Error, Finding, Journal, Partition, Snapshot};

use crate::home::{Home, at, batch, event, everywhere, facts};

/// Five batches of three records, of two events.
fn five_batches(home: &Home) -> Box<dyn Journal> {
    let mut journal = home.own();
    for version in 1..=5 {
        let records = [(1, 2 * version - 1, "held"), (1, 2 * version, "sold"), (2, version, "held")];
        journal.append(at(version as i64), &batch(&records)).unwrap();
    }
    journal
}

fn finding(seq: u64, record: Option<u32>, damage: Damage) -> Finding {
    Finding { partition: Partition(0), seq: Some(BatchSeq(seq)), record, damage }
}

/// The one finding of a replay, after checking that a verification reports it as well.
fn found(journal: &mut dyn Journal) -> Finding {
    let Err(Error::Damaged(finding)) = facts(journal, BatchSeq::NONE) else { panic!("the damage goes unnoticed") };
    let verified = journal.verify(&mut |_, _| Ok(())).unwrap();
    assert!(verified.findings.contains(&finding), "{finding} is not in {:?}", verified.findings);
    finding
}

#[test]
fn a_sound_journal_verifies_and_is_counted() {
    everywhere(|home| {
        let mut journal = five_batches(home);
        let snapshot = Snapshot { event: event(1), version: 10, covers: BatchSeq(5), body: &b"state"[..] };
        journal.put_snapshots(&[snapshot]).unwrap();
        journal.set_checkpoint(BatchSeq(3)).unwrap();
        journal.put_blob(b"manifest").unwrap();
        let mut shown = 0;
        let verified = journal.verify(&mut |_, _| {
            shown += 1;
            Ok(())
        });
        let verified = verified.unwrap();
        assert_eq!(verified.findings, []);
        assert_eq!((verified.batches, verified.records, verified.events), (5, 15, 2));
        assert_eq!((verified.snapshots, verified.blobs, shown), (1, 1, 15));
    });
}

#[test]
fn a_flipped_bit_names_the_record_it_is_in() {
    everywhere(|home| {
        let mut journal = five_batches(home);
        // Each batch: format, then records of 27, 11 and 27 bytes.
        for (at, record) in [(1 + 20, 0), (1 + 28 + 3, 1), (1 + 28 + 10 + 20, 2)] {
            home.change_body(3, |body| body[at] ^= 4);
            assert_eq!(found(&mut *journal), finding(3, Some(record), Damage::Checksum), "byte {at}");
            home.change_body(3, |body| body[at] ^= 4);
        }
        home.change_body(3, |body| body.truncate(body.len() - 1));
        assert_eq!(found(&mut *journal), finding(3, Some(2), Damage::Framing));
        home.change_body(3, |body| body[0] = 9);
        assert_eq!(found(&mut *journal), finding(3, None, Damage::Format { format: 9 }));
    });
}

#[test]
fn an_edit_that_frames_its_records_well_breaks_the_chain() {
    everywhere(|home| {
        let mut journal = five_batches(home);
        home.change_body(2, |body| *body = batch(&[(1, 3, "HELD"), (1, 4, "sold"), (2, 2, "held")]).body().to_vec());
        assert_eq!(found(&mut *journal), finding(2, None, Damage::Chain));
    });
}

#[test]
fn times_epochs_and_hashes_are_part_of_the_chain() {
    for edit in ["decided_at = decided_at + 1", "epoch = 2", "chain = (SELECT chain FROM journal_batch WHERE seq = 2)"]
    {
        everywhere(|home| {
            let mut journal = five_batches(home);
            home.execute(&format!("UPDATE journal_batch SET {edit} WHERE seq = 4"));
            assert_eq!(found(&mut *journal), finding(4, None, Damage::Chain), "{edit}");
        });
    }
}

#[test]
fn removed_and_reordered_batches_are_missed() {
    everywhere(|home| {
        let mut journal = five_batches(home);
        home.execute("DELETE FROM journal_batch WHERE seq = 2");
        assert_eq!(found(&mut *journal), finding(3, None, Damage::Gap { expected: BatchSeq(2) }));
        assert!(matches!(
            facts(&mut *journal, BatchSeq(2)),
            Err(Error::Damaged(Finding { damage: Damage::Missing, .. }))
        ));
    });
    everywhere(|home| {
        let mut journal = five_batches(home);
        for swap in ["seq = 20 WHERE seq = 2", "seq = 2 WHERE seq = 3", "seq = 3 WHERE seq = 20"] {
            home.execute(&format!("UPDATE journal_batch SET {swap}"));
        }
        assert_eq!(found(&mut *journal), finding(2, None, Damage::Chain));
    });
}

#[test]
fn a_first_batch_cannot_be_cut_off() {
    everywhere(|home| {
        let mut journal = five_batches(home);
        home.execute("DELETE FROM journal_batch WHERE seq = 1");
        assert_eq!(found(&mut *journal), finding(2, None, Damage::Gap { expected: BatchSeq(1) }));
        home.execute("UPDATE journal_batch SET seq = seq + 100");
        home.execute("UPDATE journal_batch SET seq = seq - 101");
        assert_eq!(found(&mut *journal), finding(1, None, Damage::Chain));
    });
}

#[test]
fn a_damaged_last_batch_is_not_built_upon() {
    everywhere(|home| {
        let mut journal = five_batches(home);
        home.change_body(5, |body| body[20] ^= 1);
        let Err(Error::Damaged(damaged)) = journal.claim(None) else { panic!("claimed") };
        assert_eq!(damaged, finding(5, Some(0), Damage::Checksum));
    });
}

#[test]
fn versions_of_an_event_have_no_gaps_over_batches() {
    everywhere(|home| {
        let mut journal = home.own();
        journal.append(at(1), &batch(&[(1, 1, "a"), (1, 2, "b")])).unwrap();
        journal.append(at(1), &batch(&[(2, 1, "a"), (1, 4, "d")])).unwrap();
        let damage = Damage::Version { event: event(1), expected: 3, found: 4 };
        assert_eq!(found(&mut *journal), finding(2, Some(1), damage));
    });
    everywhere(|home| {
        let mut journal = home.own();
        journal.append(at(1), &batch(&[(1, 2, "b")])).unwrap();
        let damage = Damage::Version { event: event(1), expected: 1, found: 2 };
        assert_eq!(found(&mut *journal), finding(1, Some(0), damage));
    });
}

#[test]
fn a_verification_reports_everything_and_shows_what_is_sound() {
    everywhere(|home| {
        let mut journal = five_batches(home);
        let hash = journal.put_blob(b"manifest").unwrap();
        let covers = BatchSeq(5);
        let ahead = Snapshot { event: event(2), version: 6, covers, body: &b"ahead"[..] };
        let broken = Snapshot { event: event(1), version: 10, covers, body: &b"broken"[..] };
        journal.put_snapshots(&[ahead, broken]).unwrap();
        home.execute("UPDATE journal_snapshot SET checksum = 0 WHERE version = 10");
        home.execute("UPDATE journal_blob SET body = substr(body, 2)");
        home.execute("UPDATE journal_partition SET checkpoint = 7");
        home.execute("UPDATE journal_batch SET decided_at = 1 WHERE seq = 3");
        home.change_body(4, |body| body[1 + 28 + 3] ^= 1);
        let mut shown = Vec::new();
        let verified = journal.verify(&mut |header, record| {
            shown.push((header.seq.0, record.index));
            if (header.seq.0, record.index) == (5, 1) { Err("unknown fact".into()) } else { Ok(()) }
        });
        let outside = |damage| Finding { partition: Partition(0), seq: None, record: None, damage };
        let back = |seq, at, previous| finding(seq, None, Damage::ClockWentBack { at, previous });
        assert_eq!(
            verified.unwrap().findings,
            [
                finding(3, None, Damage::Chain),
                back(3, stagedoor_core::Timestamp::from_micros(1), at(2)),
                finding(4, Some(1), Damage::Checksum),
                finding(5, Some(0), Damage::Version { event: event(1), expected: 8, found: 9 }),
                finding(5, Some(1), Damage::Rejected { why: "unknown fact".to_owned() }),
                finding(5, Some(2), Damage::Version { event: event(2), expected: 4, found: 5 }),
                outside(Damage::CheckpointAhead { checkpoint: BatchSeq(7) }),
                outside(Damage::Snapshot { event: event(1) }),
                outside(Damage::SnapshotAhead { event: event(2), version: 6, reached: 5 }),
                outside(Damage::Blob { hash }),
            ]
        );
        let sound = [(4, 0), (5, 0), (5, 1), (5, 2)];
        assert_eq!(shown[9..], sound);
    });
}
