//! The seat journal: ordered, durable, fenced batches of facts, with snapshots and recovery.
//!
//! A partition is a set of events with one writer. The writer gathers what its events decided
//! into a [`Batch`], [`Journal::append`]s it, and answers only then: an append returns after the
//! batch is on disk. The journal knows events by id and facts as bytes; what a fact means is the
//! business of `inventory`.
//!
//! What holds:
//! - **Durable.** A batch that was acknowledged is there after any crash or power cut, and one
//!   that was not is there whole or not at all.
//! - **Fenced.** [`Journal::claim`] bumps the partition's epoch; the batch row and the comparison
//!   of the epoch are one transaction, so an earlier owner cannot append.
//! - **Tamper-evident.** Each batch carries a hash over itself and the one before, each record a
//!   CRC32C. An edit, a removal, a reordering or a damaged byte refuses to replay and is named.
//! - **Monotone clock.** A batch says when it was decided, never earlier than the one before.
//!
//! Two implementations pass one suite: [`SqliteJournal`] (a file per partition, embedded) and
//! [`PostgresJournal`] (at scale).
//!
//! ```
//! use journal::{Batch, BatchSeq, Journal, Partition, SqliteJournal};
//! use stagedoor_core::{Env, EventId};
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let (env, event) = (Env::seeded(1), EventId::fresh(&Env::seeded(1)));
//! let mut journal = SqliteJournal::open(folder, Partition(0))?;
//! journal.claim(None)?;
//! let mut batch = Batch::new();
//! batch.push(event, 1, |out| out.extend_from_slice(b"on sale"));
//! let seq = journal.append(env.now(), &batch)?;
//! assert_eq!(seq, BatchSeq(1));
//! journal.replay(BatchSeq::NONE, &mut |_, record| {
//!     assert_eq!((record.event, record.version, record.payload), (event, 1, &b"on sale"[..]));
//!     Ok(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batch;
mod chain;
mod error;
mod mark;
mod postgres;
mod snapshot;
mod sql;
mod sqlite;
mod walk;
mod writer;

pub use batch::{Batch, Record};
pub use chain::Chain;
pub use error::{AppendError, Damage, Error, Fault, Finding, Result};
pub use postgres::PostgresJournal;
pub use snapshot::Snapshot;
pub use sqlite::SqliteJournal;

use std::fmt;

use stagedoor_core::{EventId, Timestamp};

/// A set of events with one writer and one journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Partition(pub u32);

/// How often a partition has changed owners; the highest one may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Epoch(pub u64);

/// The place of a batch in its partition, from 1, without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct BatchSeq(pub u64);

impl BatchSeq {
    /// Before the first batch.
    pub const NONE: BatchSeq = BatchSeq(0);

    /// The place after this one.
    pub const fn next(self) -> BatchSeq {
        BatchSeq(self.0 + 1)
    }
}

/// What a batch says about itself besides its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchHeader {
    pub seq: BatchSeq,
    /// The owner that wrote it.
    pub epoch: Epoch,
    /// When its facts were decided; never earlier than in the batch before.
    pub at: Timestamp,
    /// Hash over this batch and all before it.
    pub chain: Chain,
}

impl BatchHeader {
    /// What stands before the first batch of a partition.
    pub fn genesis(partition: Partition) -> Self {
        Self { seq: BatchSeq::NONE, epoch: Epoch(0), at: Timestamp::MIN, chain: Chain::genesis(partition) }
    }

    /// From the columns of a row. What a database never held (a negative number, a short hash)
    /// becomes a header that matches nothing.
    pub(crate) fn from_columns(seq: i64, epoch: i64, at: i64, chain: &[u8]) -> Self {
        let chain = Chain(chain.try_into().unwrap_or_default());
        Self { seq: BatchSeq(seq as u64), epoch: Epoch(epoch as u64), at: Timestamp::from_micros(at), chain }
    }
}

/// A partition taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    pub epoch: Epoch,
    /// The last batch of the owner before; [`BatchHeader::genesis`] in an empty journal.
    /// `last.at` is the least the journaled clock may say from here on.
    pub last: BatchHeader,
}

/// The address of a blob: SHA-256 of its bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobHash(pub [u8; 32]);

/// What a replay went over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replay {
    pub batches: u64,
    pub records: u64,
    /// The last batch of the journal.
    pub last: BatchHeader,
}

/// What [`Journal::verify`] went over and found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    pub batches: u64,
    pub records: u64,
    pub events: u64,
    pub snapshots: u64,
    pub blobs: u64,
    /// Empty when everything is sound; at most [`FINDINGS_MAX`].
    pub findings: Vec<Finding>,
}

/// Findings one verification reports; a journal with more is beyond reading one by one.
pub const FINDINGS_MAX: usize = 1_000;

/// Largest body of one batch, in bytes. A batch of 4,096 holds is 150 KB; PostgreSQL refuses
/// values over 1 GB, and a replay holds one batch in memory.
pub const BATCH_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Sees each record of a replay, in order. An error ends the replay as [`Error::Rejected`].
pub type Visit<'a> = dyn FnMut(&BatchHeader, Record<'_>) -> std::result::Result<(), Fault> + 'a;

/// The journal of one partition, driven by one thread at a time. Every call blocks.
///
/// Reading works on any open journal. Writing needs a [`claim`](Journal::claim) first and fails
/// for good once one write has failed: nothing is retried on top of a failure. The way back is
/// `claim` again, which connects anew, then recovery as at the start.
pub trait Journal: Send {
    fn partition(&self) -> Partition;

    /// Takes over the partition: from here on every earlier owner is fenced. After a failed
    /// write it opens everything anew first.
    ///
    /// `mine`: for an owner that goes on after a failure, the epoch it had. If anyone has claimed the
    /// partition since, the answer is [`Error::Fenced`] and nothing changes; to take it back would
    /// fence its rightful owner. `None` takes over from whoever has it.
    ///
    /// Errors: [`Error::Lost`] when acknowledged batches are missing; [`Error::Damaged`] when the
    /// last batch does not hash; [`Error::Fault`] when the database cannot be reached.
    fn claim(&mut self, mine: Option<Epoch>) -> Result<Claim>;

    /// Writes one batch and returns after it is on disk. `batch` must not be empty; `at` is the
    /// journaled clock, not earlier than in the batch before.
    fn append(&mut self, at: Timestamp, batch: &Batch) -> std::result::Result<BatchSeq, AppendError>;

    /// Whether the batch of an [`AppendError::Unknown`] was written after all. Ask after `claim`:
    /// before it, the database may still be committing.
    fn contains(&mut self, seq: BatchSeq, chain: Chain) -> Result<bool>;

    /// Work best done after the answers of a batch are out, such as moving SQLite's log into the
    /// database. Costs nothing when there is nothing to do. A failure fails later appends.
    fn maintain(&mut self) -> Result<()>;

    /// The records of every batch after `after`, in order, each batch checked before it is
    /// shown. [`Error::Damaged`] names the first batch or record that is not as it was written.
    fn replay(&mut self, after: BatchSeq, visit: &mut Visit<'_>) -> Result<Replay>;

    /// Checks everything from the first batch on: numbering, hashes, checksums, versions,
    /// snapshots and blobs. Shows the records that are sound and reports every finding rather
    /// than the first. Changes nothing.
    fn verify(&mut self, visit: &mut Visit<'_>) -> Result<Verification>;

    /// Keeps each snapshot in place of the event's earlier one, all in one durable transaction.
    /// They are of the writer's present state, so none is older than what it replaces.
    fn put_snapshots(&mut self, snapshots: &[Snapshot<&[u8]>]) -> Result<()>;

    /// The event's snapshot. A damaged one is reported in the log and `None`: the whole journal
    /// is kept, so a replay from `covers` of the snapshot, or from [`BatchSeq::NONE`] when there
    /// is none, always leads to the event's state.
    fn snapshot(&mut self, event: EventId) -> Result<Option<Snapshot<Vec<u8>>>>;

    /// Every sound snapshot, ordered by event.
    fn snapshots(&mut self, visit: &mut dyn FnMut(Snapshot<Vec<u8>>)) -> Result<()>;

    /// Says that every fact up to `seq` is in snapshots, so that recovery replays what follows
    /// only. Never moves back.
    fn set_checkpoint(&mut self, seq: BatchSeq) -> Result<()>;

    /// The last checkpoint, [`BatchSeq::NONE`] when there was none.
    fn checkpoint(&mut self) -> Result<BatchSeq>;

    /// Keeps a body that facts refer to by hash, such as a manifest. Durable on return; write it
    /// before the batch that names it. Keeping the same body again changes nothing.
    fn put_blob(&mut self, body: &[u8]) -> Result<BlobHash>;

    /// The body with that hash; [`Error::Damaged`] when it no longer hashes to it.
    fn blob(&mut self, hash: BlobHash) -> Result<Option<Vec<u8>>>;
}

impl fmt::Display for Partition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Display for BatchSeq {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Display for BlobHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for BlobHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}
