//! A disk that takes no more. The process that meets it is a child of the test, with a limit on
//! the size of its files; writes over it fail as on a full disk, in the middle of a commit.

use std::path::Path;
use std::process::Command;

use journal::{AppendError, Batch, BatchSeq, Error, Journal, Partition, SqliteJournal};

use crate::home::{at, batch, event, facts};

const FOLDER: &str = "STAGEDOOR_TEST_FULL_DISK";

#[test]
fn a_full_disk_stops_the_journal_with_nothing_half_done() {
    let folder = tempfile::tempdir().unwrap();
    // The signal that goes with the limit would end the process before the write could fail.
    let script =
        "trap '' XFSZ; ulimit -f 1000; exec \"$0\" sqlite_full::the_process_on_a_full_disk --exact --nocapture";
    let child = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{printed}{}", String::from_utf8_lossy(&child.stderr));
    let acknowledged = printed.lines().find_map(|line| line.strip_prefix("acknowledged ")).unwrap();
    let acknowledged: u64 = acknowledged.parse().unwrap();
    assert!(acknowledged > 5, "{acknowledged} batches");

    // With room again: every acknowledged batch, whole, and the next one follows.
    let mut journal = SqliteJournal::open(folder.path(), Partition(0)).unwrap();
    assert_eq!(journal.claim(None).unwrap().last.seq.0, acknowledged);
    assert_eq!(facts(&mut journal, BatchSeq::NONE).unwrap().len() as u64, acknowledged);
    assert_eq!(journal.verify(&mut |_, _| Ok(())).unwrap().findings, []);
    journal.append(at(2), &batch(&[(1, acknowledged + 1, "room again")])).unwrap();
}

/// Does nothing unless the test above started it.
#[test]
fn the_process_on_a_full_disk() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let mut journal = SqliteJournal::open(Path::new(&folder), Partition(0)).unwrap();
    journal.claim(None).unwrap();
    let mut filling = Batch::new();
    let mut acknowledged = 0;
    let failed = loop {
        filling.clear();
        filling.push(event(1), acknowledged + 1, |out| out.resize(out.len() + 20_000, b'x'));
        match journal.append(at(1), &filling) {
            Ok(seq) => acknowledged = seq.0,
            Err(error) => break error,
        }
        assert!(acknowledged < 1_000, "the limit is not in force");
    };
    let AppendError::Unknown { seq, chain, .. } = failed else { panic!("{failed:?}") };
    assert_eq!(seq.0, acknowledged + 1);
    // Nothing is retried, even what would fit.
    let refused = journal.append(at(1), &batch(&[(1, acknowledged + 1, "small")])).unwrap_err();
    assert!(matches!(refused, AppendError::Poisoned { .. }), "{refused:?}");
    assert!(matches!(journal.put_blob(b"small"), Err(Error::Poisoned { .. })));
    // Asked of the disk, the batch is not there.
    assert!(!journal.contains(seq, chain).unwrap());
    // Nor can it be taken over while nothing can be written down.
    assert!(matches!(journal.claim(None), Err(Error::Fault { .. })));
    println!("\nacknowledged {acknowledged}");
}
