//! The journal in PostgreSQL: for many owners and takeover.
//!
//! An append is one statement and one round trip: it locks the ownership row where the epoch is
//! still ours and inserts under the key (partition, seq). No row locked, or the number taken,
//! means another owner. Durability is the server's: `synchronous_commit` is never below `on`, and
//! surviving the loss of the server takes a synchronous standby.
//!
//! The connection is the journal's own and is driven by a runtime of its own on the caller's
//! thread, so waiting for a commit never waits for other work. For the same reason a journal must
//! not be opened, used or dropped inside an async task: use a thread, or `spawn_blocking`.

use std::future::Future;
use std::str::FromStr;
use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgRow};
use sqlx::query::Query;
use sqlx::{ConnectOptions, Connection, PgConnection, Postgres, Row};
use stagedoor_core::{EventId, Timestamp};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use crate::sql::postgres as sql;
use crate::walk::{Findings, Walk, stop};
use crate::writer::Writer;
use crate::{
    AppendError, Batch, BatchHeader, BatchSeq, BlobHash, Chain, Claim, Damage, Epoch, Error, Finding, Journal,
    Partition, Replay, Result, Snapshot, Verification, Visit, snapshot,
};

/// After this long without an answer an append is given up as unknown. Longer than any stall seen
/// (a new log segment, a server checkpoint: 50 ms), shorter than a fan waits.
const APPEND_TIMEOUT: Duration = Duration::from_secs(10);

/// For everything that is not an append, and for each row of a long answer: a claim may wait for
/// the last append of the owner before.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// See the module's text in `postgres.rs`.
pub struct PostgresJournal {
    /// None after a failure, until the next claim.
    connection: Option<PgConnection>,
    options: PgConnectOptions,
    writer: Writer,
    // Dropped last: the connection's socket belongs to it.
    runtime: Runtime,
}

impl PostgresJournal {
    /// Connects to `url` (`postgres://user@host/database`) and makes the tables when they are
    /// missing. Several partitions share them.
    pub fn open(url: &str, partition: Partition) -> Result<Self> {
        let mut journal = Self::prepare(url, partition)?;
        journal.run("make the journal's tables", async |connection| {
            if sqlx::query_scalar(sql::SCHEMA_IS_CURRENT).fetch_one(&mut *connection).await? {
                return Ok(());
            }
            let mut tx = connection.begin().await?;
            sqlx::query(sql::SCHEMA_LOCK).execute(&mut *tx).await?;
            for statement in sql::SCHEMA {
                sqlx::query(*statement).execute(&mut *tx).await?;
            }
            tx.commit().await
        })?;
        Ok(journal)
    }

    /// Opens an existing journal for reading, also while its owner writes: the server refuses
    /// writes.
    pub fn open_reader(url: &str, partition: Partition) -> Result<Self> {
        let mut journal = Self::prepare(url, partition)?;
        journal.options = journal.options.options([("default_transaction_read_only", "on")]);
        let exists: bool = journal.run("open the journal", async |connection| {
            sqlx::query_scalar(sql::PARTITION_EXISTS).bind(partition.0 as i32).fetch_one(connection).await
        })?;
        if !exists {
            let source = "this database has none for the partition".into();
            return Err(Error::Fault { doing: "open the journal", source });
        }
        Ok(journal)
    }

    /// Not connected yet.
    fn prepare(url: &str, partition: Partition) -> Result<Self> {
        let options = PgConnectOptions::from_str(url)
            .map_err(fault("read the journal's database address"))?
            .application_name(&format!("stagedoor journal {partition}"))
            .disable_statement_logging();
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| Error::Fault { doing: "start the journal's runtime", source: source.into() })?;
        Ok(Self { connection: None, options, writer: Writer::new(partition), runtime })
    }

    fn connect(&mut self) -> Result<()> {
        let options = &self.options;
        let connection = self
            .runtime
            .block_on(within(CALL_TIMEOUT, async {
                let mut connection = options.connect().await?;
                sqlx::query(sql::DURABLE).execute(&mut connection).await?;
                Ok(connection)
            }))
            .map_err(fault("connect to the journal's database"))?;
        self.connection = Some(connection);
        Ok(())
    }

    /// Runs a call that is not an append. What fails for another reason than the statement leaves
    /// no connection behind.
    fn run<T>(
        &mut self,
        doing: &'static str,
        call: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>,
    ) -> Result<T> {
        if self.connection.is_none() {
            self.connect()?;
        }
        let connection = self.connection.as_mut().expect("connected above");
        let outcome = self.runtime.block_on(within(CALL_TIMEOUT, call(connection)));
        outcome.map_err(|error| {
            if !matches!(error, sqlx::Error::Database(_)) {
                self.connection = None;
            }
            fault(doing)(error)
        })
    }

    /// Runs one write transaction of the owner; any failure but fencing ends this journal's
    /// right to write.
    fn write<T>(
        &mut self,
        doing: &'static str,
        call: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>,
    ) -> Result<T> {
        let (epoch, _) = self.writer.owner()?;
        let partition = self.writer.partition;
        let outcome = self.run(doing, async |connection| {
            let mut tx = connection.begin().await?;
            let owned = sqlx::query(sql::OWNED).bind(partition.0 as i32).bind(epoch.0 as i64);
            if owned.fetch_optional(&mut *tx).await?.is_none() {
                return Ok(None);
            }
            let value = call(&mut tx).await?;
            tx.commit().await?;
            Ok(Some(value))
        });
        match outcome {
            Ok(Some(value)) => Ok(value),
            Ok(None) => {
                self.writer.fenced();
                Err(Error::Fenced { partition })
            }
            Err(error) => {
                self.writer.poison();
                Err(error)
            }
        }
    }

    /// Walks over the batches after the one `walk` stands at. Rows come as the visit takes them,
    /// so a journal larger than memory can be read.
    fn walk(
        &mut self,
        walk: &mut Walk,
        visit: &mut Visit<'_>,
        report: &mut dyn FnMut(Finding) -> Result<()>,
    ) -> Result<()> {
        let partition = self.writer.partition;
        let select = sqlx::query(sql::BATCHES).bind(partition.0 as i32).bind(walk.last().seq.0 as i64);
        self.each("read a batch", select, &mut |row| {
            let header = header(row).map_err(fault("read a batch"))?;
            walk.batch(&header, row.try_get(4).map_err(fault("read a batch"))?, visit, report)
        })
    }

    /// Shows every row of an answer as it comes. Each may take as long as a call, the answer as
    /// long as it is large; the visit runs outside of the runtime, so that it may block as it likes.
    fn each(
        &mut self,
        doing: &'static str,
        select: Query<'_, Postgres, PgArguments>,
        visit: &mut dyn FnMut(&PgRow) -> Result<()>,
    ) -> Result<()> {
        if self.connection.is_none() {
            self.connect()?;
        }
        let mut rows = select.fetch(self.connection.as_mut().expect("connected above"));
        let lost = loop {
            match self.runtime.block_on(within(CALL_TIMEOUT, rows.try_next())) {
                Ok(Some(row)) => visit(&row)?,
                Ok(None) => return Ok(()),
                Err(error) => break error,
            }
        };
        drop(rows);
        if !matches!(lost, sqlx::Error::Database(_)) {
            self.connection = None;
        }
        Err(fault(doing)(lost))
    }

    fn stored_header(&mut self, seq: BatchSeq) -> Result<Option<BatchHeader>> {
        let partition = self.writer.partition;
        if seq == BatchSeq::NONE {
            return Ok(Some(BatchHeader::genesis(partition)));
        }
        self.run("read a batch", async |connection| {
            let select = sqlx::query(sql::HEADER).bind(partition.0 as i32).bind(seq.0 as i64);
            select.fetch_optional(connection).await?.as_ref().map(header).transpose()
        })
    }

    fn verify_all(&mut self, visit: &mut Visit<'_>) -> Result<Verification> {
        let partition = self.writer.partition;
        let findings = Findings::new(partition);
        let mut walk = Walk::after(partition, BatchHeader::genesis(partition));
        let mut show = |header: &BatchHeader, record: crate::Record<'_>| findings.show(visit, header, record);
        self.walk(&mut walk, &mut show, &mut |finding| {
            findings.report(finding);
            Ok(())
        })?;
        let replay = walk.finish();
        let checkpoint = self.checkpoint()?;
        if checkpoint > replay.last.seq {
            findings.note(Damage::CheckpointAhead { checkpoint });
        }
        let snapshots = self.each_snapshot(&mut |snapshot| match snapshot {
            Ok(snapshot) => findings.check_version(&walk, snapshot.event, snapshot.version),
            Err(damage) => findings.note(damage),
        })?;
        let mut blobs = 0;
        self.each("read blobs", sqlx::query(sql::BLOBS), &mut |row| {
            let hash = blob_hash(row.try_get(0).map_err(fault("read blobs"))?);
            if BlobHash::of(row.try_get(1).map_err(fault("read blobs"))?) != hash {
                findings.note(Damage::Blob { hash });
            }
            blobs += 1;
            Ok(())
        })?;
        Ok(Verification {
            batches: replay.batches,
            records: replay.records,
            events: walk.versions().len() as u64,
            snapshots,
            blobs,
            findings: findings.into_list(),
        })
    }

    fn each_snapshot(&mut self, visit: &mut dyn FnMut(CheckedSnapshot)) -> Result<u64> {
        let partition = self.writer.partition;
        let mut count = 0;
        self.each("read snapshots", sqlx::query(sql::SNAPSHOTS).bind(partition.0 as i32), &mut |row| {
            visit(read_snapshot(row).map_err(fault("read snapshots"))?);
            count += 1;
            Ok(())
        })?;
        Ok(count)
    }
}

impl Journal for PostgresJournal {
    fn partition(&self) -> Partition {
        self.writer.partition
    }

    fn claim(&mut self, mine: Option<Epoch>) -> Result<Claim> {
        if self.writer.is_poisoned() {
            self.connection = None;
        }
        let partition = self.writer.partition;
        let claimed = self.run("claim the partition", async |connection| {
            let mut tx = connection.begin().await?;
            sqlx::query(sql::PARTITION_START).bind(partition.0 as i32).execute(&mut *tx).await?;
            let mine = mine.map(|epoch| epoch.0 as i64);
            let claim = sqlx::query_scalar::<_, i64>(sql::CLAIM).bind(partition.0 as i32).bind(mine);
            let Some(epoch) = claim.fetch_optional(&mut *tx).await? else { return Ok(None) };
            // Read after the ownership row is locked: appends of the owner before have either
            // committed and are seen, or find another epoch.
            let rows = sqlx::query(sql::LAST).bind(partition.0 as i32).fetch_all(&mut *tx).await?;
            let rows = rows.iter().map(|row| Ok((header(row)?, row.try_get(4)?)));
            let rows = rows.collect::<sqlx::Result<Vec<(BatchHeader, Vec<u8>)>>>()?;
            tx.commit().await?;
            Ok(Some((Epoch(epoch as u64), rows)))
        })?;
        let Some((epoch, mut rows)) = claimed else { return Err(Error::Fenced { partition }) };
        rows.reverse();
        let last = Walk::end(partition, &rows)?;
        self.writer.claimed(epoch, last);
        Ok(Claim { epoch, last })
    }

    fn append(&mut self, at: Timestamp, batch: &Batch) -> std::result::Result<BatchSeq, AppendError> {
        let header = self.writer.next(at, batch)?;
        let Some(connection) = self.connection.as_mut() else {
            self.writer.poison();
            let source = "the connection was lost before".into();
            return Err(AppendError::Failed { seq: header.seq, source });
        };
        let insert = sqlx::query(sql::APPEND)
            .bind(self.writer.partition.0 as i32)
            .bind(header.seq.0 as i64)
            .bind(header.epoch.0 as i64)
            .bind(at.micros())
            .bind(&header.chain.0[..])
            .bind(batch.body());
        let written = self.runtime.block_on(within(APPEND_TIMEOUT, insert.execute(connection)));
        match written.map(|done| done.rows_affected()) {
            Ok(1) => {
                self.writer.appended(header);
                Ok(header.seq)
            }
            Ok(_) => Err(self.fenced(header.epoch)),
            Err(error) => Err(self.failed(header, error)),
        }
    }

    fn contains(&mut self, seq: BatchSeq, chain: Chain) -> Result<bool> {
        Ok(self.stored_header(seq)?.is_some_and(|header| header.chain == chain))
    }

    /// The server does its own.
    fn maintain(&mut self) -> Result<()> {
        Ok(())
    }

    fn replay(&mut self, after: BatchSeq, visit: &mut Visit<'_>) -> Result<Replay> {
        let partition = self.writer.partition;
        let missing = Finding { partition, seq: Some(after), record: None, damage: Damage::Missing };
        let mut walk = Walk::after(partition, self.stored_header(after)?.ok_or(Error::Damaged(missing))?);
        self.walk(&mut walk, visit, &mut stop)?;
        Ok(walk.finish())
    }

    fn verify(&mut self, visit: &mut Visit<'_>) -> Result<Verification> {
        self.run("begin reading", async |connection| sqlx::query(sql::ONE_STATE).execute(connection).await)?;
        let verification = self.verify_all(visit);
        self.run("end reading", async |connection| sqlx::query(sql::ONE_STATE_END).execute(connection).await)?;
        verification
    }

    fn put_snapshots(&mut self, snapshots: &[Snapshot<&[u8]>]) -> Result<()> {
        let (_, last) = self.writer.owner()?;
        let partition = self.writer.partition;
        self.write("keep snapshots", async |connection| {
            for snapshot in snapshots {
                assert!(snapshot.covers <= last.seq, "a snapshot of {} covers what is not written", snapshot.event);
                let insert = sqlx::query(sql::PUT_SNAPSHOT)
                    .bind(partition.0 as i32)
                    .bind(snapshot.event.0)
                    .bind(snapshot.version as i64)
                    .bind(snapshot.covers.0 as i64)
                    .bind(i64::from(snapshot.checksum()))
                    .bind(snapshot.body);
                insert.execute(&mut *connection).await?;
            }
            Ok(())
        })
    }

    fn snapshot(&mut self, event: EventId) -> Result<Option<Snapshot<Vec<u8>>>> {
        let partition = self.writer.partition;
        let row = self.run("read a snapshot", async |connection| {
            let select = sqlx::query(sql::SNAPSHOT).bind(partition.0 as i32).bind(event.0);
            select.fetch_optional(connection).await?.as_ref().map(read_snapshot).transpose()
        })?;
        Ok(row.and_then(|snapshot| snapshot.inspect_err(|damage| snapshot::warn(partition, damage)).ok()))
    }

    fn snapshots(&mut self, visit: &mut dyn FnMut(Snapshot<Vec<u8>>)) -> Result<()> {
        let partition = self.writer.partition;
        self.each_snapshot(&mut |snapshot| match snapshot {
            Ok(snapshot) => visit(snapshot),
            Err(damage) => snapshot::warn(partition, &damage),
        })
        .map(drop)
    }

    fn set_checkpoint(&mut self, seq: BatchSeq) -> Result<()> {
        let (epoch, last) = self.writer.owner()?;
        let partition = self.writer.partition;
        assert!(seq <= last.seq, "a checkpoint at {seq} is after the last batch {}", last.seq);
        self.write("set the checkpoint", async |connection| {
            let update = sqlx::query(sql::SET_CHECKPOINT).bind(partition.0 as i32).bind(epoch.0 as i64);
            update.bind(seq.0 as i64).execute(connection).await.map(drop)
        })
    }

    fn checkpoint(&mut self) -> Result<BatchSeq> {
        let partition = self.writer.partition;
        let seq = self.run("read the checkpoint", async |connection| {
            let select = sqlx::query_scalar::<_, i64>(sql::CHECKPOINT).bind(partition.0 as i32);
            select.fetch_optional(connection).await
        })?;
        Ok(seq.map_or(BatchSeq::NONE, |seq| BatchSeq(seq as u64)))
    }

    fn put_blob(&mut self, body: &[u8]) -> Result<BlobHash> {
        let hash = BlobHash::of(body);
        self.write("keep a blob", async |connection| {
            sqlx::query(sql::PUT_BLOB).bind(&hash.0[..]).bind(body).execute(connection).await.map(drop)
        })?;
        Ok(hash)
    }

    fn blob(&mut self, hash: BlobHash) -> Result<Option<Vec<u8>>> {
        let partition = self.writer.partition;
        let body = self.run("read a blob", async |connection| {
            sqlx::query_scalar::<_, Vec<u8>>(sql::BLOB).bind(&hash.0[..]).fetch_optional(connection).await
        })?;
        match body {
            Some(body) if BlobHash::of(&body) != hash => {
                Err(Error::Damaged(Finding { partition, seq: None, record: None, damage: Damage::Blob { hash } }))
            }
            body => Ok(body),
        }
    }
}

impl PostgresJournal {
    fn fenced(&mut self, epoch: Epoch) -> AppendError {
        self.writer.fenced();
        AppendError::Fenced { partition: self.writer.partition, epoch }
    }

    fn failed(&mut self, header: BatchHeader, error: sqlx::Error) -> AppendError {
        self.connection = None;
        match &error {
            // The number is taken, so another owner wrote it.
            sqlx::Error::Database(refusal) if refusal.is_unique_violation() => {
                return self.fenced(header.epoch);
            }
            sqlx::Error::Database(refusal) if !leaves_unknown(refusal.code().as_deref()) => {
                self.writer.poison();
                return AppendError::Failed { seq: header.seq, source: error.into() };
            }
            _ => {}
        }
        self.writer.poison();
        AppendError::Unknown { seq: header.seq, chain: header.chain, source: error.into() }
    }
}

/// Whether a server that answers with this SQLSTATE may have committed all the same. A statement
/// that is refused is rolled back; a server that shuts down may do so after the commit, while it
/// waits for a standby. Source: PostgreSQL manual, appendix A.
fn leaves_unknown(sqlstate: Option<&str>) -> bool {
    // 08: connection exception. 57P: operator intervention, a shutdown or a crash.
    // 40003: statement completion unknown. XX: internal error.
    sqlstate.is_none_or(|code| {
        code.starts_with("08") || code.starts_with("57P") || code == "40003" || code.starts_with("XX")
    })
}

async fn within<T>(limit: Duration, call: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    let late = || sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer from the database"));
    tokio::time::timeout(limit, call).await.unwrap_or_else(|_| Err(late()))
}

fn header(row: &PgRow) -> sqlx::Result<BatchHeader> {
    Ok(BatchHeader::from_columns(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?))
}

/// A hash of another length becomes one that no body has.
fn blob_hash(bytes: &[u8]) -> BlobHash {
    BlobHash(bytes.try_into().unwrap_or_default())
}

type CheckedSnapshot = std::result::Result<Snapshot<Vec<u8>>, Damage>;

fn read_snapshot(row: &PgRow) -> sqlx::Result<CheckedSnapshot> {
    let event = EventId(row.try_get::<Uuid, _>(0)?);
    let (version, covers): (i64, i64) = (row.try_get(1)?, row.try_get(2)?);
    let body = row.try_get(4)?;
    let snapshot = Snapshot { event, version: version as u64, covers: BatchSeq(covers as u64), body };
    Ok(snapshot.checked(row.try_get(3)?))
}

fn fault(doing: &'static str) -> impl Fn(sqlx::Error) -> Error {
    move |source| Error::Fault { doing, source: source.into() }
}
