//! The journal in SQLite: the embedded one.
//!
//! Each partition has three files of its own in the data folder: `journal-0.db` (and SQLite's
//! `-wal` and `-shm` beside it), `journal-0.mark` (see `mark`) and `journal-0.lock`. SQLite has
//! one writer per file, and waiting for it is done by polling, so partitions that shared a file
//! would wait for each other in steps of milliseconds.
//!
//! `synchronous = FULL` flushes the log at every commit; with `NORMAL` acknowledged batches are
//! lost in a power cut. Automatic checkpoints are off, because they run inside the commit that
//! crosses the limit: [`maintain`](crate::Journal::maintain) runs them after the answers are out.

mod file;

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Row, TransactionBehavior, ffi, params};
use stagedoor_core::{EventId, Timestamp};
use uuid::Uuid;

use self::file::{check_partition, connect, lock, log_pages, make_folder, open_file};
use crate::mark::Mark;
use crate::sql::sqlite as sql;
use crate::walk::{Findings, Walk, stop};
use crate::writer::Writer;
use crate::{
    AppendError, Batch, BatchHeader, BatchSeq, BlobHash, Chain, Claim, Damage, Epoch, Error, Finding, Journal,
    Partition, Replay, Result, Snapshot, Verification, Visit, snapshot,
};

/// A page holds the body of a batch of some 400 holds. Measured against the usual 4 KiB: the same
/// processor time for small batches and a quarter less for batches of thousands, which are then
/// spread over fewer pages of the log.
const PAGE_SIZE: u64 = 16 * 1024;

/// The log is moved into the database when it has this many pages (4 MiB): rarely enough to cost
/// little, often enough that one move, which no batch can overtake, takes few milliseconds.
const LOG_PAGES: u64 = 256;

/// Without a call of `maintain`, the next append moves the log at this many pages.
const LOG_PAGES_MAX: u64 = 4 * LOG_PAGES;

/// Pages a commit writes besides the body: the last leaf, its parent and the header.
const COMMIT_PAGES: u64 = 3;

/// See the module's text in `sqlite.rs`.
pub struct SqliteJournal {
    connection: Connection,
    /// An owner has one.
    mark: Option<Mark>,
    writer: Writer,
    path: PathBuf,
    /// Pages in the log, estimated: from the file at the start, by what was written since.
    log_pages: u64,
    /// Held as long as this journal is open; none when opened for reading.
    lock: Option<File>,
}

impl SqliteJournal {
    /// Opens the journal of one partition in `folder` for its owner; makes folder and files when
    /// they are missing.
    ///
    /// Errors: [`Error::Locked`] when another process (or another journal in this one) has it
    /// open; [`Error::Lost`] when acknowledged batches are missing.
    pub fn open(folder: &Path, partition: Partition) -> Result<Self> {
        make_folder(folder).map_err(io("make the data folder"))?;
        let lock = lock(&folder.join(format!("journal-{partition}.lock")))?;
        let path = folder.join(format!("journal-{partition}.db"));
        let mark = Mark::open(&folder.join(format!("journal-{partition}.mark")), partition)
            .map_err(io("open the journal's mark"))?;
        let connection = connect(&path, partition)?;
        let log_pages = log_pages(&path);
        let writer = Writer::new(partition);
        let mut journal = Self { connection, mark: Some(mark), writer, path, log_pages, lock: Some(lock) };
        journal.check_end()?;
        journal.settle().map_err(fault("move the log into the journal"))?;
        Ok(journal)
    }

    /// Empties the log into the database, before anything is built on what was found in it. The
    /// process before may have ended because the disk did not flush, and the system may still show
    /// what the disk never got: written and flushed once more, it is there.
    fn settle(&mut self) -> rusqlite::Result<()> {
        // Somebody who reads at this moment may keep a part of it in the log.
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        self.log_pages = log_pages(&self.path);
        Ok(())
    }

    /// Opens an existing journal for reading, also while its owner writes. Changes no file but
    /// SQLite's own `-wal` and `-shm`, through which readers and writer agree.
    pub fn open_reader(folder: &Path, partition: Partition) -> Result<Self> {
        let path = folder.join(format!("journal-{partition}.db"));
        let connection = open_file(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(fault("open the journal"))?;
        check_partition(&connection, partition)?;
        let mark = Mark::open_reader(&folder.join(format!("journal-{partition}.mark")), partition)
            .map_err(io("open the journal's mark"))?;
        Ok(Self { connection, mark, writer: Writer::new(partition), path, log_pages: 0, lock: None })
    }

    /// The mark, and the last batch that was acknowledged as far as it knows.
    fn marked(&self) -> Result<Option<(&Mark, (BatchSeq, Chain))>> {
        let Some(mark) = &self.mark else { return Ok(None) };
        let read = mark.read().map_err(io("read the journal's mark"))?;
        Ok(read.map(|marked| (mark, marked)))
    }

    /// The last batch, checked against the one before it and against the mark.
    fn check_end(&self) -> Result<BatchHeader> {
        let partition = self.writer.partition;
        let marked = self.marked()?;
        let mut rows: Vec<(BatchHeader, Vec<u8>)> = {
            let mut select = self.connection.prepare_cached(sql::LAST).map_err(fault("read the last batch"))?;
            let rows = select.query_map([], |row| Ok((header(row)?, row.get(4)?)));
            rows.and_then(Iterator::collect).map_err(damaged(partition, None))?
        };
        rows.reverse();
        let last = Walk::end(partition, &rows)?;
        let Some((mark, (marked, chain))) = marked else { return Ok(last) };
        if last.seq < marked {
            let mark = mark.path().to_owned();
            return Err(Error::Lost { partition, found: last.seq, marked, mark });
        }
        if self.header(marked)?.is_none_or(|header| header.chain != chain) {
            return Err(Error::Damaged(Finding { partition, seq: Some(marked), record: None, damage: Damage::Chain }));
        }
        Ok(last)
    }

    fn header(&self, seq: BatchSeq) -> Result<Option<BatchHeader>> {
        if seq == BatchSeq::NONE {
            return Ok(Some(BatchHeader::genesis(self.writer.partition)));
        }
        self.connection
            .prepare_cached(sql::HEADER)
            .and_then(|mut select| select.query_row([seq.0 as i64], header).optional())
            .map_err(damaged(self.writer.partition, Some(seq)))
    }

    /// Walks over the batches after the one `walk` stands at.
    fn walk(
        &self,
        walk: &mut Walk,
        visit: &mut Visit<'_>,
        report: &mut dyn FnMut(Finding) -> Result<()>,
    ) -> Result<()> {
        let partition = self.writer.partition;
        let mut select = self.connection.prepare_cached(sql::BATCHES).map_err(fault("read batches"))?;
        let mut rows = select.query([walk.last().seq.0 as i64]).map_err(fault("read batches"))?;
        while let Some(row) = rows.next().map_err(|error| damaged(partition, Some(walk.last().seq.next()))(error))? {
            let read = header(row).and_then(|header| Ok((header, row.get_ref(4)?.as_blob()?)));
            let (header, body) = read.map_err(fault("read a batch"))?;
            walk.batch(&header, body, visit, report)?;
        }
        Ok(())
    }

    /// Runs one write transaction of the owner; any failure but fencing ends this journal's
    /// right to write.
    fn write<T>(
        &mut self,
        doing: &'static str,
        run: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let (epoch, _) = self.writer.owner()?;
        let partition = self.writer.partition;
        let outcome = (|| {
            let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            if tx.prepare_cached(sql::OWNED)?.query_row([epoch.0 as i64], |row| row.get::<_, i64>(0))? == 0 {
                return Ok(None);
            }
            let value = run(&tx)?;
            tx.commit()?;
            Ok(Some(value))
        })();
        match outcome {
            Ok(Some(value)) => Ok(value),
            Ok(None) => {
                self.writer.fenced();
                Err(Error::Fenced { partition })
            }
            Err(error) => {
                self.writer.poison();
                Err(fault(doing)(error))
            }
        }
    }

    fn move_log(&mut self) -> rusqlite::Result<()> {
        let (all, moved): (i64, i64) = self
            .connection
            .prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?
            .query_row([], |row| Ok((row.get(1)?, row.get(2)?)))?;
        // A reader of an older state keeps the rest from moving: try again a little later.
        self.log_pages = if all == moved { 0 } else { LOG_PAGES / 2 };
        Ok(())
    }
}

impl Journal for SqliteJournal {
    fn partition(&self) -> Partition {
        self.writer.partition
    }

    fn claim(&mut self, mine: Option<Epoch>) -> Result<Claim> {
        let partition = self.writer.partition;
        if self.writer.is_poisoned() {
            self.connection = connect(&self.path, partition)?;
            self.log_pages = log_pages(&self.path);
            if let Some(mark) = &self.mark {
                let again = Mark::open(mark.path(), partition).map_err(io("open the journal's mark"))?;
                self.mark = Some(again);
            }
        }
        let last = self.check_end()?;
        let mut claim = || {
            // By itself the statement would give its row before it commits, and a commit that fails
            // then is not heard of.
            let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mine = mine.map(|epoch| epoch.0 as i64);
            let claimed =
                tx.query_row(sql::CLAIM, params![partition.0, mine], |row| row.get::<_, i64>(0)).optional()?;
            tx.commit()?;
            Ok(claimed)
        };
        let claimed = claim().map_err(fault("claim the partition"))?;
        let Some(epoch) = claimed else { return Err(Error::Fenced { partition }) };
        let epoch = Epoch(epoch as u64);
        self.writer.claimed(epoch, last);
        Ok(Claim { epoch, last })
    }

    fn append(&mut self, at: Timestamp, batch: &Batch) -> std::result::Result<BatchSeq, AppendError> {
        let header = self.writer.next(at, batch)?;
        if self.log_pages > LOG_PAGES_MAX
            && let Err(error) = self.move_log()
        {
            return Err(self.failed(header, error));
        }
        let written = self.connection.prepare_cached(sql::APPEND).and_then(|mut insert| {
            insert.execute(params![
                header.seq.0 as i64,
                header.epoch.0 as i64,
                at.micros(),
                &header.chain.0[..],
                batch.body()
            ])
        });
        match written {
            Ok(1) => {}
            Ok(_) => return Err(self.fenced(header.epoch)),
            Err(error) => return Err(self.failed(header, error)),
        }
        self.log_pages += batch.body().len() as u64 / PAGE_SIZE + COMMIT_PAGES;
        self.writer.appended(header);
        if let Err(error) = self.mark.as_ref().expect("an owner has a mark").write(&header) {
            // The batch is durable and is acknowledged; the next one would go unmarked.
            tracing::error!(partition = %self.writer.partition, %error, "could not write the journal's mark");
            self.writer.poison();
        }
        Ok(header.seq)
    }

    fn contains(&mut self, seq: BatchSeq, chain: Chain) -> Result<bool> {
        Ok(self.header(seq)?.is_some_and(|header| header.chain == chain))
    }

    fn maintain(&mut self) -> Result<()> {
        if self.log_pages <= LOG_PAGES || self.lock.is_none() {
            return Ok(());
        }
        self.move_log().map_err(|error| {
            self.writer.poison();
            fault("move the log into the journal")(error)
        })
    }

    fn replay(&mut self, after: BatchSeq, visit: &mut Visit<'_>) -> Result<Replay> {
        let partition = self.writer.partition;
        let missing = Finding { partition, seq: Some(after), record: None, damage: Damage::Missing };
        let mut walk = Walk::after(partition, self.header(after)?.ok_or(Error::Damaged(missing))?);
        self.walk(&mut walk, visit, &mut stop)?;
        Ok(walk.finish())
    }

    fn verify(&mut self, visit: &mut Visit<'_>) -> Result<Verification> {
        let partition = self.writer.partition;
        let findings = Findings::new(partition);
        // Read before the database, because an owner may be writing.
        let marked = self.marked()?.map(|(_, (marked, _))| marked);
        // Dropping it rolls back, which ends the one state of the database all of this reads.
        let _state = self.connection.unchecked_transaction().map_err(fault("begin reading"))?;
        let mut walk = Walk::after(partition, BatchHeader::genesis(partition));
        let walked = self.walk(&mut walk, &mut |header, record| findings.show(visit, header, record), &mut |finding| {
            findings.report(finding);
            Ok(())
        });
        match walked {
            Ok(()) => {}
            Err(Error::Damaged(finding)) => findings.report(finding),
            Err(error) => return Err(error),
        }
        let replay = walk.finish();
        if let Some(marked) = marked.filter(|marked| replay.last.seq < *marked) {
            findings.note(Damage::Lost { marked });
        }
        let checkpoint = checkpoint(&self.connection)?;
        if checkpoint > replay.last.seq {
            findings.note(Damage::CheckpointAhead { checkpoint });
        }
        let snapshots = each_snapshot(&self.connection, &mut |snapshot| match snapshot {
            Ok(snapshot) => findings.check_version(&walk, snapshot.event, snapshot.version),
            Err(damage) => findings.note(damage),
        });
        let snapshots = unless_damaged(&findings, snapshots)?;
        let blobs = each_blob(&self.connection, |hash, body| {
            if BlobHash::of(body) != hash {
                findings.note(Damage::Blob { hash });
            }
        });
        let blobs = unless_damaged(&findings, blobs)?;
        integrity(&self.connection, |report| findings.note(Damage::Database { report }))?;
        Ok(Verification {
            batches: replay.batches,
            records: replay.records,
            events: walk.versions().len() as u64,
            snapshots,
            blobs,
            findings: findings.into_list(),
        })
    }

    fn put_snapshots(&mut self, snapshots: &[Snapshot<&[u8]>]) -> Result<()> {
        let (_, last) = self.writer.owner()?;
        let pages = snapshots.iter().map(|snapshot| snapshot.body.len() as u64 / PAGE_SIZE + 1).sum::<u64>();
        self.write("keep snapshots", |tx| {
            let mut insert = tx.prepare_cached(sql::PUT_SNAPSHOT)?;
            for snapshot in snapshots {
                assert!(snapshot.covers <= last.seq, "a snapshot of {} covers what is not written", snapshot.event);
                let (version, covers) = (snapshot.version as i64, snapshot.covers.0 as i64);
                let id = snapshot.event.bytes();
                insert.execute(params![&id[..], version, covers, snapshot.checksum(), snapshot.body])?;
            }
            Ok(())
        })?;
        self.log_pages += pages + COMMIT_PAGES;
        Ok(())
    }

    fn snapshot(&mut self, event: EventId) -> Result<Option<Snapshot<Vec<u8>>>> {
        let row = self
            .connection
            .prepare_cached(sql::SNAPSHOT)
            .and_then(|mut select| select.query_row([&event.bytes()[..]], read_snapshot).optional())
            .map_err(fault("read a snapshot"))?;
        Ok(row.and_then(|snapshot| snapshot.inspect_err(|damage| snapshot::warn(self.writer.partition, damage)).ok()))
    }

    fn snapshots(&mut self, visit: &mut dyn FnMut(Snapshot<Vec<u8>>)) -> Result<()> {
        let partition = self.writer.partition;
        each_snapshot(&self.connection, &mut |snapshot| match snapshot {
            Ok(snapshot) => visit(snapshot),
            Err(damage) => snapshot::warn(partition, &damage),
        })
        .map(drop)
        .map_err(fault("read snapshots"))
    }

    fn set_checkpoint(&mut self, seq: BatchSeq) -> Result<()> {
        let (epoch, last) = self.writer.owner()?;
        assert!(seq <= last.seq, "a checkpoint at {seq} is after the last batch {}", last.seq);
        self.write("set the checkpoint", |tx| {
            tx.prepare_cached(sql::SET_CHECKPOINT)?.execute([seq.0 as i64, epoch.0 as i64]).map(drop)
        })
    }

    fn checkpoint(&mut self) -> Result<BatchSeq> {
        checkpoint(&self.connection)
    }

    fn put_blob(&mut self, body: &[u8]) -> Result<BlobHash> {
        let hash = BlobHash::of(body);
        self.write("keep a blob", |tx| {
            tx.prepare_cached(sql::PUT_BLOB)?.execute(params![&hash.0[..], body]).map(drop)
        })?;
        self.log_pages += body.len() as u64 / PAGE_SIZE + COMMIT_PAGES;
        Ok(hash)
    }

    fn blob(&mut self, hash: BlobHash) -> Result<Option<Vec<u8>>> {
        let partition = self.writer.partition;
        let body: Option<Vec<u8>> = self
            .connection
            .prepare_cached(sql::BLOB)
            .and_then(|mut select| select.query_row([&hash.0[..]], |row| row.get(0)).optional())
            .map_err(fault("read a blob"))?;
        match body {
            Some(body) if BlobHash::of(&body) != hash => {
                Err(Error::Damaged(Finding { partition, seq: None, record: None, damage: Damage::Blob { hash } }))
            }
            body => Ok(body),
        }
    }
}

impl SqliteJournal {
    fn fenced(&mut self, epoch: Epoch) -> AppendError {
        self.writer.fenced();
        AppendError::Fenced { partition: self.writer.partition, epoch }
    }

    fn failed(&mut self, header: BatchHeader, error: rusqlite::Error) -> AppendError {
        self.writer.poison();
        match error.sqlite_error_code() {
            _ if is_unflushed(&error) => AppendError::Unflushed { seq: header.seq, source: error.into() },
            // The number is taken, so someone else wrote it.
            Some(ErrorCode::ConstraintViolation) => self.fenced(header.epoch),
            // The commit may have reached the log: opening the log again may find it whole.
            Some(ErrorCode::SystemIoFailure) => {
                AppendError::Unknown { seq: header.seq, chain: header.chain, source: error.into() }
            }
            _ => AppendError::Failed { seq: header.seq, source: error.into() },
        }
    }
}

fn header(row: &Row<'_>) -> rusqlite::Result<BatchHeader> {
    Ok(BatchHeader::from_columns(row.get(0)?, row.get(1)?, row.get(2)?, row.get_ref(3)?.as_blob()?))
}

fn checkpoint(connection: &Connection) -> Result<BatchSeq> {
    let seq: i64 = connection.query_row(sql::CHECKPOINT, [], |row| row.get(0)).map_err(fault("read the checkpoint"))?;
    Ok(BatchSeq(seq as u64))
}

type CheckedSnapshot = std::result::Result<Snapshot<Vec<u8>>, Damage>;

fn read_snapshot(row: &Row<'_>) -> rusqlite::Result<CheckedSnapshot> {
    let event = EventId(Uuid::from_bytes(row.get(0)?));
    let (version, covers): (i64, i64) = (row.get(1)?, row.get(2)?);
    let snapshot = Snapshot { event, version: version as u64, covers: BatchSeq(covers as u64), body: row.get(4)? };
    Ok(snapshot.checked(row.get(3)?))
}

fn each_snapshot(connection: &Connection, visit: &mut dyn FnMut(CheckedSnapshot)) -> rusqlite::Result<u64> {
    let mut select = connection.prepare_cached(sql::SNAPSHOTS)?;
    let mut rows = select.query([])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        visit(read_snapshot(row)?);
        count += 1;
    }
    Ok(count)
}

fn each_blob(connection: &Connection, mut visit: impl FnMut(BlobHash, &[u8])) -> rusqlite::Result<u64> {
    let mut select = connection.prepare_cached(sql::BLOBS)?;
    let mut rows = select.query([])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        visit(BlobHash(row.get(0)?), row.get_ref(1)?.as_blob()?);
        count += 1;
    }
    Ok(count)
}

/// The count, or a finding and none when a damaged page ended the reading.
fn unless_damaged(findings: &Findings, read: rusqlite::Result<u64>) -> Result<u64> {
    match read.map_err(damaged(findings.partition(), None)) {
        Err(Error::Damaged(finding)) => {
            findings.report(finding);
            Ok(0)
        }
        read => read,
    }
}

/// What SQLite finds wrong with its own structures, such as a damaged index page.
fn integrity(connection: &Connection, mut visit: impl FnMut(String)) -> Result<()> {
    let mut select = connection.prepare_cached("PRAGMA integrity_check(100)").map_err(fault("check the file"))?;
    let reports = select.query_map([], |row| row.get::<_, String>(0)).map_err(fault("check the file"))?;
    for report in reports {
        match report {
            Ok(report) if report == "ok" => {}
            Ok(report) => visit(report),
            Err(error) => {
                visit(error.to_string());
                break;
            }
        }
    }
    Ok(())
}

fn fault(doing: &'static str) -> impl Fn(rusqlite::Error) -> Error {
    move |source| match is_unflushed(&source) {
        true => Error::Unflushed { doing, source: source.into() },
        false => Error::Fault { doing, source: source.into() },
    }
}

/// Whether a file or its folder could not be flushed.
fn is_unflushed(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    matches!(code, Some(ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC))
}

fn io(doing: &'static str) -> impl Fn(std::io::Error) -> Error {
    move |source| Error::Fault { doing, source: source.into() }
}

/// A page that SQLite itself finds damaged is damage with a place, like any other.
fn damaged(partition: Partition, seq: Option<BatchSeq>) -> impl Fn(rusqlite::Error) -> Error {
    move |error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            let damage = Damage::Database { report: error.to_string() };
            Error::Damaged(Finding { partition, seq, record: None, damage })
        }
        _ => fault("read a batch")(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A limit on the file is the full disk that SQLite itself can play: the commit fails before
    /// anything reaches the log, so the outcome is known.
    #[test]
    fn a_full_database_fails_for_good_until_it_is_claimed_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = SqliteJournal::open(folder.path(), Partition(0)).unwrap();
        journal.claim(None).unwrap();
        let event = EventId(Uuid::from_u128(1));
        let at = Timestamp::from_micros(0);
        let mut batch = Batch::new();
        batch.push(event, 1, |out| out.resize(out.len() + 100_000, 1));
        journal.append(at, &batch).unwrap();
        let pages: i64 = journal.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        journal.connection.pragma_update(None, "max_page_count", pages + 1).unwrap();
        batch.clear();
        batch.push(event, 2, |out| out.resize(out.len() + 100_000, 2));
        let failed = journal.append(at, &batch).unwrap_err();
        assert!(matches!(failed, AppendError::Failed { seq: BatchSeq(2), .. }), "{failed:?}");
        assert!(matches!(journal.append(at, &batch), Err(AppendError::Poisoned { .. })));
        assert!(matches!(journal.put_blob(b"blob"), Err(Error::Poisoned { .. })));
        assert!(matches!(journal.set_checkpoint(BatchSeq(1)), Err(Error::Poisoned { .. })));
        assert_eq!(journal.replay(BatchSeq::NONE, &mut |_, _| Ok(())).unwrap().batches, 1);
        // A new connection has no such limit: there is room again.
        assert_eq!(journal.claim(None).unwrap().last.seq, BatchSeq(1));
        assert_eq!(journal.append(at, &batch).unwrap(), BatchSeq(2));
    }
}
