//! What every journal does, whatever the database.

use journal::{AppendError, BATCH_BYTES_MAX, Batch, BatchHeader, BatchSeq, Chain, Epoch, Error, Partition, Snapshot};

use crate::home::{at, batch, event, everywhere, facts};

#[test]
fn facts_come_back_in_order_and_a_reopened_journal_goes_on() {
    everywhere(|home| {
        let mut journal = home.open();
        let claim = journal.claim(None).unwrap();
        assert_eq!((claim.epoch, claim.last), (Epoch(1), BatchHeader::genesis(Partition(0))));
        let first = batch(&[(1, 1, "open"), (2, 1, "open"), (1, 2, "held"), (1, 3, "")]);
        assert_eq!(journal.append(at(5), &first).unwrap(), BatchSeq(1));
        assert_eq!(journal.append(at(5), &batch(&[(2, 2, "held")])).unwrap(), BatchSeq(2));
        drop(journal);

        let mut journal = home.open();
        let claim = journal.claim(None).unwrap();
        assert_eq!((claim.epoch, claim.last.seq, claim.last.at), (Epoch(2), BatchSeq(2), at(5)));
        journal.append(at(6), &batch(&[(1, 4, "sold")])).unwrap();
        let fact = |seq, number, version, payload: &str| (seq, event(number), version, payload.to_owned());
        let all = [
            fact(1, 1, 1, "open"),
            fact(1, 2, 1, "open"),
            fact(1, 1, 2, "held"),
            fact(1, 1, 3, ""),
            fact(2, 2, 2, "held"),
            fact(3, 1, 4, "sold"),
        ];
        assert_eq!(facts(&mut *journal, BatchSeq::NONE).unwrap(), all);
        assert_eq!(facts(&mut *journal, BatchSeq(2)).unwrap(), all[5..]);
        assert_eq!(facts(&mut *journal, BatchSeq(3)).unwrap(), []);
        let mut headers = Vec::new();
        let replay = journal.replay(BatchSeq::NONE, &mut |header, _| {
            headers.push((header.seq.0, header.epoch.0, header.at));
            Ok(())
        });
        headers.dedup();
        assert_eq!(headers, [(1, 1, at(5)), (2, 1, at(5)), (3, 2, at(6))]);
        let replay = replay.unwrap();
        assert_eq!((replay.batches, replay.records, replay.last.seq), (3, 6, BatchSeq(3)));
    });
}

#[test]
fn a_stale_owner_writes_nothing_until_it_claims_again() {
    everywhere(|home| {
        let mut journal = home.own();
        journal.append(at(1), &batch(&[(1, 1, "a")])).unwrap();
        home.execute("UPDATE journal_partition SET epoch = epoch + 1");
        for _ in 0..2 {
            let refused = journal.append(at(2), &batch(&[(1, 2, "b")])).unwrap_err();
            assert!(matches!(refused, AppendError::Fenced { epoch: Epoch(1), .. }), "{refused:?}");
        }
        let refused = journal.put_blob(b"x").unwrap_err();
        assert!(matches!(refused, Error::Fenced { .. }), "{refused:?}");
        assert_eq!(facts(&mut *journal, BatchSeq::NONE).unwrap().len(), 1);
        assert_eq!(journal.claim(None).unwrap().epoch, Epoch(3));
        journal.append(at(2), &batch(&[(1, 2, "b")])).unwrap();
    });
}

#[test]
fn every_kind_of_write_compares_the_epoch() {
    everywhere(|home| {
        for write in 0..3 {
            let mut journal = home.own();
            home.execute("UPDATE journal_partition SET epoch = epoch + 1");
            let snapshot = Snapshot { event: event(1), version: 1, covers: BatchSeq::NONE, body: &b"s"[..] };
            let refused = match write {
                0 => journal.put_snapshots(&[snapshot]),
                1 => journal.set_checkpoint(BatchSeq::NONE),
                _ => journal.put_blob(b"blob").map(drop),
            };
            assert!(matches!(refused, Err(Error::Fenced { .. })), "write {write}: {refused:?}");
        }
        assert_eq!(home.open().snapshot(event(1)).unwrap(), None);
    });
}

#[test]
fn a_number_taken_by_another_owner_is_a_fence() {
    everywhere(|home| {
        let mut journal = home.own();
        journal.append(at(1), &batch(&[(1, 1, "a")])).unwrap();
        home.execute("UPDATE journal_batch SET seq = 2");
        let refused = journal.append(at(2), &batch(&[(1, 2, "b")])).unwrap_err();
        assert!(matches!(refused, AppendError::Fenced { .. }), "{refused:?}");
    });
}

#[test]
fn nothing_is_written_without_a_claim() {
    everywhere(|home| {
        let mut journal = home.open();
        let refused = journal.append(at(1), &batch(&[(1, 1, "a")])).unwrap_err();
        assert!(matches!(refused, AppendError::Fenced { .. }), "{refused:?}");
        assert!(matches!(journal.set_checkpoint(BatchSeq::NONE), Err(Error::Fenced { .. })));
        assert_eq!(facts(&mut *journal, BatchSeq::NONE).unwrap(), []);
    });
}

#[test]
fn the_clock_does_not_run_backwards_over_a_restart() {
    everywhere(|home| {
        home.own().append(at(100), &batch(&[(1, 1, "a")])).unwrap();
        let mut journal = home.own();
        let refused = journal.append(at(99), &batch(&[(1, 2, "b")])).unwrap_err();
        assert!(matches!(refused, AppendError::ClockWentBack { .. }), "{refused:?}");
        assert_eq!(journal.append(at(100), &batch(&[(1, 2, "b")])).unwrap(), BatchSeq(2));
    });
}

#[test]
fn a_batch_over_the_limit_is_refused_and_the_journal_goes_on() {
    everywhere(|home| {
        let mut journal = home.own();
        let mut large = Batch::new();
        large.push(event(1), 1, |out| out.resize(out.len() + BATCH_BYTES_MAX, 7));
        let refused = journal.append(at(1), &large).unwrap_err();
        assert!(matches!(refused, AppendError::TooLarge { .. }), "{refused:?}");
        assert_eq!(journal.append(at(1), &batch(&[(1, 1, "a")])).unwrap(), BatchSeq(1));
    });
}

#[test]
fn batches_of_every_size_come_back() {
    everywhere(|home| {
        let mut journal = home.own();
        let mut filling = Batch::new();
        let sizes = [0, 1, 100, 121, 122, 127, 128, 16_000, 20_000, 2_100_000];
        for (index, size) in sizes.iter().enumerate() {
            filling.clear();
            filling.push(event(1), index as u64 + 1, |out| out.resize(out.len() + size, index as u8));
            journal.append(at(1), &filling).unwrap();
        }
        filling.clear();
        for number in 0..5_000 {
            filling.push(event(number + 2), 1, |out| out.extend_from_slice(&number.to_le_bytes()));
        }
        journal.append(at(1), &filling).unwrap();
        let mut seen = 0;
        journal
            .replay(BatchSeq::NONE, &mut |_, record| {
                match sizes.get(seen) {
                    Some(size) => assert_eq!(record.payload, vec![seen as u8; *size]),
                    None => {
                        let number = (seen - sizes.len()) as u128;
                        assert_eq!((record.event, record.payload), (event(number + 2), &number.to_le_bytes()[..]));
                    }
                }
                seen += 1;
                Ok(())
            })
            .unwrap();
        assert_eq!(seen, sizes.len() + 5_000);
    });
}

#[test]
fn partitions_have_nothing_to_do_with_each_other() {
    everywhere(|home| {
        let (mut zero, mut one) = (home.own(), home.open_partition(1));
        assert_eq!(one.claim(None).unwrap().epoch, Epoch(1));
        zero.append(at(9), &batch(&[(1, 1, "zero")])).unwrap();
        one.append(at(3), &batch(&[(2, 1, "one")])).unwrap();
        one.set_checkpoint(BatchSeq(1)).unwrap();
        one.put_snapshots(&[Snapshot { event: event(2), version: 1, covers: BatchSeq(1), body: b"s" }]).unwrap();
        assert_eq!(facts(&mut *zero, BatchSeq::NONE).unwrap(), [(1, event(1), 1, "zero".to_owned())]);
        assert_eq!(facts(&mut *one, BatchSeq::NONE).unwrap(), [(1, event(2), 1, "one".to_owned())]);
        assert_eq!(zero.checkpoint().unwrap(), BatchSeq::NONE);
        assert_eq!(zero.snapshot(event(2)).unwrap(), None);
        assert_eq!(zero.verify(&mut |_, _| Ok(())).unwrap().findings, []);
        assert_eq!(one.verify(&mut |_, _| Ok(())).unwrap().findings, []);
    });
}

#[test]
fn an_owner_goes_on_unless_somebody_claimed_since() {
    everywhere(|home| {
        let mut journal = home.own();
        let first = journal.claim(None).unwrap().epoch;
        journal.append(at(1), &batch(&[(1, 1, "a")])).unwrap();
        let second = journal.claim(Some(first)).unwrap();
        assert_eq!((second.epoch, second.last.seq), (Epoch(first.0 + 1), BatchSeq(1)));
        let refused = journal.claim(Some(first)).unwrap_err();
        assert!(matches!(refused, Error::Fenced { .. }), "{refused:?}");
        assert_eq!(journal.claim(Some(second.epoch)).unwrap().epoch, Epoch(first.0 + 2), "nothing was changed");
    });
}

#[test]
fn a_visit_that_refuses_ends_the_replay_and_is_named() {
    everywhere(|home| {
        let mut journal = home.own();
        journal.append(at(1), &batch(&[(1, 1, "a"), (1, 2, "bad")])).unwrap();
        let refused = journal.replay(BatchSeq::NONE, &mut |_, record| match record.payload {
            b"bad" => Err("no such kind of fact".into()),
            _ => Ok(()),
        });
        match refused.unwrap_err() {
            Error::Rejected { seq: BatchSeq(1), record: 1, source, .. } => {
                assert_eq!(source.to_string(), "no such kind of fact");
            }
            other => panic!("{other:?}"),
        }
        // The journal is as usable as before.
        journal.append(at(1), &batch(&[(1, 3, "c")])).unwrap();
        assert_eq!(facts(&mut *journal, BatchSeq::NONE).unwrap().len(), 3);
    });
}

#[test]
fn contains_tells_a_batch_from_another_at_its_place() {
    everywhere(|home| {
        let mut journal = home.own();
        journal.append(at(1), &batch(&[(1, 1, "a")])).unwrap();
        let chain = journal.claim(None).unwrap().last.chain;
        assert!(journal.contains(BatchSeq(1), chain).unwrap());
        assert!(!journal.contains(BatchSeq(1), Chain([0; 16])).unwrap());
        assert!(!journal.contains(BatchSeq(2), chain).unwrap());
    });
}

#[test]
fn a_snapshot_takes_the_place_of_the_one_before() {
    everywhere(|home| {
        let mut journal = home.own();
        for version in 1..=3 {
            journal.append(at(1), &batch(&[(1, version, "x"), (2, version, "x")])).unwrap();
        }
        let snapshot = |number, version, covers, body: &'static [u8]| Snapshot {
            event: event(number),
            version,
            covers: BatchSeq(covers),
            body,
        };
        journal.put_snapshots(&[snapshot(1, 2, 2, b"two"), snapshot(2, 1, 1, b"one")]).unwrap();
        journal.put_snapshots(&[snapshot(2, 3, 3, b"three")]).unwrap();
        // The same state, which covers more by now.
        journal.put_snapshots(&[snapshot(1, 2, 3, b"two")]).unwrap();
        drop(journal);
        let mut journal = home.open();
        let kept = journal.snapshot(event(1)).unwrap().unwrap();
        assert_eq!((kept.version, kept.covers, &kept.body[..]), (2, BatchSeq(3), &b"two"[..]));
        assert_eq!(journal.snapshot(event(3)).unwrap(), None);
        let mut all = Vec::new();
        journal.snapshots(&mut |snapshot| all.push((snapshot.event, snapshot.version, snapshot.body))).unwrap();
        assert_eq!(all, [(event(1), 2, b"two".to_vec()), (event(2), 3, b"three".to_vec())]);
    });
}

#[test]
fn a_damaged_snapshot_is_left_out_and_the_facts_are_still_there() {
    for damage in ["body = $$", "version = 3", "covers = 3", "checksum = 0"] {
        everywhere(|home| {
            let mut journal = home.own();
            journal.append(at(1), &batch(&[(1, 1, "a"), (1, 2, "b")])).unwrap();
            let snapshot = Snapshot { event: event(1), version: 2, covers: BatchSeq(1), body: &b"ab"[..] };
            journal.put_snapshots(&[snapshot]).unwrap();
            journal.set_checkpoint(BatchSeq(1)).unwrap();
            home.execute(&format!("UPDATE journal_snapshot SET {}", damage.replace("$$", "substr(body, 2)")));
            assert_eq!(journal.snapshot(event(1)).unwrap(), None, "{damage}");
            let mut count = 0;
            journal.snapshots(&mut |_| count += 1).unwrap();
            assert_eq!(count, 0, "{damage}");
            assert_eq!(facts(&mut *journal, BatchSeq::NONE).unwrap().len(), 2);
            // A new one mends it.
            journal.put_snapshots(&[snapshot]).unwrap();
            assert_eq!(journal.snapshot(event(1)).unwrap().unwrap().body, b"ab");
        });
    }
}

#[test]
fn a_checkpoint_never_moves_back_and_bounds_a_recovery() {
    everywhere(|home| {
        let mut journal = home.own();
        for version in 1..=5 {
            journal.append(at(1), &batch(&[(1, version, "x")])).unwrap();
        }
        assert_eq!(journal.checkpoint().unwrap(), BatchSeq::NONE);
        journal.set_checkpoint(BatchSeq(4)).unwrap();
        journal.set_checkpoint(BatchSeq(2)).unwrap();
        drop(journal);
        let mut journal = home.open();
        let checkpoint = journal.checkpoint().unwrap();
        assert_eq!(checkpoint, BatchSeq(4));
        assert_eq!(facts(&mut *journal, checkpoint).unwrap(), [(5, event(1), 5, "x".to_owned())]);
    });
}

#[test]
fn blobs_are_found_by_what_they_hold() {
    everywhere(|home| {
        let mut journal = home.own();
        let body = vec![9; 300_000];
        let hash = journal.put_blob(&body).unwrap();
        assert_eq!(journal.put_blob(&body).unwrap(), hash);
        let other = journal.put_blob(b"").unwrap();
        drop(journal);
        let mut journal = home.open();
        assert_eq!(journal.blob(hash).unwrap(), Some(body));
        assert_eq!(journal.blob(other).unwrap(), Some(Vec::new()));
        assert_eq!(journal.blob(journal::BlobHash([0; 32])).unwrap(), None);
        home.execute("UPDATE journal_blob SET body = substr(body, 2) WHERE length(body) > 0");
        assert!(matches!(journal.blob(hash), Err(Error::Damaged(_))));
    });
}
