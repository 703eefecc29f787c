//! What only files can do: be cut, damaged, opened twice, and grow.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use journal::{Batch, BatchSeq, Damage, Error, Finding, Journal, Partition, SqliteJournal};
use proptest::prelude::*;
use stagedoor_core::EventId;

use crate::home::{Home, at, batch, event, facts};

const BATCHES: u64 = 25;

type Fact = (u64, EventId, u64, String);

/// A journal as a power cut finds it: the database, the log (never moved into it) and the mark.
struct Cut {
    database: Vec<u8>,
    log: Vec<u8>,
    /// The mark as it was after each batch; the first one is of the empty journal.
    marks: Vec<Vec<u8>>,
    /// How long the log was after each batch: what is flushed when the batch is acknowledged.
    log_sizes: Vec<usize>,
    facts: Vec<Fact>,
}

fn file(folder: &Path, ending: &str) -> PathBuf {
    folder.join(format!("journal-0.{ending}"))
}

/// Batches of a part of a page to three pages.
fn batch_of(number: u64) -> Batch {
    let payload = format!("fact {number} ").repeat(1 + number as usize * 137 % 4_800);
    batch(&[(1, 2 * number - 1, &payload), (2, number, "other"), (1, 2 * number, "end")])
}

fn power_cut() -> Cut {
    let home = Home::sqlite();
    let folder = home.folder();
    let mut journal = home.own();
    let mut marks = vec![fs::read(file(folder, "mark")).unwrap()];
    let mut log_sizes = vec![fs::metadata(file(folder, "db-wal")).unwrap().len() as usize];
    for number in 1..=BATCHES {
        journal.append(at(number as i64), &batch_of(number)).unwrap();
        marks.push(fs::read(file(folder, "mark")).unwrap());
        log_sizes.push(fs::metadata(file(folder, "db-wal")).unwrap().len() as usize);
    }
    let facts = facts(&mut *journal, BatchSeq::NONE).unwrap();
    let database = fs::read(file(folder, "db")).unwrap();
    let log = fs::read(file(folder, "db-wal")).unwrap();
    assert_eq!(log.len(), log_sizes[BATCHES as usize]);
    Cut { database, log, marks, log_sizes, facts }
}

impl Cut {
    /// Opens what is left: the facts, and the batch the journal ends with.
    fn open(&self, database: &[u8], log: &[u8], mark: Option<&[u8]>) -> journal::Result<Vec<Fact>> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(file(folder.path(), "db"), database).unwrap();
        fs::write(file(folder.path(), "db-wal"), log).unwrap();
        if let Some(mark) = mark {
            fs::write(file(folder.path(), "mark"), mark).unwrap();
        }
        let mut journal = SqliteJournal::open(folder.path(), Partition(0))?;
        let last = journal.claim(None)?.last;
        let found = facts(&mut journal, BatchSeq::NONE)?;
        assert_eq!(found.last().map_or(0, |fact| fact.0), last.seq.0);
        assert!(self.facts.starts_with(&found), "other facts than were written");
        assert_eq!(found.len() as u64, 3 * last.seq.0, "half a batch");
        // What was recovered is built upon.
        let next = last.seq.0 + 1;
        assert_eq!(journal.append(at(1_000), &batch_of(next)).unwrap(), BatchSeq(next));
        Ok(found)
    }
}

#[test]
fn what_a_log_has_is_written_anew_and_flushed_before_anything_follows_it() {
    let cut = power_cut();
    let folder = tempfile::tempdir().unwrap();
    fs::write(file(folder.path(), "db"), &cut.database).unwrap();
    fs::write(file(folder.path(), "db-wal"), &cut.log).unwrap();
    let mut journal = SqliteJournal::open(folder.path(), Partition(0)).unwrap();
    assert_eq!(fs::metadata(file(folder.path(), "db-wal")).unwrap().len(), 0);
    // So the disk need not have got any of the log.
    let other = tempfile::tempdir().unwrap();
    fs::copy(file(folder.path(), "db"), file(other.path(), "db")).unwrap();
    let mut copy = SqliteJournal::open(other.path(), Partition(0)).unwrap();
    for journal in [&mut journal, &mut copy] {
        assert_eq!(facts(journal, BatchSeq::NONE).unwrap(), cut.facts);
    }
}

#[test]
fn a_log_cut_anywhere_recovers_every_batch_that_was_flushed_before_the_cut() {
    let whole = power_cut();
    // Every header boundary and its neighbours, and a spread over the rest.
    let frame = 16 * 1024 + 24;
    let boundaries = (0..whole.log.len() / frame + 1).flat_map(|number| {
        let start = 32 + number * frame;
        [start.saturating_sub(1), start, start + 1, start + 24]
    });
    for cut in boundaries.chain((0..whole.log.len()).step_by(7_919)).filter(|cut| *cut <= whole.log.len()) {
        let log = &whole.log[..cut];
        let flushed = whole.log_sizes.iter().filter(|size| **size <= cut).count().saturating_sub(1);
        let left = whole.open(&whole.database, log, None).unwrap();
        assert_eq!(left.len(), 3 * flushed, "cut at {cut}");
        // A mark that lags, as it may after a power cut, does not object.
        let left = whole.open(&whole.database, log, Some(&whole.marks[flushed])).unwrap();
        assert_eq!(left.len(), 3 * flushed, "cut at {cut}");
        // One that says more was acknowledged does.
        if let Some(mark) = whole.marks.get(flushed + 1) {
            match whole.open(&whole.database, log, Some(mark)) {
                Err(Error::Lost { found, marked, .. }) => {
                    assert_eq!((found.0, marked.0), (flushed as u64, flushed as u64 + 1), "cut at {cut}");
                }
                other => panic!("cut at {cut}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_damaged_mark_does_not_keep_a_sound_journal_from_opening() {
    let whole = power_cut();
    let newest = whole.marks.last().unwrap();
    for (from, to) in [(0, 30), (512, 542), (0, 542)] {
        let mut mark = newest.clone();
        mark[from..to].fill(0xa5);
        assert_eq!(whole.open(&whole.database, &whole.log, Some(&mark)).unwrap().len(), whole.facts.len());
    }
    for mark in [&newest[..0], &newest[..700]] {
        assert_eq!(whole.open(&whole.database, &whole.log, Some(mark)).unwrap().len(), whole.facts.len());
    }
}

#[test]
fn a_mark_of_another_history_is_refused() {
    let whole = power_cut();
    let home = Home::sqlite();
    let mut journal = home.own();
    journal.append(at(7), &batch(&[(9, 1, "another history")])).unwrap();
    let mark = fs::read(file(home.folder(), "mark")).unwrap();
    match whole.open(&whole.database, &whole.log, Some(&mark)) {
        Err(Error::Damaged(finding)) => {
            let seq = Some(BatchSeq(1));
            assert_eq!(finding, Finding { partition: Partition(0), seq, record: None, damage: Damage::Chain });
        }
        other => panic!("{other:?}"),
    }
}

/// A journal that was closed: its log was moved into the database.
struct Settled {
    database: Vec<u8>,
    mark: Vec<u8>,
    facts: Vec<Fact>,
}

fn settled() -> Settled {
    let home = Home::sqlite();
    let mut journal = home.own();
    for number in 1..=BATCHES {
        journal.append(at(number as i64), &batch_of(number)).unwrap();
    }
    let facts = facts(&mut *journal, BatchSeq::NONE).unwrap();
    drop(journal);
    assert!(!file(home.folder(), "db-wal").exists());
    let (database, mark) = (fs::read(file(home.folder(), "db")), fs::read(file(home.folder(), "mark")));
    Settled { database: database.unwrap(), mark: mark.unwrap(), facts }
}

#[test]
fn a_damaged_body_in_the_database_file_is_named_whoever_damaged_it() {
    let mut database = settled().database;
    let place = database.windows(8).position(|bytes| bytes == b"fact 17 ").unwrap();
    database[place] ^= 1;
    let folder = tempfile::tempdir().unwrap();
    fs::write(file(folder.path(), "db"), database).unwrap();
    let mut journal = SqliteJournal::open(folder.path(), Partition(0)).unwrap();
    let error = facts(&mut journal, BatchSeq::NONE).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the journal is damaged: partition 0, batch 17, record 0: the checksum does not match"
    );
}

/// A case writes and flushes files, so there are fewer than usual.
fn each_a_file() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: usual.cases / 4, failure_persistence: None, ..usual }
}

proptest! {
    #![proptest_config(each_a_file())]

    /// Any damage to the log: what opens is a prefix, and with the mark it is everything.
    #[test]
    fn a_damaged_log_never_gives_a_wrong_answer(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0u8..8), 1..4),
    ) {
        static WHOLE: LazyLock<Cut> = LazyLock::new(power_cut);
        let mut log = WHOLE.log.clone();
        for (place, bit) in flips {
            let place = place.index(log.len());
            log[place] ^= 1 << bit;
        }
        // `open` itself checks that what it finds was written.
        let _ = WHOLE.open(&WHOLE.database, &log, None);
        if let Ok(left) = WHOLE.open(&WHOLE.database, &log, WHOLE.marks.last().map(|mark| &mark[..])) {
            prop_assert_eq!(left.len(), WHOLE.facts.len());
        }
    }

    /// Any damage to the database file: it is refused, or it was in no fact.
    #[test]
    fn a_damaged_database_never_gives_a_wrong_answer(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0u8..8), 1..4),
    ) {
        static SETTLED: LazyLock<Settled> = LazyLock::new(settled);
        let mut database = SETTLED.database.clone();
        for (place, bit) in flips {
            let place = place.index(database.len());
            database[place] ^= 1 << bit;
        }
        let folder = tempfile::tempdir().unwrap();
        fs::write(file(folder.path(), "db"), database).unwrap();
        fs::write(file(folder.path(), "mark"), &SETTLED.mark).unwrap();
        let opened = SqliteJournal::open(folder.path(), Partition(0));
        if let Ok(found) = opened.and_then(|mut journal| facts(&mut journal, BatchSeq::NONE)) {
            prop_assert_eq!(&found, &SETTLED.facts);
        }
    }
}

#[test]
fn one_owner_opens_a_folder_and_readers_may_look() {
    let home = Home::sqlite();
    let mut owner = home.own();
    owner.append(at(1), &batch(&[(1, 1, "a")])).unwrap();
    let Err(Error::Locked { path }) = SqliteJournal::open(home.folder(), Partition(0)) else { panic!("opened twice") };
    assert!(path.ends_with("journal-0.lock"));
    let mut reader = SqliteJournal::open_reader(home.folder(), Partition(0)).unwrap();
    assert_eq!(facts(&mut reader, BatchSeq::NONE).unwrap().len(), 1);
    assert!(reader.claim(None).is_err());
    assert_eq!(reader.verify(&mut |_, _| Ok(())).unwrap().findings, []);
    owner.append(at(2), &batch(&[(1, 2, "b")])).unwrap();
    assert_eq!(facts(&mut reader, BatchSeq::NONE).unwrap().len(), 2);
    drop(owner);
    SqliteJournal::open(home.folder(), Partition(0)).unwrap();
}

#[test]
fn a_reader_changes_no_file_and_makes_none() {
    let home = Home::sqlite();
    let mut owner = home.own();
    owner.append(at(1), &batch(&[(1, 1, "a")])).unwrap();
    let (folder, log) = (tempfile::tempdir().unwrap(), "journal-0.db-wal");
    // As a crash leaves it: what was acknowledged is in the log only.
    for name in ["journal-0.db", log] {
        fs::copy(home.folder().join(name), folder.path().join(name)).unwrap();
    }
    drop(owner);
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    let before = (read("journal-0.db"), read(log));
    let mut reader = SqliteJournal::open_reader(folder.path(), Partition(0)).unwrap();
    assert_eq!(reader.verify(&mut |_, _| Ok(())).unwrap().records, 1);
    drop(reader);
    assert_eq!((read("journal-0.db"), read(log)), before);
    let mut names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.ends_with("-shm"));
    names.sort();
    assert_eq!(names, ["journal-0.db", log]);
    assert!(SqliteJournal::open_reader(folder.path(), Partition(1)).is_err());
    assert!(!folder.path().join("journal-1.db").exists());
}

#[test]
fn a_file_of_another_partition_or_a_newer_release_is_refused() {
    let home = Home::sqlite();
    drop(home.own());
    fs::copy(file(home.folder(), "db"), home.folder().join("journal-1.db")).unwrap();
    let Err(Error::Fault { source, .. }) = SqliteJournal::open(home.folder(), Partition(1)) else { panic!("opened") };
    assert_eq!(source.to_string(), "it belongs to partition 0, not 1");
    home.execute("PRAGMA user_version = 2");
    let Err(Error::Fault { source, .. }) = SqliteJournal::open(home.folder(), Partition(0)) else { panic!("opened") };
    assert_eq!(source.to_string(), "its tables are version 2, this release knows 1");
}

#[test]
fn the_log_stays_small_with_and_without_maintenance() {
    for maintained in [true, false] {
        let home = Home::sqlite();
        let mut journal = home.own();
        let mut filling = Batch::new();
        let mut largest = 0;
        for version in 1..=200 {
            filling.clear();
            filling.push(event(1), version, |out| out.resize(out.len() + 200_000, 1));
            journal.append(at(1), &filling).unwrap();
            if maintained {
                journal.maintain().unwrap();
            }
            largest = largest.max(fs::metadata(file(home.folder(), "db-wal")).unwrap().len());
        }
        let limit = if maintained { 6 } else { 20 };
        assert!(largest < limit << 20, "{largest} bytes of log");
        assert_eq!(journal.replay(BatchSeq::NONE, &mut |_, _| Ok(())).unwrap().batches, 200);
    }
}
